//! Devices that report where a car is, and err as devices do.

use domain::Fix;
use domain::track::RideFacts;
use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};

use crate::drive::{Drive, moved};

/// An accuracy is the radius within which 68 % of the fixes are, as Android has it; that many standard deviations of
/// one axis.
const DEVIATIONS: f64 = 1.515;

/// How the errors of a device hang together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Noise {
    /// It does not err.
    None,
    /// Each error is that share of the one a second ago, and new for the rest.
    Correlated(f64),
    /// Each error is new.
    Independent,
}

/// A device, and how it reports.
#[derive(Debug, Clone, Copy)]
pub struct Device {
    /// How much time is between its fixes, in seconds: from, to.
    pub every_s: (f64, f64),
    /// How sure it says that it is, in metres.
    pub accuracy_m: f64,
    /// How much it errs, as a share of what the accuracy means.
    pub errs: f64,
    pub noise: Noise,
}

impl Device {
    /// What it reports of a drive, from the beginning to the end.
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

/// So many seconds after the beginning of a ride.
pub fn after(second: f64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_millis((second * 1_000.0).round() as i64)
}

/// The ride of that drive, with what was quoted for it.
pub fn ride(drive: &Drive, quoted_m: f64) -> RideFacts {
    RideFacts {
        started_at: after(0.0),
        ended_at: after(drive.seconds()),
        pick_up: Some(drive.place(0.0)),
        drop_off: Some(drive.place(drive.seconds())),
        quoted_m: Some(quoted_m),
    }
}

/// By the polar method.
fn normal(chance: &mut Rng) -> f64 {
    loop {
        let (x, y) = (chance.f64() * 2.0 - 1.0, chance.f64() * 2.0 - 1.0);
        let square = x * x + y * y;
        if square > 0.0 && square < 1.0 {
            return x * (-2.0 * square.ln() / square).sqrt();
        }
    }
}
