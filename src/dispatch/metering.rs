//! Measures rides from the fixes that memory and the database have of them.

use jiff::Timestamp;

use super::Dispatch;
use crate::domain::{
    Coordinates, DriverId, Fix, Measured, RideFacts, Track, TrackFix, Trip, TripRef, TripState,
};
use crate::inputs;
use crate::store::db::Db;
use crate::store::pool::Unavailable;
use crate::store::tracks::{self, KeptTrack, TrackPiece};
use crate::store::writer::Tx;
use crate::store::{QueryResult, trips};
use crate::town::Town;

/// The most rides that are saved in one statement, so that other writes get their turn in between.
const RIDES_MAX: usize = 500;

/// A ride in progress, as the database has it.
struct SavedRide {
    trip: Trip,
    spots: Vec<TrackFix>,
    /// The part that an older version of the service measured without keeping its fixes.
    before: Option<KeptTrack>,
}

impl SavedRide {
    fn read(db: &mut Db, trip: TripRef, driver: Option<DriverId>) -> QueryResult<Option<Self>> {
        let trip = trips::find(db, trip)?.filter(|trip| is_in_progress(trip, driver));
        let Some(trip) = trip else { return Ok(None) };
        let spots = tracks::spots_of(db, &[trip.number])?.remove(&trip.number);
        Ok(Some(Self {
            before: tracks::find(db, trip.number)?,
            spots: spots.unwrap_or_default(),
            trip,
        }))
    }

    /// Measures the ride with its newer fixes, as if it ended at `ended_at`, and at `drop_off` if that is given.
    fn measure(
        self,
        newer: Vec<TrackFix>,
        ended_at: Timestamp,
        drop_off: Option<Coordinates>,
    ) -> Measured {
        let trip = &self.trip;
        let ends = trip.pick_up.location.zip(trip.drop_off.location);
        let quoted_m = trip.quoted_m().map(|metres| metres as f64);
        let ride = RideFacts {
            started_at: trip.times.started_at.unwrap_or(trip.changed_at),
            ended_at,
            pick_up: trip.pick_up.location,
            drop_off,
            quoted_m: quoted_m.or_else(|| ends.map(|(from, to)| estimate(from, to))),
        };
        let mut track = Track::default();
        track.restore(self.spots.into_iter().chain(newer));
        match &self.before {
            None => track.measure(&ride, estimate),
            Some(before) => continue_from(before, &track, ride),
        }
    }
}

impl Dispatch {
    /// Measures a ride that ends now; nothing if it is not in progress, or not this driver's.
    pub(super) async fn measured(
        &self,
        trip: TripRef,
        driver: Option<DriverId>,
    ) -> Result<Option<Box<Measured>>, Unavailable> {
        let at = inputs::now();
        let Some(saved) = self.in_progress(trip, driver).await? else {
            return Ok(None);
        };
        let drop_off = saved.trip.drop_off.location;
        let measured = self.measure(saved, at, drop_off).await?;
        Ok(Some(Box::new(measured)))
    }

    /// The measured track of a ride, so far or in the end, and its time. The caller checks who may see it.
    pub async fn track(&self, trip: &Trip) -> Result<Option<KeptTrack>, Unavailable> {
        let until_at = inputs::now();
        if let Some(saved) = self.in_progress(trip.id.into(), None).await? {
            // A ride in progress may still end elsewhere than at the drop-off.
            let measured = self.measure(saved, until_at, None).await?;
            return Ok(Some(KeptTrack { measured, until_at }));
        }
        let number = trip.number;
        let find = move |db: &mut _| tracks::find(db, number);
        self.store.reader.read(find).await
    }

    /// A ride in progress, read from the database in one snapshot.
    async fn in_progress(
        &self,
        trip: TripRef,
        driver: Option<DriverId>,
    ) -> Result<Option<SavedRide>, Unavailable> {
        let find = move |db: &mut Db| db.snapshot(|db| SavedRide::read(db, trip, driver));
        self.store.reader.read(find).await
    }

    /// Measures a ride from its saved and its newer fixes, on a blocking thread, since there may be many fixes.
    async fn measure(
        &self,
        saved: SavedRide,
        ended_at: Timestamp,
        drop_off: Option<Coordinates>,
    ) -> Result<Measured, Unavailable> {
        let newer = self.projections.tracks.of(saved.trip.id);
        let measure = move || saved.measure(newer, ended_at, drop_off);
        let measured = tokio::task::spawn_blocking(measure).await;
        measured.map_err(|error| Unavailable::Lost(error.to_string()))
    }

