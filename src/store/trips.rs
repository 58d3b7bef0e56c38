//! The rows of trips: who may see which, and how they are written.

use std::collections::BTreeMap;

use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel::upsert::excluded;
use jiff::Timestamp;

use super::db::{Db, on};
use super::prepared::UpdateTrip;
use super::rows::{self, TripColumns, TripRow};
use super::schema::trips;
use super::sql_types::{At, Id};
use crate::domain::{DriverId, RiderId, Role, Status, Trip, TripId, UserId};

/// The longest list that is answered.
pub const LIST_MAX: i64 = 500;

/// The condition of a partial index, written out as the index has it: SQLite does not look into parameters for that.
fn status_among(statuses: &[Status]) -> SqlLiteral<Bool> {
    let words: Vec<String> = statuses
        .iter()
        .map(|status| format!("'{status}'"))
        .collect();
    match &words[..] {
        [word] => sql(&format!("trips.status = {word}")),
        words => sql(&format!("trips.status IN ({})", words.join(", "))),
    }
}

/// Whose view of the trips is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Viewer {
    /// Who looks.
    pub user: UserId,
    /// As what.
    pub role: Role,
}

impl Viewer {
    /// Whether the viewer may see `trip`; [`list`] shows the same ones.
    pub fn sees(self, trip: &Trip) -> bool {
        match self.role {
            Role::Rider => trip.rider.id.user() == self.user,
            Role::Driver => {
                let driver = trip.state.driver().map(|driver| driver.id.user());
                trip.state.status() == Status::Requested || driver == Some(self.user)
            }
            Role::Operator => true,
        }
    }
}

/// What the viewer may see, newest first, at most [`LIST_MAX`].
pub fn list(db: &mut Db, viewer: Viewer) -> QueryResult<Vec<Trip>> {
    let rows = match viewer.role {
        Role::Rider => newest(db, Which::OfRider(viewer.user))?,
        Role::Operator => newest(db, Which::All)?,
        Role::Driver => {
            // No index has both in the order of the list. Their own are read last: a trip that they take meanwhile
            // is in both, and as it is now.
            let requested = newest(db, Which::Requested)?;
            let own = newest(db, Which::OfDriver(viewer.user))?;
            let both: BTreeMap<i64, TripRow> = requested
                .into_iter()
                .chain(own)
                .map(|row| (row.id, row))
                .collect();
            both.into_values()
                .rev()
                .zip(0..LIST_MAX)
                .map(|(row, _)| row)
                .collect()
        }
    };
    rows::trips(db, rows)
}

/// A part of the trips that an index has in their order.
#[derive(Debug, Clone, Copy)]
enum Which {
    All,
    Requested,
    OfRider(UserId),
    OfDriver(UserId),
}

fn newest(db: &mut Db, which: Which) -> QueryResult<Vec<TripRow>> {
    on!(db, |conn| {
        let query = trips::table
            .select(TripRow::as_select())
            .order(trips::id.desc())
            .limit(LIST_MAX)
            .into_boxed();
        let query = match which {
            Which::All => query,
            Which::Requested => query.filter(status_among(&[Status::Requested])),
            Which::OfRider(rider) => query.filter(trips::rider_id.eq(rider.get())),
            Which::OfDriver(driver) => query.filter(trips::driver_id.eq(driver.get())),
        };
        query.load(conn)
    })
}

/// The trip of that key.
pub fn find(db: &mut Db, id: TripId) -> QueryResult<Option<Trip>> {
    find_all(db, &[id], Lock::No).map(|found| found.into_iter().next())
}

/// Whether other writers must wait for the rows that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock {
    /// They need not.
    No,
    /// They must; SQLite's writer is alone anyway.
    Rows,
}

/// The trips of those keys, locked in the order of their keys.
pub fn find_all(db: &mut Db, ids: &[TripId], lock: Lock) -> QueryResult<Vec<Trip>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let keys = ids.iter().map(|id| Id(id.uuid()));
    let by_key = trips::table.filter(trips::nk.eq_any(keys)).order(trips::nk);
    let rows = match (&mut *db, lock) {
        (Db::Pg(conn), Lock::Rows) => by_key.select(TripRow::as_select()).for_update().load(conn),
        (Db::Pg(conn), Lock::No) => by_key.select(TripRow::as_select()).load(conn),
        (Db::Sqlite(conn), Lock::No | Lock::Rows) => by_key.select(TripRow::as_select()).load(conn),
    }?;
    rows::trips(db, rows)
}

