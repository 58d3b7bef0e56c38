//! Measures how far a rider was driven: from the fixes of a device to the metres that are charged.
//!
//! Where a driver *is* and how far a rider was *driven* are two questions. `supply` answers the first at once. This
//! module answers the second from the whole ride, once it is over. A [`Track`] collects the fixes while the ride goes
//! on, and [`Track::measure`] computes its metres. Both work on the set of fixes in the order of the device's time, so
//! the order of arrival, the way the fixes are split into reports, and repeated reports change nothing.
//!
//! [`TrackFix::of`] decides about a single fix. `usable` selects the fixes of a ride that can be relied on. `path`
//! finds the path through them, and `zigzag` tells what their errors are like. `gaps` fills in what is not known.

mod gaps;
mod path;
mod usable;
mod zigzag;

use jiff::Timestamp;

use super::fix::Fix;
use super::place::Coordinates;

pub use gaps::Gap;

/// The most fixes of a ride that are kept. If there are more, only the most accurate one of each span of time counts.
pub const FIXES_MAX: usize = 20_000;
/// The highest speed of a car, in metres per second. It limits the distance of a ride by its time on the service's
/// clock.
pub(crate) const SPEED_MAX_MPS: f64 = 50.0;
/// A fix with a larger accuracy radius than this, in metres, is not used.
pub const ACCURACY_MAX_M: f64 = 100.0;
/// The smallest accuracy radius that is believed, in decimetres. No phone is better than this, whatever it reports.
const ACCURACY_MIN_DM: u32 = 30;
/// The accuracy radius of a fix that reports none, in decimetres.
const ACCURACY_UNKNOWN_DM: u32 = 300;
/// The shortest span of time of which one fix counts, once there are too many. It doubles until the rest fits.
const SPAN_MIN_MS: i64 = 1_000;

/// The parts of a fix that count for distances: time, location and accuracy. Ordered by the device's time.
///
/// Whole numbers, so that a stored fix equals the reported one: milliseconds, centimetres, and decimetres of accuracy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrackFix {
    /// The time by the device's clock, in milliseconds of Unix time.
    pub at_ms: i64,
    /// Degrees north, in units of 10⁻⁷.
    pub lat_e7: i32,
    /// Degrees east, in units of 10⁻⁷.
    pub lon_e7: i32,
    /// The accuracy radius in decimetres; `None` if the device reported none.
    pub accuracy_dm: Option<u16>,
}

impl TrackFix {
    /// The parts of a fix that count. `None` for a fix that cannot be used: 0/0 is reported by a device without a fix,
    /// an accuracy below 0 marks a fix as invalid, and one beyond [`ACCURACY_MAX_M`] comes from a mast or a wireless
    /// network.
    pub fn of(fix: &Fix) -> Option<Self> {
        let accuracy_dm = match fix.accuracy_m {
            None => None,
            Some(metres) if (0.0..=ACCURACY_MAX_M).contains(&metres) => {
                Some((metres * 10.0).round() as u16)
            }
            Some(_) => return None,
        };
        let e7 = |degrees: f64| (degrees * 1e7).round() as i32;
        (!fix.location.is_nowhere()).then(|| Self {
            at_ms: fix.at.as_millisecond(),
            lat_e7: e7(fix.location.lat()),
            lon_e7: e7(fix.location.lon()),
            accuracy_dm,
        })
    }

    pub(crate) fn location(&self) -> Coordinates {
        self.coordinates()
            .expect("a rounded point on the earth is on the earth")
    }

    /// Whether time and location are within their ranges. Those of a reported fix are; those that are read from
    /// elsewhere may not be.
    pub fn is_sound(&self) -> bool {
        self.coordinates().is_some() && Timestamp::from_millisecond(self.at_ms).is_ok()
    }

    fn coordinates(&self) -> Option<Coordinates> {
        let degrees = |e7: i32| f64::from(e7) / 1e7;
        Coordinates::new(degrees(self.lat_e7), degrees(self.lon_e7)).ok()
    }

    /// Orders the most accurate fix first, then the earliest.
    fn rank(&self) -> (u32, Self) {
        (self.believed_dm(), *self)
    }

    /// The accuracy radius in decimetres, as far as it is believed.
    fn believed_dm(&self) -> u32 {
        let reported_dm = self.accuracy_dm.map(u32::from);
        reported_dm.map_or(ACCURACY_UNKNOWN_DM, |dm| dm.max(ACCURACY_MIN_DM))
    }

    /// The same in metres.
    fn accuracy_m(&self) -> f64 {
        f64::from(self.believed_dm()) / 10.0
    }
}

/// The fixes of one ride, in the order of the device's time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Track {
    fixes: Vec<TrackFix>,
    /// 0 if no fix was left out; otherwise one fix counts per span of `SPAN_MIN_MS << (thinned - 1)` milliseconds.
    thinned: u32,
}

impl Track {
    /// Adds the fixes of a report. Returns those that are new and count, which the caller has to store.
    pub fn add(&mut self, fixes: &[Fix]) -> Vec<TrackFix> {
        self.restore(fixes.iter().filter_map(TrackFix::of))
    }

