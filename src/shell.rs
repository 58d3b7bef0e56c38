//! What an operator asks in a shell, beside the service or while it is stopped: why a driver was chosen, whether the log and the tables agree, and what a day in the log was.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::SignedDuration;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::config::DataConfig;
use crate::dispatch::explain::Explanation;
use crate::domain::TripId;
use crate::inputs;
use crate::sim::{Recording, SimError};
use crate::store::db::{DatabaseUrl, DatabaseUrlError, Db};
use crate::store::lock::{self, DatabaseLock, LockError};
use crate::store::migrations::{self, Direction, MigrationError};
use crate::store::pool::Unavailable;
use crate::store::{Store, replay, streams};

/// Why a command has nothing to print, or should be looked into.
#[derive(Debug, thiserror::Error)]
pub enum ShellError {
    /// The database's URL makes no sense.
    #[error(transparent)]
    Url(#[from] DatabaseUrlError),
    /// The service runs, or it cannot be found out whether it does.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The schema cannot be brought up to date.
    #[error(transparent)]
    Migration(#[from] MigrationError),
    /// The database cannot be read or written.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// It is no key.
    #[error("a trip's key has 32 hex digits")]
    NoKey,
    /// Nobody has asked for it.
    #[error("there is no such trip")]
    NoTrip,
    /// Nobody has requested anything, or nobody has driven.
    #[error(
        "there is no day in the log on which a trip with both places was requested and somebody drove"
    )]
    NoDay,
    /// There is no such date.
    #[error(transparent)]
    Date(#[from] jiff::Error),
    /// The scenario cannot be written.
    #[error(transparent)]
    Scenario(#[from] SimError),
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

/// What to do with the log.
#[derive(Clone, Debug, clap::Args)]
pub struct ReplayArgs {
    /// Rebuild every trip from the log alone, and exit with 1 where the tables say otherwise
    #[arg(long, required_unless_present = "scenario")]
    pub check: bool,
    /// Write who requested and who drove on a day, as a scenario that `cabrank simulate` takes
    #[arg(long, value_name = "FILE.json")]
    pub scenario: Option<PathBuf>,
    /// Which day; without it, the last one on which anybody requested a trip
    #[arg(long, value_name = "YYYY-MM-DD", requires = "scenario")]
    pub date: Option<Date>,
    /// Whose midnight a day ends at, such as Europe/Berlin
    #[arg(long, value_name = "NAME", requires = "scenario", default_value = "UTC", value_parser = time_zone)]
    pub time_zone: TimeZone,
}

fn time_zone(name: &str) -> Result<TimeZone, jiff::Error> {
    TimeZone::get(name)
}

/// Does what is asked with the log.
pub async fn replay(args: &ReplayArgs, data: &DataConfig) -> Result<(), ShellError> {
    if args.check {
        check(data).await?;
    }
    match &args.scenario {
        Some(file) => record(file, args, data).await,
        None => Ok(()),
    }
}

/// Writes a day of the log as a scenario.
async fn record(file: &Path, args: &ReplayArgs, data: &DataConfig) -> Result<(), ShellError> {
    const PAGE: i64 = 500;
    /// Whoever requested before midnight is home by then.
    const RIDE_HOURS: i64 = 12;
    let reader = Store::open(&data.database()?).store.reader;
    let date = match args.date {
        Some(date) => date,
        None => {
            let last = reader.read(replay::last_request).await?;
            let last = last.ok_or(ShellError::NoDay)?;
            last.to_zoned(args.time_zone.clone()).date()
        }
    };
    let midnight = |date: Date| date.to_zoned(args.time_zone.clone());
    let begin = midnight(date)?.timestamp();
    let end = midnight(date.tomorrow()?)?.timestamp();
    let span = (begin, end + SignedDuration::from_hours(RIDE_HOURS));
    let mut recording = Recording::new(begin, end);
    let mut after = 0;
    loop {
        let read = move |db: &mut _| replay::told(db, after, span, PAGE);
        let told = reader.read(read).await?;
        told.iter().for_each(|event| recording.hear(event));
        match told.last() {
            Some(last) => after = last.id,
            None => break,
        }
    }
    let unplaced = recording.unplaced();
    let scenario = recording.scenario(date.to_string());
    let scenario = scenario.ok_or(ShellError::NoDay)?;
    let recorded = scenario.recorded.as_ref().ok_or(ShellError::NoDay)?;
    let (requests, drivers) = (recorded.requests.len(), recorded.drivers.len());
    scenario.write(file)?;
    println!(
        "{date}: {requests} requests, {drivers} shifts, {unplaced} requests without both places left out"
    );
    println!("cabrank simulate --scenario {}", file.display());
    Ok(())
}

/// Keeps the service from starting; refused while it runs, and where there is no database.
pub fn alone(database: &DatabaseUrl, command: &str) -> Result<(DatabaseLock, Db), LockError> {
    if let DatabaseUrl::Sqlite(path) = database
        && !path.exists()
    {
        return Err(LockError::Missing(path.clone()));
    }
    let name = format!("cabrank process {}, {command}", std::process::id());
    lock::take(database, &name, Duration::ZERO)
}

/// Rebuilds every trip from the log alone, prints which the tables have otherwise, and fails if there are any.
async fn check(data: &DataConfig) -> Result<(), ShellError> {
    const PAGE: i64 = 500;
    let database = data.database()?;
    let _alone = alone(&database, "replay --check")?;
    let reader = Store::open(&database).store.reader;
    let (mut after, mut trips, mut events, mut differing) = (0, 0, 0, 0);
    loop {
        let read = move |db: &mut _| replay::check(db, after, PAGE);
        let page = reader.read(read).await?;
        for (trip, why) in &page.differing {
            println!("trip {trip}: {why}");
        }
        for corrupt in &page.unreadable {
            println!("{corrupt}");
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
    let database = data.database()?;
    let (mut lock, mut db) = alone(&database, "new-epoch")?;
    migrations::migrate(&database, Direction::Up)?;
    lock.enter(&mut db, "cabrank new-epoch")
        .map_err(LockError::from)?;
    let store = Store::open_locked(&database, lock, db).store;
    let epoch = inputs::fresh_id();
    let changed = store
        .writer
        .change(move |tx| streams::renew(tx.db, epoch))
        .await?;
    println!("{changed} streams have begun anew");
    Ok(())
}
