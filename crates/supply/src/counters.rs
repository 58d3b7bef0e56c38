//! Counters: drivers by occupation, and reported fixes by verdict.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use serde::Serialize;

use super::judge::Counts;
use super::shift::Occupation;

/// Drivers on shift, counted by occupation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, utoipa::ToSchema)]
pub struct OnShift {
    /// Drivers who may get an offer.
    pub free: u64,
    /// Drivers with an offer to decide on.
    pub offered: u64,
    /// Drivers on a trip.
    pub on_trip: u64,
}

/// Counters order nothing.
const RELAXED: Ordering = Ordering::Relaxed;

/// Reported fixes, counted by verdict.
#[derive(Debug, Default)]
pub(super) struct Verdicts {
    accepted: AtomicU64,
    late: AtomicU64,
    duplicate: AtomicU64,
    impossible: AtomicU64,
    too_old: AtomicU64,
    from_future: AtomicU64,
    invalid: AtomicU64,
    too_frequent: AtomicU64,
}

impl Verdicts {
    /// Adds the counts of one report.
    pub(super) fn add(&self, counts: Counts) {
        let each = [
            (&self.accepted, counts.accepted),
            (&self.late, counts.late),
            (&self.duplicate, counts.duplicate),
            (&self.impossible, counts.impossible),
            (&self.too_old, counts.too_old),
            (&self.from_future, counts.from_future),
            (&self.invalid, counts.invalid),
            (&self.too_frequent, counts.too_frequent),
        ];
        for (total, more) in each.into_iter().filter(|(_, more)| *more > 0) {
            total.fetch_add(more, RELAXED);
        }
    }

    /// The counts since the start.
    pub(super) fn total(&self) -> Counts {
        Counts {
            accepted: self.accepted.load(RELAXED),
            late: self.late.load(RELAXED),
            duplicate: self.duplicate.load(RELAXED),
            impossible: self.impossible.load(RELAXED),
            too_old: self.too_old.load(RELAXED),
            from_future: self.from_future.load(RELAXED),
            invalid: self.invalid.load(RELAXED),
            too_frequent: self.too_frequent.load(RELAXED),
        }
    }
}

/// Drivers on shift, counted by occupation. The counters are signed because a driver may be counted out before being
/// counted in.
#[derive(Debug, Default)]
pub(super) struct Occupations {
    free: AtomicI64,
    offered: AtomicI64,
    on_trip: AtomicI64,
}

impl Occupations {
    /// Counts a driver in.
    pub(super) fn increment(&self, occupation: Occupation) {
        self.of(occupation).fetch_add(1, RELAXED);
    }

    /// Counts a driver out.
    pub(super) fn decrement(&self, occupation: Occupation) {
        self.of(occupation).fetch_sub(1, RELAXED);
    }

    fn of(&self, occupation: Occupation) -> &AtomicI64 {
        match occupation {
            Occupation::Free => &self.free,
            Occupation::Offered => &self.offered,
            Occupation::OnTrip(_) => &self.on_trip,
        }
    }

    /// The current counts.
    pub(super) fn now(&self) -> OnShift {
        let count = |drivers: &AtomicI64| u64::try_from(drivers.load(RELAXED)).unwrap_or(0);
        OnShift {
            free: count(&self.free),
            offered: count(&self.offered),
            on_trip: count(&self.on_trip),
        }
    }
}
