//! The missed offers of drivers: how many offers in a row a device left unacknowledged.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::upsert::excluded;
use jiff::Timestamp;

use super::corrupt::{Corrupt, readable};
use super::db::{Db, on};
use super::schema::silences;
use super::sql_types::At;
use crate::domain::missed_offers::LAST_FOR;
use crate::domain::{DriverId, MissedOffers, Unresponsive, UserId};

type SilenceRow = (i64, i64, At);

/// The drivers with missed offers that are recent enough at that time to count.
pub fn lately(db: &mut Db, at: Timestamp) -> QueryResult<Unresponsive> {
    let rows: Vec<SilenceRow> = on!(db, |conn| silences::table
        .filter(silences::last_at.gt(At::of(at - LAST_FOR)))
        .select((silences::driver_id, silences::offers, silences::last_at))
        .load(conn))?;
    Ok(silences_of(rows))
}

/// The missed offers of these drivers. A transaction that has locked a driver's open offer is the only one to change
/// the driver's row.
pub(super) fn of(db: &mut Db, drivers: &[DriverId]) -> QueryResult<Unresponsive> {
    let drivers = drivers.iter().map(|driver| driver.user().get());
    let rows: Vec<SilenceRow> = on!(db, |conn| silences::table
        .filter(silences::driver_id.eq_any(drivers))
        .select((silences::driver_id, silences::offers, silences::last_at))
        .load(conn))?;
    Ok(silences_of(rows))
}

fn silences_of(rows: Vec<SilenceRow>) -> Unresponsive {
    let silence = |(driver, offers, last_at): SilenceRow| {
        let last_at = last_at.read().ok_or(Corrupt {
            table: "silences",
            id: driver,
            why: "its last offer ended at no time",
        })?;
        let driver = DriverId::of(UserId::new(driver));
        Ok((driver, MissedOffers { offers, last_at }))
    };
    let silences = rows.into_iter().map(silence);
    silences.filter_map(readable).collect()
}

/// Saves the missed offers of some drivers. `None` deletes them, because the device has acknowledged an offer.
pub(super) fn save(
    db: &mut Db,
    changed: &BTreeMap<DriverId, Option<MissedOffers>>,
) -> QueryResult<()> {
    let ended = changed.iter().filter(|(_, silence)| silence.is_none());
    let ended: Vec<i64> = ended.map(|(driver, _)| driver.user().get()).collect();
    if !ended.is_empty() {
        on!(&mut *db, |conn| diesel::delete(
            silences::table.filter(silences::driver_id.eq_any(ended))
        )
        .execute(conn))?;
    }
    for (driver, silence) in changed {
        let Some(silence) = silence else {
            continue;
        };
        let row = (
            silences::driver_id.eq(driver.user().get()),
            silences::offers.eq(silence.offers),
            silences::last_at.eq(At::of(silence.last_at)),
        );
        on!(&mut *db, |conn| diesel::insert_into(silences::table)
            .values(row)
            .on_conflict(silences::driver_id)
            .do_update()
            .set((
                silences::offers.eq(excluded(silences::offers)),
                silences::last_at.eq(excluded(silences::last_at)),
            ))
            .execute(conn))?;
    }
    Ok(())
}
