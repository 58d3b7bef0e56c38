//! The drivers on shift, with an index of where the free ones are.
//!
//! A driver on shift has one record (`shift`) in a map, and one entry in an index of the earth's surface ([`grid`])
//! once one of their positions was believed ([`judge`]). A thread that changes a driver's place, occupation or vehicle
//! holds the record until the index is changed too, so concurrent changes leave neither two entries nor none. A search
//! reads no record: it sees each driver as they are, or as they were a moment ago. That is enough, because a search
//! decides nothing: the database decides who gets an offer.
//!
//! The map is cut into `SHARDS` with a lock each, and holds the records by value. A report among 100,000 drivers mostly
//! waits for memory, so neither a pointer nor a second lock stands before the record.
//!
//! Everything here is in memory and grows with the number of drivers on shift: a fix lives until the next one, a cell
//! while a driver is in it, a class while a driver drives it. Time is an argument. After a start, the caller puts the
//! drivers on shift again.

#![warn(unreachable_pub)]

mod classes;
mod counters;
mod fit;
pub mod grid;
pub mod judge;
mod shift;

#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use dashmap::{DashMap, Entry};
use jiff::Timestamp;

use domain::{Coordinates, DriverId, Fix, Vehicle, VehicleClass};
use eta::Straight;

use classes::Classes;
use counters::{Occupations, Verdicts};
use fit::unfit;
use grid::Grid;
use judge::Counts;
use shift::DriverOnShift;

pub use counters::OnShift;
pub use fit::{PassedOver, Unfit};
pub use judge::Verdict;
pub use shift::{IDLE_AFTER, Occupation, STALE_AFTER};

/// The drivers on shift. Clones share the same state.
#[derive(Debug, Clone, Default)]
pub struct Supply {
    shared: Arc<SharedSupply>,
}

/// Enough shards that threads which report at the same time hardly ever meet.
const SHARDS: usize = 256;

#[derive(Debug)]
struct SharedSupply {
    shifts: DashMap<DriverId, DriverOnShift, foldhash::fast::RandomState>,
    grid: Grid,
    classes: Classes,
    eta: Straight,
    verdicts: Verdicts,
    occupations: Occupations,
}

impl Default for SharedSupply {
    fn default() -> Self {
        Self {
            shifts: DashMap::with_hasher_and_shard_amount(Default::default(), SHARDS),
            grid: Grid::default(),
            classes: Classes::default(),
            eta: Straight::default(),
            verdicts: Verdicts::default(),
            occupations: Occupations::default(),
        }
    }
}

/// The driver is not on shift.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("The driver is not on shift.")]
pub struct NotOnShift;

/// The result of a report of fixes.
#[derive(Debug, Clone, PartialEq)]
pub struct Reported {
    /// The number of fixes by verdict.
    pub counts: Counts,
    /// In the order of their times.
    pub accepted: Vec<Fix>,
}

impl Reported {
    /// The last accepted fix.
    pub fn latest(&self) -> Option<&Fix> {
        self.accepted.last()
    }
}

/// What a trip needs of a driver.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    pub from: Coordinates,
    /// The greatest number of drivers to find.
    pub k: usize,
    /// The longest time to the pick-up, in seconds.
    pub eta_max_s: u32,
    pub class: &'a VehicleClass,
    /// The number of seats that the vehicle must have.
    pub passengers: u8,
    /// The current time.
    pub at: Timestamp,
    /// Drivers for whom this is true are left out.
    pub except: &'a dyn Fn(DriverId) -> bool,
}

/// A driver who may get the trip.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NearbyDriver {
    pub driver: DriverId,
    /// Distance to the pick-up by straight line.
    pub metres: f64,
    /// Time to the pick-up, in seconds.
    pub eta_s: u32,
}

/// What dispatching needs of a driver on shift whose position is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    pub place: Coordinates,
    /// Since when the driver has waited for a trip, or has been serving one.
    pub since: Timestamp,
    /// How many offers the driver accepted in this shift.
    pub accepted: u32,
    /// How many offers the driver declined or let expire in this shift.
    pub refused: u32,
}

