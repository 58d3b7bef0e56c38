//! How a socket writes what it receives. The registry knows no frames, so each socket brings its own subscriber.

use bytes::Bytes;

use super::outbound::Outbound;
use crate::domain::{Event, Stream, VehiclePosition};

/// Nothing was queued: there is no room, or an earlier event is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotDelivered;

/// Writes events for one socket, and knows what its client has asked for.
pub trait Subscriber: Send + Sync {
    /// Queues what the client is to receive of an event, all of it or nothing. An event that was delivered before is
    /// skipped.
    fn deliver(
        &self,
        shared: &mut SharedEvent<'_>,
        outbound: &Outbound,
    ) -> Result<(), NotDelivered>;

    /// Queues the position of a trip's driver, if the client asked for it and keeps up. Positions may be lost.
    fn deliver_position(&self, _: &VehiclePosition, _: &Outbound) {}

    /// The next sequence that the client expects of a stream that it follows without gaps.
    fn next_sequence(&self, _: Stream) -> Option<i64> {
        None
    }
}

/// An event with the pieces that several sockets share. Each piece is made once, when it is first needed.
pub struct SharedEvent<'a> {
    event: &'a Event,
    made: Vec<(&'static str, Bytes)>,
}

impl<'a> SharedEvent<'a> {
    /// An event of which no piece is made yet.
    pub const fn of(event: &'a Event) -> Self {
        Self {
            event,
            made: Vec::new(),
        }
    }

    /// The event itself, for a subscriber that writes it alone.
    pub const fn event(&self) -> &'a Event {
        self.event
    }

    /// The piece of that name, made by `make` if it is not there yet.
    pub fn piece(&mut self, name: &'static str, make: impl FnOnce(&Event) -> Bytes) -> Bytes {
        if let Some((_, piece)) = self.made.iter().find(|(made, _)| *made == name) {
            return piece.clone();
        }
        let piece = make(self.event);
        self.made.push((name, piece.clone()));
        piece
    }
}
