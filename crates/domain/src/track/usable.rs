//! Which fixes of a ride say something about its way.

use jiff::Timestamp;

use super::gaps::GAP_MIN;
use super::{ACCURACY_UNSAID_M, SPEED_MAX_MPS, TrackFix};

/// Fixes sooner after each other than this tell nothing more than one of them, in milliseconds.
const APART_MIN_MS: i64 = 200;
/// A fix that may be so far off, in metres, is passed over…
const COARSE_M: f64 = ACCURACY_UNSAID_M;
/// … where another one this much more accurate is near in time.
const BETTER_BY: f64 = 3.0;
/// How near in time, in milliseconds.
const BETTER_WITHIN_MS: i64 = 10_000;
/// So many fixes that agree with each other make a place believed that no car could have reached.
const CONFIRMED_BY: usize = 3;

/// The surest of each few that come nearly at once; `spots` are in order.
pub(super) fn apart(spots: &[TrackFix]) -> Vec<TrackFix> {
    let mut apart = spots.to_vec();
    let mut since_ms = apart.first().map_or(0, |first| first.at_ms);
    leave_surest(&mut apart, |next, _| {
        let is_at_once = next.at_ms - since_ms < APART_MIN_MS;
        if !is_at_once {
            since_ms = next.at_ms;
        }
        is_at_once
    });
    apart
}

/// Leaves the surest of each run of fixes that belong together, by whether the next one belongs to what is left of those before it.
pub(super) fn leave_surest(
    spots: &mut Vec<TrackFix>,
    mut belongs: impl FnMut(&TrackFix, &TrackFix) -> bool,
) {
    spots.dedup_by(|next, kept| {
        let belongs = belongs(next, kept);
        if belongs && next.rank() < kept.rank() {
            *kept = *next;
        }
        belongs
    });
}

/// The stretches without a gap and without a jump, in order; `sure` are the fixes of the ride that say something, in order.
///
/// A place that no car could have reached begins a new stretch once [`CONFIRMED_BY`] fixes agree on it, and is no place otherwise: what was believed only
/// because it repeated itself is where the device is, but not a way there.
pub(super) fn segments(sure: &[TrackFix]) -> Vec<Vec<TrackFix>> {
    let mut segments: Vec<Vec<TrackFix>> = Vec::new();
    let mut doubted: Vec<TrackFix> = Vec::new();
    for &spot in sure {
        let Some(last) = segments.last().and_then(|segment| segment.last()) else {
            segments.push(vec![spot]);
            continue;
        };
        if is_reachable(last, &spot) && !agrees(last, &doubted, &spot) {
            doubted.clear();
            if is_gap(last, &spot) {
                segments.push(vec![spot]);
            } else if let Some(segment) = segments.last_mut() {
                segment.push(spot);
            }
            continue;
        }
        if doubted
            .last()
            .is_some_and(|last| !is_reachable(last, &spot))
        {
            doubted.clear();
        }
        doubted.push(spot);
        if doubted.len() >= CONFIRMED_BY {
            segments.extend(doubted.chunk_by(|a, b| !is_gap(a, b)).map(<[_]>::to_vec));
            doubted.clear();
        }
    }
    segments
}

/// Whether a fix says the same as those that are doubted, and would have been doubted with the first of them: that enough time has passed meanwhile to get
/// there from the last one believed does not make their leap a way.
fn agrees(last: &TrackFix, doubted: &[TrackFix], spot: &TrackFix) -> bool {
    let (Some(first), Some(latest)) = (doubted.first(), doubted.last()) else {
        return false;
    };
    let at_once = TrackFix {
        at_ms: first.at_ms,
        ..*spot
    };
    is_reachable(latest, spot) && !is_reachable(last, &at_once)
}

/// Those that are not coarse, and those beside which no far better one is near in time: a coarse fix from a network says nothing while the sky is seen.
pub(super) fn sure(spots: &[TrackFix]) -> Vec<TrackFix> {
    let sure = spots.iter().enumerate().filter_map(|(at, spot)| {
        let is_near = |other: &&TrackFix| (other.at_ms - spot.at_ms).abs() <= BETTER_WITHIN_MS;
        let is_better = |other: &TrackFix| other.accuracy_m() * BETTER_BY < spot.accuracy_m();
        let (before, after) = spots.split_at(at);
        let is_coarse = spot.accuracy_m() >= COARSE_M;
        let is_outdone = is_coarse
            && (before.iter().rev().take_while(is_near).any(is_better)
                || after.iter().take_while(is_near).any(is_better));
        (!is_outdone).then_some(*spot)
    });
    sure.collect()
}

/// Whether so much time is between them that what happened is not known.
pub(super) fn is_gap(from: &TrackFix, to: &TrackFix) -> bool {
    i128::from(to.at_ms - from.at_ms) > GAP_MIN.as_millis()
}

/// Whether a car can have got from the one to the other, as far off as both may be.
pub(super) fn is_reachable(from: &TrackFix, to: &TrackFix) -> bool {
    let seconds = (to.at_ms - from.at_ms) as f64 / 1_000.0;
    let unsure = from.accuracy_m() + to.accuracy_m();
    from.location().metres_to(to.location()) <= SPEED_MAX_MPS * seconds + unsure
}

/// When that was, by the device's clock.
pub(super) fn at(spot: &TrackFix) -> Timestamp {
    Timestamp::from_millisecond(spot.at_ms).expect("it was made from a time")
}
