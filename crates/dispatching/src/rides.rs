//! The rides under way and where they will end: whoever drives one will soon be free.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;

use super::policy::EndingRide;
use domain::{Coordinates, DriverId};
use eta::{EtaQuery, Provider};
use supply::Supply;

/// Who will be free in so many seconds counts as supply.
const SOON_S: u32 = 60;

/// Who has been about to be free for longer than this is not expected to be: the app may be dead, or its driver has forgotten it.
const SOON_FOR: SignedDuration = SignedDuration::from_secs(2 * SOON_S as i64);

/// Where the rides under way will end; cheap to clone.
#[derive(Clone, Default)]
pub struct Rides(Arc<Mutex<HashMap<DriverId, RideInProgress>>>);

#[derive(Clone, Copy)]
struct RideInProgress {
    drop_off: Coordinates,
    /// Since when its driver would be free within a minute, if so.
    soon_since: Option<Timestamp>,
}

impl Rides {
    /// A driver is on the way to a drop-off, if it is known where that is.
    pub fn begin(&self, driver: DriverId, drop_off: Option<Coordinates>) {
        let mut rides = self.0.lock();
        match drop_off {
            Some(drop_off) => rides.insert(
                driver,
                RideInProgress {
                    drop_off,
                    soon_since: None,
                },
            ),
            None => rides.remove(&driver),
        };
    }

    /// A driver has nobody in the car any more.
    pub fn end(&self, driver: DriverId) {
        self.0.lock().remove(&driver);
    }

    /// The drivers who will be free within a minute, by their ids.
    pub fn ending(&self, supply: &Supply, eta: &dyn Provider, at: Timestamp) -> Vec<EndingRide> {
        let rides: Vec<(DriverId, Coordinates)> = {
            let rides = self.0.lock();
            let each = rides.iter();
            each.map(|(driver, ride)| (*driver, ride.drop_off))
                .collect()
        };
        let near = rides.into_iter().filter_map(|(driver, drop_off)| {
            let place = supply.seen(driver)?.place;
            let is_near =
                !supply.is_stale(driver, at) && supply.reaches(place.metres_to(drop_off), SOON_S);
            is_near.then_some((driver, drop_off, [place]))
        });
        let mut near: Vec<_> = near.collect();
        near.sort_unstable_by_key(|(driver, _, _)| *driver);
        let asks = near.iter().map(|(_, drop_off, place)| EtaQuery {
            pick_up: *drop_off,
            drivers: place,
            within_s: SOON_S,
        });
        let asks: Vec<EtaQuery<'_>> = asks.collect();
        let answers = eta.to_pick_up(&asks, at);
        let soon = near.iter().zip(answers).filter_map(|(near, answer)| {
            let free_in_s = answer.seconds.first().copied().flatten()?;
            Some((near, free_in_s))
        });
        let soon: Vec<_> = soon.collect();
        self.note_soon(&soon.iter().map(|(near, _)| near.0).collect(), at);
        let rides = self.0.lock();
        let is_believed = |driver: &DriverId| {
            let since = rides.get(driver).and_then(|ride| ride.soon_since);
            since.is_some_and(|since| at.duration_since(since) <= SOON_FOR)
        };
        let soon = soon.into_iter().filter(|(near, _)| is_believed(&near.0));
        let soon = soon.map(|(near, free_in_s)| {
            EndingRide {
                driver: near.0,
                drop_off: near.1,
                // Whoever has a rider in the car is not free yet, wherever that is.
                free_in_s: free_in_s.max(1),
            }
        });
        soon.collect()
    }

    /// Notes whose rides are about to end.
    fn note_soon(&self, soon: &HashSet<DriverId>, at: Timestamp) {
        for (driver, ride) in self.0.lock().iter_mut() {
            let since = ride.soon_since.unwrap_or(at);
            ride.soon_since = soon.contains(driver).then_some(since);
        }
    }
}
