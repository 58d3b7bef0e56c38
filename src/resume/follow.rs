//! Where a client stands in each of its streams, and what an event means there.

use serde::Serialize;
use serde::ser::SerializeStruct;
use uuid::Uuid;

use super::opening::{Resumption, StreamCursor};
use crate::domain::{Event, EventObject, Stream, StreamPosition};
use crate::registry::subscriber::{NotDelivered, SharedEvent};

/// Where a client stands in its streams.
#[derive(Debug, Clone)]
pub struct Following {
    places: Vec<StreamCursor>,
}

impl Following {
    /// From these places on.
    pub fn from(places: Vec<StreamCursor>) -> Self {
        Self { places }
    }

    /// Where it stands.
    pub fn places(&self) -> &[StreamCursor] {
        &self.places
    }

    /// The sequence that comes next in a stream, if that is one of the client's.
    pub fn next(&self, stream: Stream) -> Option<i64> {
        let place = self.places.iter().find(|place| place.stream == stream);
        place.map(|place| place.sequence + 1)
    }

    /// The positions of an event that are new to the client; none for an event that it has or that is not its own.
    ///
    /// An event that comes too early in one of the streams is not told yet.
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

    /// Those positions were told.
    pub fn advance(&mut self, told: &[StreamPosition]) {
        for position in told {
            let mut places = self.places.iter_mut();
            if let Some(place) = places.find(|place| place.stream == position.stream) {
                place.epoch = Some(position.epoch);
                place.sequence = position.sequence;
            }
        }
    }
}

/// A client's hold on its streams: before, while and after the log is read for it.
#[derive(Debug, Default)]
pub enum Hold {
    /// It does not follow them.
    #[default]
    None,
    /// The log is being read; what is announced meanwhile is only counted.
    Opening(Vec<(Stream, i64)>),
    /// It follows them.
    Following(Following),
}

impl Hold {
    /// From now on, what is announced is counted.
    pub fn expect(&mut self) {
        *self = Self::Opening(Vec::new());
    }

    /// Follows from where the log was read to; gives how far the streams are known to go.
    pub fn begin(&mut self, opening: &Resumption) -> Vec<(Stream, i64)> {
        let mut heads = opening.heads.clone();
        if let Self::Opening(counted) = self {
            for (stream, last) in counted {
                for head in heads.iter_mut().filter(|head| head.0 == *stream) {
                    head.1 = head.1.max(*last);
                }
            }
        }
        *self = Self::Following(Following::from(opening.places.clone()));
        heads
    }

    /// The positions of an event that are to be told now.
    pub fn positions(&mut self, event: &Event) -> Result<Vec<StreamPosition>, NotDelivered> {
        match self {
            Self::None => Ok(Vec::new()),
            Self::Following(follow) => follow.positions(event),
            Self::Opening(counted) => {
                counted.extend(event.positions.iter().map(|at| (at.stream, at.sequence)));
                // The last of each is what counts.
                counted.sort_unstable_by_key(|(stream, last)| (*stream, std::cmp::Reverse(*last)));
                counted.dedup_by_key(|(stream, _)| *stream);
                Ok(Vec::new())
            }
        }
    }

    /// Those positions were told.
    pub fn advance(&mut self, told: &[StreamPosition]) {
        if let Self::Following(follow) = self {
            follow.advance(told);
        }
    }

    /// The sequence that comes next in a stream that is followed.
    pub fn next(&self, stream: Stream) -> Option<i64> {
        match self {
            Self::Following(follow) => follow.next(stream),
            Self::None | Self::Opening(_) => None,
        }
    }
}

/// The wire's position.
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

/// An event with the positions at which a client meets it, as JSON; the event's own part is made once for all.
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
