//! Tells whether the errors of a device are new with each fix, or change slowly.
//!
//! Errors that change slowly bend a path a little. Errors that are new each time make a zigzag, whose metres nobody
//! drove. A car on a winding road deviates from an even drive as well, but to the same side several times in a row.

use super::path::{FlatEarth, PathNode};

/// A fix is off if it is further than this times its accuracy from where an even drive from the fix before to the fix
/// after would put the car. The median is 0.95 accuracies for errors that are new each time, and 0.1 to 0.3 for those
/// that change slowly.
const OFF_FACTOR: f64 = 0.6;
/// Errors are new each time if more than this share of neighbouring fixes is off to opposite sides. By chance it is a
/// half.
const OPPOSITE_SHARE: f64 = 0.67;
/// Only neighbours this near in time are compared, in milliseconds: no car drives evenly for longer.
const NEIGHBOUR_MAX_MS: i64 = 5_000;

/// Whether more than half of the nodes are off, and mostly to the other side than the node before.
pub(super) fn is_zigzag(nodes: &[PathNode]) -> bool {
    let offs: Vec<Option<(f64, f64)>> = nodes.windows(3).map(off_even).collect();
    let compared = offs.iter().flatten();
    let off = compared
        .clone()
        .filter(|off| off.0.hypot(off.1) > OFF_FACTOR);
    if off.count() * 2 <= compared.count() {
        return false;
    }
    let pairs = offs.windows(2).filter_map(|pair| pair[0].zip(pair[1]));
    let opposite = pairs
        .clone()
        .filter(|(a, b)| a.0 * b.0 + a.1 * b.1 < 0.0)
        .count();
    opposite as f64 > OPPOSITE_SHARE * pairs.count() as f64
}

/// How far the middle one of three nodes is off an even drive, east and north, in units of its accuracy. `None` if the
/// car stood, or if too much time lies between them.
fn off_even(nodes: &[PathNode]) -> Option<(f64, f64)> {
    let [before, node, after] = nodes else {
        return None;
    };
    let (from_ms, at_ms, to_ms) = (before.passed_ms?, node.passed_ms?, after.passed_ms?);
    let is_near = at_ms - from_ms <= NEIGHBOUR_MAX_MS && to_ms - at_ms <= NEIGHBOUR_MAX_MS;
    if !is_near || from_ms == to_ms {
        return None;
    }
    let share = (at_ms - from_ms) as f64 / (to_ms - from_ms) as f64;
    let plane = FlatEarth::around(node.location);
    let (from, to) = (plane.metres(before.location), plane.metres(after.location));
    let off = |from: f64, to: f64| (from + (to - from) * share) / node.accuracy_m;
    Some((off(from.0, to.0), off(from.1, to.1)))
}
