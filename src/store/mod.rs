//! Everything durable. No other module knows diesel.
//!
//! Writes go through the group `writer`, reads through a `pool` of read-only connections. SQLite and PostgreSQL share
//! every query; `db::on` compiles each for both.

pub mod corrupt;
pub mod db;
pub mod decisions;
mod due;
pub mod events;
pub mod gather;
pub mod keys;
pub mod lock;
pub mod migrations;
pub mod notifications;
pub mod offers;
pub mod photos;
pub mod pool;
mod prepared;
mod queries;
pub mod quiet_drivers;
pub mod quotes;
pub mod replay;
mod rows;
mod schema;
pub mod searches;
pub mod settling;
pub mod shifts;
pub mod silences;
mod sql_types;
pub mod streams;
pub mod tracks;
mod trip_columns;
pub mod trips;
pub mod users;
pub mod views;
pub mod writer;

pub use diesel::QueryResult;
use std::sync::Arc;
use std::time::{Duration, Instant};

use diesel::prelude::*;
use tokio::sync::Mutex;
use uuid::Uuid;

use self::db::{DatabaseUrl, Db, on};
use self::lock::{DatabaseLock, Loss};
use self::pool::{ReadPool, Unavailable};
use self::writer::feed::{self, Feed};
use self::writer::{DatabaseAccess, Tx, WriterHandle};
use crate::inputs;

/// How long the result of a check is used.
const CHECK_LIFE: Duration = Duration::from_secs(1);

/// The bounds of a store.
#[derive(Debug, Clone, Copy)]
pub struct StoreBounds {
    /// The most writes in one transaction.
    pub batch_max: usize,
    /// The most announcements that the feed holds.
    pub feed_max: usize,
    /// Whether the staff's stream is written. A bench turns it off to measure its cost.
    pub has_staff: bool,
}

impl StoreBounds {
    /// The bounds of the service. Tests and benches use others.
    pub const STANDARD: Self = Self {
        batch_max: 256,
        feed_max: 1_024,
        has_staff: true,
    };
}

/// The database, as the rest of the service sees it; cheap to clone.
#[derive(Clone)]
pub struct Store {
    pub writer: WriterHandle,
    pub reader: ReadPool,
    /// Whether another process has taken the database.
    pub loss: Loss,
    /// The token in the database as long as this process has the lock; none without a lock.
    token: Option<Uuid>,
    /// When reading and writing were last tried, and whether they worked.
    checked: Arc<Mutex<Option<(Instant, bool)>>>,
}

/// What [`Store::open`] returns besides the store.
pub struct Opened {
    pub store: Store,
    /// What was committed, for the one task that announces it.
    pub feed: Feed,
    /// The writer's thread, which ends after the last [`Store`] is dropped.
    pub thread: std::thread::JoinHandle<()>,
}

impl Store {
    /// Opens a migrated database without taking the lock, for use beside a service.
    pub fn open(url: &DatabaseUrl) -> Opened {
        Self::open_within(url, StoreBounds::STANDARD)
    }

    /// Opens a migrated database with other bounds than the service's.
    pub fn open_within(url: &DatabaseUrl, bounds: StoreBounds) -> Opened {
        Self::start(url, bounds, None)
    }

    /// Opens a migrated database that this process has locked, on the connection with the lock.
    pub fn open_locked(url: &DatabaseUrl, lock: DatabaseLock, db: Db) -> Opened {
        Self::start(url, StoreBounds::STANDARD, Some((lock, db)))
    }

    fn start(url: &DatabaseUrl, bounds: StoreBounds, locked: Option<(DatabaseLock, Db)>) -> Opened {
        let (sender, feed) = feed::feed(bounds.feed_max);
        let (loss, token) = (
            Loss::default(),
            locked.as_ref().map(|(lock, _)| lock.token()),
        );
        let access = DatabaseAccess {
            url: url.clone(),
            locked,
            loss: loss.clone(),
        };
        let (writer, thread) = writer::start(access, sender, bounds);
        Opened {
            store: Self {
                writer,
                reader: ReadPool::new(url, loss.clone()),
                loss,
                token,
                checked: Arc::default(),
            },
            feed,
            thread,
        }
    }

    /// Finds out, without writing, whether another process has taken the database.
    pub async fn look_for_loss(&self) -> Result<(), Unavailable> {
        let Some(own) = self.token else { return Ok(()) };
        if self.reader.read(lock::read).await? != Some(own) {
            self.loss.note();
        }
        Ok(())
    }

    /// Checks that the database can be read and written, by doing both, at most once a second.
    pub async fn check(&self) -> Result<(), Unavailable> {
        let mut last = self.checked.lock().await;
        if let Some((at, works)) = *last
            && at.elapsed() < CHECK_LIFE
        {
            let lost = || Unavailable::Lost("it was lost a moment ago".to_owned());
            return if works { Ok(()) } else { Err(lost()) };
        }
        let checked = self.check_now().await;
        *last = Some((Instant::now(), checked.is_ok()));
        checked
    }

    async fn check_now(&self) -> Result<(), Unavailable> {
        let at = inputs::now();
        self.writer.change(move |tx| touch(tx, at)).await?;
        self.reader.read(Db::ping).await
    }
}

fn touch(tx: &mut Tx<'_>, at: jiff::Timestamp) -> QueryResult<()> {
    use schema::health_checks as checks;
    let row = (
        checks::id.eq(1),
        checks::checked_at.eq(sql_types::At::of(at)),
    );
    on!(&mut *tx.db, |conn| {
        diesel::insert_into(checks::table)
            .values(row)
            .on_conflict(checks::id)
            .do_update()
            .set(checks::checked_at.eq(sql_types::At::of(at)))
            .execute(conn)
    })
    .map(drop)
}
