//! What actions change besides their trip.

use domain::core::{Command, Effect, Refusal, SearchStep, Stated, Submission};
use domain::{
    Action, Actor, Amount, Currency, Measured, Order, Policy, Status, Tariff, Terms, TripRef,
    TripRefusal, VehicleClass,
};

use super::service::{Service, accept, act, at};
use crate::cast::{driver, operator, place, reason, rider};

#[test]
fn a_driver_is_busy_from_the_accept_to_the_end() {
    let mut service = Service::with_drivers();
    let way = Measured {
        measured_m: 1_200.0,
        ..Measured::default()
    };
    let trip = service.request(Policy::Broadcast);
    for action in [
        accept(0),
        Action::Arrive(driver(0), None),
        Action::Start(driver(0), None),
    ] {
        service.act(trip, action);
        assert_eq!(service.changes.changed_trips, [trip]);
        assert!(service.changes.ended_rides.is_empty());
        assert_eq!(service.state().taken.get(&driver(0)), Some(&trip));
    }
    service.wait(9);
    service.act(
        trip,
        Action::Complete(driver(0), Some(Box::new(way.clone()))),
    );
    assert_eq!(service.state().taken.get(&driver(0)), None);
    let [ended] = &service.changes.ended_rides[..] else {
        panic!("one ride has ended");
    };
    assert_eq!((ended.trip, ended.until_at), (trip, at(9)));
    assert_eq!(ended.measured, way);
    let next = service.request(Policy::Broadcast);
    service.accept(next, 0);
}

#[test]
fn whoever_loses_a_trip_is_free_again() {
    let mut service = Service::with_drivers();
    let trip = service.request(Policy::Nearest);
    for (number, loses) in [
        (0, Action::GiveBack(driver(0), None)),
        (1, Action::TakeBack(operator(), reason())),
        (2, Action::NoteBlocked(driver(2))),
        (3, Action::Cancel(rider(0), None)),
    ] {
        service.offer(trip, &[number]);
        service.accept(trip, number);
        service.wait(1);
        let after = service.act(trip, loses).trip;
        assert!(service.state().taken.is_empty(), "driver {number}");
        let searches = after.state.status() == Status::Requested;
        let begin = SearchStep::Begin(service.now());
        let steps = if searches { vec![begin] } else { Vec::new() };
        assert_eq!(service.steps(trip), steps, "driver {number}");
    }
}

#[test]
fn the_end_of_one_trip_leaves_another_driver_busy() {
    let mut service = Service::new();
    let (one, other) = (
        service.request(Policy::Broadcast),
        service.request(Policy::Broadcast),
    );
    service.accept(one, 0);
    service.accept(other, 1);
    service.act(one, Action::Cancel(rider(0), None));
    assert_eq!(service.state().taken.get(&driver(1)), Some(&other));
    assert_eq!(service.state().taken.len(), 1);
    let next = service.request_by(1, Policy::Broadcast);
    service.accept(next, 0);
    service.act(one, Action::Delete(rider(0)));
    assert_eq!(
        service.state().taken.get(&driver(0)),
        Some(&next),
        "who drives again"
    );
}

#[test]
fn what_is_repeated_of_a_trip_must_be_the_trips() {
    let mut service = Service::new();
    let trip = service.request(Policy::Broadcast);
    let of_trip = Stated {
        number: Some(1),
        status: Some(Status::Requested),
        pick_up: Some(place("1 Main Street").address),
        drop_off: Some(place("2 Side Street").address),
        pick_up_at: Some(None),
        class: Some(VehicleClass::default()),
        passengers: Some(1),
    };
    let elsewhere = || Some(place("3 Market Place").address);
    let changes: [(_, fn(&mut Stated)); 5] = [
        ("id", |stated| stated.number = Some(2)),
        ("status", |stated| stated.status = Some(Status::Expired)),
        ("pick_up_at", |stated| stated.pick_up_at = Some(Some(at(0)))),
        ("class", |stated| {
            stated.class = VehicleClass::parse("van").ok()
        }),
        ("passengers", |stated| stated.passengers = Some(2)),
    ];
    let changed = changes.map(|(field, change)| {
        let mut stated = of_trip.clone();
        change(&mut stated);
        (field, stated)
    });
    let [mut pick_up, mut drop_off] = [of_trip.clone(), of_trip.clone()];
    (pick_up.pick_up, drop_off.drop_off) = (elsewhere(), elsewhere());
    let places = [("pick_up_address", pick_up), ("drop_off_address", drop_off)];
    let cancel = |stated| Command::Act {
        trip: TripRef::Key(trip),
        action: Action::Cancel(rider(0), None),
        stated,
    };
    for (field, stated) in changed.into_iter().chain(places) {
        assert_eq!(service.refused(cancel(stated)), Refusal::Differs(field));
        assert!(service.changes.is_empty());
    }
    let outcome = service.trip_after(cancel(of_trip));
    assert_eq!(outcome.effect, Effect::Changed);
}

