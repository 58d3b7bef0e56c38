//! The fixes of the rides that are under way; what is new of them is written to the database every few seconds.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use parking_lot::Mutex;

use crate::domain::track::FIXES_MAX;
use crate::domain::{Fix, Track, TrackFix, Trip, TripId, TripState};
use crate::store::tracks::TrackPiece;
use crate::supply::judge::AHEAD_MAX;

/// So many fixes of a ride are written at most; a device that says more than any honest one loses the rest with the process.
const SAVED_MAX: usize = 4 * FIXES_MAX;

/// The fixes of the rides that are under way; cheap to clone.
#[derive(Clone, Default)]
pub struct Tracks(Arc<Mutex<HashMap<TripId, OpenTrack>>>);

/// What is known of a trip that a driver has.
struct OpenTrack {
    /// The trip's number.
    number: i64,
    /// When the ride began; nothing before.
    started_at: Option<Timestamp>,
    track: Track,
    unsaved: Vec<TrackFix>,
    saved: usize,
}

impl Tracks {
    /// A driver has the trip, or the ride has begun. What is reported from the acceptance on is kept, for it may be heard of before the start is.
    pub(super) fn follow(&self, trip: &Trip) {
        let mut ways = self.0.lock();
        let way = ways.entry(trip.id).or_insert_with(|| OpenTrack {
            number: trip.number,
            started_at: None,
            track: Track::default(),
            unsaved: Vec::new(),
            saved: 0,
        });
        if matches!(trip.state, TripState::InProgress { .. }) {
            way.start(trip);
        }
    }

    /// A ride has begun; nothing happens unless its trip is followed.
    pub(super) fn started(&self, trip: &Trip) {
        if let (TripState::InProgress { .. }, Some(way)) =
            (&trip.state, self.0.lock().get_mut(&trip.id))
        {
            way.start(trip);
        }
    }

    /// A ride that is followed goes on where it was when the service stopped.
    pub(super) fn restore(&self, trip: TripId, spots: Vec<TrackFix>) {
        if let Some(way) = self.0.lock().get_mut(&trip) {
            way.saved += spots.len();
            way.track.restore(spots);
        }
    }

    /// The driver's device says where it was, sooner or later; gives how many of the fixes are new on the ride's track.
    pub(super) fn go_on(&self, trip: TripId, fixes: &[Fix], received_at: Timestamp) -> usize {
        let mut ways = self.0.lock();
        let Some(way) = ways.get_mut(&trip) else {
            return 0;
        };
        let earliest = way.started_at.unwrap_or(Timestamp::MIN);
        let in_time = |fix: &&Fix| (earliest..=received_at + AHEAD_MAX).contains(&fix.at);
        let fixes: Vec<Fix> = fixes.iter().filter(in_time).copied().collect();
        let new = way.track.add(&fixes);
        if way.started_at.is_none() {
            return 0;
        }
        if way.saved + way.unsaved.len() < SAVED_MAX {
            way.unsaved.extend(&new);
        }
        new.len()
    }

    /// The trip is over, or its driver has it no longer.
    pub(super) fn end(&self, trip: TripId) {
        self.0.lock().remove(&trip);
    }

    /// The fixes so far.
    pub(super) fn of(&self, trip: TripId) -> Vec<TrackFix> {
        let ways = self.0.lock();
        ways.get(&trip)
            .map_or_else(Vec::new, |way| way.track.fixes().to_vec())
    }

    /// What has come of the rides since it was last saved.
    pub(super) fn unsaved(&self) -> Vec<(TripId, TrackPiece)> {
        let ways = self.0.lock();
        let grown = ways.iter().filter(|(_, way)| !way.unsaved.is_empty());
        let pieces = grown.map(|(trip, way)| {
            let (number, spots) = (way.number, way.unsaved.clone());
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

    /// These are saved.
    pub(super) fn saved(&self, saved: &[(TripId, TrackPiece)]) {
        let mut ways = self.0.lock();
        for (trip, piece) in saved {
            if let Some(way) = ways.get_mut(trip) {
                // What came meanwhile stands behind them.
                let count = piece.spots.len().min(way.unsaved.len());
                way.unsaved.drain(..count);
                way.saved += count;
            }
        }
    }
}

impl OpenTrack {
    /// The ride begins: what was said before is the way to the pick-up.
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
            tracks.go_on(trip.id, &[fix(11)], at(11)),
            0,
            "it is not followed"
        );
        tracks.follow(&trip);
        assert_eq!(
            tracks.go_on(trip.id, &[fix(12), fix(21)], at(22)),
            0,
            "it has not begun"
        );
        assert!(tracks.unsaved().is_empty());
        tracks.follow(&does(&trip, &Action::Start(BOB, None), 20));
        assert_eq!(
            tracks.go_on(trip.id, &[fix(30), fix(15), fix(21)], at(30)),
            1
        );
        assert_eq!(
            tracks.go_on(trip.id, &[fix(9_000)], at(31)),
            0,
            "it is from the future"
        );
        assert_eq!(
            tracks.go_on(trip.id, &[fix(25)], at(9_000)),
            1,
            "it comes late"
        );
        assert_eq!(seconds(&tracks.of(trip.id)), [21, 25, 30]);
        tracks.end(trip.id);
        assert_eq!(
            tracks.go_on(trip.id, &[fix(26)], at(9_001)),
            0,
            "it is over"
        );
        assert!(tracks.of(trip.id).is_empty());
    }

    #[test]
    fn each_save_has_what_came_since_the_last_one() {
        let (tracks, trip) = (Tracks::default(), taken());
        tracks.follow(&does(&trip, &Action::Start(BOB, None), 20));
        tracks.restore(trip.id, vec![TrackFix::of(&fix(21)).expect("it counts")]);
        tracks.go_on(trip.id, &[fix(21), fix(22)], at(22));
        let first = tracks.unsaved();
        assert_eq!(seconds(&first[0].1.spots), [22]);
        tracks.go_on(trip.id, &[fix(23), fix(22)], at(23));
        tracks.saved(&first);
        let second = tracks.unsaved();
        assert_eq!(seconds(&second[0].1.spots), [23]);
        tracks.saved(&second);
        assert!(tracks.unsaved().is_empty());
        assert_eq!(seconds(&tracks.of(trip.id)), [21, 22, 23]);
    }
}
