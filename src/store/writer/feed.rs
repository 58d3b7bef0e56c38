//! From the writer to the one task that announces: what was committed, in the order of commits, on a bounded queue.
//!
//! When the queue is full, the writer does not wait. It notes which events did not fit, and the reader of the feed
//! fetches those from the log before it goes on. Ended log-ins that do not fit are found by the service's regular check
//! of its open sockets.

use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::mpsc;

use crate::domain::{Event, SessionId};

/// What one committed batch announces.
#[derive(Debug, Default)]
pub struct Announcement {
    /// In order of their numbers.
    pub events: Vec<Arc<Event>>,
    /// Log-ins that have ended.
    pub ended: Vec<SessionId>,
}

/// What the reader of the feed gets.
#[derive(Debug)]
pub enum Item {
    /// A committed batch.
    News(Announcement),
    /// The events numbered `first` to `last` did not fit. They are in the log.
    Gap { first: i64, last: i64 },
}

#[derive(Debug, Clone, Copy)]
struct FeedGap {
    first: i64,
    last: i64,
}

type SharedGap = Arc<Mutex<Option<FeedGap>>>;

/// The writer's end of the feed.
pub struct FeedSender {
    queue: mpsc::Sender<Announcement>,
    gap: SharedGap,
}

/// The announcer's end of the feed.
pub struct Feed {
    queue: mpsc::Receiver<Announcement>,
    gap: SharedGap,
}

/// A feed that holds the announcements of `capacity` batches.
pub fn feed(capacity: usize) -> (FeedSender, Feed) {
    let (sender, receiver) = mpsc::channel(capacity);
    let gap = SharedGap::default();
    (
        FeedSender {
            queue: sender,
            gap: gap.clone(),
        },
        Feed {
            queue: receiver,
            gap,
        },
    )
}

fn lock(gap: &SharedGap) -> MutexGuard<'_, Option<FeedGap>> {
    gap.lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl FeedSender {
    /// Hands over an announcement without waiting. While there is a gap, it only widens the gap, so that nothing
    /// overtakes it.
    pub fn send(&self, news: Announcement) {
        if news.events.is_empty() && news.ended.is_empty() {
            return;
        }
        let mut gap = lock(&self.gap);
        let refused = match *gap {
            Some(_) => news,
            None => match self.queue.try_send(news) {
                Ok(()) => return,
                Err(
                    mpsc::error::TrySendError::Full(news) | mpsc::error::TrySendError::Closed(news),
                ) => news,
            },
        };
        let (Some(first), Some(last)) = (refused.events.first(), refused.events.last()) else {
            return;
        };
        tracing::warn!(
            events = refused.events.len(),
            "The feed is full; they will be read from the log"
        );
        *gap = Some(FeedGap {
            first: gap.map_or(first.id, |gap| gap.first),
            last: last.id,
        });
    }
}

impl Feed {
    /// The next item; `None` once the writer is gone and everything was handed over.
    ///
    /// A gap is noted only while the queue is full, and looked for whenever the queue is found empty. So no gap is
    /// missed.
    pub async fn next(&mut self) -> Option<Item> {
        match self.queue.try_recv() {
            Ok(news) => Some(Item::News(news)),
            Err(mpsc::error::TryRecvError::Empty | mpsc::error::TryRecvError::Disconnected) => {
                if let Some(gap) = self.take_gap() {
                    return Some(Item::Gap {
                        first: gap.first,
                        last: gap.last,
                    });
                }
                self.queue.recv().await.map(Item::News)
            }
        }
    }

    /// Takes the gap, but only if the queue is empty: what is in the queue comes before it.
    fn take_gap(&mut self) -> Option<FeedGap> {
        let mut gap = lock(&self.gap);
        if self.queue.is_empty() {
            gap.take()
        } else {
            None
        }
    }
}