    /// Adds stored fixes. Returns those that are new. Pieces may come in any order, and may have fixes that were
    /// thinned out.
    pub fn restore(&mut self, fixes: impl IntoIterator<Item = TrackFix>) -> Vec<TrackFix> {
        let mut new: Vec<TrackFix> = fixes.into_iter().collect();
        new.sort_unstable();
        new.dedup();
        new.retain(|fix| self.fixes.binary_search(fix).is_err());
        self.fixes.extend(&new);
        // Both parts are sorted, so the stable sort merges them in one pass.
        self.fixes.sort();
        self.thin();
        new.retain(|fix| self.fixes.binary_search(fix).is_ok());
        new
    }

    /// The fixes that count, in the order of the device's time.
    pub fn fixes(&self) -> &[TrackFix] {
        &self.fixes
    }

    /// Whether there were more than [`FIXES_MAX`] fixes.
    pub(crate) const fn is_thinned(&self) -> bool {
        self.thinned > 0
    }

    /// Keeps the most accurate, then earliest, fix of each span of time. The best fix of a span is the best one of its
    /// halves, so the order of arrival makes no difference.
    fn thin(&mut self) {
        loop {
            if self.thinned > 0 {
                let span_ms = SPAN_MIN_MS << (self.thinned - 1);
                let span = |fix: &TrackFix| fix.at_ms.div_euclid(span_ms);
                usable::leave_surest(&mut self.fixes, |next, kept| span(next) == span(kept));
            }
            if self.fixes.len() <= FIXES_MAX {
                return;
            }
            self.thinned += 1;
        }
    }

    /// Computes the metres of the ride. `estimate_m` gives the metres from one point to another as the quote estimates
    /// them.
    ///
    /// A fix belongs to the ride if its time by the device's clock lies within the ride's times by the service's clock.
    /// That is decided for each fix by itself.
    pub fn measure(
        &self,
        ride: &RideFacts,
        estimate_m: impl Fn(Coordinates, Coordinates) -> f64,
    ) -> Measured {
        let (from, to) = (
            ride.started_at.as_millisecond(),
            ride.ended_at.as_millisecond(),
        );
        let begin = self.fixes.partition_point(|fix| fix.at_ms < from);
        let end = self.fixes.partition_point(|fix| fix.at_ms <= to);
        let fixes = self.fixes.get(begin..end).unwrap_or_default();
        let sure = usable::sure(&usable::apart(fixes));
        let segments = usable::segments(&sure);
        let paths: Vec<Vec<Coordinates>> =
            segments.iter().map(|fixes| path::through(fixes)).collect();
        let metres: f64 = paths.iter().map(|path| path::metres(path)).sum();
        let measured_m = metres.min(ride.reach_m());
        let (gaps, filled_m) = gaps::fill(ride, &segments, measured_m, estimate_m);
        Measured {
            stood_still: measured_m <= 0.0 && gaps.is_empty() && says_all(ride, &sure, &segments),
            measured_m,
            filled_m,
            segments: paths,
            gaps,
            is_thinned: self.is_thinned(),
        }
    }
}

/// What the service knows of a ride besides its fixes. Times are by the service's clock.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RideFacts {
    pub started_at: Timestamp,
    /// The present time for a ride that goes on.
    pub ended_at: Timestamp,
    pub pick_up: Option<Coordinates>,
    /// `None` for a ride that goes on, since it may still end elsewhere.
    pub drop_off: Option<Coordinates>,
    /// The distance that the quote was computed from, in metres.
    pub quoted_m: Option<f64>,
}

impl RideFacts {
    /// How far a car can drive in the time of the ride, in metres.
    pub fn reach_m(&self) -> f64 {
        reach_m(self.started_at, self.ended_at)
    }
}

/// Whether one segment has most of the fixes and covers most of the ride. Only then can it show that the car did not
/// move.
fn says_all(ride: &RideFacts, sure: &[TrackFix], segments: &[Vec<TrackFix>]) -> bool {
    let [segment] = segments else {
        return false;
    };
    let (Some(first), Some(last)) = (segment.first(), segment.last()) else {
        return false;
    };
    let covered_ms = last.at_ms - first.at_ms;
    let lasted_ms = ride.ended_at.as_millisecond() - ride.started_at.as_millisecond();
    covered_ms > 0 && covered_ms * 2 >= lasted_ms && segment.len() * 2 > sure.len()
}

/// How far a car can drive between these times, in metres.
fn reach_m(from: Timestamp, to: Timestamp) -> f64 {
    SPEED_MAX_MPS * to.duration_since(from).as_secs_f64().max(0.0)
}

/// The measured distance of a ride, with its path and gaps.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Measured {
    /// The length of the path through the fixes, in metres.
    pub measured_m: f64,
    /// The metres that were filled in for gaps.
    pub filled_m: f64,
    /// The pieces of the path in order. Each has no gap or jump, and at least one point.
    pub segments: Vec<Vec<Coordinates>>,
    /// In the order of time.
    pub gaps: Vec<Gap>,
    /// Whether the fixes of most of the ride show that the car did not move.
    pub stood_still: bool,
    /// Whether there were more than [`FIXES_MAX`] fixes.
    pub is_thinned: bool,
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
