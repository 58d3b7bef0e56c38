//! How far a rider was driven: from what a device says to the metres that are charged.
//!
//! Where a driver *is* and how far a rider was *driven* are two questions. The first is answered by the supply's judge, at once; this one by the whole
//! ride, when it is over. A [`Track`] gathers what the device reported while the ride ran, and [`Track::measure`] reckons its metres. Both see a set of
//! fixes in the order of the device's time, so the order in which they arrived, how they were split over reports and how often they were sent again change
//! nothing.
//!
//! What is decided for one fix by itself: [`TrackFix::of`]. Which fixes of a ride say something: `usable`. How long the way through them is: `way`, and
//! `zigzag` for what their errors are like. What is not known: `gaps`.

mod gaps;
mod usable;
mod way;
mod zigzag;

use jiff::Timestamp;

use super::fix::Fix;
use super::place::Coordinates;

pub use gaps::Gap;

/// The most fixes of a ride that are kept; beyond, only the most accurate of each span of time counts.
pub const FIXES_MAX: usize = 20_000;
/// No ride is longer than this times its time by the service's clock, in metres a second.
pub(crate) const SPEED_MAX_MPS: f64 = 50.0;
/// A fix that may be further off says nothing about the way, in metres.
pub const ACCURACY_MAX_M: f64 = 100.0;
/// No phone is surer than this, whatever it says, in metres.
const ACCURACY_MIN_M: f64 = 3.0;
/// How far off a fix may be that does not say, in metres.
pub(crate) const ACCURACY_UNSAID_M: f64 = 30.0;
/// The shortest span of time of which one fix counts, once there are too many; it doubles until they fit.
const SPAN_MIN_MS: i64 = 1_000;

/// What counts of a fix: when, where and how sure. Ordered by the device's time.
///
/// Whole numbers, so that what was stored is what was reported: to the millisecond, the centimetre, and the decimetre of accuracy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrackFix {
    /// When, by the device's clock, in milliseconds of Unix time.
    pub at_ms: i64,
    /// Degrees north, in ten millionths.
    pub lat_e7: i32,
    /// Degrees east, in ten millionths.
    pub lon_e7: i32,
    /// How far off it may be, in decimetres; nothing where the device does not say.
    pub accuracy_dm: Option<u16>,
}

impl TrackFix {
    /// What counts of that fix; nothing if it says nothing about a way: at 0/0 exactly is a device without a fix, an accuracy below 0 is a device that
    /// calls its own fix invalid, and beyond [`ACCURACY_MAX_M`] is a mast or a stranger's network.
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

    /// Where.
    pub(crate) fn location(&self) -> Coordinates {
        self.place()
            .expect("a rounded place on the earth is on the earth")
    }

    /// Whether there is such a time and such a place, as there is of every fix; what is read from elsewhere may be anything.
    pub fn is_sound(&self) -> bool {
        self.place().is_some() && Timestamp::from_millisecond(self.at_ms).is_ok()
    }

    fn place(&self) -> Option<Coordinates> {
        let degrees = |e7: i32| f64::from(e7) / 1e7;
        Coordinates::new(degrees(self.lat_e7), degrees(self.lon_e7)).ok()
    }

    /// The most accurate comes first, then the earliest.
    fn rank(&self) -> (u32, Self) {
        ((self.accuracy_m() * 10.0) as u32, *self)
    }

    /// How far off it may be, in metres.
    fn accuracy_m(&self) -> f64 {
        let said_m = self.accuracy_dm.map(|dm| f64::from(dm) / 10.0);
        said_m.map_or(ACCURACY_UNSAID_M, |said_m| said_m.max(ACCURACY_MIN_M))
    }
}

/// The fixes of one ride, in the order of the device's time. Arrival order, splitting and repetition change nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Track {
    spots: Vec<TrackFix>,
    /// How often the span of time of which one fix counts was doubled; 0 is no span.
    thinned: u32,
}

impl Track {
    /// Takes the fixes of a report; gives those that are new and count, which are the ones to be stored.
    pub fn add(&mut self, fixes: &[Fix]) -> Vec<TrackFix> {
        self.restore(fixes.iter().filter_map(TrackFix::of))
    }

    /// Takes what was stored; gives what is new of it. Stored pieces may be given in any order, and may hold what was thinned since.
    pub fn restore(&mut self, spots: impl IntoIterator<Item = TrackFix>) -> Vec<TrackFix> {
        let mut new: Vec<TrackFix> = spots.into_iter().collect();
        new.sort_unstable();
        new.dedup();
        new.retain(|spot| self.spots.binary_search(spot).is_err());
        self.spots.extend(&new);
        // Two runs that are sorted: one pass, and none of note where the second begins after the first.
        self.spots.sort();
        self.thin();
        new.retain(|spot| self.spots.binary_search(spot).is_ok());
        new
    }

