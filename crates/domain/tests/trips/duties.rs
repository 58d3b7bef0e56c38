//! Tests that fees depend on what the driver has done.

use domain::{
    Action, Amount, Arrival, Change, Coordinates, DriverId, Duties, Order, Outset, Place, Trip,
    TripRefusal, Whereabouts,
};

use crate::cast::{
    FREE_WAITING_SECONDS, after_at, at, driver, in_a_town, operator, ordered, party, place, reason,
    rider,
};

const BOB: u8 = 1;

fn bob() -> DriverId {
    driver(BOB)
}

fn pick_up() -> Place {
    let location = Some(Coordinates::new(53.55, 10.0).expect("on the earth"));
    Place {
        location,
        ..place("1 Main Street")
    }
}

/// A device so many metres from the pick-up.
fn off(metres: f64) -> Option<Whereabouts> {
    let place = Coordinates::new(53.55 + metres / 111_195.0, 10.0).expect("on the earth");
    Some(Whereabouts::new(place, Some(5.0)))
}

/// A trip that a driver at that place has accepted, with a promise of two minutes.
fn taken(order: Order, from: Option<Whereabouts>) -> Trip {
    let trip = ordered(pick_up(), place("2 Side Street"), order);
    let outset = Outset {
        from,
        promised_s: Some(120),
    };
    after_at(&trip, &Action::Accept(party(bob()), outset), 0)
}

/// The fee for cancelling at that time.
#[track_caller]
fn cancelling(trip: &Trip, second: i64) -> Option<i64> {
    let over = after_at(trip, &Action::Cancel(rider(0), None), second);
    over.fare.map(|fare| fare.total)
}

#[test]
fn a_driver_who_has_not_come_nearer_earns_no_fee() {
    let trip = taken(in_a_town(), off(1_000.0));
    assert_eq!(cancelling(&trip, 200), None);
    let nearer = |metres| Action::NoteNearer(bob(), metres);
    assert!(matches!(
        trip.apply(&nearer(760), at(100)),
        Err(TripRefusal::NotPossible { .. })
    ));
    let near = after_at(&trip, &nearer(740), 100);
    assert_eq!(cancelling(&near, 120), None, "it is free at first");
    assert_eq!(cancelling(&near, 200), Some(300));
}

#[test]
fn that_a_driver_comes_nearer_is_noted_only_where_it_makes_a_difference() {
    let noted = |trip: &Trip| trip.apply(&Action::NoteNearer(bob(), 100), at(100));
    let in_vain = |trip: &Trip| matches!(noted(trip), Err(TripRefusal::NotPossible { .. }));
    let mut free = in_a_town();
    if let Some(terms) = &mut free.terms {
        terms.cancel_fee = Amount::ZERO;
    }
    assert!(in_vain(&taken(free, off(1_000.0))), "cancelling is free");
    let unchecked = Order {
        duties: Some(Duties {
            nearer_percent: 0,
            ..Duties::default()
        }),
        ..in_a_town()
    };
    assert!(
        in_vain(&taken(unchecked, off(1_000.0))),
        "it is not checked"
    );
    let trip = taken(in_a_town(), off(1_000.0));
    let arrived = after_at(&trip, &Action::Arrive(bob(), off(10.0)), 90);
    assert!(in_vain(&arrived), "the driver is there");
    assert!(matches!(noted(&trip), Ok(Change::To(_))));
}

#[test]
fn a_driver_without_positions_earns_a_fee_by_arriving_only_where_the_town_takes_their_word() {
    let trip = taken(in_a_town(), None);
    assert_eq!(cancelling(&trip, 200), None);
    let arrived = after_at(&trip, &Action::Arrive(bob(), None), 100);
    assert_eq!(arrived.conduct.arrival, Some(Arrival::Unverified));
    assert_eq!(cancelling(&arrived, 200), None);
    let trusting = Order {
        duties: Some(Duties {
            arrive_within_m: 0,
            ..Duties::default()
        }),
        ..in_a_town()
    };
    let arrived = after_at(&taken(trusting, None), &Action::Arrive(bob(), None), 100);
    assert_eq!(cancelling(&arrived, 101), Some(300));
}