impl Supply {
    /// Puts a driver on shift, free. A driver who is on shift already keeps their place and occupation and goes on in
    /// the given vehicle.
    pub fn begin(&self, driver: DriverId, vehicle: Vehicle, at: Timestamp) {
        let SharedSupply {
            classes,
            grid,
            occupations,
            ..
        } = &*self.shared;
        let class = classes.add_driver(&vehicle.class);
        match self.shared.shifts.entry(driver) {
            Entry::Occupied(mut shift) => {
                let before = shift.get_mut().resume(grid, vehicle, class, at);
                classes.remove_driver(&before.class);
            }
            Entry::Vacant(place) => {
                place.insert(DriverOnShift::new(driver, vehicle, class, at));
                occupations.increment(Occupation::Free);
            }
        }
    }

    /// Takes a driver off shift.
    pub fn end(&self, driver: DriverId) -> Result<(), NotOnShift> {
        let SharedSupply {
            classes,
            grid,
            occupations,
            ..
        } = &*self.shared;
        // Under the shard's lock, before another call can begin a new shift.
        let ended = self.shared.shifts.remove_if_mut(&driver, |_, shift| {
            classes.remove_driver(&shift.end(grid).class);
            occupations.decrement(shift.occupation());
            true
        });
        ended.map(drop).ok_or(NotOnShift)
    }

    /// Judges a report's fixes in the order of their times, and moves the driver to the last accepted one.
    pub fn report(
        &self,
        driver: DriverId,
        fixes: &[Fix],
        received_at: Timestamp,
    ) -> Result<Reported, NotOnShift> {
        let (accepted, counts) = self.change(driver, |shift| {
            shift.report(&self.shared.grid, fixes, received_at)
        })?;
        self.shared.verdicts.add(counts);
        Ok(Reported { counts, accepted })
    }

    /// Counts reported fixes that are no positions.
    pub fn count_invalid(&self, invalid: u64) {
        self.shared.verdicts.add(Counts {
            invalid,
            ..Counts::default()
        });
    }

    /// Changes a driver's occupation; returns the one before.
    pub fn occupy(
        &self,
        driver: DriverId,
        occupation: Occupation,
    ) -> Result<Occupation, NotOnShift> {
        let SharedSupply {
            grid, occupations, ..
        } = &*self.shared;
        self.change(driver, |shift| {
            let before = shift.occupy(grid, occupation);
            occupations.decrement(before);
            occupations.increment(occupation);
            before
        })
    }

    /// Begins a driver's wait anew, after a trip. Does nothing for a driver off shift.
    pub fn wait_from(&self, driver: DriverId, at: Timestamp) {
        let _ = self.change(driver, |shift| shift.wait_from(at));
    }

    /// A driver's occupation; `None` when off shift.
    pub fn occupation(&self, driver: DriverId) -> Option<Occupation> {
        self.on_shift(driver, |shift| shift.occupation())
    }

    /// A driver's last accepted fix.
    pub fn latest(&self, driver: DriverId) -> Option<Fix> {
        self.on_shift(driver, |shift| shift.latest()).flatten()
    }

    /// Whether a driver gets no offers, because no fix was accepted for longer than [`STALE_AFTER`] or because they are
    /// off shift.
    pub fn is_stale(&self, driver: DriverId, at: Timestamp) -> bool {
        self.on_shift(driver, |shift| shift.is_stale(at))
            .unwrap_or(true)
    }

    /// The drivers without an accepted fix for [`IDLE_AFTER`], sorted by id. A driver on a trip is never among them.
    pub fn idle(&self, at: Timestamp) -> Vec<DriverId> {
        let shifts = self.shared.shifts.iter();
        let idle = shifts.filter(|shift| shift.is_idle(at));
        let mut idle: Vec<DriverId> = idle.map(|shift| *shift.key()).collect();
        idle.sort_unstable();
        idle
    }

    /// The drivers who may get an offer and whose position is known, sorted by id.
    pub fn free(&self, at: Timestamp) -> Vec<(DriverId, Coordinates)> {
        let free = self.shared.shifts.iter().filter_map(|shift| {
            let is_free = shift.occupation() == Occupation::Free && !shift.is_stale(at);
            let place = shift.seen().filter(|_| is_free)?.place;
            Some((*shift.key(), place))
        });
        let mut free: Vec<(DriverId, Coordinates)> = free.collect();
        free.sort_unstable_by_key(|(driver, _)| *driver);
        free
    }

