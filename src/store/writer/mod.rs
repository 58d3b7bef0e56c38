//! The group writer: one thread owns the writing connection and commits all that waits in one transaction.
//!
//! There is no timer: while one commit is in flight, the next batch gathers. Only after the commit is anybody
//! answered, and before that the committed events go on the feed. One refused write never fails its neighbours;
//! a failed commit fails all of its batch, loudly.

pub mod command;
mod desk;
mod fault;
pub mod feed;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use diesel::QueryResult;
use diesel::result::Error;
use tokio::sync::{mpsc, oneshot};

use self::command::{Answer, Command};
use self::desk::{Decision, Desk};
use self::fault::Fault;
use self::feed::{FeedSender, News};
use super::db::{Access, DatabaseUrl, Db};
use super::events;
use super::pool::Unavailable;
use crate::domain::{Event, SessionId};
use crate::inputs;

/// How many writes may wait; more are refused as busy.
const QUEUE_MAX: usize = 4_096;
/// How long a caller waits for its answer.
const ANSWER_WAIT: Duration = Duration::from_secs(15);
/// How long a lost database is left alone before it is tried again.
const RETRY_PAUSE: Duration = Duration::from_millis(250);

/// Why a command has no answer: refused, or not possible to decide now.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The rules say no.
    #[error(transparent)]
    Refused(#[from] command::Refused),
    /// The database cannot be written, or too much waits.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// What a write of an account may use.
pub struct Tx<'a> {
    /// The connection, inside the batch's transaction.
    pub db: &'a mut Db,
    ended: &'a mut Vec<SessionId>,
}

impl Tx<'_> {
    /// Says that a log-in is over, so that its sockets are closed once that is committed.
    pub fn session_ended(&mut self, id: SessionId) {
        self.ended.push(id);
    }
}

/// A write that is not a command on a trip: run in the batch's transaction, perhaps more than once.
trait Change: Send {
    fn run(&mut self, tx: &mut Tx<'_>) -> QueryResult<()>;
    fn answer(self: Box<Self>, written: Result<(), Unavailable>);
}

struct Closure<T, F> {
    body: F,
    value: Option<T>,
    reply: oneshot::Sender<Result<T, Unavailable>>,
}

impl<T: Send, F: Fn(&mut Tx<'_>) -> QueryResult<T> + Send> Change for Closure<T, F> {
    fn run(&mut self, tx: &mut Tx<'_>) -> QueryResult<()> {
        self.value = Some((self.body)(tx)?);
        Ok(())
    }

    fn answer(self: Box<Self>, written: Result<(), Unavailable>) {
        let Self { value, reply, .. } = *self;
        // A caller that has hung up changes nothing.
        drop(reply.send(written.and_then(|()| value.ok_or(Unavailable::Busy))));
    }
}

enum Job {
    Command(Box<Command>, oneshot::Sender<Result<Decision, Unavailable>>),
    Change(Box<dyn Change>),
}

/// The way to the writer; cheap to clone. The writer stops when the last one is dropped.
#[derive(Clone)]
pub struct WriterHandle {
    jobs: mpsc::Sender<Job>,
    working: Arc<AtomicBool>,
}

impl WriterHandle {
    /// Decides and writes a command.
    pub async fn command(&self, command: Command) -> Result<Answer, CommandError> {
        let (reply, answer) = oneshot::channel();
        self.submit(Job::Command(Box::new(command), reply))?;
        Ok(wait_for(answer).await??)
    }

    /// Runs `body` in the next transaction; it may run more than once, and must only touch `tx`.
    pub async fn change<T, F>(&self, body: F) -> Result<T, Unavailable>
    where
        T: Send + 'static,
        F: Fn(&mut Tx<'_>) -> QueryResult<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.submit(Job::Change(Box::new(Closure {
            body,
            value: None,
            reply,
        })))?;
        wait_for(answer).await
    }

    /// Whether the last batch was committed.
    pub fn is_working(&self) -> bool {
        self.working.load(Ordering::Relaxed)
    }

    fn submit(&self, job: Job) -> Result<(), Unavailable> {
        self.jobs.try_send(job).map_err(|_| Unavailable::Busy)
    }
}

