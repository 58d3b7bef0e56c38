//! Who has asked where to wait, what they were told, and where requests came from lately.
//!
//! A hint is for whoever asks for one; nobody else is counted on to go anywhere. It is memory, like `supply`: after a restart hints begin anew with the requests that come then.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;

use super::reposition::{self, Hint, Idle, Requested};
use super::requests::Requests;
use crate::domain::{Coordinates, DriverId, RiderId, TripId};
use crate::supply::{Occupation, Supply};

/// For how long a hint holds.
const LIFE: SignedDuration = SignedDuration::from_mins(10);
/// Who has not asked for so long is not counted on.
const ASKING: SignedDuration = SignedDuration::from_mins(3);
/// So often at most everybody's hints are thought about anew.
const THINK_EVERY: SignedDuration = SignedDuration::from_secs(10);
/// Whoever is so near has come to where the hint led.
const THERE_M: f64 = 200.0;

/// What hints are made from; cheap to clone.
#[derive(Clone, Default)]
pub struct Repositioning(Arc<Mutex<RepositioningMemory>>);

#[derive(Default)]
struct RepositioningMemory {
    requests: Requests,
    asking: HashMap<DriverId, Asking>,
    thought_at: Option<Timestamp>,
}

struct Asking {
    asked_at: Timestamp,
    told: Option<ToldHint>,
}

#[derive(Clone, Copy)]
struct ToldHint {
    to: Coordinates,
    at: Timestamp,
}

impl Repositioning {
    /// A trip was asked for.
    pub(super) fn requested(&self, rider: RiderId, trip: TripId, at: Timestamp, from: Coordinates) {
        self.0.lock().requests.add(rider, trip, at, from);
    }

    /// A trip was called off.
    pub(super) fn cancelled(&self, rider: RiderId, trip: TripId) {
        self.0.lock().requests.cancel(rider, trip);
    }

    /// Where a driver who asks had better wait; nothing where the driver is right, or not free.
    pub(super) fn hint(
        &self,
        driver: DriverId,
        supply: &Supply,
        at: Timestamp,
    ) -> Option<Coordinates> {
        if self.0.lock().asks(driver, supply, at) {
            // The work is not done under the lock, which whoever announces what was committed wants too.
            let free = supply.free(at);
            let (requested, idle) = self.0.lock().known(free);
            let hints = reposition::hints(&requested, &idle);
            self.0.lock().tell(hints, at);
        }
        let is_free = supply.occupation(driver) == Some(Occupation::Free);
        let told = self.0.lock().asking.get(&driver)?.told;
        told.filter(|_| is_free).map(|told| told.to)
    }
}

impl RepositioningMemory {
    /// Notes that a driver asks; whether it is time to think about everybody anew.
    fn asks(&mut self, driver: DriverId, supply: &Supply, at: Timestamp) -> bool {
        let told = self.asking.get(&driver).and_then(|asking| asking.told);
        self.asking.insert(driver, Asking { asked_at: at, told });
        self.forget(supply, at);
        let thought_at = self.thought_at;
        let is_time = thought_at.is_none_or(|thought| at.duration_since(thought) >= THINK_EVERY);
        if is_time {
            self.thought_at = Some(at);
        }
        is_time
    }

    /// Where requests came from, and what those who are free are up to.
    fn known(&self, free: Vec<(DriverId, Coordinates)>) -> (Vec<Requested>, Vec<Idle>) {
        let idle = free.into_iter().map(|(driver, place)| Idle {
            driver,
            place,
            bound_for: self.bound_for(driver, place),
        });
        (self.requests.known(), idle.collect())
    }

    /// Forgets old requests, who asks no longer, and hints that are old, were followed, or are from before a trip.
    fn forget(&mut self, supply: &Supply, at: Timestamp) {
        let is_old = |since: Timestamp, life| at.duration_since(since) > life;
        self.requests.forget(at);
        self.asking
            .retain(|_, asking| !is_old(asking.asked_at, ASKING));
        for (driver, asking) in &mut self.asking {
            asking.told = asking.told.filter(|told| {
                supply.seen(*driver).is_some_and(|seen| {
                    let is_there = seen.place.metres_to(told.to) <= THERE_M;
                    !is_there && !is_old(told.at, LIFE) && told.at >= seen.since
                })
            });
        }
    }

