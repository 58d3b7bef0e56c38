//! Estimates how long drivers take to a pick-up.
//!
//! There are three sources: the straight line times a factor, always; a road graph in this process ([`road`]), if the
//! operator has given a map; and a table service ([`osrm`]), if there is one. A chain asks the best source first and
//! falls back to the next, so that a trip is dispatched whatever fails. The answer names its source.
//!
//! Queries are synchronous: dispatch plans on a blocking thread anyway, the road graph only computes, and a plan that
//! waits for a table service has nothing else to do.

#![warn(unreachable_pub)]

mod chain;
pub mod osrm;
pub mod road;
mod straight;
mod traffic;

use std::fmt::Debug;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use domain::Coordinates;

pub use chain::{Chain, DrivingTimes, Source, Unanswered};
pub use straight::Straight;
pub use traffic::{Traffic, TrafficError};

/// The largest distance from the nearest street, in metres, at which a point counts as on the map. A farm may be that
/// far from its road; another town is further.
pub(crate) const LEG_MAX_M: f64 = 1_000.0;

/// Asks how long these drivers take to a pick-up.
#[derive(Debug, Clone, Copy)]
pub struct EtaQuery<'a> {
    pub pick_up: Coordinates,
    pub drivers: &'a [Coordinates],
    /// Drivers who take longer than this many seconds are of no interest.
    pub within_s: u32,
}

/// The answer to an [`EtaQuery`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EtaAnswer {
    /// Seconds, in the order of the drivers. `None` for a driver without a route, or with none within the time.
    pub seconds: Vec<Option<u32>>,
    /// The source of the answer.
    pub via: Via,
}

/// The source of driving times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Via {
    /// The straight line, times a factor.
    Straight,
    /// The road graph in this process.
    Road,
    /// A table service with OSRM's interface.
    Osrm,
}

impl Via {
    /// The source's word in records and logs.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Straight => "straight",
            Self::Road => "road",
            Self::Osrm => "osrm",
        }
    }
}

/// Estimates driving times for any number of pick-ups at once.
pub trait Provider: Debug + Send + Sync {
    /// The answer to each query, in their order, for drivers who set out at that time. The call may block.
    fn to_pick_up(&self, queries: &[EtaQuery<'_>], at: Timestamp) -> Vec<EtaAnswer>;
}

impl EtaQuery<'_> {
    /// The answer, without drivers who take too long.
    fn answer(&self, mut seconds: DrivingTimes, via: Via) -> EtaAnswer {
        for time in &mut seconds {
            *time = time.filter(|seconds| *seconds <= self.within_s);
        }
        EtaAnswer { seconds, via }
    }
}
