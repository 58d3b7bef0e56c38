//! Made-up drives, and what a device reports of them.

use domain::{Coordinates, Fix, RideFacts};
use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};

/// The length of a degree of latitude, in metres.
const DEGREE_M: f64 = 111_195.0;

/// How a car is driven, and how its device errs.
#[derive(Debug, Clone, Copy)]
pub struct Habits {
    /// Where the drive begins.
    begin: (f64, f64),
    /// How many fixes there are.
    fixes: usize,
    /// The shortest and the longest time between two fixes, in milliseconds.
    every_ms: (i64, i64),
    /// The accuracies that the device reports, in metres; below 0 for none.
    accuracies_m: &'static [f64],
    /// How far the fixes are off, in units of their accuracy.
    error: f64,
    /// Whether the errors change slowly.
    is_slow: bool,
    /// How many of a hundred fixes begin a stop, a turn, a leap elsewhere, or a time without a fix.
    stops: u8,
    turns: u8,
    leaps: u8,
    gaps: u8,
}

/// A good device in a town.
const GOOD: Habits = Habits {
    begin: (53.55, 10.0),
    fixes: 150,
    every_ms: (1_000, 4_000),
    accuracies_m: &[4.0, 5.0, 8.0, 12.0],
    error: 0.5,
    is_slow: true,
    stops: 2,
    turns: 8,
    leaps: 0,
    gaps: 0,
};

