//! Decides whether to believe the positions that a device sends.
//!
//! Devices send positions late, twice, in bursts, and from places where the driver has never been: a phone without a
//! view of the sky takes its position from a mast or from an unrelated network. A fix is judged against the last one
//! that was believed. The judge is pure: the time of receipt is an argument.
//!
//! A driver must never be stuck at a wrong place. So a place too far away is believed after all once [`CONFIRMED_BY`]
//! fixes in a row agree on it. Only fixes that were received at different times count: a report counts once, whatever
//! times it names. Such a place says where the driver is, not that they drove there. Nor can a driver be stuck in the
//! future: a device's clock may be ahead by [`AHEAD_MAX`] at most, so once it is set right its fixes are late for no
//! longer than that.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use domain::Fix;

use super::grid::{distance_at_most_m, distance_m};

/// Faster than any driver drives, in metres a second.
pub(crate) const SPEED_MAX_MPS: f64 = 70.0;
/// A fix with a larger error, in metres, does not help to find who is near.
pub(crate) const ACCURACY_MAX_M: f64 = 500.0;
/// A fix that follows the last one sooner than this says nothing new.
pub(crate) const APART_MIN: SignedDuration = SignedDuration::from_millis(200);
/// How far a device's clock may be ahead of the service's.
pub const AHEAD_MAX: SignedDuration = SignedDuration::from_secs(60);
/// The greatest age of a fix when it arrives.
pub(crate) const AGE_MAX: SignedDuration = SignedDuration::from_mins(10);
/// How many fixes in a row must agree on a place out of reach before it is believed.
pub const CONFIRMED_BY: u32 = 3;

/// What the judge makes of a fix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The fix is believed: this is where the driver is.
    Accepted,
    /// Older than the last accepted fix.
    Late,
    /// At the same time as the last accepted fix.
    Duplicate,
    /// Too far from the last accepted fix to be reached in time, or too inaccurate.
    Impossible,
    /// Too old to say where the driver is now: it was sent late, or the device's clock is behind.
    TooOld,
    /// From a time that has not come: the device's clock is ahead.
    FromFuture,
    /// Too soon after the last accepted fix.
    TooFrequent,
}

/// Reported positions, counted by verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, utoipa::ToSchema)]
#[schema(as = PositionCounts)]
pub struct Counts {
    /// Believed to be where the driver is.
    pub accepted: u64,
    /// Older than the last accepted position.
    pub late: u64,
    /// At the same time as the last accepted position.
    pub duplicate: u64,
    /// Too far from the last accepted position to be reached in time, or too inaccurate.
    pub impossible: u64,
    /// More than ten minutes old by the service's clock: sent late, or the device's clock is behind.
    pub too_old: u64,
    /// More than a minute ahead of the service's clock, so the device's clock is wrong.
    pub from_future: u64,
    /// Not a position: it breaks a rule, or says that the device did not know where it was.
    pub invalid: u64,
    /// Too soon after the last accepted position.
    pub too_frequent: u64,
}

impl Counts {
    /// Counts one verdict.
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

/// The last accepted fix of one device, and the place that its later fixes may confirm.
#[derive(Debug, Clone, Default)]
pub(crate) struct Judge {
    last: Option<Fix>,
    /// Rarely present, so it is boxed.
    doubted: Option<Box<Doubted>>,
}

/// A place out of reach: the last fix that named it, and how many fixes in a row, received at different times, have
/// agreed on it.
#[derive(Debug, Clone)]
struct Doubted {
    last: Fix,
    agreeing: u32,
    /// When the last fix that counted was received.
    counted_at: Timestamp,
}

impl Judge {
    /// The last accepted fix.
    pub(crate) fn last(&self) -> Option<&Fix> {
        self.last.as_ref()
    }

    /// Judges the fixes of one report in the order of their times; returns the accepted ones and the counts.
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

    /// Judges one fix. An accepted one becomes the last fix.
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

    /// Notes a place out of reach; `true` when enough fixes in a row, received at different times, agree on it.
    fn is_confirmed(&mut self, fix: &Fix, received_at: Timestamp) -> bool {
        let first = Doubted {
            last: *fix,
            agreeing: 1,
            counted_at: received_at,
        };
        let doubted = match self.doubted.take() {
            // A fix from the same report, or one that comes too late, neither confirms nor denies.
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

/// Whether a driver can have got from one fix to the other in the time between them, given the error of both.
fn is_reachable(from: &Fix, to: &Fix) -> bool {
    let unsure = from.accuracy_m.unwrap_or(0.0) + to.accuracy_m.unwrap_or(0.0);
    let seconds = to.at.duration_since(from.at).as_secs_f64();
    let reach = SPEED_MAX_MPS * seconds + unsure;
    // Hardly any driver is that fast, so the exact distance is rarely needed.
    distance_at_most_m(from.location, to.location) <= reach
        || distance_m(from.location, to.location) <= reach
}

#[cfg(test)]
mod tests;
