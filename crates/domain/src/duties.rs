//! The duties of a trip's driver, and how the driver keeps them.
//!
//! [`Duties`] are the town's rules at the time of the order. [`Conduct`] has the findings about the trip's present
//! driver, and begins anew with each attempt. Before a rider pays a fee, the device's positions are checked against
//! both. In case of doubt the rider does not pay.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::place::Coordinates;

/// The accuracy radius of a position that reports none, in metres.
const ACCURACY_M: f64 = 30.0;

/// The duties of a driver, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Duties {
    /// The largest distance from the pick-up at which a driver has arrived, in metres. 0 means that it is not checked.
    pub arrive_within_m: u32,
    /// The part of the distance that the driver must have driven before a cancellation costs anything, in percent. 0
    /// means that it is not checked.
    pub nearer_percent: u32,
    /// A driver who comes this much later than promised is late, in seconds…
    pub late_s: u32,
    /// … or by this part of the promised time, in percent, whichever is more.
    pub late_percent: u32,
    /// A driver who has reported positions is silent once nothing was heard for this long, in seconds.
    pub silent_s: u32,
}

/// The defaults of a town.
impl Default for Duties {
    fn default() -> Self {
        Self {
            arrive_within_m: 300,
            nearer_percent: 25,
            late_s: 300,
            late_percent: 50,
            silent_s: 180,
        }
    }
}

impl Duties {
    /// The duties without a town, and of stored trips without duties. Nothing is checked that could cost anybody
    /// anything.
    pub(crate) const OF_NO_TOWN: Self = Self {
        arrive_within_m: 0,
        nearer_percent: 0,
        late_s: 300,
        late_percent: 50,
        silent_s: 180,
    };

    /// Checks an arrival. Returns whether it could be verified, or refuses it if the device is too far away.
    pub(super) fn judge_arrival(
        &self,
        from: Option<Whereabouts>,
        pick_up: Option<Coordinates>,
    ) -> Result<Option<Arrival>, TooFar> {
        if self.arrive_within_m == 0 {
            return Ok(None);
        }
        let (Some(from), Some(pick_up)) = (from, pick_up) else {
            return Ok(Some(Arrival::Unverified));
        };
        let (metres, within) = (from.metres_to(pick_up), f64::from(self.arrive_within_m));
        if metres - from.accuracy_m > within {
            let metres = whole(metres);
            let within = self.arrive_within_m;
            Err(TooFar { metres, within })
        } else if from.accuracy_m > within {
            // The device may be at the pick-up or far away from it.
            Ok(Some(Arrival::Unverified))
        } else {
            Ok(Some(Arrival::AtPickUp))
        }
    }

    /// When a driver becomes late who is expected at that time, after so many seconds.
    fn late_after(&self, expected_at: Timestamp, promised_s: u32) -> Timestamp {
        let part = i64::from(promised_s).saturating_mul(i64::from(self.late_percent)) / 100;
        let grace = part.max(i64::from(self.late_s));
        expected_at
            .checked_add(SignedDuration::from_secs(grace))
            .unwrap_or(Timestamp::MAX)
    }

    /// Whether a driver is silent if nothing has been heard since that time.
    pub(crate) fn is_silent(&self, heard_at: Timestamp, at: Timestamp) -> bool {
        at.duration_since(heard_at) >= self.silence()
    }

    /// How long nothing may be heard from a driver.
    pub(crate) fn silence(&self) -> SignedDuration {
        SignedDuration::from_secs(i64::from(self.silent_s))
    }
}

/// The driver is too far from the pick-up for an arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooFar {
    /// The distance from the pick-up, in metres.
    pub metres: u32,
    /// The largest distance that is allowed, in metres.
    pub within: u32,
}

/// The location of a driver's device, if its last position is fresh and believed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Whereabouts {
    place: Coordinates,
    accuracy_m: f64,
}

impl Whereabouts {
    /// A location with so many metres of accuracy.
    pub fn new(place: Coordinates, accuracy_m: Option<f64>) -> Self {
        let accuracy_m = accuracy_m.unwrap_or(ACCURACY_M);
        Self { place, accuracy_m }
    }

    fn metres_to(&self, other: Coordinates) -> f64 {
        self.place.metres_to(other)
    }

    /// The largest distance that a place may have, in metres.
    pub(crate) fn metres_at_most_to(&self, other: Coordinates) -> u32 {
        whole((self.metres_to(other) + self.accuracy_m).ceil())
    }
}

fn whole(metres: f64) -> u32 {
    // No distance on earth is too large, and a negative one becomes 0.
    metres.max(0.0) as u32
}

/// The circumstances of a driver who accepts a trip.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Outset {
    /// Where the device is, if that is known.
    pub from: Option<Whereabouts>,
    /// The time to the pick-up that the rider is promised, in seconds, if one is.
    pub promised_s: Option<u32>,
}

/// Whether an arrival at the pick-up could be verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arrival {
    /// The device was at the pick-up.
    AtPickUp,
    /// It cannot be told: there is no fresh position, none that is accurate enough, or no coordinates of the pick-up.
    Unverified,
}

/// The findings about how a trip's driver keeps the duties.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Conduct {
    /// The least distance of the pick-up at the accept, in metres.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub way_m: Option<u32>,
    /// When the driver had come as much nearer as is required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nearer_at: Option<Timestamp>,
    /// When the driver becomes late, if the rider was promised a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub late_after: Option<Timestamp>,
    /// When the driver was found to be late.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub late_at: Option<Timestamp>,
    /// When the driver was last found to be silent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub silent_at: Option<Timestamp>,
    /// When the driver was found to be blocked, after the start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocked_at: Option<Timestamp>,
    /// Whether the arrival could be verified, if it was checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arrival: Option<Arrival>,
}

