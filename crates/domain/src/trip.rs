//! A trip and its state. [`action`](super::action) has what may happen to it.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::duties::Conduct;
use super::fare::{Fare, HighFare, LineKind, SetFare};
use super::id::{DriverId, RiderId, TripId};
use super::metered::Metered;
use super::order::Order;
use super::place::Place;
use super::text::Reason;
use super::user::{Actor, Party};

/// A rider's request and everything that becomes of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trip {
    /// The integer id, for older clients. 0 until the store has assigned one.
    pub number: i64,
    /// The trip's key, which nobody can guess.
    pub id: TripId,
    pub rider: Party<RiderId>,
    pub pick_up: Place,
    pub drop_off: Place,
    pub requested_at: Timestamp,
    pub changed_at: Timestamp,
    pub search_ends_at: Timestamp,
    /// Counts the changes. The request is 1.
    pub revision: i64,
    pub state: TripState,
    /// Why the trip was cancelled or ended, if a reason was given.
    pub reason: Option<Reason>,
    /// Whether the rider has deleted the trip. Everybody else still sees it.
    #[serde(default)]
    pub hidden: bool,
    #[serde(default)]
    pub order: Order,
    /// Counts the attempts to find a driver from 1. A give-back or a take-back begins the next one.
    #[serde(default = "first")]
    pub attempt: i64,
    #[serde(default)]
    pub given_back_by: Vec<DriverId>,
    /// The times of the present attempt.
    #[serde(default)]
    pub times: TripTimes,
    /// How the trip's driver keeps the duties.
    #[serde(default, skip_serializing_if = "Conduct::is_blank")]
    pub conduct: Conduct,
    /// The fare to be paid, once the trip has ended and costs anything.
    #[serde(default)]
    pub fare: Option<Fare>,
    /// The metered distance of a completed ride. `None` if nothing was metered.
    #[serde(default)]
    pub ridden: Option<Metered>,
    /// Set if an operator has replaced the computed fare.
    #[serde(default)]
    pub fare_set: Option<SetFare>,
}

/// The times of a trip's present attempt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TripTimes {
    /// When a driver accepted the trip.
    pub taken_at: Option<Timestamp>,
    /// When the driver was at the pick-up.
    pub arrived_at: Option<Timestamp>,
    /// When the ride began.
    pub started_at: Option<Timestamp>,
}

const fn first() -> i64 {
    1
}

/// The state of a trip, with the data that exist in that state only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TripState {
    /// The trip is for later. The search for a driver has not begun.
    Scheduled,
    /// The service looks for a driver.
    Requested,
    /// A driver has accepted the trip and is on the way to the pick-up.
    #[serde(rename = "STARTED")]
    Accepted { driver: Party<DriverId> },
    /// The driver waits at the pick-up.
    Arrived { driver: Party<DriverId> },
    /// The rider is in the car.
    InProgress { driver: Party<DriverId> },
    /// The ride is over.
    Completed {
        driver: Party<DriverId>,
        /// The driver or the operator who ended the ride.
        by: Actor,
    },
    /// The trip was cancelled, by its rider or an operator.
    Cancelled {
        /// The driver who had accepted the trip, if there was one.
        driver: Option<Party<DriverId>>,
        by: Actor,
    },
    /// The driver has waited in vain for the rider.
    NoShow { driver: Party<DriverId> },
    /// No driver was found in time.
    Expired,
}

/// The bare name of a state, as rows and the wire have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// The trip is for later. The search for a driver has not begun.
    Scheduled,
    /// The service looks for a driver.
    Requested,
    /// A driver is on the way to the pick-up.
    #[serde(rename = "STARTED")]
    Accepted,
    /// The driver waits at the pick-up.
    Arrived,
    /// The rider is in the car.
    InProgress,
    /// The ride is over.
    Completed,
    /// The trip was cancelled, by its rider or an operator.
    Cancelled,
    /// The driver has waited in vain for the rider.
    NoShow,
    /// No driver was found in time.
    Expired,
}

impl Status {
    /// Every status, in the order of a trip's life.
    pub const ALL: [Self; 9] = [
        Self::Scheduled,
        Self::Requested,
        Self::Accepted,
        Self::Arrived,
        Self::InProgress,
        Self::Completed,
        Self::Cancelled,
        Self::NoShow,
        Self::Expired,
    ];

    /// The statuses of trips that have not ended.
    pub const OPEN: [Self; 5] = [
        Self::Scheduled,
        Self::Requested,
        Self::Accepted,
        Self::Arrived,
        Self::InProgress,
    ];

    /// The statuses of trips that occupy a driver. The schema repeats them: `one_active_trip_per_driver`.
    pub const TAKEN: [Self; 3] = [Self::Accepted, Self::Arrived, Self::InProgress];

