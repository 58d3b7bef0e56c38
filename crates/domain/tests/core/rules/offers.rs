//! To whom a trip is offered, and how the search goes on.

use domain::core::{Command, Effect, SearchState, SearchStep};
use domain::{Action, OfferState, Order, Policy, Standing, TripId, VehicleClass};

use super::service::{AGAIN_SECONDS, DECIDE_SECONDS, DELIVER_SECONDS, ETA_SECONDS, Service, at};
use crate::cast::{LIMITS, driver, reason, rider, vehicle};

const AGAIN: SearchStep = SearchStep::Again(3, at_again());

const fn at_again() -> jiff::Timestamp {
    jiff::Timestamp::constant(1_900_000_000 + AGAIN_SECONDS, 0)
}

fn proposed(service: &mut Service, trip: TripId, drivers: &[i64], wave: usize) -> Effect {
    let proposal = service.proposal(trip, drivers, wave);
    service.trip_after(Command::Propose(proposal)).effect
}

#[test]
fn a_trip_is_offered_to_the_first_of_the_wave() {
    let mut service = Service::with_drivers();
    let trip = service.request(Policy::Nearest);
    let effect = proposed(&mut service, trip, &[3, 0, 1], 2);
    assert_eq!(effect, Effect::Changed);
    assert_eq!(
        service.told(),
        ["service: Created to 3", "service: Created to 0"]
    );
    assert_eq!(service.asked(trip), [driver(3), driver(0)]);
    assert_eq!(service.steps(trip), [SearchStep::Wait(Some(2))]);
    let waiting = SearchState {
        round: 2,
        look_at: None,
    };
    assert_eq!(service.state().searches.get(&trip), Some(&waiting));
    let offer = service.state().open_offers.to(driver(3)).expect("an offer");
    assert_eq!((offer.trip, offer.attempt), (trip, 1));
    assert_eq!(offer.state, OfferState::Created);
    assert_eq!((offer.metres, offer.eta_s), (503, ETA_SECONDS));
    assert_eq!(offer.offered_at, at(0));
    assert_eq!(offer.due_at, at(DELIVER_SECONDS));
    assert_eq!(offer.decide_s, DECIDE_SECONDS);
    assert_eq!(service.changes.new_offers.len(), 2);
    assert_eq!(service.changes.changed_offers.len(), 2);
    let open = service.state().open_offers.iter();
    let open: Vec<_> = open.map(|offer| offer.driver).collect();
    assert_eq!(open, [driver(0), driver(3)], "by their drivers");
}

#[test]
fn whoever_is_not_free_is_left_out() {
    let mut service = Service::with_drivers();
    let taken = service.request_by(1, Policy::Broadcast);
    service.accept(taken, 0);
    let other = service.request_by(1, Policy::Nearest);
    service.offer(other, &[1]);
    service.set_standing(driver(2), Standing::Blocked);
    let off_shift = 5;
    let trip = service.request(Policy::Nearest);
    let effect = proposed(&mut service, trip, &[0, 1, 2, off_shift, 3], 5);
    assert_eq!(effect, Effect::Changed);
    assert_eq!(service.told(), ["service: Created to 3"]);
}

#[test]
fn nobody_is_offered_a_trip_twice_in_one_proposal() {
    let mut service = Service::with_drivers();
    let trip = service.request(Policy::Nearest);
    proposed(&mut service, trip, &[1, 1], 2);
    assert_eq!(service.told(), ["service: Created to 1"]);
}

#[test]
fn whoever_gave_the_trip_back_is_left_out() {
    let mut service = Service::with_drivers();
    let trip = service.request(Policy::Nearest);
    service.offer(trip, &[0]);
    service.accept(trip, 0);
    service.act(trip, Action::GiveBack(driver(0), None));
    assert_eq!(service.trip(trip).attempt, 2);
    proposed(&mut service, trip, &[0, 1], 2);
    assert_eq!(service.told(), ["service: Created to 1"]);
    let attempt = service.state().open_offers.to(driver(1));
    assert_eq!(attempt.map(|offer| offer.attempt), Some(2));
}

#[test]
fn a_vehicle_must_have_the_class_and_the_seats() {
    let mut service = Service::new();
    service.done(Command::BeginShift(driver(0), vehicle(2)));
    let mut van = vehicle(4);
    van.class = VehicleClass::parse("van").expect("a class");
    service.done(Command::BeginShift(driver(1), van));
    service.done(Command::BeginShift(driver(2), vehicle(3)));
    let order = Order {
        policy: Policy::Batch,
        passengers: 3,
        ..Order::default()
    };
    let request = service.request_of(0, order);
    let trip = request.id;
    service.trip_after(Command::RequestTrip(request, LIMITS));
    proposed(&mut service, trip, &[0, 1, 2], 3);
    assert_eq!(service.told(), ["service: Created to 2"]);
}

#[test]
fn where_nobody_is_free_the_next_round_is_due_later() {
    let mut service = Service::new();
    let trip = service.request(Policy::Nearest);
    let effect = proposed(&mut service, trip, &[0, 1], 2);
    assert_eq!(effect, Effect::Changed);
    assert_eq!(service.steps(trip), [AGAIN]);
    assert!(service.told().is_empty());
    let search = SearchState {
        round: 3,
        look_at: Some(at_again()),
    };
    assert_eq!(service.state().searches.get(&trip), Some(&search));
}

#[test]
fn a_trip_on_offer_is_not_offered_to_more() {
    let mut service = Service::with_drivers();
    let trip = service.request(Policy::Nearest);
    service.offer(trip, &[0]);
    let effect = proposed(&mut service, trip, &[1], 1);
    assert_eq!(effect, Effect::Changed);
    assert!(service.told().is_empty());
    assert_eq!(service.asked(trip), [driver(0)]);
    assert_eq!(service.steps(trip), [SearchStep::Wait(None)]);
    let round = service.state().searches.get(&trip).map(|it| it.round);
    assert_eq!(round, Some(2), "as it was");
}

#[test]
fn what_no_longer_searches_is_not_offered() {
    let mut service = Service::with_drivers();
    let announced = service.request(Policy::Broadcast);
    let effect = proposed(&mut service, announced, &[0], 1);
    assert_eq!(effect, Effect::AlreadyDone);
    let trip = service.request(Policy::Nearest);
    let mut older = service.proposal(trip, &[0], 1);
    older.attempt = 0;
    let effect = service.trip_after(Command::Propose(older)).effect;
    assert_eq!(effect, Effect::AlreadyDone, "an attempt that is over");
    service.act(trip, Action::Cancel(rider(0), None));
    let effect = proposed(&mut service, trip, &[0], 1);
    assert_eq!(effect, Effect::AlreadyDone);
    assert!(service.changes.is_empty());
}

#[test]
fn a_cancelled_trip_takes_its_offers_back() {
    let mut service = Service::with_drivers();
    let trip = service.request(Policy::Nearest);
    service.offer(trip, &[0, 1]);
    service.act(trip, Action::Cancel(rider(0), Some(reason())));
    let told = [
        "rider: Cancelled",
        "service: Withdrawn to 0",
        "service: Withdrawn to 1",
    ];
    assert_eq!(service.told(), told);
    assert!(service.asked(trip).is_empty());
    assert_eq!(service.steps(trip).last(), Some(&SearchStep::End));
    assert!(!service.state().searches.contains_key(&trip));
    assert!(
        service.state().unresponsive.is_empty(),
        "their devices have missed nothing"
    );
}
