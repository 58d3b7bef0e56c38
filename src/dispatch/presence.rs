//! What is heard of the drivers who have a trip, shared between requests, sockets and sweeps.
//!
//! It is memory, and decides nothing. What must outlive a restart are columns: a driver who has reported positions has a row of their own, a driver
//! who has come near enough has it in their trip. After a restart nobody has been silent for longer than the service runs.

use std::sync::Arc;

use jiff::Timestamp;
use parking_lot::{Mutex, MutexGuard};

use crate::domain::presence::HeardDrivers;
use crate::domain::{DriverId, UserId};
use crate::inputs;

/// What is heard of drivers; cheap to clone.
#[derive(Clone)]
pub struct Presence(Arc<Mutex<HeardDrivers>>);

/// A socket that is open; closed when it is dropped.
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
    /// Nothing has been heard yet.
    pub(super) fn begin(since: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(HeardDrivers::begin(since))))
    }

    /// The drivers who have a trip. They are locked until what this gives is dropped.
    pub(super) fn drivers(&self) -> MutexGuard<'_, HeardDrivers> {
        self.0.lock()
    }

    /// A driver has sent something.
    pub fn heard(&self, driver: DriverId, at: Timestamp) {
        self.drivers().heard(driver, at);
    }

    /// A socket is open until what this gives is dropped. Of those who do not drive nobody asks.
    pub fn opens(&self, user: UserId) -> OpenSocket {
        let driver = DriverId::of(user);
        self.drivers().opens(driver);
        OpenSocket {
            presence: self.clone(),
            driver,
        }
    }
}
