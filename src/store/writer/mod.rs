//! The group writer: one thread has the writing connection, and commits all waiting writes in one transaction.
//!
//! There is no timer: while one commit is under way, the next batch gathers. After the commit, first the events go on
//! the feed, and then the callers are answered. A refused write never fails its neighbours. A failed commit fails its
//! whole batch, and the log says so.

pub(super) mod fault;
pub mod feed;
mod handle;
mod load;
mod save;

pub use self::handle::{CommandError, Tx, WriterHandle, Written};

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use diesel::QueryResult;
use diesel::result::Error;
use tokio::sync::mpsc;

use self::fault::Fault;
use self::feed::{Announcement, FeedSender};
use self::handle::{ANSWER_WAIT, Job, QueuedJob, fail, still_awaited};
use super::db::{Access, DatabaseUrl, Db};
use super::lock::{Again, DatabaseLock, Loss};
use super::pool::Unavailable;
use super::{StoreBounds, events, trips, users};
use crate::domain::core::{Outcome, Refusal, Submission};
use crate::domain::{Event, TripId, UserId};
use crate::inputs;

/// How many writes may wait. Further ones are refused as busy.
const QUEUE_MAX: usize = 4_096;
/// How long a lost database is left alone before the writer connects again.
const RETRY_PAUSE: Duration = Duration::from_millis(250);

/// How the writer reaches the database.
pub struct DatabaseAccess {
    pub url: DatabaseUrl,
    /// The lock and the connection that has it, if other processes must be kept out.
    pub locked: Option<(DatabaseLock, Db)>,
    /// Noted once another process has taken the database.
    pub loss: Loss,
}

/// Starts the writer's thread, which commits up to `batch_max` writes at once. It ends when every handle is dropped and
/// all waiting writes are done.
pub fn start(
    access: DatabaseAccess,
    feed: FeedSender,
    bounds: StoreBounds,
) -> (WriterHandle, std::thread::JoinHandle<()>) {
    let (jobs, waiting) = mpsc::channel(QUEUE_MAX);
    let unsure = Arc::new(AtomicBool::new(false));
    let (lock, db) = access.locked.unzip();
    let writer = Writer {
        url: access.url,
        db,
        lock,
        loss: access.loss,
        last_attempt: None,
        unsure: Vec::new(),
        feed,
        working: true,
        is_unsure: unsure.clone(),
        has_staff: bounds.has_staff,
    };
    let thread = std::thread::Builder::new()
        .name("writer".to_owned())
        .spawn(move || {
            let run = AssertUnwindSafe(|| writer.run(waiting, bounds.batch_max));
            if std::panic::catch_unwind(run).is_err() {
                // Everything that was answered is on disk, and without a writer the service is of no use.
                tracing::error!("The writer has panicked: the process ends, to be started again");
                std::process::exit(101);
            }
        })
        .expect("a thread can be started");
    (WriterHandle { jobs, unsure }, thread)
}

struct Writer {
    url: DatabaseUrl,
    db: Option<Db>,
    lock: Option<DatabaseLock>,
    loss: Loss,
    last_attempt: Option<Instant>,
    /// The events of a batch whose commit may or may not have succeeded.
    unsure: Vec<Event>,
    feed: FeedSender,
    working: bool,
    is_unsure: Arc<AtomicBool>,
    has_staff: bool,
}

struct Committed {
    /// One for each command.
    outcomes: Vec<Result<Outcome, Refusal>>,
    news: Announcement,
}

impl Writer {
    fn run(mut self, mut waiting: mpsc::Receiver<QueuedJob>, batch_max: usize) {
        let mut batch = Vec::with_capacity(batch_max);
        while waiting.blocking_recv_many(&mut batch, batch_max) > 0 {
            let jobs = still_awaited(batch.drain(..));
            if jobs.is_empty() {
                continue;
            }
            match self.connect() {
                Ok(()) => self.write(jobs),
                Err(why) => {
                    self.note(false);
                    fail(jobs, &Unavailable::Lost(why));
                }
            }
        }
    }

    /// Logs a change in whether the database can be written. Called before any caller is answered.
    fn note(&mut self, works: bool) {
        if std::mem::replace(&mut self.working, works) != works {
            if works {
                tracing::info!("The database can be written again");
            } else {
                tracing::error!("The database cannot be written");
            }
        }
    }

