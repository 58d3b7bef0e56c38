//! Which devices left their last offers unacknowledged.

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

/// Those that come after the others at that time.
pub fn lately(db: &mut Db, at: Timestamp) -> QueryResult<Unresponsive> {
    let rows: Vec<SilenceRow> = on!(db, |conn| silences::table
        .filter(silences::last_at.gt(At::of(at - LAST_FOR)))
        .select((silences::driver_id, silences::offers, silences::last_at))
        .load(conn))?;
    Ok(silences_of(rows))
}

/// Those of these drivers. Whoever has locked the open offer to a driver has the driver's row alone.
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

/// Writes what has become of some drivers' silences; nothing: the device has acknowledged something.
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
