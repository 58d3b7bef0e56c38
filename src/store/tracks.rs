//! The tracks of rides: the fixes of rides under way, and the measured tracks of those that are over.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::upsert::excluded;
use jiff::Timestamp;

use super::corrupt::{Corrupt, readable};
use super::db::{Db, on};
use super::schema::{measured_tracks, track_pieces, trips};
use super::sql_types::At;
use super::trips::status_among;
use crate::domain::{Coordinates, Gap, Measured, Status, TrackFix, outline};

/// Coordinates of a shown track have five decimal digits, which is about a metre.
const DIGITS: u32 = 5;
/// How many bytes a fix takes: its time, its coordinates, and its accuracy.
const SPOT_BYTES: usize = 18;
/// Written as the accuracy of a fix whose device gives none.
const UNSAID: u16 = u16::MAX;

/// The fixes of a ride since it was last saved.
#[derive(Debug, Clone, PartialEq)]
pub struct TrackPiece {
    /// The trip's number.
    pub trip: i64,
    /// In any order.
    pub spots: Vec<TrackFix>,
}

/// The measured track of a ride.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptTrack {
    /// Its metres, and the line that is shown of it.
    pub measured: Measured,
    /// Up to when it was measured.
    pub until_at: Timestamp,
}

/// Appends fixes of rides under way, in one statement. Those of rides that are over are left out.
pub fn append(db: &mut Db, pieces: &[TrackPiece]) -> QueryResult<()> {
    let numbers = pieces.iter().map(|piece| piece.trip);
    let under_way: Vec<i64> = on!(&mut *db, |conn| trips::table
        .filter(trips::id.eq_any(numbers))
        .filter(status_among(&[Status::InProgress]))
        .select(trips::id)
        .load(conn))?;
    let rows = pieces
        .iter()
        .filter(|piece| under_way.contains(&piece.trip));
    let rows = rows.map(|piece| {
        (
            track_pieces::trip_id.eq(piece.trip),
            track_pieces::spots.eq(encoded(&piece.spots)),
        )
    });
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        return Ok(());
    }
    on!(db, |conn| diesel::insert_into(track_pieces::table)
        .values(&rows)
        .execute(conn))
    .map(drop)
}

/// The saved fixes of these rides, by the trips' numbers.
pub fn spots_of(db: &mut Db, numbers: &[i64]) -> QueryResult<HashMap<i64, Vec<TrackFix>>> {
    let rows: Vec<(i64, i64, Vec<u8>)> = on!(db, |conn| track_pieces::table
        .filter(track_pieces::trip_id.eq_any(numbers))
        .select((track_pieces::id, track_pieces::trip_id, track_pieces::spots))
        .load(conn))?;
    let mut spots = HashMap::<i64, Vec<TrackFix>>::new();
    for (id, trip, bytes) in rows {
        // A corrupt piece leaves a gap.
        let piece = readable(decoded(id, &bytes)).unwrap_or_default();
        spots.entry(trip).or_default().extend(piece);
    }
    Ok(spots)
}

/// Stores the measured tracks of rides that are over, by the trips' numbers, and deletes their fixes.
pub fn save(db: &mut Db, over: &[(i64, KeptTrack)]) -> QueryResult<()> {
    let rows: Vec<TrackRow> = over
        .iter()
        .map(|(number, kept)| TrackRow::of(*number, kept))
        .collect::<QueryResult<_>>()?;
    for row in &rows {
        on!(&mut *db, |conn| diesel::insert_into(measured_tracks::table)
            .values(row)
            .on_conflict(measured_tracks::trip_id)
            .do_update()
            .set((
                measured_tracks::measured_m.eq(excluded(measured_tracks::measured_m)),
                measured_tracks::filled_m.eq(excluded(measured_tracks::filled_m)),
                measured_tracks::is_thinned.eq(excluded(measured_tracks::is_thinned)),
                measured_tracks::segments.eq(excluded(measured_tracks::segments)),
                measured_tracks::gaps.eq(excluded(measured_tracks::gaps)),
                measured_tracks::until_at.eq(excluded(measured_tracks::until_at)),
            ))
            .execute(conn))?;
    }
    let numbers = over.iter().map(|(number, _)| *number);
    let pieces = track_pieces::table.filter(track_pieces::trip_id.eq_any(numbers));
    on!(db, |conn| diesel::delete(pieces).execute(conn)).map(drop)
}

