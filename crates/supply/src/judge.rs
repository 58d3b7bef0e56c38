//! Whether to believe a device.
//!
//! Devices send positions late, twice, in bursts, and from where the driver has never been: a phone that sees no sky takes its place from a mast or
//! a stranger's network. A fix is judged against the last one that was believed. Pure: the time of receipt comes in as an argument.
//!
//! Nobody must be stuck where they are not, so a place too far away is believed after all once [`CONFIRMED_BY`] fixes in a row agree on it that were received
//! apart: what a device says at once, with whatever times, it says once. That says where a driver is, not that anybody drove there. And nobody
//! can be stuck in the future: a device's clock may be ahead by [`AHEAD_MAX`] only, so what it says is late for no longer than that once it has been set right.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use domain::Fix;

use super::grid::{distance_at_most_m, distance_m};

/// Faster than this nobody drives, in metres a second.
pub(crate) const SPEED_MAX_MPS: f64 = 70.0;
/// A fix that may be further off says nothing about who is near, in metres.
pub(crate) const ACCURACY_MAX_M: f64 = 500.0;
/// A fix that soon after the last one tells nothing new.
pub(crate) const APART_MIN: SignedDuration = SignedDuration::from_millis(200);
/// How far a device's clock may be ahead of ours.
pub const AHEAD_MAX: SignedDuration = SignedDuration::from_secs(60);
/// How old a fix may be when it arrives.
pub(crate) const AGE_MAX: SignedDuration = SignedDuration::from_mins(10);
/// So many fixes that agree with each other make a place believed that could not have been reached.
pub const CONFIRMED_BY: u32 = 3;

/// What a fix was found to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It is where the driver is.
    Accepted,
    /// Older than what is known.
    Late,
    /// Of the same moment as what is known.
    Duplicate,
    /// Nobody can have got there so fast, or the device is too unsure.
    Impossible,
    /// Too old to say where the driver is now: it comes late, or the device's clock is behind.
    TooOld,
    /// Of a time that has not come: the device's clock is ahead.
    FromFuture,
    /// Too soon after what is known.
    TooFrequent,
}

/// How many fixes were found to be what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, utoipa::ToSchema)]
#[schema(as = PositionCounts)]
pub struct Counts {
    /// Where the driver is.
    pub accepted: u64,
    /// Older than what is known.
    pub late: u64,
    /// Of the same moment as what is known.
    pub duplicate: u64,
    /// Where nobody can have got so fast, or too unsure.
    pub impossible: u64,
    /// More than ten minutes old by the service's clock: sent late, or the device's clock is behind.
    pub too_old: u64,
    /// More than a minute ahead of the service's clock, so the device's clock is wrong.
    pub from_future: u64,
    /// No position: it breaks a rule, or says itself that the device did not know where it was.
    pub invalid: u64,
    /// Too soon after what is known.
    pub too_frequent: u64,
}

impl Counts {
    /// Counts one more.
    pub(crate) fn add(&mut self, verdict: Verdict) {
        *match verdict {
            Verdict::Accepted => &mut self.accepted,
            Verdict::Late => &mut self.late,
            Verdict::Duplicate => &mut self.duplicate,
            Verdict::Impossible => &mut self.impossible,
            Verdict::TooOld => &mut self.too_old,
            Verdict::FromFuture => &mut self.from_future,
            Verdict::TooFrequent => &mut self.too_frequent,
        } += 1;
    }
}

/// What is known of one device.
#[derive(Debug, Clone, Default)]
pub(crate) struct Judge {
    last: Option<Fix>,
    /// Hardly ever there, so it takes no room.
    doubted: Option<Box<Doubted>>,
}

/// A place that could not have been reached, as last said, and how many fixes in a row, received apart, have agreed on it.
#[derive(Debug, Clone)]
struct Doubted {
    last: Fix,
    agreeing: u32,
    /// When the last of those was received.
    counted_at: Timestamp,
}

impl Judge {
    /// The last fix that was believed.
    pub(crate) fn last(&self) -> Option<&Fix> {
        self.last.as_ref()
    }

