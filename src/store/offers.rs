//! Offers: which are open, which are overdue, and which drivers were asked before.

use std::collections::HashMap;

use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use jiff::Timestamp;

use super::corrupt::{Corrupt, readable};
use super::db::{Db, on};
use super::due;
use super::rows;
use super::schema::{offers, trips};
use super::sql_types::{At, Id};
use super::trip_columns::TripRow;
use crate::domain::asked::SILENT_FOR;
use crate::domain::{
    DriverId, EndedOffer, Offer, OfferChange, OfferId, OfferState, Trip, TripId, UserId,
};

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = offers, treat_none_as_default_value = false)]
struct OfferRow {
    id: Id,
    trip_id: i64,
    attempt: i64,
    driver_id: i64,
    state: String,
    metres: i64,
    eta_s: i64,
    offered_at: At,
    due_at: At,
    decide_s: i64,
    ended_at: Option<At>,
}

impl OfferRow {
    fn of(offer: &Offer, trip: i64, at: Timestamp) -> Self {
        Self {
            id: Id::of(offer.id.uuid()),
            trip_id: trip,
            attempt: offer.attempt,
            driver_id: offer.driver.user().get(),
            state: offer.state.as_str().to_owned(),
            metres: offer.metres,
            eta_s: offer.eta_s,
            offered_at: At::of(offer.offered_at),
            due_at: At::of(offer.due_at),
            decide_s: offer.decide_s,
            ended_at: ended_at(offer, at),
        }
    }

    fn into_offer(self, trip: TripId) -> Result<Offer, Corrupt> {
        let corrupt = |why| Corrupt {
            table: "offers",
            id: self.trip_id,
            why,
        };
        let no_time = corrupt("a time of an offer of this trip is none");
        let id = self.id.read();
        Ok(Offer {
            id: OfferId::new(id.ok_or(corrupt("the key of an offer of this trip is none"))?),
            trip,
            attempt: self.attempt,
            driver: DriverId::of(UserId::new(self.driver_id)),
            state: state_of(&self.state, self.trip_id)?,
            metres: self.metres,
            eta_s: self.eta_s,
            offered_at: self.offered_at.read().ok_or(no_time)?,
            due_at: self.due_at.read().ok_or(no_time)?,
            decide_s: self.decide_s,
        })
    }
}

fn state_of(word: &str, trip: i64) -> Result<OfferState, Corrupt> {
    OfferState::parse(word).ok_or(Corrupt {
        table: "offers",
        id: trip,
        why: "the state of an offer of this trip is unknown",
    })
}

/// The condition of an open offer, written exactly as in the indexes.
fn is_open() -> SqlLiteral<Bool> {
    sql("offers.state IN ('created', 'delivered')")
}

/// Locks open offers in the order of their keys: those of these trips, those to these drivers, and the other offers of
/// the latter's trips. Each comes with the number of its trip.
pub(super) fn lock_open(
    db: &mut Db,
    trips: &[i64],
    drivers: &[DriverId],
) -> QueryResult<Vec<(i64, Offer)>> {
    let drivers: Vec<i64> = drivers.iter().map(|driver| driver.user().get()).collect();
    let others = diesel::alias!(offers as others);
    let to_them = || {
        others
            .filter(sql::<Bool>("others.state IN ('created', 'delivered')"))
            .filter(others.field(offers::driver_id).eq_any(&drivers))
            .select(others.field(offers::trip_id))
    };
    macro_rules! open {
        () => {
            offers::table
                .filter(is_open())
                .filter(
                    offers::trip_id
                        .eq_any(trips)
                        .or(offers::driver_id.eq_any(&drivers))
                        .or(offers::trip_id.eq_any(to_them())),
                )
                .order(offers::id)
                .select(OfferRow::as_select())
        };
    }
    let rows: Vec<OfferRow> = match db {
        Db::Pg(conn) => open!().for_update().load(conn)?,
        Db::Sqlite(conn) => open!().load(conn)?,
    };
    with_trips(db, rows)
}

fn with_trips(db: &mut Db, rows: Vec<OfferRow>) -> QueryResult<Vec<(i64, Offer)>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let numbers: Vec<i64> = rows.iter().map(|row| row.trip_id).collect();
    let keys: Vec<(i64, Id)> = on!(db, |conn| trips::table
        .filter(trips::id.eq_any(numbers))
        .select((trips::id, trips::nk))
        .load(conn))?;
    let keys: HashMap<i64, Id> = keys.into_iter().collect();
    let offer = |row: OfferRow| {
        let number = row.trip_id;
        let key = keys.get(&number)?.read()?;
        let offer = readable(row.into_offer(TripId::new(key)))?;
        Some((number, offer))
    };
    Ok(rows.into_iter().filter_map(offer).collect())
}