    /// Where an idle driver is going; who does not ask cannot be told, and stays.
    fn bound_for(&self, driver: DriverId, place: Coordinates) -> Option<Coordinates> {
        match self.asking.get(&driver) {
            Some(asking) => asking.told.map(|told| told.to),
            None => Some(place),
        }
    }

    fn tell(&mut self, hints: Vec<Hint>, at: Timestamp) {
        for Hint { driver, to } in hints {
            if let Some(asking) = self.asking.get_mut(&driver) {
                asking.told = Some(ToldHint { to, at });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Fix, UserId, Vehicle, VehicleClass};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_900_000_000 + second).expect("a time")
    }

    fn driver(number: i64) -> DriverId {
        DriverId::of(UserId::new(number))
    }

    /// So many hundredths of a degree north: 1,112 m each.
    fn north(hundredths: f64) -> Coordinates {
        Coordinates::new(48.0 + hundredths / 100.0, 11.0).expect("on earth")
    }

    fn is_at(supply: &Supply, number: i64, place: Coordinates, second: i64) {
        let fix = Fix {
            location: place,
            at: at(second),
            accuracy_m: None,
            heading_deg: None,
            speed_mps: None,
        };
        let reported = supply.report(driver(number), &[fix], at(second));
        assert_eq!(reported.expect("on shift").counts.accepted, 1);
    }

    /// Two drivers who idle in one place, while trips begin here and there.
    fn town() -> (Supply, Repositioning) {
        let (supply, repositioning) = (Supply::default(), Repositioning::default());
        for number in [1, 2] {
            let (class, seats) = (VehicleClass::default(), 4);
            supply.begin(driver(number), Vehicle { class, seats }, at(0));
            is_at(&supply, number, north(0.0), 0);
        }
        for (number, place) in [(1, north(0.0)), (2, north(2.0))] {
            let trip = TripId::new(uuid::Uuid::from_u128(number));
            let rider = RiderId::of(UserId::new(number as i64));
            repositioning.requested(rider, trip, at(0), place);
        }
        (supply, repositioning)
    }

    #[test]
    fn who_asks_is_sent_to_where_requests_come_until_there() {
        let (supply, repositioning) = town();
        assert_eq!(
            repositioning.hint(driver(1), &supply, at(1)),
            Some(north(2.0))
        );
        assert_eq!(
            repositioning.hint(driver(1), &supply, at(50)),
            Some(north(2.0))
        );
        assert_eq!(
            repositioning.hint(driver(2), &supply, at(50)),
            None,
            "one goes"
        );
        is_at(&supply, 1, north(1.99), 55);
        is_at(&supply, 2, north(0.0), 55);
        assert_eq!(
            repositioning.hint(driver(1), &supply, at(56)),
            None,
            "there"
        );
    }

    #[test]
    fn a_hint_ends_with_its_time_or_with_a_trip() {
        let (supply, repositioning) = town();
        assert!(repositioning.hint(driver(1), &supply, at(1)).is_some());
        let trip = Occupation::OnTrip(crate::domain::TripId::new(uuid::Uuid::nil()));
        supply.occupy(driver(1), trip).expect("on shift");
        assert_eq!(
            repositioning.hint(driver(1), &supply, at(20)),
            None,
            "on a trip"
        );
        supply
            .occupy(driver(1), Occupation::Free)
            .expect("on shift");
        supply.wait_from(driver(1), at(30));
        repositioning.0.lock().forget(&supply, at(31));
        assert!(repositioning.0.lock().asking[&driver(1)].told.is_none());
        repositioning.0.lock().forget(&supply, at(500));
        assert!(repositioning.0.lock().asking.is_empty());
        repositioning.0.lock().forget(&supply, at(2_000));
        assert!(repositioning.0.lock().requests.known().is_empty());
    }
}