/// A user's own trips that are not over, oldest first, at most [`LIST_MAX`].
pub fn active_of(db: &mut Db, viewer: Viewer) -> QueryResult<Vec<Trip>> {
    let user = viewer.user.get();
    let rows = on!(db, |conn| {
        let query = trips::table
            .select(TripRow::as_select())
            .order(trips::id)
            .limit(LIST_MAX)
            .into_boxed();
        let query = match viewer.role {
            Role::Rider => query
                .filter(trips::rider_id.eq(user))
                .filter(status_among(&Status::ACTIVE)),
            Role::Driver => query
                .filter(trips::driver_id.eq(user))
                .filter(status_among(&Status::TAKEN)),
            Role::Operator => return Ok(Vec::new()),
        };
        query.load(conn)
    })?;
    rows::trips(db, rows)
}

/// The trips whose search time is over, longest overdue first.
pub fn overdue(db: &mut Db, at: Timestamp, limit: i64) -> QueryResult<Vec<TripId>> {
    let searching = status_among(&[Status::Requested]).and(trips::search_ends_at.le(At(at)));
    let keys: Vec<Id> = on!(db, |conn| {
        trips::table
            .filter(searching)
            .order(trips::search_ends_at)
            .limit(limit)
            .select(trips::nk)
            .load(conn)
    })?;
    Ok(keys.into_iter().map(|key| TripId::new(key.0)).collect())
}

/// How many active trips each of these riders has.
pub fn count_active(db: &mut Db, riders: &[RiderId]) -> QueryResult<Vec<(RiderId, i64)>> {
    let ids = riders.iter().map(|rider| rider.user().get());
    let active = status_among(&Status::ACTIVE);
    let counts: Vec<(i64, i64)> = on!(db, |conn| {
        trips::table
            .filter(trips::rider_id.eq_any(ids).and(active))
            .group_by(trips::rider_id)
            .select((trips::rider_id, diesel::dsl::count_star()))
            .load(conn)
    })?;
    Ok(counts
        .into_iter()
        .map(|(rider, count)| (RiderId::of(UserId::new(rider)), count))
        .collect())
}

/// Which of these drivers have a trip, and which one.
pub fn taken_by(db: &mut Db, drivers: &[DriverId]) -> QueryResult<Vec<(DriverId, TripId)>> {
    let ids = drivers.iter().map(|driver| driver.user().get());
    let taken = status_among(&Status::TAKEN);
    let found: Vec<(i64, Id)> = on!(db, |conn| {
        trips::table
            .filter(trips::driver_id.assume_not_null().eq_any(ids).and(taken))
            .select((trips::driver_id.assume_not_null(), trips::nk))
            .load(conn)
    })?;
    Ok(found
        .into_iter()
        .map(|(driver, trip)| (DriverId::of(UserId::new(driver)), TripId::new(trip.0)))
        .collect())
}

/// Writes new trips and gives each its number.
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
    let numbers: std::collections::HashMap<_, _> =
        numbers.into_iter().map(|(nk, id)| (nk.0, id)).collect();
    for trip in new {
        trip.number = *numbers
            .get(&trip.id.uuid())
            .ok_or(diesel::result::Error::NotFound)?;
    }
    Ok(())
}

/// Writes changed trips over their rows.
pub fn update(db: &mut Db, changed: &[&Trip]) -> QueryResult<()> {
    let rows: Vec<TripRow> = changed.iter().map(|trip| TripRow::from(*trip)).collect();
    match db {
        // Always a conflict: the rows are there, and locked. One statement for all of them.
        Db::Pg(conn) => diesel::insert_into(trips::table)
            .values(&rows)
            .on_conflict(trips::id)
            .do_update()
            .set((
                trips::driver_id.eq(excluded(trips::driver_id)),
                trips::status.eq(excluded(trips::status)),
                trips::ended_by_role.eq(excluded(trips::ended_by_role)),
                trips::ended_by_id.eq(excluded(trips::ended_by_id)),
                trips::reason.eq(excluded(trips::reason)),
                trips::revision.eq(excluded(trips::revision)),
                trips::updated_at.eq(excluded(trips::updated_at)),
            ))
            .execute(conn)
            .map(drop),
        Db::Sqlite(conn) => rows
            .iter()
            .try_for_each(|row| UpdateTrip(row).execute(conn).map(drop)),
    }
}
