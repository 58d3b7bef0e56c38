//! A trip and the one table of its changes: [`Trip::apply`].
//!
//! `docs/transitions.txt` is the table in words; a test compares the two.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::id::{DriverId, OperatorId, RiderId, TripId};
use super::place::Place;
use super::text::Reason;
use super::user::{Actor, Party};

/// A rider's request and what has become of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trip {
    /// The integer id of the older clients; 0 until the store has given one.
    pub number: i64,
    /// The public key.
    pub id: TripId,
    /// Who asked.
    pub rider: Party<RiderId>,
    /// From where.
    pub pick_up: Place,
    /// To where.
    pub drop_off: Place,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// When it last changed.
    pub changed_at: Timestamp,
    /// When the search for a driver is given up.
    pub search_ends_at: Timestamp,
    /// Counts the changes; the request is 1.
    pub revision: i64,
    /// Where it stands.
    pub state: State,
    /// Why it was cancelled or ended, if somebody said.
    pub reason: Option<Reason>,
}

/// Where a trip stands, with what is known there and only there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    /// A driver is looked for.
    Requested,
    /// A driver has taken it and is on the way to the pick-up.
    Started {
        /// Who drives.
        driver: Party<DriverId>,
    },
    /// The driver waits at the pick-up.
    Arrived {
        /// Who drives.
        driver: Party<DriverId>,
    },
    /// The rider is in the car.
    InProgress {
        /// Who drives.
        driver: Party<DriverId>,
    },
    /// The ride is over.
    Completed {
        /// Who drives.
        driver: Party<DriverId>,
        /// Who ended it.
        by: Actor,
    },
    /// It was called off.
    Cancelled {
        /// Who drove, if somebody had taken it.
        driver: Option<Party<DriverId>>,
        /// Who ended it.
        by: Actor,
    },
    /// No driver was found in time.
    Expired,
}

/// A state's name alone, as it stands in rows and on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// A driver is looked for.
    Requested,
    /// A driver is on the way to the pick-up.
    Started,
    /// The driver waits at the pick-up.
    Arrived,
    /// The rider is in the car.
    InProgress,
    /// The ride is over.
    Completed,
    /// It was called off.
    Cancelled,
    /// No driver was found in time.
    Expired,
}

impl Status {
    /// Every status, in the order of a trip's life.
    pub const ALL: [Self; 7] = [
        Self::Requested,
        Self::Started,
        Self::Arrived,
        Self::InProgress,
        Self::Completed,
        Self::Cancelled,
        Self::Expired,
    ];

    /// What counts as one of a rider's active trips.
    pub const ACTIVE: [Self; 4] = [
        Self::Requested,
        Self::Started,
        Self::Arrived,
        Self::InProgress,
    ];

    /// What occupies a driver. The schema repeats it: `one_active_trip_per_driver`.
    pub const TAKEN: [Self; 3] = [Self::Started, Self::Arrived, Self::InProgress];

    /// The word in rows and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "REQUESTED",
            Self::Started => "STARTED",
            Self::Arrived => "ARRIVED",
            Self::InProgress => "IN_PROGRESS",
            Self::Completed => "COMPLETED",
            Self::Cancelled => "CANCELLED",
            Self::Expired => "EXPIRED",
        }
    }

    /// The status of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }

    /// Whether nothing can follow.
    pub fn is_final(self) -> bool {
        !Self::ACTIVE.contains(&self)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl State {
    /// The name alone.
    pub const fn status(&self) -> Status {
        match self {
            Self::Requested => Status::Requested,
            Self::Started { .. } => Status::Started,
            Self::Arrived { .. } => Status::Arrived,
            Self::InProgress { .. } => Status::InProgress,
            Self::Completed { .. } => Status::Completed,
            Self::Cancelled { .. } => Status::Cancelled,
            Self::Expired => Status::Expired,
        }
    }

    /// Who drives, or drove.
    pub const fn driver(&self) -> Option<&Party<DriverId>> {
        match self {
            Self::Requested | Self::Expired => None,
            Self::Started { driver }
            | Self::Arrived { driver }
            | Self::InProgress { driver }
            | Self::Completed { driver, .. } => Some(driver),
            Self::Cancelled { driver, .. } => driver.as_ref(),
        }
    }

    /// Who ended it, if somebody did.
    pub const fn ended_by(&self) -> Option<Actor> {
        match self {
            Self::Completed { by, .. } | Self::Cancelled { by, .. } => Some(*by),
            Self::Requested
            | Self::Started { .. }
            | Self::Arrived { .. }
            | Self::InProgress { .. }
            | Self::Expired => None,
        }
    }
}

/// What a rider asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The new trip's key.
    pub id: TripId,
    /// Who asks.
    pub rider: Party<RiderId>,
    /// From where.
    pub pick_up: Place,
    /// To where.
    pub drop_off: Place,
    /// When the search is given up.
    pub search_ends_at: Timestamp,
}

