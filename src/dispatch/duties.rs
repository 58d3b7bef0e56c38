//! Holds drivers to what they owe their riders: who is late, who is silent, who comes nearer, and who may not drive any more.

use jiff::Timestamp;

use super::Dispatch;
use super::presence::Presence;
use super::sweeps::{SWEEP_MAX, act};
use crate::domain::core::Command;
use crate::domain::{Action, Actor, DriverId, Trip, TripId};
use crate::inputs;
use crate::store::pool::Unavailable;
use crate::store::settling::{self, Unsettled};
use crate::store::{quiet_drivers, trips};

/// What is to be written about the drivers who were due.
#[derive(Default)]
struct Findings {
    silent: Vec<Command>,
    later: Vec<(i64, Timestamp)>,
    over: Vec<i64>,
}

impl Dispatch {
    /// What is heard of drivers.
    pub const fn presence(&self) -> &Presence {
        &self.presence
    }

    /// Carries out what is due of it.
    pub(super) async fn hold_to_duties(&self) -> Result<(), Unavailable> {
        self.note_nearer().await?;
        self.note_late().await?;
        self.note_silent().await?;
        self.settle().await
    }

    /// Writes down who has come near enough to a pick-up.
    async fn note_nearer(&self) -> Result<(), Unavailable> {
        let came = self.presence.came_near();
        let near = |(driver, trip, metres): &(DriverId, TripId, u32)| {
            act(*trip, Action::NoteNearer(*driver, *metres))
        };
        let noted = self.carry_out(came.iter().map(near)).await;
        if noted.is_err() {
            self.presence.still_near(&came);
        }
        noted
    }

    async fn note_late(&self) -> Result<(), Unavailable> {
        let at = inputs::now();
        let find = move |db: &mut _| trips::late(db, at, SWEEP_MAX);
        let late = self.store.reader.read(find).await?;
        self.act_on(late, &Action::NoteLate).await
    }

    /// Looks at the drivers who were not looked at for as long as they may be silent.
    async fn note_silent(&self) -> Result<(), Unavailable> {
        let at = inputs::now();
        self.keep_reporting(at).await?;
        let find = move |db: &mut _| quiet_drivers::due(db, at, SWEEP_MAX);
        let due = self.store.reader.read(find).await?;
        if due.is_empty() {
            return Ok(());
        }
        let Findings {
            silent,
            later,
            over,
        } = self.look_at(&due, at);
        self.carry_out(silent.into_iter()).await?;
        let put_off = self.store.writer.change(move |tx| {
            quiet_drivers::end(tx.db, &over)?;
            quiet_drivers::put_off(tx.db, &later)
        });
        put_off.await
    }

    /// Writes down which drivers on trips have reported positions: only they can be silent. They are looked at at once.
    async fn keep_reporting(&self, at: Timestamp) -> Result<(), Unavailable> {
        let new = self.presence.to_keep();
        if new.is_empty() {
            return Ok(());
        }
        let numbers: Vec<i64> = new.iter().map(|(_, number)| *number).collect();
        let keep = self
            .store
            .writer
            .change(move |tx| quiet_drivers::begin(tx.db, &numbers, at));
        keep.await?;
        self.presence.kept(&new);
        Ok(())
    }

    fn look_at(&self, due: &[Trip], at: Timestamp) -> Findings {
        let mut findings = Findings::default();
        for trip in due {
            let Some(driver) = trip.taken_by().map(|driver| driver.id) else {
                findings.over.push(trip.number);
                continue;
            };
            let silence = trip.order.duties().silence();
            let last = self.presence.last_sign(driver, at);
            let is_silent = at.duration_since(last) >= silence;
            if is_silent && !trip.is_silence_noted() {
                let noted = Action::NoteSilent(driver, last);
                findings.silent.push(act(trip.id, noted));
            }
            let from = if is_silent { at } else { last };
            findings.later.push((trip.number, from + silence));
        }
        findings
    }

    /// Looks at what drivers have left behind who were blocked, or are not logged in any more.
    async fn settle(&self) -> Result<(), Unavailable> {
        let at = inputs::now();
        let find = move |db: &mut _| settling::due(db, at, SWEEP_MAX);
        let due = self.store.reader.read(find).await?;
        if due.is_empty() {
            return Ok(());
        }
        let blocked = due.iter().filter(|driver| driver.is_blocked);
        let blocked = blocked
            .filter_map(|driver| Some(act(driver.trip?, Action::NoteBlocked(driver.driver))));
        self.carry_out(blocked).await?;
        let ending = due.iter().filter(|driver| has_shift_to_end(driver));
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

/// A blocked driver's trip may just have been taken from them, so the writer decides whether they have one.
fn has_shift_to_end(driver: &Unsettled) -> bool {
    let may_be_free = driver.trip.is_none() || driver.is_blocked;
    driver.shift.is_some() && driver.is_off() && may_be_free
}
