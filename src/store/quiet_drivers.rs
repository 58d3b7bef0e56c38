//! From when on the drivers of trips count as silent, unless something is heard of them.

use diesel::prelude::*;
use jiff::Timestamp;

use super::db::{Db, on};
use super::due;
use super::schema::{quiet_drivers, trips};
use super::sql_types::At;
use super::trip_columns::TripRow;
use crate::domain::Trip;

/// Notes, for drivers who have reported positions, when they will count as silent. A trip that is noted already keeps
/// its time.
pub fn begin(db: &mut Db, numbers: &[i64], due_at: Timestamp) -> QueryResult<()> {
    let rows: Vec<_> = numbers
        .iter()
        .map(|number| {
            (
                quiet_drivers::trip_id.eq(*number),
                quiet_drivers::due_at.eq(At::of(due_at)),
            )
        })
        .collect();
    match db {
        Db::Pg(conn) => diesel::insert_into(quiet_drivers::table)
            .values(&rows)
            .on_conflict(quiet_drivers::trip_id)
            .do_nothing()
            .execute(conn)
            .map(drop),
        Db::Sqlite(conn) => rows.iter().try_for_each(|row| {
            diesel::insert_into(quiet_drivers::table)
                .values(row)
                .on_conflict(quiet_drivers::trip_id)
                .do_nothing()
                .execute(conn)
                .map(drop)
        }),
    }
}

/// The trips whose drivers may be silent by now, longest due first.
pub fn due(db: &mut Db, at: Timestamp, limit: i64) -> QueryResult<Vec<Trip>> {
    due::trips(db, limit, |db, after| {
        on!(db, |conn| quiet_drivers::table
            .inner_join(trips::table)
            .filter(quiet_drivers::due_at.le(At::of(at)))
            .order(quiet_drivers::due_at)
            .limit(limit)
            .offset(after)
            .select(TripRow::as_select())
            .load(conn))
    })
}

/// Moves the times at which the drivers of these trips count as silent.
pub fn put_off(db: &mut Db, later: &[(i64, Timestamp)]) -> QueryResult<()> {
    for (number, due_at) in later {
        let row = quiet_drivers::table.find(*number);
        on!(&mut *db, |conn| diesel::update(row)
            .set(quiet_drivers::due_at.eq(At::of(*due_at)))
            .execute(conn))?;
    }
    Ok(())
}

/// Forgets these trips, which have no driver any more.
pub fn end(db: &mut Db, numbers: &[i64]) -> QueryResult<()> {
    let over = quiet_drivers::table.filter(quiet_drivers::trip_id.eq_any(numbers));
    on!(db, |conn| diesel::delete(over).execute(conn)).map(drop)
}
