//! The live service for the simulated city: the core with its state in memory, and the queries that the database would
//! answer.

use std::collections::HashMap;

use jiff::Timestamp;
use uuid::Uuid;

use super::duties::DutyDeadlines;
use domain::core::{
    Command, Memory, Outcome, Proposal, Refusal, Reply, RiderLimits, Stated, Submission,
};
use domain::{
    Action, Actor, DriverId, EarlierOffers, EndedOffer, Event, Fact, Offer, OfferState, Search,
    Standing, Trip, TripId, TripRequest, Unresponsive, UserId, Vehicle,
};

/// Each simulated rider requests one trip.
const LIMITS: RiderLimits = RiderLimits {
    active_max: 1,
    scheduled_max: 1,
};

/// The core, the whole state, and the events that the simulation has not followed yet.
#[derive(Debug, Default)]
pub(crate) struct SimulatedService {
    memory: Memory,
    /// The ended offers of each trip.
    ended: HashMap<TripId, Vec<EndedOffer>>,
    pub(super) duties: DutyDeadlines,
    requested: usize,
    unfinished: usize,
    events: Vec<Event>,
}

/// The key of the trip of that number.
pub(super) const fn key(number: usize) -> TripId {
    TripId::new(Uuid::from_u128(number as u128))
}

/// The number of the trip with that key.
pub(super) fn number(key: TripId) -> usize {
    usize::try_from(key.uuid().as_u128()).unwrap_or(usize::MAX)
}

impl SimulatedService {
    /// The trip of that number.
    pub(crate) fn trip(&self, number: usize) -> &Trip {
        &self.memory.state().trips[&key(number)]
    }

    /// The open offer to a driver.
    pub(crate) fn offer_to(&self, driver: DriverId) -> Option<&Offer> {
        self.memory.state().open_offers.to(driver)
    }

    /// The devices that did not acknowledge their last offers.
    pub(crate) const fn unresponsive(&self) -> &Unresponsive {
        &self.memory.state().unresponsive
    }

    /// The number of trips that are not over.
    pub(crate) const fn unfinished(&self) -> usize {
        self.unfinished
    }

    /// The number of trips requested so far.
    pub(crate) const fn requested(&self) -> usize {
        self.requested
    }

    /// The number of trips without a driver.
    pub(crate) fn looked_for(&self) -> usize {
        // All trips that are not over, except those that a driver has accepted.
        self.unfinished - self.memory.state().taken.len()
    }

    /// Takes the events since the last call.
    pub(crate) fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// What is inconsistent in the state, if anything.
    pub(crate) fn broken(&self) -> Option<String> {
        self.memory.broken()
    }

    fn carry_out(&mut self, command: Command, at: Timestamp) -> Result<Outcome, Refusal> {
        let (outcome, changes) = self.memory.carry_out(&Submission::new(command, at));
        for (offer, ended_at) in changes.changed_offers.values() {
            if !offer.state.is_open() {
                self.ended.entry(offer.trip).or_default().push(EndedOffer {
                    driver: offer.driver,
                    attempt: offer.attempt,
                    state: offer.state,
                    offered_at: offer.offered_at,
                    ended_at: *ended_at,
                });
            }
        }
        for event in &changes.events {
            if let Some(change) = event.trip() {
                self.duties.changed(&change.trip);
                let is_new = change.before.is_none();
                self.requested += usize::from(is_new);
                self.unfinished += usize::from(is_new);
                let is_over = change.trip.state.status().is_final();
                self.unfinished -= usize::from(is_over);
            }
        }
        self.events.extend(changes.events);
        outcome
    }

    fn sign_up(&mut self, user: impl Into<UserId>) {
        let standings = &mut self.memory.state_mut().standings;
        standings.insert(user.into(), Standing::Active);
    }

    /// Begins a driver's shift.
    pub(crate) fn begin_shift(
        &mut self,
        driver: DriverId,
        vehicle: Vehicle,
        at: Timestamp,
    ) -> Result<(), Refusal> {
        self.sign_up(driver);
        let command = Command::BeginShift(driver, vehicle);
        self.carry_out(command, at).map(drop)
    }

    /// Ends a driver's shift.
    pub(crate) fn end_shift(
        &mut self,
        driver: DriverId,
        by: Actor,
        at: Timestamp,
    ) -> Result<(), Refusal> {
        self.carry_out(Command::EndShift(driver, by), at).map(drop)
    }

    /// Requests a trip.
    pub(crate) fn request(&mut self, request: TripRequest, at: Timestamp) -> Result<(), Refusal> {
        self.sign_up(request.rider.id);
        let command = Command::RequestTrip(request, LIMITS);
        self.carry_out(command, at).map(drop)
    }

    /// Carries out an action on a trip.
    pub(crate) fn act(
        &mut self,
        number: usize,
        action: Action,
        at: Timestamp,
    ) -> Result<(), Refusal> {
        let command = Command::Act {
            trip: key(number).into(),
            action,
            stated: Stated::default(),
        };
        self.carry_out(command, at).map(drop)
    }

    /// Replies to the offer of a trip, as the driver or the driver's device.
    pub(crate) fn reply(
        &mut self,
        driver: DriverId,
        number: usize,
        reply: Reply,
        at: Timestamp,
    ) -> Result<(), Refusal> {
        let command = Command::ReplyToOffer {
            trip: key(number).into(),
            driver,
            reply,
        };
        self.carry_out(command, at).map(drop)
    }

    /// Ends the offers whose deadline has passed.
    pub(crate) fn lapse(&mut self, at: Timestamp) {
        let open = self.memory.state().open_offers.iter();
        let due = open.filter(|offer| offer.due_at <= at);
        let mut due: Vec<_> = due.map(|offer| (offer.due_at, offer.trip)).collect();
        due.sort_unstable();
        due.dedup();
        for (_, trip) in due {
            let lapsed = self.carry_out(Command::LapseOffers(trip), at);
            debug_assert!(lapsed.is_ok(), "there is such a trip");
        }
    }

    /// The searches that are due, longest due first.
    pub(crate) fn due(&self, at: Timestamp) -> Vec<Search> {
        let state = self.memory.state();
        let looked_for = state.searches.iter();
        let due = looked_for.filter_map(|(trip, search)| {
            let due_at = search.look_at.filter(|look_at| *look_at <= at)?;
            Some((due_at, *trip, search.round))
        });
        let mut due: Vec<(Timestamp, TripId, i64)> = due.collect();
        due.sort_unstable();
        let search = |(due_at, trip, round): (Timestamp, TripId, i64)| {
            let ended = self.ended.get(&trip).map_or(&[][..], Vec::as_slice);
            let trip = Trip::clone(&state.trips[&trip]);
            Search {
                asked: EarlierOffers::of(ended, trip.attempt, &trip.given_back_by, at),
                trip,
                round,
                due_at,
            }
        };
        due.into_iter().map(search).collect()
    }

    /// Offers a trip to those of the candidates who are still free, in their order; returns those drivers.
    pub(crate) fn propose(&mut self, proposal: Proposal, at: Timestamp) -> Vec<DriverId> {
        let before = self.events.len();
        let proposed = self.carry_out(Command::Propose(proposal), at);
        debug_assert!(proposed.is_ok(), "there is such a trip");
        let offered = self.events[before..].iter().filter_map(|event| {
            let Fact::Offer(change) = &event.fact else {
                return None;
            };
            let is_new = change.offer.state == OfferState::Created;
            is_new.then_some(change.offer.driver)
        });
        offered.collect()
    }
}
