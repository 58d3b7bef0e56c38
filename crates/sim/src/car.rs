//! A driver with a car: where the car is, and what the driver is doing.

use jiff::Timestamp;

use super::streets::Leg;
use domain::{Coordinates, DriverId, Fix, Party, UserId};

/// What a driver is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doing {
    Off,
    /// On shift without a trip.
    Idle,
    /// Driving to where requests are expected.
    Roaming,
    /// Driving to the rider of that trip.
    ToPickUp(usize),
    /// Waiting at the pick-up of that trip.
    Waiting(usize),
    /// Driving the rider of that trip.
    Riding(usize),
}

impl Doing {
    /// The number of kinds.
    pub(crate) const KINDS: usize = 6;

    /// The index of the kind, below [`Self::KINDS`].
    pub(crate) const fn kind(self) -> usize {
        match self {
            Self::Off => 0,
            Self::Idle => 1,
            Self::Roaming => 2,
            Self::ToPickUp(_) => 3,
            Self::Waiting(_) => 4,
            Self::Riding(_) => 5,
        }
    }

    /// Whether the driver is available for a trip.
    pub(crate) const fn is_idle(self) -> bool {
        matches!(self, Self::Idle | Self::Roaming)
    }

    /// The trip that the driver serves.
    pub(crate) const fn trip(self) -> Option<usize> {
        match self {
            Self::Off | Self::Idle | Self::Roaming => None,
            Self::ToPickUp(trip) | Self::Waiting(trip) | Self::Riding(trip) => Some(trip),
        }
    }
}

/// A driver with a car. Times are in milliseconds after midnight.
#[derive(Debug, Clone)]
pub(crate) struct Car {
    pub driver: DriverId,
    pub doing: Doing,
    /// When the driver began to do that.
    pub since: i64,
    /// Until when the driver has no network.
    pub dark_until: i64,
    /// How many times the network was lost.
    pub losses: u64,
    /// When the shift ends. A trip under way is finished first.
    pub ends: Option<i64>,
    /// The number of times that the car set out or stopped. It tells outdated happenings from current ones.
    pub turn: u32,
    /// Where the car stands, or where its current drive began.
    place: Coordinates,
    drive: Option<(i64, Leg)>,
    bound_for: Option<Coordinates>,
}

/// The id of the driver with that number.
pub(super) const fn driver(number: usize) -> DriverId {
    DriverId::of(UserId::new(number as i64 + 1))
}

/// The number of the driver with that id.
pub(super) fn number(driver: DriverId) -> usize {
    usize::try_from(driver.user().get() - 1).unwrap_or(usize::MAX)
}

impl Car {
    /// A parked car whose driver is off shift.
    pub(crate) fn new(number: usize, place: Coordinates, ends: Option<i64>) -> Self {
        Self {
            driver: driver(number),
            doing: Doing::Off,
            since: 0,
            dark_until: i64::MIN,
            losses: 0,
            ends,
            turn: 0,
            place,
            drive: None,
            bound_for: None,
        }
    }

    /// The driver, as the rider sees them.
    pub(crate) fn party(&self) -> Party<DriverId> {
        Party {
            id: self.driver,
            username: String::new(),
            first_name: String::new(),
            last_name: String::new(),
            photo: None,
        }
    }

    /// The car's position.
    pub(crate) fn place(&self, now: i64) -> Coordinates {
        let drive = self.drive.as_ref();
        drive
            .and_then(|(begun, leg)| leg.place(now - begun))
            .unwrap_or(self.place)
    }

    /// The car's destination.
    pub(crate) const fn bound_for(&self) -> Option<Coordinates> {
        self.bound_for
    }

    /// Whether the car is driving.
    pub(crate) const fn is_moving(&self) -> bool {
        self.drive.is_some()
    }

    /// Whether the driver has no network.
    pub(crate) const fn is_dark(&self, now: i64) -> bool {
        now < self.dark_until
    }

    /// Sets out; returns the new `turn` and the duration in milliseconds.
    pub(crate) fn set_out(&mut self, leg: Leg, to: Coordinates, now: i64) -> (u32, i64) {
        self.stop(now);
        let ms = leg.ms();
        self.drive = Some((now, leg));
        self.bound_for = Some(to);
        (self.turn, ms)
    }

    /// Stops the car where it is.
    pub(crate) fn stop(&mut self, now: i64) {
        self.place = self.place(now);
        self.drive = None;
        self.bound_for = None;
        self.turn += 1;
    }

    /// The fix that the driver's device sends.
    pub(crate) fn fix(&self, now: i64, at: Timestamp) -> Fix {
        Fix {
            location: self.place(now),
            at,
            accuracy_m: None,
            heading_deg: None,
            speed_mps: None,
        }
    }
}
