//! An invented city: quarters, a middle, and a day with rush hours.
//!
//! What a scenario does not set is taken from the shipped city, whose quarters lie on fields far from any town of that
//! size.

use serde::{Deserialize, Serialize};

use super::demand::RideRequest;
use super::dice::{Dice, Question};
use super::error::{SimError, wrong};
use domain::Coordinates;

/// The city that ships with the program.
const SHIPPED: &str = include_str!("city.json");
/// The length of a degree of latitude, in metres.
const DEGREE_M: f64 = 111_195.0;
/// The shortest trip, in metres.
const TRIP_LEAST_M: f64 = 600.0;
/// The hours at which night, morning, daytime and evening end. A quarter has a weight for each of them.
const PARTS: [u32; 4] = [6, 10, 16, 24];

/// A city to invent requests for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct City {
    pub quarters: Vec<Quarter>,
    /// The requests in each hour of the day, as weights.
    pub hours: Vec<u32>,
}

/// A part of a city.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quarter {
    pub name: String,
    /// Its middle, in degrees north.
    pub lat: f64,
    /// Its middle, in degrees east.
    pub lon: f64,
    /// The distance from its middle within which two thirds of its people are, in metres.
    pub spread_m: u32,
    /// The weights of trips that begin there: at night, in the morning, in the daytime, in the evening.
    pub leave: [u32; 4],
    /// The weights of trips that end there.
    pub reach: [u32; 4],
}

impl City {
    /// The city that ships with the program.
    pub fn shipped() -> Self {
        serde_json::from_str(SHIPPED).expect("the shipped city is one")
    }

    /// Whether this is the shipped city.
    pub(super) fn is_shipped(&self) -> bool {
        *self == Self::shipped()
    }

    /// Checks that requests can be drawn from it.
    pub(super) fn check(&self) -> Result<(), SimError> {
        if self.hours.len() != 24 || self.hours.iter().all(|weight| *weight == 0) {
            return Err(wrong("city.hours", "must be 24 weights, not all 0"));
        }
        if self.quarters.len() < 2 {
            return Err(wrong("city.quarters", "must be at least 2"));
        }
        for (number, quarter) in self.quarters.iter().enumerate() {
            let field = |name| format!("city.quarters[{number}].{name}");
            if !(-80.0..=80.0).contains(&quarter.lat) {
                return Err(wrong(field("lat"), "must be from -80 to 80"));
            }
            if !(-179.0..=179.0).contains(&quarter.lon) {
                return Err(wrong(field("lon"), "must be from -179 to 179"));
            }
            if !(50..=20_000).contains(&quarter.spread_m) {
                return Err(wrong(field("spread_m"), "must be from 50 to 20000"));
            }
        }
        for part in 0..PARTS.len() {
            let is_any = |weight: &dyn Fn(&Quarter) -> u32| {
                self.quarters
                    .iter()
                    .filter(|quarter| weight(quarter) > 0)
                    .count()
                    > 1
            };
            if !is_any(&|quarter| quarter.leave[part]) || !is_any(&|quarter| quarter.reach[part]) {
                return Err(wrong(
                    "city.quarters",
                    "must, at every part of the day, have two to leave and two to reach",
                ));
            }
        }
        Ok(())
    }

    /// The request of that number, at a random time between two hours.
    pub(super) fn request(&self, seed: u64, number: u64, hours: (u32, u32)) -> RideRequest {
        let mut dice = Dice::of(seed, Question::Request, [number, 0]);
        let weights: Vec<u32> = (hours.0..hours.1)
            .map(|hour| self.hours[hour as usize % self.hours.len()])
            .collect();
        let hour = hours.0 + dice.weighted(&weights) as u32;
        let within_ms = dice.below(3_600_000) as i64;
        let part = PARTS.iter().position(|end| hour % 24 < *end).unwrap_or(0);
        let leave: Vec<u32> = self.quarters.iter().map(|it| it.leave[part]).collect();
        let reach: Vec<u32> = self.quarters.iter().map(|it| it.reach[part]).collect();
        let (from, to) = loop {
            let from = self.quarters[dice.weighted(&leave)].random_place(&mut dice);
            let to = self.quarters[dice.weighted(&reach)].random_place(&mut dice);
            if from.metres_to(to) >= TRIP_LEAST_M {
                break (from, to);
            }
        };
        RideRequest {
            at: i64::from(hour) * 3_600_000 + within_ms,
            from,
            to,
            passengers: 1 + u8::from(dice.permille(250)) + u8::from(dice.permille(100)),
        }
    }

    /// Where a driver starts: a place where a rider might leave from.
    pub(super) fn start(&self, seed: u64, driver: u64, hour: u32) -> Coordinates {
        let mut dice = Dice::of(seed, Question::Start, [driver, 0]);
        let part = PARTS.iter().position(|end| hour % 24 < *end).unwrap_or(0);
        let leave: Vec<u32> = self.quarters.iter().map(|it| it.leave[part]).collect();
        self.quarters[dice.weighted(&leave)].random_place(&mut dice)
    }
}

impl Quarter {
    fn random_place(&self, dice: &mut Dice) -> Coordinates {
        let middle = Coordinates::new(self.lat, self.lon).expect("it was checked");
        let spread = i64::from(self.spread_m);
        shifted(middle, dice.around(spread), dice.around(spread))
    }
}

/// A place that many metres further north and east. It is rounded to a millionth of a degree, which hides differences
/// between machines' cosines.
pub(super) fn shifted(from: Coordinates, north_m: i64, east_m: i64) -> Coordinates {
    let millionth = |degrees: f64| (degrees * 1e6).round() / 1e6;
    let shrinks = from.lat().to_radians().cos().max(0.1);
    let lat = millionth(from.lat() + north_m as f64 / DEGREE_M);
    let lon = millionth(from.lon() + east_m as f64 / (DEGREE_M * shrinks));
    Coordinates::new(lat, lon).unwrap_or(from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_city_is_one_and_every_wrong_one_is_refused() {
        let city = City::shipped();
        assert_eq!(city.check(), Ok(()));
        type Broken = (&'static str, fn(&mut City));
        let broken: [Broken; 5] = [
            ("city.hours", |city| city.hours.truncate(3)),
            ("city.quarters", |city| city.quarters.truncate(1)),
            ("city.quarters[0].lat", |city| city.quarters[0].lat = 91.0),
            ("city.quarters[1].spread_m", |city| {
                city.quarters[1].spread_m = 0
            }),
            ("city.quarters", |city| {
                city.quarters.iter_mut().for_each(|it| it.leave[2] = 0)
            }),
        ];
        for (field, breaks) in broken {
            let mut city = city.clone();
            breaks(&mut city);
            let Err(SimError::Wrong { field: named, .. }) = city.check() else {
                panic!("{field} is wrong");
            };
            assert_eq!(named, field);
        }
    }

    #[test]
    fn a_wish_lies_within_the_hours_and_the_city() {
        let city = City::shipped();
        let middle = Coordinates::new(50.0, 8.0).expect("on earth");
        for number in 0..2_000 {
            let request = city.request(3, number, (7, 9));
            assert!((7 * 3_600_000..9 * 3_600_000).contains(&request.at));
            assert!(request.from.metres_to(middle) < 20_000.0);
            assert!(request.from.metres_to(request.to) >= TRIP_LEAST_M);
        }
        assert_eq!(city.request(3, 5, (7, 9)), city.request(3, 5, (7, 9)));
        assert_ne!(city.request(3, 5, (7, 9)), city.request(4, 5, (7, 9)));
    }
}
