//! What a socket that is behind has missed.

use super::JoiningSocket;
use crate::domain::{Event, Stream};
use crate::registry::Subscriber;

/// The part of a stream that a socket has missed, from the first to the last sequence, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missed {
    pub stream: Stream,
    pub first: i64,
    pub last: i64,
}

/// Everything that a socket has missed: at most one part of each stream.
#[derive(Default)]
pub(super) struct Backlog(Vec<Missed>);

impl Backlog {
    /// Notes one event as missed, in each of its streams that the socket hears.
    pub(super) fn note(&mut self, event: &Event, socket: &JoiningSocket) {
        for position in &event.positions {
            let (stream, last) = (position.stream, position.sequence);
            if socket.hears(stream) {
                let first = socket.subscriber.next_sequence(stream).unwrap_or(last);
                self.widen(Missed {
                    stream,
                    first,
                    last,
                });
            }
        }
    }

    pub(super) fn widen(&mut self, by: Missed) {
        if by.first > by.last {
            return;
        }
        match self.0.iter_mut().find(|part| part.stream == by.stream) {
            Some(part) => {
                part.first = part.first.min(by.first);
                part.last = part.last.max(by.last);
            }
            None => self.0.push(by),
        }
    }

    /// Notes that each stream was brought up to a sequence.
    pub(super) fn brought(&mut self, through: &[(Stream, i64)], subscriber: &dyn Subscriber) {
        for part in &mut self.0 {
            let brought = through.iter().find(|(stream, _)| *stream == part.stream);
            // A socket that follows the stream knows better than the refill, which may have begun before the socket
            // followed.
            let next = subscriber.next_sequence(part.stream);
            if let Some(next) = next.or(brought.map(|(_, at)| at + 1)) {
                part.first = part.first.max(next);
            }
        }
        self.0.retain(|part| part.first <= part.last);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn parts(&self) -> &[Missed] {
        &self.0
    }
}
