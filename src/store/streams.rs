//! Reading streams for many clients at once, with a few queries, however many clients there are.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use jiff::Timestamp;
use uuid::Uuid;

use super::corrupt::{self, readable};
use super::db::{Db, on};
use super::events::EventRow;
use super::schema::{events as log, stream_entries};
use super::sql_types::{At, Id, Instant, KeyType};
use crate::domain::{Event, Stream};

/// Where a stream stands, as seen from a sequence in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamStanding {
    pub epoch: Uuid,
    /// The last sequence in the stream.
    pub sequence: i64,
    /// When the event after that sequence happened, if it is still in the log.
    pub next_at: Option<Timestamp>,
}

#[derive(QueryableByName)]
struct HeadRow {
    #[diesel(sql_type = Text)]
    stream: String,
    #[diesel(sql_type = BigInt)]
    place: i64,
    #[diesel(sql_type = KeyType)]
    epoch: Id,
    #[diesel(sql_type = BigInt)]
    sequence: i64,
    #[diesel(sql_type = Nullable<Instant>)]
    next_at: Option<At>,
}

const HEADS: &str = "SELECT h.stream, w.place, h.epoch, h.sequence, e.at AS next_at FROM wanted w \
    JOIN stream_heads h ON h.stream = w.stream \
    LEFT JOIN stream_entries s ON s.stream = w.stream AND s.sequence = w.place + 1 \
    LEFT JOIN events e ON e.id = s.event_id";

/// Where these streams stand, each seen from a sequence in it. Streams without events are left out.
pub fn heads(
    db: &mut Db,
    places: &[(Stream, i64)],
) -> QueryResult<HashMap<(Stream, i64), StreamStanding>> {
    let mut places: Vec<(Stream, i64)> = places.to_vec();
    places.sort_unstable();
    places.dedup();
    let wanted: Vec<(String, i64)> = places
        .into_iter()
        .map(|(stream, place)| (stream.to_string(), place))
        .collect();
    let wanted = serde_json::to_string(&wanted).expect("texts and numbers are JSON");
    let rows: Vec<HeadRow> = match db {
        Db::Pg(conn) => diesel::sql_query(format!(
            "WITH wanted AS (SELECT w->>0 AS stream, (w->>1)::bigint AS place \
             FROM jsonb_array_elements($1::jsonb) w) {HEADS}"
        ))
        .bind::<Text, _>(wanted)
        .load(conn)?,
        Db::Sqlite(conn) => diesel::sql_query(format!(
            "WITH wanted AS (SELECT json_extract(value, '$[0]') AS stream, \
             json_extract(value, '$[1]') AS place FROM json_each(?1)) {HEADS}"
        ))
        .bind::<Text, _>(wanted)
        .load(conn)?,
    };
    let found = rows.into_iter().filter_map(|row| {
        let head = StreamStanding {
            // Epochs are only compared, so an unreadable one does no harm.
            epoch: row.epoch.read().unwrap_or_default(),
            sequence: row.sequence,
            next_at: row.next_at.and_then(At::read),
        };
        Some(((Stream::parse(&row.stream)?, row.place), head))
    });
    Ok(found.collect())
}

/// A part of a stream, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct StreamPart {
    pub stream: Stream,
    pub first: i64,
    pub last: i64,
}

/// The events that were found, by stream and sequence.
pub type FoundEvents = BTreeMap<(Stream, i64), Arc<Event>>;

#[derive(QueryableByName)]
struct EntryRow {
    #[diesel(sql_type = Text)]
    stream: String,
    #[diesel(sql_type = BigInt)]
    sequence: i64,
    #[diesel(embed)]
    event: EventRow,
}

const ENTRIES: &str = "SELECT s.stream, s.sequence, e.id, e.kind, e.actor_role, e.actor_id, e.at, \
    e.payload, e.positions, e.before FROM wanted w \
    JOIN stream_entries s ON s.stream = w.stream AND s.sequence BETWEEN w.first AND w.last \
    JOIN events e ON e.id = s.event_id";

