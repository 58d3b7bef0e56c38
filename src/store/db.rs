//! One connection to either database, and the macro that compiles each query once for both.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::pg::PgConnection;
use diesel::result::Error;
use diesel::sqlite::SqliteConnection;
use diesel::{Connection, ConnectionResult, QueryResult};

/// An open connection to either database.
pub enum Db {
    Pg(PgConnection),
    Sqlite(SqliteConnection),
}

/// Runs one query body on whichever database is open: `on!(db, |conn| query.load(conn))`.
macro_rules! on {
    ($db:expr, |$conn:ident| $body:expr) => {
        match $db {
            $crate::store::db::Db::Pg($conn) => $body,
            $crate::store::db::Db::Sqlite($conn) => $body,
        }
    };
}
pub(crate) use on;

/// The address of a database.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// The path of a file.
    Sqlite(PathBuf),
    /// The URL of a server. It may hold a password and is never printed.
    Postgres(String),
}

/// The text is not a database URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a database URL is sqlite://PATH or postgres://USER:PASSWORD@HOST:PORT/NAME")]
pub struct DatabaseUrlError;

impl std::str::FromStr for DatabaseUrl {
    type Err = DatabaseUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once("://") {
            Some(("sqlite", path)) if !path.is_empty() => Ok(Self::Sqlite(PathBuf::from(path))),
            // libpq repeats a wrongly encoded part in its error, and that part may be the password.
            Some(("postgres" | "postgresql", rest)) if !rest.is_empty() && is_encoded(rest) => {
                Ok(Self::Postgres(text.to_owned()))
            }
            _ => Err(DatabaseUrlError),
        }
    }
}

/// Whether every `%` begins an encoded byte.
fn is_encoded(text: &str) -> bool {
    text.split('%')
        .skip(1)
        .all(|rest| rest.len() >= 2 && rest.bytes().take(2).all(|byte| byte.is_ascii_hexdigit()))
}

impl fmt::Display for DatabaseUrl {
    /// Names the database without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "{}", path.display()),
            Self::Postgres(text) => {
                let after = text.split_once("://").map_or("", |(_, rest)| rest);
                let shown = after.rsplit_once('@').map_or(after, |(_, rest)| rest);
                write!(
                    f,
                    "postgres://{}",
                    shown.split('?').next().unwrap_or_default()
                )
            }
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a connection may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Only read. For the pool.
    Read,
    /// Read and write. For the writer.
    Write,
}

/// How long a statement, a lock or an answer of the database may take, in milliseconds.
const PATIENCE_MS: u32 = 5_000;
/// A statement that fails after this long has most likely run into its timeout. The error's text does not tell, as it
/// may be in any language. Shorter than the timeout, because the server's clock may run ahead of ours.
pub const TOO_LONG: Duration = Duration::from_millis(PATIENCE_MS as u64 * 9 / 10);

/// How long to wait before a locked file is tried again.
const FILE_PAUSE: Duration = Duration::from_millis(10);

impl Db {
    /// Opens a connection and sets it up. An SQLite file is created by the first writer.
    pub fn open(url: &DatabaseUrl, access: Access) -> ConnectionResult<Self> {
        match url {
            DatabaseUrl::Sqlite(path) => {
                let mut conn = SqliteConnection::establish(&path.to_string_lossy())?;
                set_up_file(&mut conn, access)
                    .map_err(diesel::ConnectionError::CouldntSetupConfiguration)?;
                Ok(Self::Sqlite(conn))
            }
            DatabaseUrl::Postgres(url) => {
                let mut conn = PgConnection::establish(&with_deadlines(url))?;
                conn.batch_execute(&postgres_settings(access))
                    .map_err(diesel::ConnectionError::CouldntSetupConfiguration)?;
                Ok(Self::Pg(conn))
            }
        }
    }

    /// Runs `body` in a transaction that may write from the start.
    pub fn transaction<T>(
        &mut self,
        body: impl FnOnce(&mut Self) -> QueryResult<T>,
    ) -> QueryResult<T> {
        self.begin()?;
        match body(self) {
            Ok(value) => self.commit().map(|()| value),
            Err(error) => {
                self.roll_back();
                Err(error)
            }
        }
    }

    /// Runs `body` on a snapshot: all of its queries see the data as of one moment.
    pub fn snapshot<T>(
        &mut self,
        body: impl FnOnce(&mut Self) -> QueryResult<T>,
    ) -> QueryResult<T> {
        match self {
            Self::Pg(conn) => AnsiTransactionManager::begin_transaction_sql(
                conn,
                "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
            ),
            Self::Sqlite(conn) => AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN"),
        }?;
        let read = body(self);
        self.roll_back();
        read
    }

