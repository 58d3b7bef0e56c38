//! The fixes of rides in progress. New ones are written to the database every few seconds.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use parking_lot::Mutex;

use crate::domain::track::FIXES_MAX;
use crate::domain::{Fix, Track, TrackFix, Trip, TripId, TripState};
use crate::store::tracks::TrackPiece;
use crate::supply::judge::AHEAD_MAX;

/// The most fixes of a ride that are written. No honest device reports more; the rest is lost with the process.
const SAVED_MAX: usize = 4 * FIXES_MAX;

/// The fixes of rides in progress; cheap to clone.
#[derive(Clone, Default)]
pub struct Tracks(Arc<Mutex<HashMap<TripId, OpenTrack>>>);

/// The track of a trip that a driver has accepted.
struct OpenTrack {
    number: i64,
    /// When the ride began; absent until then.
    started_at: Option<Timestamp>,
    track: Track,
    unsaved: Vec<TrackFix>,
    saved: usize,
}

impl Tracks {
    /// Follows a trip from its acceptance on: the first fixes of the ride may arrive before the event of its start.
    pub(super) fn follow(&self, trip: &Trip) {
        let mut open_tracks = self.0.lock();
        let open = open_tracks.entry(trip.id).or_insert_with(|| OpenTrack {
            number: trip.number,
            started_at: None,
            track: Track::default(),
            unsaved: Vec::new(),
            saved: 0,
        });
        if matches!(trip.state, TripState::InProgress { .. }) {
            open.start(trip);
        }
    }

    /// Notes that a ride has begun, if its trip is followed.
    pub(super) fn started(&self, trip: &Trip) {
        if let (TripState::InProgress { .. }, Some(open)) =
            (&trip.state, self.0.lock().get_mut(&trip.id))
        {
            open.start(trip);
        }
    }

    /// Restores the fixes that were saved before a restart, if the trip is followed.
    pub(super) fn restore(&self, trip: TripId, spots: Vec<TrackFix>) {
        if let Some(open) = self.0.lock().get_mut(&trip) {
            open.saved += spots.len();
            open.track.restore(spots);
        }
    }

    /// Adds fixes in any order, and returns how many of them are new on the ride's track.
    pub(super) fn add(&self, trip: TripId, fixes: &[Fix], received_at: Timestamp) -> usize {
        let mut open_tracks = self.0.lock();
        let Some(open) = open_tracks.get_mut(&trip) else {
            return 0;
        };
        let earliest = open.started_at.unwrap_or(Timestamp::MIN);
        let in_time = |fix: &&Fix| (earliest..=received_at + AHEAD_MAX).contains(&fix.at);
        let fixes: Vec<Fix> = fixes.iter().filter(in_time).copied().collect();
        let new = open.track.add(&fixes);
        if open.started_at.is_none() {
            return 0;
        }
        if open.saved + open.unsaved.len() < SAVED_MAX {
            open.unsaved.extend(&new);
        }
        new.len()
    }

    /// Stops following a trip that is over or no longer has its driver.
    pub(super) fn end(&self, trip: TripId) {
        self.0.lock().remove(&trip);
    }

    /// The fixes of a trip so far.
    pub(super) fn of(&self, trip: TripId) -> Vec<TrackFix> {
        let open_tracks = self.0.lock();
        open_tracks
            .get(&trip)
            .map_or_else(Vec::new, |open| open.track.fixes().to_vec())
    }

    /// The fixes of each ride that are not saved yet.
    pub(super) fn unsaved(&self) -> Vec<(TripId, TrackPiece)> {
        let open_tracks = self.0.lock();
        let grown = open_tracks
            .iter()
            .filter(|(_, open)| !open.unsaved.is_empty());
        let pieces = grown.map(|(trip, open)| {
            let (number, spots) = (open.number, open.unsaved.clone());
            (
                *trip,
                TrackPiece {
                    trip: number,
                    spots,
                },
            )
        });
        pieces.collect()
    }

