//! How far a rider was driven, as the trip keeps it and the fare counts it.

use serde::{Deserialize, Serialize};

use super::track::Measured;

/// How far a rider was driven, in whole metres.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metered {
    /// What the fixes tell.
    pub measured_m: u64,
    /// What was put in for the gaps between them.
    pub filled_m: u64,
    /// Whether the fixes say that the car did not move.
    pub stood_still: bool,
    /// Whether there were fixes that say anything.
    #[serde(default)]
    pub has_fixes: bool,
}

impl Metered {
    /// What is charged.
    pub const fn metres(&self) -> u64 {
        self.measured_m + self.filled_m
    }

    /// Whether anything is known: fixes, or from where to where it was.
    pub(crate) const fn is_known(&self) -> bool {
        self.metres() > 0 || self.stood_still || self.has_fixes
    }
}

impl From<&Measured> for Metered {
    fn from(measured: &Measured) -> Self {
        // No way is negative, and none is longer than a car drives in the time of a ride.
        let whole = |metres: f64| metres.round() as u64;
        Self {
            measured_m: whole(measured.measured_m),
            filled_m: whole(measured.filled_m),
            stood_still: measured.stood_still,
            has_fixes: !measured.segments.is_empty(),
        }
    }
}
