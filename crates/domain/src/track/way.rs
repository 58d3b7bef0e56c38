//! How long the way through fixes is.
//!
//! Four things keep the errors of a device from becoming metres. Where a car stands, its fixes become one place. Fixes a second apart become their middle,
//! and those three seconds apart where they zigzag. Between such places the way goes straight, but for those that stand out of the line by more than they
//! are likely to be off. And of what is left a step counts only once it is longer than the accuracies of its ends explain. The factors are those with which
//! cars that drive through towns come out as long as they drove, and parked ones as nothing: `cargo bench -p cabrank-eta`.

use super::TrackFix;
use super::zigzag::is_zigzag;
use crate::Coordinates;

/// A step counts once it is longer than this times both accuracies together: an accuracy is the radius within which two thirds of the fixes are.
const STEP_FACTOR: f64 = 0.7;
/// The same where the car stands at one of its ends: many fixes come from there, and the furthest of many is far.
const STEP_FACTOR_AT_REST: f64 = 2.5;
/// A fix bends the way once it stands out of the straight line by more than this times its accuracy.
const BEND_FACTOR: f64 = 0.8;
/// Fixes that stay within this times their accuracy of their middle are of a car that stands.
const REST_FACTOR: f64 = 3.0;
/// Those further from the middle than this, before and after all others, are of a car that comes to stand and drives off.
const CORE_FACTOR: f64 = 1.25;
/// For so long a car stands at least, in milliseconds; shorter stops are part of driving.
const REST_MIN_MS: i64 = 40_000;
/// So many fixes in a row elsewhere say that the car drives off; fewer are errors.
const LEAVES_WITH: usize = 3;
/// Fixes are taken together with those so near in time, in milliseconds.
const TOGETHER_MS: i64 = 1_000;
/// The same where they zigzag: it takes more of them to level that. Where they do not, so many would cut corners.
const TOGETHER_IN_ZIGZAG_MS: i64 = 3_000;
/// How long a degree of latitude is, in metres.
const DEGREE_M: f64 = 111_195.0;

/// A place of the way.
#[derive(Clone, Copy)]
pub(super) struct WayNode {
    pub(super) place: Coordinates,
    pub(super) accuracy_m: f64,
    /// When a moving car was there, in milliseconds; nothing where it stood.
    pub(super) passed_ms: Option<i64>,
}

/// Fixes of a car that stands, at the beginning of others.
struct Rest {
    /// How many they are, with the errors among them; at least one.
    len: usize,
    /// Their middle, in the plane around the first.
    middle: (f64, f64),
}

