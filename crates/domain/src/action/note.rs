//! Findings about a trip's driver: nearer, late, silent or blocked. Also how an operator takes the trip from the
//! driver.

use jiff::Timestamp;

use crate::action::{Action, Change, TripRefusal};
use crate::duties::Conduct;
use crate::id::DriverId;
use crate::text::Reason;
use crate::trip::{Trip, TripState};

impl Trip {
    /// Begins the next attempt to find a driver.
    pub(super) fn take_back(
        &self,
        reason: Option<Reason>,
        action: &Action,
        at: Timestamp,
    ) -> Result<Change, TripRefusal> {
        match &self.state {
            TripState::Accepted { driver } | TripState::Arrived { driver } => {
                Ok(self.given_back(driver.id, reason, at))
            }
            // The trip has no driver any more, as was wanted.
            TripState::Requested if self.attempt > 1 => Ok(Change::AlreadyDone),
            TripState::Scheduled
            | TripState::Requested
            | TripState::InProgress { .. }
            | TripState::Completed { .. }
            | TripState::Cancelled { .. }
            | TripState::NoShow { .. }
            | TripState::Expired => Err(self.not_possible(action)),
        }
    }

    /// Notes that the driver has come near enough for a late cancellation to cost something.
    pub(super) fn note_nearer(
        &self,
        driver: DriverId,
        metres: u32,
        action: &Action,
        at: Timestamp,
    ) -> Result<Change, TripRefusal> {
        let is_near = self.near_due_m().is_some_and(|near| metres <= near);
        if self.is_with(driver) && self.conduct.nearer_at.is_some() {
            return Ok(Change::AlreadyDone);
        }
        if !is_near || !self.is_with(driver) {
            return Err(self.not_possible(action));
        }
        let nearer_at = Some(at);
        Ok(self.noted(
            Conduct {
                nearer_at,
                ..self.conduct
            },
            at,
        ))
    }

    /// Notes that the driver is later than promised.
    pub(super) fn note_late(&self, action: &Action, at: Timestamp) -> Result<Change, TripRefusal> {
        if matches!(self.state, TripState::Accepted { .. }) && self.conduct.late_at.is_some() {
            return Ok(Change::AlreadyDone);
        }
        if !self.is_late(at) {
            return Err(self.not_possible(action));
        }
        let late_at = Some(at);
        Ok(self.noted(
            Conduct {
                late_at,
                ..self.conduct
            },
            at,
        ))
    }

    /// Notes that nothing has been heard from the driver for too long: once before the start, and once after it.
    pub(super) fn note_silent(
        &self,
        driver: DriverId,
        since: Timestamp,
        action: &Action,
        at: Timestamp,
    ) -> Result<Change, TripRefusal> {
        let is_silent = self.order.duties().is_silent(since, at);
        if !is_silent || !self.is_with(driver) {
            return Err(self.not_possible(action));
        }
        if self.is_silence_noted() {
            return Ok(Change::AlreadyDone);
        }
        // Clocks may run backwards; a finding after the start must keep a time after it.
        let silent_at = Some(self.times.started_at.map_or(at, |started| at.max(started)));
        Ok(self.noted(
            Conduct {
                silent_at,
                ..self.conduct
            },
            at,
        ))
    }

    /// Whether the driver's silence is noted already, for the part of the trip before the start or after it.
    pub(crate) fn is_silence_noted(&self) -> bool {
        let silent_at = self.conduct.silent_at;
        silent_at.is_some_and(|silent_at| {
            self.times
                .started_at
                .is_none_or(|started_at| silent_at >= started_at)
        })
    }

    /// Notes that the driver was blocked. Before the start the trip goes back to the search; after it the ride goes on
    /// until an operator ends it.
    pub(super) fn note_blocked(
        &self,
        driver: DriverId,
        action: &Action,
        at: Timestamp,
    ) -> Result<Change, TripRefusal> {
        match &self.state {
            TripState::Requested if self.given_back_by.contains(&driver) => Ok(Change::AlreadyDone),
            TripState::Accepted { driver: by } | TripState::Arrived { driver: by }
                if by.id == driver =>
            {
                Ok(self.given_back(driver, None, at))
            }
            TripState::InProgress { driver: by }
                if by.id == driver && self.conduct.blocked_at.is_some() =>
            {
                Ok(Change::AlreadyDone)
            }
            TripState::InProgress { driver: by } if by.id == driver => {
                let blocked_at = Some(at);
                Ok(self.noted(
                    Conduct {
                        blocked_at,
                        ..self.conduct
                    },
                    at,
                ))
            }
            TripState::Scheduled
            | TripState::Requested
            | TripState::Accepted { .. }
            | TripState::Arrived { .. }
            | TripState::InProgress { .. }
            | TripState::Completed { .. }
            | TripState::Cancelled { .. }
            | TripState::NoShow { .. }
            | TripState::Expired => Err(self.not_possible(action)),
        }
    }

    fn noted(&self, conduct: Conduct, at: Timestamp) -> Change {
        Change::To(Box::new(Self {
            conduct,
            ..self.next(at)
        }))
    }
}
