//! The memory notices a state that no database would take.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use domain::core::{Command, Memory, OpenTrips, SearchState, State, Submission};
use domain::{Action, Policy, TripId, TripRef, TripState};

use super::service::{Service, act};
use crate::cast::{driver, operator, party, place, reason, rider};

/// A service with a trip on offer to driver 0, and one that driver 1 has.
fn service() -> (Service, TripId, TripId) {
    let mut service = Service::with_drivers();
    let on_offer = service.request(Policy::Nearest);
    service.offer(on_offer, &[0]);
    let taken = service.request(Policy::Broadcast);
    service.accept(taken, 1);
    (service, on_offer, taken)
}

#[track_caller]
fn broken(spoil: impl FnOnce(&mut State, TripId, TripId)) -> String {
    let (mut service, on_offer, taken) = service();
    assert_eq!(service.memory.broken(), None);
    spoil(service.memory.state_mut(), on_offer, taken);
    service.memory.broken().expect("a contradiction")
}

#[test]
fn a_contradiction_between_trips_and_indexes_is_found() {
    let found = broken(|state, on_offer, _| {
        state.taken.insert(driver(2), on_offer);
    });
    assert!(found.contains("not the trips' drivers"), "{found}");
    for (active, scheduled) in [(3, 0), (2, 1)] {
        let found = broken(|state, _, _| {
            let counted = OpenTrips { active, scheduled };
            state.open_trips.insert(rider(0), counted);
        });
        assert!(found.contains("counted wrong"), "{found}");
    }
    let found = broken(|state, _, _| {
        state.shifts.remove(&driver(0));
    });
    assert!(found.contains("is off shift, and has an offer"), "{found}");
    let found = broken(|state, on_offer, _| {
        let trip = state.trips.get_mut(&on_offer).expect("the trip");
        Arc::make_mut(trip).state = TripState::Accepted {
            driver: party(driver(1)),
        };
    });
    assert!(found.contains("has the trips"), "{found}");
}

#[test]
fn trips_that_are_over_are_not_active() {
    let (mut service, on_offer, taken) = service();
    service.act(on_offer, Action::Cancel(rider(0), None));
    service.act(taken, Action::CancelByOperator(operator(), reason()));
    let open = service.state().open_trips.get(&rider(0)).copied();
    assert_eq!(open, Some(OpenTrips::default()));
}

/// The text of the panic with which the memory refuses the next command.
#[track_caller]
fn panics(memory: &mut Memory, command: Command) -> String {
    let at = super::service::at(1);
    let submission = Submission::new(command, at);
    let refused = catch_unwind(AssertUnwindSafe(|| memory.carry_out(&submission)));
    let panic = refused.expect_err("it should have panicked");
    panic.downcast_ref::<String>().cloned().unwrap_or_default()
}

#[test]
fn what_the_schema_would_refuse_panics() {
    let (mut service, on_offer, taken) = service();
    let amend = |trip| {
        let drop_off = domain::PlaceChange {
            address: Some(place("3 Market Place").address),
            location: None,
        };
        let amendment = domain::Amendment {
            pick_up: None,
            drop_off: Some(drop_off),
        };
        act(TripRef::Key(trip), Action::Amend(rider(0), amendment))
    };
    let state = service.memory.state_mut();
    state.taken.insert(driver(1), on_offer);
    let panic = panics(&mut service.memory, amend(taken));
    assert!(panic.contains("has another trip"), "{panic}");

    let (mut service, on_offer, taken) = self::service();
    service.memory.state_mut().searches.remove(&on_offer);
    let panic = panics(&mut service.memory, amend(on_offer));
    assert!(
        panic.contains("is REQUESTED, and its search is not"),
        "{panic}"
    );
    let search = SearchState {
        round: 0,
        look_at: None,
    };
    service.memory.state_mut().searches.insert(taken, search);
    let panic = panics(&mut service.memory, amend(taken));
    assert!(
        panic.contains("is STARTED, and its search is not"),
        "{panic}"
    );

    let (mut service, on_offer, taken) = self::service();
    let state = service.memory.state_mut();
    let mut offer = state.open_offers.to(driver(0)).cloned().expect("an offer");
    offer.trip = taken;
    state.open_offers = [offer].into_iter().collect();
    assert!(state.open_offers.of(on_offer).next().is_none());
    let panic = panics(&mut service.memory, amend(taken));
    assert!(panic.contains("still on offer"), "{panic}");
}

#[test]
fn two_accepted_offers_of_one_attempt_panic() {
    let (service, on_offer, _) = service();
    let before = service.memory.state().clone();
    let mut memory = service.memory.clone();
    let accept = act(TripRef::Key(on_offer), super::service::accept(0));
    let first = Submission::new(accept.clone(), service.now());
    assert!(memory.carry_out(&first).0.is_ok());
    *memory.state_mut() = before;
    let panic = panics(&mut memory, accept);
    assert!(panic.contains("two offers"), "{panic}");
}
