//! Finds the path through fixes, and its length.
//!
//! Four rules keep the errors of a device from becoming metres:
//!
//! 1. While a car stands, all its fixes become one node.
//! 2. A moving car's fixes within a second of each other are averaged, or within three seconds where they zigzag.
//! 3. The path goes straight, and bends only at nodes that stand out of the line by more than their likely error.
//! 4. A remaining step counts only if it is longer than the accuracies of its ends explain.
//!
//! The factors were chosen so that cars in towns come out as long as they drove, and parked ones as zero:
//! `cargo bench -p cabrank-eta`.

use super::TrackFix;
use super::zigzag::is_zigzag;
use crate::Coordinates;

/// A step counts if it is longer than this times the sum of both accuracies. An accuracy is the radius within which two
/// thirds of the fixes are.
const STEP_FACTOR: f64 = 0.7;
/// The same for a step that has a standing car at one end: that end has many fixes, and the furthest of many is far.
const STEP_FACTOR_AT_REST: f64 = 2.5;
/// The path bends at a node that is off the straight line by more than this times its accuracy.
const BEND_FACTOR: f64 = 0.8;
/// Fixes within this times their accuracy of their mean come from a car that stands.
const REST_FACTOR: f64 = 3.0;
/// At the beginning and the end of a rest, fixes further from the mean than this factor come from the car arriving and
/// driving off.
const CORE_FACTOR: f64 = 1.25;
/// The shortest rest, in milliseconds. Shorter stops are part of driving.
const REST_MIN_MS: i64 = 40_000;
/// How many fixes in a row elsewhere show that the car has driven off. Fewer are errors.
const LEAVES_WITH: usize = 3;
/// A fix is averaged with those that are this near in time, in milliseconds.
const TOGETHER_MS: i64 = 1_000;
/// The same for fixes that zigzag, which takes more of them to level out. Elsewhere so many would cut corners.
const TOGETHER_IN_ZIGZAG_MS: i64 = 3_000;
/// The length of a degree of latitude, in metres.
const DEGREE_M: f64 = 111_195.0;

/// A node of the path.
#[derive(Clone, Copy)]
pub(super) struct PathNode {
    pub(super) location: Coordinates,
    pub(super) accuracy_m: f64,
    /// When the moving car was there, in milliseconds; `None` where it stood.
    pub(super) passed_ms: Option<i64>,
}

/// The fixes at the beginning of a slice that come from a standing car.
struct Rest {
    /// The number of fixes, including errors among them. At least one.
    len: usize,
    /// Their mean, in the plane around the first one.
    middle: (f64, f64),
}

/// The path through fixes without a gap or a jump between them.
pub(super) fn through(fixes: &[TrackFix]) -> Vec<Coordinates> {
    let nodes = bends(&together(&rests(fixes)));
    let Some(mut last) = nodes.first() else {
        return Vec::new();
    };
    let mut path = vec![last.location];
    for node in &nodes {
        let factor = match (last.passed_ms, node.passed_ms) {
            (Some(_), Some(_)) => STEP_FACTOR,
            (None, _) | (_, None) => STEP_FACTOR_AT_REST,
        };
        if last.location.metres_to(node.location) > factor * (last.accuracy_m + node.accuracy_m) {
            path.push(node.location);
            last = node;
        }
    }
    path
}

/// The length of a path, in metres.
pub(super) fn metres(path: &[Coordinates]) -> f64 {
    let steps = path.windows(2).map(|step| match step {
        [from, to] => from.metres_to(*to),
        _ => 0.0,
    });
    // Without a step this gives 0, where `sum` would give -0.
    steps.fold(0.0, |sum, step| sum + step)
}

impl PathNode {
    fn passed(fix: &TrackFix) -> Self {
        Self {
            location: fix.location(),
            accuracy_m: fix.accuracy_m(),
            passed_ms: Some(fix.at_ms),
        }
    }

