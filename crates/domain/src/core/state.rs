//! The state, and the function that decides commands over it: [`State::decide`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::changes::{Changes, SearchStep};
use super::command::{Command, Submission};
use super::keys::UsedKey;
use super::open_offers::OpenOffers;
use super::outcome::Outcome;
use super::refusal::Refusal;
use crate::{
    Actor, Allowance, DriverId, Event, Fact, Offer, RiderId, Shift, Standing, Trip, TripId,
    TripRef, Unresponsive, UserId, Viewer,
};

/// The state that commands are decided on: the whole of it, or the part that some commands need.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// The standing of accounts.
    pub standings: BTreeMap<UserId, Standing>,
    /// The vehicles that drivers may drive. A driver without an entry may drive any.
    pub allowances: BTreeMap<DriverId, Allowance>,
    pub trips: BTreeMap<TripId, Arc<Trip>>,
    /// Trips whose rows cannot be read. Commands about them are refused; others are not affected.
    pub corrupt: BTreeSet<TripRef>,
    /// The number of open trips of each rider. A rider without an entry has none.
    pub open_trips: BTreeMap<RiderId, OpenTrips>,
    /// The trip that each driver has.
    pub taken: BTreeMap<DriverId, TripId>,
    pub open_offers: OpenOffers,
    /// The last ended offer of each trip to each driver.
    pub last_offers: BTreeMap<(TripId, DriverId), Offer>,
    /// The missed offers of drivers whose devices did not acknowledge their last offers.
    pub unresponsive: Unresponsive,
    /// The open shifts.
    pub shifts: BTreeMap<DriverId, Shift>,
    /// The searches. Commands change them but never depend on them, so a part of the state may leave them out.
    pub searches: BTreeMap<TripId, SearchState>,
    pub keys: BTreeMap<(UserId, String), UsedKey>,
    pub(super) changes: Changes,
}

/// The numbers of a rider's open trips.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OpenTrips {
    /// Trips for now, and those for later whose search has begun.
    pub active: i64,
    /// Trips for later whose search has not begun.
    pub scheduled: i64,
}

/// The state of a search for a driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SearchState {
    /// The number of rounds that have found nobody.
    pub round: i64,
    /// When the next round is due; `None` while offers are open.
    pub look_at: Option<Timestamp>,
}

impl State {
    /// Carries out a command, or refuses it. Even a refused command may have ended offers whose deadlines had passed.
    pub fn decide(&mut self, submission: &Submission) -> Result<Outcome, Refusal> {
        let Submission { command, key, at } = submission;
        let is_corrupt = |trip| self.corrupt.contains(&trip);
        if command.trip().is_some_and(is_corrupt) {
            return Err(Refusal::Corrupt);
        }
        let user = self.active_user(command.actor())?;
        let key = key.as_ref().zip(user);
        if let Some((key, user)) = key
            && let Some(replayed) = self.replay(user, key)
        {
            return replayed;
        }
        let outcome = self.carry_out(command, *at)?;
        if let (Some((key, user)), Outcome::Trip(done)) = (key, &outcome) {
            self.remember(user, key, &done.trip, *at);
        }
        Ok(outcome)
    }

    /// Refuses an account that may not act any more. Returns the account, or `None` for the service.
    fn active_user(&self, actor: Actor) -> Result<Option<UserId>, Refusal> {
        let user = actor.user();
        let is_active = |user| self.standings.get(&user) == Some(&Standing::Active);
        if user.is_none_or(is_active) {
            Ok(user)
        } else {
            Err(Refusal::NotActive)
        }
    }

