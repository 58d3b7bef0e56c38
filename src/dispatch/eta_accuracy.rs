//! What riders are promised when a driver takes their trip, and what comes of it.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use parking_lot::Mutex;
use serde::Serialize;

use crate::domain::{DriverId, Offer, Trip, TripId, TripState};

/// How many promises are remembered, the last ones.
const KEPT: usize = 1_000;

/// How far off the driving times to pick-ups were, of the last 1,000 trips that were offered and whose drivers came, since the start. In seconds; above zero: later than promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, utoipa::ToSchema)]
#[schema(as = Promises)]
pub struct Kept {
    /// How many.
    count: usize,
    /// On average.
    mean: i64,
    /// Half of them were later by no more.
    p50: i64,
    /// Nine in ten were later by no more.
    p90: i64,
}

/// The promises that are open, and how far off others were; cheap to clone.
#[derive(Clone, Default)]
pub struct EtaAccuracy(Arc<Mutex<ToldTimes>>);

#[derive(Default)]
struct ToldTimes {
    open: HashMap<DriverId, (TripId, i64)>,
    off_s: VecDeque<i64>,
}

impl EtaAccuracy {
    /// A driver has accepted an offer: the rider is told how long it takes.
    pub(super) fn made(&self, offer: &Offer) {
        let mut told = self.0.lock();
        told.open.insert(offer.driver, (offer.trip, offer.eta_s));
    }

    /// A trip has changed: if its driver has come, what was promised is known to be kept or not; if it is nobody's any more, it is forgotten.
    pub(super) fn changed(&self, trip: &Trip, before: Option<DriverId>) {
        let mut told = self.0.lock();
        let driver = trip.state.driver().map(|driver| driver.id).or(before);
        let Some(driver) = driver else { return };
        let promised = told.open.get(&driver).copied();
        let Some((_, eta_s)) = promised.filter(|(of, _)| *of == trip.id) else {
            return;
        };
        if let TripState::Accepted { .. } = trip.state {
            return;
        }
        told.open.remove(&driver);
        if let Some(took_s) = took_s(trip) {
            if told.off_s.len() == KEPT {
                told.off_s.pop_front();
            }
            told.off_s.push_back(took_s - eta_s);
        }
    }

    /// How far off they were.
    pub fn kept(&self) -> Kept {
        let mut off_s: Vec<i64> = self.0.lock().off_s.iter().copied().collect();
        off_s.sort_unstable();
        let Some(last) = off_s.len().checked_sub(1) else {
            return Kept::default();
        };
        let count = off_s.len();
        let sum: i64 = off_s.iter().sum();
        Kept {
            count,
            mean: sum / i64::try_from(count).unwrap_or(i64::MAX),
            p50: off_s[last / 2],
            p90: off_s[last * 9 / 10],
        }
    }
}

/// How long the driver took to the pick-up, from the accept on, in seconds; who starts the ride at once was there.
pub(super) fn took_s(trip: &Trip) -> Option<i64> {
    let times = trip.times;
    let there = times.arrived_at.or(times.started_at)?;
    Some(there.duration_since(times.taken_at?).as_secs())
}
