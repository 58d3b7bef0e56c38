//! A driver and the car: where they are and what they are at.

use jiff::Timestamp;

use super::streets::Leg;
use domain::{Coordinates, DriverId, Fix, Party, UserId};

/// What a driver is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doing {
    /// Off shift.
    Off,
    /// Waits for a trip.
    Idle,
    /// Drives to where requests are expected.
    Roaming,
    /// Drives to the rider of that trip.
    ToPickUp(usize),
    /// Waits for the rider of that trip.
    Waiting(usize),
    /// Drives the rider of that trip.
    Riding(usize),
}

impl Doing {
    /// How many there are.
    pub(crate) const KINDS: usize = 6;

    /// Which of them it is.
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

    /// Whether the driver has nothing better to do.
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

/// A driver and the car.
#[derive(Debug, Clone)]
pub(crate) struct Car {
    /// Who.
    pub driver: DriverId,
    /// What the driver is at.
    pub doing: Doing,
    /// Since when.
    pub since: i64,
    /// Until when there is no network.
    pub dark_until: i64,
    /// How often the network was lost.
    pub losses: u64,
    /// When the shift ends; a trip is driven to its end.
    pub ends: Option<i64>,
    /// How many ways the car has gone.
    pub turn: u32,
    /// Where the car stands, or where its way began.
    place: Coordinates,
    way: Option<(i64, Leg)>,
    bound_for: Option<Coordinates>,
}

/// The driver of that number.
pub(super) const fn driver(number: usize) -> DriverId {
    DriverId::of(UserId::new(number as i64 + 1))
}

/// The number of that driver.
pub(super) fn number(driver: DriverId) -> usize {
    usize::try_from(driver.user().get() - 1).unwrap_or(usize::MAX)
}

impl Car {
    /// A car that stands somewhere, its driver off shift.
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
            way: None,
            bound_for: None,
        }
    }

    /// The driver, as the other party sees them.
    pub(crate) fn party(&self) -> Party<DriverId> {
        Party {
            id: self.driver,
            username: String::new(),
            first_name: String::new(),
            last_name: String::new(),
            photo: None,
        }
    }

    /// Where the car is.
    pub(crate) fn place(&self, now: i64) -> Coordinates {
        let way = self.way.as_ref();
        way.and_then(|(begun, leg)| leg.place(now - begun))
            .unwrap_or(self.place)
    }

    /// Where the car is going.
    pub(crate) const fn bound_for(&self) -> Option<Coordinates> {
        self.bound_for
    }

    /// Whether the car moves.
    pub(crate) const fn is_moving(&self) -> bool {
        self.way.is_some()
    }

    /// Whether the driver has no network.
    pub(crate) const fn is_dark(&self, now: i64) -> bool {
        now < self.dark_until
    }

    /// The car sets out; gives the number of the way, and how long it takes.
    pub(crate) fn set_out(&mut self, leg: Leg, to: Coordinates, now: i64) -> (u32, i64) {
        self.stop(now);
        let ms = leg.ms();
        self.way = Some((now, leg));
        self.bound_for = Some(to);
        (self.turn, ms)
    }

    /// The car stands where it is.
    pub(crate) fn stop(&mut self, now: i64) {
        self.place = self.place(now);
        self.way = None;
        self.bound_for = None;
        self.turn += 1;
    }

    /// What its device says.
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
