//! A trip and where it stands; [`action`](super::action) has what may become of it.

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
    pub state: TripState,
    /// Why it was cancelled or ended, if somebody said.
    pub reason: Option<Reason>,
    /// Its rider has deleted it: gone for them, and for nobody else.
    #[serde(default)]
    pub hidden: bool,
    /// What was ordered.
    #[serde(default)]
    pub order: Order,
    /// Which attempt to find a driver this is; a give-back begins the next one.
    #[serde(default = "first")]
    pub attempt: i64,
    /// The drivers who have given it back.
    #[serde(default)]
    pub given_back_by: Vec<DriverId>,
    /// When what happened in this attempt.
    #[serde(default)]
    pub times: TripTimes,
    /// How the driver who has it keeps their duties.
    #[serde(default, skip_serializing_if = "Conduct::is_blank")]
    pub conduct: Conduct,
    /// What is due, once it is over and costs anything.
    #[serde(default)]
    pub fare: Option<Fare>,
    /// How far the rider was driven, once a ride is over whose device was asked.
    #[serde(default)]
    pub ridden: Option<Metered>,
    /// That this is another fare than was computed, if it is.
    #[serde(default)]
    pub fare_set: Option<SetFare>,
}

/// When what happened to a trip, since a driver took it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TripTimes {
    /// A driver took it.
    pub taken_at: Option<Timestamp>,
    /// The driver was at the pick-up.
    pub arrived_at: Option<Timestamp>,
    /// The ride began.
    pub started_at: Option<Timestamp>,
}

const fn first() -> i64 {
    1
}

/// Where a trip stands, with what is known there and only there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TripState {
    /// It is for later: a driver will be looked for.
    Scheduled,
    /// A driver is looked for.
    Requested,
    /// A driver has taken it and is on the way to the pick-up.
    #[serde(rename = "STARTED")]
    Accepted {
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
    /// The driver has waited in vain.
    NoShow {
        /// Who waited.
        driver: Party<DriverId>,
    },
    /// No driver was found in time.
    Expired,
}

/// A state's name alone, as it stands in rows and on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// A driver will be looked for.
    Scheduled,
    /// A driver is looked for.
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
    /// It was called off.
    Cancelled,
    /// The driver has waited in vain.
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

    /// What is not over.
    pub const OPEN: [Self; 5] = [
        Self::Scheduled,
        Self::Requested,
        Self::Accepted,
        Self::Arrived,
        Self::InProgress,
    ];

    /// What occupies a driver. The schema repeats it: `one_active_trip_per_driver`.
    pub const TAKEN: [Self; 3] = [Self::Accepted, Self::Arrived, Self::InProgress];

    /// The word in rows and on the wire.
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

    /// The status of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }

    /// Whether nothing can follow.
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
    /// The name alone.
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

    /// Who drives, or drove.
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

    /// The same, to be changed.
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

    /// Who ended it, if somebody did.
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

/// What a rider asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct TripRequest {
    /// The new trip's key.
    pub id: TripId,
    /// Who asks.
    pub rider: Party<RiderId>,
    /// From where.
    pub pick_up: Place,
    /// To where.
    pub drop_off: Place,
    /// What else is ordered.
    pub order: Order,
}

impl Trip {
    /// The new trip that a request makes.
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

    /// How far it was expected to be when it was quoted, in metres.
    pub fn quoted_m(&self) -> Option<u64> {
        let quoted = self.order.terms.as_ref()?.quoted.as_ref()?;
        let distance = quoted
            .lines
            .iter()
            .find(|line| line.kind == LineKind::Distance)?;
        u64::try_from(distance.quantity?).ok()
    }

    /// What the rules came to, whatever an operator has decided since.
    pub(crate) fn computed_fare(&self) -> Option<&Fare> {
        match &self.fare_set {
            Some(set) => set.computed.as_ref(),
            None => self.fare.as_ref(),
        }
    }

    /// Why the ride cost much more than was quoted, if it did.
    pub(crate) fn high_fare(&self) -> Option<HighFare> {
        if self.state.status() != Status::Completed {
            return None;
        }
        let terms = self.order.terms.as_ref()?;
        let (fare, quoted) = (self.computed_fare()?, terms.quoted.as_ref()?);
        HighFare::of(fare, quoted, terms.high_fare_permille)
    }

    /// The driver who has it now, not one who had it when it ended.
    pub fn taken_by(&self) -> Option<&Party<DriverId>> {
        let driver = self.state.driver();
        driver.filter(|_| Status::TAKEN.contains(&self.state.status()))
    }

    /// Whether that driver has it now.
    pub(crate) fn is_with(&self, driver: DriverId) -> bool {
        self.taken_by().is_some_and(|by| by.id == driver)
    }

    /// When its driver is late, while that can still come.
    pub fn late_due_at(&self) -> Option<Timestamp> {
        let is_coming = matches!(self.state, TripState::Accepted { .. });
        let due = self.conduct.late_after.filter(|_| is_coming);
        due.filter(|_| self.conduct.late_at.is_none())
    }

    /// Whether its driver is late, and nobody has noted it.
    pub(crate) fn is_late(&self, at: Timestamp) -> bool {
        self.late_due_at().is_some_and(|due| at >= due)
    }

    /// From how far away at most its driver has come near enough for a late cancellation to cost something; nothing where that is settled, or
    /// nobody asks.
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

    /// Whether it goes to drivers one by one, and not to all of them.
    pub fn is_offered(&self) -> bool {
        self.order.policy.offers()
    }
}
