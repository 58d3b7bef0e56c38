//! How long a driver takes to the pick-up, as far as a straight line can tell.

/// A straight line times a factor, at one speed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Eta {
    /// How much longer the way by road is than the straight line.
    pub detour: f64,
    /// How fast drivers get on, in metres a second, lights and jams included.
    pub speed_mps: f64,
}

impl Eta {
    /// A large town by day: 12.8 km/h along the straight line, which is off by a tenth in the median of Manhattan's ways.
    pub const CITY: Self = Self {
        detour: 1.3,
        speed_mps: 1.3 * 12.8 / 3.6,
    };

    /// Whole seconds for a distance by straight line, rounded up.
    pub fn seconds(self, metres: f64) -> u32 {
        (metres * self.detour / self.speed_mps).ceil() as u32
    }

    /// A distance that nobody exceeds who is there in time.
    pub fn metres_max(self, eta_max_s: u32) -> f64 {
        // A metre more than it is, for rounding: who is found is judged by `seconds`.
        f64::from(eta_max_s) * self.speed_mps / self.detour + 1.0
    }
}

impl Default for Eta {
    fn default() -> Self {
        Self::CITY
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_in_town_is_213_metres_of_straight_line() {
        assert_eq!(Eta::CITY.seconds(0.0), 0);
        assert_eq!(Eta::CITY.seconds(213.0), 60);
        assert_eq!(Eta::CITY.seconds(214.0), 61);
        assert!((Eta::CITY.metres_max(60) - 214.3).abs() < 0.1);
    }
}
