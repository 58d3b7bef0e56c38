//! The log and the streams over it.

use std::collections::{BTreeMap, HashMap};

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::result::Error;
use diesel::sql_types::Bool;
use diesel::upsert::excluded;
use uuid::Uuid;

use super::corrupt::{Corrupt, readable};
use super::db::{Db, on};
use super::prepared::AdvanceHead;
use super::schema::{events, stream_entries, stream_heads, trips};
use super::sql_types::{At, Id};
use crate::domain::{Actor, Event, Fact, Kind, Position, Stream, TripChange, TripId, UserId};

#[derive(Insertable)]
#[diesel(table_name = events, treat_none_as_default_value = false)]
struct NewEvent<'a> {
    trip_id: Option<i64>,
    revision: Option<i64>,
    kind: &'static str,
    actor_role: &'static str,
    actor_id: Option<i64>,
    reason: Option<&'a str>,
    at: At,
    payload: String,
    positions: String,
    before: Option<String>,
}

#[derive(Queryable, QueryableByName, Selectable)]
#[diesel(table_name = events)]
pub(super) struct EventRow {
    pub(super) id: i64,
    kind: String,
    actor_role: String,
    actor_id: Option<i64>,
    at: At,
    payload: String,
    positions: String,
    before: Option<String>,
}

/// A position as the log keeps it: stream, epoch, sequence.
type PositionRow = (String, Uuid, i64);

/// Where a stream stands.
#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = stream_heads)]
pub(super) struct Head {
    pub(super) stream: String,
    pub(super) epoch: Id,
    pub(super) sequence: i64,
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = stream_entries)]
struct Entry {
    stream: String,
    sequence: i64,
    event_id: i64,
}

/// The trip's number, the revision, the reason, and what was before.
type TripColumns<'a> = (Option<i64>, Option<i64>, Option<&'a str>, Option<String>);

impl<'a> NewEvent<'a> {
    /// `trips` has the numbers of the trips that messages are about.
    fn of(event: &'a Event, trips: &HashMap<TripId, i64>) -> Self {
        let (payload, (trip_id, revision, reason, before)): (String, TripColumns<'a>) =
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
            at: At(event.at),
            payload,
            positions: positions_text(&event.positions),
            before,
        }
    }
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("texts, times and finite numbers are JSON")
}

fn positions_text(positions: &[Position]) -> String {
    let rows: Vec<PositionRow> = positions
        .iter()
        .map(|at| (at.stream.to_string(), at.epoch, at.sequence))
        .collect();
    serde_json::to_string(&rows).expect("texts and whole numbers are JSON")
}

fn positions_of(text: &str) -> Option<Vec<Position>> {
    let rows: Vec<PositionRow> = serde_json::from_str(text).ok()?;
    let position = |(stream, epoch, sequence): PositionRow| {
        Some(Position {
            stream: Stream::parse(&stream)?,
            epoch,
            sequence,
        })
    };
    rows.into_iter().map(position).collect()
}

