//! Waiting riders, free drivers, and the times between them. The same seed makes the same town.
//!
//! With a file of real trips, riders wait where passengers got in, and drivers stand where passengers got out.

use fastrand::Rng;
use matching::{Edge, Graph};

use crate::made_up::{Place, Town, normal};
use crate::trips;

const SEED: u64 = 20_261_126;
const METRES_PER_DEG: f64 = 111_195.0;
/// The speed along the straight line.
const METRES_PER_MS: f64 = 12.8 / 3.6 / 1_000.0;
/// How much the time by road differs from that along the straight line: by a tenth for half of all pairs, by a quarter
/// for one in ten.
const SPREAD: f64 = 0.15;

/// The riders and drivers to be matched.
pub struct Batch {
    pub riders: Vec<Place>,
    pub drivers: Vec<Place>,
}

impl Batch {
    /// A batch of an invented town.
    pub fn made_up(riders: usize, drivers: usize) -> Self {
        let mut town = Town::new(SEED);
        Self {
            riders: (0..riders).map(|_| town.place()).collect(),
            drivers: (0..drivers).map(|_| town.place()).collect(),
        }
    }

    /// A batch from a file of real trips.
    pub fn of_trips(file: &str, riders: usize, drivers: usize) -> Self {
        let mut trips = trips::read(file);
        let mut random = Rng::with_seed(SEED);
        let mut drawn = |count| {
            assert!(count <= trips.len(), "there are {} trips", trips.len());
            random.shuffle(&mut trips);
            trips[..count].to_vec()
        };
        let (riders, drivers) = (drawn(riders), drawn(drivers));
        let shrink = riders[0].0.0.to_radians().cos();
        Self {
            riders: riders.iter().map(|it| in_metres(it.0, shrink)).collect(),
            drivers: drivers.iter().map(|it| in_metres(it.1, shrink)).collect(),
        }
    }

    /// The driver's time to the rider, in milliseconds.
    pub fn cost(&self, rider: usize, driver: usize) -> i64 {
        let pair = rider as u64 * self.drivers.len() as u64 + driver as u64;
        let by_road = (SPREAD * normal(&mut Rng::with_seed(SEED ^ pair))).exp();
        let metres = self.metres(rider, driver);
        (metres / METRES_PER_MS * by_road).round() as i64
    }

    /// The edges to the `k` nearest drivers, cheapest first.
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

    /// Makes a graph from the edges of each rider.
    pub fn graph(&self, edges: impl FnMut(usize) -> Vec<Edge>) -> Graph {
        let rows = (0..self.riders.len()).map(edges);
        Graph::new(self.drivers.len() as u32, rows).expect("a town is a graph")
    }

    fn metres(&self, rider: usize, driver: usize) -> f64 {
        let ((north, east), (to_north, to_east)) = (self.riders[rider], self.drivers[driver]);
        (north - to_north).hypot(east - to_east)
    }
}

/// Metres north and east, as if the whole town lay on one latitude. That is accurate enough within a town.
fn in_metres((lat, lon): (f64, f64), shrink: f64) -> Place {
    (lat * METRES_PER_DEG, lon * METRES_PER_DEG * shrink)
}