/// How an operator ends a ride that is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// As if the driver had.
    Completed,
    /// Called off.
    Cancelled,
}

/// What somebody wants to do to a trip.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// A driver takes it.
    Accept(Party<DriverId>),
    /// Its driver is at the pick-up.
    Arrive(DriverId),
    /// Its driver starts the ride.
    Start(DriverId),
    /// Its driver ends the ride.
    Complete(DriverId),
    /// Its rider calls it off.
    Cancel(RiderId, Option<Reason>),
    /// An operator calls it off.
    CancelByOperator(OperatorId, Reason),
    /// An operator ends the ride.
    End(OperatorId, Ending, Reason),
    /// The search time is over.
    Expire,
}

impl Action {
    /// Who acts.
    pub const fn actor(&self) -> Actor {
        match self {
            Self::Accept(driver) => Actor::Driver(driver.id),
            Self::Arrive(driver) | Self::Start(driver) | Self::Complete(driver) => {
                Actor::Driver(*driver)
            }
            Self::Cancel(rider, _) => Actor::Rider(*rider),
            Self::CancelByOperator(operator, _) | Self::End(operator, ..) => {
                Actor::Operator(*operator)
            }
            Self::Expire => Actor::Service,
        }
    }

    /// The verb, for messages.
    pub const fn verb(&self) -> &'static str {
        match self {
            Self::Accept(_) => "accept",
            Self::Arrive(_) => "arrive",
            Self::Start(_) => "start",
            Self::Complete(_) => "complete",
            Self::Cancel(..) | Self::CancelByOperator(..) => "cancel",
            Self::End(..) => "end",
            Self::Expire => "expire",
        }
    }
}

/// What an action comes to.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// The trip is now this one.
    To(Box<Trip>),
    /// The same actor had done the same before: the answer was lost, not the change.
    AlreadyDone,
}

/// Why an action is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Another driver was first.
    #[error("Another driver has taken this trip.")]
    AlreadyTaken,
    /// The trip is another driver's or another rider's.
    #[error("This trip is not yours.")]
    NotYourTrip,
    /// The state does not allow it.
    #[error("A trip that is {status} does not allow {verb}.")]
    NotPossible {
        /// What was tried.
        verb: &'static str,
        /// Where the trip stands.
        status: Status,
    },
}

impl Trip {
    /// The new trip that a request makes.
    pub fn request(request: Request, at: Timestamp) -> Self {
        Self {
            number: 0,
            id: request.id,
            rider: request.rider,
            pick_up: request.pick_up,
            drop_off: request.drop_off,
            requested_at: at,
            changed_at: at,
            search_ends_at: request.search_ends_at,
            revision: 1,
            state: State::Requested,
            reason: None,
        }
    }

    /// The trip after `action`, or why not.
    pub fn apply(&self, action: &Action, at: Timestamp) -> Result<Change, Refusal> {
        match action {
            Action::Accept(driver) => self.accept(driver, action, at),
            Action::Arrive(driver) => self.arrive(*driver, action, at),
            Action::Start(driver) => self.start(*driver, action, at),
            Action::Complete(driver) => self.complete(*driver, action, at),
            Action::Cancel(rider, _) if *rider != self.rider.id => Err(Refusal::NotYourTrip),
            Action::Cancel(_, reason) => self.cancel(reason.clone(), action, at),
            Action::CancelByOperator(_, reason) => self.cancel(Some(reason.clone()), action, at),
            Action::End(_, ending, reason) => self.end(*ending, reason, action, at),
            Action::Expire => self.expire(action, at),
        }
    }

    fn accept(
        &self,
        driver: &Party<DriverId>,
        action: &Action,
        at: Timestamp,
    ) -> Result<Change, Refusal> {
        match &self.state {
            State::Requested => Ok(self.to(
                State::Started {
                    driver: driver.clone(),
                },
                None,
                at,
            )),
            State::Started { driver: taker } if taker.id == driver.id => Ok(Change::AlreadyDone),
            State::Started { driver: taker }
            | State::Arrived { driver: taker }
            | State::InProgress { driver: taker }
            | State::Completed { driver: taker, .. }
                if taker.id != driver.id =>
            {
                Err(Refusal::AlreadyTaken)
            }
            State::Started { .. }
            | State::Arrived { .. }
            | State::InProgress { .. }
            | State::Completed { .. }
            | State::Cancelled { .. }
            | State::Expired => Err(self.not_possible(action)),
        }
    }