/// When an offer ended that changed last at `at`; none if it is open.
fn ended_at(offer: &Offer, at: Timestamp) -> Option<At> {
    (!offer.state.is_open()).then_some(At::of(at))
}

/// Writes new offers. Each has the number of its trip, and the time of its last change: it may have ended already.
pub(super) fn insert(db: &mut Db, new: &[(&Offer, i64, Timestamp)]) -> QueryResult<()> {
    let rows: Vec<OfferRow> = new
        .iter()
        .map(|(offer, trip, at)| OfferRow::of(offer, *trip, *at))
        .collect();
    match db {
        Db::Pg(_) if rows.is_empty() => Ok(()),
        Db::Pg(conn) => diesel::insert_into(offers::table)
            .values(&rows)
            .execute(conn)
            .map(drop),
        Db::Sqlite(conn) => rows.iter().try_for_each(|row| {
            diesel::insert_into(offers::table)
                .values(row)
                .execute(conn)
                .map(drop)
        }),
    }
}

/// Writes the present state of an offer.
pub(super) fn update(db: &mut Db, offer: &Offer, at: Timestamp) -> QueryResult<()> {
    let change = (
        offers::state.eq(offer.state.as_str()),
        offers::due_at.eq(At::of(offer.due_at)),
        offers::ended_at.eq(ended_at(offer, at)),
    );
    on!(db, |conn| diesel::update(
        offers::table.find(Id::of(offer.id.uuid()))
    )
    .set(change)
    .execute(conn))
    .map(drop)
}

/// The last offer of a trip to a driver, in whatever state.
pub fn last(db: &mut Db, trip: &Trip, driver: DriverId) -> QueryResult<Option<Offer>> {
    let mut last = last_of_each(db, &[(trip.id, trip.number, driver)])?;
    Ok(last.pop())
}

/// The last offer of each of these trips to each of these drivers, in whatever state. A trip is given by key and
/// number.
pub(super) fn last_of_each(
    db: &mut Db,
    wanted: &[(TripId, i64, DriverId)],
) -> QueryResult<Vec<Offer>> {
    let trips = wanted.iter().map(|(_, number, _)| *number);
    let drivers = wanted.iter().map(|(_, _, driver)| driver.user().get());
    let rows: Vec<OfferRow> = on!(db, |conn| offers::table
        .filter(offers::trip_id.eq_any(trips))
        .filter(offers::driver_id.eq_any(drivers))
        .order(offers::id)
        .select(OfferRow::as_select())
        .load(conn))?;
    let mut last = HashMap::<(i64, i64), OfferRow>::new();
    for row in rows {
        last.insert((row.trip_id, row.driver_id), row);
    }
    let mut found = Vec::with_capacity(wanted.len());
    for (trip, number, driver) in wanted {
        if let Some(row) = last.remove(&(*number, driver.user().get())) {
            found.push(row.into_offer(*trip)?);
        }
    }
    Ok(found)
}

/// All offers of a trip, oldest first.
pub fn of_trip(db: &mut Db, trip: &Trip) -> QueryResult<Vec<Offer>> {
    let rows: Vec<OfferRow> = on!(db, |conn| offers::table
        .filter(offers::trip_id.eq(trip.number))
        .order((offers::offered_at, offers::id))
        .select(OfferRow::as_select())
        .load(conn))?;
    let offers = rows.into_iter().map(|row| row.into_offer(trip.id));
    Ok(offers.filter_map(readable).collect())
}

/// The trips with open offers whose deadline has passed, longest overdue first.
pub fn overdue(db: &mut Db, at: Timestamp, limit: i64) -> QueryResult<Vec<TripId>> {
    let mut keys = due::sound(limit, |after| {
        let rows: Vec<(OfferRow, TripRow)> = on!(&mut *db, |conn| offers::table
            .inner_join(trips::table)
            .filter(is_open().and(offers::due_at.le(At::of(at))))
            .order(offers::due_at)
            .limit(limit)
            .offset(after)
            .select((OfferRow::as_select(), TripRow::as_select()))
            .load(conn))?;
        let (count, (offers, trips)) = (rows.len(), rows.into_iter().unzip());
        Ok((count, offered(offers, &rows::trips(db, trips)?)))
    })?;
    keys.dedup();
    Ok(keys)
}

