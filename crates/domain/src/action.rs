//! The actions on trips, and the one table of their effects: [`Trip::apply`].
//!
//! `docs/transitions.txt` is the table in words; a test compares the two. `drive` has the actions of the driver,
//! `leave` those of riders, operators and deadlines, `note` the findings about the driver, and `fare` an operator's
//! later decision about the price.

mod drive;
mod fare;
mod leave;
mod note;

use jiff::Timestamp;

use super::amendment::Amendment;
use super::duties::{Outset, Whereabouts};
use super::fare::Amount;
use super::id::{DriverId, OperatorId, RiderId};
use super::order::RideCode;
use super::text::Reason;
use super::track::Measured;
use super::trip::{Status, Trip};
use super::user::{Actor, Party};

/// How an operator ends a ride that is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RideEnding {
    /// The ride counts as completed, as if the driver had ended it.
    Completed,
    Cancelled,
}

impl RideEnding {
    /// Reads the status that the ride shall end with.
    pub fn parse(word: &str) -> Result<Self, &'static str> {
        match word {
            "COMPLETED" => Ok(Self::Completed),
            "CANCELLED" => Ok(Self::Cancelled),
            _ => Err("Not a valid choice: COMPLETED or CANCELLED."),
        }
    }
}

/// What a person, or the service, does to a trip.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    Accept(Party<DriverId>, Outset),
    /// The driver is at the pick-up. `Whereabouts` is where the device is, if that is known.
    Arrive(DriverId, Option<Whereabouts>),
    /// The driver starts the ride, with the code that the rider told.
    Start(DriverId, Option<RideCode>),
    /// The driver ends the ride, which was measured as this. `None` if no ride was under way when it was to be
    /// measured.
    Complete(DriverId, Option<Box<Measured>>),
    GiveBack(DriverId, Option<Reason>),
    /// The driver has waited in vain. `Whereabouts` is where the device is, if that is known.
    NoShow(DriverId, Option<Whereabouts>),
    Cancel(RiderId, Option<Reason>),
    Amend(RiderId, Amendment),
    /// The rider hides the trip. That also cancels a trip for which a driver is still looked for.
    Delete(RiderId),
    CancelByOperator(OperatorId, Reason),
    /// An operator ends the ride, which was measured as this. `None` if no ride was under way when it was to be
    /// measured.
    End(OperatorId, RideEnding, Reason, Option<Box<Measured>>),
    /// An operator sets the fare of a trip that has ended.
    SetFare(OperatorId, Amount, Reason),
    /// An operator takes the trip from its driver, before the start.
    TakeBack(OperatorId, Reason),
    /// The driver has come within so many metres of the pick-up.
    NoteNearer(DriverId, u32),
    /// The time has passed at which the driver is later than promised.
    NoteLate,
    /// Nothing has been heard from the driver since that time.
    NoteSilent(DriverId, Timestamp),
    /// The driver's account was blocked.
    NoteBlocked(DriverId),
    /// The search for a trip for later begins.
    Open,
    /// The search has found no driver in time.
    Expire,
}

impl Action {
    /// The party, operator or service behind the action.
    pub const fn actor(&self) -> Actor {
        match self {
            Self::Accept(driver, _) => Actor::Driver(driver.id),
            Self::Arrive(driver, _)
            | Self::Start(driver, _)
            | Self::Complete(driver, _)
            | Self::GiveBack(driver, _)
            | Self::NoShow(driver, _) => Actor::Driver(*driver),
            Self::Cancel(rider, _) | Self::Amend(rider, _) | Self::Delete(rider) => {
                Actor::Rider(*rider)
            }
            Self::CancelByOperator(operator, _)
            | Self::TakeBack(operator, _)
            | Self::End(operator, ..)
            | Self::SetFare(operator, ..) => Actor::Operator(*operator),
            Self::NoteNearer(..)
            | Self::NoteLate
            | Self::NoteSilent(..)
            | Self::NoteBlocked(_)
            | Self::Open
            | Self::Expire => Actor::Service,
        }
    }

    /// The measured distance of the ride that the action ends, if it was measured.
    pub(crate) fn measured(&self) -> Option<&Measured> {
        match self {
            Self::Complete(_, measured) | Self::End(_, _, _, measured) => measured.as_deref(),
            Self::Accept(..)
            | Self::Arrive(..)
            | Self::Start(..)
            | Self::GiveBack(..)
            | Self::NoShow(..)
            | Self::Cancel(..)
            | Self::Amend(..)
            | Self::Delete(_)
            | Self::CancelByOperator(..)
            | Self::TakeBack(..)
            | Self::NoteNearer(..)
            | Self::NoteLate
            | Self::NoteSilent(..)
            | Self::NoteBlocked(_)
            | Self::Open
            | Self::SetFare(..)
            | Self::Expire => None,
        }
    }

