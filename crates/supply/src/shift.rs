//! The record of one driver on shift: vehicle, occupation, and last position.

use jiff::{SignedDuration, Timestamp};

use domain::{DriverId, Fix, TripId, Vehicle};

use super::Seen;
use super::grid::{Grid, GridSlot, Tags};
use super::judge::{Counts, Judge};

/// A driver without an accepted fix for longer than this gets no offers.
pub const STALE_AFTER: SignedDuration = SignedDuration::from_secs(60);
/// A driver on no trip without an accepted fix for this long may be taken off shift.
pub const IDLE_AFTER: SignedDuration = SignedDuration::from_secs(180);

/// Whether a driver on shift is free, has an offer, or is on a trip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Occupation {
    /// The driver may get an offer.
    Free,
    /// The driver has an offer to decide on.
    Offered,
    /// The driver is on this trip.
    OnTrip(TripId),
}

/// The record of a driver on shift. A thread that changes it holds it exclusively, and the driver's entry in the grid
/// changes only together with it.
#[derive(Debug)]
pub(crate) struct DriverOnShift {
    driver: DriverId,
    vehicle: Vehicle,
    class: u32,
    occupation: Occupation,
    /// When the shift began, or the wait after the last trip.
    began_at: Timestamp,
    /// When the last accepted fix was received, by the service's clock.
    heard_at: Option<Timestamp>,
    judge: Judge,
    slot: Option<GridSlot>,
    accepted: u32,
    refused: u32,
}

impl DriverOnShift {
    /// A new shift, without a position yet.
    pub(crate) fn new(driver: DriverId, vehicle: Vehicle, class: u32, at: Timestamp) -> Self {
        Self {
            driver,
            vehicle,
            class,
            occupation: Occupation::Free,
            began_at: at,
            heard_at: None,
            judge: Judge::default(),
            slot: None,
            accepted: 0,
            refused: 0,
        }
    }

    /// Continues the shift in the given vehicle; returns the vehicle before.
    pub(crate) fn resume(
        &mut self,
        grid: &Grid,
        vehicle: Vehicle,
        class: u32,
        at: Timestamp,
    ) -> Vehicle {
        self.began_at = self.began_at.max(at);
        self.class = class;
        let before = std::mem::replace(&mut self.vehicle, vehicle);
        self.retag(grid);
        before
    }

    /// Removes the driver from the grid; returns their vehicle.
    pub(crate) fn end(&mut self, grid: &Grid) -> &Vehicle {
        if let Some(slot) = self.slot.take() {
            grid.remove(slot, self.driver);
        }
        &self.vehicle
    }

    /// Judges a report's fixes and moves the driver.
    pub(crate) fn report(
        &mut self,
        grid: &Grid,
        fixes: &[Fix],
        received_at: Timestamp,
    ) -> (Vec<Fix>, Counts) {
        let (accepted, counts) = self.judge.judge_all(fixes, received_at);
        if let Some(fix) = accepted.last() {
            let heard_at = self.heard_at.map_or(received_at, |at| at.max(received_at));
            self.heard_at = Some(heard_at);
            let tags = self.tags(heard_at);
            match &mut self.slot {
                Some(slot) => grid.relocate(slot, self.driver, fix.location, tags),
                None => self.slot = Some(grid.insert(self.driver, fix.location, tags)),
            }
        }
        (accepted, counts)
    }

    /// Changes the occupation; returns the one before.
    pub(crate) fn occupy(&mut self, grid: &Grid, occupation: Occupation) -> Occupation {
        let before = std::mem::replace(&mut self.occupation, occupation);
        self.retag(grid);
        before
    }

    /// Begins the wait for a trip anew, because the last trip is over.
    pub(crate) fn wait_from(&mut self, at: Timestamp) {
        self.began_at = self.began_at.max(at);
    }

    /// The driver's occupation.
    pub(crate) fn occupation(&self) -> Occupation {
        self.occupation
    }

    /// The last accepted fix.
    pub(crate) fn latest(&self) -> Option<Fix> {
        self.judge.last().copied()
    }

    /// The driver's vehicle.
    pub(crate) fn vehicle(&self) -> &Vehicle {
        &self.vehicle
    }

    /// The driver as dispatching needs them; `None` before the first accepted fix.
    pub(crate) fn seen(&self) -> Option<Seen> {
        Some(Seen {
            place: self.judge.last()?.location,
            since: self.began_at,
            accepted: self.accepted,
            refused: self.refused,
        })
    }

    /// Counts an answer to an offer.
    pub(crate) fn answered(&mut self, is_accepted: bool) {
        let count = if is_accepted {
            &mut self.accepted
        } else {
            &mut self.refused
        };
        *count = count.saturating_add(1);
    }

    /// Whether the last accepted fix is too old for an offer.
    pub(crate) fn is_stale(&self, at: Timestamp) -> bool {
        self.heard_at
            .is_none_or(|heard| is_stale(ticks(heard), ticks(at)))
    }

    /// Whether the driver has probably gone: on no trip, and no fix for [`IDLE_AFTER`].
    pub(crate) fn is_idle(&self, at: Timestamp) -> bool {
        let last_sign = self
            .heard_at
            .map_or(self.began_at, |at| at.max(self.began_at));
        match self.occupation {
            Occupation::Free | Occupation::Offered => at.duration_since(last_sign) >= IDLE_AFTER,
            Occupation::OnTrip(_) => false,
        }
    }

    fn retag(&self, grid: &Grid) {
        if let (Some(slot), Some(heard_at)) = (&self.slot, self.heard_at) {
            grid.retag(slot, self.driver, self.tags(heard_at));
        }
    }

    fn tags(&self, heard_at: Timestamp) -> Tags {
        Tags {
            heard: ticks(heard_at),
            class: self.class,
            seats: self.vehicle.seats,
            is_free: self.occupation == Occupation::Free,
        }
    }
}

/// [`STALE_AFTER`] in the grid's unit of time.
const STALE_AFTER_TICKS: i32 = (STALE_AFTER.as_millis() / 100) as i32;

/// A time in the grid's unit: tenths of a second, wrapping around every 13 years.
pub(crate) fn ticks(at: Timestamp) -> u32 {
    at.as_millisecond().div_euclid(100) as u32
}

/// Whether a position received at `heard` is too old at `now`. One that seems to come from the future is not: threads
/// read the clock in no particular order.
pub(crate) fn is_stale(heard: u32, now: u32) -> bool {
    let age = now.wrapping_sub(heard) as i32;
    age > STALE_AFTER_TICKS
}
