//! Trips from rows and to rows. A corrupt row is an error, not a guess.

use std::collections::HashMap;

use diesel::prelude::*;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::corrupt::{Corrupt, readable};
use super::db::{Db, on};
use super::schema::users;
use super::sql_types::{At, Id};
use super::trip_columns::{TripColumns, TripRow};
use crate::domain::fare::SetFare;
use crate::domain::{
    Actor, Address, Conduct, Coordinates, DriverId, Fare, Metered, Order, Party, PhotoId, Place,
    Policy, Reason, RiderId, Status, Trip, TripId, TripState, TripTimes, UserId,
};

/// The parts of a trip that no query searches by, as JSON in one column. Default values are left out.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Details {
    #[serde(skip_serializing_if = "is_default")]
    order: Order,
    #[serde(skip_serializing_if = "is_default")]
    given_back_by: Vec<DriverId>,
    #[serde(skip_serializing_if = "is_default")]
    times: TripTimes,
    #[serde(skip_serializing_if = "is_default")]
    conduct: Conduct,
    #[serde(skip_serializing_if = "is_default")]
    fare: Option<Fare>,
    #[serde(skip_serializing_if = "is_default")]
    ridden: Option<Metered>,
    #[serde(skip_serializing_if = "is_default")]
    fare_set: Option<SetFare>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Details {
    fn of(trip: &Trip) -> Option<String> {
        let details = Self {
            order: trip.order.clone(),
            given_back_by: trip.given_back_by.clone(),
            times: trip.times,
            conduct: trip.conduct,
            fare: trip.fare.clone(),
            ridden: trip.ridden,
            fare_set: trip.fare_set.clone(),
        };
        let text = || serde_json::to_string(&details).expect("texts and whole numbers are JSON");
        (!is_default(&details)).then(text)
    }
}

impl From<&Trip> for TripColumns {
    fn from(trip: &Trip) -> Self {
        let ended_by = trip.state.ended_by();
        Self {
            nk: Id::of(trip.id.uuid()),
            rider_id: trip.rider.id.user().get(),
            driver_id: trip.state.driver().map(|driver| driver.id.user().get()),
            pick_up_address: trip.pick_up.address.as_str().to_owned(),
            pick_up_lat: trip.pick_up.location.map(Coordinates::lat),
            pick_up_lon: trip.pick_up.location.map(Coordinates::lon),
            drop_off_address: trip.drop_off.address.as_str().to_owned(),
            drop_off_lat: trip.drop_off.location.map(Coordinates::lat),
            drop_off_lon: trip.drop_off.location.map(Coordinates::lon),
            status: trip.state.status().as_str().to_owned(),
            ended_by_role: ended_by.map(|actor| actor.role().to_owned()),
            ended_by_id: ended_by.and_then(Actor::user).map(UserId::get),
            reason: trip
                .reason
                .as_ref()
                .map(|reason| reason.as_str().to_owned()),
            revision: trip.revision,
            search_ends_at: At::of(trip.search_ends_at),
            created_at: At::of(trip.requested_at),
            updated_at: At::of(trip.changed_at),
            hidden: trip.hidden,
            policy: trip.order.policy.as_str().to_owned(),
            attempt: trip.attempt,
            opens_at: trip.order.opens_at.map(At::of),
            details: Details::of(trip),
            late_after: trip.late_due_at().map(At::of),
        }
    }
}

impl From<&Trip> for TripRow {
    fn from(trip: &Trip) -> Self {
        Self {
            id: trip.number,
            columns: TripColumns::from(trip),
        }
    }
}

impl TripColumns {
    /// When the search for a driver ends, and when it begins for a trip for later.
    fn search_times(&self) -> Option<(Timestamp, Option<Timestamp>)> {
        let opens_at = match self.opens_at {
            Some(at) => Some(at.read()?),
            None => None,
        };
        Some((self.search_ends_at.read()?, opens_at))
    }
}

impl TripRow {
    /// The trip, with the names of its parties.
    fn into_trip(self, names: &Names) -> Result<Trip, Corrupt> {
        let id = self.id;
        let corrupt = |why| Corrupt {
            table: "trips",
            id,
            why,
        };
        let row = self.columns;
        let no_time = corrupt("a time of it is none");
        let (search_ends_at, opens_at) = row.search_times().ok_or(no_time)?;
        let place = |address, lat, lon| place(address, lat, lon).map_err(corrupt);
        let rider = UserId::new(row.rider_id);
        let driver = row
            .driver_id
            .map(|driver| names.party(UserId::new(driver), DriverId::of));
        let ended_by = row
            .ended_by_role
            .and_then(|role| Actor::parse(&role, row.ended_by_id.map(UserId::new)));
        let details = row.details.as_deref().map(serde_json::from_str::<Details>);
        let details = details
            .transpose()
            .map_err(|_| corrupt("its details are unreadable"))?
            .unwrap_or_default();
        let order = Order {
            policy: Policy::parse(&row.policy).ok_or(corrupt("its policy is unknown"))?,
            opens_at,
            ..details.order
        };
        Ok(Trip {
            number: id,
            id: TripId::new(row.nk.read().ok_or(corrupt("its key is none"))?),
            rider: names
                .party(rider, RiderId::of)
                .ok_or(corrupt("its rider does not exist"))?,
            pick_up: place(row.pick_up_address, row.pick_up_lat, row.pick_up_lon)?,
            drop_off: place(row.drop_off_address, row.drop_off_lat, row.drop_off_lon)?,
            requested_at: row.created_at.read().ok_or(no_time)?,
            changed_at: row.updated_at.read().ok_or(no_time)?,
            search_ends_at,
            revision: row.revision,
            state: state(&row.status, driver.flatten(), ended_by)
                .ok_or(corrupt("its state contradicts itself"))?,
            reason: row
                .reason
                .map(Reason::parse)
                .transpose()
                .map_err(|_| corrupt("its reason is not one"))?,
            hidden: row.hidden,
            order,
            attempt: row.attempt,
            given_back_by: details.given_back_by,
            times: details.times,
            conduct: details.conduct,
            fare: details.fare,
            ridden: details.ridden,
            fare_set: details.fare_set,
        })
    }
}