    fn connect(&mut self) -> Result<(), String> {
        if self.loss.is_noted() {
            self.db = None;
            return Err(Unavailable::taken().to_string());
        }
        if self.db.is_some() {
            return Ok(());
        }
        if self
            .last_attempt
            .is_some_and(|at| at.elapsed() < RETRY_PAUSE)
        {
            return Err("it was lost a moment ago".to_owned());
        }
        self.last_attempt = Some(Instant::now());
        let opened = Db::open(&self.url, Access::Write).map_err(|error| error.to_string());
        let mut db =
            opened.inspect_err(|error| tracing::debug!(error, "The database cannot be opened"))?;
        self.lock_again(&mut db)?;
        self.announce_unsure(&mut db)
            .map_err(|error| error.to_string())?;
        self.db = Some(db);
        Ok(())
    }

    /// Takes the lock again. It was lost with the connection, and another process may have had it since.
    fn lock_again(&self, db: &mut Db) -> Result<(), String> {
        let Some(lock) = &self.lock else {
            return Ok(());
        };
        match lock.take_again(db).map_err(|error| error.to_string())? {
            Again::Held => Ok(()),
            Again::NotYet => Err("the lost connection still has the lock".to_owned()),
            Again::Lost => {
                self.loss.note();
                Err(Unavailable::taken().to_string())
            }
        }
    }

    /// Announces the events that were committed although the commit seemed to fail.
    ///
    /// The lost transaction may still be running, so this first takes the locks that it holds, which waits for its end.
    fn announce_unsure(&mut self, db: &mut Db) -> QueryResult<()> {
        if self.unsure.is_empty() {
            return Ok(());
        }
        let unsure = &self.unsure;
        let found = db.transaction(|db| {
            let actors: BTreeSet<UserId> = unsure
                .iter()
                .filter_map(|event| event.actor.user())
                .collect();
            users::lock(db, &actors.into_iter().collect::<Vec<_>>())?;
            let changes = unsure.iter().filter_map(Event::trip);
            let trips: BTreeSet<TripId> = changes.map(|change| change.trip.id).collect();
            trips::find_all(db, trips, trips::RowLock::Rows)?;
            let mut found = Vec::new();
            for event in unsure {
                if let Some(position) = event.positions.first() {
                    let kept = events::at_position(db, *position)?;
                    found.extend(kept.filter(|kept| is_same(kept, event)));
                }
            }
            Ok(found)
        })?;
        self.unsure.clear();
        self.is_unsure.store(false, Ordering::Relaxed);
        let events = found.into_iter().map(Arc::new).collect();
        self.feed.send(Announcement {
            events,
            ended: Vec::new(),
        });
        Ok(())
    }

    fn write(&mut self, mut jobs: Vec<Job>) {
        let begun = Instant::now();
        match self.attempt(&mut jobs) {
            Ok(committed) => self.finish(jobs, committed),
            Err(_) if self.loss.is_noted() => fail(jobs, &Unavailable::taken()),
            // Writes that may have been committed must not be repeated.
            Err(error) if !self.unsure.is_empty() => self.give_up(jobs, &error, begun),
            Err(error) if jobs.len() > 1 && self.concerns_one_write(&error) => {
                tracing::debug!(%error, writes = jobs.len(), "Writing a batch one by one");
                self.write_singly(jobs);
            }
            Err(error) => self.give_up(jobs, &error, begun),
        }
    }

    fn concerns_one_write(&mut self, error: &Error) -> bool {
        match Fault::of(error) {
            Fault::Write => true,
            Fault::Unclear => self.db.as_mut().is_some_and(|db| db.ping().is_ok()),
            Fault::Database => false,
        }
    }

    /// Writes each job in a transaction of its own. Ends early when the database is lost, or when no caller waits any
    /// more.
    fn write_singly(&mut self, jobs: Vec<Job>) {
        let begun = Instant::now();
        let mut jobs = jobs.into_iter();
        while self.db.is_some() && begun.elapsed() < ANSWER_WAIT {
            let Some(job) = jobs.next() else { return };
            let mut one = vec![job];
            let begun = Instant::now();
            match self.attempt(&mut one) {
                Ok(committed) => self.finish(one, committed),
                Err(_) if self.loss.is_noted() => {
                    one.extend(jobs);
                    return fail(one, &Unavailable::taken());
                }
                Err(error) => self.give_up(one, &error, begun),
            }
        }
        let why = "it was lost a moment ago".to_owned();
        fail(jobs.collect(), &Unavailable::Lost(why));
    }

