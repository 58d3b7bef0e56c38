//! How shifts begin and end.

use jiff::Timestamp;

use super::refusal::Refusal;
use super::state::State;
use crate::{Actor, DriverId, Fact, Shift, Vehicle};

impl State {
    pub(super) fn begin_shift(
        &mut self,
        driver: DriverId,
        vehicle: &Vehicle,
        at: Timestamp,
    ) -> Result<usize, Refusal> {
        if let Some(shift) = self.shifts.get(&driver) {
            return Err(Refusal::OnShift(shift.clone()));
        }
        if let Some(may_drive) = self.allowances.get(&driver)
            && !may_drive.allows(vehicle)
        {
            return Err(Refusal::WrongVehicle(may_drive.clone()));
        }
        let shift = Shift {
            id: 0,
            driver,
            vehicle: vehicle.clone(),
            began_at: at,
            ended_at: None,
        };
        self.shifts.insert(driver, shift.clone());
        Ok(self.record(at, Actor::Driver(driver), Fact::Shift(shift)))
    }

    /// Ends a driver's shift. A driver who has a trip stays on shift until it is over.
    pub(super) fn end_shift(
        &mut self,
        driver: DriverId,
        by: Actor,
        at: Timestamp,
    ) -> Result<usize, Refusal> {
        if self.taken.contains_key(&driver) {
            return Err(Refusal::DriverBusy);
        }
        let shift = self.shifts.remove(&driver).ok_or(Refusal::NotOnShift)?;
        self.withdraw_offer_to(driver, at);
        let shift = Shift {
            ended_at: Some(at),
            ..shift
        };
        self.changes.ended_shifts.push(shift.clone());
        Ok(self.record(at, by, Fact::Shift(shift)))
    }
}
