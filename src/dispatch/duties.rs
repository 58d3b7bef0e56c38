//! Sweeps over drivers on trips: notes who is late, silent or near, and settles drivers who may no longer drive.

use jiff::Timestamp;

use super::Dispatch;
use super::presence::Presence;
use super::sweeps::{SWEEP_MAX, act};
use crate::domain::core::Command;
use crate::domain::settling::UnsettledDriver;
use crate::domain::{Action, Actor, DriverId, SilenceCheck, TripId};
use crate::inputs;
use crate::store::pool::Unavailable;
use crate::store::{quiet_drivers, settling, trips};

impl Dispatch {
    /// The signs of life of drivers on a trip.
    pub const fn presence(&self) -> &Presence {
        &self.projections.presence
    }

    /// Carries out the checks of drivers that are due.
    pub(super) async fn hold_to_duties(&self) -> Result<(), Unavailable> {
        self.note_nearer().await?;
        self.note_late().await?;
        self.note_silent().await?;
        self.settle().await
    }

    /// Records the drivers who have come near enough to a pick-up.
    async fn note_nearer(&self) -> Result<(), Unavailable> {
        let came = self.projections.presence.drivers().came_near();
        let near = |(driver, trip, metres): &(DriverId, TripId, u32)| {
            act(*trip, Action::NoteNearer(*driver, *metres))
        };
        let noted = self.carry_out(came.iter().map(near)).await;
        if noted.is_err() {
            self.projections.presence.drivers().still_near(&came);
        }
        noted
    }

    async fn note_late(&self) -> Result<(), Unavailable> {
        let at = inputs::now();
        let find = move |db: &mut _| trips::late(db, at, SWEEP_MAX);
        let late = self.store.reader.read(find).await?;
        self.act_on(late, &Action::NoteLate).await
    }

    /// Checks the drivers who may be silent by now.
    async fn note_silent(&self) -> Result<(), Unavailable> {
        let at = inputs::now();
        self.keep_reporting(at).await?;
        let find = move |db: &mut _| quiet_drivers::due(db, at, SWEEP_MAX);
        let due = self.store.reader.read(find).await?;
        if due.is_empty() {
            return Ok(());
        }
        let (mut silent, mut later, mut over) = (Vec::new(), Vec::new(), Vec::new());
        for trip in due {
            let heard_at = |driver| self.projections.presence.drivers().heard_at(driver, at);
            match SilenceCheck::of(&trip, heard_at, at) {
                SilenceCheck::Over => over.push(trip.number),
                SilenceCheck::Next { finding, again_at } => {
                    silent.extend(finding.map(|finding| act(trip.id, finding)));
                    later.push((trip.number, again_at));
                }
            }
        }
        self.carry_out(silent.into_iter()).await?;
        let put_off = self.store.writer.change(move |tx| {
            quiet_drivers::end(tx.db, &over)?;
            quiet_drivers::put_off(tx.db, &later)
        });
        put_off.await
    }

    /// Records the drivers on trips who have reported positions, since only they can be silent. The next check is due
    /// at once.
    async fn keep_reporting(&self, at: Timestamp) -> Result<(), Unavailable> {
        let new = self.projections.presence.drivers().to_keep();
        if new.is_empty() {
            return Ok(());
        }
        let numbers: Vec<i64> = new.iter().map(|reporting| reporting.number).collect();
        let keep = self
            .store
            .writer
            .change(move |tx| quiet_drivers::begin(tx.db, &numbers, at));
        keep.await?;
        self.projections.presence.drivers().kept(&new);
        Ok(())
    }

    /// Settles the drivers who were blocked, have logged out, or may no longer drive their vehicle.
    async fn settle(&self) -> Result<(), Unavailable> {
        let at = inputs::now();
        let find = move |db: &mut _| settling::due(db, at, SWEEP_MAX);
        let due = self.store.reader.read(find).await?;
        if due.is_empty() {
            return Ok(());
        }
        let findings = due.iter().filter_map(UnsettledDriver::finding);
        self.carry_out(findings.map(|(trip, finding)| act(trip, finding)))
            .await?;
        let ending = due.iter().filter(|driver| driver.has_shift_to_end());
        let ends = ending.map(|driver| Command::EndShift(driver.driver, Actor::Service));
        self.carry_out(ends).await?;
        let over = due.iter().filter(|driver| driver.is_settled());
        let over: Vec<_> = over.map(|driver| (driver.driver, driver.since)).collect();
        if over.is_empty() {
            return Ok(());
        }
        let end = self
            .store
            .writer
            .change(move |tx| settling::end(tx.db, &over));
        end.await
    }
}