    /// Judges fixes that came together, in the order of their times, and gives those that were accepted.
    pub(crate) fn judge_all(
        &mut self,
        fixes: &[Fix],
        received_at: Timestamp,
    ) -> (Vec<Fix>, Counts) {
        let mut accepted = Vec::with_capacity(fixes.len());
        let mut counts = Counts::default();
        let mut judge = |fix: &Fix| {
            let verdict = self.judge(fix, received_at);
            counts.add(verdict);
            if verdict == Verdict::Accepted {
                accepted.push(*fix);
            }
        };
        if fixes.is_sorted_by_key(|fix| fix.at) {
            fixes.iter().for_each(&mut judge);
        } else {
            let mut sorted: Vec<&Fix> = fixes.iter().collect();
            sorted.sort_by_key(|fix| fix.at);
            sorted.into_iter().for_each(&mut judge);
        }
        (accepted, counts)
    }

    /// Judges one fix, and remembers it if it is accepted.
    pub(crate) fn judge(&mut self, fix: &Fix, received_at: Timestamp) -> Verdict {
        let verdict = self.verdict(fix, received_at);
        if verdict == Verdict::Accepted {
            self.last = Some(*fix);
            self.doubted = None;
        }
        verdict
    }

    fn verdict(&mut self, fix: &Fix, received_at: Timestamp) -> Verdict {
        let age = received_at.duration_since(fix.at);
        let is_sure = |accuracy_m: f64| (0.0..=ACCURACY_MAX_M).contains(&accuracy_m);
        if age > AGE_MAX {
            return Verdict::TooOld;
        }
        if age < -AHEAD_MAX {
            return Verdict::FromFuture;
        }
        if !fix.accuracy_m.is_none_or(is_sure) {
            return Verdict::Impossible;
        }
        let Some(last) = &self.last else {
            return Verdict::Accepted;
        };
        let apart = fix.at.duration_since(last.at);
        if apart.is_negative() {
            Verdict::Late
        } else if apart.is_zero() {
            Verdict::Duplicate
        } else if apart < APART_MIN {
            Verdict::TooFrequent
        } else if is_reachable(last, fix) || self.is_confirmed(fix, received_at) {
            Verdict::Accepted
        } else {
            Verdict::Impossible
        }
    }

    /// Notes a place that could not have been reached; `true` when enough fixes in a row, received apart, have said so.
    fn is_confirmed(&mut self, fix: &Fix, received_at: Timestamp) -> bool {
        let first = Doubted {
            last: *fix,
            agreeing: 1,
            counted_at: received_at,
        };
        let doubted = match self.doubted.take() {
            // What says the same again at once, or comes too late, confirms nothing, and denies nothing.
            Some(doubted) if fix.at.duration_since(doubted.last.at) < APART_MIN => *doubted,
            Some(doubted) if !is_reachable(&doubted.last, fix) => first,
            Some(doubted) if received_at.duration_since(doubted.counted_at) < APART_MIN => {
                Doubted {
                    last: *fix,
                    ..*doubted
                }
            }
            Some(doubted) => Doubted {
                agreeing: doubted.agreeing + 1,
                ..first
            },
            None => first,
        };
        let is_confirmed = doubted.agreeing >= CONFIRMED_BY;
        self.doubted = Some(Box::new(doubted));
        is_confirmed
    }
}

/// Whether a driver can have got from the one place to the other, as far off as both may be.
fn is_reachable(from: &Fix, to: &Fix) -> bool {
    let unsure = from.accuracy_m.unwrap_or(0.0) + to.accuracy_m.unwrap_or(0.0);
    let seconds = to.at.duration_since(from.at).as_secs_f64();
    let reach = SPEED_MAX_MPS * seconds + unsure;
    // Hardly anybody is as fast as that, so the exact distance is seldom asked for.
    distance_at_most_m(from.location, to.location) <= reach
        || distance_m(from.location, to.location) <= reach
}

#[cfg(test)]
mod tests;
