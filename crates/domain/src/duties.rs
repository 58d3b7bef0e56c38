//! What a driver owes the rider of a trip, and what is known of how they keep it.
//!
//! [`Duties`] are the town's numbers as they were when the trip was ordered. [`Conduct`] is what was found out about
//! the driver who has the trip now; it begins anew with each attempt. What a device says is held against both before a
//! rider pays: in doubt the rider does not pay.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::place::Coordinates;

/// How far off a device may be that does not say so, in metres.
const ACCURACY_M: f64 = 30.0;

/// What a driver owes, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Duties {
    /// Whoever is further from the pick-up has not arrived, in metres; 0: it is not looked at.
    pub arrive_within_m: u32,
    /// By which part of the way the driver must have come nearer before it costs anything to cancel, in percent; 0: it
    /// is not looked at.
    pub nearer_percent: u32,
    /// By how much later than promised is late, in seconds…
    pub late_s: u32,
    /// … or by which part of what was promised, in percent, whichever is more.
    pub late_percent: u32,
    /// Whoever has reported positions and is not heard of for so long is silent, in seconds.
    pub silent_s: u32,
}

/// What holds in a town that says nothing else.
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
    /// What holds where there is no town, and for trips of before there were duties: nothing is looked at that costs
    /// anybody anything.
    pub(crate) const OF_NO_TOWN: Self = Self {
        arrive_within_m: 0,
        nearer_percent: 0,
        late_s: 300,
        late_percent: 50,
        silent_s: 180,
    };

    /// Where an arrival was, if it is looked at and not too far away; else how far away it was.
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
            // It may be there, and it may be anywhere.
            Ok(Some(Arrival::Unverified))
        } else {
            Ok(Some(Arrival::AtPickUp))
        }
    }

    /// When a driver is late who is expected at that time, after so many seconds.
    fn late_after(&self, expected_at: Timestamp, promised_s: u32) -> Timestamp {
        let part = u64::from(promised_s) * u64::from(self.late_percent) / 100;
        let grace = part.max(u64::from(self.late_s));
        let grace = i64::try_from(grace).unwrap_or(i64::MAX / 4);
        expected_at
            .checked_add(SignedDuration::from_secs(grace))
            .unwrap_or(Timestamp::MAX)
    }

    /// Whether a driver is silent of whom nothing has been heard since then.
    pub(crate) fn is_silent(&self, heard_at: Timestamp, at: Timestamp) -> bool {
        at.duration_since(heard_at) >= self.silence()
    }

    /// For how long nothing may be heard of a driver.
    pub(crate) fn silence(&self) -> SignedDuration {
        SignedDuration::from_secs(i64::from(self.silent_s))
    }
}

/// Somebody says that they are at the pick-up, and is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooFar {
    /// How far away they are.
    pub metres: u32,
    /// Within how much one has arrived.
    pub within: u32,
}

/// Where a driver's device is, as far as it is believed, and fresh.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Whereabouts {
    place: Coordinates,
    accuracy_m: f64,
}

impl Whereabouts {
    /// There, give or take so many metres.
    pub fn new(place: Coordinates, accuracy_m: Option<f64>) -> Self {
        let accuracy_m = accuracy_m.unwrap_or(ACCURACY_M);
        Self { place, accuracy_m }
    }

    fn metres_to(&self, other: Coordinates) -> f64 {
        self.place.metres_to(other)
    }

    /// How far away a place is at most, in metres.
    pub(crate) fn metres_at_most_to(&self, other: Coordinates) -> u32 {
        whole((self.metres_to(other) + self.accuracy_m).ceil())
    }
}

fn whole(metres: f64) -> u32 {
    // The earth is small enough, and what is below nothing is nothing.
    metres.max(0.0) as u32
}

/// What is known of a driver who accepts a trip.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Outset {
    /// Where they are.
    pub from: Option<Whereabouts>,
    /// How long the rider is told that they take to the pick-up, in seconds, if the rider is told.
    pub promised_s: Option<u32>,
}

/// Where a driver was who said that they are at the pick-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arrival {
    /// There, as far as their device can tell.
    AtPickUp,
    /// It cannot be told: no fresh position, or none that is sure enough, or no pin.
    Unverified,
}

/// What is known of how a trip's driver keeps their duties.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Conduct {
    /// How far the pick-up was at least when they accepted, in metres.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub way_m: Option<u32>,
    /// When they had come nearer by as much as they must.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nearer_at: Option<Timestamp>,
    /// When they are late, if the rider was promised anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub late_after: Option<Timestamp>,
    /// Since when they are late.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub late_at: Option<Timestamp>,
    /// When they were last found to be silent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub silent_at: Option<Timestamp>,
    /// When they were found to be blocked, under way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocked_at: Option<Timestamp>,
    /// Where they were when they said that they had arrived, if it was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arrival: Option<Arrival>,
}

impl Conduct {
    /// Of a driver who accepts at that time, for a pick-up then if it is for later.
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

    /// From how far away at most the driver has come as much nearer as they must; nothing if that cannot be told.
    pub(super) fn near_m(&self, duties: &Duties) -> Option<u32> {
        let left = u64::from(self.way_m?) * u64::from(100 - duties.nearer_percent.min(100)) / 100;
        u32::try_from(left).ok()
    }

    /// Whether what they have done so far is worth a fee, if the rider cancels now.
    pub(super) fn deserves_fee(&self, duties: &Duties, has_arrived: bool) -> bool {
        let is_on_the_way = duties.nearer_percent == 0 || self.nearer_at.is_some();
        let has_failed = self.late_at.is_some() || self.silent_at.is_some();
        !has_failed && (has_arrived && self.has_truly_arrived() || is_on_the_way)
    }

    /// Whether what they call an arrival was one, as far as it was looked at.
    pub(crate) fn has_truly_arrived(&self) -> bool {
        self.arrival != Some(Arrival::Unverified)
    }

    /// Whether there is nothing to say.
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

    /// So many metres north of the pick-up, give or take.
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
