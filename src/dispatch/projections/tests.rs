//! Tests of what is remembered of drivers after each event.

use uuid::Uuid;

use super::*;
use crate::domain::{
    Action, Actor, Amount, Before, Change, OperatorId, Outset, Reason, RiderId, UserId, Vehicle,
    VehicleClass, sample,
};
use crate::town::Town;

const ANN: UserId = UserId::new(1);
const BOB: DriverId = DriverId::of(UserId::new(2));

fn projections() -> Projections {
    Projections::new(Arc::default())
}

fn requested() -> Trip {
    Trip::request(sample::request(ANN), inputs::now())
}

/// A requested trip with terms.
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

/// Bob accepts a trip and starts the ride.
fn rides(projections: &Projections, trip: &Trip) -> Trip {
    let accept = Action::Accept(sample::party(BOB), Outset::default());
    let taken = act(projections, trip, &accept);
    act(projections, &taken, &Action::Start(BOB, None))
}

fn apply(projections: &Projections, fact: Fact) {
    projections.apply(&Event {
        id: 1,
        at: inputs::now(),
        actor: Actor::Service,
        fact,
        positions: Vec::new(),
    });
}

/// Acts on a trip and applies the event.
fn act(projections: &Projections, trip: &Trip, action: &Action) -> Trip {
    let after = match trip.apply(action, inputs::now()) {
        Ok(Change::To(after)) => *after,
        other => panic!("{action:?} is possible: {other:?}"),
    };
    let change = TripChange {
        kind: TripEventKind::of(action, trip.state.status()),
        trip: after.clone(),
        before: Some(Before::from(trip)),
    };
    apply(projections, Fact::Trip(change));
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
    let projections = projections();
    apply(&projections, shift(false));
    assert_eq!(projections.supply.occupation(BOB), Some(Occupation::Free));
    let taken = act(
        &projections,
        &requested(),
        &Action::Accept(sample::party(BOB), Outset::default()),
    );
    let on_trip = Some(Occupation::OnTrip(taken.id));
    assert_eq!(projections.supply.occupation(BOB), on_trip);
    let riding = act(&projections, &taken, &Action::Start(BOB, None));
    act(
        &projections,
        &riding,
        &Action::Complete(BOB, Some(Box::default())),
    );
    assert_eq!(projections.supply.occupation(BOB), Some(Occupation::Free));
    apply(&projections, shift(true));
    assert_eq!(projections.supply.occupation(BOB), None);
}

#[test]
fn a_shift_may_begin_in_the_middle_of_a_trip() {
    let projections = projections();
    let taken = act(
        &projections,
        &requested(),
        &Action::Accept(sample::party(BOB), Outset::default()),
    );
    assert_eq!(projections.supply.occupation(BOB), None);
    apply(&projections, shift(false));
    let on_trip = Some(Occupation::OnTrip(taken.id));
    assert_eq!(projections.supply.occupation(BOB), on_trip);
    act(&projections, &taken, &Action::GiveBack(BOB, None));
    assert_eq!(projections.supply.occupation(BOB), Some(Occupation::Free));
}

#[test]
fn what_becomes_of_a_trip_that_is_over_takes_its_driver_off_no_other() {
    let reason = Reason::parse("The long way").expect("a reason");
    let olga = OperatorId::of(UserId::new(3));
    for action in [
        Action::Delete(RiderId::of(ANN)),
        Action::SetFare(olga, Amount::ZERO, reason),
    ] {
        let projections = projections();
        apply(&projections, shift(false));
        let first = rides(&projections, &ordered(1));
        let over = act(
            &projections,
            &first,
            &Action::Complete(BOB, Some(Box::default())),
        );
        let second = rides(&projections, &ordered(2));
        act(&projections, &over, &action);
        let on_trip = Some(Occupation::OnTrip(second.id));
        assert_eq!(projections.supply.occupation(BOB), on_trip, "{action:?}");
        assert_eq!(projections.driving.lock().get(&BOB), Some(&second.id));
        act(
            &projections,
            &second,
            &Action::Complete(BOB, Some(Box::default())),
        );
        assert_eq!(projections.supply.occupation(BOB), Some(Occupation::Free));
    }
}
