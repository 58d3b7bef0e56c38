//! Selects the fixes of a ride that can be relied on, and splits them at gaps and jumps.

use jiff::Timestamp;

use super::gaps::GAP_MIN;
use super::{ACCURACY_UNKNOWN_DM, SPEED_MAX_MPS, TrackFix};

/// Of fixes that are closer in time than this, only one counts, in milliseconds.
const APART_MIN_MS: i64 = 200;
/// A fix with at least this accuracy radius, in decimetres, is passed over…
const COARSE_DM: u32 = ACCURACY_UNKNOWN_DM;
/// … where another one this many times more accurate is near in time.
const BETTER_BY: u32 = 3;
/// How near in time the better fix must be, in milliseconds.
const BETTER_WITHIN_MS: i64 = 10_000;
/// How many fixes must agree on a location that no car could have reached before it is believed.
const CONFIRMED_BY: usize = 3;

/// Keeps the most accurate of fixes that come nearly at the same time. `fixes` are in order.
pub(super) fn apart(fixes: &[TrackFix]) -> Vec<TrackFix> {
    let mut apart = fixes.to_vec();
    let mut since_ms = apart.first().map_or(0, |first| first.at_ms);
    leave_surest(&mut apart, |next, _| {
        let is_near = next.at_ms - since_ms < APART_MIN_MS;
        if !is_near {
            since_ms = next.at_ms;
        }
        is_near
    });
    apart
}

/// Keeps the most accurate of each run of fixes that belong together. `belongs` compares the next fix with the one that
/// is kept of those before it.
pub(super) fn leave_surest(
    fixes: &mut Vec<TrackFix>,
    mut belongs: impl FnMut(&TrackFix, &TrackFix) -> bool,
) {
    fixes.dedup_by(|next, kept| {
        let belongs = belongs(next, kept);
        if belongs && next.rank() < kept.rank() {
            *kept = *next;
        }
        belongs
    });
}

/// The segments of a ride without a gap or a jump, in order. `sure` are the usable fixes of the ride, in order.
///
/// A location that no car could have reached is ignored until [`CONFIRMED_BY`] fixes agree on it, and then begins a new
/// segment: the device is there, but it was not driven there.
pub(super) fn segments(sure: &[TrackFix]) -> Vec<Vec<TrackFix>> {
    let mut segments: Vec<Vec<TrackFix>> = Vec::new();
    let mut doubted: Vec<TrackFix> = Vec::new();
    for &fix in sure {
        let Some(last) = segments.last().and_then(|segment| segment.last()) else {
            segments.push(vec![fix]);
            continue;
        };
        if is_reachable(last, &fix) && !agrees(last, &doubted, &fix) {
            doubted.clear();
            if is_gap(last, &fix) {
                segments.push(vec![fix]);
            } else if let Some(segment) = segments.last_mut() {
                segment.push(fix);
            }
            continue;
        }
        if doubted.last().is_some_and(|last| !is_reachable(last, &fix)) {
            doubted.clear();
        }
        doubted.push(fix);
        if doubted.len() >= CONFIRMED_BY {
            segments.extend(doubted.chunk_by(|a, b| !is_gap(a, b)).map(<[_]>::to_vec));
            doubted.clear();
        }
    }
    segments
}

/// Whether a fix agrees with the doubted ones, and would have been doubted at the time of the first of them. Since
/// then, enough time may have passed to drive there from the last believed fix; the jump still was none that a car
/// drove.
fn agrees(last: &TrackFix, doubted: &[TrackFix], fix: &TrackFix) -> bool {
    let (Some(first), Some(latest)) = (doubted.first(), doubted.last()) else {
        return false;
    };
    let at_first = TrackFix {
        at_ms: first.at_ms,
        ..*fix
    };
    is_reachable(latest, fix) && !is_reachable(last, &at_first)
}

/// Leaves out each coarse fix that has a far better one near in time: a fix from a network adds nothing while the
/// device has satellites.
pub(super) fn sure(fixes: &[TrackFix]) -> Vec<TrackFix> {
    let sure = fixes.iter().enumerate().filter_map(|(at, fix)| {
        let is_near = |other: &&TrackFix| (other.at_ms - fix.at_ms).abs() <= BETTER_WITHIN_MS;
        let is_better = |other: &TrackFix| other.believed_dm() * BETTER_BY < fix.believed_dm();
        let (before, after) = fixes.split_at(at);
        let is_coarse = fix.believed_dm() >= COARSE_DM;
        let is_outdone = is_coarse
            && (before.iter().rev().take_while(is_near).any(is_better)
                || after.iter().take_while(is_near).any(is_better));
        (!is_outdone).then_some(*fix)
    });
    sure.collect()
}

/// Whether the time between two fixes is a gap.
pub(super) fn is_gap(from: &TrackFix, to: &TrackFix) -> bool {
    i128::from(to.at_ms - from.at_ms) > GAP_MIN.as_millis()
}

/// Whether a car can have driven from one fix to the other, given the accuracy of both.
pub(super) fn is_reachable(from: &TrackFix, to: &TrackFix) -> bool {
    let seconds = (to.at_ms - from.at_ms) as f64 / 1_000.0;
    let tolerance = from.accuracy_m() + to.accuracy_m();
    from.location().metres_to(to.location()) <= SPEED_MAX_MPS * seconds + tolerance
}

/// The time of a fix by the device's clock.
pub(super) fn at(fix: &TrackFix) -> Timestamp {
    Timestamp::from_millisecond(fix.at_ms).expect("it was made from a time")
}
