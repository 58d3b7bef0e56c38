//! Checks whether the driver of a trip is silent.
//!
//! Only drivers who have reported positions on their trips are checked. The caller stores when each is checked next.

use jiff::Timestamp;

use crate::action::Action;
use crate::id::DriverId;
use crate::trip::Trip;

/// The result of checking the driver of one trip.
#[derive(Debug, Clone, PartialEq)]
pub enum SilenceCheck {
    /// The trip has no driver any more, and needs no further check.
    Over,
    /// The trip has a driver.
    Next {
        /// That the driver is silent, unless it is noted already or something was heard in time.
        finding: Option<Action>,
        /// The earliest time at which the driver can be silent, or silent again.
        again_at: Timestamp,
    },
}

impl SilenceCheck {
    /// Checks the driver of a trip; `heard_at` says when something was last heard of a driver.
    pub fn of(trip: &Trip, heard_at: impl FnOnce(DriverId) -> Timestamp, at: Timestamp) -> Self {
        let Some(driver) = trip.taken_by().map(|driver| driver.id) else {
            return Self::Over;
        };
        let duties = trip.order.duties();
        let heard_at = heard_at(driver);
        let is_silent = duties.is_silent(heard_at, at);
        let is_new = is_silent && !trip.is_silence_noted();
        let from = if is_silent { at } else { heard_at };
        Self::Next {
            finding: is_new.then_some(Action::NoteSilent(driver, heard_at)),
            again_at: from + duties.silence(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Change, Outset, UserId, sample};

    const BOB: DriverId = DriverId::of(UserId::new(2));
    const SILENT_S: i64 = 180;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_900_000_000 + second).expect("a time")
    }

    fn after(trip: &Trip, action: &Action, second: i64) -> Trip {
        match trip.apply(action, at(second)) {
            Ok(Change::To(trip)) => *trip,
            other => panic!("{action:?} is possible: {other:?}"),
        }
    }

    /// A trip that Bob took at second 10.
    fn taken() -> Trip {
        let trip = Trip::request(sample::request(UserId::new(1)), at(0));
        let accept = Action::Accept(sample::party(BOB), Outset::default());
        after(&trip, &accept, 10)
    }

    fn check(trip: &Trip, heard: i64, second: i64) -> SilenceCheck {
        let heard_at = |driver| {
            assert_eq!(driver, BOB);
            at(heard)
        };
        SilenceCheck::of(trip, heard_at, at(second))
    }

    fn next(finding: Option<Action>, again: i64) -> SilenceCheck {
        let again_at = at(again);
        SilenceCheck::Next { finding, again_at }
    }

    #[test]
    fn a_driver_is_silent_from_the_very_second_on() {
        let trip = taken();
        assert_eq!(check(&trip, 20, 199), next(None, 20 + SILENT_S));
        let noted = Some(Action::NoteSilent(BOB, at(20)));
        assert_eq!(check(&trip, 20, 200), next(noted, 200 + SILENT_S));
    }

    #[test]
    fn silence_is_found_once_before_the_start_and_once_after_it() {
        let silent = after(&taken(), &Action::NoteSilent(BOB, at(20)), 200);
        assert_eq!(check(&silent, 20, 380), next(None, 380 + SILENT_S));
        let arrived = after(&silent, &Action::Arrive(BOB, None), 400);
        let started = after(&arrived, &Action::Start(BOB, None), 500);
        let noted = Some(Action::NoteSilent(BOB, at(500)));
        assert_eq!(check(&started, 500, 680), next(noted, 680 + SILENT_S));
        let again = after(&started, &Action::NoteSilent(BOB, at(500)), 680);
        assert_eq!(check(&again, 500, 860), next(None, 860 + SILENT_S));
    }

    #[test]
    fn a_trip_without_a_driver_is_not_checked_again() {
        let back = after(&taken(), &Action::GiveBack(BOB, None), 50);
        let nobody = |_| panic!("there is no driver to be heard of");
        assert_eq!(SilenceCheck::of(&back, nobody, at(900)), SilenceCheck::Over);
    }
}
