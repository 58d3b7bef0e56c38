//! Shifts: the times that drivers are online.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::id::DriverId;
use super::vehicle::Vehicle;

/// A driver's time online, in one vehicle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shift {
    /// 0 until the store has assigned a number.
    pub id: i64,
    pub driver: DriverId,
    pub vehicle: Vehicle,
    pub began_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}
