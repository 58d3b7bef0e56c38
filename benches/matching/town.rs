//! Riders who wait and drivers who are free, and what it takes one to get to the other. The same seed makes the same town.
//!
//! A town made up is 40 by 40 km, with three in ten people in its middle, half of them in sixty quarters, and the others anywhere. With a file of real
//! trips riders wait where passengers got in and drivers stand where others got out.

use std::f64::consts::TAU;

use cabrank::matching::{Edge, Graph};
use fastrand::Rng;

const SEED: u64 = 20_261_126;
const HALF_WIDTH_M: f64 = 20_000.0;
const QUARTERS: usize = 60;
const METRES_PER_DEG: f64 = 111_195.0;
/// How fast a straight line is driven along.
const METRES_PER_MS: f64 = 12.8 / 3.6 / 1_000.0;
/// How much the time by road differs from that of the straight line: by a tenth for half of all pairs, by a quarter for one in ten.
const SPREAD: f64 = 0.15;

/// Metres north and east of somewhere.
pub type Place = (f64, f64);

/// Who is to be matched with whom.
pub struct Batch {
    /// Where riders wait.
    pub riders: Vec<Place>,
    /// Where drivers are free.
    pub drivers: Vec<Place>,
}

impl Batch {
    /// Of a town made up.
    pub fn made_up(riders: usize, drivers: usize) -> Self {
        let mut random = Rng::with_seed(SEED);
        let quarters: Vec<(f64, f64, f64)> = (0..QUARTERS)
            .map(|_| {
                let (north, east) = (normal(&mut random), normal(&mut random));
                let spread = 200.0 + 1_300.0 * random.f64();
                (8_000.0 * north, 8_000.0 * east, spread)
            })
            .collect();
        let mut place = || {
            let anywhere = |random: &mut Rng| (random.f64() * 2.0 - 1.0) * HALF_WIDTH_M;
            let (north, east, spread) = match random.u32(0..10) {
                0..3 => (0.0, 0.0, 2_000.0),
                3..8 => quarters[random.usize(0..QUARTERS)],
                8.. => (anywhere(&mut random), anywhere(&mut random), 0.0),
            };
            (
                north + spread * normal(&mut random),
                east + spread * normal(&mut random),
            )
        };
        Self {
            riders: (0..riders).map(|_| place()).collect(),
            drivers: (0..drivers).map(|_| place()).collect(),
        }
    }

    /// Of real trips, as lines of `id,lat,lon,lat,lon,...`, the first of which names the columns.
    pub fn of_trips(text: &str, riders: usize, drivers: usize) -> Self {
        let mut trips: Vec<(Place, Place)> = text.lines().skip(1).map(ends).collect();
        let mut random = Rng::with_seed(SEED);
        let mut drawn = |count| {
            assert!(count <= trips.len(), "there are {} trips", trips.len());
            random.shuffle(&mut trips);
            trips[..count].to_vec()
        };
        let (riders, drivers) = (drawn(riders), drawn(drivers));
        let shrink = riders[0].0.0.to_radians().cos();
        let places = |ends: Vec<Place>| ends.into_iter().map(|at| in_metres(at, shrink)).collect();
        Self {
            riders: places(riders.into_iter().map(|(from, _)| from).collect()),
            drivers: places(drivers.into_iter().map(|(_, to)| to).collect()),
        }
    }

    /// How long the driver would take, in milliseconds.
    pub fn cost(&self, rider: usize, driver: usize) -> i64 {
        let pair = rider as u64 * self.drivers.len() as u64 + driver as u64;
        let by_road = (SPREAD * normal(&mut Rng::with_seed(SEED ^ pair))).exp();
        let metres = self.metres(rider, driver);
        (metres / METRES_PER_MS * by_road).round() as i64
    }

    /// The edges to the nearest drivers, cheapest first.
    pub fn candidates(&self, rider: usize, k: usize) -> Vec<Edge> {
        let metres = (0..self.drivers.len()).map(|driver| (self.metres(rider, driver), driver));
        let mut near: Vec<(f64, usize)> = metres.collect();
        let by_metres = |a: &(f64, usize), b: &(f64, usize)| a.partial_cmp(b).expect("no NaN");
        if k < near.len() {
            near.select_nth_unstable_by(k, by_metres);
            near.truncate(k);
        }
        let edges = near.iter().map(|(_, driver)| Edge {
            column: *driver as u32,
            cost: self.cost(rider, *driver),
        });
        let mut edges: Vec<Edge> = edges.collect();
        edges.sort_unstable_by_key(|edge| (edge.cost, edge.column));
        edges
    }

    /// The graph with these edges for each rider.
    pub fn graph(&self, edges: impl FnMut(usize) -> Vec<Edge>) -> Graph {
        let rows = (0..self.riders.len()).map(edges);
        Graph::new(self.drivers.len() as u32, rows).expect("a town is a graph")
    }

    fn metres(&self, rider: usize, driver: usize) -> f64 {
        let ((north, east), (to_north, to_east)) = (self.riders[rider], self.drivers[driver]);
        (north - to_north).hypot(east - to_east)
    }
}

/// Where a passenger got in, and where out, in degrees.
fn ends(line: &str) -> (Place, Place) {
    let numbers = line.split(',').skip(1).take(4);
    let numbers: Vec<f64> = numbers.filter_map(|number| number.parse().ok()).collect();
    let [from_lat, from_lon, to_lat, to_lon] = numbers[..] else {
        panic!("a trip has two places: {line}");
    };
    ((from_lat, from_lon), (to_lat, to_lon))
}

/// As if the whole town lay on one latitude, which is near enough for distances within it.
fn in_metres((lat, lon): (f64, f64), shrink: f64) -> Place {
    (lat * METRES_PER_DEG, lon * METRES_PER_DEG * shrink)
}

/// By Box and Muller.
fn normal(random: &mut Rng) -> f64 {
    let (a, b) = (1.0 - random.f64(), random.f64());
    (-2.0 * a.ln()).sqrt() * (b * TAU).cos()
}