/// The way through fixes between which there is no gap and no jump.
pub(super) fn of(spots: &[TrackFix]) -> Vec<Coordinates> {
    let nodes = bends(&together(&rests(spots)));
    let Some(mut last) = nodes.first() else {
        return Vec::new();
    };
    let mut way = vec![last.place];
    for node in &nodes {
        let factor = match (last.passed_ms, node.passed_ms) {
            (Some(_), Some(_)) => STEP_FACTOR,
            (None, _) | (_, None) => STEP_FACTOR_AT_REST,
        };
        if last.place.metres_to(node.place) > factor * (last.accuracy_m + node.accuracy_m) {
            way.push(node.place);
            last = node;
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
    // No step at all is 0, not -0 as `sum` has it.
    steps.fold(0.0, |sum, step| sum + step)
}

impl WayNode {
    fn passed(spot: &TrackFix) -> Self {
        Self {
            place: spot.location(),
            accuracy_m: spot.accuracy_m(),
            passed_ms: Some(spot.at_ms),
        }
    }

    /// The middle of fixes of a car that stands, errors left out.
    fn stood(spots: &[TrackFix], plane: &FlatEarth, rest: &Rest) -> Option<Self> {
        let near =
            |spot: &&TrackFix| plane.off(spot, rest.middle) <= REST_FACTOR * spot.accuracy_m();
        let near: Vec<&TrackFix> = spots.iter().filter(near).collect();
        let mean = |of: &dyn Fn(&TrackFix) -> f64| {
            near.iter().map(|spot| of(spot)).sum::<f64>() / near.len() as f64
        };
        let east = mean(&|spot| plane.metres(spot.location()).0);
        let north = mean(&|spot| plane.metres(spot.location()).1);
        Some(Self {
            place: plane.place((east, north))?,
            accuracy_m: mean(&TrackFix::accuracy_m),
            passed_ms: None,
        })
    }
}

/// The fixes, where the car stood as one place.
fn rests(mut spots: &[TrackFix]) -> Vec<WayNode> {
    let mut nodes = Vec::new();
    while let Some(first) = spots.first() {
        let plane = FlatEarth::around(first.location());
        let rest = rest(spots, &plane);
        let (run, after) = spots.split_at(rest.len);
        let is_core =
            |spot: &TrackFix| plane.off(spot, rest.middle) <= CORE_FACTOR * spot.accuracy_m();
        // A car that is parked all the time neither comes nor goes.
        let comes = match nodes.is_empty() {
            true => 0,
            false => run.iter().position(is_core).unwrap_or(0),
        };
        let goes = match after.is_empty() {
            true => run.len(),
            false => run.iter().rposition(is_core).map_or(run.len(), |at| at + 1),
        };
        let stands = lasts_ms(run) >= REST_MIN_MS;
        let stood = stands.then(|| WayNode::stood(&run[comes..goes], &plane, &rest));
        if let Some(stood) = stood.flatten() {
            nodes.extend(run[..comes].iter().map(WayNode::passed));
            nodes.push(stood);
            nodes.extend(run[goes..].iter().map(WayNode::passed));
            spots = after;
        } else {
            nodes.push(WayNode::passed(first));
            spots = &spots[1..];
        }
    }
    nodes
}

fn lasts_ms(spots: &[TrackFix]) -> i64 {
    match (spots.first(), spots.last()) {
        (Some(first), Some(last)) => last.at_ms - first.at_ms,
        (None, _) | (_, None) => 0,
    }
}

/// The first fixes that stay together; there is at least one.
fn rest(spots: &[TrackFix], plane: &FlatEarth) -> Rest {
    let (mut east, mut north, mut inside) = (0.0, 0.0, 0.0);
    let mut rest = Rest {
        len: 1,
        middle: (0.0, 0.0),
    };
    for (at, spot) in spots.iter().enumerate() {
        if plane.off(spot, rest.middle) <= REST_FACTOR * spot.accuracy_m() {
            let place = plane.metres(spot.location());
            (east, north, inside) = (east + place.0, north + place.1, inside + 1.0);
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

/// Each place that was passed, moved to the middle of those passed about the same time.
fn together(nodes: &[WayNode]) -> Vec<WayNode> {
    let together_ms = match is_zigzag(nodes) {
        true => TOGETHER_IN_ZIGZAG_MS,
        false => TOGETHER_MS,
    };
    let moved = nodes.iter().enumerate().map(|(at, node)| {
        let Some(passed_ms) = node.passed_ms else {
            return *node;
        };
        let is_near = |other: &&WayNode| {
            let other_ms = other.passed_ms;
            other_ms.is_some_and(|other_ms| (other_ms - passed_ms).abs() <= together_ms)
        };
        let plane = FlatEarth::around(node.place);
        let (before, after) = nodes.split_at(at);
        let before = before.iter().rev().take_while(is_near);
        let near = before.chain(after.iter().take_while(is_near));
        let (mut east, mut north, mut count) = (0.0, 0.0, 0.0);
        for other in near {
            let place = plane.metres(other.place);
            (east, north, count) = (east + place.0, north + place.1, count + 1.0);
        }
        let place = plane.place((east / count, north / count));
        WayNode {
            place: place.unwrap_or(node.place),
            ..*node
        }
    });
    moved.collect()
}

/// The first, the last, and those between that stand out of the straight line; the furthest is found first, then those beside it.
fn bends(nodes: &[WayNode]) -> Vec<WayNode> {
    let (Some(first), Some(last)) = (nodes.first(), nodes.len().checked_sub(1)) else {
        return Vec::new();
    };
    let plane = FlatEarth::around(first.place);
    let points: Vec<(f64, f64)> = nodes.iter().map(|node| plane.metres(node.place)).collect();
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

/// How far a point is from the straight line between two, in metres.
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

/// The earth around a place, as if it were flat.
pub(super) struct FlatEarth {
    middle: Coordinates,
}

impl FlatEarth {
    pub(super) const fn around(middle: Coordinates) -> Self {
        Self { middle }
    }

    /// How long a degree of longitude is there, in metres; never nothing, not even at the pole.
    fn longitude_m(&self) -> f64 {
        DEGREE_M * self.middle.lat().to_radians().cos().max(1e-6)
    }

    /// Metres east and north of its middle.
    pub(super) fn metres(&self, place: Coordinates) -> (f64, f64) {
        let east = wrapped(place.lon() - self.middle.lon());
        let north = place.lat() - self.middle.lat();
        (east * self.longitude_m(), north * DEGREE_M)
    }

    /// Where that is on the earth.
    fn place(&self, (east, north): (f64, f64)) -> Option<Coordinates> {
        let lat = self.middle.lat() + north / DEGREE_M;
        let lon = wrapped(self.middle.lon() + east / self.longitude_m());
        Coordinates::new(lat, lon).ok()
    }

    /// How far a fix is from a point of the plane, in metres.
    fn off(&self, spot: &TrackFix, point: (f64, f64)) -> f64 {
        let (east, north) = self.metres(spot.location());
        (east - point.0).hypot(north - point.1)
    }
}

/// Degrees of longitude, from -180 to 180.
fn wrapped(degrees: f64) -> f64 {
    (degrees + 540.0).rem_euclid(360.0) - 180.0
}
