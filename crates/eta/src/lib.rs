//! How long drivers take to a pick-up.
//!
//! Three sources know it: a straight line times a factor, always; a road graph in this process
//! ([`road`]), where the operator has given a map; a table service ([`osrm`]), where
//! there is one. A chain asks the best of them first and falls back, so that a trip is dispatched whatever fails; its
//! answer says who gave it.
//!
//! Asking is synchronous: dispatch plans on a blocking thread anyway, the road graph is nothing but computing, and a
//! plan that waits for a table service has nothing else to do meanwhile.

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

/// How far a place may be from the nearest street to be on a map. A farm may lie so far from the road; the next town
/// does not.
pub(crate) const LEG_MAX_M: f64 = 1_000.0;

/// How long these drivers take to that pick-up?
#[derive(Debug, Clone, Copy)]
pub struct EtaQuery<'a> {
    /// Where the rider is.
    pub pick_up: Coordinates,
    /// Where the drivers are.
    pub drivers: &'a [Coordinates],
    /// Who takes longer is of no interest, in seconds.
    pub within_s: u32,
}

/// What was found out about an [`EtaQuery`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EtaAnswer {
    /// Driver by driver in the order of the ask, in seconds; nothing for one who has no way there, or none within the
    /// time.
    pub seconds: Vec<Option<u32>>,
    /// Who has told.
    pub via: Via,
}

/// Who tells how long drivers take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Via {
    /// The straight line, times a factor.
    Straight,
    /// The road graph in this process.
    Road,
    /// A table service that speaks as OSRM does.
    Osrm,
}

impl Via {
    /// The word for it, in records and logs.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Straight => "straight",
            Self::Road => "road",
            Self::Osrm => "osrm",
        }
    }
}

/// Tells how long drivers take, for as many pick-ups at once as there are.
pub trait Provider: Debug + Send + Sync {
    /// An answer for each ask, in their order, for drivers who set out at that time. It may block.
    fn to_pick_up(&self, asks: &[EtaQuery<'_>], at: Timestamp) -> Vec<EtaAnswer>;
}

impl EtaQuery<'_> {
    /// The answer, without those who take too long.
    fn answer(&self, mut seconds: DrivingTimes, via: Via) -> EtaAnswer {
        for of_one in &mut seconds {
            *of_one = of_one.filter(|seconds| *seconds <= self.within_s);
        }
        EtaAnswer { seconds, via }
    }
}
