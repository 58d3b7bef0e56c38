//! Signs of life of drivers on a trip, shared between requests, sockets and sweeps.
//!
//! This is memory, and it decides nothing. What must survive a restart is in the database: a driver who has reported
//! positions has a row of their own, and a driver's approach is noted in the trip. After a restart, no driver
//! counts as silent for longer than the service runs.

use std::sync::Arc;

use jiff::Timestamp;
use parking_lot::{Mutex, MutexGuard};

use crate::domain::presence::HeardDrivers;
use crate::domain::{DriverId, UserId};
use crate::inputs;

/// The signs of life of drivers on a trip; cheap to clone.
#[derive(Clone)]
pub struct Presence(Arc<Mutex<HeardDrivers>>);

/// A driver's open socket. Dropping it notes that the socket is closed.
#[must_use]
pub struct OpenSocket {
    presence: Presence,
    driver: DriverId,
}

impl Drop for OpenSocket {
    fn drop(&mut self) {
        let at = inputs::now();
        self.presence.drivers().closes(self.driver, at);
    }
}

impl Presence {
    /// Begins without signs of life, at the start of the service.
    pub(super) fn begin(since: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(HeardDrivers::begin(since))))
    }

    /// Locks the drivers who have a trip until the guard is dropped.
    pub(super) fn drivers(&self) -> MutexGuard<'_, HeardDrivers> {
        self.0.lock()
    }

    /// Notes a sign of life of a driver.
    pub fn heard(&self, driver: DriverId, at: Timestamp) {
        self.drivers().heard(driver, at);
    }

    /// Notes an open socket until the returned value is dropped. For accounts that are not drivers' this has no effect.
    pub fn open_socket(&self, user: UserId) -> OpenSocket {
        let driver = DriverId::of(user);
        self.drivers().opens(driver);
        OpenSocket {
            presence: self.clone(),
            driver,
        }
    }
}