/// A place, or the rule that it breaks.
fn place(address: String, lat: Option<f64>, lon: Option<f64>) -> Result<Place, &'static str> {
    let location = match (lat, lon) {
        (Some(lat), Some(lon)) => {
            Some(Coordinates::new(lat, lon).map_err(|_| "coordinates are off the earth")?)
        }
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => return Err("half a pair of coordinates"),
    };
    let address = Address::parse(address).map_err(|_| "an address is not one")?;
    Ok(Place { address, location })
}

fn state(
    status: &str,
    driver: Option<Party<DriverId>>,
    ended_by: Option<Actor>,
) -> Option<TripState> {
    Some(match (Status::parse(status)?, driver) {
        (Status::Scheduled, None) => TripState::Scheduled,
        (Status::Requested, None) => TripState::Requested,
        (Status::Expired, None) => TripState::Expired,
        (Status::Accepted, Some(driver)) => TripState::Accepted { driver },
        (Status::Arrived, Some(driver)) => TripState::Arrived { driver },
        (Status::InProgress, Some(driver)) => TripState::InProgress { driver },
        (Status::Completed, Some(driver)) => TripState::Completed {
            driver,
            by: ended_by?,
        },
        (Status::Cancelled, driver) => TripState::Cancelled {
            driver,
            by: ended_by?,
        },
        (Status::NoShow, Some(driver)) => TripState::NoShow { driver },
        (Status::Scheduled | Status::Requested | Status::Expired, Some(_))
        | (
            Status::Accepted
            | Status::Arrived
            | Status::InProgress
            | Status::Completed
            | Status::NoShow,
            None,
        ) => return None,
    })
}

/// The names and photos of the people that some rows mention.
struct Names(HashMap<i64, NameColumns>);

/// Username, first name, last name and photo.
type NameColumns = (String, String, String, Option<Id>);

impl Names {
    fn of(db: &mut Db, ids: Vec<i64>) -> QueryResult<Self> {
        let columns = (
            users::id,
            (
                users::username,
                users::first_name,
                users::last_name,
                users::photo,
            ),
        );
        let found: Vec<(i64, NameColumns)> = on!(db, |conn| users::table
            .filter(users::id.eq_any(ids))
            .select(columns)
            .load(conn))?;
        Ok(Self(found.into_iter().collect()))
    }

    fn party<R>(&self, user: UserId, role: impl Fn(UserId) -> R) -> Option<Party<R>> {
        let (username, first_name, last_name, photo) = self.0.get(&user.get())?.clone();
        Some(Party {
            id: role(user),
            username,
            first_name,
            last_name,
            photo: photo_of(user, photo),
        })
    }
}

/// The photo of an account. An unreadable id is logged and left out.
pub(super) fn photo_of(user: UserId, photo: Option<Id>) -> Option<PhotoId> {
    let id = photo?.read().ok_or(Corrupt {
        table: "users",
        id: user.get(),
        why: "its photo has no name",
    });
    readable(id).map(PhotoId::new)
}

/// The trips of some rows.
#[derive(Debug, Default)]
pub struct FoundTrips {
    /// In the order of their rows.
    pub trips: Vec<Trip>,
    /// The trips that are corrupt, and why.
    pub corrupt: Vec<(CorruptTrip, Corrupt)>,
}

/// A trip whose row is corrupt.
#[derive(Debug, Clone, Copy)]
pub struct CorruptTrip {
    /// Its key; nil if the row's key is unreadable.
    pub id: TripId,
    pub number: i64,
}

/// Reads trips from rows, with one more query for all names.
pub fn found(db: &mut Db, rows: Vec<TripRow>) -> QueryResult<FoundTrips> {
    let mut found = FoundTrips::default();
    if rows.is_empty() {
        return Ok(found);
    }
    let mut people: Vec<i64> = rows
        .iter()
        .flat_map(|row| [Some(row.columns.rider_id), row.columns.driver_id])
        .flatten()
        .collect();
    people.sort_unstable();
    people.dedup();
    let names = Names::of(db, people)?;
    for row in rows {
        // A trip without a key cannot be asked for by key.
        let named = CorruptTrip {
            id: TripId::new(row.columns.nk.read().unwrap_or_default()),
            number: row.id,
        };
        match row.into_trip(&names) {
            Ok(trip) => found.trips.push(trip),
            Err(corrupt) => {
                corrupt.log_once();
                found.corrupt.push((named, corrupt));
            }
        }
    }
    Ok(found)
}

/// Reads the trips of a list. Corrupt ones are left out.
pub fn trips(db: &mut Db, rows: Vec<TripRow>) -> QueryResult<Vec<Trip>> {
    Ok(found(db, rows)?.trips)
}

/// Reads a trip that was asked for. A corrupt one fails the query.
pub fn trip(db: &mut Db, row: Option<TripRow>) -> QueryResult<Option<Trip>> {
    let FoundTrips { mut trips, corrupt } = found(db, row.into_iter().collect())?;
    match corrupt.into_iter().next() {
        Some((_, corrupt)) => Err(corrupt.into()),
        None => Ok(trips.pop()),
    }
}