    /// Those that count, in the order of the device's time.
    pub fn spots(&self) -> &[TrackFix] {
        &self.spots
    }

    /// Whether there were more than [`FIXES_MAX`].
    pub(crate) const fn is_thinned(&self) -> bool {
        self.thinned > 0
    }

    /// Leaves the most accurate, then earliest, of each span of time. The best of a span is the best of its halves, so what is left of a set does not depend
    /// on when it came.
    fn thin(&mut self) {
        loop {
            if self.thinned > 0 {
                let span_ms = SPAN_MIN_MS << (self.thinned - 1);
                let span = |spot: &TrackFix| spot.at_ms.div_euclid(span_ms);
                usable::leave_surest(&mut self.spots, |next, kept| span(next) == span(kept));
            }
            if self.spots.len() <= FIXES_MAX {
                return;
            }
            self.thinned += 1;
        }
    }

    /// The metres of the ride, and what is not known of it. `way` is how many metres the quote reckons from one place to another.
    ///
    /// Fixes whose time, by the device's clock, is outside the ride by the service's are not the ride's: each is in or out by itself, whatever else was
    /// reported.
    pub fn measure(
        &self,
        ride: &RideFacts,
        way: impl Fn(Coordinates, Coordinates) -> f64,
    ) -> Measured {
        let (from, to) = (
            ride.started_at.as_millisecond(),
            ride.ended_at.as_millisecond(),
        );
        let begin = self.spots.partition_point(|spot| spot.at_ms < from);
        let end = self.spots.partition_point(|spot| spot.at_ms <= to);
        let spots = self.spots.get(begin..end).unwrap_or_default();
        let sure = usable::sure(&usable::apart(spots));
        let segments = usable::segments(&sure);
        let ways: Vec<Vec<Coordinates>> = segments.iter().map(|spots| way::of(spots)).collect();
        let metres: f64 = ways.iter().map(|way| way::metres(way)).sum();
        let measured_m = metres.min(ride.reach_m());
        let (gaps, filled_m) = gaps::fill(ride, &segments, measured_m, way);
        Measured {
            stood_still: measured_m <= 0.0 && gaps.is_empty() && says_all(ride, &sure, &segments),
            measured_m,
            filled_m,
            segments: ways,
            gaps,
            is_thinned: self.is_thinned(),
        }
    }
}

/// What the service knows of a ride besides its fixes; times are by its own clock.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RideFacts {
    /// When it began.
    pub started_at: Timestamp,
    /// When it was completed or ended; of a ride that goes on, now.
    pub ended_at: Timestamp,
    /// Where it was to begin.
    pub pick_up: Option<Coordinates>,
    /// Where it was to end; of a ride that goes on, nothing, since nobody knows that it will.
    pub drop_off: Option<Coordinates>,
    /// What was quoted, in metres.
    pub quoted_m: Option<f64>,
}

impl RideFacts {
    /// How far a car can have driven in that time, in metres.
    pub fn reach_m(&self) -> f64 {
        reach_m(self.started_at, self.ended_at)
    }
}

/// Whether most of the fixes hang together, for most of the ride: only then they can say that the car did not move.
fn says_all(ride: &RideFacts, sure: &[TrackFix], segments: &[Vec<TrackFix>]) -> bool {
    let [segment] = segments else {
        return false;
    };
    let (Some(first), Some(last)) = (segment.first(), segment.last()) else {
        return false;
    };
    let told_ms = last.at_ms - first.at_ms;
    let lasted_ms = ride.ended_at.as_millisecond() - ride.started_at.as_millisecond();
    told_ms > 0 && told_ms * 2 >= lasted_ms && segment.len() * 2 > sure.len()
}

/// How far a car can have driven between these times, in metres.
fn reach_m(from: Timestamp, to: Timestamp) -> f64 {
    SPEED_MAX_MPS * to.duration_since(from).as_secs_f64().max(0.0)
}

/// What a ride comes to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Measured {
    /// The way that the fixes tell, in metres.
    pub measured_m: f64,
    /// What was put in for its gaps, in metres.
    pub filled_m: f64,
    /// The ways driven, in order: each is a stretch without a gap or a jump, and has at least one place.
    pub segments: Vec<Vec<Coordinates>>,
    /// The stretches of time of which nothing is known, in order.
    pub gaps: Vec<Gap>,
    /// Whether the fixes say, for most of the ride, that the car did not move.
    pub stood_still: bool,
    /// Whether there were more than [`FIXES_MAX`].
    pub is_thinned: bool,
}

#[cfg(test)]
mod promises;
#[cfg(test)]
mod tests;
