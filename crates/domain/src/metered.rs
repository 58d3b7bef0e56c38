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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::Coordinates;

    fn metered(measured_m: u64, filled_m: u64) -> Metered {
        Metered {
            measured_m,
            filled_m,
            ..Metered::default()
        }
    }

    #[test]
    fn what_was_measured_and_what_was_filled_in_is_charged() {
        assert_eq!(metered(1_200, 34).metres(), 1_234);
    }

    #[test]
    fn a_distance_is_known_by_metres_by_fixes_or_by_standing_still() {
        assert!(!metered(0, 0).is_known());
        assert!(metered(1, 0).is_known() && metered(0, 1).is_known());
        let stood_still = Metered {
            stood_still: true,
            ..Metered::default()
        };
        let has_fixes = Metered {
            has_fixes: true,
            ..Metered::default()
        };
        assert!(stood_still.is_known() && has_fixes.is_known());
    }

    #[test]
    fn a_measured_ride_is_rounded_to_whole_metres() {
        let here = Coordinates::new(48.0, 11.0).expect("on the earth");
        let measured = Measured {
            measured_m: 1_200.5,
            filled_m: 34.4,
            stood_still: true,
            segments: vec![vec![here]],
            ..Measured::default()
        };
        let expected = Metered {
            measured_m: 1_201,
            filled_m: 34,
            stood_still: true,
            has_fixes: true,
        };
        assert_eq!(Metered::from(&measured), expected);
        assert_eq!(Metered::from(&Measured::default()), Metered::default());
    }
}