    /// The verb, for messages.
    pub const fn verb(&self) -> &'static str {
        match self {
            Self::Accept(..) => "accept",
            Self::Arrive(..) => "arrive",
            Self::Start(..) => "start",
            Self::Complete(..) => "complete",
            Self::GiveBack(..) => "give_back",
            Self::NoShow(..) => "no_show",
            Self::Cancel(..) | Self::CancelByOperator(..) => "cancel",
            Self::Amend(..) => "amend",
            Self::Delete(_) => "delete",
            Self::TakeBack(..) => "take_back",
            Self::End(..) => "end",
            Self::SetFare(..) => "set_fare",
            Self::NoteNearer(..) | Self::NoteLate | Self::NoteSilent(..) | Self::NoteBlocked(_) => {
                "note"
            }
            Self::Open => "open",
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
pub enum TripRefusal {
    /// Another driver was first.
    #[error("Another driver has taken this trip.")]
    AlreadyTaken,
    /// The trip is another driver's or another rider's.
    #[error("This trip is not yours.")]
    NotYourTrip,
    /// The driver has had it and does not get it again.
    #[error("You have given this trip back, or it was taken from you.")]
    GivenBack,
    /// The rider has told the driver something else.
    #[error("This is not the ride's code.")]
    WrongCode,
    /// The rider still has time.
    #[error("The free waiting time lasts until {until}.")]
    TooEarly {
        /// Until when.
        until: Timestamp,
    },
    /// The driver is not where they say.
    #[error("You are {metres} m from the pick-up; you have arrived within {within} m of it.")]
    TooFar {
        /// How far away.
        metres: u32,
        /// Within how much one has arrived.
        within: u32,
    },
    /// The ride began only after its way was looked for: it is to be measured anew, for no ride ends without its way.
    #[error("This ride has only just begun.")]
    NotMeasured,
    /// The town has a list of reasons, and this is none of them.
    #[error("This is none of the reasons that can be given.")]
    UnknownReason,
    /// What was quoted hangs on this end of the way, named by its field: it can be moved, and not taken away.
    #[error("This trip was quoted by its pins: give another one instead.")]
    PinNeeded(&'static str),
    /// Nothing was ever to be paid for the trip.
    #[error("This trip has no price: its order names no currency.")]
    NoCurrency,
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
    pub fn apply(&self, action: &Action, at: Timestamp) -> Result<Change, TripRefusal> {
        match action {
            Action::Accept(driver, outset) => self.accept(driver, *outset, action, at),
            Action::Arrive(driver, from) => self.arrive(*driver, *from, action, at),
            Action::Start(driver, code) => self.start(*driver, code.as_ref(), action, at),
            Action::Complete(driver, _) => self.complete(*driver, action, at),
            Action::GiveBack(driver, reason) => self.give_back(*driver, reason, action, at),
            Action::NoShow(driver, from) => self.no_show(*driver, *from, action, at),
            Action::Cancel(rider, _) | Action::Amend(rider, _)
                if *rider != self.rider.id || self.hidden =>
            {
                Err(TripRefusal::NotYourTrip)
            }
            Action::Delete(rider) if *rider != self.rider.id => Err(TripRefusal::NotYourTrip),
            Action::Amend(_, amendment) => self.amend(amendment, action, at),
            Action::Delete(_) => self.delete(action, at),
            Action::Cancel(_, reason) => self.cancel(reason.clone(), action, at),
            Action::CancelByOperator(_, reason) => self.cancel(Some(reason.clone()), action, at),
            Action::End(_, ending, reason, _) => self.end(*ending, reason, action, at),
            Action::SetFare(_, amount, reason) => self.set_fare(*amount, reason, action, at),
            Action::TakeBack(_, reason) => self.take_back(Some(reason.clone()), action, at),
            Action::NoteNearer(driver, metres) => self.note_nearer(*driver, *metres, action, at),
            Action::NoteLate => self.note_late(action, at),
            Action::NoteSilent(driver, since) => self.note_silent(*driver, *since, action, at),
            Action::NoteBlocked(driver) => self.note_blocked(*driver, action, at),
            Action::Open => self.open(action, at),
            Action::Expire => self.expire(action, at),
        }
    }

    const fn not_possible(&self, action: &Action) -> TripRefusal {
        TripRefusal::NotPossible {
            verb: action.verb(),
            status: self.state.status(),
        }
    }

    /// The same trip, one revision later. Time never runs backwards within a trip, even where the clock does.
    fn next(&self, at: Timestamp) -> Self {
        Self {
            changed_at: at.max(self.changed_at),
            revision: self.revision + 1,
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ride_ends_completed_or_cancelled() {
        assert_eq!(RideEnding::parse("COMPLETED"), Ok(RideEnding::Completed));
        assert_eq!(RideEnding::parse("CANCELLED"), Ok(RideEnding::Cancelled));
        let refused = Err("Not a valid choice: COMPLETED or CANCELLED.");
        assert_eq!(RideEnding::parse("completed"), refused);
    }
}
