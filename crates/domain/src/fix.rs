//! Where a driver's device says that it is.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::id::TripId;
use super::place::Coordinates;

/// One reading of a device's position; drivers' positions are no events: the latest counts, and they may be lost.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Fix {
    /// Where.
    pub location: Coordinates,
    /// When, by the device's clock.
    pub at: Timestamp,
    /// How far off it may be, in metres.
    pub accuracy_m: Option<f64>,
    /// Which way it moves, in degrees from north, clockwise: 0 to 360.
    pub heading_deg: Option<f64>,
    /// How fast, in metres a second.
    pub speed_mps: Option<f64>,
}

/// What a device says at once: where it was, and how many of its positions are none.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PositionReport {
    /// The positions that can be read, in the order in which they came.
    pub fixes: Vec<Fix>,
    /// How many could not be read, or say themselves that the device did not know where it was.
    pub invalid: u64,
}

/// Where the driver of a running trip is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VehiclePosition {
    /// Of which trip.
    pub trip: TripId,
    /// Where.
    pub fix: Fix,
}