impl Conduct {
    /// The conduct of a driver who accepts at that time. A trip for later has the pick-up time `pick_up_at`.
    pub(super) fn begin(
        duties: &Duties,
        outset: Outset,
        pick_up: Option<Coordinates>,
        pick_up_at: Option<Timestamp>,
        at: Timestamp,
    ) -> Self {
        let from = outset.from.zip(pick_up);
        let way_m = from.map(|(from, to)| whole(from.metres_to(to) - from.accuracy_m));
        let late_after = outset.promised_s.map(|promised_s| {
            let expected_at = at + SignedDuration::from_secs(i64::from(promised_s));
            let expected_at = pick_up_at.map_or(expected_at, |pick_up| pick_up.max(expected_at));
            duties.late_after(expected_at, promised_s)
        });
        Self {
            way_m,
            late_after,
            ..Self::default()
        }
    }

    /// The distance from the pick-up, in metres, at which the driver has come as much nearer as is required. `None` if
    /// that cannot be told.
    pub(super) fn near_m(&self, duties: &Duties) -> Option<u32> {
        let left = u64::from(self.way_m?) * u64::from(100 - duties.nearer_percent.min(100)) / 100;
        u32::try_from(left).ok()
    }

    /// Whether the driver has earned a fee if the rider cancels now.
    pub(super) fn deserves_fee(&self, duties: &Duties, has_arrived: bool) -> bool {
        let is_on_the_way = duties.nearer_percent == 0 || self.nearer_at.is_some();
        let has_failed = self.late_at.is_some() || self.silent_at.is_some();
        !has_failed && (has_arrived && self.has_truly_arrived() || is_on_the_way)
    }

    /// Whether the arrival was verified, or not checked at all.
    pub(crate) fn has_truly_arrived(&self) -> bool {
        self.arrival != Some(Arrival::Unverified)
    }

    /// Whether there are no findings.
    pub fn is_blank(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(lat: f64) -> Coordinates {
        Coordinates::new(lat, 10.0).expect("on the earth")
    }

    /// A device so many metres north of the pick-up, with an accuracy.
    fn off(metres: f64, accuracy_m: f64) -> Option<Whereabouts> {
        let place = place(53.55 + metres / 111_195.0);
        Some(Whereabouts::new(place, Some(accuracy_m)))
    }

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    #[test]
    fn an_arrival_is_held_against_where_the_device_is() {
        let duties = Duties::default();
        let judge = |from| duties.judge_arrival(from, Some(place(53.55)));
        assert_eq!(judge(off(290.0, 5.0)), Ok(Some(Arrival::AtPickUp)));
        assert_eq!(
            judge(off(310.0, 20.0)),
            Ok(Some(Arrival::AtPickUp)),
            "it may be there"
        );
        let too_far = judge(off(84_000.0, 400.0)).expect_err("that is far away");
        assert_eq!(too_far.within, 300);
        assert!((83_900..84_100).contains(&too_far.metres));
        assert_eq!(
            judge(off(500.0, 450.0)),
            Ok(Some(Arrival::Unverified)),
            "so unsure a device proves nothing"
        );
        assert_eq!(judge(off(0.0, 300.0)), Ok(Some(Arrival::AtPickUp)));
        assert_eq!(judge(off(0.0, 301.0)), Ok(Some(Arrival::Unverified)));
        assert_eq!(judge(None), Ok(Some(Arrival::Unverified)));
        let no_pin = duties.judge_arrival(off(0.0, 5.0), None);
        assert_eq!(no_pin, Ok(Some(Arrival::Unverified)));
        let no_town = Duties::OF_NO_TOWN.judge_arrival(off(84_000.0, 5.0), Some(place(53.55)));
        assert_eq!(no_town, Ok(None));
    }

    #[test]
    fn late_is_by_five_minutes_or_half_the_promise() {
        let duties = Duties::default();
        let late_after = |promised_s, pick_up_at| {
            let outset = Outset {
                from: None,
                promised_s: Some(promised_s),
            };
            Conduct::begin(&duties, outset, None, pick_up_at, second(1_000)).late_after
        };
        assert_eq!(late_after(120, None), Some(second(1_000 + 120 + 300)));
        assert_eq!(late_after(900, None), Some(second(1_000 + 900 + 450)));
        let booked = Some(second(5_000));
        assert_eq!(
            late_after(120, booked),
            Some(second(5_300)),
            "nobody is late before the time that was ordered"
        );
        let nothing = Conduct::begin(&duties, Outset::default(), None, None, second(1_000));
        assert_eq!(nothing.late_after, None, "nothing was promised");
    }

    #[test]
    fn a_driver_comes_nearer_by_a_quarter_of_the_way_at_least() {
        let duties = Duties::default();
        let begin = |from| {
            let outset = Outset {
                from,
                promised_s: None,
            };
            Conduct::begin(&duties, outset, Some(place(53.55)), None, second(0))
        };
        let near_m = begin(off(1_000.0, 40.0)).near_m(&duties).expect("known");
        assert!(
            (718..=720).contains(&near_m),
            "three quarters of what is certain: {near_m}"
        );
        assert_eq!(begin(None).near_m(&duties), None);
        let close = off(100.0, 20.0).expect("somewhere");
        assert!((119..=121).contains(&close.metres_at_most_to(place(53.55))));
    }

    #[test]
    fn what_was_written_before_is_read() {
        let conduct: Conduct = serde_json::from_str("{}").expect("it is JSON");
        assert!(conduct.is_blank());
        assert_eq!(serde_json::to_string(&conduct).ok(), Some("{}".to_owned()));
    }
}
