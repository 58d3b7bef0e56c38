//! The frames that wait to be sent to one socket: a bounded queue of encoded frames.
//!
//! Both the registry and the session put frames in. The response body takes them out, all of them at once.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::task::AtomicWaker;

use super::closing::Closing;

/// The limits of a queue.
#[derive(Debug, Clone, Copy)]
pub struct Room {
    pub frames: usize,
    pub bytes: usize,
}

impl Default for Room {
    fn default() -> Self {
        Self {
            frames: 256,
            bytes: 256 * 1024,
        }
    }
}

/// Frames that may be lost are dropped when this many frames are waiting.
const LOSSY_FRAMES_MAX: usize = 16;

/// The queue is full: the client reads too slowly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

/// What the socket has to do next.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// Send these frames, in order.
    Frames(Vec<Bytes>),
    /// Send a close frame, and close.
    Close(Closing),
    /// Stop: nothing more will come.
    End,
}

/// How far the client has got with closing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parting {
    /// Its own close frame has arrived, or it is gone. It sends nothing more.
    Answered,
    /// It may still send, but its frames are no longer read.
    Unread,
}

/// The outbound queue of one socket; cheap to clone.
#[derive(Clone, Default)]
pub struct Outbound(Arc<SharedQueue>);

#[derive(Default)]
struct SharedQueue {
    queue: Mutex<FrameQueue>,
    waker: AtomicWaker,
}

#[derive(Default)]
struct FrameQueue {
    room: Room,
    frames: VecDeque<Bytes>,
    bytes: usize,
    /// A slot of its own, so that a close frame always has room.
    closing: Option<Closing>,
    /// The close frame is on its way, or the socket is gone.
    ended: bool,
    /// Set once the client has closed as well.
    parting: Option<Parting>,
}

impl Outbound {
    /// A queue with other limits than the usual ones.
    pub fn with_room(room: Room) -> Self {
        let outbound = Self::default();
        outbound.lock().room = room;
        outbound
    }

    /// Queues a frame, or reports that there is no room. After a close, frames are dropped.
    pub fn push(&self, frame: Bytes) -> Result<(), Full> {
        self.push_all(&[frame])
    }

    /// Queues a frame that may be lost, but only if the queue is almost empty.
    pub fn push_lossy(&self, frame: Bytes) {
        if self.lock().frames.len() < LOSSY_FRAMES_MAX {
            // No caller depends on it.
            let _ = self.push(frame);
        }
    }

    /// Queues all of the frames, or none. An empty queue takes any number, whatever its limits.
    pub fn push_all(&self, frames: &[Bytes]) -> Result<(), Full> {
        {
            let mut queue = self.lock();
            if queue.ended || queue.closing.is_some() {
                return Ok(());
            }
            let bytes: usize = frames.iter().map(Bytes::len).sum();
            let is_full = queue.frames.len() + frames.len() > queue.room.frames
                || queue.bytes.saturating_add(bytes) > queue.room.bytes;
            if is_full && !queue.frames.is_empty() {
                return Err(Full);
            }
            queue.bytes += bytes;
            queue.frames.extend(frames.iter().cloned());
        }
        self.0.waker.wake();
        Ok(())
    }

    /// Replaces the queue by a snapshot. Its size is bounded by what it shows, not by the queue's limits.
    pub fn begin_with(&self, frames: Vec<Bytes>) {
        {
            let mut queue = self.lock();
            queue.bytes = frames.iter().map(Bytes::len).sum();
            queue.frames = frames.into();
        }
        self.0.waker.wake();
    }

    /// Closes the socket after all waiting frames are sent. The first reason counts.
    pub fn close(&self, why: Closing) {
        self.lock().closing.get_or_insert(why);
        self.0.waker.wake();
    }

    /// Drops all waiting frames, and closes the socket.
    pub fn close_now(&self, why: Closing) {
        {
            let mut queue = self.lock();
            queue.frames = VecDeque::new();
            queue.bytes = 0;
            queue.closing.get_or_insert(why);
        }
        self.0.waker.wake();
    }

