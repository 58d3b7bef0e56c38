//! How a socket writes what it hears. The registry knows no frames: each socket brings its own subscriber.

use bytes::Bytes;

use super::outbound::Outbound;
use crate::domain::{Event, Stream, VehiclePosition};

/// Nothing was queued: there is no room, or an event that comes before is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotDelivered;

/// How one socket writes events, and what it has asked to hear.
pub trait Subscriber: Send + Sync {
    /// Queues what its client is to hear of an event, all of it or nothing; an event that it has told is not told again.
    fn deliver(
        &self,
        shared: &mut SharedEvent<'_>,
        outbound: &Outbound,
    ) -> Result<(), NotDelivered>;

    /// Queues where the driver of a trip is, if its client wants to know and keeps pace; such news may be lost.
    fn deliver_position(&self, _: &VehiclePosition, _: &Outbound) {}

    /// The next sequence that its client waits for, in a stream that it follows without gaps.
    fn next_sequence(&self, _: Stream) -> Option<i64> {
        None
    }
}

/// One event, and what was made of it for several sockets: each piece once, and only when somebody needs it.
pub struct SharedEvent<'a> {
    event: &'a Event,
    made: Vec<(&'static str, Bytes)>,
}

impl<'a> SharedEvent<'a> {
    /// Nothing is made yet.
    pub const fn of(event: &'a Event) -> Self {
        Self {
            event,
            made: Vec::new(),
        }
    }

    /// The event.
    pub const fn event(&self) -> &'a Event {
        self.event
    }

    /// The piece of that name.
    pub fn piece(&mut self, name: &'static str, make: impl FnOnce(&Event) -> Bytes) -> Bytes {
        if let Some((_, piece)) = self.made.iter().find(|(made, _)| *made == name) {
            return piece.clone();
        }
        let piece = make(self.event);
        self.made.push((name, piece.clone()));
        piece
    }
}
