//! Driving times along the straight line: the last resort, which always has an answer.

use jiff::Timestamp;

use super::{EtaAnswer, EtaQuery, Provider, Via};

/// A straight line times a factor, at one speed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Straight {
    /// The ratio of the distance by road to the straight line.
    pub detour: f64,
    /// The average speed by road, in metres per second, lights and jams included.
    pub speed_mps: f64,
}

impl Straight {
    /// A large town by day: 12.8 km/h along the straight line. The median error for trips in Manhattan is a tenth.
    pub const CITY: Self = Self {
        detour: 1.3,
        speed_mps: 1.3 * 12.8 / 3.6,
    };

    /// The time for a straight-line distance, in whole seconds, rounded up.
    pub fn seconds(self, metres: f64) -> u32 {
        (metres * self.detour / self.speed_mps).ceil() as u32
    }

    /// The largest straight-line distance that can be driven in the time, in metres.
    pub fn metres_max(self, eta_max_s: u32) -> f64 {
        // One metre more because of rounding; `seconds` decides about the drivers within it.
        f64::from(eta_max_s) * self.speed_mps / self.detour + 1.0
    }
}

impl Default for Straight {
    fn default() -> Self {
        Self::CITY
    }
}

impl Provider for Straight {
    fn to_pick_up(&self, queries: &[EtaQuery<'_>], _at: Timestamp) -> Vec<EtaAnswer> {
        let answers = queries.iter().map(|query| {
            let drivers = query.drivers.iter();
            let seconds = drivers.map(|driver| Some(self.seconds(driver.metres_to(query.pick_up))));
            query.answer(seconds.collect(), Via::Straight)
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
