//! Which fixes of a ride say something about its way.

use jiff::Timestamp;

use super::{GAP_MIN, SPEED_MAX_MPS, Spot};

/// A fix is passed over where another one this much more accurate is near in time.
const BETTER_BY: f64 = 3.0;
/// How near in time, in milliseconds.
const BETTER_WITHIN_MS: i64 = 10_000;
/// So many fixes that agree with each other make a place believed that no car could have reached.
const CONFIRMED_BY: usize = 3;

/// The stretches without a gap and without a jump, in order; `spots` are those of the ride, in order.
///
/// A place that no car could have reached begins a new stretch once [`CONFIRMED_BY`] fixes agree on it, and is no place otherwise: what was believed only
/// because it repeated itself is where the device is, but not a way there.
pub(super) fn segments(spots: &[Spot]) -> Vec<Vec<Spot>> {
    let mut segments: Vec<Vec<Spot>> = Vec::new();
    let mut doubted: Vec<Spot> = Vec::new();
    for spot in sure(spots) {
        let Some(last) = segments.last().and_then(|segment| segment.last()) else {
            segments.push(vec![spot]);
            continue;
        };
        if is_reachable(last, &spot) {
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

/// Those beside which no far better one is near in time: a coarse fix from a network says nothing while the sky is seen.
fn sure(spots: &[Spot]) -> impl Iterator<Item = Spot> {
    spots.iter().enumerate().filter_map(|(at, spot)| {
        let is_near = |other: &&Spot| (other.at_ms - spot.at_ms).abs() <= BETTER_WITHIN_MS;
        let is_better = |other: &Spot| other.accuracy_m() * BETTER_BY < spot.accuracy_m();
        let (before, after) = spots.split_at(at);
        let is_outdone = before.iter().rev().take_while(is_near).any(is_better)
            || after.iter().take_while(is_near).any(is_better);
        (!is_outdone).then_some(*spot)
    })
}

/// Whether so much time is between them that what happened is not known.
pub(super) fn is_gap(from: &Spot, to: &Spot) -> bool {
    i128::from(to.at_ms - from.at_ms) > GAP_MIN.as_millis()
}

/// Whether a car can have got from the one to the other, as far off as both may be.
pub(super) fn is_reachable(from: &Spot, to: &Spot) -> bool {
    let seconds = (to.at_ms - from.at_ms) as f64 / 1_000.0;
    let unsure = from.accuracy_m() + to.accuracy_m();
    from.location().metres_to(to.location()) <= SPEED_MAX_MPS * seconds + unsure
}

/// When that was, by the device's clock.
pub(super) fn at(spot: &Spot) -> Timestamp {
    Timestamp::from_millisecond(spot.at_ms).expect("it was made from a time")
}
