//! Commands for operators that run beside the service or while it is stopped: why a driver was chosen, whether the log
//! and the tables agree, and a day of the log as a scenario.

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

/// Why a command failed, or found something to look into.
#[derive(Debug, thiserror::Error)]
pub enum ShellError {
    /// The database URL is invalid.
    #[error(transparent)]
    Url(#[from] DatabaseUrlError),
    /// The service is running, or it is unknown whether it is.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The schema cannot be migrated.
    #[error(transparent)]
    Migration(#[from] MigrationError),
    /// The database cannot be read or written.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// The argument is no trip key.
    #[error("a trip's key has 32 hex digits")]
    NoKey,
    /// No trip has that key.
    #[error("there is no such trip")]
    NoTrip,
    /// No day has both a request and a driver.
    #[error(
        "there is no day in the log on which a trip with both places was requested and somebody drove"
    )]
    NoDay,
    /// The date does not exist.
    #[error(transparent)]
    Date(#[from] jiff::Error),
    /// The scenario cannot be written.
    #[error(transparent)]
    Scenario(#[from] SimError),
    /// The log and the tables differ.
    #[error("the log and the tables differ")]
    Differs,
}

/// Prints how the service searched for a trip's driver.
pub async fn explain(nk: &str, data: &DataConfig) -> Result<(), ShellError> {
    let trip = TripId::parse(nk).ok_or(ShellError::NoKey)?;
    let store = Store::open(&data.database()?).store;
    let read = move |db: &mut _| Explanation::read(db, trip);
    let explanation = store.reader.read(read).await?;
    print!("{}", explanation.ok_or(ShellError::NoTrip)?);
    Ok(())
}

/// Options for reading the log.
#[derive(Clone, Debug, clap::Args)]
pub struct ReplayArgs {
    /// Rebuild every trip from the log alone, and exit with 1 if the tables differ
    #[arg(long, required_unless_present = "scenario")]
    pub check: bool,
    /// Write a day's requests and shifts as a scenario for `cabrank simulate`
    #[arg(long, value_name = "FILE.json")]
    pub scenario: Option<PathBuf>,
    /// The day; by default the last one with a request
    #[arg(long, value_name = "YYYY-MM-DD", requires = "scenario")]
    pub date: Option<Date>,
    /// The time zone whose midnight ends a day, such as Europe/Berlin
    #[arg(long, value_name = "NAME", requires = "scenario", default_value = "UTC", value_parser = time_zone)]
    pub time_zone: TimeZone,
}

fn time_zone(name: &str) -> Result<TimeZone, jiff::Error> {
    TimeZone::get(name)
}

/// Checks the log or writes a scenario, as the options say.
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
    /// Rides requested before midnight are over by then.
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
        let events = reader.read(read).await?;
        events.iter().for_each(|event| recording.record(event));
        match events.last() {
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

/// Takes the database's lock, which keeps the service from starting. Fails while the service runs, and where there is
/// no database.
pub fn alone(database: &DatabaseUrl, command: &str) -> Result<(DatabaseLock, Db), LockError> {
    if let DatabaseUrl::Sqlite(path) = database
        && !path.exists()
    {
        return Err(LockError::Missing(path.clone()));
    }
    let name = format!("cabrank process {}, {command}", std::process::id());
    lock::take(database, &name, Duration::ZERO)
}

/// Rebuilds every trip from the log alone, prints those that differ from the tables, and fails if there are any.
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

/// Begins a new epoch of every stream.
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
