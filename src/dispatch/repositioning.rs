//! Hints for idle drivers: who has asked where to wait, the hints given, and recent requests.
//!
//! Only drivers who ask get a hint; the others are assumed to stay. Like `supply`, this is memory: after a restart,
//! hints are made from the requests that come then.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;

use super::reposition::{self, Hint, Idle, Requested};
use super::requests::Requests;
use crate::domain::{Coordinates, DriverId, RiderId, TripId};
use crate::supply::{Occupation, Supply};

/// How long a hint holds.
const LIFE: SignedDuration = SignedDuration::from_mins(10);
/// How long after the last question a driver counts as asking.
const ASKING: SignedDuration = SignedDuration::from_mins(3);
/// The shortest time between two plans of the hints of all drivers.
const PLAN_EVERY: SignedDuration = SignedDuration::from_secs(10);
/// A driver this near to the place of a hint has arrived, in metres.
const ARRIVED_M: f64 = 200.0;

/// Recent requests and the drivers who ask; cheap to clone.
#[derive(Clone, Default)]
pub struct Repositioning(Arc<Mutex<RepositioningMemory>>);

#[derive(Default)]
struct RepositioningMemory {
    requests: Requests,
    asking: HashMap<DriverId, AskingDriver>,
    planned_at: Option<Timestamp>,
}

struct AskingDriver {
    asked_at: Timestamp,
    hint: Option<GivenHint>,
}

#[derive(Clone, Copy)]
struct GivenHint {
    to: Coordinates,
    at: Timestamp,
}

impl Repositioning {
    /// Notes that a rider has requested a trip.
    pub(super) fn requested(&self, rider: RiderId, trip: TripId, at: Timestamp, from: Coordinates) {
        self.0.lock().requests.add(rider, trip, at, from);
    }

    /// Notes that a request was cancelled.
    pub(super) fn cancelled(&self, rider: RiderId, trip: TripId) {
        self.0.lock().requests.cancel(rider, trip);
    }

    /// Where a driver who asks should wait; nothing if the driver should stay, or is not free.
    pub(super) fn hint(
        &self,
        driver: DriverId,
        supply: &Supply,
        at: Timestamp,
    ) -> Option<Coordinates> {
        if self.0.lock().note_asking(driver, supply, at) {
            // The plan is made without the lock, because the task that announces events needs it too.
            let free = supply.free(at);
            let (requested, idle) = self.0.lock().inputs(free);
            let hints = reposition::hints(&requested, &idle);
            self.0.lock().give(hints, at);
        }
        let is_free = supply.occupation(driver) == Some(Occupation::Free);
        let hint = self.0.lock().asking.get(&driver)?.hint;
        hint.filter(|_| is_free).map(|hint| hint.to)
    }
}

impl RepositioningMemory {
    /// Notes that a driver asks. Returns whether it is time to plan the hints of all drivers anew.
    fn note_asking(&mut self, driver: DriverId, supply: &Supply, at: Timestamp) -> bool {
        let hint = self.asking.get(&driver).and_then(|asking| asking.hint);
        self.asking
            .insert(driver, AskingDriver { asked_at: at, hint });
        self.forget(supply, at);
        let planned_at = self.planned_at;
        let is_time = planned_at.is_none_or(|planned| at.duration_since(planned) >= PLAN_EVERY);
        if is_time {
            self.planned_at = Some(at);
        }
        is_time
    }

    /// The recent requests, and the free drivers with the places where they are going.
    fn inputs(&self, free: Vec<(DriverId, Coordinates)>) -> (Vec<Requested>, Vec<Idle>) {
        let idle = free.into_iter().map(|(driver, place)| Idle {
            driver,
            place,
            bound_for: self.bound_for(driver, place),
        });
        (self.requests.recent(), idle.collect())
    }

    /// Forgets old requests, drivers who no longer ask, and hints that are old, were followed, or precede a trip.
    fn forget(&mut self, supply: &Supply, at: Timestamp) {
        let is_old = |since: Timestamp, life| at.duration_since(since) > life;
        self.requests.forget(at);
        self.asking
            .retain(|_, asking| !is_old(asking.asked_at, ASKING));
        for (driver, asking) in &mut self.asking {
            asking.hint = asking.hint.filter(|hint| {
                supply.seen(*driver).is_some_and(|seen| {
                    let has_arrived = seen.place.metres_to(hint.to) <= ARRIVED_M;
                    !has_arrived && !is_old(hint.at, LIFE) && hint.at >= seen.since
                })
            });
        }
    }

    /// Where an idle driver is going. A driver who does not ask gets no hint and is assumed to stay.
    fn bound_for(&self, driver: DriverId, place: Coordinates) -> Option<Coordinates> {
        match self.asking.get(&driver) {
            Some(asking) => asking.hint.map(|hint| hint.to),
            None => Some(place),
        }
    }

    fn give(&mut self, hints: Vec<Hint>, at: Timestamp) {
        for Hint { driver, to } in hints {
            if let Some(asking) = self.asking.get_mut(&driver) {
                asking.hint = Some(GivenHint { to, at });
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

    /// A place this many hundredths of a degree to the north; each is 1,112 m.
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

    /// Two drivers who idle in one place, and trips that begin there and elsewhere.
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
        assert!(repositioning.0.lock().asking[&driver(1)].hint.is_none());
        repositioning.0.lock().forget(&supply, at(500));
        assert!(repositioning.0.lock().asking.is_empty());
        repositioning.0.lock().forget(&supply, at(2_000));
        assert!(repositioning.0.lock().requests.recent().is_empty());
    }
}
