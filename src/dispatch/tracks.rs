//! The ways of the rides that are under way; written to the database now and then, and at the end.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::domain::{Fix, Track, TripId};

/// The ways of the rides that are under way; cheap to clone.
#[derive(Clone, Default)]
pub struct Tracks(Arc<Mutex<HashMap<TripId, Way>>>);

#[derive(Default)]
struct Way {
    /// Nothing before the first position.
    track: Option<Track>,
    is_saved: bool,
    is_over: bool,
}

impl Tracks {
    /// A ride begins where its driver was last seen, or goes on where it was when the service stopped.
    pub(super) fn begin(&self, trip: TripId, track: Option<Track>) {
        let way = Way {
            track,
            ..Way::default()
        };
        self.0.lock().entry(trip).or_insert(way);
    }

    /// The ride goes on; a trip whose ride has not begun has no way.
    pub(super) fn go_on(&self, trip: TripId, fixes: &[Fix]) -> usize {
        let mut ways = self.0.lock();
        let Some(way) = ways.get_mut(&trip).filter(|way| !way.is_over) else {
            return 0;
        };
        for fix in fixes {
            match &mut way.track {
                Some(track) => track.go_on(fix),
                None => way.track = Some(Track::begin(fix)),
            }
        }
        way.is_saved = false;
        fixes.len()
    }

    /// The ride is over; its way is kept until it is saved.
    pub(super) fn end(&self, trip: TripId) {
        if let Some(way) = self.0.lock().get_mut(&trip) {
            way.is_over = true;
        }
    }

    /// The way so far.
    pub(super) fn of(&self, trip: TripId) -> Option<Track> {
        self.0.lock().get(&trip)?.track.clone()
    }

    /// What has grown since it was last saved.
    pub(super) fn unsaved(&self) -> Vec<(TripId, Track)> {
        let ways = self.0.lock();
        let unsaved = ways.iter().filter(|(_, way)| !way.is_saved);
        unsaved
            .filter_map(|(trip, way)| Some((*trip, way.track.clone()?)))
            .collect()
    }

    /// These are saved as they were; what has not grown since and is over is forgotten.
    pub(super) fn saved(&self, saved: &[(TripId, Track)]) {
        let mut ways = self.0.lock();
        for (trip, track) in saved {
            if let Some(way) = ways.get_mut(trip) {
                way.is_saved = way.track.as_ref() == Some(track);
            }
        }
        ways.retain(|_, way| !way.is_over || way.track.is_some() && !way.is_saved);
    }
}