    /// Ends without a close frame, because the socket is gone.
    pub fn end(&self) {
        {
            let mut queue = self.lock();
            queue.ended = true;
            queue.frames = VecDeque::new();
        }
        self.0.waker.wake();
    }

    /// Notes how the client has closed. The first note counts.
    pub fn part(&self, how: Parting) {
        self.lock().parting.get_or_insert(how);
        self.0.waker.wake();
    }

    /// Resolves once it is known how the client has closed. Only the task that sent the close frame may poll this,
    /// afterwards.
    pub fn poll_parted(&self, cx: &mut Context<'_>) -> Poll<Parting> {
        self.0.waker.register(cx.waker());
        self.lock().parting.map_or(Poll::Pending, Poll::Ready)
    }

    /// Whether no frames wait.
    pub fn is_empty(&self) -> bool {
        self.lock().frames.is_empty()
    }

    /// Whether the socket is closed, or about to be.
    pub fn is_closing(&self) -> bool {
        let queue = self.lock();
        queue.ended || queue.closing.is_some()
    }

    /// Resolves to what the socket has to do next. Only one task may poll this.
    pub fn poll_next(&self, cx: &mut Context<'_>) -> Poll<Next> {
        self.0.waker.register(cx.waker());
        let mut queue = self.lock();
        if queue.ended {
            return Poll::Ready(Next::End);
        }
        if !queue.frames.is_empty() {
            queue.bytes = 0;
            // The queue's memory goes with the frames: an idle session holds none.
            return Poll::Ready(Next::Frames(std::mem::take(&mut queue.frames).into()));
        }
        match queue.closing {
            Some(why) => {
                queue.ended = true;
                Poll::Ready(Next::Close(why))
            }
            None => Poll::Pending,
        }
    }

    fn lock(&self) -> MutexGuard<'_, FrameQueue> {
        self.0
            .queue
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::task::noop_waker;

    use super::*;

    fn next(queue: &Outbound) -> Poll<Next> {
        queue.poll_next(&mut Context::from_waker(&noop_waker()))
    }

    #[test]
    fn frames_come_out_together_and_in_order() {
        let queue = Outbound::default();
        assert_eq!(next(&queue), Poll::Pending);
        queue.push(Bytes::from_static(b"a")).expect("room");
        queue.push(Bytes::from_static(b"b")).expect("room");
        assert_eq!(
            next(&queue),
            Poll::Ready(Next::Frames(vec![
                Bytes::from_static(b"a"),
                Bytes::from_static(b"b")
            ]))
        );
        assert_eq!(next(&queue), Poll::Pending);
    }

    #[test]
    fn a_full_queue_refuses_but_still_has_room_for_the_close() {
        let queue = Outbound::default();
        for _ in 0..Room::default().frames {
            queue.push(Bytes::from_static(b"x")).expect("room");
        }
        assert_eq!(queue.push(Bytes::from_static(b"x")), Err(Full));
        queue.close_now(Closing::SLOW);
        assert_eq!(next(&queue), Poll::Ready(Next::Close(Closing::SLOW)));
        assert_eq!(next(&queue), Poll::Ready(Next::End));
    }

    #[test]
    fn bytes_are_bounded_as_well() {
        let queue = Outbound::default();
        let all = vec![0; Room::default().bytes];
        queue.push(Bytes::from(all)).expect("room");
        assert_eq!(queue.push(Bytes::from_static(b"x")), Err(Full));
    }

    #[test]
    fn a_close_waits_for_the_frames_before_it_and_nothing_follows_it() {
        let queue = Outbound::default();
        queue.push(Bytes::from_static(b"a")).expect("room");
        queue.close(Closing::RESTART);
        queue.close(Closing::SLOW);
        queue
            .push(Bytes::from_static(b"b"))
            .expect("dropped in silence");
        assert_eq!(
            next(&queue),
            Poll::Ready(Next::Frames(vec![Bytes::from_static(b"a")]))
        );
        assert_eq!(next(&queue), Poll::Ready(Next::Close(Closing::RESTART)));
        assert_eq!(next(&queue), Poll::Ready(Next::End));
    }
}
