//! What a straight line can tell: the last resort, which always answers.

use jiff::Timestamp;

use super::{EtaAnswer, EtaQuery, Provider, Via};

/// A straight line times a factor, at one speed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Straight {
    /// How much longer the way by road is than the straight line.
    pub detour: f64,
    /// How fast drivers get on, in metres a second, lights and jams included.
    pub speed_mps: f64,
}

impl Straight {
    /// A large town by day: 12.8 km/h along the straight line, which is off by a tenth in the median of Manhattan's
    /// ways.
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

impl Default for Straight {
    fn default() -> Self {
        Self::CITY
    }
}

impl Provider for Straight {
    fn to_pick_up(&self, asks: &[EtaQuery<'_>], _at: Timestamp) -> Vec<EtaAnswer> {
        let answers = asks.iter().map(|ask| {
            let drivers = ask.drivers.iter();
            let seconds = drivers.map(|driver| Some(self.seconds(driver.metres_to(ask.pick_up))));
            ask.answer(seconds.collect(), Via::Straight)
        });
        answers.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_in_town_is_213_metres_of_straight_line() {
        assert_eq!(Straight::CITY.seconds(0.0), 0);
        assert_eq!(Straight::CITY.seconds(213.0), 60);
        assert_eq!(Straight::CITY.seconds(214.0), 61);
        assert!((Straight::CITY.metres_max(60) - 214.3).abs() < 0.1);
    }
}