    fn begin(&mut self) -> QueryResult<()> {
        match self {
            Self::Pg(conn) => AnsiTransactionManager::begin_transaction(conn),
            Self::Sqlite(conn) => {
                AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN IMMEDIATE")
            }
        }
    }

    fn commit(&mut self) -> QueryResult<()> {
        on!(self, |conn| AnsiTransactionManager::commit_transaction(
            conn
        ))
    }

    /// Ignores errors: the caller returns the first error, and drops a connection that cannot even roll back.
    fn roll_back(&mut self) {
        if let Err(error) = on!(self, |conn| AnsiTransactionManager::rollback_transaction(
            conn
        )) {
            tracing::debug!(%error, "Nothing was rolled back");
        }
    }

    /// Fails if the database does not answer.
    pub fn ping(&mut self) -> QueryResult<()> {
        on!(self, |conn| conn.batch_execute("SELECT 1"))
    }
}

/// Retries while the file is locked. Two processes that find a new file both switch it to WAL, and that is the one lock
/// that SQLite does not wait for.
fn set_up_file(conn: &mut SqliteConnection, access: Access) -> QueryResult<()> {
    let settings = sqlite_settings(access);
    let until = Instant::now() + Duration::from_millis(PATIENCE_MS.into());
    loop {
        match conn.batch_execute(&settings) {
            Err(Error::DatabaseError(_, why))
                if why.message().contains("locked") && Instant::now() < until =>
            {
                std::thread::sleep(FILE_PAUSE);
            }
            done => return done,
        }
    }
}

/// With `synchronous = FULL` every committed write survives a power cut. Group commit makes that cheap.
fn sqlite_settings(access: Access) -> String {
    let own = match access {
        Access::Read => "PRAGMA query_only = ON;",
        Access::Write => {
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
        }
    };
    format!("PRAGMA busy_timeout = {PATIENCE_MS}; {own}")
}

fn postgres_settings(access: Access) -> String {
    let own = match access {
        Access::Read => "SET default_transaction_read_only = on;",
        // The locks of a writer whose machine is gone must not last as long as the system's default, two hours.
        Access::Write => {
            "SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 1; SET tcp_keepalives_count = 5;"
        }
    };
    format!(
        "SET statement_timeout = {PATIENCE_MS}; SET lock_timeout = {PATIENCE_MS}; \
         SET idle_in_transaction_session_timeout = {PATIENCE_MS}; {own}"
    )
}

/// Adds deadlines to a URL, so that a vanished server is noticed. Without them libpq waits for ever.
fn with_deadlines(url: &str) -> String {
    let seconds = PATIENCE_MS / 1000;
    let deadlines = [
        ("connect_timeout", seconds),
        ("tcp_user_timeout", PATIENCE_MS),
        ("keepalives_idle", seconds),
        ("keepalives_interval", 1),
        ("keepalives_count", seconds),
    ];
    let mut url = url.to_owned();
    for (name, value) in deadlines {
        if !url.contains(name) {
            let separator = if url.contains('?') { '&' } else { '?' };
            url.push_str(&format!("{separator}{name}={value}"));
        }
    }
    url
}

/// Creates the directory of an SQLite file.
pub fn prepare_directory(url: &DatabaseUrl) -> std::io::Result<()> {
    match url {
        DatabaseUrl::Sqlite(path) => match path.parent() {
            Some(parent) if parent != Path::new("") => std::fs::create_dir_all(parent),
            _ => Ok(()),
        },
        DatabaseUrl::Postgres(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shown_url_has_no_password() {
        let url: DatabaseUrl =
            "postgres://ann:secret@db:5432/cabrank?sslmode=disable&password=secret"
                .parse()
                .expect("a URL");
        assert_eq!(url.to_string(), "postgres://db:5432/cabrank");
        assert_eq!(format!("{url:?}"), "postgres://db:5432/cabrank");
    }

    #[test]
    fn other_databases_are_refused() {
        assert!("mysql://x".parse::<DatabaseUrl>().is_err());
        assert!("sqlite://".parse::<DatabaseUrl>().is_err());
        assert!("cabrank.db".parse::<DatabaseUrl>().is_err());
        assert!(
            "postgres://ann:100%sure@db/x"
                .parse::<DatabaseUrl>()
                .is_err()
        );
        assert!(
            "postgres://ann:100%25sure@db/x"
                .parse::<DatabaseUrl>()
                .is_ok()
        );
    }

    #[test]
    fn deadlines_are_added_once() {
        let url = with_deadlines("postgres://h/d?connect_timeout=1");
        assert_eq!(url.matches("connect_timeout").count(), 1);
        assert!(url.contains("&tcp_user_timeout=5000"));
    }
}
