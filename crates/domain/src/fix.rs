//! Positions as drivers' devices report them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::id::TripId;
use super::place::Coordinates;

/// One reading of a device's position. Positions are not events: only the latest one counts, and one may get lost.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Fix {
    pub location: Coordinates,
    /// By the device's clock.
    pub at: Timestamp,
    /// The radius within which the device probably is, in metres.
    pub accuracy_m: Option<f64>,
    /// The direction of the movement, in degrees clockwise from north: 0 to 360.
    pub heading_deg: Option<f64>,
    /// In metres per second.
    pub speed_mps: Option<f64>,
}

/// The positions that a device reports at once.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PositionReport {
    /// The valid positions, in the order in which they came.
    pub fixes: Vec<Fix>,
    /// How many positions could not be read, or are marked by the device itself as unknown.
    pub invalid: u64,
}

/// The position of the driver of an active trip.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VehiclePosition {
    pub trip: TripId,
    pub fix: Fix,
}
