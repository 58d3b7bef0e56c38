//! Decides who is on duty.

use diesel::QueryResult;
use jiff::Timestamp;

use super::Desk;
use crate::domain::{Actor, DriverId, Fact, Shift, Vehicle};
use crate::store::db::Db;
use crate::store::shifts;
use crate::store::writer::command::Refused;

impl Desk {
    pub(super) fn begin_shift(
        &mut self,
        driver: DriverId,
        vehicle: &Vehicle,
        at: Timestamp,
    ) -> Result<usize, Refused> {
        if let Some(shift) = self.shifts.get(&driver) {
            return Err(Refused::OnShift(shift.clone()));
        }
        if let Some(may_drive) = self.may_drive.get(&driver)
            && !may_drive.allows(vehicle)
        {
            return Err(Refused::WrongVehicle(may_drive.clone()));
        }
        let shift = Shift {
            id: 0,
            driver,
            vehicle: vehicle.clone(),
            began_at: at,
            ended_at: None,
        };
        self.shifts.insert(driver, shift.clone());
        self.happened(at, Actor::Driver(driver), Fact::Shift(shift));
        Ok(self.events.len() - 1)
    }

    /// A driver who has a trip stays on duty until it is over.
    pub(super) fn end_shift(
        &mut self,
        driver: DriverId,
        by: Actor,
        at: Timestamp,
    ) -> Result<usize, Refused> {
        if self.taken_by_drivers.contains_key(&driver) {
            return Err(Refused::DriverBusy);
        }
        let shift = self.shifts.remove(&driver).ok_or(Refused::NotOnShift)?;
        self.withdraw_offers_to(driver, at);
        let shift = Shift {
            ended_at: Some(at),
            ..shift
        };
        self.ended_shifts.push(shift.clone());
        self.happened(at, by, Fact::Shift(shift));
        Ok(self.events.len() - 1)
    }

    /// Ended shifts go first: a driver may go and come back in one batch. The events of new ones get their numbers.
    pub(super) fn save_shifts(&mut self, db: &mut Db) -> QueryResult<()> {
        for shift in &self.ended_shifts {
            if let (true, Some(at)) = (shift.id != 0, shift.ended_at) {
                shifts::end(db, shift.id, at)?;
            }
        }
        for event in &mut self.events {
            if let Fact::Shift(shift) = &mut event.fact {
                if shift.id == 0 && shift.ended_at.is_none() {
                    shift.id = shifts::insert(db, shift)?;
                } else if let (0, Some(at)) = (shift.id, shift.ended_at) {
                    // It began in this very batch.
                    let begun = shifts::open_of(db, &[shift.driver])?;
                    if let Some(begun) = begun.first() {
                        shift.id = begun.id;
                        shifts::end(db, begun.id, at)?;
                    }
                }
            }
        }
        Ok(())
    }
}