    fn attempt(&mut self, jobs: &mut [Job]) -> QueryResult<Committed> {
        let (lock, loss) = (self.lock.as_ref(), &self.loss);
        let has_staff = self.has_staff;
        let db = self.db.as_mut().ok_or(Error::NotFound)?;
        let mut events = Vec::new();
        let mut ended = Vec::new();
        let outcomes = db.transaction(|db| {
            if let Some(lock) = lock
                && !lock.is_held(db)?
            {
                loss.note();
                return Err(Error::RollbackTransaction);
            }
            for job in jobs.iter_mut() {
                if let Job::Change(change) = job {
                    change.run(&mut Tx {
                        db: &mut *db,
                        ended: &mut ended,
                    })?;
                }
            }
            let submissions = jobs.iter().filter_map(|job| match job {
                Job::Command(submission, _) => Some(&**submission),
                Job::Change(_) => None,
            });
            let submissions: Vec<&Submission> = submissions.collect();
            if submissions.is_empty() {
                return Ok(Vec::new());
            }
            let mut state = load::load(db, &submissions)?;
            let outcomes = submissions.iter().map(|it| state.decide(it)).collect();
            events = save::save(db, state, inputs::fresh_id(), has_staff)?;
            Ok(outcomes)
        });
        match outcomes {
            Ok(outcomes) => {
                let events = events.into_iter().map(Arc::new).collect();
                let news = Announcement { events, ended };
                Ok(Committed { outcomes, news })
            }
            Err(error) => {
                // There are events only after everything was written, so it was the commit that failed.
                if Fault::of(&error) != Fault::Write {
                    self.unsure.extend(events);
                    self.is_unsure
                        .store(!self.unsure.is_empty(), Ordering::Relaxed);
                }
                Err(error)
            }
        }
    }

    /// Announces, then answers.
    fn finish(&mut self, jobs: Vec<Job>, committed: Committed) {
        self.note(true);
        let Committed { outcomes, news } = committed;
        let events = news.events.clone();
        self.feed.send(news);
        let mut outcomes = outcomes.into_iter();
        for job in jobs {
            match job {
                Job::Change(change) => change.answer(Ok(())),
                Job::Command(_, reply) => {
                    let outcome = outcomes.next().expect("one outcome a command");
                    // A caller that has gone away changes nothing.
                    drop(reply.send(Ok(outcome.map(|outcome| written(outcome, &events)))));
                }
            }
        }
    }

    /// Answers that nothing was done, because the commit or a step before it failed. Drops the connection if it is to
    /// blame.
    fn give_up(&mut self, jobs: Vec<Job>, error: &Error, begun: Instant) {
        tracing::error!(%error, writes = jobs.len(), "Writes failed");
        let fault = Fault::of(error);
        if !self.unsure.is_empty() || !self.is_usable_after(fault) {
            self.db = None;
            self.last_attempt = Some(Instant::now());
        }
        self.note(self.db.is_some());
        let why = Unavailable::of(error, begun.elapsed(), || self.db.is_some());
        fail(jobs, &why);
    }

    fn is_usable_after(&mut self, fault: Fault) -> bool {
        match (fault, &mut self.db) {
            (Fault::Write, _) => true,
            (Fault::Unclear, Some(db @ Db::Pg(_))) => db.ping().is_ok(),
            // A file always answers, whatever happened to it.
            (Fault::Unclear, Some(Db::Sqlite(_)) | None) | (Fault::Database, _) => false,
        }
    }
}

/// Whether the event at a position of the log is the expected one, and not another node's.
fn is_same(kept: &Event, meant: &Event) -> bool {
    (kept.kind(), kept.actor, kept.at, &kept.positions)
        == (meant.kind(), meant.actor, meant.at, &meant.positions)
}

/// The result of a command after the save. A new trip got its number there, so the trip is taken from its event.
fn written(outcome: Outcome, events: &[Arc<Event>]) -> Written {
    let mut done = match outcome {
        Outcome::Event(event) => return Written::Event(events[event].clone()),
        Outcome::Trip(done) => done,
    };
    if done.trip.number == 0 {
        let made = (done.trip.id, done.trip.revision);
        let trips = events.iter().filter_map(|event| event.trip());
        let mut trips = trips.map(|change| &change.trip);
        if let Some(trip) = trips.find(|trip| (trip.id, trip.revision) == made) {
            done.trip = Arc::new(trip.clone());
        }
    }
    Written::Trip(done)
}
