//! Where the free drivers are.
//!
//! A driver on shift has one record (`shift`) in a map, and one entry in an index of the
//! earth's surface ([`grid`]) once a position of theirs is believed ([`judge`]).
//! Whoever changes a driver, be it the place, the occupation or the vehicle, has the record to themselves until the index has it too, so
//! two who do it at once leave neither two entries nor none. A search touches no record: it sees each driver as they
//! are, or as they were a moment ago. That is enough, because it decides nothing: whom an offer goes to is written by the
//! database.
//!
//! The map is cut into `SHARDS` with a lock each, and a record lies in it as it is: a report among 100,000 drivers mostly waits for memory, so
//! neither a pointer nor a second lock stands before it.
//!
//! Everything here is in memory and as large as the number of drivers on shift: a fix lives until the next one, a cell
//! while somebody is in it, a class while somebody drives it. Time is an argument. What is on shift after a start is told
//! by the caller.

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

/// The drivers on shift; clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Supply {
    shared: Arc<SharedSupply>,
}

/// So many that threads which report at once hardly ever meet.
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

/// What became of reported fixes.
#[derive(Debug, Clone, PartialEq)]
pub struct Reported {
    /// How many were found to be what.
    pub counts: Counts,
    /// Those that were accepted, in the order of their times.
    pub accepted: Vec<Fix>,
}

impl Reported {
    /// The last of those accepted.
    pub fn latest(&self) -> Option<&Fix> {
        self.accepted.last()
    }
}

/// Whom a trip needs.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    /// The pick-up.
    pub from: Coordinates,
    /// How many drivers at most.
    pub k: usize,
    /// How long they may take to the pick-up, in seconds.
    pub eta_max_s: u32,
    /// What they must drive.
    pub class: &'a VehicleClass,
    /// How many seats they must have.
    pub passengers: u8,
    /// Now.
    pub at: Timestamp,
    /// Not those of whom this is true.
    pub except: &'a dyn Fn(DriverId) -> bool,
}

/// A driver who may get the trip.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NearbyDriver {
    /// Who.
    pub driver: DriverId,
    /// How far from the pick-up, by straight line.
    pub metres: f64,
    /// How long to the pick-up, in seconds.
    pub eta_s: u32,
}

/// What is known of a driver on shift whose place is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    /// Where.
    pub place: Coordinates,
    /// Since when the driver waits for a trip, or serves one.
    pub since: Timestamp,
    /// How many offers of this shift the driver accepted.
    pub accepted: u32,
    /// How many the driver declined or let expire.
    pub refused: u32,
}

impl Supply {
    /// Puts a driver on shift, free. One who is on shift already goes on in that vehicle, where and at what they were.
    pub fn begin(&self, driver: DriverId, vehicle: Vehicle, at: Timestamp) {
        let SharedSupply {
            classes,
            grid,
            occupations,
            ..
        } = &*self.shared;
        let class = classes.take(&vehicle.class);
        match self.shared.shifts.entry(driver) {
            Entry::Occupied(mut shift) => {
                let before = shift.get_mut().resume(grid, vehicle, class, at);
                classes.give_back(&before.class);
            }
            Entry::Vacant(place) => {
                place.insert(DriverOnShift::new(driver, vehicle, class, at));
                occupations.one_more(Occupation::Free);
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
        // Before anybody can begin anew.
        let ended = self.shared.shifts.remove_if_mut(&driver, |_, shift| {
            classes.give_back(&shift.end(grid).class);
            occupations.one_less(shift.occupation());
            true
        });
        ended.map(drop).ok_or(NotOnShift)
    }

    /// Judges what a driver's device says, in the order of its times, and moves the driver to the last place that was accepted.
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

    /// Counts what devices reported that is no position.
    pub fn count_invalid(&self, invalid: u64) {
        self.shared.verdicts.add(Counts {
            invalid,
            ..Counts::default()
        });
    }

    /// Says what a driver is at; gives what it was before.
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
            occupations.one_less(before);
            occupations.one_more(occupation);
            before
        })
    }

    /// A driver's trip is over, so that they wait from then on, whenever they were heard of last; those off shift do not.
    pub fn wait_from(&self, driver: DriverId, at: Timestamp) {
        let _ = self.change(driver, |shift| shift.wait_from(at));
    }

    /// What a driver is at; nothing when off shift.
    pub fn occupation(&self, driver: DriverId) -> Option<Occupation> {
        self.on_shift(driver, |shift| shift.occupation())
    }

    /// Where a driver is, as far as it was believed.
    pub fn latest(&self, driver: DriverId) -> Option<Fix> {
        self.on_shift(driver, |shift| shift.latest()).flatten()
    }

    /// Whether too little has been heard of a driver lately to offer them a trip; so it is off shift.
    pub fn is_stale(&self, driver: DriverId, at: Timestamp) -> bool {
        self.on_shift(driver, |shift| shift.is_stale(at))
            .unwrap_or(true)
    }

    /// The drivers of whom nothing has been heard for [`IDLE_AFTER`], by their ids. A driver on a trip is never among them.
    pub fn idle(&self, at: Timestamp) -> Vec<DriverId> {
        let shifts = self.shared.shifts.iter();
        let idle = shifts.filter(|shift| shift.is_idle(at));
        let mut idle: Vec<DriverId> = idle.map(|shift| *shift.key()).collect();
        idle.sort_unstable();
        idle
    }

    /// Those who may get an offer and have a place, by their ids.
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

    /// The nearest who may get the trip: free, of the class, with the seats, heard of within [`STALE_AFTER`], and there in time. Nearest first, of equally near ones the
    /// smaller id first.
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
        // As large as it may become at once: growing means to wait for the allocator, which those who report keep busy.
        let mut candidates = Vec::with_capacity(found.len());
        let in_order = found.into_iter().map(|found| NearbyDriver {
            driver: found.driver,
            metres: found.metres,
            eta_s: eta.seconds(found.metres),
        });
        candidates.extend(in_order.take_while(|near| near.eta_s <= wanted.eta_max_s));
        candidates
    }

    /// The nearest `k` who may not get the trip although they might be there in time, and why not.
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

    /// What is known of a driver whose place is known.
    pub fn seen(&self, driver: DriverId) -> Option<Seen> {
        self.on_shift(driver, DriverOnShift::seen).flatten()
    }

    /// Whether a driver on shift has the vehicle for a trip of that class for so many passengers.
    pub fn serves(&self, driver: DriverId, class: &VehicleClass, passengers: u8) -> bool {
        let serves = |shift: &DriverOnShift| shift.vehicle().serves(class, passengers);
        self.on_shift(driver, serves).unwrap_or(false)
    }

    /// Whether a driver at that distance by straight line may be there in time.
    pub fn reaches(&self, metres: f64, eta_max_s: u32) -> bool {
        metres <= self.shared.eta.metres_max(eta_max_s)
    }

    /// A driver has answered an offer, or let its time pass.
    pub fn answered(&self, driver: DriverId, is_accepted: bool) {
        let _ = self.change(driver, |shift| shift.answered(is_accepted));
    }

    /// How many fixes were found to be what, since the start.
    pub fn verdicts(&self) -> Counts {
        self.shared.verdicts.total()
    }

    /// How many drivers are at what.
    pub fn drivers(&self) -> OnShift {
        self.shared.occupations.now()
    }

    fn on_shift<R>(&self, driver: DriverId, look: impl FnOnce(&DriverOnShift) -> R) -> Option<R> {
        self.shared.shifts.get(&driver).map(|shift| look(&shift))
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