    /// Writes the fixes that have arrived since the last call, for all rides in progress.
    pub async fn save_tracks(&self) -> Result<(), Unavailable> {
        for page in self.projections.tracks.unsaved().chunks(RIDES_MAX) {
            let pieces: Vec<TrackPiece> = page.iter().map(|(_, piece)| piece.clone()).collect();
            let append = move |tx: &mut Tx<'_>| tracks::append(tx.db, &pieces);
            self.store.writer.change(append).await?;
            self.projections.tracks.saved(page);
        }
        Ok(())
    }
}

/// The metres that a quote estimates from one place to another.
fn estimate(from: Coordinates, to: Coordinates) -> f64 {
    Town::estimate(from, to).0 as f64
}

/// Whether the ride is in progress, and by this driver if one is given.
fn is_in_progress(trip: &Trip, by: Option<DriverId>) -> bool {
    matches!(&trip.state, TripState::InProgress { driver } if by.is_none_or(|by| driver.id == by))
}

/// Measures a ride of which an older version measured a part without keeping its fixes: the rest begins where it ends.
fn continue_from(before: &KeptTrack, track: &Track, ride: RideFacts) -> Measured {
    let KeptTrack {
        measured: part,
        until_at,
    } = before;
    let last = part.segments.last().and_then(|segment| segment.last());
    let rest = RideFacts {
        started_at: ride.started_at.max(*until_at),
        pick_up: last.copied().or(ride.pick_up),
        quoted_m: ride
            .quoted_m
            .map(|quoted| (quoted - part.measured_m).max(0.0)),
        ..ride
    };
    // The rest begins at the last place of the measured part.
    let last = last.map(|location| Fix {
        location: *location,
        at: *until_at,
        accuracy_m: None,
        heading_deg: None,
        speed_mps: None,
    });
    let mut track = track.clone();
    track.add(last.as_slice());
    let rest = track.measure(&rest, estimate);
    let segments = part.segments.iter().cloned().chain(rest.segments);
    // The older version did not limit its part to what a car can drive.
    let reach_m = ride.reach_m();
    let measured_m = (part.measured_m + rest.measured_m).min(reach_m);
    Measured {
        measured_m,
        filled_m: rest.filled_m.min(reach_m - measured_m),
        segments: segments.collect(),
        stood_still: rest.stood_still && part.measured_m <= 0.0,
        ..rest
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::domain::Fix;

    fn at(second: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(second)
    }

    /// A place this many metres north of a fixed point.
    fn place(metres: f64) -> Coordinates {
        Coordinates::new(48.0 + metres / 111_195.0, 11.0).expect("on earth")
    }

    #[test]
    fn a_ride_goes_on_from_what_an_older_version_knew_of_it() {
        let before = KeptTrack {
            measured: Measured {
                measured_m: 2_000.0,
                filled_m: 0.0,
                segments: vec![vec![place(0.0), place(2_000.0)]],
                gaps: Vec::new(),
                stood_still: false,
                is_thinned: false,
            },
            until_at: at(200),
        };
        let mut track = Track::default();
        // The fixes before second 200 belong to the part that was measured.
        let fixes = (100..=500).filter(|second| !(301..400).contains(second));
        let fixes: Vec<Fix> = fixes
            .map(|second| Fix {
                location: place(10.0 * f64::from(second)),
                at: at(i64::from(second)),
                accuracy_m: Some(5.0),
                heading_deg: None,
                speed_mps: None,
            })
            .collect();
        track.add(&fixes);
        let ride = RideFacts {
            started_at: at(0),
            ended_at: at(500),
            pick_up: Some(place(0.0)),
            drop_off: Some(place(5_000.0)),
            quoted_m: Some(5_100.0),
        };
        let measured = continue_from(&before, &track, ride);
        // 2,000 m before, 1,000 m on either side of the gap, and for the gap of 1,000 m what is left of the quote.
        assert!((measured.measured_m - 4_000.0).abs() < 40.0, "{measured:?}");
        assert!((measured.filled_m - 1_100.0).abs() < 40.0, "{measured:?}");
        assert_eq!((measured.segments.len(), measured.gaps.len()), (3, 1));
    }

    #[test]
    fn what_an_older_version_knew_is_no_longer_than_a_car_drives_either() {
        let there_and_back = vec![place(0.0), place(61_000.0), place(0.0)];
        let before = KeptTrack {
            measured: Measured {
                measured_m: 122_000.0,
                segments: vec![there_and_back],
                ..Measured::default()
            },
            until_at: at(2),
        };
        let ride = RideFacts {
            started_at: at(0),
            ended_at: at(100),
            pick_up: Some(place(0.0)),
            drop_off: Some(place(3_000.0)),
            quoted_m: Some(3_900.0),
        };
        let measured = continue_from(&before, &Track::default(), ride);
        assert_eq!((measured.measured_m, measured.filled_m), (5_000.0, 0.0));
    }
}
