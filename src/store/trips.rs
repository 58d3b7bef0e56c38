//! The rows of trips: finding, locking and writing them.

use std::collections::HashMap;

use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use jiff::Timestamp;

use super::db::{Db, on};
use super::due;
use super::rows::{self, FoundTrips};
use super::schema::trips;
use super::sql_types::{At, Id};
use super::trip_columns::{self, TripColumns, TripRow, UpdateTrip};
use crate::domain::core::OpenTrips;
use crate::domain::{DriverId, RiderId, Status, Trip, TripId, TripRef, UserId};

/// A condition on the status, with literals as in the partial indexes: SQLite does not match an index against
/// parameters.
pub(super) fn status_among(statuses: &[Status]) -> SqlLiteral<Bool> {
    let words: Vec<String> = statuses
        .iter()
        .map(|status| format!("'{status}'"))
        .collect();
    match &words[..] {
        [word] => sql(&format!("trips.status = {word}")),
        words => sql(&format!("trips.status IN ({})", words.join(", "))),
    }
}

/// The trip with that key or number.
pub fn find(db: &mut Db, trip: impl Into<TripRef>) -> QueryResult<Option<Trip>> {
    let row: Option<TripRow> = match trip.into() {
        TripRef::Key(id) => on!(&mut *db, |conn| trips::table
            .filter(trips::nk.eq(Id::of(id.uuid())))
            .select(TripRow::as_select())
            .first(conn)
            .optional()),
        TripRef::Number(number) => on!(&mut *db, |conn| trips::table
            .find(number)
            .select(TripRow::as_select())
            .first(conn)
            .optional()),
    }?;
    rows::trip(db, row)
}

/// The rows of trips under a condition, in the order of their keys.
macro_rules! rows_where {
    ($condition:expr) => {
        trips::table
            .filter($condition)
            .order(trips::nk)
            .select(TripRow::as_select())
    };
    ($db:expr, $lock:expr, $condition:expr) => {
        match (&mut *$db, $lock) {
            (Db::Pg(conn), RowLock::Rows) => rows_where!($condition).for_update().load(conn),
            (Db::Pg(conn), RowLock::No) => rows_where!($condition).load(conn),
            (Db::Sqlite(conn), RowLock::No | RowLock::Rows) => rows_where!($condition).load(conn),
        }
    };
}

/// Whether other writers must wait for the rows that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowLock {
    No,
    /// They must wait. On SQLite there is only one writer anyway.
    Rows,
}

/// These trips, locked in the order of their keys.
pub fn find_all<T: Into<TripRef>>(
    db: &mut Db,
    wanted: impl IntoIterator<Item = T>,
    lock: RowLock,
) -> QueryResult<FoundTrips> {
    let (mut keys, mut numbers) = (Vec::new(), Vec::new());
    for trip in wanted {
        match trip.into() {
            TripRef::Key(id) => keys.push(Id::of(id.uuid())),
            TripRef::Number(number) => numbers.push(number),
        }
    }
    let rows = match (keys.is_empty(), numbers.is_empty()) {
        (true, true) => return Ok(FoundTrips::default()),
        (_, true) => rows_where!(db, lock, trips::nk.eq_any(&keys)),
        (true, false) => rows_where!(db, lock, trips::id.eq_any(&numbers)),
        (false, false) => {
            rows_where!(
                db,
                lock,
                trips::nk.eq_any(&keys).or(trips::id.eq_any(&numbers))
            )
        }
    }?;
    rows::found(db, rows)
}

/// The trips whose search time is over, longest overdue first.
pub fn overdue(db: &mut Db, at: Timestamp, limit: i64) -> QueryResult<Vec<TripId>> {
    let searching = || status_among(&[Status::Requested]).and(trips::search_ends_at.le(At::of(at)));
    due::keys(db, limit, |db, after| {
        on!(db, |conn| trips::table
            .filter(searching())
            .order(trips::search_ends_at)
            .limit(limit)
            .offset(after)
            .select(TripRow::as_select())
            .load(conn))
    })
}

/// The trips for later whose search must begin, longest due first.
pub fn due(db: &mut Db, at: Timestamp, limit: i64) -> QueryResult<Vec<TripId>> {
    let waiting = || {
        status_among(&[Status::Scheduled])
            .and(trips::opens_at.is_not_null())
            .and(trips::opens_at.assume_not_null().le(At::of(at)))
    };
    due::keys(db, limit, |db, after| {
        on!(db, |conn| trips::table
            .filter(waiting())
            .order(trips::opens_at)
            .limit(limit)
            .offset(after)
            .select(TripRow::as_select())
            .load(conn))
    })
}

