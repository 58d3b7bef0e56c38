//! One driver's shift: where they are, and what they are at.

use jiff::{SignedDuration, Timestamp};

use domain::{DriverId, Fix, TripId, Vehicle};

use super::Seen;
use super::grid::{Grid, GridSlot, Tags};
use super::judge::{Counts, Judge};

/// A driver of whom nothing has been heard for longer gets no offers.
pub const STALE_AFTER: SignedDuration = SignedDuration::from_secs(60);
/// A driver of whom nothing has been heard for so long, and who is on no trip, may be taken off shift.
pub const IDLE_AFTER: SignedDuration = SignedDuration::from_secs(180);

/// What a driver on shift is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Occupation {
    /// May get an offer.
    Free,
    /// Has one to decide on.
    Offered,
    /// Serves a trip.
    OnTrip(TripId),
}

/// What is known of a driver on shift. Whoever changes it has it alone, and the driver's place in the grid changes with it only.
#[derive(Debug)]
pub(crate) struct DriverOnShift {
    driver: DriverId,
    vehicle: Vehicle,
    class: u32,
    occupation: Occupation,
    /// When the shift, or the wait after a trip, began.
    began_at: Timestamp,
    /// When a fix was last accepted, by our clock.
    heard_at: Option<Timestamp>,
    judge: Judge,
    spot: Option<GridSlot>,
    accepted: u32,
    refused: u32,
}

impl DriverOnShift {
    /// A shift that begins, with nothing heard yet.
    pub(crate) fn new(driver: DriverId, vehicle: Vehicle, class: u32, at: Timestamp) -> Self {
        Self {
            driver,
            vehicle,
            class,
            occupation: Occupation::Free,
            began_at: at,
            heard_at: None,
            judge: Judge::default(),
            spot: None,
            accepted: 0,
            refused: 0,
        }
    }

    /// Goes on in another vehicle, or the same; gives the one before.
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

    /// Takes the driver off the grid; gives the vehicle.
    pub(crate) fn end(&mut self, grid: &Grid) -> &Vehicle {
        if let Some(spot) = self.spot.take() {
            grid.remove(spot, self.driver);
        }
        &self.vehicle
    }

    /// Judges what the device says, and moves the driver.
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
            match &mut self.spot {
                Some(spot) => grid.relocate(spot, self.driver, fix.location, tags),
                None => self.spot = Some(grid.insert(self.driver, fix.location, tags)),
            }
        }
        (accepted, counts)
    }

    /// Notes what the driver is at; gives what it was before.
    pub(crate) fn occupy(&mut self, grid: &Grid, occupation: Occupation) -> Occupation {
        let before = std::mem::replace(&mut self.occupation, occupation);
        self.retag(grid);
        before
    }

    /// The driver has a trip no longer: waiting begins anew.
    pub(crate) fn wait_from(&mut self, at: Timestamp) {
        self.began_at = self.began_at.max(at);
    }

    /// What the driver is at.
    pub(crate) fn occupation(&self) -> Occupation {
        self.occupation
    }

    /// The last fix that was accepted.
    pub(crate) fn latest(&self) -> Option<Fix> {
        self.judge.last().copied()
    }

    /// What the driver drives.
    pub(crate) fn vehicle(&self) -> &Vehicle {
        &self.vehicle
    }

    /// What is known of the driver, once a position was believed.
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

    /// Whether too little has been heard lately for an offer.
    pub(crate) fn is_stale(&self, at: Timestamp) -> bool {
        self.heard_at
            .is_none_or(|heard| is_stale(ticks(heard), ticks(at)))
    }

    /// Whether the driver has gone, by the look of it: on no trip, and not heard of.
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
        if let (Some(spot), Some(heard_at)) = (&self.spot, self.heard_at) {
            grid.retag(spot, self.driver, self.tags(heard_at));
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

/// [`STALE_AFTER`] as the grid keeps it.
const STALE_AFTER_TICKS: i32 = (STALE_AFTER.as_millis() / 100) as i32;

/// A moment as the grid keeps it: tenths of a second, beginning anew every 13 years.
pub(crate) fn ticks(at: Timestamp) -> u32 {
    at.as_millisecond().div_euclid(100) as u32
}

/// Whether what was heard then is too old now. What seems to come from the future is not: threads read the clock in no particular order.
pub(crate) fn is_stale(heard: u32, now: u32) -> bool {
    let age = now.wrapping_sub(heard) as i32;
    age > STALE_AFTER_TICKS
}
