//! The kinds of events that can happen to a trip.

use super::action::{Action, RideEnding};
use super::trip::Status;

/// The kind of a trip's event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TripEventKind {
    /// The rider requested a trip for later.
    Scheduled,
    /// The rider requested a trip, or the search for a trip for later has begun.
    Requested,
    /// The rider changed the pick-up or the drop-off.
    Amended,
    Accepted,
    GivenBack,
    /// By an operator, or by the service because the driver was blocked.
    TakenBack,
    /// The driver has come nearer to the pick-up, so that a late cancellation may cost something.
    DriverNearer,
    /// The driver is later than promised.
    DriverLate,
    /// The driver's device has reported nothing for too long.
    DriverSilent,
    /// The driver was blocked while the rider was in the car.
    DriverBlocked,
    Arrived,
    Started,
    Completed,
    Cancelled,
    /// The driver has waited in vain for the rider.
    NoShow,
    Expired,
    /// The rider deleted the trip before a driver had it, which cancels it.
    Withdrawn,
    /// The rider deleted the trip after its end.
    Removed,
    FareSet,
}

impl TripEventKind {
    pub(super) const ALL: [Self; 19] = [
        Self::Scheduled,
        Self::Requested,
        Self::Amended,
        Self::Accepted,
        Self::GivenBack,
        Self::TakenBack,
        Self::DriverNearer,
        Self::DriverLate,
        Self::DriverSilent,
        Self::DriverBlocked,
        Self::Arrived,
        Self::Started,
        Self::Completed,
        Self::Cancelled,
        Self::NoShow,
        Self::Expired,
        Self::Withdrawn,
        Self::Removed,
        Self::FareSet,
    ];

    /// The kind's word in rows and on the wire.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Requested => "requested",
            Self::Amended => "amended",
            Self::Accepted => "accepted",
            Self::GivenBack => "given-back",
            Self::TakenBack => "taken-back",
            Self::DriverNearer => "driver-nearer",
            Self::DriverLate => "driver-late",
            Self::DriverSilent => "driver-silent",
            Self::DriverBlocked => "driver-blocked",
            Self::Arrived => "arrived",
            Self::Started => "started",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::NoShow => "no-show",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
            Self::Removed => "removed",
            Self::FareSet => "fare-set",
        }
    }

    /// Whether the event is a finding about the driver, which does not move the trip. Clients that only receive trips
    /// as they stand do not receive it.
    pub const fn is_note(self) -> bool {
        matches!(
            self,
            Self::DriverNearer | Self::DriverLate | Self::DriverSilent | Self::DriverBlocked
        )
    }

    /// Reads a kind's word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// The kind of the event that an action makes, for a trip that had the status `before`.
    pub fn of(action: &Action, before: Status) -> Self {
        match action {
            Action::Accept(..) => Self::Accepted,
            Action::Arrive(..) => Self::Arrived,
            Action::Start(..) => Self::Started,
            Action::Complete(..) | Action::End(_, RideEnding::Completed, ..) => Self::Completed,
            Action::GiveBack(..) => Self::GivenBack,
            Action::NoShow(..) => Self::NoShow,
            Action::TakeBack(..) => Self::TakenBack,
            Action::NoteNearer(..) => Self::DriverNearer,
            Action::NoteLate => Self::DriverLate,
            Action::NoteSilent(..) => Self::DriverSilent,
            Action::NoteBlocked(_) if before == Status::InProgress => Self::DriverBlocked,
            Action::NoteBlocked(_) => Self::TakenBack,
            Action::Cancel(..)
            | Action::CancelByOperator(..)
            | Action::End(_, RideEnding::Cancelled, ..) => Self::Cancelled,
            Action::Amend(..) => Self::Amended,
            Action::Delete(_) if !before.is_final() => Self::Withdrawn,
            Action::Delete(_) => Self::Removed,
            Action::SetFare(..) => Self::FareSet,
            Action::Open => Self::Requested,
            Action::Expire => Self::Expired,
        }
    }
}
