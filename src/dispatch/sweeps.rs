//! Deadlines: columns that are looked at again and again, so that a restart forgets none.

use futures_util::future::join_all;

use super::{Dispatch, policy};
use crate::domain::{Action, Actor, OfferId, TripId};
use crate::inputs;
use crate::store::pool::Unavailable;
use crate::store::writer::CommandError;
use crate::store::writer::command::{Command, Note, Post, Stated, Task};
use crate::store::{offers, searches, tracks, trips};

/// How many of each kind are carried out at once.
const SWEEP_MAX: i64 = 256;

impl Dispatch {
    /// Carries out all that is due.
    pub async fn sweep(&self) -> Result<(), Unavailable> {
        self.expire_overdue().await?;
        self.open_due().await?;
        self.lapse_overdue().await?;
        self.send_home_idle().await?;
        self.look().await
    }

    /// Waits until something has happened after which drivers may have to be looked for.
    pub async fn woken(&self) {
        self.wake.notified().await;
    }

    /// Gives up the searches whose time is over.
    async fn expire_overdue(&self) -> Result<(), Unavailable> {
        let at = inputs::now();
        let find = move |db: &mut _| trips::overdue(db, at, SWEEP_MAX);
        let overdue = self.store.reader.read(find).await?;
        self.act_on(overdue, &Action::Expire).await
    }

    /// Begins the searches for trips for later.
    async fn open_due(&self) -> Result<(), Unavailable> {
        let at = inputs::now();
        let find = move |db: &mut _| trips::due(db, at, SWEEP_MAX);
        let due = self.store.reader.read(find).await?;
        self.act_on(due, &Action::Open).await
    }

    async fn act_on(&self, trips: Vec<TripId>, action: &Action) -> Result<(), Unavailable> {
        let tasks = trips.into_iter().map(|trip| Task::Act {
            trip,
            action: action.clone(),
            stated: Stated::default(),
        });
        self.carry_out(tasks).await
    }

    /// Ends the offers whose time is over.
    async fn lapse_overdue(&self) -> Result<(), Unavailable> {
        let at = inputs::now();
        let find = move |db: &mut _| offers::overdue(db, at, SWEEP_MAX);
        let overdue = self.store.reader.read(find).await?;
        self.carry_out(overdue.into_iter().map(Task::Lapse)).await
    }

    /// Looks for drivers for all trips whose time for it has come.
    async fn look(&self) -> Result<(), Unavailable> {
        let at = inputs::now();
        let find = move |db: &mut _| searches::due(db, at, SWEEP_MAX);
        let pool = self.store.reader.read(find).await?;
        let id = || OfferId::new(inputs::fresh_id());
        let plan = policy::plan(&pool, &self.supply, &self.town, at, id);
        self.carry_out(plan.into_iter().map(Task::Propose)).await
    }

    /// Takes off shift those of whom nothing was heard for long; whoever has a trip stays.
    async fn send_home_idle(&self) -> Result<(), Unavailable> {
        let at = inputs::now();
        let posts = self.supply.idle(at).into_iter().map(|driver| {
            let what = Note::EndShift(driver, Actor::Service);
            self.store.writer.post(Post { what, at })
        });
        settled(join_all(posts).await)
    }

    /// Writes the ways of the rides that have grown.
    pub async fn save_tracks(&self) -> Result<(), Unavailable> {
        let unsaved = self.tracks.unsaved();
        let rows = unsaved.clone();
        if !rows.is_empty() {
            let writer = &self.store.writer;
            writer.change(move |tx| tracks::save(tx.db, &rows)).await?;
        }
        self.tracks.saved(&unsaved);
        Ok(())
    }

    async fn carry_out(&self, tasks: impl Iterator<Item = Task>) -> Result<(), Unavailable> {
        let at = inputs::now();
        let commands = tasks.map(|task| {
            let command = Command {
                task,
                key: None,
                at,
            };
            self.store.writer.command(command)
        });
        settled(join_all(commands).await)
    }
}

/// What was refused has been settled by somebody quicker: all the better.
fn settled<T>(results: Vec<Result<T, CommandError>>) -> Result<(), Unavailable> {
    for result in results {
        match result {
            Ok(_) | Err(CommandError::Refused(_)) => {}
            Err(CommandError::Unavailable(error)) => return Err(error),
        }
    }
    Ok(())
}
