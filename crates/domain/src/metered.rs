//! The metered distance of a ride, as the trip stores it and the fare counts it.

use serde::{Deserialize, Serialize};

use super::track::Measured;

/// The metered distance of a ride, in whole metres.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metered {
    /// The metres that were measured from fixes.
    pub measured_m: u64,
    /// The metres that were filled in for gaps.
    pub filled_m: u64,
    /// Whether the fixes show that the car did not move.
    pub stood_still: bool,
    /// Whether there were usable fixes.
    #[serde(default)]
    pub has_fixes: bool,
}

impl Metered {
    /// The metres that are charged.
    pub const fn metres(&self) -> u64 {
        self.measured_m + self.filled_m
    }

    /// Whether anything is known of the distance, from fixes or from the ends of the ride.
    pub(crate) const fn is_known(&self) -> bool {
        self.metres() > 0 || self.stood_still || self.has_fixes
    }
}

impl From<&Measured> for Metered {
    fn from(measured: &Measured) -> Self {
        // No distance is negative, or longer than a car drives in the time of a ride.
        let whole = |metres: f64| metres.round() as u64;
        Self {
            measured_m: whole(measured.measured_m),
            filled_m: whole(measured.filled_m),
            stood_still: measured.stood_still,
            has_fixes: !measured.segments.is_empty(),
        }
    }
}
