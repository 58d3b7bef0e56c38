//! The log of events, and the streams over it.

mod row;

pub(super) use row::{EventRow, events_of, into_events};

use std::collections::{BTreeMap, HashMap};

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::result::Error;
use diesel::sql_types::Bool;
use diesel::upsert::excluded;
use uuid::Uuid;

use self::row::NewEvent;
use super::db::{Db, on};
use super::prepared::AdvanceHead;
use super::schema::{events, stream_entries, stream_heads, trips};
use super::sql_types::Id;
use crate::domain::{Event, Stream, StreamPosition, TripId, UserId};

/// The epoch of a stream, and its last sequence.
#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = stream_heads)]
pub(super) struct StreamHead {
    pub(super) stream: String,
    pub(super) epoch: Id,
    pub(super) sequence: i64,
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = stream_entries)]
struct StreamEntry {
    stream: String,
    sequence: i64,
    event_id: i64,
}

/// Appends events to the log. Each gets its number, and a position in every stream that carries it.
///
/// A transaction locks stream heads last, in the order of their names. So writers on several nodes wait for each other
/// only briefly, and never in a circle. Streams that begin here get `epoch`. `trips` has the numbers of the trips that
/// messages are about. `carries` tells which of an event's streams are written.
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
    let entries: Vec<StreamEntry> = new
        .iter()
        .flat_map(|event| event.positions.iter().map(|at| (event.id, at)))
        .map(|(event_id, at)| StreamEntry {
            stream: at.stream.to_string(),
            sequence: at.sequence,
            event_id,
        })
        .collect();
    enter(db, &entries)
}

fn insert(db: &mut Db, new: &mut [Event], trips: &HashMap<TripId, i64>) -> QueryResult<()> {
    let rows: Vec<NewEvent<'_>> = new.iter().map(|event| NewEvent::of(event, trips)).collect();
    // No two events share a position, so the positions tell which row belongs to which event.
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
    let wanted: Vec<StreamHead> = counts
        .iter()
        .map(|(name, (_, count))| StreamHead {
            stream: name.clone(),
            epoch: Id::of(epoch),
            sequence: *count,
        })
        .collect();
    let mut next = HashMap::<Stream, StreamPosition>::new();
    for StreamHead {
        stream,
        epoch,
        sequence,
    } in advance(db, &wanted)?
    {
        let (stream, count) = *counts.get(&stream).ok_or(Error::NotFound)?;
        next.insert(
            stream,
            StreamPosition {
                stream,
                // Epochs are only compared, so an unreadable one does no harm.
                epoch: epoch.read().unwrap_or_default(),
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

/// Adds `sequence` to each head, and returns the heads as they are then.
fn advance(db: &mut Db, wanted: &[StreamHead]) -> QueryResult<Vec<StreamHead>> {
    match db {
        Db::Pg(conn) => diesel::insert_into(stream_heads::table)
            .values(wanted)
            .on_conflict(stream_heads::stream)
            .do_update()
            .set(
                stream_heads::sequence
                    .eq(stream_heads::sequence + excluded(stream_heads::sequence)),
            )
            .returning(StreamHead::as_returning())
            .get_results(conn),
        Db::Sqlite(conn) => wanted
            .iter()
            .map(|head| AdvanceHead(head).get_result(conn))
            .collect(),
    }
}

fn enter(db: &mut Db, entries: &[StreamEntry]) -> QueryResult<()> {
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

/// The event that made a revision of a trip.
pub fn at_revision(db: &mut Db, trip: TripId, revision: i64) -> QueryResult<Option<Event>> {
    let row: Option<EventRow> = on!(db, |conn| {
        events::table
            .inner_join(trips::table.on(trips::id.nullable().eq(events::trip_id)))
            .filter(
                trips::nk
                    .eq(Id::of(trip.uuid()))
                    .and(events::revision.eq(revision)),
            )
            .select(EventRow::as_select())
            .first(conn)
            .optional()
    })?;
    Ok(row.map(EventRow::into_event).transpose()?)
}

/// The event at a position of a stream.
pub fn at_position(db: &mut Db, at: StreamPosition) -> QueryResult<Option<Event>> {
    let found = of_stream(db, at.stream, at.sequence, at.sequence, 1)?;
    Ok(found.into_iter().next())
}

/// The newest `limit` messages of a trip's room after the event `after`, oldest first. Only messages from or to
/// `party`, since the trip may have had another driver before.
pub fn messages(
    db: &mut Db,
    trip: i64,
    party: UserId,
    after: i64,
    limit: i64,
) -> QueryResult<Vec<Event>> {
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
    let mut messages = events_of(rows);
    messages.retain(|event| event.streams().contains(&Stream::User(party)));
    Ok(messages)
}

/// At most `limit` of the events numbered from `first` to `last`, in order, and the number of the last row that was
/// read. Corrupt events are left out.
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
