//! Whether the errors of a device are new with each fix, or change slowly.
//!
//! Errors that change slowly bend a way a little; those that are new each time make a zigzag of it, whose metres nobody drove. A car on a winding road
//! is off an even drive as well, but to the same side several times in a row.

use super::way::{FlatEarth, WayNode};

/// A fix is off if it is further than this times its accuracy from where a car would be that drives evenly from the fix before to the one after.
/// In the middle, errors that are new each time put them 0.95 accuracies off, those that change slowly 0.1 to 0.3.
const OFF_FACTOR: f64 = 0.6;
/// Of the fixes that follow each other, such a share is off to opposite sides where errors are new each time: by chance it is a half.
const OPPOSITE_SHARE: f64 = 0.67;
/// Only neighbours so near in time tell it, in milliseconds: for longer no car drives evenly.
const NEIGHBOUR_MAX_MS: i64 = 5_000;

/// Whether half of the places are off, and mostly to the other side than the one before.
pub(super) fn is_zigzag(nodes: &[WayNode]) -> bool {
    let offs: Vec<Option<(f64, f64)>> = nodes.windows(3).map(off_even).collect();
    let known = offs.iter().flatten();
    let off = known.clone().filter(|off| off.0.hypot(off.1) > OFF_FACTOR);
    if off.count() * 2 <= known.count() {
        return false;
    }
    let pairs = offs.windows(2).filter_map(|pair| pair[0].zip(pair[1]));
    let opposite = pairs
        .clone()
        .filter(|(a, b)| a.0 * b.0 + a.1 * b.1 < 0.0)
        .count();
    opposite as f64 > OPPOSITE_SHARE * pairs.count() as f64
}

/// By how much the middle one of three places is off, east and north, in accuracies; nothing where the car stood, or too much time is between them.
fn off_even(nodes: &[WayNode]) -> Option<(f64, f64)> {
    let [before, node, after] = nodes else {
        return None;
    };
    let (from_ms, at_ms, to_ms) = (before.passed_ms?, node.passed_ms?, after.passed_ms?);
    let is_near = at_ms - from_ms <= NEIGHBOUR_MAX_MS && to_ms - at_ms <= NEIGHBOUR_MAX_MS;
    if !is_near || from_ms == to_ms {
        return None;
    }
    let share = (at_ms - from_ms) as f64 / (to_ms - from_ms) as f64;
    let plane = FlatEarth::around(node.place);
    let (from, to) = (plane.metres(before.place), plane.metres(after.place));
    let off = |from: f64, to: f64| (from + (to - from) * share) / node.accuracy_m;
    Some((off(from.0, to.0), off(from.1, to.1)))
}
