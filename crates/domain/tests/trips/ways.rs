//! Tests of how trips and rides end: with their measured distance and its fare, and without what was said before.

use domain::{
    Action, Arrival, Change, Conduct, Measured, Order, Outset, RideEnding, Status, Tariff, Trip,
    TripRefusal,
};

use crate::cast::{
    FREE_WAITING_SECONDS, OPENS_SECOND, SEARCH_SECONDS, after, after_at, amount, at, driver,
    in_a_town_with, later, measured, operator, ordered, party, place, reason, requested,
};

/// The actions that end a ride of driver 1 with this measured distance.
fn endings(way: Option<&Measured>) -> [Action; 3] {
    let end = |ending| Action::End(operator(1), ending, reason(), way.cloned().map(Box::new));
    [
        Action::Complete(driver(1), way.cloned().map(Box::new)),
        end(RideEnding::Completed),
        end(RideEnding::Cancelled),
    ]
}

#[test]
fn no_ride_ends_without_its_way() {
    let accept = Action::Accept(party(driver(1)), Outset::default());
    let taken = after(&requested(), &accept);
    let riding = after(&taken, &Action::Start(driver(1), None));
    for (without, with) in endings(None).iter().zip(&endings(Some(&measured()))) {
        assert_eq!(riding.apply(without, at(2)), Err(TripRefusal::NotMeasured));
        let over = after(&riding, with);
        assert!(over.ridden.is_some(), "{with:?}");
        let by_operator = matches!(with, Action::End(..));
        assert_eq!(over.reason, by_operator.then(reason), "{with:?}");
        assert_eq!(
            over.apply(without, at(3)),
            Ok(Change::AlreadyDone),
            "what is said twice needs no way"
        );
        assert!(
            matches!(
                taken.apply(without, at(2)),
                Err(TripRefusal::NotPossible { .. })
            ),
            "{without:?}"
        );
    }
    let stranger = Action::Complete(driver(2), None);
    assert_eq!(
        riding.apply(&stranger, at(2)),
        Err(TripRefusal::NotYourTrip),
        "whose it is comes first"
    );
}

#[test]
fn a_trip_that_expires_keeps_no_reason_of_an_earlier_change() {
    let accept = Action::Accept(party(driver(1)), Outset::default());
    let give_back = Action::GiveBack(driver(1), Some(reason()));
    let given_back = after(&after(&requested(), &accept), &give_back);
    assert_eq!(given_back.reason, Some(reason()));
    let expired = given_back.apply(&Action::Expire, given_back.search_ends_at);
    let Ok(Change::To(expired)) = expired else {
        panic!("its search time is over, but: {expired:?}");
    };
    assert_eq!(expired.state.status(), Status::Expired);
    assert_eq!(expired.reason, None);
}

#[test]
fn the_next_driver_does_not_inherit_the_reason_of_the_last() {
    let accept = |number| Action::Accept(party(driver(number)), Outset::default());
    let give_back = Action::GiveBack(driver(1), Some(reason()));
    let given_back = after(&after(&requested(), &accept(1)), &give_back);
    assert_eq!(after(&given_back, &accept(2)).reason, None);
}

#[test]
fn a_search_that_begins_late_lasts_as_long_as_any() {
    let trip = ordered(place("1 Main Street"), place("2 Side Street"), later());
    assert_eq!(trip.search_ends_at, at(OPENS_SECOND + SEARCH_SECONDS));
    assert_eq!(trip.state.status(), Status::Scheduled);
    let due = Order {
        opens_at: Some(at(0)),
        ..Order::default()
    };
    let due = ordered(place("1 Main Street"), place("2 Side Street"), due);
    assert_eq!(due.state.status(), Status::Requested);
    let opened = after_at(&trip, &Action::Open, OPENS_SECOND + 5);
    assert_eq!(opened.search_ends_at, at(OPENS_SECOND + 5 + SEARCH_SECONDS));
}

/// A trip whose ride begins at second 500, of a driver who has come to the pick-up at second 100.
fn riding_in_a_town(arrival: Arrival) -> Trip {
    let order = in_a_town_with(Tariff {
        base: amount(100),
        per_km: amount(1_000),
        per_minute: amount(60),
        waiting_per_minute: amount(600),
        ..Tariff::default()
    });
    let trip = ordered(place("1 Main Street"), place("2 Side Street"), order);
    let accept = Action::Accept(party(driver(1)), Outset::default());
    let mut there = after(&after(&trip, &accept), &Action::Arrive(driver(1), None));
    there.times.arrived_at = Some(at(100));
    there.conduct = Conduct {
        arrival: Some(arrival),
        ..there.conduct
    };
    after_at(&there, &Action::Start(driver(1), None), 500)
}

#[test]
fn a_ride_costs_what_was_driven_and_what_was_waited_beyond_the_free_time() {
    let waited = 400 - FREE_WAITING_SECONDS;
    let cost = |arrival, action: &Action| {
        let over = after_at(&riding_in_a_town(arrival), action, 620);
        over.fare.map(|fare| fare.total)
    };
    let [complete, end_completed, end_cancelled] = endings(Some(&measured()));
    let driven = 100 + 100 + 120;
    assert_eq!(
        cost(Arrival::AtPickUp, &complete),
        Some(driven + 10 * waited)
    );
    assert_eq!(
        cost(Arrival::AtPickUp, &end_completed),
        Some(driven + 10 * waited)
    );
    assert_eq!(
        cost(Arrival::Unverified, &complete),
        Some(driven),
        "nobody saw them wait"
    );
    assert_eq!(
        cost(Arrival::AtPickUp, &end_cancelled),
        None,
        "a ride that did not take place"
    );
}
