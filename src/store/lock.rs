//! The lock that lets one service alone use a database. A second service is refused, and one that has lost the lock
//! writes nothing more.
//!
//! For SQLite there is a lock file beside the database. On PostgreSQL the session of the writing connection has an
//! advisory lock. Both end with their process. They keep others out, while the *token* in the database says whose
//! writes count. Every transaction of the writer first reads the token. So a process that was frozen, or whose session
//! a pooler gave to another process, finds out before it writes.

use std::fs::{self, File, TryLockError};
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use tokio::sync::watch;
use uuid::Uuid;

use super::db::{Access, DatabaseUrl, Db, on, prepare_directory};
use super::schema::lock_holders;
use super::sql_types::Id;
use crate::inputs;

/// How often to try for a lock that is held.
const PAUSE: Duration = Duration::from_millis(50);
/// The advisory lock's number, which no other program uses: "cabranks" in ASCII.
const NUMBER: i64 = 0x6361_6272_616e_6b73;
/// The id of the only row in `lock_holders`.
const ROW: i64 = 1;

/// Why the lock could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process has it.
    #[error("the database is in use by {0}; one service alone may use it")]
    Held(String),
    /// There is no file where the database should be.
    #[error("there is no database at {}", .0.display())]
    Missing(PathBuf),
    /// The directory of the file, or the lock file in it, cannot be created or locked.
    #[error("the lock file {} cannot be used: {error}", path.display())]
    File {
        path: PathBuf,
        error: std::io::Error,
    },
    #[error("the database cannot be opened: {0}")]
    Connect(#[from] ConnectionError),
    /// A query for the lock failed.
    #[error("the database cannot be locked: {0}")]
    Query(#[from] diesel::result::Error),
}

/// The lock of this process, and its token in the database.
pub struct DatabaseLock {
    /// The holder's name, as others see it.
    name: String,
    token: Uuid,
    /// The lock file of an SQLite file. The lock ends when it is closed.
    file: Option<File>,
}

/// What became of the lock when the writer had to connect again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// This process has it again, and no other had it in between.
    Held,
    /// The lost session still has it, for a while.
    NotYet,
    /// Another process has had it.
    Lost,
}

/// Whether another process has taken the database; cheap to clone.
#[derive(Clone)]
pub struct Loss(Arc<watch::Sender<bool>>);

impl Default for Loss {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl Loss {
    /// Notes the loss, for good.
    pub(super) fn note(&self) {
        self.0.send_replace(true);
    }

    /// Whether the loss is noted.
    pub fn is_noted(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until the loss is noted.
    pub async fn noted(&self) {
        // The sender lives as long as `self`.
        let _ = self.0.subscribe().wait_for(|lost| *lost).await;
    }
}

/// Takes the lock under that name, and waits at most `patience` for its present holder. The connection is for the
/// writer.
pub fn take(
    url: &DatabaseUrl,
    name: &str,
    patience: Duration,
) -> Result<(DatabaseLock, Db), LockError> {
    let begun = Instant::now();
    let mut file = open_file(url)?;
    let mut db = Db::open(url, Access::Write)?;
    name_session(&mut db, name)?;
    let mut is_logged = false;
    while !try_take(&mut db, file.as_ref())? {
        let holder = holder(url, &mut db)?;
        if begun.elapsed() >= patience {
            return Err(LockError::Held(holder));
        }
        if !std::mem::replace(&mut is_logged, true) {
            tracing::info!(%holder, "Waiting for the database, which is in use");
        }
        std::thread::sleep(PAUSE);
    }
    if let (Some((_, file)), DatabaseUrl::Sqlite(path)) = (&mut file, url) {
        write_name(file, name).map_err(|error| file_error(path, error))?;
    }
    let lock = DatabaseLock {
        name: name.to_owned(),
        token: inputs::fresh_id(),
        file: file.map(|(_, file)| file),
    };
    Ok((lock, db))
}

impl DatabaseLock {
    /// Writes this process's token into the migrated database: from now on its writes count. The holder gets a new
    /// name.
    pub fn enter(&mut self, db: &mut Db, name: &str) -> QueryResult<()> {
        name.clone_into(&mut self.name);
        name_session(db, name)?;
        if let Some(file) = &mut self.file {
            // Only processes that are refused read it.
            let _ = write_name(file, name);
        }
        let token = lock_holders::token.eq(Id::of(self.token));
        on!(db, |conn| diesel::insert_into(lock_holders::table)
            .values((lock_holders::id.eq(ROW), token))
            .on_conflict(lock_holders::id)
            .do_update()
            .set(token)
            .execute(conn))
        .map(drop)
    }

