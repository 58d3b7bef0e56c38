//! Events as rows.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::result::Error;
use uuid::Uuid;

use crate::domain::{
    Actor, Event, Fact, Stream, StreamPosition, TripChange, TripEventKind, TripId, UserId,
};
use crate::store::corrupt::{Corrupt, readable};
use crate::store::schema::events;
use crate::store::sql_types::At;

#[derive(Insertable)]
#[diesel(table_name = events, treat_none_as_default_value = false)]
pub(super) struct NewEvent<'a> {
    trip_id: Option<i64>,
    revision: Option<i64>,
    kind: &'static str,
    actor_role: &'static str,
    actor_id: Option<i64>,
    reason: Option<&'a str>,
    at: At,
    payload: String,
    pub(super) positions: String,
    before: Option<String>,
}

#[derive(Queryable, QueryableByName, Selectable)]
#[diesel(table_name = events)]
pub(in crate::store) struct EventRow {
    pub(super) id: i64,
    kind: String,
    actor_role: String,
    actor_id: Option<i64>,
    at: At,
    payload: String,
    positions: String,
    before: Option<String>,
}

/// A position as the log has it: stream, epoch, sequence.
type PositionRow = (String, Uuid, i64);

/// The trip's number and revision, the reason, and the trip's state before, as JSON.
type EventTripColumns<'a> = (Option<i64>, Option<i64>, Option<&'a str>, Option<String>);

impl<'a> NewEvent<'a> {
    /// `trips` has the numbers of the trips that messages are about.
    pub(super) fn of(event: &'a Event, trips: &HashMap<TripId, i64>) -> Self {
        let (payload, (trip_id, revision, reason, before)): (String, EventTripColumns<'a>) =
            match &event.fact {
                Fact::Trip(TripChange { trip, before, .. }) => {
                    let reason = trip.reason.as_ref().map(crate::domain::Reason::as_str);
                    let before = before.as_ref().map(json);
                    let columns = (Some(trip.number), Some(trip.revision), reason, before);
                    (json(trip), columns)
                }
                Fact::Message(message) => {
                    let trip = trips.get(&message.trip).copied();
                    (json(message), (trip, None, None, None))
                }
                Fact::Notification(notification) => (json(notification), (None, None, None, None)),
                Fact::Offer(change) => (json(change), (Some(change.trip.number), None, None, None)),
                Fact::Shift(shift) => (json(shift), (None, None, None, None)),
            };
        Self {
            trip_id,
            revision,
            kind: event.kind(),
            actor_role: event.actor.role(),
            actor_id: event.actor.user().map(UserId::get),
            reason,
            at: At::of(event.at),
            payload,
            positions: positions_text(&event.positions),
            before,
        }
    }
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("texts, times and finite numbers are JSON")
}

fn positions_text(positions: &[StreamPosition]) -> String {
    let rows: Vec<PositionRow> = positions
        .iter()
        .map(|at| (at.stream.to_string(), at.epoch, at.sequence))
        .collect();
    serde_json::to_string(&rows).expect("texts and whole numbers are JSON")
}

fn positions_of(text: &str) -> Option<Vec<StreamPosition>> {
    let rows: Vec<PositionRow> = serde_json::from_str(text).ok()?;
    let position = |(stream, epoch, sequence): PositionRow| {
        Some(StreamPosition {
            stream: Stream::parse(&stream)?,
            epoch,
            sequence,
        })
    };
    rows.into_iter().map(position).collect()
}

impl EventRow {
    pub(in crate::store) fn into_event(self) -> Result<Event, Corrupt> {
        let corrupt = |why| Corrupt {
            table: "events",
            id: self.id,
            why,
        };
        Ok(Event {
            id: self.id,
            at: self.at.read().ok_or(corrupt("it happened at no time"))?,
            actor: Actor::parse(&self.actor_role, self.actor_id.map(UserId::new))
                .ok_or(corrupt("nobody did it"))?,
            fact: self
                .fact()
                .map_err(|_| corrupt("its payload is not what its kind says"))?
                .ok_or(corrupt("its kind is unknown"))?,
            positions: positions_of(&self.positions)
                .ok_or(corrupt("its positions are unreadable"))?,
        })
    }

    fn fact(&self) -> serde_json::Result<Option<Fact>> {
        let payload = &self.payload;
        Ok(
            match (self.kind.as_str(), TripEventKind::parse(&self.kind)) {
                (_, Some(kind)) => {
                    let before = self.before.as_deref().map(serde_json::from_str);
                    Some(Fact::Trip(TripChange {
                        kind,
                        trip: serde_json::from_str(payload)?,
                        before: before.transpose()?,
                    }))
                }
                ("message", None) => Some(Fact::Message(serde_json::from_str(payload)?)),
                ("notification", None) => Some(Fact::Notification(serde_json::from_str(payload)?)),
                ("offered" | "offer-ended", None) => {
                    Some(Fact::Offer(serde_json::from_str(payload)?))
                }
                ("shift-began" | "shift-ended", None) => {
                    Some(Fact::Shift(serde_json::from_str(payload)?))
                }
                (_, None) => None,
            },
        )
    }
}

/// The events of rows that a query asked for one by one. A corrupt one fails the query.
pub(in crate::store) fn into_events(rows: Vec<EventRow>) -> QueryResult<Vec<Event>> {
    rows.into_iter()
        .map(|row| row.into_event().map_err(Error::from))
        .collect()
}

/// The events of rows in a list. Corrupt ones are left out.
pub(in crate::store) fn events_of(rows: Vec<EventRow>) -> Vec<Event> {
    let events = rows.into_iter().map(EventRow::into_event);
    events.filter_map(readable).collect()
}