    /// The status's word in rows and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "SCHEDULED",
            Self::Requested => "REQUESTED",
            Self::Accepted => "STARTED",
            Self::Arrived => "ARRIVED",
            Self::InProgress => "IN_PROGRESS",
            Self::Completed => "COMPLETED",
            Self::Cancelled => "CANCELLED",
            Self::NoShow => "NO_SHOW",
            Self::Expired => "EXPIRED",
        }
    }

    /// Reads a status's word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }

    /// Whether a trip of this status has ended.
    pub fn is_final(self) -> bool {
        !Self::OPEN.contains(&self)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl TripState {
    /// The bare name of the state.
    pub const fn status(&self) -> Status {
        match self {
            Self::Scheduled => Status::Scheduled,
            Self::Requested => Status::Requested,
            Self::Accepted { .. } => Status::Accepted,
            Self::Arrived { .. } => Status::Arrived,
            Self::InProgress { .. } => Status::InProgress,
            Self::Completed { .. } => Status::Completed,
            Self::Cancelled { .. } => Status::Cancelled,
            Self::NoShow { .. } => Status::NoShow,
            Self::Expired => Status::Expired,
        }
    }

    /// The trip's driver, or the one who had it when it ended.
    pub const fn driver(&self) -> Option<&Party<DriverId>> {
        match self {
            Self::Scheduled | Self::Requested | Self::Expired => None,
            Self::Accepted { driver }
            | Self::Arrived { driver }
            | Self::InProgress { driver }
            | Self::NoShow { driver }
            | Self::Completed { driver, .. } => Some(driver),
            Self::Cancelled { driver, .. } => driver.as_ref(),
        }
    }

    /// The same driver, mutable.
    pub const fn driver_mut(&mut self) -> Option<&mut Party<DriverId>> {
        match self {
            Self::Scheduled | Self::Requested | Self::Expired => None,
            Self::Accepted { driver }
            | Self::Arrived { driver }
            | Self::InProgress { driver }
            | Self::NoShow { driver }
            | Self::Completed { driver, .. } => Some(driver),
            Self::Cancelled { driver, .. } => driver.as_mut(),
        }
    }

    /// Who completed or cancelled the trip.
    pub const fn ended_by(&self) -> Option<Actor> {
        match self {
            Self::Completed { by, .. } | Self::Cancelled { by, .. } => Some(*by),
            Self::Scheduled
            | Self::Requested
            | Self::Accepted { .. }
            | Self::Arrived { .. }
            | Self::InProgress { .. }
            | Self::NoShow { .. }
            | Self::Expired => None,
        }
    }
}

/// A rider's request for a trip.
#[derive(Debug, Clone, PartialEq)]
pub struct TripRequest {
    /// The key that the new trip gets.
    pub id: TripId,
    pub rider: Party<RiderId>,
    pub pick_up: Place,
    pub drop_off: Place,
    pub order: Order,
}

impl Trip {
    /// Makes a new trip from a request.
    pub fn request(request: TripRequest, at: Timestamp) -> Self {
        let opens_at = request.order.opens_at.filter(|opens_at| *opens_at > at);
        Self {
            number: 0,
            id: request.id,
            rider: request.rider,
            pick_up: request.pick_up,
            drop_off: request.drop_off,
            requested_at: at,
            changed_at: at,
            search_ends_at: request.order.search_ends_at(opens_at.unwrap_or(at)),
            revision: 1,
            state: opens_at.map_or(TripState::Requested, |_| TripState::Scheduled),
            reason: None,
            hidden: false,
            order: request.order,
            attempt: 1,
            given_back_by: Vec::new(),
            times: TripTimes::default(),
            conduct: Conduct::default(),
            fare: None,
            ridden: None,
            fare_set: None,
        }
    }

    /// The distance that the quote was computed from, in metres.
    pub fn quoted_m(&self) -> Option<u64> {
        let quoted = self.order.terms.as_ref()?.quoted.as_ref()?;
        let distance = quoted
            .lines
            .iter()
            .find(|line| line.kind == LineKind::Distance)?;
        u64::try_from(distance.quantity?).ok()
    }

    /// The fare that the rules came to, even if an operator has replaced it since.
    pub(crate) fn computed_fare(&self) -> Option<&Fare> {
        match &self.fare_set {
            Some(set) => set.computed.as_ref(),
            None => self.fare.as_ref(),
        }
    }

    /// Why the ride cost much more than its quote, if it did.
    pub(crate) fn high_fare(&self) -> Option<HighFare> {
        if self.state.status() != Status::Completed {
            return None;
        }
        let terms = self.order.terms.as_ref()?;
        let (fare, quoted) = (self.computed_fare()?, terms.quoted.as_ref()?);
        HighFare::of(fare, quoted, terms.high_fare_permille)
    }

    /// The driver who has the trip now. A trip that has ended has none.
    pub fn taken_by(&self) -> Option<&Party<DriverId>> {
        let driver = self.state.driver();
        driver.filter(|_| Status::TAKEN.contains(&self.state.status()))
    }

    /// Whether that driver has the trip now.
    pub(crate) fn is_with(&self, driver: DriverId) -> bool {
        self.taken_by().is_some_and(|by| by.id == driver)
    }

    /// When the driver will count as late, while the driver is on the way and not late yet.
    pub fn late_due_at(&self) -> Option<Timestamp> {
        let is_coming = matches!(self.state, TripState::Accepted { .. });
        let due = self.conduct.late_after.filter(|_| is_coming);
        due.filter(|_| self.conduct.late_at.is_none())
    }

    /// Whether the driver is late, which has not been noted yet.
    pub(crate) fn is_late(&self, at: Timestamp) -> bool {
        self.late_due_at().is_some_and(|due| at >= due)
    }

    /// The distance from the pick-up, in metres, at which the driver has come near enough for a late cancellation to
    /// cost something. `None` if that is settled already or makes no difference.
    pub(crate) fn near_due_m(&self) -> Option<u32> {
        let duties = self.order.duties();
        let is_coming = matches!(self.state, TripState::Accepted { .. });
        let is_asked = duties.nearer_percent > 0 && self.conduct.nearer_at.is_none();
        let has_fee = self
            .order
            .terms
            .as_ref()
            .is_some_and(|it| it.has_cancel_fee());
        let near = self.conduct.near_m(&duties);
        near.filter(|_| is_coming && is_asked && has_fee)
    }

    /// Whether the trip is offered to single drivers, and not announced to all.
    pub fn is_offered(&self) -> bool {
        self.order.policy.offers()
    }
}