/// The trips of these offers, in the order of the offers. Those where the offer or the trip is corrupt are left out.
fn offered(offers: Vec<OfferRow>, trips: &[Trip]) -> Vec<TripId> {
    let trips: HashMap<i64, TripId> = trips.iter().map(|trip| (trip.number, trip.id)).collect();
    let trip = |offer: OfferRow| {
        let trip = *trips.get(&offer.trip_id)?;
        readable(offer.into_offer(trip)).map(|offer| offer.trip)
    };
    offers.into_iter().filter_map(trip).collect()
}

/// The ended offers of each of these trips that matter for the next ones: those of the present attempt, and those whose
/// device was silent a moment ago.
pub(super) fn ended(
    db: &mut Db,
    numbers: &[i64],
    at: Timestamp,
) -> QueryResult<HashMap<i64, Vec<EndedOffer>>> {
    let was_silent = offers::state.eq(OfferState::Undelivered.as_str()).and(
        offers::ended_at
            .assume_not_null()
            .gt(At::of(at - SILENT_FOR)),
    );
    let rows: Vec<(i64, i64, i64, String, At, At)> = on!(db, |conn| {
        offers::table
            .inner_join(trips::table)
            .filter(offers::trip_id.eq_any(numbers))
            .filter(offers::ended_at.is_not_null())
            .filter(offers::attempt.eq(trips::attempt).or(was_silent))
            .select((
                offers::trip_id,
                offers::driver_id,
                offers::attempt,
                offers::state,
                offers::offered_at,
                offers::ended_at.assume_not_null(),
            ))
            .load(conn)
    })?;
    let mut ended = HashMap::<i64, Vec<EndedOffer>>::new();
    for (trip, driver, attempt, state, offered_at, ended_at) in rows {
        let no_time = Corrupt {
            table: "offers",
            id: trip,
            why: "a time of an offer of this trip is none",
        };
        let times = offered_at.read().zip(ended_at.read()).ok_or(no_time);
        let read = state_of(&state, trip).and_then(|state| Ok((state, times?)));
        let Some((state, (offered_at, ended_at))) = readable(read) else {
            continue;
        };
        ended.entry(trip).or_default().push(EndedOffer {
            driver: DriverId::of(UserId::new(driver)),
            attempt,
            state,
            offered_at,
            ended_at,
        });
    }
    Ok(ended)
}

/// All open offers, in the order of their keys.
pub fn open(db: &mut Db) -> QueryResult<Vec<Offer>> {
    let rows: Vec<OfferRow> = on!(&mut *db, |conn| offers::table
        .filter(is_open())
        .order(offers::id)
        .select(OfferRow::as_select())
        .load(conn))?;
    let offers = with_trips(db, rows)?;
    Ok(offers.into_iter().map(|(_, offer)| offer).collect())
}

/// The open offers to these drivers, with their trips.
pub fn open_with_trips(db: &mut Db, drivers: &[DriverId]) -> QueryResult<Vec<OfferChange>> {
    let drivers = drivers.iter().map(|driver| driver.user().get());
    let rows: Vec<OfferRow> = on!(&mut *db, |conn| offers::table
        .filter(is_open().and(offers::driver_id.eq_any(drivers)))
        .select(OfferRow::as_select())
        .load(conn))?;
    changes(db, rows)
}

/// All open offers with their trips, newest first, at most `limit`.
pub fn newest_open_with_trips(db: &mut Db, limit: i64) -> QueryResult<Vec<OfferChange>> {
    let rows: Vec<OfferRow> = on!(&mut *db, |conn| offers::table
        .filter(is_open())
        // Ordered by key, SQLite would go through all offers that ever were.
        .order(offers::offered_at.desc())
        .limit(limit)
        .select(OfferRow::as_select())
        .load(conn))?;
    changes(db, rows)
}

fn changes(db: &mut Db, rows: Vec<OfferRow>) -> QueryResult<Vec<OfferChange>> {
    let offers = with_trips(db, rows)?;
    let keys: Vec<TripId> = offers.iter().map(|(_, offer)| offer.trip).collect();
    let trips = super::trips::find_all(db, keys, super::trips::RowLock::No)?.trips;
    let trips: HashMap<TripId, Trip> = trips.into_iter().map(|trip| (trip.id, trip)).collect();
    let change = |(_, offer): (i64, Offer)| {
        let trip = trips.get(&offer.trip)?.clone();
        Some(OfferChange { offer, trip })
    };
    Ok(offers.into_iter().filter_map(change).collect())
}
