//! Recent requests, from which hints are made: the last one of each rider, up to a bound.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use super::reposition::Requested;
use crate::domain::{Coordinates, RiderId, TripId};

/// How long a request counts as a forecast of the next ones.
const FORECAST: SignedDuration = SignedDuration::from_mins(30);
/// The most requests that are remembered.
const REQUESTS_MAX: usize = 5_000;

/// The last request of each rider.
#[derive(Default)]
pub(super) struct Requests {
    all: Vec<RecentRequest>,
    /// The index in `all` of each rider's request.
    index_of: HashMap<RiderId, usize>,
}

#[derive(Clone, Copy)]
struct RecentRequest {
    rider: RiderId,
    trip: TripId,
    at: Timestamp,
    request: Requested,
}

impl Requests {
    /// Remembers a rider's request in place of the rider's last one. If there are too many, a random one is forgotten,
    /// so that a rider with many requests cannot push out those of others.
    pub(super) fn add(&mut self, rider: RiderId, trip: TripId, at: Timestamp, from: Coordinates) {
        let request = RecentRequest {
            rider,
            trip,
            at,
            request: Requested {
                from,
                is_cancelled: false,
            },
        };
        if let Some(index) = self.index_of.get(&rider) {
            self.all[*index] = request;
            return;
        }
        if self.all.len() == REQUESTS_MAX {
            self.forget_one(trip);
        }
        self.index_of.insert(rider, self.all.len());
        self.all.push(request);
    }

    /// Notes that a trip was cancelled.
    pub(super) fn cancel(&mut self, rider: RiderId, trip: TripId) {
        if let Some(index) = self.index_of.get(&rider)
            && self.all[*index].trip == trip
        {
            self.all[*index].request.is_cancelled = true;
        }
    }

    /// Forgets the requests that are too old.
    pub(super) fn forget(&mut self, at: Timestamp) {
        let is_old = |request: &RecentRequest| at.duration_since(request.at) > FORECAST;
        if self.all.iter().any(is_old) {
            self.all.retain(|request| !is_old(request));
            let indexed = self.all.iter().enumerate();
            self.index_of = indexed.map(|(index, one)| (one.rider, index)).collect();
        }
    }

    /// The remembered requests, the latest last.
    pub(super) fn recent(&self) -> Vec<Requested> {
        let mut all = self.all.clone();
        all.sort_unstable_by_key(|request| (request.at, request.trip));
        all.into_iter().map(|request| request.request).collect()
    }

    /// Forgets a random request. The randomness is the key of the new trip, which no client can choose.
    fn forget_one(&mut self, random: TripId) {
        let number = random.uuid().as_u128() % self.all.len() as u128;
        let index = usize::try_from(number).unwrap_or(0);
        let forgotten = self.all.swap_remove(index);
        self.index_of.remove(&forgotten.rider);
        if let Some(moved) = self.all.get(index) {
            self.index_of.insert(moved.rider, index);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::UserId;
    use uuid::Uuid;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_900_000_000 + second).expect("a time")
    }

    fn rider(number: i64) -> RiderId {
        RiderId::of(UserId::new(number))
    }

    fn trip(number: u128) -> TripId {
        TripId::new(Uuid::from_u128(number))
    }

    fn place(lat: f64) -> Coordinates {
        Coordinates::new(lat, 11.0).expect("on earth")
    }

    #[test]
    fn a_rider_counts_once_and_a_cancelled_request_is_known_as_such() {
        let mut requests = Requests::default();
        requests.add(rider(1), trip(1), at(0), place(48.0));
        requests.add(rider(2), trip(2), at(1), place(48.1));
        requests.add(rider(1), trip(3), at(2), place(48.2));
        requests.cancel(rider(1), trip(1));
        requests.cancel(rider(2), trip(2));
        let recent = requests.recent();
        let recent: Vec<_> = recent.iter().map(|it| (it.from, it.is_cancelled)).collect();
        assert_eq!(recent, [(place(48.1), true), (place(48.2), false)]);
        requests.forget(at(1_801));
        assert_eq!(requests.recent().len(), 2);
        requests.forget(at(1_802));
        assert_eq!(requests.recent().len(), 1);
        requests.cancel(rider(1), trip(3));
        assert!(requests.recent()[0].is_cancelled, "it is still found");
    }

    #[test]
    fn of_too_many_requests_one_by_chance_is_forgotten_and_not_the_oldest() {
        let mut requests = Requests::default();
        let max = REQUESTS_MAX as i64;
        for number in 0..max {
            requests.add(rider(number), trip(number as u128), at(number), place(48.0));
        }
        // The key of the new trip says which one: 7.
        requests.add(rider(max), trip(7 + 2 * max as u128), at(max), place(48.0));
        assert_eq!(requests.all.len(), REQUESTS_MAX);
        assert!(!requests.index_of.contains_key(&rider(7)));
        assert!(requests.index_of.contains_key(&rider(0)));
        for (rider, index) in &requests.index_of {
            assert_eq!(requests.all[*index].rider, *rider);
        }
        assert_eq!(requests.index_of.len(), REQUESTS_MAX);
    }
}