    /// Takes the lock on a new connection, before anything is written on it.
    pub(super) fn take_again(&self, db: &mut Db) -> QueryResult<Again> {
        name_session(db, &self.name)?;
        let is_taken = match db {
            Db::Pg(_) => try_session(db)?,
            // The process holds the file, whatever happens to a connection.
            Db::Sqlite(_) => true,
        };
        Ok(match (read(db)? == Some(self.token), is_taken) {
            (false, _) => Again::Lost,
            (true, true) => Again::Held,
            (true, false) => Again::NotYet,
        })
    }

    /// Whether this holder's writes still count. On PostgreSQL that stays so until the end of the transaction.
    pub(super) fn is_held(&self, db: &mut Db) -> QueryResult<bool> {
        let row = lock_holders::table.find(ROW).select(lock_holders::token);
        let token: Option<Id> = match db {
            // The next holder has to wait for the end of this transaction.
            Db::Pg(conn) => row.for_share().first(conn).optional()?,
            // There is only one writer at a time.
            Db::Sqlite(conn) => row.first(conn).optional()?,
        };
        Ok(token == Some(Id::of(self.token)))
    }

    /// The token that stands in the database as long as this holder's writes count.
    pub(super) const fn token(&self) -> Uuid {
        self.token
    }
}

/// The token of the process whose writes count.
pub(super) fn read(db: &mut Db) -> QueryResult<Option<Uuid>> {
    let row = lock_holders::table.find(ROW).select(lock_holders::token);
    let token: Option<Id> = on!(db, |conn| row.first(conn).optional())?;
    Ok(token.and_then(Id::read))
}

/// The name of the present holder, for people.
pub fn holder_of(url: &DatabaseUrl) -> Result<String, LockError> {
    holder(url, &mut Db::open(url, Access::Read)?)
}

fn holder(url: &DatabaseUrl, db: &mut Db) -> Result<String, LockError> {
    let name = match (url, db) {
        (DatabaseUrl::Sqlite(path), _) => fs::read_to_string(beside(path)).ok(),
        (DatabaseUrl::Postgres(_), db) => session_with_lock(db)?,
    };
    let name = name.map(|name| name.trim().to_owned());
    Ok(name
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "another process".to_owned()))
}

fn try_take(db: &mut Db, file: Option<&(PathBuf, File)>) -> Result<bool, LockError> {
    let Some((path, file)) = file else {
        return Ok(try_session(db)?);
    };
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(LockError::File {
            path: path.clone(),
            error,
        }),
    }
}

/// The lock file of an SQLite file, the same for every path that leads to that file.
fn beside(path: &Path) -> PathBuf {
    let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut name = real.into_os_string();
    name.push(".lock");
    name.into()
}

fn file_error(path: &Path, error: std::io::Error) -> LockError {
    LockError::File {
        path: beside(path),
        error,
    }
}

/// Opens the lock file. It is never deleted, because another process may be about to lock it.
fn open_file(url: &DatabaseUrl) -> Result<Option<(PathBuf, File)>, LockError> {
    let DatabaseUrl::Sqlite(path) = url else {
        return Ok(None);
    };
    let open = || {
        prepare_directory(url)?;
        let path = beside(path);
        let file = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)?;
        Ok((path, file))
    };
    open().map(Some).map_err(|error| file_error(path, error))
}

fn write_name(file: &mut File, name: &str) -> std::io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{name}, since {:.0}", inputs::now())
}

/// Names this session for others, which may be on another machine.
fn name_session(db: &mut Db, name: &str) -> QueryResult<()> {
    match db {
        Db::Pg(conn) => conn.batch_execute(&format!(
            "SET application_name = '{}'",
            name.replace('\'', "")
        )),
        Db::Sqlite(_) => Ok(()),
    }
}

fn try_session(db: &mut Db) -> QueryResult<bool> {
    #[derive(QueryableByName)]
    struct Taken {
        #[diesel(sql_type = Bool)]
        taken: bool,
    }
    let sql = format!("SELECT pg_try_advisory_lock({NUMBER}) AS taken");
    let row: Taken = on!(db, |conn| diesel::sql_query(sql).get_result(conn))?;
    Ok(row.taken)
}

fn session_with_lock(db: &mut Db) -> QueryResult<Option<String>> {
    #[derive(QueryableByName)]
    struct NamedHolder {
        #[diesel(sql_type = Text)]
        name: String,
    }
    let (high, low) = (NUMBER >> 32, NUMBER & 0xffff_ffff);
    let sql = format!(
        "SELECT a.application_name || coalesce(' from ' || host(a.client_addr), '') || \
             coalesce(', since ' || to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), '') AS name \
         FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid \
         WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 \
             AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
             AND l.classid::bigint = {high} AND l.objid::bigint = {low}"
    );
    let row: Option<NamedHolder> = on!(db, |conn| diesel::sql_query(sql)
        .get_result(conn)
        .optional())?;
    Ok(row.map(|row| row.name))
}
