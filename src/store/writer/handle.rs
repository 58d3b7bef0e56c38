//! The way to the writer: what is handed over, and how its answer is waited for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use diesel::QueryResult;
use tokio::sync::{mpsc, oneshot};

use crate::domain::core::{Refusal, Submission, TripOutcome};
use crate::domain::{Event, SessionId};
use crate::store::db::Db;
use crate::store::pool::Unavailable;

/// How long a caller waits for its answer.
pub(super) const ANSWER_WAIT: Duration = Duration::from_secs(15);

/// Why a command has no answer: refused, or not possible to decide now.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The rules say no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The database cannot be written, or too much waits.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// What a write of an account may use.
pub struct Tx<'a> {
    /// The connection, inside the batch's transaction.
    pub db: &'a mut Db,
    pub(super) ended: &'a mut Vec<SessionId>,
}

impl Tx<'_> {
    /// Says that a log-in is over, so that its sockets are closed once that is committed.
    pub fn session_ended(&mut self, id: SessionId) {
        self.ended.push(id);
    }
}

/// A write that is not a command on a trip: run in the batch's transaction, perhaps more than once.
pub(super) trait PlainWrite: Send {
    fn run(&mut self, tx: &mut Tx<'_>) -> QueryResult<()>;
    fn answer(self: Box<Self>, written: Result<(), Unavailable>);
}

struct Closure<T, F> {
    body: F,
    value: Option<T>,
    reply: oneshot::Sender<Result<T, Unavailable>>,
}

impl<T: Send, F: Fn(&mut Tx<'_>) -> QueryResult<T> + Send> PlainWrite for Closure<T, F> {
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

/// A job and when it was handed over.
pub(super) struct QueuedJob {
    job: Job,
    since: Instant,
}

/// What a command came to that was carried out and is written.
#[derive(Debug, Clone)]
pub enum Written {
    /// A command about a trip: the trip as it is now.
    Trip(TripOutcome),
    /// Anything else: the event that it is.
    Event(Arc<Event>),
}

pub(super) type WriterReply = oneshot::Sender<Result<Result<Written, Refusal>, Unavailable>>;

/// What the writer is to do.
pub(super) enum Job {
    Command(Box<Submission>, WriterReply),
    Change(Box<dyn PlainWrite>),
}

/// The way to the writer; cheap to clone. The writer stops when the last one is dropped.
#[derive(Clone)]
pub struct WriterHandle {
    pub(super) jobs: mpsc::Sender<QueuedJob>,
    pub(super) unsure: Arc<AtomicBool>,
}

impl WriterHandle {
    /// Carries out a command about a trip.
    pub async fn act(&self, submission: Submission) -> Result<TripOutcome, CommandError> {
        match self.carry_out(submission).await? {
            Written::Trip(done) => Ok(done),
            Written::Event(_) => unreachable!("a command about a trip comes to a trip"),
        }
    }

    /// Carries out a command that is about no trip, or says something in a trip's room; gives the event that it is.
    pub async fn record(&self, submission: Submission) -> Result<Arc<Event>, CommandError> {
        match self.carry_out(submission).await? {
            Written::Event(event) => Ok(event),
            Written::Trip(_) => unreachable!("a command about no trip comes to an event"),
        }
    }

    /// Carries out a command of any kind.
    pub async fn carry_out(&self, submission: Submission) -> Result<Written, CommandError> {
        let (reply, answer) = oneshot::channel();
        self.submit(Job::Command(Box::new(submission), reply))?;
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

    /// Whether a commit's outcome is not known yet; the next write finds it out.
    pub fn is_unsure(&self) -> bool {
        self.unsure.load(Ordering::Relaxed)
    }

    fn submit(&self, job: Job) -> Result<(), Unavailable> {
        let since = Instant::now();
        self.jobs
            .try_send(QueuedJob { job, since })
            .map_err(|_| Unavailable::Busy)
    }
}

async fn wait_for<T>(answer: oneshot::Receiver<Result<T, Unavailable>>) -> Result<T, Unavailable> {
    match tokio::time::timeout(ANSWER_WAIT, answer).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => Err(Unavailable::Lost("the writer has stopped".to_owned())),
        Err(_) => Err(Unavailable::Busy),
    }
}

/// Jobs whose callers have been told that they waited too long are not carried out behind their backs.
pub(super) fn still_awaited(waiting: impl Iterator<Item = QueuedJob>) -> Vec<Job> {
    waiting
        .filter(|waiting| waiting.since.elapsed() < ANSWER_WAIT)
        .map(|waiting| waiting.job)
        .collect()
}

pub(super) fn fail(jobs: Vec<Job>, why: &Unavailable) {
    for job in jobs {
        match job {
            Job::Command(_, reply) => drop(reply.send(Err(why.clone()))),
            Job::Change(change) => change.answer(Err(why.clone())),
        }
    }
}
