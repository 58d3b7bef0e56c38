//! The state that commands are decided on, and the one way to decide: [`State::decide`].

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

/// What is decided on: the whole of it, or the part that some commands are about.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// Whether accounts may act.
    pub standings: BTreeMap<UserId, Standing>,
    /// What drivers may drive, where anything is set.
    pub allowances: BTreeMap<DriverId, Allowance>,
    /// The trips.
    pub trips: BTreeMap<TripId, Arc<Trip>>,
    /// Trips whose rows make no sense: whoever wants something of them is refused, and nobody else.
    pub corrupt: BTreeSet<TripRef>,
    /// How many trips riders have that are not over; none, where nothing is said.
    pub open_trips: BTreeMap<RiderId, OpenTrips>,
    /// Which trips drivers have.
    pub taken: BTreeMap<DriverId, TripId>,
    /// The offers that are open.
    pub open_offers: OpenOffers,
    /// Of each trip to each driver the last offer that is over.
    pub last_offers: BTreeMap<(TripId, DriverId), Offer>,
    /// Whose devices did not acknowledge their last offers.
    pub unresponsive: Unresponsive,
    /// The shifts that are open.
    pub shifts: BTreeMap<DriverId, Shift>,
    /// Where the searches for drivers stand. Commands change them and do not depend on them, so a part may do without.
    pub searches: BTreeMap<TripId, SearchState>,
    /// The keys that were used.
    pub keys: BTreeMap<(UserId, String), UsedKey>,
    pub(super) changes: Changes,
}

/// How many trips a rider has that are not over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OpenTrips {
    /// Those for which a driver is looked for, or found.
    pub active: i64,
    /// Those for later.
    pub scheduled: i64,
}

/// Where a search for drivers stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SearchState {
    /// In how many rounds nobody was found.
    pub round: i64,
    /// When the next round is due; nothing while offers are open.
    pub look_at: Option<Timestamp>,
}

impl State {
    /// Carries out a command, or says why not. A refused command may have ended offers whose time was over.
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

    /// The account that acts, if it still may; none, where the service does.
    fn active_user(&self, actor: Actor) -> Result<Option<UserId>, Refusal> {
        match actor.user() {
            Some(user) if self.standings.get(&user) == Some(&Standing::Active) => Ok(Some(user)),
            None if actor == Actor::Service => Ok(None),
            Some(_) | None => Err(Refusal::NotActive),
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

    /// Records that something happened; which of the events it is.
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

    /// The trip of that key or number, whoever may know of it.
    pub fn find(&self, trip: TripRef) -> Option<&Arc<Trip>> {
        match trip {
            TripRef::Key(id) => self.trips.get(&id),
            // The trips of the same batch have no numbers yet.
            TripRef::Number(0) => None,
            TripRef::Number(number) => self.trips.values().find(|trip| trip.number == number),
        }
    }

    /// The trip that an actor names, if it names one to them.
    ///
    /// Riders know only their own trips. Drivers were told the key of a trip, but could guess its number.
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

    /// What has changed since this was last asked, for whoever keeps the state.
    pub fn take_changes(&mut self) -> Changes {
        std::mem::take(&mut self.changes)
    }
}
