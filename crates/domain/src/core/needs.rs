//! Computes what must be loaded before commands can be decided, from the commands and from what is loaded so far.
//!
//! There are three steps: [`Named`] is what the commands name, [`Offered`] follows from the trips that they name, and
//! [`Implied`] follows from the open offers.

use std::collections::BTreeSet;

use super::command::{Command, Submission};
use super::state::State;
use crate::{Action, Actor, DriverId, RiderId, Standing, Status, TripId, TripRef, UserId};

/// What the commands name. Accounts and trips are locked, in the order of their ids, before anything else is read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Named<'a> {
    /// The accounts that act, and drivers whom no other batch may occupy or release meanwhile.
    pub accounts: BTreeSet<UserId>,
    pub trips: BTreeSet<TripRef>,
    /// Riders whose open trips must be counted.
    pub riders: BTreeSet<RiderId>,
    /// Drivers who may become busy, or must not be: their trips and open offers are needed.
    pub drivers: BTreeSet<DriverId>,
    /// Drivers whose shifts are needed.
    pub on_shift: BTreeSet<DriverId>,
    /// Drivers whose shifts begin: the vehicles that they may drive are needed.
    pub beginning: BTreeSet<DriverId>,
    /// Keys that may have been used before.
    pub keys: BTreeSet<(UserId, &'a str)>,
}

impl<'a> Named<'a> {
    /// Everything that these commands name.
    pub fn by(submissions: &[&'a Submission]) -> Self {
        let mut named = Self::default();
        for submission in submissions {
            named.add(submission);
        }
        named
    }

    fn add(&mut self, submission: &'a Submission) {
        let Submission { command, key, .. } = submission;
        let user = command.actor().user();
        self.accounts.extend(user);
        self.trips.extend(command.trip());
        self.keys
            .extend(user.zip(key.as_ref().map(|key| key.word.as_str())));
        match command {
            Command::RequestTrip(request, _) => {
                self.riders.insert(request.rider.id);
            }
            Command::Act {
                action: Action::Accept(driver, _),
                ..
            } => {
                self.drivers.insert(driver.id);
            }
            Command::Propose(proposal) => {
                let candidates = proposal.candidates.iter();
                candidates.for_each(|candidate| self.add_shift_of(candidate.driver));
            }
            Command::BeginShift(driver, _) => {
                self.beginning.insert(*driver);
                self.add_shift_of(*driver);
            }
            Command::EndShift(driver, _) => self.add_shift_of(*driver),
            Command::Act { .. }
            | Command::ReplyToOffer { .. }
            | Command::LapseOffers(_)
            | Command::SendMessage { .. }
            | Command::Notify(..) => {}
        }
    }

    fn add_shift_of(&mut self, driver: DriverId) {
        self.accounts.insert(driver.user());
        self.drivers.insert(driver);
        self.on_shift.insert(driver);
    }
}

/// The open offers that are needed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Offered {
    /// The open offers of these trips.
    pub trips: BTreeSet<TripId>,
    /// The open offers to these drivers, and the other open offers of the same trips: when an offer ends, the core must
    /// know whether it was the trip's last one.
    pub drivers: BTreeSet<DriverId>,
}

impl Offered {
    /// What follows from the named trips, once they are loaded.
    pub fn of(named: &Named<'_>, loaded: &State) -> Self {
        let trips = named.trips.iter().filter_map(|trip| loaded.find(*trip));
        let offered = trips.filter(|trip| trip.is_offered());
        Self {
            trips: offered.map(|trip| trip.id).collect(),
            drivers: named.drivers.clone(),
        }
    }

    /// Whether there is nothing to load.
    pub fn is_empty(&self) -> bool {
        self.trips.is_empty() && self.drivers.is_empty()
    }
}

/// What follows from the open offers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Implied {
    /// Trips whose offers may end. They are not changed, but the events of their offers describe them.
    pub trips: BTreeSet<TripId>,
    /// Drivers whose missed offers may change.
    pub unresponsive: BTreeSet<DriverId>,
    /// Pairs of trip and driver whose last ended offer is needed.
    pub last_offers: BTreeSet<(TripId, DriverId)>,
}

impl Implied {
    /// What follows from the open offers, once they are loaded.
    pub fn by(submissions: &[&Submission], offered: &Offered, loaded: &State) -> Self {
        let open = || loaded.open_offers.iter();
        let elsewhere = open().map(|offer| offer.trip);
        let asked = open().map(|offer| offer.driver);
        let mut implied = Self {
            trips: elsewhere
                .filter(|trip| !loaded.trips.contains_key(trip))
                .collect(),
            unresponsive: asked.collect(),
            last_offers: BTreeSet::new(),
        };
        if !offered.trips.is_empty() {
            implied.unresponsive.extend(&offered.drivers);
        }
        for (position, submission) in submissions.iter().enumerate() {
            let before = &submissions[..position];
            let replied_to = replied_to(submission, before, loaded);
            if let Some((_, driver)) = replied_to {
                implied.unresponsive.insert(driver);
            }
            if let Some((trip, driver)) = replied_to.or_else(|| guessed(submission, loaded)) {
                let open = loaded.open_offers.to(driver);
                if open.is_none_or(|offer| offer.trip != trip) {
                    implied.last_offers.insert((trip, driver));
                }
            }
        }
        implied
    }
}

/// The trip and the driver of the offer that a command replies to, if that may still be open after the commands before.
fn replied_to(
    submission: &Submission,
    before: &[&Submission],
    loaded: &State,
) -> Option<(TripId, DriverId)> {
    let accept = accept_of(&submission.command);
    let (named, driver) = match &submission.command {
        Command::ReplyToOffer { trip, driver, .. } => (*trip, *driver),
        Command::Act { .. } => accept?,
        Command::RequestTrip(..)
        | Command::Propose(_)
        | Command::LapseOffers(_)
        | Command::SendMessage { .. }
        | Command::Notify(..)
        | Command::BeginShift(..)
        | Command::EndShift(..) => return None,
    };
    let trip = loaded.find(named)?;
    let is_active = loaded.standings.get(&driver.user()) == Some(&Standing::Active);
    // Another driver's accept ends the search; any other command may begin it again.
    let is_it = |other| loaded.find(other).is_some_and(|other| other.id == trip.id);
    let is_changed =
        |it: &&Submission| it.command.trip().is_some_and(is_it) && accept_of(&it.command).is_none();
    let may_be_searching =
        || trip.state.status() == Status::Requested || before.iter().any(is_changed);
    let matters = is_active && trip.is_offered() && (accept.is_none() || may_be_searching());
    matters.then_some((trip.id, driver))
}

/// The trip that a driver names by its number, which names it to them if it was ever offered to them.
fn guessed(submission: &Submission, loaded: &State) -> Option<(TripId, DriverId)> {
    let Actor::Driver(driver) = submission.command.actor() else {
        return None;
    };
    let number = submission.command.trip()?;
    let trip = loaded.find(number).filter(|trip| trip.is_offered())?;
    matches!(number, TripRef::Number(_)).then_some((trip.id, driver))
}

fn accept_of(command: &Command) -> Option<(TripRef, DriverId)> {
    if let Command::Act { trip, action, .. } = command
        && let Action::Accept(driver, _) = action
    {
        return Some((*trip, driver.id));
    }
    None
}
