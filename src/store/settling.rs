//! Drivers whose standing, log-ins or allowance have changed, until they are settled. `domain::settling` decides what
//! follows for them.

use std::collections::{HashMap, HashSet};

use diesel::prelude::*;
use jiff::Timestamp;

use super::corrupt::{Corrupt, readable};
use super::db::{Db, on};
use super::schema::{sessions, users};
use super::sql_types::At;
use super::{shifts, trips};
use crate::domain::settling::UnsettledDriver;
use crate::domain::{Allowance, DriverId, Shift, Standing, TripId, UserId};

/// Notes that a driver must be settled.
pub fn begin(db: &mut Db, user: UserId, at: Timestamp) -> QueryResult<()> {
    let driver = users::table.filter(users::id.eq(user.get()).and(users::role.eq("driver")));
    on!(db, |conn| diesel::update(driver)
        .set(users::settle_at.eq(Some(At::of(at))))
        .execute(conn))
    .map(drop)
}

/// Notes that a driver must be settled, if the account has no open log-in.
pub fn begin_if_gone(db: &mut Db, user: UserId, at: Timestamp) -> QueryResult<()> {
    if with_session(db, &[user.get()], at)?.is_empty() {
        begin(db, user, at)?;
    }
    Ok(())
}

/// The drivers to settle, with their shifts and trips, longest due first.
pub fn due(db: &mut Db, at: Timestamp, limit: i64) -> QueryResult<Vec<UnsettledDriver>> {
    let columns = (
        users::id,
        users::standing,
        users::settle_at.assume_not_null(),
        users::may_drive,
    );
    let rows: Vec<(i64, String, At, Option<String>)> = on!(&mut *db, |conn| users::table
        .filter(users::settle_at.is_not_null())
        .order(users::settle_at)
        .limit(limit)
        .select(columns)
        .load(conn))?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<i64> = rows.iter().map(|row| row.0).collect();
    let drivers: Vec<DriverId> = ids
        .iter()
        .map(|id| DriverId::of(UserId::new(*id)))
        .collect();
    let open = shifts::open_of(db, &drivers)?.into_iter();
    let mut open: HashMap<DriverId, Shift> = open.map(|shift| (shift.driver, shift)).collect();
    let taken: HashMap<DriverId, TripId> = trips::taken_by(db, &drivers)?.into_iter().collect();
    let with_session = with_session(db, &ids, at)?;
    let unsettled = rows.into_iter().map(|(id, standing, since, may_drive)| {
        let driver = DriverId::of(UserId::new(id));
        Ok(UnsettledDriver {
            driver,
            since: since.read().ok_or(Corrupt {
                table: "users",
                id,
                why: "it is to be looked at since no time",
            })?,
            is_blocked: Standing::parse(&standing) == Some(Standing::Blocked),
            has_session: with_session.contains(&id),
            may_drive: allowance(id, may_drive),
            shift: open.remove(&driver),
            trip: taken.get(&driver).copied(),
        })
    });
    Ok(unsettled.filter_map(readable).collect())
}

/// Notes that these drivers are settled, unless something has changed since.
pub fn end(db: &mut Db, settled: &[(DriverId, Timestamp)]) -> QueryResult<()> {
    for (driver, since) in settled {
        let same = users::table.filter(
            users::id
                .eq(driver.user().get())
                .and(users::settle_at.eq(Some(At::of(*since)))),
        );
        on!(&mut *db, |conn| diesel::update(same)
            .set(users::settle_at.eq(None::<At>))
            .execute(conn))?;
    }
    Ok(())
}

/// Sets the vehicles that a driver may drive; `None` allows any.
pub fn allow(db: &mut Db, user: UserId, may_drive: Option<&Allowance>) -> QueryResult<()> {
    let text = may_drive.map(|it| serde_json::to_string(it).expect("words and numbers are JSON"));
    on!(db, |conn| diesel::update(users::table.find(user.get()))
        .set(users::may_drive.eq(text))
        .execute(conn))
    .map(drop)
}

/// The vehicles that these drivers may drive, where they are limited. With an unreadable limit a driver may drive
/// nothing, until it is repaired.
pub fn allowances(db: &mut Db, drivers: &[DriverId]) -> QueryResult<HashMap<DriverId, Allowance>> {
    let ids = drivers.iter().map(|driver| driver.user().get());
    let rows: Vec<(i64, Option<String>)> = on!(db, |conn| users::table
        .filter(users::id.eq_any(ids).and(users::may_drive.is_not_null()))
        .select((users::id, users::may_drive))
        .load(conn))?;
    let mut found = HashMap::new();
    for (id, text) in rows {
        if let Some(allowance) = allowance(id, text) {
            found.insert(DriverId::of(UserId::new(id)), allowance);
        }
    }
    Ok(found)
}

fn allowance(id: i64, text: Option<String>) -> Option<Allowance> {
    let read = serde_json::from_str(&text?);
    Some(read.unwrap_or_else(|_| {
        let why = "what it may drive is unreadable";
        let table = "users";
        Corrupt { table, id, why }.log_once();
        Allowance::of(Vec::new())
    }))
}

/// Those of these accounts that have an open log-in.
fn with_session(db: &mut Db, ids: &[i64], at: Timestamp) -> QueryResult<HashSet<i64>> {
    let open = sessions::ended_at
        .is_null()
        .and(sessions::expires_at.gt(At::of(at)))
        .and(sessions::expires_at.lt(At::NONE));
    let found: Vec<i64> = on!(db, |conn| sessions::table
        .filter(sessions::user_id.eq_any(ids).and(open))
        .select(sessions::user_id)
        .distinct()
        .load(conn))?;
    Ok(found.into_iter().collect())
}
