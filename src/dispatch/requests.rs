//! Where riders requested trips lately, for hints: each rider once, and only so many.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use super::reposition::Requested;
use crate::domain::{Coordinates, RiderId, TripId};

/// For how long a request says where the next ones will come.
const FORECAST: SignedDuration = SignedDuration::from_mins(30);
/// How many are remembered at most.
const REQUESTS_MAX: usize = 5_000;

/// The last request of each rider.
#[derive(Default)]
pub(super) struct Requests {
    all: Vec<RecentRequest>,
    /// Where in there each rider's is.
    of: HashMap<RiderId, usize>,
}

#[derive(Clone, Copy)]
struct RecentRequest {
    rider: RiderId,
    trip: TripId,
    at: Timestamp,
    what: Requested,
}

impl Requests {
    /// A rider has requested a trip: what they requested before does not count any more. Where there are too many, one by chance is
    /// forgotten, so that nobody who requests much pushes out what others did.
    pub(super) fn add(&mut self, rider: RiderId, trip: TripId, at: Timestamp, from: Coordinates) {
        let what = Requested {
            from,
            is_cancelled: false,
        };
        let request = RecentRequest {
            rider,
            trip,
            at,
            what,
        };
        if let Some(place) = self.of.get(&rider) {
            self.all[*place] = request;
            return;
        }
        if self.all.len() == REQUESTS_MAX {
            self.forget_one(trip);
        }
        self.of.insert(rider, self.all.len());
        self.all.push(request);
    }

    /// A trip was called off.
    pub(super) fn cancel(&mut self, rider: RiderId, trip: TripId) {
        if let Some(place) = self.of.get(&rider)
            && self.all[*place].trip == trip
        {
            self.all[*place].what.is_cancelled = true;
        }
    }

    /// Forgets what is too old.
    pub(super) fn forget(&mut self, at: Timestamp) {
        let is_old = |request: &RecentRequest| at.duration_since(request.at) > FORECAST;
        if self.all.iter().any(is_old) {
            self.all.retain(|request| !is_old(request));
            let places = self.all.iter().enumerate();
            self.of = places.map(|(place, one)| (one.rider, place)).collect();
        }
    }

    /// All that are remembered, the latest last.
    pub(super) fn known(&self) -> Vec<Requested> {
        let mut all = self.all.clone();
        all.sort_unstable_by_key(|request| (request.at, request.trip));
        all.into_iter().map(|request| request.what).collect()
    }

    /// The dice are the key of the new trip, which nobody can choose.
    fn forget_one(&mut self, dice: TripId) {
        let number = dice.uuid().as_u128() % self.all.len() as u128;
        let place = usize::try_from(number).unwrap_or(0);
        let gone = self.all.swap_remove(place);
        self.of.remove(&gone.rider);
        if let Some(moved) = self.all.get(place) {
            self.of.insert(moved.rider, place);
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
        let known = requests.known();
        let known: Vec<_> = known.iter().map(|it| (it.from, it.is_cancelled)).collect();
        assert_eq!(known, [(place(48.1), true), (place(48.2), false)]);
        requests.forget(at(1_801));
        assert_eq!(requests.known().len(), 2);
        requests.forget(at(1_802));
        assert_eq!(requests.known().len(), 1);
        requests.cancel(rider(1), trip(3));
        assert!(requests.known()[0].is_cancelled, "it is still found");
    }

    #[test]
    fn of_too_many_requests_one_by_chance_is_forgotten_and_not_the_oldest() {
        let mut requests = Requests::default();
        let max = REQUESTS_MAX as i64;
        for number in 0..max {
            requests.add(rider(number), trip(number as u128), at(number), place(48.0));
        }
        // Which one is the new trip's key to say.
        requests.add(rider(max), trip(7 + 2 * max as u128), at(max), place(48.0));
        assert_eq!(requests.all.len(), REQUESTS_MAX);
        assert!(!requests.of.contains_key(&rider(7)));
        assert!(requests.of.contains_key(&rider(0)));
        for (rider, place) in &requests.of {
            assert_eq!(requests.all[*place].rider, *rider);
        }
        assert_eq!(requests.of.len(), REQUESTS_MAX);
    }
}
