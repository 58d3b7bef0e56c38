//! The decisions of dispatch, with what they were made from, as dispatch wrote them.

use diesel::prelude::*;
use jiff::Timestamp;

use super::db::{Db, on};
use super::schema::{decided_trips, decisions};
use super::sql_types::At;

/// A decision to store.
#[derive(Debug, Clone, PartialEq)]
pub struct NewDecision {
    pub at: Timestamp,
    /// Whether a shadow policy made it, so that it had no effect.
    pub is_shadow: bool,
    /// The decision, as dispatch writes it.
    pub payload: String,
    /// The numbers of the trips that it is about.
    pub trips: Vec<i64>,
}

/// A stored decision.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptDecision {
    /// Whether a shadow policy made it, so that it had no effect.
    pub is_shadow: bool,
    /// The decision, as dispatch wrote it.
    pub payload: String,
}

/// Inserts decisions, of the policy or of its shadow.
pub fn insert(db: &mut Db, new: &[NewDecision]) -> QueryResult<()> {
    for decision in new {
        let row = (
            decisions::at.eq(At::of(decision.at)),
            decisions::is_shadow.eq(decision.is_shadow),
            decisions::payload.eq(&decision.payload),
        );
        let id: i64 = on!(&mut *db, |conn| diesel::insert_into(decisions::table)
            .values(row)
            .returning(decisions::id)
            .get_result(conn))?;
        insert_trips(db, id, &decision.trips)?;
    }
    Ok(())
}

fn insert_trips(db: &mut Db, decision: i64, trips: &[i64]) -> QueryResult<()> {
    let rows = trips.iter().map(|trip| {
        (
            decided_trips::decision_id.eq(decision),
            decided_trips::trip_id.eq(*trip),
        )
    });
    let rows: Vec<_> = rows.collect();
    match db {
        Db::Pg(conn) => diesel::insert_into(decided_trips::table)
            .values(&rows)
            .execute(conn)
            .map(drop),
        Db::Sqlite(conn) => rows.iter().try_for_each(|row| {
            diesel::insert_into(decided_trips::table)
                .values(row)
                .execute(conn)
                .map(drop)
        }),
    }
}

/// The ids of the last decisions about the trip with that number, at most `limit`, oldest first.
pub fn of_trip(db: &mut Db, trip: i64, limit: i64) -> QueryResult<Vec<i64>> {
    let mut ids: Vec<i64> = on!(db, |conn| decided_trips::table
        .filter(decided_trips::trip_id.eq(trip))
        .order(decided_trips::decision_id.desc())
        .limit(limit)
        .select(decided_trips::decision_id)
        .load(conn))?;
    ids.reverse();
    Ok(ids)
}

/// The decision with that id, unless it was purged.
pub fn find(db: &mut Db, id: i64) -> QueryResult<Option<KeptDecision>> {
    let row: Option<(bool, String)> = on!(db, |conn| decisions::table
        .find(id)
        .select((decisions::is_shadow, decisions::payload))
        .first(conn)
        .optional())?;
    Ok(row.map(|(is_shadow, payload)| KeptDecision { is_shadow, payload }))
}

/// Deletes at most `limit` decisions from before that time. Returns how many.
pub fn purge(db: &mut Db, before: Timestamp, limit: i64) -> QueryResult<usize> {
    let old: Vec<i64> = on!(&mut *db, |conn| decisions::table
        .filter(decisions::at.lt(At::of(before)))
        .order(decisions::at)
        .limit(limit)
        .select(decisions::id)
        .load(conn))?;
    let about = decided_trips::table.filter(decided_trips::decision_id.eq_any(&old));
    on!(&mut *db, |conn| diesel::delete(about).execute(conn))?;
    let old = decisions::table.filter(decisions::id.eq_any(old));
    on!(db, |conn| diesel::delete(old).execute(conn))
}
