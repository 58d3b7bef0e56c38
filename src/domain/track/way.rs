//! How long the way through fixes is.

use super::Spot;
use crate::domain::Coordinates;

/// A step counts once it is longer than this times both accuracies together.
const STEP_FACTOR: f64 = 2.0;

/// The way through fixes between which there is no gap and no jump.
pub(super) fn of(spots: &[Spot]) -> Vec<Coordinates> {
    let Some(mut last) = spots.first() else {
        return Vec::new();
    };
    let mut way = vec![last.location()];
    for spot in spots {
        let step = last.location().metres_to(spot.location());
        if step > STEP_FACTOR * (last.accuracy_m() + spot.accuracy_m()) {
            way.push(spot.location());
            last = spot;
        }
    }
    way
}

/// How long it is, in metres.
pub(super) fn metres(way: &[Coordinates]) -> f64 {
    let steps = way.windows(2).map(|step| match step {
        [from, to] => from.metres_to(*to),
        _ => 0.0,
    });
    steps.sum()
}
