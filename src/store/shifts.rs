//! Shifts: which drivers are online.

use diesel::prelude::*;
use jiff::Timestamp;

use super::corrupt::{Corrupt, readable};
use super::db::{Db, on};
use super::schema::shifts;
use super::sql_types::At;
use crate::domain::{DriverId, Shift, UserId, Vehicle, VehicleClass};

#[derive(Queryable, Selectable)]
#[diesel(table_name = shifts)]
struct ShiftRow {
    id: i64,
    driver_id: i64,
    class: String,
    seats: i64,
    began_at: At,
    ended_at: Option<At>,
}

impl ShiftRow {
    fn into_shift(self) -> Result<Shift, Corrupt> {
        let corrupt = |why| Corrupt {
            table: "shifts",
            id: self.id,
            why,
        };
        let ended_at = self.ended_at.map(At::read);
        Ok(Shift {
            id: self.id,
            driver: DriverId::of(UserId::new(self.driver_id)),
            vehicle: Vehicle {
                class: VehicleClass::parse(&self.class)
                    .map_err(|_| corrupt("its class is none"))?,
                seats: u8::try_from(self.seats).map_err(|_| corrupt("it has too many seats"))?,
            },
            began_at: self.began_at.read().ok_or(corrupt("it began at no time"))?,
            ended_at: ended_at
                .map(|at| at.ok_or(corrupt("it ended at no time")))
                .transpose()?,
        })
    }
}

/// The open shifts of these drivers.
pub fn open_of(db: &mut Db, drivers: &[DriverId]) -> QueryResult<Vec<Shift>> {
    let drivers = drivers.iter().map(|driver| driver.user().get());
    let of_them = shifts::driver_id
        .eq_any(drivers)
        .and(shifts::ended_at.is_null());
    let rows: Vec<ShiftRow> = on!(db, |conn| shifts::table
        .filter(of_them)
        .select(ShiftRow::as_select())
        .load(conn))?;
    Ok(shifts_of(rows))
}

/// All open shifts, of all drivers.
pub fn open(db: &mut Db) -> QueryResult<Vec<Shift>> {
    let rows: Vec<ShiftRow> = on!(db, |conn| shifts::table
        .filter(shifts::ended_at.is_null())
        .select(ShiftRow::as_select())
        .load(conn))?;
    Ok(shifts_of(rows))
}

/// The open shifts that began last, newest first, at most `limit`.
pub fn newest_open(db: &mut Db, limit: i64) -> QueryResult<Vec<Shift>> {
    let rows: Vec<ShiftRow> = on!(db, |conn| shifts::table
        .filter(shifts::ended_at.is_null())
        // Ordered by key, SQLite would go through all shifts that ever were.
        .order(shifts::began_at.desc())
        .limit(limit)
        .select(ShiftRow::as_select())
        .load(conn))?;
    Ok(shifts_of(rows))
}

fn shifts_of(rows: Vec<ShiftRow>) -> Vec<Shift> {
    let shifts = rows.into_iter().map(ShiftRow::into_shift);
    shifts.filter_map(readable).collect()
}

/// Writes a new shift and returns its id.
pub(super) fn insert(db: &mut Db, shift: &Shift) -> QueryResult<i64> {
    let row = (
        shifts::driver_id.eq(shift.driver.user().get()),
        shifts::class.eq(shift.vehicle.class.as_str()),
        shifts::seats.eq(i64::from(shift.vehicle.seats)),
        shifts::began_at.eq(At::of(shift.began_at)),
    );
    on!(db, |conn| diesel::insert_into(shifts::table)
        .values(row)
        .returning(shifts::id)
        .get_result(conn))
}

/// Writes the end of a shift.
pub(super) fn end(db: &mut Db, id: i64, at: Timestamp) -> QueryResult<()> {
    on!(db, |conn| diesel::update(shifts::table.find(id))
        .set(shifts::ended_at.eq(Some(At::of(at))))
        .execute(conn))
    .map(drop)
}