impl Habits {
    /// Each set of habits, with its name.
    pub const ALL: [(&'static str, Self); 10] = [
        ("good", GOOD),
        (
            "zigzag",
            Self {
                error: 1.0,
                is_slow: false,
                every_ms: (900, 1_100),
                ..GOOD
            },
        ),
        (
            "coarse",
            Self {
                accuracies_m: &[-1.0, 20.0, 30.0, 45.0, 90.0, 100.0, 101.0, 2.0],
                is_slow: false,
                ..GOOD
            },
        ),
        (
            "dense",
            Self {
                every_ms: (60, 400),
                accuracies_m: &[3.0, 10.0, 30.0],
                error: 0.7,
                ..GOOD
            },
        ),
        (
            "sparse",
            Self {
                every_ms: (10_000, 75_000),
                fixes: 40,
                ..GOOD
            },
        ),
        (
            "stops",
            Self {
                stops: 12,
                every_ms: (3_000, 6_000),
                accuracies_m: &[6.0, 10.0, 25.0],
                error: 0.8,
                ..GOOD
            },
        ),
        (
            "leaps",
            Self {
                leaps: 6,
                every_ms: (1_000, 12_000),
                ..GOOD
            },
        ),
        (
            "gaps",
            Self {
                gaps: 5,
                leaps: 1,
                ..GOOD
            },
        ),
        (
            "parked",
            Self {
                stops: 100,
                turns: 0,
                error: 0.9,
                is_slow: false,
                ..GOOD
            },
        ),
        (
            "date line",
            Self {
                begin: (-17.0, 179.995),
                turns: 4,
                error: 0.9,
                is_slow: false,
                ..GOOD
            },
        ),
    ];
}

/// A ride, how far its car went, and what its device reported.
pub struct Drive {
    /// The way of the car, in metres.
    pub metres: f64,
    fixes: Vec<Fix>,
    /// The seconds of the ride before the first fix and after the last one.
    around_s: (i64, i64),
    pick_up: Option<Coordinates>,
    drop_off: Option<Coordinates>,
    quoted_m: Option<f64>,
}

/// A car on its way, in metres from where it began.
struct Car {
    east: f64,
    north: f64,
    heading: f64,
    stands_ms: i64,
    metres: f64,
}

impl Car {
    fn drive(&mut self, ms: i64, mps: f64) {
        let drives_ms = (ms - self.stands_ms).max(0);
        self.stands_ms = (self.stands_ms - ms).max(0);
        let metres = mps * drives_ms as f64 / 1_000.0;
        self.east += metres * self.heading.sin();
        self.north += metres * self.heading.cos();
        self.metres += metres;
    }
}

fn place((lat, lon): (f64, f64), east: f64, north: f64) -> Coordinates {
    let degrees = lon + east / (DEGREE_M * lat.to_radians().cos());
    let lon = (degrees + 540.0).rem_euclid(360.0) - 180.0;
    Coordinates::new(lat + north / DEGREE_M, lon).expect("on the earth")
}

impl Drive {
    /// The drive of that seed.
    pub fn of(habits: &Habits, seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let mut car = Car {
            east: 0.0,
            north: 0.0,
            heading: rng.f64() * 6.0,
            stands_ms: 0,
            metres: 0.0,
        };
        let mut happens = Rng::with_seed(seed + 1_000);
        let mut happens = |percent: u8| happens.u8(0..100) < percent;
        let (mut at_ms, mut leaping, mut error) = (0, 0, (0.0, 0.0));
        let mut fixes = Vec::new();
        for _ in 0..habits.fixes {
            let mut ms = rng.i64(habits.every_ms.0..=habits.every_ms.1);
            if happens(habits.gaps) {
                ms += rng.i64(30_000..200_000);
            }
            if happens(habits.stops) {
                car.stands_ms += rng.i64(15_000..150_000);
            }
            if happens(habits.turns) {
                car.heading += rng.f64() * 4.0 - 2.0;
            }
            if happens(habits.leaps) {
                leaping = rng.usize(1..6);
            }
            car.drive(ms, 4.0 + rng.f64() * 12.0);
            at_ms += ms;
            let reported_m = rng
                .choice(habits.accuracies_m)
                .copied()
                .expect("one of them");
            let accuracy_m = if reported_m < 0.0 { 30.0 } else { reported_m };
            let stays = if habits.is_slow { 0.9 } else { 0.0 };
            let mut next = |before: f64| {
                let new = (rng.f64() * 2.0 - 1.0) * accuracy_m * habits.error * 1.7;
                stays * before + (1.0 - stays) * new
            };
            error = (next(error.0), next(error.1));
            let leap = if leaping > 0 { 9_000.0 } else { 0.0 };
            leaping = leaping.saturating_sub(1);
            fixes.push(Fix {
                location: place(habits.begin, car.east + error.0 + leap, car.north + error.1),
                at: begin() + SignedDuration::from_millis(at_ms),
                accuracy_m: (reported_m >= 0.0).then_some(reported_m),
                heading_deg: None,
                speed_mps: None,
            });
        }
        let end = place(habits.begin, car.east, car.north);
        let quoted_m = place(habits.begin, 0.0, 0.0).metres_to(end) * 1.3;
        Self {
            metres: car.metres,
            fixes,
            around_s: (rng.i64(0..150), rng.i64(-20..150)),
            pick_up: (seed % 5 != 1).then(|| place(habits.begin, -50.0, 0.0)),
            drop_off: (seed % 5 != 2).then_some(end),
            quoted_m: (seed % 4 != 3).then_some(quoted_m),
        }
    }

    /// What the service knows of the ride.
    pub fn facts(&self) -> RideFacts {
        let (before_s, after_s) = self.around_s;
        let last = self.fixes.last().map_or(begin(), |fix| fix.at);
        RideFacts {
            started_at: begin() - SignedDuration::from_secs(before_s),
            ended_at: last + SignedDuration::from_secs(after_s),
            pick_up: self.pick_up,
            drop_off: self.drop_off,
            quoted_m: self.quoted_m,
        }
    }

    /// The reports of the device. The later half comes first, as after a time without a network.
    pub fn reports(&self) -> [&[Fix]; 2] {
        let (older, newer) = self.fixes.split_at(self.fixes.len() / 2);
        [newer, older]
    }
}

fn begin() -> Timestamp {
    Timestamp::from_second(1_800_000_000).expect("a time")
}
