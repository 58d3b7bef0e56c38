//! Who may get a trip, and why somebody near may not.

use serde::{Deserialize, Serialize};

use super::grid::Tags;
use super::{Wanted, shift};
use domain::DriverId;

/// A driver near a pick-up who may not get the trip.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PassedOver {
    /// Who.
    pub driver: DriverId,
    /// How far from the pick-up, by straight line.
    pub metres: f64,
    /// Why not.
    pub why: Unfit,
}

/// Why a driver on shift may not get a trip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unfit {
    /// Has an offer, or a trip.
    Occupied,
    /// Drives another class.
    OtherClass,
    /// Has too few seats.
    TooFewSeats,
    /// Was not heard of lately.
    Stale,
    /// Was excepted by whoever asked.
    Excepted,
}

/// Why the driver may not get the trip, if so.
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
