//! Computes what must be loaded before commands can be decided, from the commands and from what is loaded so far.
//!
//! There are three steps: [`Named`] is what the commands name, [`Offered`] follows from the trips that they name, and
//! [`Implied`] follows from the open offers.

use std::collections::BTreeSet;

use super::command::{Command, Submission};
use super::state::State;
use crate::{Action, Actor, DriverId, RiderId, Standing, Status, Trip, TripId, TripRef, UserId};

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
        let about = submissions.iter().map(|it| About::of(it, loaded));
        let about: Vec<About<'_>> = about.collect();
        for (index, one) in about.iter().enumerate() {
            let replied_to = replied_to(one, &about[..index], loaded);
            if let Some((_, driver)) = replied_to {
                implied.unresponsive.insert(driver);
            }
            if let Some((trip, driver)) = replied_to.or_else(|| one.guessed()) {
                let open = loaded.open_offers.to(driver);
                if open.is_none_or(|offer| offer.trip != trip) {
                    implied.last_offers.insert((trip, driver));
                }
            }
        }
        implied
    }
}

/// A command, and the trip that it names.
struct About<'a> {
    command: &'a Command,
    trip: Option<&'a Trip>,
}

impl<'a> About<'a> {
    fn of(submission: &'a Submission, loaded: &'a State) -> Self {
        let command = &submission.command;
        let named = command.trip().and_then(|trip| loaded.find(trip));
        Self {
            command,
            trip: named.map(|trip| &**trip),
        }
    }

    /// The driver who accepts.
    fn accepts(&self) -> Option<DriverId> {
        match self.command {
            Command::Act {
                action: Action::Accept(driver, _),
                ..
            } => Some(driver.id),
            Command::Act { .. }
            | Command::RequestTrip(..)
            | Command::Propose(_)
            | Command::ReplyToOffer { .. }
            | Command::LapseOffers(_)
            | Command::SendMessage { .. }
            | Command::Notify(..)
            | Command::BeginShift(..)
            | Command::EndShift(..) => None,
        }
    }

    /// The trip that a driver names by its number. The driver may do so if it was ever offered to them.
    fn guessed(&self) -> Option<(TripId, DriverId)> {
        let (Actor::Driver(driver), Some(TripRef::Number(_))) =
            (self.command.actor(), self.command.trip())
        else {
            return None;
        };
        let trip = self.trip.filter(|trip| trip.is_offered())?;
        Some((trip.id, driver))
    }
}

/// The trip and the driver of the offer that a command replies to, if that may still be open after the commands before.
fn replied_to(one: &About<'_>, before: &[About<'_>], loaded: &State) -> Option<(TripId, DriverId)> {
    let accepts = one.accepts();
    let driver = match one.command {
        Command::ReplyToOffer { driver, .. } => *driver,
        Command::Act { .. }
        | Command::RequestTrip(..)
        | Command::Propose(_)
        | Command::LapseOffers(_)
        | Command::SendMessage { .. }
        | Command::Notify(..)
        | Command::BeginShift(..)
        | Command::EndShift(..) => accepts?,
    };
    let trip = one.trip?;
    let is_active = loaded.standings.get(&driver.user()) == Some(&Standing::Active);
    // Another driver's accept ends the search; any other command may begin it again.
    let is_changed = |other: &About<'_>| {
        other.trip.is_some_and(|it| it.id == trip.id) && other.accepts().is_none()
    };
    let may_be_searching =
        || trip.state.status() == Status::Requested || before.iter().any(is_changed);
    let matters = is_active && trip.is_offered() && (accepts.is_none() || may_be_searching());
    matters.then_some((trip.id, driver))
}