#[test]
fn who_changed_a_trip_is_recorded() {
    let mut service = Service::new();
    let trip = service.request(Policy::Broadcast);
    service.act(trip, Action::CancelByOperator(operator(), reason()));
    let told = ["operator: Cancelled", "service: Your trip was cancelled."];
    assert_eq!(service.told(), told);
    assert_eq!(service.changes.events[0].actor, Actor::Operator(operator()));
    assert_eq!(service.changes.events[0].at, at(0));
    let again = Action::CancelByOperator(operator(), reason());
    assert_eq!(service.act(trip, again).effect, Effect::AlreadyDone);
    assert!(service.changes.is_empty());
}

#[test]
fn the_trips_own_rules_refuse_with_the_trip_as_it_is() {
    let mut service = Service::new();
    let trip = service.request_by(1, Policy::Broadcast);
    service.accept(trip, 0);
    let arrive = act(TripRef::Key(trip), Action::Arrive(driver(1), None));
    let as_it_is = service.state().trips[&trip].clone();
    let refusal = Refusal::Trip(TripRefusal::NotYourTrip, as_it_is);
    assert_eq!(service.refused(arrive), refusal);
    assert!(service.changes.is_empty());
    service.act(trip, Action::CancelByOperator(operator(), reason()));
    service.act(trip, Action::Delete(rider(1)));
    let cancel = act(TripRef::Key(trip), Action::Cancel(rider(1), None));
    assert_eq!(
        service.refused(cancel),
        Refusal::UnknownTrip,
        "the rider has put it away"
    );
}

#[test]
fn an_order_for_later_is_searched_for_when_it_opens() {
    let mut service = Service::with_drivers();
    let order = Order {
        policy: Policy::Broadcast,
        opens_at: Some(at(30)),
        ..Order::default()
    };
    let request = service.request_of(0, order);
    let trip = request.id;
    service.trip_after(Command::RequestTrip(request, crate::cast::LIMITS));
    service.wait(30);
    service.act(trip, Action::Open);
    assert_eq!(service.told(), ["service: Requested"]);
    assert_eq!(service.steps(trip), [], "all drivers hear of it");
    service.accept(trip, 0);
}

#[test]
fn a_fare_far_above_the_quote_is_told_to_rider_and_operators() {
    let amount = |units| Amount::new(units).expect("an amount");
    let mut terms = Terms {
        currency: Some(Currency::parse("EUR").expect("a currency")),
        tariff: Some(Tariff {
            per_km: amount(100),
            ..Tariff::default()
        }),
        surge_permille: 1_000,
        quoted: None,
        free_waiting_s: 300,
        free_cancel_s: 120,
        cancel_fee: Amount::ZERO,
        no_show_fee: Amount::ZERO,
        reasons: Vec::new(),
        high_fare_permille: 1_500,
    };
    terms.quoted = terms.quote(1_000, 600);
    let told = |metres: f64| {
        let mut service = Service::new();
        let order = Order {
            terms: Some(Box::new(terms.clone())),
            ..Order::default()
        };
        let request = service.request_of(0, order);
        let trip = request.id;
        service.trip_after(Command::RequestTrip(request, crate::cast::LIMITS));
        service.accept(trip, 0);
        service.act(trip, Action::Start(driver(0), None));
        let way = Measured {
            measured_m: metres,
            ..Measured::default()
        };
        service.act(trip, Action::Complete(driver(0), Some(Box::new(way))));
        service.told()
    };
    assert_eq!(told(1_500.0), ["driver: Completed"]);
    let [completed, of_rider, of_operators] = &told(1_600.0)[..] else {
        panic!("the ride, its rider and the operators");
    };
    assert_eq!(completed, "driver: Completed");
    assert!(of_rider.starts_with("service: The fare is more than 1.5 times the quote: 1600 m"));
    assert!(!of_rider.contains("Waiting"), "{of_rider}");
    let sentence = "service: Trip 1: the fare is more than 1.5 times the quote.";
    assert_eq!(of_operators, sentence);
}

#[test]
fn a_batch_saves_each_trip_once() {
    let mut service = Service::new();
    let old = service.request(Policy::Broadcast);
    let request = service.request_of(0, Order::default());
    let new = request.id;
    let act = |trip, action| act(TripRef::Key(trip), action);
    let commands = [
        Command::RequestTrip(request, crate::cast::LIMITS),
        act(new, accept(0)),
        act(old, accept(1)),
        act(old, Action::Arrive(driver(1), None)),
    ];
    let mut state = service.state().clone();
    for command in commands {
        let submission = Submission::new(command, service.now());
        state.decide(&submission).expect("it is carried out");
    }
    let changes = state.take_changes();
    assert_eq!(changes.new_trips, [new]);
    assert_eq!(changes.changed_trips, [old]);
    assert!(state.take_changes().is_empty(), "they are taken once");
}