/// The measured track of the trip with that number. A ride under way has one if an older version, which saved no
/// fixes, measured its beginning.
pub fn find(db: &mut Db, number: i64) -> QueryResult<Option<KeptTrack>> {
    let row: Option<TrackRow> = on!(db, |conn| measured_tracks::table
        .find(number)
        .select(TrackRow::as_select())
        .first(conn)
        .optional())?;
    Ok(row.map(TrackRow::into_kept).transpose()?)
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = measured_tracks)]
struct TrackRow {
    trip_id: i64,
    measured_m: f64,
    filled_m: f64,
    is_thinned: bool,
    segments: String,
    gaps: String,
    until_at: At,
}

impl TrackRow {
    fn of(trip_id: i64, kept: &KeptTrack) -> QueryResult<Self> {
        let KeptTrack { measured, until_at } = kept;
        let lines: Vec<String> = outline(&measured.segments)
            .iter()
            .map(|segment| line(segment))
            .collect::<QueryResult<_>>()?;
        Ok(Self {
            trip_id,
            measured_m: measured.measured_m,
            filled_m: measured.filled_m,
            is_thinned: measured.is_thinned,
            segments: lines.join("\n"),
            gaps: serde_json::to_string(&measured.gaps).expect("times and finite numbers are JSON"),
            until_at: At::of(*until_at),
        })
    }

    fn into_kept(self) -> Result<KeptTrack, Corrupt> {
        let corrupt = |why| Corrupt {
            table: "measured_tracks",
            id: self.trip_id,
            why,
        };
        let gaps: Vec<Gap> =
            serde_json::from_str(&self.gaps).map_err(|_| corrupt("its gaps are unreadable"))?;
        let segments: Option<Vec<Vec<Coordinates>>> = self.segments.lines().map(places).collect();
        let measured = Measured {
            measured_m: self.measured_m,
            filled_m: self.filled_m,
            segments: segments.ok_or(corrupt("a segment is unreadable"))?,
            stood_still: self.measured_m <= 0.0 && gaps.is_empty(),
            gaps,
            is_thinned: self.is_thinned,
        };
        let until_at = self.until_at.read().ok_or(corrupt("it ends at no time"))?;
        Ok(KeptTrack { measured, until_at })
    }
}

fn line(segment: &[Coordinates]) -> QueryResult<String> {
    let line = segment
        .iter()
        .map(|at| geo::coord! { x: at.lon(), y: at.lat() });
    polyline::encode_coordinates(line, DIGITS)
        .map_err(|error| diesel::result::Error::SerializationError(error.to_string().into()))
}

fn places(line: &str) -> Option<Vec<Coordinates>> {
    let line = polyline::decode_polyline(line, DIGITS).ok()?;
    line.into_iter()
        .map(|at| Coordinates::new(at.y, at.x).ok())
        .collect()
}

fn encoded(spots: &[TrackFix]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(spots.len() * SPOT_BYTES);
    for spot in spots {
        bytes.extend(spot.at_ms.to_le_bytes());
        bytes.extend(spot.lat_e7.to_le_bytes());
        bytes.extend(spot.lon_e7.to_le_bytes());
        bytes.extend(spot.accuracy_dm.unwrap_or(UNSAID).to_le_bytes());
    }
    bytes
}

fn decoded(id: i64, bytes: &[u8]) -> Result<Vec<TrackFix>, Corrupt> {
    let spots = bytes.chunks(SPOT_BYTES).map(spot).collect::<Option<_>>();
    spots.ok_or(Corrupt {
        table: "track_pieces",
        id,
        why: "its fixes are unreadable",
    })
}

fn spot(bytes: &[u8]) -> Option<TrackFix> {
    let (at_ms, rest) = bytes.split_first_chunk()?;
    let (lat_e7, rest) = rest.split_first_chunk()?;
    let (lon_e7, rest) = rest.split_first_chunk()?;
    let accuracy_dm = u16::from_le_bytes(rest.try_into().ok()?);
    let spot = TrackFix {
        at_ms: i64::from_le_bytes(*at_ms),
        lat_e7: i32::from_le_bytes(*lat_e7),
        lon_e7: i32::from_le_bytes(*lon_e7),
        accuracy_dm: (accuracy_dm != UNSAID).then_some(accuracy_dm),
    };
    spot.is_sound().then_some(spot)
}
