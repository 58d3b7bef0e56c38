//! Simulated devices that report a car's position with typical errors.

use domain::Fix;
use domain::track::RideFacts;
use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};

use crate::drive::{Drive, moved};

/// The accuracy in standard deviations of one axis. As in Android, it is the radius within which 68 % of the fixes are.
const DEVIATIONS: f64 = 1.515;

/// How the errors of a device depend on each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Noise {
    /// No errors.
    None,
    /// Each error consists of this share of the error a second before, and of a new part.
    Correlated(f64),
    /// Each error is independent of the others.
    Independent,
}

/// A simulated device.
#[derive(Debug, Clone, Copy)]
pub struct Device {
    /// The range of the time between fixes, in seconds.
    pub every_s: (f64, f64),
    /// The accuracy that it reports, in metres.
    pub accuracy_m: f64,
    /// The actual error, as a share of what the accuracy means.
    pub errs: f64,
    pub noise: Noise,
}

impl Device {
    /// The fixes of a whole drive.
    pub fn fixes(&self, drive: &Drive, chance: &mut Rng) -> Vec<Fix> {
        let deviation = match self.noise {
            Noise::None => 0.0,
            Noise::Correlated(_) | Noise::Independent => self.errs * self.accuracy_m / DEVIATIONS,
        };
        let mut off = [0.0; 2];
        let mut now = 0.0;
        let mut kept = 0.0_f64;
        let mut fixes = Vec::new();
        while now <= drive.seconds() {
            let new = (1.0 - kept * kept).sqrt() * deviation;
            for axis in &mut off {
                *axis = kept * *axis + new * normal(chance);
            }
            fixes.push(Fix {
                location: moved(drive.place(now), off[0], off[1]),
                at: after(now),
                accuracy_m: Some(self.accuracy_m),
                heading_deg: None,
                speed_mps: None,
            });
            let (from, to) = self.every_s;
            let wait = from + (to - from) * chance.f64();
            now += wait;
            kept = match self.noise {
                Noise::Correlated(share) => share.powf(wait),
                Noise::Independent | Noise::None => 0.0,
            };
        }
        fixes
    }
}

/// The time so many seconds after the beginning of a ride.
pub fn after(second: f64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_millis((second * 1_000.0).round() as i64)
}

/// The ride of that drive, with its quoted distance.
pub fn ride(drive: &Drive, quoted_m: f64) -> RideFacts {
    RideFacts {
        started_at: after(0.0),
        ended_at: after(drive.seconds()),
        pick_up: Some(drive.place(0.0)),
        drop_off: Some(drive.place(drive.seconds())),
        quoted_m: Some(quoted_m),
    }
}

/// A normally distributed number, by the polar method.
fn normal(chance: &mut Rng) -> f64 {
    loop {
        let (x, y) = (chance.f64() * 2.0 - 1.0, chance.f64() * 2.0 - 1.0);
        let square = x * x + y * y;
        if square > 0.0 && square < 1.0 {
            return x * (-2.0 * square.ln() / square).sqrt();
        }
    }
}
