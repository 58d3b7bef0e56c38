//! The searches for drivers of trips that are offered one by one.

use std::collections::HashMap;

use diesel::prelude::*;
use jiff::Timestamp;

use super::corrupt::{Corrupt, readable};
use super::db::{Db, on};
use super::due;
use super::offers;
use super::rows;
use super::schema::{searches, trips};
use super::sql_types::At;
use super::trip_columns::TripRow;
use super::trips::status_among;
use crate::domain::core::SearchStep;
use crate::domain::{EarlierOffers, Search, Status, Trip};

/// Writes one step of the search for the trip with that number.
pub(super) fn step(db: &mut Db, trip: i64, step: SearchStep) -> QueryResult<()> {
    let look_at = |db: &mut Db, look_at: Option<Timestamp>| {
        on!(db, |conn| diesel::update(searches::table.find(trip))
            .set(searches::look_at.eq(look_at.map(At::of)))
            .execute(conn))
    };
    let look_in = |db: &mut Db, round: i64, look_at: Option<Timestamp>| {
        on!(db, |conn| diesel::update(searches::table.find(trip))
            .set((
                searches::round.eq(round),
                searches::look_at.eq(look_at.map(At::of)),
            ))
            .execute(conn))
    };
    match step {
        SearchStep::Begin(at) => on!(db, |conn| diesel::insert_into(searches::table)
            .values((
                searches::trip_id.eq(trip),
                searches::round.eq(0),
                searches::look_at.eq(Some(At::of(at))),
            ))
            .execute(conn)),
        SearchStep::Wait(None) => look_at(db, None),
        SearchStep::Wait(Some(round)) => look_in(db, round, None),
        SearchStep::Wake(at) => look_at(db, Some(at)),
        SearchStep::Again(round, at) => look_in(db, round, Some(at)),
        SearchStep::End => on!(db, |conn| diesel::delete(searches::table.find(trip))
            .execute(conn)),
    }
    .map(drop)
}

/// The searches that are due, longest due first.
pub fn due(db: &mut Db, at: Timestamp, limit: i64) -> QueryResult<Vec<Search>> {
    due::sound(limit, |after| due_after(db, at, after, limit))
}

/// Reads at most `limit` due rows after an offset. Returns how many there were, and their searches without the corrupt
/// ones.
fn due_after(
    db: &mut Db,
    at: Timestamp,
    after: i64,
    limit: i64,
) -> QueryResult<(usize, Vec<Search>)> {
    let is_due = searches::look_at
        .is_not_null()
        .and(searches::look_at.assume_not_null().le(At::of(at)));
    let found: Vec<(i64, At, TripRow)> = on!(&mut *db, |conn| {
        searches::table
            .inner_join(trips::table)
            .filter(is_due.and(status_among(&[Status::Requested])))
            .order(searches::look_at)
            .limit(limit)
            .offset(after)
            .select((
                searches::round,
                searches::look_at.assume_not_null(),
                TripRow::as_select(),
            ))
            .load(conn)
    })?;
    if found.is_empty() {
        return Ok((0, Vec::new()));
    }
    let count = found.len();
    let numbers: Vec<i64> = found.iter().map(|(_, _, row)| row.id).collect();
    let mut ended = offers::ended(db, &numbers, at)?;
    let mut steps = HashMap::with_capacity(found.len());
    let mut rows = Vec::with_capacity(found.len());
    for (round, due_at, row) in found {
        steps.insert(row.id, (round, due_at));
        rows.push(row);
    }
    let trips = rows::trips(db, rows)?;
    let search = |trip: Trip| {
        let (round, due_at) = steps.remove(&trip.number)?;
        let due_at = due_at.read().ok_or(Corrupt {
            table: "searches",
            id: trip.number,
            why: "it is due at no time",
        });
        let ended = ended.remove(&trip.number).unwrap_or_default();
        let asked = EarlierOffers::of(&ended, trip.attempt, &trip.given_back_by, at);
        Some(Search {
            trip,
            round,
            asked,
            due_at: readable(due_at)?,
        })
    };
    Ok((count, trips.into_iter().filter_map(search).collect()))
}