/// The trips whose drivers are late, longest overdue first.
pub fn late(db: &mut Db, at: Timestamp, limit: i64) -> QueryResult<Vec<TripId>> {
    let waiting = || {
        trips::late_after
            .is_not_null()
            .and(trips::late_after.assume_not_null().le(At::of(at)))
    };
    due::keys(db, limit, |db, after| {
        on!(db, |conn| trips::table
            .filter(waiting())
            .order(trips::late_after)
            .limit(limit)
            .offset(after)
            .select(TripRow::as_select())
            .load(conn))
    })
}

/// How many open trips each of these riders has. Riders without any are left out.
pub fn count_open(db: &mut Db, riders: &[RiderId]) -> QueryResult<HashMap<RiderId, OpenTrips>> {
    let ids = riders.iter().map(|rider| rider.user().get());
    let open = status_among(&Status::OPEN);
    let counts: Vec<(i64, String, i64)> = on!(db, |conn| {
        trips::table
            .filter(trips::rider_id.eq_any(ids).and(open))
            .group_by((trips::rider_id, trips::status))
            .select((trips::rider_id, trips::status, diesel::dsl::count_star()))
            .load(conn)
    })?;
    let mut open = HashMap::<RiderId, OpenTrips>::new();
    for (rider, status, count) in counts {
        let of_rider = open.entry(RiderId::of(UserId::new(rider))).or_default();
        if Status::parse(&status) == Some(Status::Scheduled) {
            of_rider.scheduled += count;
        } else {
            of_rider.active += count;
        }
    }
    Ok(open)
}

/// The drivers among these who have an active trip, with its key.
pub fn taken_by(db: &mut Db, drivers: &[DriverId]) -> QueryResult<Vec<(DriverId, TripId)>> {
    let ids = drivers.iter().map(|driver| driver.user().get());
    let taken = status_among(&Status::TAKEN);
    let found: Vec<(i64, Id)> = on!(db, |conn| {
        trips::table
            .filter(trips::driver_id.assume_not_null().eq_any(ids).and(taken))
            .select((trips::driver_id.assume_not_null(), trips::nk))
            .load(conn)
    })?;
    let taken = found.into_iter().filter_map(|(driver, trip)| {
        let driver = DriverId::of(UserId::new(driver));
        Some((driver, TripId::new(trip.read()?)))
    });
    Ok(taken.collect())
}

/// All trips that have a driver and are not over.
pub fn taken(db: &mut Db) -> QueryResult<Vec<Trip>> {
    let taken = status_among(&Status::TAKEN);
    let found: Vec<TripRow> = on!(&mut *db, |conn| {
        trips::table
            .filter(taken)
            .order(trips::id)
            .select(TripRow::as_select())
            .load(conn)
    })?;
    rows::trips(db, found)
}

/// Writes new trips, and sets their numbers.
pub fn insert(db: &mut Db, new: &mut [&mut Trip]) -> QueryResult<()> {
    let columns: Vec<TripColumns> = new.iter().map(|trip| TripColumns::from(&**trip)).collect();
    let numbers: Vec<(Id, i64)> = match db {
        Db::Pg(conn) => diesel::insert_into(trips::table)
            .values(&columns)
            .returning((trips::nk, trips::id))
            .get_results(conn)?,
        Db::Sqlite(conn) => columns
            .iter()
            .map(|row| {
                diesel::insert_into(trips::table)
                    .values(row)
                    .returning((trips::nk, trips::id))
                    .get_result(conn)
            })
            .collect::<QueryResult<_>>()?,
    };
    let numbers: HashMap<_, _> = numbers.into_iter().collect();
    for trip in new {
        trip.number = *numbers
            .get(&Id::of(trip.id.uuid()))
            .ok_or(diesel::result::Error::NotFound)?;
    }
    Ok(())
}

/// Writes changed trips over their rows.
pub fn update(db: &mut Db, changed: &[&Trip]) -> QueryResult<()> {
    let rows: Vec<TripRow> = changed.iter().map(|trip| TripRow::from(*trip)).collect();
    match db {
        Db::Pg(conn) => trip_columns::overwrite(conn, &rows),
        Db::Sqlite(conn) => rows
            .iter()
            .try_for_each(|row| UpdateTrip(row).execute(conn).map(drop)),
    }
}