    /// The mean of a standing car's fixes, without errors.
    fn stood(fixes: &[TrackFix], plane: &FlatEarth, rest: &Rest) -> Option<Self> {
        let near = |fix: &&TrackFix| plane.off(fix, rest.middle) <= REST_FACTOR * fix.accuracy_m();
        let near: Vec<&TrackFix> = fixes.iter().filter(near).collect();
        let mean = |of: &dyn Fn(&TrackFix) -> f64| {
            near.iter().map(|fix| of(fix)).sum::<f64>() / near.len() as f64
        };
        let east = mean(&|fix| plane.metres(fix.location()).0);
        let north = mean(&|fix| plane.metres(fix.location()).1);
        Some(Self {
            location: plane.location((east, north))?,
            accuracy_m: mean(&TrackFix::accuracy_m),
            passed_ms: None,
        })
    }
}

/// The nodes of the fixes; each rest of the car is one node.
fn rests(mut fixes: &[TrackFix]) -> Vec<PathNode> {
    let mut nodes = Vec::new();
    while let Some(first) = fixes.first() {
        let plane = FlatEarth::around(first.location());
        let rest = rest(fixes, &plane);
        let (run, after) = fixes.split_at(rest.len);
        let is_core =
            |fix: &TrackFix| plane.off(fix, rest.middle) <= CORE_FACTOR * fix.accuracy_m();
        // A car that is parked all the time neither arrives nor drives off.
        let comes = match nodes.is_empty() {
            true => 0,
            false => run.iter().position(is_core).unwrap_or(0),
        };
        let goes = match after.is_empty() {
            true => run.len(),
            false => run.iter().rposition(is_core).map_or(run.len(), |at| at + 1),
        };
        let stands = lasts_ms(run) >= REST_MIN_MS;
        let stood = stands.then(|| PathNode::stood(&run[comes..goes], &plane, &rest));
        if let Some(stood) = stood.flatten() {
            nodes.extend(run[..comes].iter().map(PathNode::passed));
            nodes.push(stood);
            nodes.extend(run[goes..].iter().map(PathNode::passed));
            fixes = after;
        } else {
            nodes.push(PathNode::passed(first));
            fixes = &fixes[1..];
        }
    }
    nodes
}

fn lasts_ms(fixes: &[TrackFix]) -> i64 {
    match (fixes.first(), fixes.last()) {
        (Some(first), Some(last)) => last.at_ms - first.at_ms,
        (None, _) | (_, None) => 0,
    }
}

/// The first fixes that stay together, at least one.
fn rest(fixes: &[TrackFix], plane: &FlatEarth) -> Rest {
    let (mut east, mut north, mut inside) = (0.0, 0.0, 0.0);
    let mut rest = Rest {
        len: 1,
        middle: (0.0, 0.0),
    };
    for (at, fix) in fixes.iter().enumerate() {
        if plane.off(fix, rest.middle) <= REST_FACTOR * fix.accuracy_m() {
            let point = plane.metres(fix.location());
            (east, north, inside) = (east + point.0, north + point.1, inside + 1.0);
            rest = Rest {
                len: at + 1,
                middle: (east / inside, north / inside),
            };
        } else if at + 1 - rest.len >= LEAVES_WITH {
            break;
        }
    }
    rest
}

/// Moves each node of a moving car to the mean of those that are near in time.
fn together(nodes: &[PathNode]) -> Vec<PathNode> {
    let together_ms = match is_zigzag(nodes) {
        true => TOGETHER_IN_ZIGZAG_MS,
        false => TOGETHER_MS,
    };
    let moved = nodes.iter().enumerate().map(|(at, node)| {
        let Some(passed_ms) = node.passed_ms else {
            return *node;
        };
        let is_near = |other: &&PathNode| {
            let other_ms = other.passed_ms;
            other_ms.is_some_and(|other_ms| (other_ms - passed_ms).abs() <= together_ms)
        };
        let plane = FlatEarth::around(node.location);
        let (before, after) = nodes.split_at(at);
        let before = before.iter().rev().take_while(is_near);
        let near = before.chain(after.iter().take_while(is_near));
        let (mut east, mut north, mut count) = (0.0, 0.0, 0.0);
        for other in near {
            let point = plane.metres(other.location);
            (east, north, count) = (east + point.0, north + point.1, count + 1.0);
        }
        let location = plane.location((east / count, north / count));
        PathNode {
            location: location.unwrap_or(node.location),
            ..*node
        }
    });
    moved.collect()
}

