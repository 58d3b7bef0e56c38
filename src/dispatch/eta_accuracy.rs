//! The accuracy of the times to the pick-up that riders are promised when a driver accepts their trip.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use parking_lot::Mutex;
use serde::Serialize;

use crate::domain::{DriverId, Offer, Trip, TripId, TripState};

/// The most errors that are remembered, the last ones.
const ERRORS_MAX: usize = 1_000;

/// How much later than promised drivers arrived at the pick-up, in seconds; negative if earlier. It covers the last
/// 1,000 trips since the service started whose driver accepted an offer and arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, utoipa::ToSchema)]
#[schema(as = Promises)]
pub struct EtaErrors {
    /// The number of trips.
    count: usize,
    /// The mean error.
    mean: i64,
    /// The median error.
    p50: i64,
    /// The error that nine in ten trips did not exceed.
    p90: i64,
}

/// The open promises and the errors of past ones; cheap to clone.
#[derive(Clone, Default)]
pub struct EtaAccuracy(Arc<Mutex<Promises>>);

#[derive(Default)]
struct Promises {
    open: HashMap<DriverId, (TripId, i64)>,
    /// The errors in seconds, the latest last.
    errors_s: VecDeque<i64>,
}

impl EtaAccuracy {
    /// Notes the time that a rider is promised when a driver accepts an offer.
    pub(super) fn promise(&self, offer: &Offer) {
        let mut promises = self.0.lock();
        promises
            .open
            .insert(offer.driver, (offer.trip, offer.eta_s));
    }

    /// Takes note of a change of a trip. Once the driver has arrived, the error of the promise is known. If the driver
    /// no longer has the trip, the promise is forgotten.
    pub(super) fn changed(&self, trip: &Trip, before: Option<DriverId>) {
        let mut promises = self.0.lock();
        let driver = trip.state.driver().map(|driver| driver.id).or(before);
        let Some(driver) = driver else { return };
        let promised = promises.open.get(&driver).copied();
        let Some((_, eta_s)) = promised.filter(|(of, _)| *of == trip.id) else {
            return;
        };
        if let TripState::Accepted { .. } = trip.state {
            return;
        }
        promises.open.remove(&driver);
        if let Some(took_s) = took_s(trip) {
            if promises.errors_s.len() == ERRORS_MAX {
                promises.errors_s.pop_front();
            }
            promises.errors_s.push_back(took_s - eta_s);
        }
    }

    /// The distribution of the errors.
    pub fn errors(&self) -> EtaErrors {
        let mut errors_s: Vec<i64> = self.0.lock().errors_s.iter().copied().collect();
        errors_s.sort_unstable();
        let Some(last) = errors_s.len().checked_sub(1) else {
            return EtaErrors::default();
        };
        let count = errors_s.len();
        let sum: i64 = errors_s.iter().sum();
        EtaErrors {
            count,
            mean: sum / i64::try_from(count).unwrap_or(i64::MAX),
            p50: errors_s[last / 2],
            p90: errors_s[last * 9 / 10],
        }
    }
}

/// The seconds from the acceptance to the arrival at the pick-up. Without an arrival, the start of the ride counts.
pub(super) fn took_s(trip: &Trip) -> Option<i64> {
    let times = trip.times;
    let there = times.arrived_at.or(times.started_at)?;
    Some(there.duration_since(times.taken_at?).as_secs())
}