    /// Notes that these fixes are saved.
    pub(super) fn saved(&self, saved: &[(TripId, TrackPiece)]) {
        let mut open_tracks = self.0.lock();
        for (trip, piece) in saved {
            if let Some(open) = open_tracks.get_mut(trip) {
                // Fixes that arrived meanwhile come after these.
                let count = piece.spots.len().min(open.unsaved.len());
                open.unsaved.drain(..count);
                open.saved += count;
            }
        }
    }
}

impl OpenTrack {
    /// Begins the ride. Earlier fixes belong to the approach to the pick-up and are dropped.
    fn start(&mut self, trip: &Trip) {
        let at = trip.times.started_at.unwrap_or(trip.changed_at);
        if self.started_at.is_none() {
            self.started_at = Some(at);
            let is_ride = |spot: &TrackFix| spot.at_ms >= at.as_millisecond();
            let spots = self.track.fixes().iter().copied();
            self.unsaved = spots.filter(is_ride).collect();
            self.track = Track::default();
            self.track.restore(self.unsaved.iter().copied());
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::domain::{Action, Change, Coordinates, DriverId, Outset, UserId, sample};

    const BOB: DriverId = DriverId::of(UserId::new(2));

    fn at(second: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(second)
    }

    fn fix(second: i64) -> Fix {
        Fix {
            location: Coordinates::new(48.0, 11.0 + second as f64 / 10_000.0).expect("on earth"),
            at: at(second),
            accuracy_m: Some(5.0),
            heading_deg: None,
            speed_mps: None,
        }
    }

    fn does(trip: &Trip, action: &Action, second: i64) -> Trip {
        match trip.apply(action, at(second)) {
            Ok(Change::To(after)) => *after,
            other => panic!("{action:?} is possible: {other:?}"),
        }
    }

    fn taken() -> Trip {
        let trip = Trip::request(sample::request(UserId::new(1)), at(0));
        does(
            &trip,
            &Action::Accept(sample::party(BOB), Outset::default()),
            10,
        )
    }

    fn seconds(spots: &[TrackFix]) -> Vec<i64> {
        spots.iter().map(|spot| spot.at_ms / 1_000).collect()
    }

    #[test]
    fn only_what_is_of_the_ride_is_on_its_track_however_late_it_comes() {
        let (tracks, trip) = (Tracks::default(), taken());
        assert_eq!(
            tracks.add(trip.id, &[fix(11)], at(11)),
            0,
            "it is not followed"
        );
        tracks.follow(&trip);
        assert_eq!(
            tracks.add(trip.id, &[fix(12), fix(21)], at(22)),
            0,
            "it has not begun"
        );
        assert!(tracks.unsaved().is_empty());
        tracks.follow(&does(&trip, &Action::Start(BOB, None), 20));
        assert_eq!(tracks.add(trip.id, &[fix(30), fix(15), fix(21)], at(30)), 1);
        assert_eq!(
            tracks.add(trip.id, &[fix(9_000)], at(31)),
            0,
            "it is from the future"
        );
        assert_eq!(
            tracks.add(trip.id, &[fix(25)], at(9_000)),
            1,
            "it comes late"
        );
        assert_eq!(seconds(&tracks.of(trip.id)), [21, 25, 30]);
        tracks.end(trip.id);
        assert_eq!(tracks.add(trip.id, &[fix(26)], at(9_001)), 0, "it is over");
        assert!(tracks.of(trip.id).is_empty());
    }

    #[test]
    fn each_save_has_what_came_since_the_last_one() {
        let (tracks, trip) = (Tracks::default(), taken());
        tracks.follow(&does(&trip, &Action::Start(BOB, None), 20));
        tracks.restore(trip.id, vec![TrackFix::of(&fix(21)).expect("it counts")]);
        tracks.add(trip.id, &[fix(21), fix(22)], at(22));
        let first = tracks.unsaved();
        assert_eq!(seconds(&first[0].1.spots), [22]);
        tracks.add(trip.id, &[fix(23), fix(22)], at(23));
        tracks.saved(&first);
        let second = tracks.unsaved();
        assert_eq!(seconds(&second[0].1.spots), [23]);
        tracks.saved(&second);
        assert!(tracks.unsaved().is_empty());
        assert_eq!(seconds(&tracks.of(trip.id)), [21, 22, 23]);
    }
}
