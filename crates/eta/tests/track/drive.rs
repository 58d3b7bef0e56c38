//! Simulated cars that drive along real streets. They slow down at corners and stop at some of them.

use std::path::PathBuf;

use domain::Coordinates;
use eta::Traffic;
use eta::road::Roads;
use fastrand::Rng;
use jiff::Timestamp;

/// The length of a step of the simulation, in metres.
const STEP_M: f64 = 2.0;
/// The acceleration and the deceleration of a car, in metres per second squared.
const GAIN: f64 = 1.5;
const LOSS: f64 = 2.5;
/// The speed at a corner, in metres per second.
const CORNER_MPS: f64 = 5.0;
/// The smallest turn that is a corner, in degrees.
const CORNER_DEG: f64 = 35.0;
/// The length of a degree of latitude, in metres.
const DEGREE_M: f64 = 111_195.0;

/// A town with its streets.
pub struct Town {
    pub name: &'static str,
    roads: Roads,
    /// The south-west and north-east corners, in degrees.
    ends: [(f64, f64); 2],
}

/// A drive from a pick-up to a drop-off.
pub struct Drive {
    /// Where the car was, each with the seconds since the beginning.
    stops: Vec<(f64, Coordinates)>,
    /// The length of the driven route, in metres.
    pub metres: f64,
}

/// The maps' names.
const MANHATTAN: &str = "manhattan_from_hive.osm.pbf";
const LIECHTENSTEIN: &str = "liechtenstein.osm.pbf";

fn map(name: &str) -> PathBuf {
    let root = env!("CARGO_MANIFEST_DIR");
    PathBuf::from(root)
        .join("../../../shared/data/osm")
        .join(name)
}

/// Names a map that is missing, if one is.
pub fn missing() -> Option<String> {
    let mut maps = [MANHATTAN, LIECHTENSTEIN].map(map).into_iter();
    let missing = maps.find(|map| !map.exists());
    missing.map(|map| format!("there is no {}", map.display()))
}

impl Town {
    pub fn manhattan() -> Self {
        Self::load(MANHATTAN, [(40.715, -74.01), (40.80, -73.94)])
    }

    pub fn liechtenstein() -> Self {
        Self::load(LIECHTENSTEIN, [(47.06, 9.48), (47.25, 9.62)])
    }

    fn load(name: &'static str, ends: [(f64, f64); 2]) -> Self {
        let roads = Roads::load(&map(name), Traffic::FREE).expect("a map");
        let name = name.split(['_', '.']).next().expect("a name");
        Self { name, roads, ends }
    }

    /// A drive of some kilometres.
    pub fn drive(&self, chance: &mut Rng) -> Drive {
        let [south_west, north_east] = self.ends;
        let mut anywhere = || {
            let within = |from: f64, to: f64, share: f64| from + (to - from) * share;
            let lat = within(south_west.0, north_east.0, chance.f64());
            let lon = within(south_west.1, north_east.1, chance.f64());
            Coordinates::new(lat, lon).expect("on earth")
        };
        let way = loop {
            let route = self
                .roads
                .route(anywhere(), anywhere(), Timestamp::UNIX_EPOCH);
            let Some(route) = route else {
                continue;
            };
            // Without the first and the last leg, which are not on streets.
            let mut way = route.stops[1..route.stops.len() - 1].to_vec();
            way.dedup_by_key(|stop| stop.place);
            let legs = way.windows(2);
            let metres: f64 = legs.map(|leg| leg[0].place.metres_to(leg[1].place)).sum();
            if (1_500.0..15_000.0).contains(&metres) {
                break way;
            }
        };
        let places: Vec<Coordinates> = way.iter().map(|stop| stop.place).collect();
        let slower = 0.5 + 0.6 * chance.f64();
        let speeds = way.windows(2).map(|ends| {
            let ms = (ends[1].after_ms - ends[0].after_ms).max(1) as f64;
            let metres = ends[0].place.metres_to(ends[1].place);
            (slower * metres / ms * 1_000.0).clamp(3.0, 35.0)
        });
        let speeds: Vec<f64> = speeds.collect();
        Drive::along(&places, &speeds, chance)
    }
}