    /// The nearest drivers who may get the trip: free, of the class, with the seats, heard of within [`STALE_AFTER`],
    /// and there in time. Nearest first; of equally near drivers the smaller id comes first.
    pub fn nearest(&self, wanted: &Wanted<'_>) -> Vec<NearbyDriver> {
        let SharedSupply {
            classes, grid, eta, ..
        } = &*self.shared;
        let Some(class) = classes.number(wanted.class) else {
            return Vec::new();
        };
        let now = shift::ticks(wanted.at);
        let metres_max = eta.metres_max(wanted.eta_max_s);
        let found = grid.nearest(wanted.from, wanted.k, metres_max, |driver, tags| {
            unfit(wanted, Some(class), now, driver, tags).is_none()
        });
        // Allocates the final size at once: growing would wait for the allocator, which reporting threads keep busy.
        let mut candidates = Vec::with_capacity(found.len());
        let in_order = found.into_iter().map(|found| NearbyDriver {
            driver: found.driver,
            metres: found.metres,
            eta_s: eta.seconds(found.metres),
        });
        candidates.extend(in_order.take_while(|near| near.eta_s <= wanted.eta_max_s));
        candidates
    }

    /// The nearest `k` drivers within reach who may not get the trip, each with the reason.
    pub fn passed_over(&self, wanted: &Wanted<'_>) -> Vec<PassedOver> {
        let SharedSupply {
            classes, grid, eta, ..
        } = &*self.shared;
        let class = classes.number(wanted.class);
        let now = shift::ticks(wanted.at);
        let metres_max = eta.metres_max(wanted.eta_max_s);
        let whys = RefCell::new(HashMap::new());
        let found = grid.nearest(wanted.from, wanted.k, metres_max, |driver, tags| {
            let why = unfit(wanted, class, now, driver, tags);
            why.is_some_and(|why| {
                whys.borrow_mut().insert(driver, why);
                true
            })
        });
        let whys = whys.into_inner();
        let passed_over = found.into_iter().filter_map(|found| {
            Some(PassedOver {
                driver: found.driver,
                metres: found.metres,
                why: *whys.get(&found.driver)?,
            })
        });
        passed_over.collect()
    }

    /// A driver whose position is known, as dispatching needs them.
    pub fn seen(&self, driver: DriverId) -> Option<Seen> {
        self.on_shift(driver, DriverOnShift::seen).flatten()
    }

    /// Whether a driver on shift has the right vehicle for a trip of that class and number of passengers.
    pub fn serves(&self, driver: DriverId, class: &VehicleClass, passengers: u8) -> bool {
        let serves = |shift: &DriverOnShift| shift.vehicle().serves(class, passengers);
        self.on_shift(driver, serves).unwrap_or(false)
    }

    /// Whether a driver at that distance by straight line can be there in time.
    pub fn reaches(&self, metres: f64, eta_max_s: u32) -> bool {
        metres <= self.shared.eta.metres_max(eta_max_s)
    }

    /// Counts a driver's answer to an offer. An expired offer counts as refused.
    pub fn answered(&self, driver: DriverId, is_accepted: bool) {
        let _ = self.change(driver, |shift| shift.answered(is_accepted));
    }

    /// Reported fixes since the start, counted by verdict.
    pub fn verdicts(&self) -> Counts {
        self.shared.verdicts.total()
    }

    /// Drivers on shift, counted by occupation.
    pub fn drivers(&self) -> OnShift {
        self.shared.occupations.now()
    }

    fn on_shift<R>(&self, driver: DriverId, read: impl FnOnce(&DriverOnShift) -> R) -> Option<R> {
        self.shared.shifts.get(&driver).map(|shift| read(&shift))
    }

    fn change<R>(
        &self,
        driver: DriverId,
        change: impl FnOnce(&mut DriverOnShift) -> R,
    ) -> Result<R, NotOnShift> {
        let shift = self.shared.shifts.get_mut(&driver);
        shift.map(|mut shift| change(&mut shift)).ok_or(NotOnShift)
    }
}
