//! Whether a driver may get a trip, and if not, why.

use serde::{Deserialize, Serialize};

use super::grid::Tags;
use super::{Wanted, shift};
use domain::DriverId;

/// A driver near a pick-up who may not get the trip.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PassedOver {
    pub driver: DriverId,
    /// Distance to the pick-up by straight line.
    pub metres: f64,
    pub why: Unfit,
}

/// Why a driver on shift may not get a trip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unfit {
    /// The driver has an offer or is on a trip.
    Occupied,
    OtherClass,
    /// The vehicle has fewer seats than the trip has passengers.
    TooFewSeats,
    /// No fix was accepted for longer than [`STALE_AFTER`](crate::STALE_AFTER).
    Stale,
    /// The caller excepted the driver.
    Excepted,
}

/// Why the driver may not get the trip; `None` if they may.
pub(super) fn unfit(
    wanted: &Wanted<'_>,
    class: Option<u32>,
    now: u32,
    driver: DriverId,
    tags: Tags,
) -> Option<Unfit> {
    if !tags.is_free {
        Some(Unfit::Occupied)
    } else if Some(tags.class) != class {
        Some(Unfit::OtherClass)
    } else if tags.seats < wanted.passengers {
        Some(Unfit::TooFewSeats)
    } else if shift::is_stale(tags.heard, now) {
        Some(Unfit::Stale)
    } else if (wanted.except)(driver) {
        Some(Unfit::Excepted)
    } else {
        None
    }
}
