//! Handing jobs to the writer, and waiting for the answers.

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

/// Why a command was not carried out: it was refused, or could not be decided now.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// What a plain write gets to work with.
pub struct Tx<'a> {
    /// The connection, inside the batch's transaction.
    pub db: &'a mut Db,
    pub(super) ended: &'a mut Vec<SessionId>,
}

impl Tx<'_> {
    /// Notes that a log-in has ended, so that its sockets are closed after the commit.
    pub fn session_ended(&mut self, id: SessionId) {
        self.ended.push(id);
    }
}

/// A write that is no command. It runs in the batch's transaction, perhaps more than once.
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
        // A caller that has gone away changes nothing.
        drop(reply.send(written.and_then(|()| value.ok_or(Unavailable::Busy))));
    }
}

/// A job, and since when it waits.
pub(super) struct QueuedJob {
    job: Job,
    since: Instant,
}

/// The result of a command that was carried out and committed.
#[derive(Debug, Clone)]
pub enum Written {
    /// Of a command about a trip.
    Trip(TripOutcome),
    /// Of any other command: the event that it made.
    Event(Arc<Event>),
}

pub(super) type WriterReply = oneshot::Sender<Result<Result<Written, Refusal>, Unavailable>>;

/// A job for the writer.
pub(super) enum Job {
    Command(Box<Submission>, WriterReply),
    Change(Box<dyn PlainWrite>),
}

/// Hands jobs to the writer; cheap to clone. The writer stops when the last handle is dropped.
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

    /// Carries out a command whose result is an event: one that is about no trip, or a message in a trip's room.
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

    /// Runs `body` in the next transaction. It may run more than once, and must change nothing but `tx`.
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

    /// Whether the outcome of a commit is unknown. The next write finds it out.
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

/// Drops jobs whose callers were told that it took too long: they must not be carried out after that.
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
