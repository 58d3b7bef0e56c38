//! What must be loaded before commands can be decided: pure functions of the commands, and of what was loaded for
//! them so far.
//!
//! In three steps, since what a command is about is known only bit by bit: [`Named`] is what commands name;
//! [`Offered`] follows from the trips that they name, and [`Implied`] from the offers that are open.

use std::collections::BTreeSet;

use super::command::{Command, Submission};
use super::state::State;
use crate::{Action, Actor, DriverId, RiderId, Standing, Status, TripId, TripRef, UserId};

/// What commands name. Accounts and trips are locked, in the order of their ids, before anything else is read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Named<'a> {
    /// Those who act, and drivers whom nobody else may occupy or release meanwhile.
    pub accounts: BTreeSet<UserId>,
    /// The trips.
    pub trips: BTreeSet<TripRef>,
    /// Riders whose open trips are counted.
    pub riders: BTreeSet<RiderId>,
    /// Drivers who may become busy, or must not be: their trips and open offers matter.
    pub drivers: BTreeSet<DriverId>,
    /// Drivers whose shifts matter.
    pub on_shift: BTreeSet<DriverId>,
    /// Drivers whose shifts begin: what they may drive matters.
    pub beginning: BTreeSet<DriverId>,
    /// Keys that may have been used before.
    pub keys: BTreeSet<(UserId, &'a str)>,
}

impl<'a> Named<'a> {
    /// All that these name.
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

/// Whose open offers matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Offered {
    /// Those of these trips.
    pub trips: BTreeSet<TripId>,
    /// Those to these drivers, and the others of the trips that those are of: when one ends, it matters whether it was
    /// the last.
    pub drivers: BTreeSet<DriverId>,
}

impl Offered {
    /// What follows from what was named, once its trips are loaded.
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

/// What follows from the offers that are open.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Implied {
    /// Trips that are told about when offers of them end, and not changed.
    pub trips: BTreeSet<TripId>,
    /// Drivers of whom it may be noted that their devices were silent, or were not.
    pub unresponsive: BTreeSet<DriverId>,
    /// Of these trips to these drivers, the last offer that is over.
    pub last_offers: BTreeSet<(TripId, DriverId)>,
}

impl Implied {
    /// What follows once the open offers are loaded.
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

/// The trip and the driver of the offer that a command replies to, if it may come to that after the ones before it.
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
    // Another driver's accept takes the trip out of the search, anything else may put it back.
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