/// The readable events of these parts, of each part at most the first `limit`, with one query.
pub fn read(db: &mut Db, parts: &[StreamPart], limit: i64) -> QueryResult<FoundEvents> {
    let wanted: Vec<(String, i64, i64)> = windows(parts, limit)
        .into_iter()
        .map(|part| (part.stream.to_string(), part.first, part.last))
        .collect();
    let wanted = serde_json::to_string(&wanted).expect("texts and numbers are JSON");
    let rows: Vec<EntryRow> = match db {
        Db::Pg(conn) => diesel::sql_query(format!(
            "WITH wanted AS (SELECT w->>0 AS stream, (w->>1)::bigint AS first, (w->>2)::bigint AS last \
             FROM jsonb_array_elements($1::jsonb) w) {ENTRIES}"
        ))
        .bind::<Text, _>(wanted)
        .load(conn)?,
        Db::Sqlite(conn) => diesel::sql_query(format!(
            "WITH wanted AS (SELECT json_extract(value, '$[0]') AS stream, \
             json_extract(value, '$[1]') AS first, json_extract(value, '$[2]') AS last \
             FROM json_each(?1)) {ENTRIES}"
        ))
        .bind::<Text, _>(wanted)
        .load(conn)?,
    };
    let mut found = FoundEvents::new();
    for row in rows {
        let Some(stream) = Stream::parse(&row.stream) else {
            continue;
        };
        match readable(row.event.into_event()) {
            Some(event) => drop(found.insert((stream, row.sequence), Arc::new(event))),
            None => corrupt::note_unreadable(stream, row.sequence),
        }
    }
    Ok(found)
}

/// Cuts parts to their first `limit` sequences, and merges those that overlap, so that no event is read twice.
fn windows(parts: &[StreamPart], limit: i64) -> Vec<StreamPart> {
    let mut cut: Vec<StreamPart> = parts
        .iter()
        .map(|part| StreamPart {
            last: part.last.min(part.first.saturating_add(limit - 1)),
            ..*part
        })
        .collect();
    cut.sort_unstable();
    let mut windows: Vec<StreamPart> = Vec::new();
    for part in cut {
        match windows.last_mut() {
            Some(window) if window.stream == part.stream && part.first <= window.last + 1 => {
                window.last = window.last.max(part.last);
            }
            Some(_) | None => windows.push(part),
        }
    }
    windows
}

/// Begins a new epoch in every stream. Returns how many streams there are.
pub fn renew(db: &mut Db, epoch: Uuid) -> QueryResult<usize> {
    use super::schema::stream_heads as heads;
    on!(db, |conn| diesel::update(heads::table)
        .set(heads::epoch.eq(Id::of(epoch)))
        .execute(conn))
}

/// Deletes at most `limit` stream entries of events from before `since`. Returns how many.
///
/// They are deleted in the order of events, so what is left of a stream has no hole.
pub fn purge(db: &mut Db, since: Timestamp, limit: i64) -> QueryResult<usize> {
    let oldest: Vec<(i64, At)> = on!(&mut *db, |conn| {
        stream_entries::table
            .inner_join(log::table)
            .order(stream_entries::event_id)
            .limit(limit)
            .select((stream_entries::event_id, log::at))
            .load(conn)
    })?;
    // An event with an unreadable time must not keep the others from being deleted.
    let is_old = |at: &At| at.read().is_none_or(|at| at < since);
    let old = oldest.iter().take_while(|(_, at)| is_old(at)).last();
    let Some((until, _)) = old else { return Ok(0) };
    let old = stream_entries::table.filter(stream_entries::event_id.le(until));
    on!(db, |conn| diesel::delete(old).execute(conn))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_that_overlap_are_read_once() {
        let part = |first, last| StreamPart {
            stream: Stream::Drivers,
            first,
            last,
        };
        let other = StreamPart {
            stream: Stream::All,
            ..part(1, 9)
        };
        let parts = [part(5, 90), part(3, 4), other, part(40, 41), part(7, 9)];
        let expected = [part(3, 9), part(40, 41), StreamPart { last: 5, ..other }];
        assert_eq!(windows(&parts, 5), expected);
    }
}