    fn arrive(&self, by: DriverId, action: &Action, at: Timestamp) -> Result<Change, Refusal> {
        self.only_for_its_driver(by)?;
        match &self.state {
            State::Started { driver } => Ok(self.to(
                State::Arrived {
                    driver: driver.clone(),
                },
                None,
                at,
            )),
            State::Arrived { .. } => Ok(Change::AlreadyDone),
            State::Requested
            | State::InProgress { .. }
            | State::Completed { .. }
            | State::Cancelled { .. }
            | State::Expired => Err(self.not_possible(action)),
        }
    }

    fn start(&self, by: DriverId, action: &Action, at: Timestamp) -> Result<Change, Refusal> {
        self.only_for_its_driver(by)?;
        match &self.state {
            State::Started { driver } | State::Arrived { driver } => Ok(self.to(
                State::InProgress {
                    driver: driver.clone(),
                },
                None,
                at,
            )),
            State::InProgress { .. } => Ok(Change::AlreadyDone),
            State::Requested
            | State::Completed { .. }
            | State::Cancelled { .. }
            | State::Expired => Err(self.not_possible(action)),
        }
    }

    fn complete(&self, by: DriverId, action: &Action, at: Timestamp) -> Result<Change, Refusal> {
        self.only_for_its_driver(by)?;
        match &self.state {
            State::InProgress { driver } => Ok(self.to(
                State::Completed {
                    driver: driver.clone(),
                    by: action.actor(),
                },
                None,
                at,
            )),
            State::Completed { by, .. } if *by == action.actor() => Ok(Change::AlreadyDone),
            State::Requested
            | State::Started { .. }
            | State::Arrived { .. }
            | State::Completed { .. }
            | State::Cancelled { .. }
            | State::Expired => Err(self.not_possible(action)),
        }
    }

    fn cancel(
        &self,
        reason: Option<Reason>,
        action: &Action,
        at: Timestamp,
    ) -> Result<Change, Refusal> {
        match &self.state {
            State::Requested | State::Started { .. } | State::Arrived { .. } => {
                let cancelled = State::Cancelled {
                    driver: self.state.driver().cloned(),
                    by: action.actor(),
                };
                Ok(self.to(cancelled, reason, at))
            }
            State::Cancelled { by, .. } if *by == action.actor() => Ok(Change::AlreadyDone),
            State::InProgress { .. }
            | State::Completed { .. }
            | State::Cancelled { .. }
            | State::Expired => Err(self.not_possible(action)),
        }
    }

    fn end(
        &self,
        ending: Ending,
        reason: &Reason,
        action: &Action,
        at: Timestamp,
    ) -> Result<Change, Refusal> {
        let by = action.actor();
        match (&self.state, ending) {
            (State::InProgress { driver }, Ending::Completed) => Ok(self.to(
                State::Completed {
                    driver: driver.clone(),
                    by,
                },
                Some(reason.clone()),
                at,
            )),
            (State::InProgress { driver }, Ending::Cancelled) => Ok(self.to(
                State::Cancelled {
                    driver: Some(driver.clone()),
                    by,
                },
                Some(reason.clone()),
                at,
            )),
            (State::Completed { by: before, .. }, Ending::Completed)
            | (State::Cancelled { by: before, .. }, Ending::Cancelled)
                if *before == by =>
            {
                Ok(Change::AlreadyDone)
            }
            (
                State::Requested
                | State::Started { .. }
                | State::Arrived { .. }
                | State::Completed { .. }
                | State::Cancelled { .. }
                | State::Expired,
                Ending::Completed | Ending::Cancelled,
            ) => Err(self.not_possible(action)),
        }
    }

    fn expire(&self, action: &Action, at: Timestamp) -> Result<Change, Refusal> {
        match &self.state {
            State::Requested if at >= self.search_ends_at => Ok(self.to(State::Expired, None, at)),
            State::Expired => Ok(Change::AlreadyDone),
            State::Requested
            | State::Started { .. }
            | State::Arrived { .. }
            | State::InProgress { .. }
            | State::Completed { .. }
            | State::Cancelled { .. } => Err(self.not_possible(action)),
        }
    }

    fn only_for_its_driver(&self, by: DriverId) -> Result<(), Refusal> {
        match self.state.driver() {
            Some(driver) if driver.id != by => Err(Refusal::NotYourTrip),
            Some(_) | None => Ok(()),
        }
    }

    const fn not_possible(&self, action: &Action) -> Refusal {
        Refusal::NotPossible {
            verb: action.verb(),
            status: self.state.status(),
        }
    }

    fn to(&self, state: State, reason: Option<Reason>, at: Timestamp) -> Change {
        // Time never runs backwards within a trip, even where the clock does.
        let changed_at = at.max(self.changed_at);
        Change::To(Box::new(Self {
            state,
            reason,
            changed_at,
            revision: self.revision + 1,
            ..self.clone()
        }))
    }
}
