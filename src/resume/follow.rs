//! Where a client stands in each of its streams, and what an event means there.

use serde::Serialize;
use serde::ser::SerializeStruct;
use uuid::Uuid;

use super::opening::Place;
use crate::domain::{Event, EventObject, Position, Stream};
use crate::registry::voice::{NotTold, Shared};

/// Where a client stands in its streams.
#[derive(Debug, Clone)]
pub struct Follow {
    places: Vec<Place>,
}

impl Follow {
    /// From these places on.
    pub fn from(places: Vec<Place>) -> Self {
        Self { places }
    }

    /// Where it stands.
    pub fn places(&self) -> &[Place] {
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
    pub fn positions(&self, event: &Event) -> Result<Vec<Position>, NotTold> {
        let mut new = Vec::new();
        for position in &event.positions {
            match self.next(position.stream) {
                Some(next) if position.sequence > next => return Err(NotTold),
                Some(next) if position.sequence == next => new.push(*position),
                Some(_) | None => {}
            }
        }
        Ok(new)
    }

    /// Those positions were told.
    pub fn advance(&mut self, told: &[Position]) {
        for position in told {
            let mut places = self.places.iter_mut();
            if let Some(place) = places.find(|place| place.stream == position.stream) {
                place.epoch = Some(position.epoch);
                place.sequence = position.sequence;
            }
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

impl From<&Position> for PositionObject {
    fn from(position: &Position) -> Self {
        Self(position.stream, Some(position.epoch), position.sequence)
    }
}

/// An event with the positions at which a client meets it, as JSON; the event's own part is made once for all.
pub fn event_data(shared: &mut Shared<'_>, positions: &[Position]) -> String {
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
