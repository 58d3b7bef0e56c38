//! Reading: a pool of read-only connections, used on threads that may block.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use diesel::r2d2::{ManageConnection, Pool};
use diesel::result::{DatabaseErrorKind, Error};
use diesel::{Connection, QueryResult};
use tokio::sync::Semaphore;

use super::db::{Access, DatabaseUrl, Db, TOO_LONG, on};
use super::lock::Loss;
use super::queries::LogQueries;
use super::writer::fault::Fault;

/// How many reads run at once. Further ones wait without occupying a thread.
const CONNECTIONS: u32 = 8;

/// How long a read waits for its turn, and for a connection.
const TURN_WAIT: Duration = Duration::from_secs(5);

/// How long a query may take.
const ANSWER_WAIT: Duration = Duration::from_secs(10);

/// Why the database could not be read or written.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Unavailable {
    /// There was no connection, it was lost, or it did not answer in time.
    #[error("the database cannot be reached: {0}")]
    Lost(String),
    /// More callers wait than can be served.
    #[error("too much is waiting for the database")]
    Busy,
    /// The database answered with an error.
    #[error("the database refuses: {0}")]
    Query(String),
    /// The row is corrupt.
    #[error("{0}")]
    Corrupt(String),
}

impl Unavailable {
    /// The error of a query that failed after `took`. `answers` finds out whether the database still answers.
    pub(super) fn of(error: &Error, took: Duration, answers: impl FnOnce() -> bool) -> Self {
        let text = error.to_string();
        match (error, Fault::of(error)) {
            (Error::DeserializationError(_), _) => Self::Corrupt(text),
            (Error::DatabaseError(DatabaseErrorKind::SerializationFailure, _), _) => Self::Busy,
            (_, Fault::Write) => Self::Query(text),
            // A query that took too long may be quicker the next time.
            (_, Fault::Unclear) if took < TOO_LONG && answers() => Self::Query(text),
            (_, Fault::Unclear | Fault::Database) => Self::Lost(text),
        }
    }

    /// Whether the database itself is at fault, rather than the query or the data.
    pub(super) const fn is_outage(&self) -> bool {
        match self {
            Self::Lost(_) | Self::Busy => true,
            Self::Query(_) | Self::Corrupt(_) => false,
        }
    }
}

impl Unavailable {
    /// Another process has taken the database.
    pub(super) fn taken() -> Self {
        Self::Lost("another process has taken it".to_owned())
    }
}

/// Opens the pool's connections.
struct Opener(DatabaseUrl);

/// Why a connection could not be opened.
#[derive(Debug, thiserror::Error)]
enum OpenError {
    #[error(transparent)]
    Connect(#[from] diesel::ConnectionError),
    #[error(transparent)]
    Ping(#[from] diesel::result::Error),
}

impl ManageConnection for Opener {
    type Connection = Db;
    type Error = OpenError;

    fn connect(&self) -> Result<Db, OpenError> {
        let mut db = Db::open(&self.0, Access::Read)?;
        on!(&mut db, |conn| conn.set_instrumentation(LogQueries));
        Ok(db)
    }

    fn is_valid(&self, db: &mut Db) -> Result<(), OpenError> {
        match db {
            Db::Pg(_) => Ok(db.ping()?),
            // A file does not go away as a server does.
            Db::Sqlite(_) => Ok(()),
        }
    }

    fn has_broken(&self, _: &mut Db) -> bool {
        std::thread::panicking()
    }
}

/// The read connections; cheap to clone.
#[derive(Clone)]
pub struct ReadPool {
    pool: Pool<Opener>,
    turns: Arc<Semaphore>,
    working: Arc<AtomicBool>,
    loss: Loss,
}

impl ReadPool {
    /// A pool that opens its connections when they are needed.
    pub fn new(url: &DatabaseUrl, loss: Loss) -> Self {
        let pool = Pool::builder()
            .max_size(CONNECTIONS)
            .min_idle(Some(0))
            .connection_timeout(TURN_WAIT)
            .build_unchecked(Opener(url.clone()));
        Self {
            pool,
            turns: Arc::new(Semaphore::new(CONNECTIONS as usize)),
            working: Arc::new(AtomicBool::new(true)),
            loss,
        }
    }

    /// Runs `query` on a thread that may block.
    pub async fn read<T, F>(&self, query: F) -> Result<T, Unavailable>
    where
        T: Send + 'static,
        F: FnOnce(&mut Db) -> QueryResult<T> + Send + 'static,
    {
        // What this process remembers beside the database is out of date.
        if self.loss.is_noted() {
            return Err(Unavailable::taken());
        }
        let turn = tokio::time::timeout(TURN_WAIT, self.turns.clone().acquire_owned()).await;
        let turn = turn
            .map_err(|_| Unavailable::Busy)?
            .map_err(|_| Unavailable::Busy)?;
        let pool = self.pool.clone();
        let read = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let mut db = pool
                .get()
                .map_err(|error| Unavailable::Lost(error.to_string()))?;
            let begun = Instant::now();
            let read = query(&mut db);
            read.map_err(|error| Unavailable::of(&error, begun.elapsed(), || is_there(&mut db)))
        });
        // The PostgreSQL driver waits for ever for a server that is there but does not answer.
        let answer = match tokio::time::timeout(ANSWER_WAIT, read).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => Err(Unavailable::Lost(error.to_string())),
            Err(_) => Err(Unavailable::Lost("no answer".to_owned())),
        };
        if let Err(Unavailable::Query(error)) = &answer {
            tracing::error!(error, "A query failed");
        }
        self.note(answer.as_ref().err().filter(|error| error.is_outage()));
        answer
    }

    /// Logs once that the database cannot be read, and once that it can be read again.
    fn note(&self, lost: Option<&Unavailable>) {
        let works = lost.is_none();
        if self.working.swap(works, Ordering::Relaxed) != works {
            match lost {
                Some(error) => tracing::error!(%error, "The database cannot be read"),
                None => tracing::info!("The database can be read again"),
            }
        }
    }
}

/// Whether the database still answers. A file always does, so its failures count as outages.
pub(super) fn is_there(db: &mut Db) -> bool {
    match db {
        Db::Pg(_) => db.ping().is_ok(),
        Db::Sqlite(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_taken_too_long_is_lost_in_every_language() {
        let error = |text: &str| {
            Error::DatabaseError(DatabaseErrorKind::Unknown, Box::new(text.to_owned()))
        };
        for text in [
            "canceling statement due to statement timeout",
            "storniere Anfrage wegen Zeitüberschreitung der Anfrage",
        ] {
            let of = |took| Unavailable::of(&error(text), took, || true);
            assert!(matches!(of(TOO_LONG), Unavailable::Lost(_)), "{text}");
            assert!(
                matches!(of(Duration::ZERO), Unavailable::Query(_)),
                "{text}"
            );
        }
    }
}