/// Keeps the first node, the last one, and those between at which the path bends. As in the Douglas-Peucker algorithm,
/// the furthest one splits the line, and both halves are searched in turn.
fn bends(nodes: &[PathNode]) -> Vec<PathNode> {
    let (Some(first), Some(last)) = (nodes.first(), nodes.len().checked_sub(1)) else {
        return Vec::new();
    };
    let plane = FlatEarth::around(first.location);
    let points: Vec<(f64, f64)> = nodes
        .iter()
        .map(|node| plane.metres(node.location))
        .collect();
    let mut bends = vec![false; nodes.len()];
    (bends[0], bends[last]) = (true, true);
    let mut stretches = vec![(0, last)];
    while let Some((from, to)) = stretches.pop() {
        let off = |at: usize| off_line(points[from], points[to], points[at]) / nodes[at].accuracy_m;
        let furthest = (from + 1..to).map(|at| (off(at), at));
        let furthest = furthest.max_by(|a, b| a.0.total_cmp(&b.0));
        if let Some((off, at)) = furthest
            && off > BEND_FACTOR
        {
            bends[at] = true;
            stretches.extend([(from, at), (at, to)]);
        }
    }
    let bends = nodes.iter().zip(bends).filter(|(_, bends)| *bends);
    bends.map(|(node, _)| *node).collect()
}

/// The distance of a point from the straight line between two others, in metres.
fn off_line(from: (f64, f64), to: (f64, f64), point: (f64, f64)) -> f64 {
    let line = (to.0 - from.0, to.1 - from.1);
    let (east, north) = (point.0 - from.0, point.1 - from.1);
    let square = line.0 * line.0 + line.1 * line.1;
    let share = if square > 0.0 {
        ((east * line.0 + north * line.1) / square).clamp(0.0, 1.0)
    } else {
        0.0
    };
    (east - share * line.0).hypot(north - share * line.1)
}

/// The plane that touches the earth around a point.
pub(super) struct FlatEarth {
    middle: Coordinates,
}

impl FlatEarth {
    pub(super) const fn around(middle: Coordinates) -> Self {
        Self { middle }
    }

    /// The length of a degree of longitude there, in metres. It is never zero, not even at a pole.
    fn longitude_m(&self) -> f64 {
        DEGREE_M * self.middle.lat().to_radians().cos().max(1e-6)
    }

    /// Metres east and north of the point.
    pub(super) fn metres(&self, location: Coordinates) -> (f64, f64) {
        let east = wrapped(location.lon() - self.middle.lon());
        let north = location.lat() - self.middle.lat();
        (east * self.longitude_m(), north * DEGREE_M)
    }

    /// The coordinates of a point in the plane.
    fn location(&self, (east, north): (f64, f64)) -> Option<Coordinates> {
        let lat = self.middle.lat() + north / DEGREE_M;
        let lon = wrapped(self.middle.lon() + east / self.longitude_m());
        Coordinates::new(lat, lon).ok()
    }

    /// The distance of a fix from a point of the plane, in metres.
    fn off(&self, fix: &TrackFix, point: (f64, f64)) -> f64 {
        let (east, north) = self.metres(fix.location());
        (east - point.0).hypot(north - point.1)
    }
}

/// Degrees of longitude, from -180 to 180.
fn wrapped(degrees: f64) -> f64 {
    (degrees + 540.0).rem_euclid(360.0) - 180.0
}