#[test]
fn whoever_is_far_away_has_not_arrived() {
    let trip = taken(in_a_town(), off(84_000.0));
    let refused = trip.apply(&Action::Arrive(bob(), off(84_000.0)), at(10));
    assert!(
        matches!(refused, Err(TripRefusal::TooFar { metres, within: 300 }) if (83_900..84_100).contains(&metres)),
        "{refused:?}"
    );
    let arrived = after_at(&trip, &Action::Arrive(bob(), off(20.0)), 100);
    assert_eq!(cancelling(&arrived, 101), Some(300));
}

#[test]
fn only_an_arrival_at_the_pick_up_earns_the_fee_of_a_no_show() {
    let late = 200 + FREE_WAITING_SECONDS;
    let fee = |from| {
        let arrived = after_at(&taken(in_a_town(), from), &Action::Arrive(bob(), from), 100);
        let over = after_at(&arrived, &Action::NoShow(bob(), from), late);
        over.fare.map(|fare| fare.total)
    };
    assert_eq!(fee(off(20.0)), Some(500));
    assert_eq!(fee(None), None);
    let arrived = after_at(
        &taken(in_a_town(), None),
        &Action::Arrive(bob(), off(20.0)),
        100,
    );
    let gone = arrived.apply(&Action::NoShow(bob(), off(5_000.0)), at(late));
    assert!(matches!(gone, Err(TripRefusal::TooFar { .. })), "{gone:?}");
}

#[test]
fn a_late_or_silent_driver_earns_no_fee() {
    let near = after_at(
        &taken(in_a_town(), off(1_000.0)),
        &Action::NoteNearer(bob(), 100),
        60,
    );
    assert_eq!(cancelling(&near, 500), Some(300));
    let late = after_at(&near, &Action::NoteLate, 420);
    assert_eq!(cancelling(&late, 500), None);
    let silent = after_at(&near, &Action::NoteSilent(bob(), at(220)), 400);
    assert_eq!(cancelling(&silent, 500), None);
    let arrived = after_at(&late, &Action::Arrive(bob(), off(10.0)), 450);
    assert_eq!(cancelling(&arrived, 500), None, "from then on");
}

#[test]
fn what_is_found_of_another_driver_is_not_noted() {
    let stranger = driver(2);
    let coming = taken(in_a_town(), off(1_000.0));
    let riding = after_at(&coming, &Action::Start(bob(), None), 300);
    for trip in [&coming, &riding] {
        for finding in [
            Action::NoteBlocked(stranger),
            Action::NoteSilent(stranger, at(0)),
            Action::NoteNearer(stranger, 100),
        ] {
            assert!(matches!(
                trip.apply(&finding, at(400)),
                Err(TripRefusal::NotPossible { .. })
            ));
        }
    }
}

#[test]
fn the_next_driver_begins_anew() {
    let trip = taken(in_a_town(), off(1_000.0));
    let late = after_at(&trip, &Action::NoteLate, 420);
    let back = after_at(&late, &Action::TakeBack(operator(1), reason()), 430);
    assert!(back.conduct.is_blank());
    assert_eq!(back.attempt, 2);
    assert_eq!(
        back.apply(&Action::Accept(party(bob()), Outset::default()), at(440)),
        Err(TripRefusal::GivenBack)
    );
}

#[test]
fn a_trip_of_no_town_is_as_it_was() {
    let trip = taken(Order::default(), off(84_000.0));
    let arrived = after_at(&trip, &Action::Arrive(bob(), off(84_000.0)), 10);
    assert_eq!(arrived.conduct.arrival, None);
    let terms = Order {
        duties: None,
        ..in_a_town()
    };
    let before = taken(terms, None);
    assert_eq!(
        cancelling(&before, 200),
        Some(300),
        "what was ordered before there were duties costs what was agreed on"
    );
}