impl EventRow {
    pub(super) fn into_event(self) -> Result<Event, Corrupt> {
        let corrupt = |why| Corrupt {
            table: "events",
            id: self.id,
            why,
        };
        if self.at.is_none() {
            return Err(corrupt("it happened at no time"));
        }
        Ok(Event {
            id: self.id,
            at: self.at.0,
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
        Ok(match (self.kind.as_str(), Kind::parse(&self.kind)) {
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
            ("offered" | "offer-ended", None) => Some(Fact::Offer(serde_json::from_str(payload)?)),
            ("shift-began" | "shift-ended", None) => {
                Some(Fact::Shift(serde_json::from_str(payload)?))
            }
            (_, None) => None,
        })
    }
}

/// Appends events to the log, gives each its number, and its position in every stream that carries it.
///
/// Stream heads are the last rows that a transaction locks, in the order of their names, so that writers on several
/// nodes wait for each other briefly and never in a circle. `epoch` is used for streams that begin here; `trips` has
/// the numbers of the trips that messages are about; of their streams, the events get those that `carries` names.
pub fn append(
    db: &mut Db,
    new: &mut [Event],
    trips: &HashMap<TripId, i64>,
    epoch: Uuid,
    carries: impl Fn(Stream) -> bool,
) -> QueryResult<()> {
    if new.is_empty() {
        return Ok(());
    }
    take_positions(db, new, epoch, carries)?;
    insert(db, new, trips)?;
    let entries: Vec<Entry> = new
        .iter()
        .flat_map(|event| event.positions.iter().map(|at| (event.id, at)))
        .map(|(event_id, at)| Entry {
            stream: at.stream.to_string(),
            sequence: at.sequence,
            event_id,
        })
        .collect();
    enter(db, &entries)
}

fn insert(db: &mut Db, new: &mut [Event], trips: &HashMap<TripId, i64>) -> QueryResult<()> {
    let rows: Vec<NewEvent<'_>> = new.iter().map(|event| NewEvent::of(event, trips)).collect();
    // No two events share a position, so the positions tell which row is whose.
    let returning = (events::positions, events::id);
    let numbers: Vec<(String, i64)> = match db {
        Db::Pg(conn) => diesel::insert_into(events::table)
            .values(&rows)
            .returning(returning)
            .get_results(conn)?,
        Db::Sqlite(conn) => rows
            .iter()
            .map(|row| {
                diesel::insert_into(events::table)
                    .values(row)
                    .returning(returning)
                    .get_result(conn)
            })
            .collect::<QueryResult<_>>()?,
    };
    let texts: Vec<String> = rows.into_iter().map(|row| row.positions).collect();
    let numbers: HashMap<String, i64> = numbers.into_iter().collect();
    for (event, positions) in new.iter_mut().zip(texts) {
        event.id = *numbers.get(&positions).ok_or(Error::NotFound)?;
    }
    Ok(())
}

fn take_positions(
    db: &mut Db,
    new: &mut [Event],
    epoch: Uuid,
    carries: impl Fn(Stream) -> bool,
) -> QueryResult<()> {
    let streams = |event: &Event| {
        event
            .streams()
            .into_iter()
            .filter(|stream| carries(*stream))
    };
    let mut counts = BTreeMap::<String, (Stream, i64)>::new();
    for stream in new.iter().flat_map(streams) {
        counts.entry(stream.to_string()).or_insert((stream, 0)).1 += 1;
    }
    let wanted: Vec<Head> = counts
        .iter()
        .map(|(name, (_, count))| Head {
            stream: name.clone(),
            epoch: Id(epoch),
            sequence: *count,
        })
        .collect();
    let mut next = HashMap::<Stream, Position>::new();
    for Head {
        stream,
        epoch,
        sequence,
    } in advance(db, &wanted)?
    {
        let (stream, count) = *counts.get(&stream).ok_or(Error::NotFound)?;
        next.insert(
            stream,
            Position {
                stream,
                epoch: epoch.0,
                sequence: sequence - count,
            },
        );
    }
    for event in new {
        for stream in event
            .streams()
            .into_iter()
            .filter(|stream| carries(*stream))
        {
            let position = next.get_mut(&stream).ok_or(Error::NotFound)?;
            position.sequence += 1;
            event.positions.push(*position);
        }
        event
            .positions
            .sort_unstable_by_key(|position| position.stream);
    }
    Ok(())
}

/// Counts each head up by the `sequence` wanted, and returns where it then stands.
fn advance(db: &mut Db, wanted: &[Head]) -> QueryResult<Vec<Head>> {
    match db {
        Db::Pg(conn) => diesel::insert_into(stream_heads::table)
            .values(wanted)
            .on_conflict(stream_heads::stream)
            .do_update()
            .set(
                stream_heads::sequence
                    .eq(stream_heads::sequence + excluded(stream_heads::sequence)),
            )
            .returning(Head::as_returning())
            .get_results(conn),
        Db::Sqlite(conn) => wanted
            .iter()
            .map(|head| AdvanceHead(head).get_result(conn))
            .collect(),
    }
}

fn enter(db: &mut Db, entries: &[Entry]) -> QueryResult<()> {
    let table = stream_entries::table;
    match db {
        Db::Pg(conn) => diesel::insert_into(table)
            .values(entries)
            .execute(conn)
            .map(drop),
        Db::Sqlite(conn) => entries.iter().try_for_each(|entry| {
            diesel::insert_into(table)
                .values(entry)
                .execute(conn)
                .map(drop)
        }),
    }
}

/// The event that made a trip's revision.
pub fn at_revision(db: &mut Db, trip: TripId, revision: i64) -> QueryResult<Option<Event>> {
    let row: Option<EventRow> = on!(db, |conn| {
        events::table
            .inner_join(trips::table.on(trips::id.nullable().eq(events::trip_id)))
            .filter(
                trips::nk
                    .eq(Id(trip.uuid()))
                    .and(events::revision.eq(revision)),
            )
            .select(EventRow::as_select())
            .first(conn)
            .optional()
    })?;
    Ok(row.map(EventRow::into_event).transpose()?)
}

/// The event at a position.
pub fn at_position(db: &mut Db, at: Position) -> QueryResult<Option<Event>> {
    let found = of_stream(db, at.stream, at.sequence, at.sequence, 1)?;
    Ok(found.into_iter().next())
}

/// At most `limit` messages of a trip's room after the event `after`: the newest of them, oldest first.
pub fn messages(db: &mut Db, trip: i64, after: i64, limit: i64) -> QueryResult<Vec<Event>> {
    let of_room = events::trip_id
        .assume_not_null()
        .eq(trip)
        .and(sql::<Bool>("events.kind = 'message'"))
        .and(events::id.gt(after));
    let mut rows: Vec<EventRow> = on!(db, |conn| {
        events::table
            .filter(of_room)
            .order(events::id.desc())
            .limit(limit)
            .select(EventRow::as_select())
            .load(conn)
    })?;
    rows.reverse();
    Ok(events_of(rows))
}

/// At most `limit` of the events numbered from `first` to `last`, in order, and the number of the last of them; those
/// that make no sense are left out.
pub fn range(
    db: &mut Db,
    first: i64,
    last: i64,
    limit: i64,
) -> QueryResult<(Vec<Event>, Option<i64>)> {
    let rows: Vec<EventRow> = on!(db, |conn| {
        events::table
            .filter(events::id.between(first, last))
            .order(events::id)
            .limit(limit)
            .select(EventRow::as_select())
            .load(conn)
    })?;
    let end = rows.last().map(|row| row.id);
    Ok((events_of(rows), end))
}

/// At most `limit` events of `stream` from the sequence `first` to `last`, in order.
pub fn of_stream(
    db: &mut Db,
    stream: Stream,
    first: i64,
    last: i64,
    limit: i64,
) -> QueryResult<Vec<Event>> {
    let rows: Vec<EventRow> = on!(db, |conn| {
        stream_entries::table
            .inner_join(events::table)
            .filter(
                stream_entries::stream
                    .eq(stream.to_string())
                    .and(stream_entries::sequence.between(first, last)),
            )
            .order(stream_entries::sequence)
            .limit(limit)
            .select(EventRow::as_select())
            .load(conn)
    })?;
    into_events(rows)
}

/// The events of rows that were asked for.
pub(super) fn into_events(rows: Vec<EventRow>) -> QueryResult<Vec<Event>> {
    rows.into_iter()
        .map(|row| row.into_event().map_err(Error::from))
        .collect()
}

/// The same for lists, which a row that makes no sense is left out of.
pub(super) fn events_of(rows: Vec<EventRow>) -> Vec<Event> {
    let events = rows.into_iter().map(EventRow::into_event);
    events.filter_map(readable).collect()
}
