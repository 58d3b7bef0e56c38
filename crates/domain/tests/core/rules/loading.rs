//! What must be loaded: not less than commands need, which the random lives show, and not more.

use domain::core::needs::{Implied, Named, Offered};
use domain::core::{Command, Reply, Submission};
use domain::{Action, Actor, DriverId, Policy, Standing, TripId, TripRef};

use super::service::{Service, accept, act, reply_to};
use crate::cast::{driver, rider};

/// What these commands need besides what they name: the trips and drivers whose open offers are needed, and then
/// what follows from those, if everything was loaded.
fn needed(service: &Service, commands: &[Command]) -> (Offered, Implied) {
    let submissions = commands.iter();
    let submissions = submissions.map(|it| Submission::new(it.clone(), service.now()));
    let submissions: Vec<Submission> = submissions.collect();
    let submissions: Vec<&Submission> = submissions.iter().collect();
    let named = Named::by(&submissions);
    let offered = Offered::of(&named, service.state());
    let implied = Implied::by(&submissions, &offered, service.state());
    (offered, implied)
}

fn last_offers(service: &Service, commands: &[Command]) -> Vec<(TripId, DriverId)> {
    let (_, implied) = needed(service, commands);
    implied.last_offers.into_iter().collect()
}

#[test]
fn a_command_names_whom_and_what_it_is_about() {
    let mut service = Service::with_drivers();
    let trip = service.request(Policy::Nearest);
    let proposal = service.proposal(trip, &[0, 1], 1);
    let propose = Submission::new(Command::Propose(proposal), service.now());
    let end = Command::EndShift(driver(2), Actor::Service);
    let end = Submission::new(end, service.now());
    let named = Named::by(&[&propose, &end]);
    let drivers = [driver(0), driver(1), driver(2)];
    assert_eq!(named.drivers, drivers.into());
    assert_eq!(named.on_shift, drivers.into());
    assert_eq!(named.accounts, drivers.map(DriverId::user).into());
    assert_eq!(named.trips, [TripRef::Key(trip)].into());
    assert!(named.beginning.is_empty() && named.riders.is_empty());
    let cancel = act(TripRef::Number(1), Action::Cancel(rider(0), None));
    let cancel = Submission::new(cancel, service.now());
    let named = Named::by(&[&cancel]);
    assert_eq!(named.accounts, [rider(0).user()].into());
    assert_eq!(named.trips, [TripRef::Number(1)].into());
    assert!(named.drivers.is_empty() && named.keys.is_empty());
}

#[test]
fn a_trip_that_all_drivers_hear_of_needs_no_offers_of_it() {
    let mut service = Service::with_drivers();
    let trip = service.request(Policy::Broadcast);
    let named = TripRef::Key(trip);
    let cancel = act(named, Action::Cancel(rider(0), None));
    let (offered, implied) = needed(&service, &[cancel]);
    assert!(offered.is_empty());
    assert_eq!(implied, Implied::default());
    let (offered, _) = needed(&service, &[act(named, accept(0))]);
    assert!(!offered.is_empty(), "the driver may have another offer");
    assert!(offered.trips.is_empty());
    let on_offer = service.request(Policy::Nearest);
    let cancel = act(TripRef::Key(on_offer), Action::Cancel(rider(0), None));
    let (offered, _) = needed(&service, &[cancel]);
    assert!(!offered.is_empty());
    assert!(offered.drivers.is_empty());
}

#[test]
fn the_last_offer_is_needed_where_none_is_open() {
    let mut service = Service::with_drivers();
    let trip = service.request(Policy::Nearest);
    service.offer(trip, &[0]);
    let named = TripRef::Key(trip);
    for (number, is_needed) in [(0, false), (1, true)] {
        let pairs = if is_needed {
            vec![(trip, driver(number))]
        } else {
            Vec::new()
        };
        let reply = reply_to(trip, number, Reply::Decline);
        assert_eq!(last_offers(&service, &[reply]), pairs);
        assert_eq!(last_offers(&service, &[act(named, accept(number))]), pairs);
    }
    service.set_standing(driver(1), Standing::Blocked);
    let reply = reply_to(trip, 1, Reply::Decline);
    assert!(last_offers(&service, &[reply]).is_empty(), "it is refused");
    let guess = act(TripRef::Number(1), Action::Arrive(driver(2), None));
    assert_eq!(last_offers(&service, &[guess]), [(trip, driver(2))]);
    let by_key = act(named, Action::Arrive(driver(2), None));
    assert!(last_offers(&service, &[by_key]).is_empty());
}

#[test]
fn an_accept_that_comes_too_late_needs_no_offer_unless_the_trip_may_search_again() {
    let mut service = Service::with_drivers();
    let trip = service.request(Policy::Nearest);
    service.offer(trip, &[0, 1]);
    service.accept(trip, 0);
    let named = TripRef::Key(trip);
    let late = act(named, accept(1));
    assert!(last_offers(&service, std::slice::from_ref(&late)).is_empty());
    let two = [act(named, accept(2)), late.clone()];
    assert!(last_offers(&service, &two).is_empty());
    let give_back = act(named, Action::GiveBack(driver(0), None));
    let both = [give_back, late.clone()];
    assert_eq!(last_offers(&service, &both), [(trip, driver(1))]);
    let other = service.request_by(1, Policy::Nearest);
    let elsewhere = act(TripRef::Key(other), Action::Cancel(rider(1), None));
    assert!(last_offers(&service, &[elsewhere, late]).is_empty());
}

#[test]
fn whose_offers_may_end_is_looked_up_in_what_was_missed() {
    let mut service = Service::with_drivers();
    let trip = service.request(Policy::Nearest);
    let accept_it = act(TripRef::Key(trip), accept(0));
    let (_, implied) = needed(&service, std::slice::from_ref(&accept_it));
    assert_eq!(implied.unresponsive, [driver(0)].into());
    let announced = service.request(Policy::Broadcast);
    let accept_other = act(TripRef::Key(announced), accept(0));
    let (_, implied) = needed(&service, std::slice::from_ref(&accept_other));
    assert!(implied.unresponsive.is_empty());
    service.offer(trip, &[1, 2]);
    let (_, implied) = needed(&service, &[accept_it]);
    let asked = [driver(0), driver(1), driver(2)];
    assert_eq!(implied.unresponsive, asked.into());
    assert!(implied.trips.is_empty(), "everything is loaded");
}
