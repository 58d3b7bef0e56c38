//! What is known of drivers after each event.

use uuid::Uuid;

use super::*;
use crate::domain::{
    Action, Actor, Amount, Before, Change, OperatorId, Outset, Reason, RiderId, UserId, Vehicle,
    VehicleClass, sample,
};
use crate::town::Town;

const ANN: UserId = UserId::new(1);
const BOB: DriverId = DriverId::of(UserId::new(2));

fn watch() -> Watch {
    Watch {
        supply: Supply::default(),
        tracks: Tracks::default(),
        rides: Rides::default(),
        promises: EtaAccuracy::default(),
        presence: Presence::begin(inputs::now()),
        repositioning: Repositioning::default(),
        shadow: Shadow::new(Arc::new(Town::default())),
        wake: Arc::default(),
        driving: Arc::default(),
        noted: Arc::default(),
    }
}

fn requested() -> Trip {
    Trip::request(sample::request(ANN), inputs::now())
}

/// A trip that has a price.
fn ordered(number: u128) -> Trip {
    let rules = r#"{"currency": "EUR", "classes": {"standard": {"tariff": {"per_km": 100}}}}"#;
    let town = Town::parse(rules).expect("a town");
    let rules = town.place(None).expect("it is served everywhere");
    let terms = town.terms(&rules, &VehicleClass::default(), None);
    let mut request = sample::request(ANN);
    request.id = TripId::new(Uuid::from_u128(number));
    request.order.terms = terms.map(Box::new);
    Trip::request(request, inputs::now())
}

/// Bob takes a trip and drives.
fn rides(watch: &Watch, trip: &Trip) -> Trip {
    let accept = Action::Accept(sample::party(BOB), Outset::default());
    let taken = act(watch, trip, &accept);
    act(watch, &taken, &Action::Start(BOB, None))
}

fn heard(watch: &Watch, fact: Fact) {
    watch.heard(&Event {
        id: 1,
        at: inputs::now(),
        actor: Actor::Service,
        fact,
        positions: Vec::new(),
    });
}

/// Does something to a trip and lets it be heard.
fn act(watch: &Watch, trip: &Trip, action: &Action) -> Trip {
    let after = match trip.apply(action, inputs::now()) {
        Ok(Change::To(after)) => *after,
        other => panic!("{action:?} is possible: {other:?}"),
    };
    let change = TripChange {
        kind: TripEventKind::of(action, trip.state.status()),
        trip: after.clone(),
        before: Some(Before::from(trip)),
    };
    heard(watch, Fact::Trip(change));
    after
}

fn shift(ended: bool) -> Fact {
    let at = inputs::now();
    Fact::Shift(Shift {
        id: 1,
        driver: BOB,
        vehicle: Vehicle {
            class: VehicleClass::default(),
            seats: 4,
        },
        began_at: at,
        ended_at: ended.then_some(at),
    })
}

#[test]
fn a_driver_is_on_the_trip_that_was_taken_and_free_after_it() {
    let watch = watch();
    heard(&watch, shift(false));
    assert_eq!(watch.supply.occupation(BOB), Some(Occupation::Free));
    let taken = act(
        &watch,
        &requested(),
        &Action::Accept(sample::party(BOB), Outset::default()),
    );
    let on_trip = Some(Occupation::OnTrip(taken.id));
    assert_eq!(watch.supply.occupation(BOB), on_trip);
    let riding = act(&watch, &taken, &Action::Start(BOB, None));
    act(
        &watch,
        &riding,
        &Action::Complete(BOB, Some(Box::default())),
    );
    assert_eq!(watch.supply.occupation(BOB), Some(Occupation::Free));
    heard(&watch, shift(true));
    assert_eq!(watch.supply.occupation(BOB), None);
}

#[test]
fn a_shift_may_begin_in_the_middle_of_a_trip() {
    let watch = watch();
    let taken = act(
        &watch,
        &requested(),
        &Action::Accept(sample::party(BOB), Outset::default()),
    );
    assert_eq!(watch.supply.occupation(BOB), None);
    heard(&watch, shift(false));
    let on_trip = Some(Occupation::OnTrip(taken.id));
    assert_eq!(watch.supply.occupation(BOB), on_trip);
    act(&watch, &taken, &Action::GiveBack(BOB, None));
    assert_eq!(watch.supply.occupation(BOB), Some(Occupation::Free));
}

#[test]
fn what_becomes_of_a_trip_that_is_over_takes_its_driver_off_no_other() {
    let reason = Reason::parse("The long way").expect("a reason");
    let olga = OperatorId::of(UserId::new(3));
    for action in [
        Action::Delete(RiderId::of(ANN)),
        Action::SetFare(olga, Amount::ZERO, reason),
    ] {
        let watch = watch();
        heard(&watch, shift(false));
        let first = rides(&watch, &ordered(1));
        let over = act(&watch, &first, &Action::Complete(BOB, Some(Box::default())));
        let second = rides(&watch, &ordered(2));
        act(&watch, &over, &action);
        let on_trip = Some(Occupation::OnTrip(second.id));
        assert_eq!(watch.supply.occupation(BOB), on_trip, "{action:?}");
        assert_eq!(watch.driving.lock().get(&BOB), Some(&second.id));
        act(
            &watch,
            &second,
            &Action::Complete(BOB, Some(Box::default())),
        );
        assert_eq!(watch.supply.occupation(BOB), Some(Occupation::Free));
    }
}
