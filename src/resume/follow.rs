//! Where a client stands in each of its streams, and which events are new to it.

use serde::Serialize;
use serde::ser::SerializeStruct;
use uuid::Uuid;

use super::opening::{Resumption, StreamCursor};
use crate::domain::{Event, EventObject, Stream, StreamPosition};
use crate::registry::subscriber::{NotDelivered, SharedEvent};

/// The cursors of a client that follows its streams.
#[derive(Debug, Clone)]
pub struct Following {
    cursors: Vec<StreamCursor>,
}

impl Following {
    /// Follows from these cursors on.
    pub fn from(cursors: Vec<StreamCursor>) -> Self {
        Self { cursors }
    }

    /// Where it stands.
    pub fn cursors(&self) -> &[StreamCursor] {
        &self.cursors
    }

    /// The sequence that comes next in a stream, if the client follows it.
    pub fn next(&self, stream: Stream) -> Option<i64> {
        let cursor = self.cursors.iter().find(|cursor| cursor.stream == stream);
        cursor.map(|cursor| cursor.sequence + 1)
    }

    /// The positions of an event that are new to the client; none if the client has the event, or hears none of its
    /// streams.
    ///
    /// An event that comes too early in one of the streams is not delivered yet.
    pub fn positions(&self, event: &Event) -> Result<Vec<StreamPosition>, NotDelivered> {
        let mut new = Vec::new();
        for position in &event.positions {
            match self.next(position.stream) {
                Some(next) if position.sequence > next => return Err(NotDelivered),
                Some(next) if position.sequence == next => new.push(*position),
                Some(_) | None => {}
            }
        }
        Ok(new)
    }

    /// Moves the cursors to positions that were delivered.
    pub fn advance(&mut self, delivered: &[StreamPosition]) {
        for position in delivered {
            let mut cursors = self.cursors.iter_mut();
            if let Some(cursor) = cursors.find(|cursor| cursor.stream == position.stream) {
                cursor.epoch = Some(position.epoch);
                cursor.sequence = position.sequence;
            }
        }
    }
}

/// Whether a client follows its streams, or will as soon as the log has been read for it.
#[derive(Debug, Default)]
pub enum Hold {
    /// The client does not follow its streams.
    #[default]
    None,
    /// The log is being read. Of events that are announced meanwhile, only the positions are noted.
    Opening(Vec<(Stream, i64)>),
    /// The client follows its streams.
    Following(Following),
}

impl Hold {
    /// From now on, notes the positions of events that are announced.
    pub fn expect(&mut self) {
        *self = Self::Opening(Vec::new());
    }

    /// Follows from where the log was read to. Returns how far the streams are known to go.
    pub fn begin(&mut self, opening: &Resumption) -> Vec<(Stream, i64)> {
        let mut heads = opening.heads.clone();
        if let Self::Opening(counted) = self {
            for (stream, last) in counted {
                for head in heads.iter_mut().filter(|head| head.0 == *stream) {
                    head.1 = head.1.max(*last);
                }
            }
        }
        *self = Self::Following(Following::from(opening.cursors.clone()));
        heads
    }

    /// The positions of an event that are to be delivered now.
    pub fn positions(&mut self, event: &Event) -> Result<Vec<StreamPosition>, NotDelivered> {
        match self {
            Self::None => Ok(Vec::new()),
            Self::Following(follow) => follow.positions(event),
            Self::Opening(counted) => {
                counted.extend(event.positions.iter().map(|at| (at.stream, at.sequence)));
                // Only the last of each stream counts.
                counted.sort_unstable_by_key(|(stream, last)| (*stream, std::cmp::Reverse(*last)));
                counted.dedup_by_key(|(stream, _)| *stream);
                Ok(Vec::new())
            }
        }
    }

    /// Moves the cursors to positions that were delivered.
    pub fn advance(&mut self, delivered: &[StreamPosition]) {
        if let Self::Following(follow) = self {
            follow.advance(delivered);
        }
    }

    /// The sequence that comes next in a stream, if the client follows it.
    pub fn next(&self, stream: Stream) -> Option<i64> {
        match self {
            Self::Following(follow) => follow.next(stream),
            Self::None | Self::Opening(_) => None,
        }
    }
}

/// A position as the wire has it: stream, epoch and sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PositionObject(pub Stream, pub Option<Uuid>, pub i64);

impl Serialize for PositionObject {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(stream, epoch, sequence) = self;
        let mut object = serializer.serialize_struct("Position", 3)?;
        object.serialize_field("stream", &stream.to_string())?;
        object.serialize_field("epoch", epoch)?;
        object.serialize_field("sequence", sequence)?;
        object.end()
    }
}

impl From<&StreamPosition> for PositionObject {
    fn from(position: &StreamPosition) -> Self {
        Self(position.stream, Some(position.epoch), position.sequence)
    }
}

/// An event as JSON, with the positions at which the client gets it. The part that is the same for all clients is made
/// once.
pub fn event_data(shared: &mut SharedEvent<'_>, positions: &[StreamPosition]) -> String {
    let event = shared.piece("event", |event| {
        serde_json::to_string(&EventObject::from(event))
            .expect("an event object has only texts and finite numbers")
            .into()
    });
    let json = |object: &PositionObject| {
        serde_json::to_string(object).expect("texts and whole numbers are JSON")
    };
    let mut own = positions.iter().map(PositionObject::from);
    let mut data = String::with_capacity(event.len() + 256);
    if let Some(first) = own.next() {
        data.push_str("{\"position\":");
        data.push_str(&json(&first));
    }
    let also: Vec<PositionObject> = own.collect();
    if !also.is_empty() {
        data.push_str(",\"also\":");
        data.push_str(&serde_json::to_string(&also).expect("texts and whole numbers are JSON"));
    }
    data.push_str(",\"event\":");
    data.push_str(std::str::from_utf8(&event).expect("it was made of a text"));
    data.push('}');
    data
}

#[cfg(test)]
mod tests;
