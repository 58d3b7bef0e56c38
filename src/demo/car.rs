//! A car that drives in straight lines, without traffic.

use std::time::Instant;

use serde_json::{Value, json};

use super::places;
use crate::client::Location;

/// 50 km/h, in metres a second.
pub const SPEED: f64 = 13.9;
/// The service believes no position that is faster than this; a fast demo stays below it.
const SPEED_MAX: f64 = 60.0;
/// A car this near to its goal has reached it, in metres.
const THERE: f64 = 5.0;

/// A car, driving or parked.
pub struct DemoCar {
    at: Location,
    seen_at: Instant,
    heading: f64,
    speed: f64,
}

impl DemoCar {
    /// A car that stands still.
    pub fn parked(at: Location, now: Instant) -> Self {
        Self {
            at,
            seen_at: now,
            heading: 0.0,
            speed: 0.0,
        }
    }

    /// Drives towards a place for the time that has passed; returns whether the car has reached it.
    pub fn drive(&mut self, to: Location, speed: f64, now: Instant) -> bool {
        self.speed = speed.min(SPEED_MAX);
        let can = self.speed * now.duration_since(self.seen_at).as_secs_f64();
        self.seen_at = now;
        let (east, north) = places::offset_m(self.at, to);
        let far = east.hypot(north);
        if far <= can.max(THERE) {
            self.at = to;
            self.speed = 0.0;
            return true;
        }
        self.heading = east.atan2(north).to_degrees().rem_euclid(360.0);
        self.at.lon += (to.lon - self.at.lon) * can / far;
        self.at.lat += (to.lat - self.at.lat) * can / far;
        false
    }

    /// Lets time pass without driving.
    pub fn wait(&mut self, now: Instant) {
        self.seen_at = now;
        self.speed = 0.0;
    }

    /// The position that its device reports. It has no time, so the service takes the time of receipt.
    pub fn position(&self) -> Value {
        json!({"lat": self.at.lat, "lon": self.at.lon, "heading": self.heading, "speed": self.speed, "accuracy": 5.0})
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use places::{MARKET, STATION, metres};

    #[test]
    fn a_car_gets_there_as_fast_as_it_drives() {
        let begun = Instant::now();
        let (from, to) = (MARKET.location(), STATION.location());
        let mut car = DemoCar::parked(from, begun);
        assert!(!car.drive(to, 10.0, begun + Duration::from_secs(10)));
        assert!((metres(from, car.at) - 100.0).abs() < 0.5);
        assert!((80.0..90.0).contains(&car.heading), "{}", car.heading);
        assert!(car.drive(to, 10.0, begun + Duration::from_secs(27)));
        assert_eq!(car.at, to);
    }

    #[test]
    fn a_car_that_has_waited_does_not_make_up_for_it() {
        let begun = Instant::now();
        let mut car = DemoCar::parked(MARKET.location(), begun);
        car.wait(begun + Duration::from_secs(60));
        assert!(!car.drive(STATION.location(), 10.0, begun + Duration::from_secs(61)));
        assert!(metres(MARKET.location(), car.at) < 11.0);
    }
}
