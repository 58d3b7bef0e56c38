//! Reading for many callers with few queries.
//!
//! A caller who is alone is served at once. While a read is under way, further callers gather for the next one. They do
//! so for a while after it, too, and that while grows with the read's size. So when a thousand clients reconnect at the
//! same time, they cost a few reads.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use diesel::QueryResult;
use diesel::result::Error;
use tokio::sync::{Notify, oneshot};

use super::db::{Db, TOO_LONG};
use super::pool::{ReadPool, Unavailable, is_there};
use super::writer::fault::Fault;

/// The most callers that one read serves.
const BATCH_MAX: usize = 1_000;
/// The most callers who may wait.
const WAITING_MAX: usize = 16_384;
/// How long the next read waits for each caller that the last one served.
const PAUSE_EACH: Duration = Duration::from_millis(4);
/// How long the next read waits at most.
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// Returns one value for each key, in the order of the keys.
type Read<K, V> = Arc<dyn Fn(&mut Db, &[K]) -> QueryResult<Vec<V>> + Send + Sync>;

struct WaitingCallers<K, V> {
    callers: Vec<(K, oneshot::Sender<Result<V, Unavailable>>)>,
    is_running: bool,
}

struct SharedGather<K, V> {
    reader: ReadPool,
    read: Read<K, V>,
    waiting: Mutex<WaitingCallers<K, V>>,
    full: Notify,
}

/// One kind of read, shared by all its callers; cheap to clone.
pub struct Gather<K, V>(Arc<SharedGather<K, V>>);

impl<K, V> Clone for Gather<K, V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K: Send + 'static, V: Send + 'static> Gather<K, V> {
    /// Reads with `read`, which returns one value for each key, in the order of the keys.
    pub fn new(
        reader: &ReadPool,
        read: impl Fn(&mut Db, &[K]) -> QueryResult<Vec<V>> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(SharedGather {
            reader: reader.clone(),
            read: Arc::new(read),
            waiting: Mutex::new(WaitingCallers {
                callers: Vec::new(),
                is_running: false,
            }),
            full: Notify::new(),
        }))
    }

    /// Reads the value for this key, together with those of other callers.
    pub async fn get(&self, key: K) -> Result<V, Unavailable> {
        let (reply, answer) = oneshot::channel();
        let begins = {
            let mut waiting = self.0.lock();
            if waiting.callers.len() >= WAITING_MAX {
                return Err(Unavailable::Busy);
            }
            waiting.callers.push((key, reply));
            if waiting.callers.len() == BATCH_MAX {
                self.0.full.notify_one();
            }
            !std::mem::replace(&mut waiting.is_running, true)
        };
        if begins {
            tokio::spawn(run(self.0.clone()));
        }
        answer.await.map_err(|_| Unavailable::Busy)?
    }
}

impl<K, V> SharedGather<K, V> {
    fn lock(&self) -> MutexGuard<'_, WaitingCallers<K, V>> {
        self.waiting
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn take(&self) -> Vec<(K, oneshot::Sender<Result<V, Unavailable>>)> {
        let mut waiting = self.lock();
        waiting.is_running = !waiting.callers.is_empty();
        let count = waiting.callers.len().min(BATCH_MAX);
        waiting.callers.drain(..count).collect()
    }
}

/// Reads until no caller waits.
async fn run<K: Send + 'static, V: Send + 'static>(shared: Arc<SharedGather<K, V>>) {
    loop {
        let batch = shared.take();
        if batch.is_empty() {
            return;
        }
        let (keys, replies): (Vec<K>, Vec<_>) = batch.into_iter().unzip();
        let pause = PAUSE_EACH * u32::try_from(keys.len()).unwrap_or(u32::MAX);
        for (reply, answer) in replies.into_iter().zip(answers(&shared, keys).await) {
            drop(reply.send(answer));
        }
        if shared.lock().callers.len() < BATCH_MAX {
            let _ = tokio::time::timeout(pause.min(PAUSE_MAX), shared.full.notified()).await;
        }
    }
}

/// The answers to these keys. If the read fails for all of them at once, each is read alone, so that a bad key harms
/// only its own caller.
async fn answers<K: Send + 'static, V: Send + 'static>(
    shared: &SharedGather<K, V>,
    keys: Vec<K>,
) -> Vec<Result<V, Unavailable>> {
    let (read, count) = (shared.read.clone(), keys.len());
    let read = shared.reader.read(move |db| {
        let begun = Instant::now();
        match read(db, &keys) {
            Err(error) if count > 1 && is_for_one(&error, begun) => {
                tracing::debug!(%error, count, "Reading for a crowd one by one");
                Ok(one_by_one(db, &read, &keys, begun))
            }
            all => Ok(all?.into_iter().map(Ok).collect()),
        }
    });
    match read.await {
        Ok(answers) => answers,
        Err(error) => (0..count).map(|_| Err(error.clone())).collect(),
    }
}

/// Whether to read each key alone. A read that took too long for many would take long for each.
fn is_for_one(error: &Error, begun: Instant) -> bool {
    Fault::of(error) != Fault::Database && begun.elapsed() < TOO_LONG
}

/// Reads each key alone. After an outage, or when it takes too long, the rest gets the same answer.
fn one_by_one<K, V>(
    db: &mut Db,
    read: &Read<K, V>,
    keys: &[K],
    begun: Instant,
) -> Vec<Result<V, Unavailable>> {
    let mut outage = None;
    let answer = |key| {
        if let Some(outage) = &outage {
            return Err(Unavailable::clone(outage));
        }
        let answer = singly(db, read, key, begun);
        outage = answer.as_ref().err().filter(|why| why.is_outage()).cloned();
        answer
    };
    keys.chunks(1).map(answer).collect()
}

fn singly<K, V>(
    db: &mut Db,
    read: &Read<K, V>,
    key: &[K],
    begun: Instant,
) -> Result<V, Unavailable> {
    if begun.elapsed() >= TOO_LONG {
        return Err(Unavailable::Lost("it takes too long".to_owned()));
    }
    match read(db, key) {
        Ok(values) => values.into_iter().next().ok_or(Unavailable::Busy),
        Err(error) => Err(Unavailable::of(&error, begun.elapsed(), || is_there(db))),
    }
}
