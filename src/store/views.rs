//! The trips that a viewer may see.

use std::collections::{BTreeMap, HashMap};

use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::db::{Db, on};
use super::rows;
use super::schema::trips;
use super::sql_types::Id;
use super::trip_columns::TripRow;
use super::trips::status_among;
use crate::domain::{Filter, Role, Status, Trip, TripRef, UserId, Viewer};

/// The most trips in a list.
pub const LIST_MAX: i64 = 500;

/// The trips that the viewer may see, newest first, at most [`LIST_MAX`].
pub fn list(db: &mut Db, viewer: Viewer) -> QueryResult<Vec<Trip>> {
    let rows = match viewer.role {
        Role::Rider => newest(db, TripIndex::OfRider(viewer.user), LIST_MAX)?,
        Role::Operator => newest(db, TripIndex::All, LIST_MAX)?,
        Role::Driver => {
            // No index has both parts in the order of the list. The driver's own trips are read last: a trip that the
            // driver takes meanwhile is in both parts, and the later row counts.
            let requested = newest(db, TripIndex::Requested, LIST_MAX)?;
            let own = newest(db, TripIndex::OfDriver(viewer.user), LIST_MAX)?;
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

/// The condition of the index `requested_trips`, written exactly as there: the trips that every driver may accept.
fn for_all_drivers() -> SqlLiteral<Bool> {
    sql("(trips.status = 'REQUESTED' AND trips.policy = 'broadcast')")
}

/// A part of the trips that an index has in the order of their numbers.
#[derive(Debug, Clone, Copy)]
enum TripIndex {
    All,
    Open,
    Requested,
    OfRider(UserId),
    OfDriver(UserId),
}

fn newest(db: &mut Db, which: TripIndex, limit: i64) -> QueryResult<Vec<TripRow>> {
    on!(db, |conn| {
        let query = trips::table
            .select(TripRow::as_select())
            .order(trips::id.desc())
            .limit(limit)
            .into_boxed();
        let query = match which {
            TripIndex::All => query,
            TripIndex::Open => query.filter(status_among(&Status::OPEN)),
            TripIndex::Requested => query.filter(for_all_drivers()),
            TripIndex::OfRider(rider) => {
                query.filter(trips::rider_id.eq(rider.get()).and(trips::hidden.eq(false)))
            }
            TripIndex::OfDriver(driver) => query.filter(trips::driver_id.eq(driver.get())),
        };
        query.load(conn)
    })
}

/// Each viewer's own trips that are not over, oldest first. Operators have none.
pub fn active_of(db: &mut Db, viewers: &[Viewer]) -> QueryResult<Vec<Vec<Trip>>> {
    let of = |role| {
        let same = viewers.iter().filter(move |viewer| viewer.role == role);
        same.map(|viewer| viewer.user.get()).collect::<Vec<_>>()
    };
    let (riders, drivers) = (of(Role::Rider), of(Role::Driver));
    let mut rows: Vec<TripRow> = Vec::new();
    if !riders.is_empty() {
        let own = trips::rider_id.eq_any(riders);
        rows.extend::<Vec<TripRow>>(on!(&mut *db, |conn| trips::table
            .filter(own.and(status_among(&Status::OPEN)))
            .select(TripRow::as_select())
            .load(conn))?);
    }
    if !drivers.is_empty() {
        let own = trips::driver_id.assume_not_null().eq_any(drivers);
        rows.extend::<Vec<TripRow>>(on!(&mut *db, |conn| trips::table
            .filter(own.and(status_among(&Status::TAKEN)))
            .select(TripRow::as_select())
            .load(conn))?);
    }
    // A trip is there twice if both its rider and its driver are among the viewers.
    rows.sort_unstable_by_key(|row| row.id);
    rows.dedup_by_key(|row| row.id);
    let found = rows::trips(db, rows)?;
    let mut own: HashMap<UserId, Vec<&Trip>> = HashMap::new();
    for trip in &found {
        own.entry(trip.rider.id.user()).or_default().push(trip);
        if let Some(driver) = trip.state.driver() {
            own.entry(driver.id.user()).or_default().push(trip);
        }
    }
    let of = |viewer: &Viewer| own.get(&viewer.user).into_iter().flatten();
    Ok(viewers
        .iter()
        .map(|viewer| of(viewer).map(|trip| (*trip).clone()).collect())
        .collect())
}

/// The trips that every driver may accept, newest first, at most [`LIST_MAX`].
pub fn requested(db: &mut Db) -> QueryResult<Vec<Trip>> {
    let rows = newest(db, TripIndex::Requested, LIST_MAX)?;
    rows::trips(db, rows)
}

/// All trips that are not over, newest first, at most `limit`.
pub fn under_way(db: &mut Db, limit: i64) -> QueryResult<Vec<Trip>> {
    let rows = newest(db, TripIndex::Open, limit)?;
    rows::trips(db, rows)
}

type Boxed<DB> = Box<dyn BoxableExpression<trips::table, DB, SqlType = Bool>>;

/// The condition for the trips that a viewer may see and a filter selects, for the database `$db`.
macro_rules! visible {
    ($db:ty, $viewer:expr, $filter:expr) => {{
        let (user, filter) = ($viewer.user.get(), $filter);
        let mut all: Vec<Boxed<$db>> = vec![match $viewer.role {
            Role::Rider => Box::new(trips::rider_id.eq(user).and(trips::hidden.eq(false))),
            Role::Driver => Box::new(
                for_all_drivers().or(trips::driver_id
                    .is_not_null()
                    .and(trips::driver_id.assume_not_null().eq(user))),
            ),
            Role::Operator => Box::new(sql::<Bool>("1 = 1")),
        }];
        match filter.trip {
            Some(TripRef::Key(key)) => all.push(Box::new(trips::nk.eq(Id::of(key.uuid())))),
            Some(TripRef::Number(number)) => all.push(Box::new(trips::id.eq(number))),
            None => {}
        }
        if let Some(rider) = filter.rider {
            all.push(Box::new(trips::rider_id.eq(rider)));
        }
        if let Some(driver) = filter.driver {
            all.push(Box::new(
                trips::driver_id
                    .is_not_null()
                    .and(trips::driver_id.assume_not_null().eq(driver)),
            ));
        }
        if let Some(status) = filter.status {
            all.push(Box::new(status_among(&[status])));
        }
        all.into_iter()
            .reduce(|one, other| Box::new(one.and(other)))
            .unwrap_or_else(|| Box::new(sql::<Bool>("1 = 1")))
    }};
}

/// A page of the trips that the viewer may see and the filter selects, newest first.
pub fn page(
    db: &mut Db,
    viewer: Viewer,
    filter: Filter,
    limit: i64,
    offset: i64,
) -> QueryResult<Vec<Trip>> {
    let rows: Vec<TripRow> = match &mut *db {
        Db::Pg(conn) => trips::table
            .filter(visible!(diesel::pg::Pg, viewer, filter))
            .order(trips::id.desc())
            .limit(limit)
            .offset(offset)
            .select(TripRow::as_select())
            .load(conn)?,
        Db::Sqlite(conn) => trips::table
            .filter(visible!(diesel::sqlite::Sqlite, viewer, filter))
            .order(trips::id.desc())
            .limit(limit)
            .offset(offset)
            .select(TripRow::as_select())
            .load(conn)?,
    };
    rows::trips(db, rows)
}

/// How many trips the viewer may see and the filter selects.
pub fn count(db: &mut Db, viewer: Viewer, filter: Filter) -> QueryResult<i64> {
    match db {
        Db::Pg(conn) => trips::table
            .filter(visible!(diesel::pg::Pg, viewer, filter))
            .count()
            .get_result(conn),
        Db::Sqlite(conn) => trips::table
            .filter(visible!(diesel::sqlite::Sqlite, viewer, filter))
            .count()
            .get_result(conn),
    }
}