async fn wait_for<T>(answer: oneshot::Receiver<Result<T, Unavailable>>) -> Result<T, Unavailable> {
    match tokio::time::timeout(ANSWER_WAIT, answer).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => Err(Unavailable::Lost("the writer has stopped".to_owned())),
        Err(_) => Err(Unavailable::Busy),
    }
}

/// Starts the writer's thread, which commits at most `batch_max` writes at once; it ends when every handle is gone
/// and all that waited is written.
pub fn start(
    url: DatabaseUrl,
    feed: FeedSender,
    batch_max: usize,
) -> (WriterHandle, std::thread::JoinHandle<()>) {
    let (jobs, waiting) = mpsc::channel(QUEUE_MAX);
    let working = Arc::new(AtomicBool::new(true));
    let writer = Writer {
        url,
        db: None,
        last_attempt: None,
        unsure: Vec::new(),
        feed,
        working: working.clone(),
    };
    let thread = std::thread::Builder::new()
        .name("writer".to_owned())
        .spawn(move || writer.run(waiting, batch_max))
        .expect("a thread can be started");
    (WriterHandle { jobs, working }, thread)
}

struct Writer {
    url: DatabaseUrl,
    db: Option<Db>,
    last_attempt: Option<Instant>,
    /// Events of a batch whose commit may or may not have happened.
    unsure: Vec<Event>,
    feed: FeedSender,
    working: Arc<AtomicBool>,
}

/// What a committed batch is: one decision a command, and the news.
struct Written {
    decisions: Vec<Decision>,
    news: News,
}

impl Writer {
    fn run(mut self, mut waiting: mpsc::Receiver<Job>, batch_max: usize) {
        let mut batch = Vec::with_capacity(batch_max);
        while waiting.blocking_recv_many(&mut batch, batch_max) > 0 {
            let jobs = std::mem::take(&mut batch);
            match self.connect() {
                Ok(()) => self.write(jobs),
                Err(why) => {
                    self.note(false);
                    fail(jobs, &why);
                }
            }
        }
    }

    /// Notes whether the database can be written, before anybody is answered.
    fn note(&self, works: bool) {
        if self.working.swap(works, Ordering::Relaxed) != works {
            if works {
                tracing::info!("The database can be written again");
            } else {
                tracing::error!("The database cannot be written");
            }
        }
    }

    fn connect(&mut self) -> Result<(), String> {
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
            opened.inspect_err(|error| tracing::warn!(error, "The database cannot be opened"))?;
        self.announce_unsure(&mut db)
            .map_err(|error| error.to_string())?;
        self.db = Some(db);
        Ok(())
    }

    /// What was committed after all must still be heard of.
    fn announce_unsure(&mut self, db: &mut Db) -> QueryResult<()> {
        let mut found = Vec::new();
        for event in &self.unsure {
            let kept = events::at_revision(db, event.trip.id, event.trip.revision)?;
            found.extend(kept.filter(|kept| is_same(kept, event)));
        }
        self.unsure.clear();
        self.feed.send(News {
            events: found.into_iter().map(Arc::new).collect(),
            ended: Vec::new(),
        });
        Ok(())
    }

    fn write(&mut self, mut jobs: Vec<Job>) {
        match self.attempt(&mut jobs) {
            Ok(written) => self.finish(jobs, written),
            Err(error) if jobs.len() > 1 && self.concerns_one_write(&error) => {
                tracing::debug!(%error, writes = jobs.len(), "Writing a batch one by one");
                self.write_singly(jobs);
            }
            Err(error) => self.give_up(jobs, &error),
        }
    }

    fn concerns_one_write(&mut self, error: &Error) -> bool {
        match Fault::of(error) {
            Fault::Write => true,
            Fault::Unclear => self.db.as_mut().is_some_and(|db| db.ping().is_ok()),
            Fault::Database => false,
        }
    }

    /// Ends early when the database is lost, or when it takes so long that nobody waits any more.
    fn write_singly(&mut self, jobs: Vec<Job>) {
        let begun = Instant::now();
        let mut jobs = jobs.into_iter();
        while self.db.is_some() && begun.elapsed() < ANSWER_WAIT {
            let Some(job) = jobs.next() else { return };
            let mut one = vec![job];
            match self.attempt(&mut one) {
                Ok(written) => self.finish(one, written),
                Err(error) => self.give_up(one, &error),
            }
        }
        fail(jobs.collect(), "it was lost a moment ago");
    }

