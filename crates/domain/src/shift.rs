//! From going online to going offline.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::id::DriverId;
use super::vehicle::Vehicle;

/// A driver's time online, in one vehicle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shift {
    /// Its number; 0 until the store has given one.
    pub id: i64,
    /// Whose.
    pub driver: DriverId,
    /// With which vehicle.
    pub vehicle: Vehicle,
    /// Since when.
    pub began_at: Timestamp,
    /// Until when, if it is over.
    pub ended_at: Option<Timestamp>,
}
