//! What people do to trips, and the one table of what comes of it: [`Trip::apply`].
//!
//! `docs/transitions.txt` is the table in words; a test compares the two.

use jiff::Timestamp;

use super::amendment::{Amendment, PlaceChange};
use super::id::{DriverId, OperatorId, RiderId};
use super::place::Place;
use super::text::Reason;
use super::trip::{State, Status, Trip};
use super::user::{Actor, Party};

/// How an operator ends a ride that is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// As if the driver had.
    Completed,
    /// Called off.
    Cancelled,
}

impl Ending {
    /// The ending of that status.
    pub fn parse(word: &str) -> Result<Self, &'static str> {
        match word {
            "COMPLETED" => Ok(Self::Completed),
            "CANCELLED" => Ok(Self::Cancelled),
            _ => Err("Not a valid choice: COMPLETED or CANCELLED."),
        }
    }
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
    /// Its rider changes where it begins or ends.
    Amend(RiderId, Amendment),
    /// Its rider withdraws it, or no longer wants to see it.
    Delete(RiderId),
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
            Self::Cancel(rider, _) | Self::Amend(rider, _) | Self::Delete(rider) => {
                Actor::Rider(*rider)
            }
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
            Self::Amend(..) => "amend",
            Self::Delete(_) => "delete",
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
    /// The trip after `action`, or why not.
    pub fn apply(&self, action: &Action, at: Timestamp) -> Result<Change, Refusal> {
        match action {
            Action::Accept(driver) => self.accept(driver, action, at),
            Action::Arrive(driver) => self.arrive(*driver, action, at),
            Action::Start(driver) => self.start(*driver, action, at),
            Action::Complete(driver) => self.complete(*driver, action, at),
            Action::Cancel(rider, _) | Action::Amend(rider, _)
                if *rider != self.rider.id || self.hidden =>
            {
                Err(Refusal::NotYourTrip)
            }
            Action::Delete(rider) if *rider != self.rider.id => Err(Refusal::NotYourTrip),
            Action::Amend(_, amendment) => self.amend(amendment, action, at),
            Action::Delete(_) => self.delete(action, at),
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

    /// The pick-up while a driver is looked for, the drop-off until the trip is over.
    fn amend(
        &self,
        amendment: &Amendment,
        action: &Action,
        at: Timestamp,
    ) -> Result<Change, Refusal> {
        let place = |change: &Option<PlaceChange>, place: &Place| {
            change
                .as_ref()
                .map_or_else(|| place.clone(), |change| change.of(place))
        };
        let pick_up = place(&amendment.pick_up, &self.pick_up);
        let drop_off = place(&amendment.drop_off, &self.drop_off);
        let status = self.state.status();
        let moves_pick_up = pick_up != self.pick_up;
        if !moves_pick_up && drop_off == self.drop_off {
            return Ok(Change::AlreadyDone);
        }
        if status.is_final() || moves_pick_up && status != Status::Requested {
            return Err(self.not_possible(action));
        }
        Ok(Change::To(Box::new(Self {
            pick_up,
            drop_off,
            changed_at: at.max(self.changed_at),
            revision: self.revision + 1,
            ..self.clone()
        })))
    }

    fn delete(&self, action: &Action, at: Timestamp) -> Result<Change, Refusal> {
        let state = match &self.state {
            _ if self.hidden => return Ok(Change::AlreadyDone),
            State::Requested => State::Cancelled {
                driver: None,
                by: action.actor(),
            },
            over @ (State::Completed { .. } | State::Cancelled { .. } | State::Expired) => {
                over.clone()
            }
            State::Started { .. } | State::Arrived { .. } | State::InProgress { .. } => {
                return Err(self.not_possible(action));
            }
        };
        Ok(Change::To(Box::new(Self {
            state,
            hidden: true,
            changed_at: at.max(self.changed_at),
            revision: self.revision + 1,
            ..self.clone()
        })))
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
