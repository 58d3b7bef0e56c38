//! What can happen to a trip, by name.

use super::action::{Action, RideEnding};
use super::trip::Status;

/// What happened to a trip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TripEventKind {
    /// A rider asked for a later time.
    Scheduled,
    /// A rider asked, or the time to look for a driver has come.
    Requested,
    /// Its rider changed an address.
    Amended,
    /// A driver took it.
    Accepted,
    /// Its driver gave it back.
    GivenBack,
    /// It was taken from its driver, by an operator or because the driver was blocked.
    TakenBack,
    /// Its driver has come nearer to the pick-up, so that a late cancellation may cost something.
    DriverNearer,
    /// Its driver is later than promised.
    DriverLate,
    /// Nothing is heard of its driver.
    DriverSilent,
    /// Its driver was blocked under way.
    DriverBlocked,
    /// The driver is at the pick-up.
    Arrived,
    /// The ride began.
    Started,
    /// The ride is over.
    Completed,
    /// It was called off.
    Cancelled,
    /// The driver has waited in vain.
    NoShow,
    /// No driver was found in time.
    Expired,
    /// Its rider deleted it while a driver was looked for, which calls it off.
    Withdrawn,
    /// Its rider deleted it after its end.
    Removed,
    /// An operator set another fare.
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

    /// The word in rows.
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

    /// Whether it says something about the driver that moves the trip nowhere; who hears of trips as they stand hears nothing new.
    pub const fn is_note(self) -> bool {
        matches!(
            self,
            Self::DriverNearer | Self::DriverLate | Self::DriverSilent | Self::DriverBlocked
        )
    }

    /// The kind of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// What an action that took effect on a trip of that status is called afterwards.
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
