//! The whole state in memory. The simulator runs on it, and tests compare the databases with it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::changes::Changes;
use super::command::Submission;
use super::outcome::Outcome;
use super::refusal::Refusal;
use super::state::{OpenTrips, State};
use crate::{DriverId, Fact, Offer, OfferState, RiderId, Status, Trip, TripId};

/// The whole state, kept as a database would keep it: new trips and shifts get numbers.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    state: State,
    last_trip: i64,
    last_shift: i64,
    /// The attempts to find drivers in which an offer was accepted.
    accepted: BTreeSet<(TripId, i64)>,
}

impl Memory {
    /// The state after all commands so far.
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// The same state, for adding what no command makes: accounts, and the vehicles that they may drive.
    pub const fn state_mut(&mut self) -> &mut State {
        &mut self.state
    }

    /// Carries out a command and keeps its changes.
    ///
    /// # Panics
    ///
    /// If the schema of the databases would refuse the changes, which means that the core has a fault.
    pub fn carry_out(&mut self, submission: &Submission) -> (Result<Outcome, Refusal>, Changes) {
        let outcome = self.state.decide(submission);
        let mut changes = self.state.take_changes();
        let trips = self.number_trips(&mut changes);
        self.number_shifts(&mut changes);
        if let Some(broken) = self.broken_by(&changes) {
            panic!("no database would take this: {broken}");
        }
        let outcome = outcome.map(|outcome| match outcome {
            Outcome::Trip(mut done) => {
                let numbered = trips.iter().find(|trip| trip.id == done.trip.id);
                done.trip = numbered.cloned().unwrap_or(done.trip);
                Outcome::Trip(done)
            }
            Outcome::Event(event) => Outcome::Event(event),
        });
        (outcome, changes)
    }

    fn number_trips(&mut self, changes: &mut Changes) -> Vec<Arc<Trip>> {
        let mut numbered = Vec::new();
        for id in &changes.new_trips {
            if let Some(trip) = self.state.trips.get_mut(id) {
                self.last_trip += 1;
                Arc::make_mut(trip).number = self.last_trip;
                numbered.push(trip.clone());
            }
        }
        for trip in &numbered {
            changes.number(trip);
        }
        for (user, key, (trip, _), _) in &changes.keys {
            let used = self.state.keys.get_mut(&(*user, key.word.clone()));
            let trip = numbered.iter().find(|numbered| numbered.id == *trip);
            if let Some((used, trip)) = used.zip(trip) {
                used.trip = Some(trip.clone());
            }
        }
        numbered
    }

    fn number_shifts(&mut self, changes: &mut Changes) {
        for event in &mut changes.events {
            if let Fact::Shift(shift) = &mut event.fact
                && shift.id == 0
                && shift.ended_at.is_none()
            {
                self.last_shift += 1;
                shift.id = self.last_shift;
                if let Some(open) = self.state.shifts.get_mut(&shift.driver) {
                    open.id = shift.id;
                }
            }
        }
    }

    /// The first thing in these changes that the constraints of the schema would refuse, if there is one.
    fn broken_by(&mut self, changes: &Changes) -> Option<String> {
        let state = &self.state;
        for id in changes.new_trips.iter().chain(&changes.changed_trips) {
            let trip = state.trips.get(id)?;
            let status = trip.state.status();
            let driver = trip.state.driver().map(|driver| driver.id);
            if let Some(driver) = driver.filter(|_| Status::TAKEN.contains(&status))
                && state.taken.get(&driver) != Some(id)
            {
                return Some(format!("driver {driver:?} has another trip than {id}"));
            }
            let is_searching = trip.is_offered() && status == Status::Requested;
            if state.searches.contains_key(id) != is_searching {
                return Some(format!("trip {id} is {status}, and its search is not"));
            }
            if !is_searching && state.open_offers.of(*id).next().is_some() {
                return Some(format!("trip {id} is {status}, and still on offer"));
            }
        }
        for (offer, _) in changes.changed_offers.values() {
            if offer.state == OfferState::Accepted
                && !self.accepted.insert((offer.trip, offer.attempt))
            {
                return Some(format!("two offers of trip {} were accepted", offer.trip));
            }
        }
        None
    }

    /// The first contradiction in the whole state, if there is one: the counts and indexes are compared with the trips.
    pub fn broken(&self) -> Option<String> {
        let mut taken = BTreeMap::<DriverId, TripId>::new();
        let mut open = BTreeMap::<RiderId, OpenTrips>::new();
        for trip in self.state.trips.values() {
            let status = trip.state.status();
            let of_rider = open.entry(trip.rider.id).or_default();
            of_rider.scheduled += i64::from(status == Status::Scheduled);
            of_rider.active += i64::from(status != Status::Scheduled && !status.is_final());
            let driver = trip.state.driver().map(|driver| driver.id);
            if let Some(driver) = driver.filter(|_| Status::TAKEN.contains(&status))
                && let Some(other) = taken.insert(driver, trip.id)
            {
                return Some(format!("one driver has the trips {other} and {}", trip.id));
            }
        }
        if taken != self.state.taken {
            return Some("the drivers' trips are not the trips' drivers".to_owned());
        }
        let is_same = |(rider, counted): (&RiderId, &OpenTrips)| {
            open.get(rider).copied().unwrap_or_default() == *counted
        };
        if !self.state.open_trips.iter().all(is_same) {
            return Some("the riders' trips were counted wrong".to_owned());
        }
        let stray = |offer: &&Offer| !self.state.shifts.contains_key(&offer.driver);
        let stray = self.state.open_offers.iter().find(stray);
        stray.map(|offer| format!("driver {:?} is off shift, and has an offer", offer.driver))
    }
}
