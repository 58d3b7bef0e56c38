//! Rebuilds trips from the log alone, and compares them with the tables.

use std::collections::HashMap;

use diesel::prelude::*;
use jiff::Timestamp;

use super::corrupt::Corrupt;
use super::db::{Db, on};
use super::events::{EventRow, into_events};
use super::rows::{self, FoundTrips};
use super::schema::{events, trips};
use super::sql_types::At;
use super::trip_columns::TripRow;
use crate::domain::{Before, Event, Trip, TripChange, TripId};

/// The result for one page of trips.
#[derive(Debug, Default)]
pub struct ReplayPage {
    /// The number of the last trip on the page; none if there are no more trips.
    pub last: Option<i64>,
    /// How many trips were compared.
    pub trips: usize,
    /// How many events of these trips were read.
    pub events: usize,
    /// The trips where the log and the tables differ, and how.
    pub differing: Vec<(TripId, Differs)>,
    /// The events that cannot be read. The revisions that they made count as missing.
    pub unreadable: Vec<Corrupt>,
}

/// How the log and the tables differ about a trip.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Differs {
    /// The log has no event of the trip.
    #[error("the log has nothing of it")]
    Unheard,
    /// A revision is missing, or there twice.
    #[error("revision {0} does not follow revision {1}")]
    Revisions(i64, i64),
    /// A change does not begin with the state that the change before it led to.
    #[error("revision {0} begins where revision {1} did not end")]
    Broken(i64, i64),
    #[error("{0}")]
    Corrupt(Corrupt),
    /// The row differs from the last event.
    #[error("its row is not what the log says last, at revision {0}")]
    Row(i64),
}

/// Rebuilds at most `limit` trips with numbers above `after` from their events, and compares them with their rows.
pub fn check(db: &mut Db, after: i64, limit: i64) -> QueryResult<ReplayPage> {
    let found: Vec<TripRow> = on!(&mut *db, |conn| trips::table
        .filter(trips::id.gt(after))
        .order(trips::id)
        .limit(limit)
        .select(TripRow::as_select())
        .load(conn))?;
    let last = found.last().map(|row| row.id);
    let FoundTrips { trips, corrupt } = rows::found(db, found)?;
    let numbers: Vec<i64> = trips.iter().map(|trip| trip.number).collect();
    let told: Vec<EventRow> = on!(db, |conn| events::table
        .filter(events::trip_id.eq_any(numbers.iter().copied().map(Some)))
        .filter(events::revision.is_not_null())
        .order(events::id)
        .select(EventRow::as_select())
        .load(conn))?;
    let (told, unreadable) = sorted(told);
    let events = told.len();
    let mut changes: HashMap<TripId, Vec<&TripChange>> = HashMap::new();
    for change in told.iter().filter_map(Event::trip) {
        changes.entry(change.trip.id).or_default().push(change);
    }
    let differing = trips.iter().filter_map(|trip| {
        let changes = changes.remove(&trip.id).unwrap_or_default();
        let differs = compare(trip, &changes).err()?;
        Some((trip.id, differs))
    });
    let corrupt = corrupt.into_iter();
    let corrupt = corrupt.map(|(trip, corrupt)| (trip.id, Differs::Corrupt(corrupt)));
    Ok(ReplayPage {
        last,
        trips: trips.len(),
        events,
        differing: differing.chain(corrupt).collect(),
        unreadable,
    })
}

/// Separates the readable events from the corrupt rows.
fn sorted(rows: Vec<EventRow>) -> (Vec<Event>, Vec<Corrupt>) {
    let (mut events, mut unreadable) = (Vec::new(), Vec::new());
    for row in rows {
        match row.into_event() {
            Ok(event) => events.push(event),
            Err(corrupt) => unreadable.push(corrupt),
        }
    }
    (events, unreadable)
}

/// At most `limit` events after the given number and before `end`. Those of trips and offers begin at `begin`; those of
/// shifts may be older. Messages and notifications are left out.
pub fn told(
    db: &mut Db,
    after: i64,
    (begin, end): (Timestamp, Timestamp),
    limit: i64,
) -> QueryResult<Vec<Event>> {
    let is_shift = events::kind.eq_any(["shift-began", "shift-ended"]);
    let rows: Vec<EventRow> = on!(db, |conn| events::table
        .filter(events::id.gt(after))
        .filter(events::at.lt(At::of(end)))
        .filter(events::at.ge(At::of(begin)).or(is_shift))
        .filter(events::kind.ne_all(["message", "notification"]))
        .order(events::id)
        .limit(limit)
        .select(EventRow::as_select())
        .load(conn))?;
    into_events(rows)
}

/// When a trip was last requested.
pub fn last_request(db: &mut Db) -> QueryResult<Option<Timestamp>> {
    let at: Option<At> = on!(db, |conn| events::table
        .filter(events::kind.eq("requested"))
        .order(events::id.desc())
        .select(events::at)
        .first(conn)
        .optional())?;
    Ok(at.and_then(At::read))
}

fn compare(row: &Trip, changes: &[&TripChange]) -> Result<(), Differs> {
    let mut known: Option<&Trip> = None;
    for change in changes {
        let (revision, before) = (change.trip.revision, known.map_or(0, |trip| trip.revision));
        if revision != before + 1 {
            return Err(Differs::Revisions(revision, before));
        }
        // Older versions did not write the state before the change.
        let is_broken = change.before.is_some() && change.before != known.map(Before::from);
        if is_broken {
            return Err(Differs::Broken(revision, before));
        }
        known = Some(&change.trip);
    }
    match known {
        None => Err(Differs::Unheard),
        Some(told) if without_photos(told) != without_photos(row) => {
            Err(Differs::Row(told.revision))
        }
        Some(_) => Ok(()),
    }
}

/// The trip without the photos of its parties, which may be deleted later.
fn without_photos(trip: &Trip) -> Trip {
    let mut trip = trip.clone();
    trip.rider.photo = None;
    if let Some(driver) = trip.state.driver_mut() {
        driver.photo = None;
    }
    trip
}
