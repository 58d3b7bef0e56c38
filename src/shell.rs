//! What an operator asks in a shell, beside the service or while it is stopped: why a driver was chosen, and whether the log and the tables agree.

use crate::config::DataConfig;
use crate::dispatch::explain::Explanation;
use crate::domain::TripId;
use crate::inputs;
use crate::store::db::DatabaseUrlError;
use crate::store::pool::Unavailable;
use crate::store::{Store, replay, streams};

/// Why a command has nothing to print, or should be looked into.
#[derive(Debug, thiserror::Error)]
pub enum ShellError {
    /// The database's URL makes no sense.
    #[error(transparent)]
    Url(#[from] DatabaseUrlError),
    /// The database cannot be read or written.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// It is no key.
    #[error("a trip's key has 32 hex digits")]
    NoKey,
    /// Nobody has asked for it.
    #[error("there is no such trip")]
    NoTrip,
    /// The log tells other trips than the tables.
    #[error("the log and the tables differ")]
    Differs,
}

/// Prints how a trip's driver was looked for.
pub async fn explain(nk: &str, data: &DataConfig) -> Result<(), ShellError> {
    let trip = TripId::parse(nk).ok_or(ShellError::NoKey)?;
    let store = Store::open(&data.database()?).store;
    let read = move |db: &mut _| Explanation::read(db, trip);
    let explanation = store.reader.read(read).await?;
    print!("{}", explanation.ok_or(ShellError::NoTrip)?);
    Ok(())
}

/// Rebuilds every trip from the log alone, prints which the tables have otherwise, and fails if there are any.
pub async fn replay(data: &DataConfig) -> Result<(), ShellError> {
    const PAGE: i64 = 500;
    let reader = Store::open(&data.database()?).store.reader;
    let (mut after, mut trips, mut events, mut differing) = (0, 0, 0, 0);
    loop {
        let read = move |db: &mut _| replay::check(db, after, PAGE);
        let page = reader.read(read).await?;
        for (trip, why) in &page.differing {
            println!("trip {trip}: {why}");
        }
        trips += page.trips;
        events += page.events;
        differing += page.differing.len();
        match page.last {
            Some(last) => after = last,
            None => break,
        }
    }
    println!("{trips} trips rebuilt from {events} events, {differing} of them differ");
    if differing > 0 {
        return Err(ShellError::Differs);
    }
    Ok(())
}

/// Begins every stream anew.
pub async fn new_epoch(data: &DataConfig) -> Result<(), ShellError> {
    let store = Store::open(&data.database()?).store;
    let epoch = inputs::fresh_id();
    let changed = store
        .writer
        .change(move |tx| streams::renew(tx.db, epoch))
        .await?;
    println!("{changed} streams have begun anew");
    Ok(())
}
