//! Where the free drivers are.
//!
//! A driver on shift has one record (`shift`) in a map, and one entry in an index of the
//! earth's surface ([`grid`](crate::supply::grid)) once a position of theirs is believed ([`judge`](crate::supply::judge)).
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

mod classes;
pub mod grid;
pub mod judge;
mod shift;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use dashmap::{DashMap, Entry};
use jiff::Timestamp;
use serde::Serialize;

use crate::domain::{Coordinates, DriverId, Fix, Vehicle, VehicleClass};
use crate::eta::Straight;

use classes::Classes;
use grid::Grid;
use judge::Counts;
use shift::Shift;

pub use judge::Verdict;
pub use shift::{IDLE_AFTER, Occupation, STALE_AFTER};

/// The drivers on shift; clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Supply {
    shared: Arc<Shared>,
}

/// So many that threads which report at once hardly ever meet.
const SHARDS: usize = 256;

#[derive(Debug)]
struct Shared {
    shifts: DashMap<DriverId, Shift, foldhash::fast::RandomState>,
    grid: Grid,
    classes: Classes,
    eta: Straight,
    verdicts: Verdicts,
    occupations: Occupations,
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            shifts: DashMap::with_hasher_and_shard_amount(Default::default(), SHARDS),
            grid: Grid::default(),
            classes: Classes::default(),
            eta: Eta::default(),
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
#[derive(Debug, Clone, Copy)]
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
    /// Not these.
    pub except: &'a [DriverId],
}

/// A driver who may get the trip.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// Who.
    pub driver: DriverId,
    /// How far from the pick-up, by straight line.
    pub metres: f64,
    /// How long to the pick-up, in seconds.
    pub eta_s: u32,
}

/// Who is at what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, utoipa::ToSchema)]
pub struct OnShift {
    /// May get an offer.
    pub free: u64,
    /// Have one to decide on.
    pub offered: u64,
    /// Serve a trip.
    pub on_trip: u64,
}

impl Supply {
    /// Nobody on shift, and another way to guess the time to a pick-up.
    pub fn with_eta(eta: Straight) -> Self {
        let shared = Shared {
            eta,
            ..Shared::default()
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Puts a driver on shift, free. One who is on shift already goes on in that vehicle, where and at what they were.
    pub fn begin(&self, driver: DriverId, vehicle: Vehicle, at: Timestamp) {
        let Shared {
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
                place.insert(Shift::new(driver, vehicle, class, at));
                occupations.of(Occupation::Free).fetch_add(1, RELAXED);
            }
        }
    }

    /// Takes a driver off shift.
    pub fn end(&self, driver: DriverId) -> Result<(), NotOnShift> {
        let Shared {
            classes,
            grid,
            occupations,
            ..
        } = &*self.shared;
        // Before anybody can begin anew.
        let ended = self.shared.shifts.remove_if_mut(&driver, |_, shift| {
            classes.give_back(&shift.end(grid).class);
            let occupation = shift.occupation();
            occupations.of(occupation).fetch_sub(1, RELAXED);
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

    /// Says what a driver is at; gives what it was before.
    pub fn occupy(
        &self,
        driver: DriverId,
        occupation: Occupation,
    ) -> Result<Occupation, NotOnShift> {
        let Shared {
            grid, occupations, ..
        } = &*self.shared;
        self.change(driver, |shift| {
            let before = shift.occupy(grid, occupation);
            occupations.of(before).fetch_sub(1, RELAXED);
            occupations.of(occupation).fetch_add(1, RELAXED);
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

    /// The nearest who may get the trip: free, of the class, with the seats, heard of within [`STALE_AFTER`], and there in time. Nearest first, of equally near ones the
    /// smaller id first.
    pub fn nearest(&self, wanted: &Wanted<'_>) -> Vec<Candidate> {
        let Shared {
            classes, grid, eta, ..
        } = &*self.shared;
        let Some(class) = classes.number(wanted.class) else {
            return Vec::new();
        };
        let now = shift::ticks(wanted.at);
        let metres_max = eta.metres_max(wanted.eta_max_s);
        let found = grid.nearest(wanted.from, wanted.k, metres_max, |driver, tags| {
            tags.is_free
                && tags.class == class
                && tags.seats >= wanted.passengers
                && !shift::is_stale(tags.heard, now)
                && !wanted.except.contains(&driver)
        });
        let candidates = found.into_iter().map(|found| Candidate {
            driver: found.driver,
            metres: found.metres,
            eta_s: eta.seconds(found.metres),
        });
        candidates
            .take_while(|candidate| candidate.eta_s <= wanted.eta_max_s)
            .collect()
    }

    /// How many fixes were found to be what, since the start.
    pub fn verdicts(&self) -> Counts {
        self.shared.verdicts.total()
    }

    /// How many drivers are at what.
    pub fn drivers(&self) -> OnShift {
        self.shared.occupations.now()
    }

    fn on_shift<R>(&self, driver: DriverId, look: impl FnOnce(&Shift) -> R) -> Option<R> {
        self.shared.shifts.get(&driver).map(|shift| look(&shift))
    }

    fn change<R>(
        &self,
        driver: DriverId,
        change: impl FnOnce(&mut Shift) -> R,
    ) -> Result<R, NotOnShift> {
        let shift = self.shared.shifts.get_mut(&driver);
        shift.map(|mut shift| change(&mut shift)).ok_or(NotOnShift)
    }
}

/// Counters order nothing.
const RELAXED: Ordering = Ordering::Relaxed;

#[derive(Debug, Default)]
struct Verdicts {
    accepted: AtomicU64,
    late: AtomicU64,
    duplicate: AtomicU64,
    impossible: AtomicU64,
    too_frequent: AtomicU64,
}

impl Verdicts {
    fn add(&self, counts: Counts) {
        let each = [
            (&self.accepted, counts.accepted),
            (&self.late, counts.late),
            (&self.duplicate, counts.duplicate),
            (&self.impossible, counts.impossible),
            (&self.too_frequent, counts.too_frequent),
        ];
        for (total, more) in each.into_iter().filter(|(_, more)| *more > 0) {
            total.fetch_add(more, RELAXED);
        }
    }

    fn total(&self) -> Counts {
        Counts {
            accepted: self.accepted.load(RELAXED),
            late: self.late.load(RELAXED),
            duplicate: self.duplicate.load(RELAXED),
            impossible: self.impossible.load(RELAXED),
            too_frequent: self.too_frequent.load(RELAXED),
        }
    }
}

/// Signed, because a driver may be counted out before being counted in.
#[derive(Debug, Default)]
struct Occupations {
    free: AtomicI64,
    offered: AtomicI64,
    on_trip: AtomicI64,
}

impl Occupations {
    fn of(&self, occupation: Occupation) -> &AtomicI64 {
        match occupation {
            Occupation::Free => &self.free,
            Occupation::Offered => &self.offered,
            Occupation::OnTrip(_) => &self.on_trip,
        }
    }

    fn now(&self) -> OnShift {
        let count = |drivers: &AtomicI64| u64::try_from(drivers.load(RELAXED)).unwrap_or(0);
        OnShift {
            free: count(&self.free),
            offered: count(&self.offered),
            on_trip: count(&self.on_trip),
        }
    }
}
