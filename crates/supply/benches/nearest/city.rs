//! A city: where its drivers are, how they drive about, and where riders request trips. The same seed makes the same
//! city.
//!
//! Without a file the city is invented. With `CABRANK_BENCH_TRIPS`, a file of real trips, drivers stand where
//! passengers got out, and riders request where others got in.

use std::f64::consts::TAU;

use domain::Coordinates;
use fastrand::Rng;

use crate::made_up::{Town, normal};
use crate::trips;

const SEED: u64 = 20_261_126;
/// The middle of the invented city.
const MIDDLE: (f64, f64) = (48.2, 16.37);
const METRES_PER_DEG: f64 = 111_195.0;
/// How far a driver moves between two reports: 3 seconds at 36 km/h.
const STEP_M: f64 = 30.0;
/// The number of stops on a driver's route. At the end the driver turns back.
const STOPS: usize = 8;
/// One in so many drivers has a passenger.
const OCCUPIED_ONE_IN: u32 = 5;
/// The number of different pick-ups.
const PICK_UPS: usize = 4_096;

/// The numbers of drivers to measure with.
pub fn sizes() -> Vec<usize> {
    let set = std::env::var("CABRANK_BENCH_DRIVERS").unwrap_or_else(|_| "10000 100000".to_owned());
    let sizes = set.split_whitespace();
    sizes
        .map(|size| size.parse().expect("CABRANK_BENCH_DRIVERS has numbers"))
        .collect()
}

/// A driver's new position.
#[derive(Debug, Clone, Copy)]
pub struct Move {
    pub driver: u32,
    pub place: Coordinates,
}

/// A city with a given number of drivers.
pub struct City {
    /// Which drivers have no passenger.
    pub is_free: Vec<bool>,
    /// The reports of all drivers, stop by stop, shuffled. The first ones are where the drivers start.
    pub stops: Vec<Vec<Move>>,
    pub pick_ups: Vec<Coordinates>,
}

/// Where people get in and out.
pub struct Trips {
    pick_ups: Vec<(f64, f64)>,
    drop_offs: Vec<(f64, f64)>,
}

impl Trips {
    /// Reads a file of real trips.
    pub fn read(file: &str) -> Self {
        let (pick_ups, drop_offs) = trips::read(file).into_iter().unzip();
        Self {
            pick_ups,
            drop_offs,
        }
    }

    /// Invented places where people get in and out.
    pub fn made_up() -> Self {
        let mut town = Town::new(SEED);
        let mut place = || {
            let (north, east) = town.place();
            moved(MIDDLE, north, east)
        };
        Self {
            pick_ups: (0..PICK_UPS).map(|_| place()).collect(),
            drop_offs: (0..100_000).map(|_| place()).collect(),
        }
    }
}

impl City {
    /// Places drivers where the trips end. With fewer trips than drivers, several drivers stand near each end.
    pub fn new(drivers: usize, trips: &Trips) -> Self {
        let mut random = Rng::with_seed(SEED);
        let mut ends: Vec<(f64, f64)> = trips.drop_offs.clone();
        random.shuffle(&mut ends);
        let routes: Vec<Vec<Coordinates>> = ends
            .iter()
            .cycle()
            .take(drivers)
            .map(|end| route(*end, &mut random))
            .collect();
        let mut order: Vec<u32> = (0..).take(drivers).collect();
        random.shuffle(&mut order);
        let reports = |stop: usize| {
            let report = |driver: &u32| Move {
                driver: *driver,
                place: routes[*driver as usize][stop],
            };
            order.iter().map(report).collect()
        };
        let mut pick_ups: Vec<Coordinates> = trips.pick_ups.iter().map(|at| place(*at)).collect();
        random.shuffle(&mut pick_ups);
        pick_ups.truncate(PICK_UPS);
        Self {
            is_free: (0..drivers)
                .map(|_| random.u32(0..OCCUPIED_ONE_IN) > 0)
                .collect(),
            stops: (0..STOPS).map(reports).collect(),
            pick_ups,
        }
    }
}

/// A straight route from near a place, in a random direction.
fn route(from: (f64, f64), random: &mut Rng) -> Vec<Coordinates> {
    const NEAR_M: f64 = 25.0;
    let (sin, cos) = (random.f64() * TAU).sin_cos();
    let (north, east) = (NEAR_M * normal(random), NEAR_M * normal(random));
    let stops = (0..STOPS).map(|stop| {
        let gone = stop as f64 * STEP_M;
        place(moved(from, north + gone * cos, east + gone * sin))
    });
    stops.collect()
}

fn place((lat, lon): (f64, f64)) -> Coordinates {
    Coordinates::new(lat, lon).expect("a city is far from where maps end")
}

fn moved((lat, lon): (f64, f64), north_m: f64, east_m: f64) -> (f64, f64) {
    let shrink = lat.to_radians().cos();
    (
        lat + north_m / METRES_PER_DEG,
        lon + east_m / (METRES_PER_DEG * shrink),
    )
}

/// Drivers on their routes, back and forth: the next reports, and where all drivers are now.
pub struct Traffic<'c> {
    city: &'c City,
    /// How many times all drivers have reported before the current round.
    round: usize,
    /// How many drivers have reported in the current round.
    reported: usize,
}

impl<'c> Traffic<'c> {
    /// All drivers at their first stop.
    pub fn new(city: &'c City) -> Self {
        Self {
            city,
            round: 0,
            reported: city.is_free.len(),
        }
    }

    /// The next reports, of different drivers and at most `most` of them, with their round.
    pub fn next(&mut self, most: usize) -> (&'c [Move], usize) {
        let everybody = self.city.is_free.len();
        if self.reported == everybody {
            self.round += 1;
            self.reported = 0;
        }
        let moves = &self.city.stops[stop(self.round)];
        let until = everybody.min(self.reported + most);
        let next = &moves[self.reported..until];
        self.reported = until;
        (next, self.round)
    }

    /// Where all drivers are, by the driver's number.
    pub fn places(&self) -> Vec<Coordinates> {
        let now = &self.city.stops[stop(self.round)];
        let before = &self.city.stops[stop(self.round.saturating_sub(1))];
        let (reported, _) = now.split_at(self.reported);
        let (_, unreported) = before.split_at(self.reported);
        let mut all: Vec<&Move> = reported.iter().chain(unreported).collect();
        all.sort_unstable_by_key(|one| one.driver);
        all.iter().map(|one| one.place).collect()
    }
}

/// 0, 1, ... 7, 6, ... 0, 1 and so on.
fn stop(round: usize) -> usize {
    let back = STOPS - 1;
    let phase = round % (2 * back);
    phase.min(2 * back - phase)
}
