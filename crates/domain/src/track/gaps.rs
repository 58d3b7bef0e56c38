//! Finds the gaps of a ride, and fills in metres for them.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::usable::{at, is_reachable};
use super::{RideFacts, TrackFix, reach_m};
use crate::Coordinates;

/// A time without a usable fix is a gap if it is longer than this.
pub(super) const GAP_MIN: SignedDuration = SignedDuration::from_secs(60);

/// A part of a ride without a usable fix.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Gap {
    /// The time of the last fix before the gap, or the start of the ride.
    pub from_at: Timestamp,
    /// The time of the first fix after the gap, or the end of the ride.
    pub to_at: Timestamp,
    /// The location of the last fix before the gap, or the pick-up at the start of the ride.
    pub from: Option<Coordinates>,
    /// The location of the first fix after the gap, or the drop-off at the end of the ride.
    pub to: Option<Coordinates>,
    /// The metres that were filled in.
    pub filled_m: f64,
}

/// A gap with its estimated metres, and with the metres of the straight line across it.
struct Unfilled {
    gap: Gap,
    straight_m: f64,
}

/// The gaps of a ride, and the metres that are filled in for all of them together.
///
/// Each gap is filled with the metres that a quote would estimate between its ends. The sum is limited to the larger of
/// two: the quoted metres that were not measured, and the straight lines across the gaps. It is also limited to what a
/// car drives in that time. A limit reduces all gaps in proportion.
pub(super) fn fill(
    ride: &RideFacts,
    segments: &[Vec<TrackFix>],
    measured_m: f64,
    estimate_m: impl Fn(Coordinates, Coordinates) -> f64,
) -> (Vec<Gap>, f64) {
    let unfilled: Vec<Unfilled> = find(ride, segments)
        .into_iter()
        .map(|(gap, is_drivable)| estimated(gap, is_drivable, &estimate_m))
        .collect();
    let estimated_m = unfilled.iter().fold(0.0, |sum, one| sum + one.gap.filled_m);
    let straight_m = unfilled.iter().fold(0.0, |sum, one| sum + one.straight_m);
    let quoted_m = ride.quoted_m.unwrap_or(0.0) - measured_m;
    let max_m = quoted_m.max(straight_m).min(ride.reach_m() - measured_m);
    let filled_m = estimated_m.min(max_m).max(0.0);
    let share = if estimated_m > 0.0 {
        filled_m / estimated_m
    } else {
        0.0
    };
    let gaps = unfilled.into_iter().map(|one| Gap {
        filled_m: one.gap.filled_m * share,
        ..one.gap
    });
    (gaps.collect(), filled_m)
}

fn estimated(
    gap: Gap,
    is_drivable: bool,
    estimate_m: impl Fn(Coordinates, Coordinates) -> f64,
) -> Unfilled {
    let reach = reach_m(gap.from_at, gap.to_at);
    let (mut filled_m, mut straight_m) = (0.0, 0.0);
    if let (Some(from), Some(to)) = (gap.from, gap.to) {
        filled_m = estimate_m(from, to).clamp(0.0, reach);
        if is_drivable {
            straight_m = from.metres_to(to).min(reach);
        }
    }
    Unfilled {
        gap: Gap { filled_m, ..gap },
        straight_m,
    }
}

/// The gaps, each with whether a car can have driven across it.
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
