//! The rides under way and where they end, to know which drivers will soon be free.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;

use super::policy::EndingRide;
use domain::{Coordinates, DriverId};
use eta::{EtaQuery, Provider};
use supply::Supply;

/// A driver who is free within this many seconds counts as supply.
const SOON_S: u32 = 60;

/// A driver who has been about to be free for longer than this no longer counts: the app may be dead, or the driver has
/// forgotten to complete the ride.
const SOON_FOR: SignedDuration = SignedDuration::from_secs(2 * SOON_S as i64);

/// The drop-offs of the rides under way. Clones share the same state.
#[derive(Clone, Default)]
pub struct Rides(Arc<Mutex<HashMap<DriverId, RideInProgress>>>);

#[derive(Clone, Copy)]
struct RideInProgress {
    drop_off: Coordinates,
    /// Since when its driver has been within [`SOON_S`] of the drop-off.
    soon_since: Option<Timestamp>,
}

impl Rides {
    /// Notes a ride to a drop-off, if its location is known.
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

    /// Notes that a driver's ride is over.
    pub fn end(&self, driver: DriverId) {
        self.0.lock().remove(&driver);
    }

    /// The drivers who will be free within `SOON_S` seconds, sorted by id.
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
        let queries = near.iter().map(|(_, drop_off, place)| EtaQuery {
            pick_up: *drop_off,
            drivers: place,
            within_s: SOON_S,
        });
        let queries: Vec<EtaQuery<'_>> = queries.collect();
        let answers = eta.to_pick_up(&queries, at);
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
                // With a rider in the car a driver is not free yet, even at the drop-off.
                free_in_s: free_in_s.max(1),
            }
        });
        soon.collect()
    }

    /// Notes which rides are about to end, and since when.
    fn note_soon(&self, soon: &HashSet<DriverId>, at: Timestamp) {
        for (driver, ride) in self.0.lock().iter_mut() {
            let since = ride.soon_since.unwrap_or(at);
            ride.soon_since = soon.contains(driver).then_some(since);
        }
    }
}
