//! What is not known of a ride, and what is put in for it.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::usable::{at, is_reachable};
use super::{RideFacts, TrackFix, reach_m};
use crate::Coordinates;

/// A stretch of a ride without a usable fix is a gap when it is longer than this.
pub(super) const GAP_MIN: SignedDuration = SignedDuration::from_secs(60);

/// A stretch of a ride of which nothing is known.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Gap {
    /// When it begins: with the ride, or with the last fix before.
    pub from_at: Timestamp,
    /// When it ends: with the first fix after, or with the ride.
    pub to_at: Timestamp,
    /// Where it begins; at the beginning of the ride that is the pick-up, if it is known.
    pub from: Option<Coordinates>,
    /// Where it ends; at the end of the ride that is the drop-off, if it is known.
    pub to: Option<Coordinates>,
    /// What is put in for it, in metres.
    pub filled_m: f64,
}

/// A gap, what the quote reckons for it, and the least that it must have been.
struct Unfilled {
    gap: Gap,
    straight_m: f64,
}

/// The gaps of a ride, and what is put in for all of them together, in metres.
///
/// That is what the quote would reckon between the ends of each, but together no more than the quote has beyond what was measured, or than the straight
/// lines across the gaps if these are longer; and never more than a car drives in that time. Where the limit cuts, it cuts all of them alike.
pub(super) fn fill(
    ride: &RideFacts,
    segments: &[Vec<TrackFix>],
    measured_m: f64,
    way: impl Fn(Coordinates, Coordinates) -> f64,
) -> (Vec<Gap>, f64) {
    let unfilled: Vec<Unfilled> = find(ride, segments)
        .into_iter()
        .map(|(gap, is_drivable)| reckon(gap, is_drivable, &way))
        .collect();
    let reckoned: f64 = unfilled.iter().map(|one| one.gap.filled_m).sum();
    let straight: f64 = unfilled.iter().map(|one| one.straight_m).sum();
    let quoted = ride.quoted_m.unwrap_or(0.0) - measured_m;
    let most = quoted.max(straight).min(ride.reach_m() - measured_m);
    let filled_m = reckoned.min(most).max(0.0);
    let share = if reckoned > 0.0 {
        filled_m / reckoned
    } else {
        0.0
    };
    let gaps = unfilled.into_iter().map(|one| Gap {
        filled_m: one.gap.filled_m * share,
        ..one.gap
    });
    (gaps.collect(), filled_m)
}

fn reckon(gap: Gap, is_drivable: bool, way: impl Fn(Coordinates, Coordinates) -> f64) -> Unfilled {
    let reach = reach_m(gap.from_at, gap.to_at);
    let (mut filled_m, mut straight_m) = (0.0, 0.0);
    if let (Some(from), Some(to)) = (gap.from, gap.to) {
        filled_m = way(from, to).clamp(0.0, reach);
        if is_drivable {
            straight_m = from.metres_to(to).min(reach);
        }
    }
    Unfilled {
        gap: Gap { filled_m, ..gap },
        straight_m,
    }
}

/// The gaps, and whether a car can have driven across each.
fn find(ride: &RideFacts, segments: &[Vec<TrackFix>]) -> Vec<(Gap, bool)> {
    let gap = |from_at, to_at, from, to| Gap {
        from_at,
        to_at,
        from,
        to,
        filled_m: 0.0,
    };
    let (Some(first), Some(last)) = (
        segments.first().and_then(|segment| segment.first()),
        segments.last().and_then(|segment| segment.last()),
    ) else {
        let whole = gap(ride.started_at, ride.ended_at, ride.pick_up, ride.drop_off);
        return vec![(whole, true)];
    };
    let is_long = |gap: &Gap| gap.to_at.duration_since(gap.from_at) > GAP_MIN;
    let mut gaps = Vec::new();
    let head = gap(
        ride.started_at,
        at(first),
        ride.pick_up,
        Some(first.location()),
    );
    gaps.extend(is_long(&head).then_some((head, true)));
    for pair in segments.windows(2) {
        let [before, after] = pair else { continue };
        let (Some(from), Some(to)) = (before.last(), after.first()) else {
            continue;
        };
        let between = gap(at(from), at(to), Some(from.location()), Some(to.location()));
        gaps.extend(is_long(&between).then(|| (between, is_reachable(from, to))));
    }
    let tail = gap(
        at(last),
        ride.ended_at,
        Some(last.location()),
        ride.drop_off,
    );
    gaps.extend(is_long(&tail).then_some((tail, true)));
    gaps
}