    fn attempt(&mut self, jobs: &mut [Job]) -> QueryResult<Written> {
        let db = self.db.as_mut().ok_or(Error::NotFound)?;
        let mut events = Vec::new();
        let mut ended = Vec::new();
        let decisions = db.transaction(|db| {
            for job in jobs.iter_mut() {
                if let Job::Change(change) = job {
                    change.run(&mut Tx {
                        db: &mut *db,
                        ended: &mut ended,
                    })?;
                }
            }
            let commands: Vec<&Command> = jobs.iter().filter_map(command_of).collect();
            if commands.is_empty() {
                return Ok(Vec::new());
            }
            let mut desk = Desk::load(db, &commands)?;
            let decisions = commands
                .iter()
                .map(|command| desk.decide(db, command))
                .collect::<QueryResult<Vec<_>>>()?;
            events = desk.save(db, inputs::fresh_id())?;
            Ok(decisions)
        });
        match decisions {
            Ok(decisions) => {
                let events = events.into_iter().map(Arc::new).collect();
                Ok(Written {
                    decisions,
                    news: News { events, ended },
                })
            }
            Err(error) => {
                if Fault::of(&error) != Fault::Write {
                    self.unsure = events;
                }
                Err(error)
            }
        }
    }

    /// Announces, then answers.
    fn finish(&mut self, jobs: Vec<Job>, written: Written) {
        self.note(true);
        let mut decisions = number(written.decisions, &written.news.events).into_iter();
        self.feed.send(written.news);
        for job in jobs {
            match job {
                Job::Command(_, reply) => {
                    let decision = decisions.next().ok_or(Unavailable::Busy);
                    // A caller that has hung up changes nothing.
                    drop(reply.send(decision));
                }
                Job::Change(change) => change.answer(Ok(())),
            }
        }
    }

    /// The commit failed, or what came before it: nobody is told that anything was done.
    fn give_up(&mut self, jobs: Vec<Job>, error: &Error) {
        tracing::error!(%error, writes = jobs.len(), "Writes failed");
        let fault = Fault::of(error);
        if !self.is_usable_after(fault) {
            self.db = None;
            self.last_attempt = Some(Instant::now());
        }
        self.note(fault == Fault::Write);
        fail(jobs, &error.to_string());
    }

    fn is_usable_after(&mut self, fault: Fault) -> bool {
        match (fault, &mut self.db) {
            (Fault::Write, _) => true,
            (Fault::Unclear, Some(db @ Db::Pg(_))) => db.ping().is_ok(),
            // A file answers whatever has become of it.
            (Fault::Unclear, Some(Db::Sqlite(_)) | None) | (Fault::Database, _) => false,
        }
    }
}

/// Whether a revision in the log is the change that was meant, and not another node's.
fn is_same(kept: &Event, meant: &Event) -> bool {
    (kept.kind, kept.actor, kept.trip.changed_at)
        == (meant.kind, meant.actor, meant.trip.changed_at)
}

fn command_of(job: &Job) -> Option<&Command> {
    match job {
        Job::Command(command, _) => Some(command),
        Job::Change(_) => None,
    }
}

fn fail(jobs: Vec<Job>, why: &str) {
    let lost = || Unavailable::Lost(why.to_owned());
    for job in jobs {
        match job {
            Job::Command(_, reply) => drop(reply.send(Err(lost()))),
            Job::Change(change) => change.answer(Err(lost())),
        }
    }
}

/// A new trip has its number only once it is written; its events know it.
fn number(decisions: Vec<Decision>, events: &[Arc<Event>]) -> Vec<Decision> {
    let numbered = |answer: Answer| {
        let same = |event: &&Arc<Event>| {
            event.trip.id == answer.trip.id && event.trip.revision == answer.trip.revision
        };
        match events.iter().find(same) {
            Some(event) if answer.trip.number == 0 => Answer {
                trip: Arc::new(event.trip.clone()),
                ..answer
            },
            Some(_) | None => answer,
        }
    };
    decisions
        .into_iter()
        .map(|decision| decision.map(numbered))
        .collect()
}