    fn carry_out(&mut self, command: &Command, at: Timestamp) -> Result<Outcome, Refusal> {
        let trip = match command {
            Command::RequestTrip(request, limits) => self.request(request, *limits, at)?,
            Command::Act {
                trip,
                action,
                stated,
            } => self.act(*trip, action, stated, at)?,
            Command::Propose(proposal) => self.propose(proposal, at)?,
            Command::ReplyToOffer {
                trip,
                driver,
                reply,
            } => self.reply(*trip, *driver, *reply, at)?,
            Command::LapseOffers(trip) => self.lapse(*trip, at)?,
            Command::SendMessage {
                trip,
                sender,
                text,
                open_for,
            } => {
                let message = self.message(*trip, sender, text, *open_for, at)?;
                let event = self.record(at, sender.actor(), Fact::Message(message));
                return Ok(Outcome::Event(event));
            }
            Command::Notify(operator, notification) => {
                let fact = Fact::Notification(notification.clone());
                let event = self.record(at, Actor::Operator(*operator), fact);
                return Ok(Outcome::Event(event));
            }
            Command::BeginShift(driver, vehicle) => {
                return self.begin_shift(*driver, vehicle, at).map(Outcome::Event);
            }
            Command::EndShift(driver, by) => {
                return self.end_shift(*driver, *by, at).map(Outcome::Event);
            }
        };
        Ok(Outcome::Trip(trip))
    }

    /// Records an event, and returns its index among the events recorded so far.
    pub(super) fn record(&mut self, at: Timestamp, actor: Actor, fact: Fact) -> usize {
        self.changes.events.push(Event {
            id: 0,
            at,
            actor,
            fact,
            positions: Vec::new(),
        });
        self.changes.events.len() - 1
    }

    pub(super) fn trip(&self, id: TripId) -> Result<Arc<Trip>, Refusal> {
        self.trips.get(&id).cloned().ok_or(Refusal::UnknownTrip)
    }

    /// The trip of that key or number, for any actor.
    pub fn find(&self, trip: TripRef) -> Option<&Arc<Trip>> {
        match trip {
            TripRef::Key(id) => self.trips.get(&id),
            // Trips of the same batch have no numbers yet.
            TripRef::Number(0) => None,
            TripRef::Number(number) => self.trips.values().find(|trip| trip.number == number),
        }
    }

    /// The trip that an actor names, if the actor may know of it.
    ///
    /// Riders know their own trips only. Drivers have received the key of a trip, but could guess a number.
    pub(super) fn named(&self, trip: TripRef, actor: Actor) -> Result<Arc<Trip>, Refusal> {
        let found = self.find(trip).ok_or(Refusal::UnknownTrip)?;
        let is_known = match (actor, trip) {
            (Actor::Rider(rider), _) => found.rider.id == rider,
            (Actor::Driver(driver), TripRef::Number(_)) => {
                let was_offered = self.last_offer(found.id, driver).is_ok();
                Viewer::driver(driver).knows(found, was_offered)
            }
            (Actor::Driver(_), TripRef::Key(_)) | (Actor::Operator(_) | Actor::Service, _) => true,
        };
        is_known.then(|| found.clone()).ok_or(Refusal::UnknownTrip)
    }

    pub(super) fn step(&mut self, trip: TripId, step: SearchStep) {
        self.changes.searches.entry(trip).or_default().push(step);
        let before = self.searches.get(&trip).copied();
        let after = match (step, before) {
            (SearchStep::Begin(at), _) => Some(SearchState {
                round: 0,
                look_at: Some(at),
            }),
            (SearchStep::End, _) | (_, None) => None,
            (SearchStep::Wait(round), Some(before)) => Some(SearchState {
                round: round.unwrap_or(before.round),
                look_at: None,
            }),
            (SearchStep::Wake(at), Some(before)) => Some(SearchState {
                look_at: Some(at),
                ..before
            }),
            (SearchStep::Again(round, at), Some(_)) => Some(SearchState {
                round,
                look_at: Some(at),
            }),
        };
        match after {
            Some(search) => {
                self.searches.insert(trip, search);
            }
            None => {
                self.searches.remove(&trip);
            }
        }
    }

    /// Takes the changes since the last call, so that the caller can save them.
    pub fn take_changes(&mut self) -> Changes {
        std::mem::take(&mut self.changes)
    }
}
