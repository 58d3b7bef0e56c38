//! A town with drivers where real trips ended, and pick-ups where others began.

use domain::{Coordinates, DriverId, Fix, UserId, Vehicle, VehicleClass};
use eta::Straight;
use jiff::{SignedDuration, Timestamp};
use supply::{Supply, Wanted};

use crate::{ETA_MAX_S, K, trips};

const SEED: u64 = 20_261_126;
/// The number of different pick-ups.
const PICK_UPS: usize = 4_096;
/// The greatest distance of a driver by straight line: `ETA_MAX_S` at the index's speed.
pub const REACH_M: f64 = 900.0 * 12.8 / 3.6;
const AT: Timestamp = Timestamp::UNIX_EPOCH;

/// A pick-up and twenty drivers.
pub type Query = (Coordinates, Vec<Coordinates>);

/// A town with a given number of free drivers.
pub struct Town {
    supply: Supply,
    class: VehicleClass,
    places: Vec<Coordinates>,
    pick_ups: Vec<Coordinates>,
}

impl Town {
    /// Builds the town from a file of real trips.
    pub fn new(file: &str, drivers: usize) -> Self {
        let reach = Straight::CITY.metres_max(ETA_MAX_S);
        assert!(
            (reach - 1.0 - REACH_M).abs() < 0.01,
            "the same reach for all"
        );
        let place = |(lat, lon)| Coordinates::new(lat, lon).expect("on earth");
        let trips = trips::read(file).into_iter();
        let trips = trips.map(|(begin, end)| (place(begin), place(end)));
        let mut trips: Vec<(Coordinates, Coordinates)> = trips.collect();
        fastrand::Rng::with_seed(SEED).shuffle(&mut trips);
        let places: Vec<Coordinates> = trips.iter().take(drivers).map(|(_, end)| *end).collect();
        let supply = Supply::default();
        for (number, place) in (1..).zip(&places) {
            let (driver, class) = (DriverId::of(UserId::new(number)), VehicleClass::default());
            supply.begin(driver, Vehicle { class, seats: 4 }, AT);
            let fix = Fix {
                location: *place,
                at: AT,
                accuracy_m: None,
                heading_deg: None,
                speed_mps: None,
            };
            supply
                .report(driver, &[fix], AT)
                .expect("the driver is on shift");
        }
        let mut town = Self {
            supply,
            class: VehicleClass::default(),
            places,
            pick_ups: Vec::new(),
        };
        // Pick-ups with fewer drivers within reach would mean less work for both sides.
        let pick_ups = trips.iter().map(|(begin, _)| *begin);
        let pick_ups = pick_ups.filter(|pick_up| town.nearest(*pick_up).len() == K);
        town.pick_ups = pick_ups.take(PICK_UPS).collect();
        town
    }

    pub fn drivers(&self) -> usize {
        self.places.len()
    }

    pub fn places(&self) -> &[Coordinates] {
        &self.places
    }

    /// The time that many minutes after the start.
    pub fn at_minute(minute: i64) -> Timestamp {
        AT + SignedDuration::from_mins(minute)
    }

    /// The places of the nearest drivers by straight line, as the service's index finds them.
    pub fn nearest(&self, from: Coordinates) -> Vec<Coordinates> {
        let found = self.supply.nearest(&Wanted {
            from,
            k: K,
            eta_max_s: ETA_MAX_S,
            class: &self.class,
            passengers: 1,
            at: AT,
            except: &|_| false,
        });
        let places = found.iter().map(|found| self.supply.latest(found.driver));
        places.flatten().map(|fix| fix.location).collect()
    }

    /// All pick-ups, each with its nearest drivers.
    pub fn candidates(&self) -> Vec<Query> {
        let queries = self
            .pick_ups
            .iter()
            .map(|pick_up| (*pick_up, self.nearest(*pick_up)));
        queries.collect()
    }

    /// All pick-ups, each with random drivers within reach.
    pub fn scattered(&self) -> Vec<Query> {
        let mut random = fastrand::Rng::with_seed(SEED);
        let mut query = |pick_up: &Coordinates| {
            let near = self.places.iter().copied();
            let near = near.filter(|place| place.metres_to(*pick_up) < REACH_M);
            (*pick_up, random.choose_multiple(near, K))
        };
        self.pick_ups.iter().map(&mut query).collect()
    }
}
