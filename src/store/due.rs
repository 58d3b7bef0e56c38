//! Reads what is due past corrupt rows. A corrupt row stays due for ever, and must not take the turn of others.

use diesel::QueryResult;

use super::db::Db;
use super::rows;
use super::trip_columns::TripRow;
use crate::domain::{Trip, TripId};

/// After this many rows the reading ends.
const ROWS_MAX: i64 = 20_000;

/// Reads the first `limit` values that are not corrupt. `page` reads at most `limit` rows after an offset, and returns
/// how many rows there were, and their values without the corrupt ones.
pub(super) fn sound<T>(
    limit: i64,
    mut page: impl FnMut(i64) -> QueryResult<(usize, Vec<T>)>,
) -> QueryResult<Vec<T>> {
    let wanted = usize::try_from(limit).unwrap_or(0);
    let (mut found, mut after) = (Vec::new(), 0);
    while after < ROWS_MAX {
        let (rows, made) = page(after)?;
        found.extend(made);
        after += limit;
        if rows < wanted || found.len() >= wanted {
            break;
        }
    }
    found.truncate(wanted);
    Ok(found)
}

/// The same for trips.
pub(super) fn trips(
    db: &mut Db,
    limit: i64,
    page: impl Fn(&mut Db, i64) -> QueryResult<Vec<TripRow>>,
) -> QueryResult<Vec<Trip>> {
    sound(limit, |after| {
        let rows = page(db, after)?;
        Ok((rows.len(), rows::trips(db, rows)?))
    })
}

/// The same for the keys of trips.
pub(super) fn keys(
    db: &mut Db,
    limit: i64,
    page: impl Fn(&mut Db, i64) -> QueryResult<Vec<TripRow>>,
) -> QueryResult<Vec<TripId>> {
    let trips = trips(db, limit, page)?;
    Ok(trips.into_iter().map(|trip| trip.id).collect())
}