impl Drive {
    /// A drive along these points, with a speed for each piece between them, in metres per second.
    fn along(places: &[Coordinates], speeds: &[f64], chance: &mut Rng) -> Self {
        // The location, the highest speed there, and how long the car stands there.
        let mut course: Vec<(Coordinates, f64, f64)> = Vec::new();
        for (at, ends) in places.windows(2).enumerate() {
            let turn = match at {
                0 => 0.0,
                _ => turn_deg(places[at - 1], ends[0], ends[1]),
            };
            let is_light = at > 0 && chance.f64() < if turn > CORNER_DEG { 0.12 } else { 0.02 };
            let (limit, stands) = match (at, turn) {
                (0, _) => (0.0, chance.f64() * 15.0),
                _ if is_light => (0.0, 5.0 + chance.f64() * 55.0),
                (_, turn) if turn > CORNER_DEG => (CORNER_MPS, 0.0),
                _ => (speeds[at], 0.0),
            };
            course.push((ends[0], limit, stands));
            let metres = ends[0].metres_to(ends[1]);
            let pieces = (metres / STEP_M).ceil().max(1.0);
            for piece in 1..pieces as u32 {
                let place = between(ends[0], ends[1], f64::from(piece) / pieces);
                course.push((place, speeds[at], 0.0));
            }
        }
        course.push((places[places.len() - 1], 0.0, chance.f64() * 15.0));
        Self::driven(&course)
    }

    fn driven(course: &[(Coordinates, f64, f64)]) -> Self {
        let mut speeds: Vec<f64> = course.iter().map(|(_, limit, _)| *limit).collect();
        let metres: Vec<f64> = course
            .windows(2)
            .map(|ends| ends[0].0.metres_to(ends[1].0))
            .collect();
        for at in 1..speeds.len() {
            let gained = (speeds[at - 1].powi(2) + 2.0 * GAIN * metres[at - 1]).sqrt();
            speeds[at] = speeds[at].min(gained);
        }
        for at in (1..speeds.len()).rev() {
            let lost = (speeds[at].powi(2) + 2.0 * LOSS * metres[at - 1]).sqrt();
            speeds[at - 1] = speeds[at - 1].min(lost);
        }
        let mut now = 0.0;
        let mut stops = Vec::new();
        for (at, (place, _, stands)) in course.iter().enumerate() {
            stops.push((now, *place));
            if *stands > 0.0 {
                now += stands;
                stops.push((now, *place));
            }
            if at < metres.len() {
                now += metres[at] / f64::midpoint(speeds[at], speeds[at + 1]).max(0.5);
            }
        }
        let metres = metres.iter().sum();
        Self { stops, metres }
    }

    /// A car that stands for so many seconds.
    pub fn parked(place: Coordinates, seconds: f64) -> Self {
        let stops = vec![(0.0, place), (seconds, place)];
        Self { stops, metres: 0.0 }
    }

    /// The duration, in seconds.
    pub fn seconds(&self) -> f64 {
        self.stops.last().map_or(0.0, |stop| stop.0)
    }

    /// The location of the car so many seconds after the beginning.
    pub fn place(&self, second: f64) -> Coordinates {
        let next = self.stops.partition_point(|stop| stop.0 <= second);
        match (
            next.checked_sub(1).map(|at| self.stops[at]),
            self.stops.get(next),
        ) {
            (Some(from), Some(to)) => {
                let share = (second - from.0) / (to.0 - from.0);
                between(from.1, to.1, share)
            }
            (Some(end), None) => end.1,
            (None, _) => self.stops[0].1,
        }
    }
}

fn between(from: Coordinates, to: Coordinates, share: f64) -> Coordinates {
    let between = |from: f64, to: f64| from + (to - from) * share;
    Coordinates::new(between(from.lat(), to.lat()), between(from.lon(), to.lon()))
        .expect("between two places on earth")
}

/// The location, moved by so many metres to the east and to the north.
pub fn moved(place: Coordinates, east_m: f64, north_m: f64) -> Coordinates {
    let lat = place.lat() + north_m / DEGREE_M;
    let lon = place.lon() + east_m / DEGREE_M / place.lat().to_radians().cos();
    Coordinates::new(lat, lon).expect("near a place on earth")
}

/// The angle by which a route turns at a point, in degrees.
fn turn_deg(before: Coordinates, at: Coordinates, after: Coordinates) -> f64 {
    let course = |from: Coordinates, to: Coordinates| {
        let east = (to.lon() - from.lon()) * from.lat().to_radians().cos();
        east.atan2(to.lat() - from.lat()).to_degrees()
    };
    let turn = (course(at, after) - course(before, at)).rem_euclid(360.0);
    turn.min(360.0 - turn)
}
