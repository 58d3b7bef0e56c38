//! The ways that rides took.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::upsert::excluded;

use super::db::{Db, on};
use super::rows::Corrupt;
use super::schema::{tracks, trips};
use super::sql_types::{At, Id};
use crate::domain::{Coordinates, Track, TripId};

/// Degrees are kept with five digits after the point, which is about a metre.
const DIGITS: u32 = 5;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = tracks)]
struct Row {
    trip_id: i64,
    metres: f64,
    points: i64,
    path: String,
    last_at: At,
}

impl Row {
    fn into_track(self) -> Result<Track, Corrupt> {
        let corrupt = |why| Corrupt {
            table: "tracks",
            id: self.trip_id,
            why,
        };
        let line = polyline::decode_polyline(&self.path, DIGITS)
            .map_err(|_| corrupt("its path is unreadable"))?;
        let path = line.into_iter().map(|at| Coordinates::new(at.y, at.x));
        Ok(Track {
            metres: self.metres,
            path: path
                .collect::<Result<_, _>>()
                .map_err(|_| corrupt("its path leaves the earth"))?,
            last_at: self.last_at.0,
        })
    }
}

/// The way of that trip so far.
pub fn find(db: &mut Db, trip: TripId) -> QueryResult<Option<Track>> {
    let row: Option<Row> = on!(db, |conn| tracks::table
        .inner_join(trips::table.on(trips::id.eq(tracks::trip_id)))
        .filter(trips::nk.eq(Id(trip.uuid())))
        .select(Row::as_select())
        .first(conn)
        .optional())?;
    Ok(row.map(Row::into_track).transpose()?)
}

/// Writes the ways of these trips so far over what was known of them.
pub fn save(db: &mut Db, ways: &[(TripId, Track)]) -> QueryResult<()> {
    let keys = ways.iter().map(|(trip, _)| Id(trip.uuid()));
    let numbers: Vec<(Id, i64)> = on!(&mut *db, |conn| trips::table
        .filter(trips::nk.eq_any(keys))
        .select((trips::nk, trips::id))
        .load(conn))?;
    let numbers: HashMap<_, i64> = numbers.into_iter().map(|(key, id)| (key.0, id)).collect();
    for (trip, track) in ways {
        if let Some(number) = numbers.get(&trip.uuid()) {
            upsert(db, *number, track)?;
        }
    }
    Ok(())
}

fn upsert(db: &mut Db, trip_id: i64, track: &Track) -> QueryResult<()> {
    let line = track
        .path
        .iter()
        .map(|at| geo::coord! { x: at.lon(), y: at.lat() });
    let row = Row {
        trip_id,
        metres: track.metres,
        points: i64::try_from(track.path.len()).unwrap_or(i64::MAX),
        path: polyline::encode_coordinates(line, DIGITS)
            .map_err(|error| diesel::result::Error::SerializationError(error.to_string().into()))?,
        last_at: At(track.last_at),
    };
    on!(db, |conn| diesel::insert_into(tracks::table)
        .values(&row)
        .on_conflict(tracks::trip_id)
        .do_update()
        .set((
            tracks::metres.eq(excluded(tracks::metres)),
            tracks::points.eq(excluded(tracks::points)),
            tracks::path.eq(excluded(tracks::path)),
            tracks::last_at.eq(excluded(tracks::last_at)),
        ))
        .execute(conn))
    .map(drop)
}
