//! Says what follows for drivers who were blocked, have no session any more, or may not drive the vehicle of their
//! shift any more.

use jiff::Timestamp;

use crate::action::Action;
use crate::id::{DriverId, TripId};
use crate::shift::Shift;
use crate::vehicle::Allowance;

/// A driver whose standing, sessions or allowance have changed.
#[derive(Debug, Clone)]
pub struct UnsettledDriver {
    /// The account.
    pub driver: DriverId,
    /// When that last changed.
    pub since: Timestamp,
    /// Whether the account may not act any more.
    pub is_blocked: bool,
    /// Whether anybody is logged in with the account.
    pub has_session: bool,
    /// The vehicles that the account may drive; any, if nothing is set.
    pub may_drive: Option<Allowance>,
    /// The open shift.
    pub shift: Option<Shift>,
    /// The trip that the driver has.
    pub trip: Option<TripId>,
}

impl UnsettledDriver {
    /// The trip that a blocked driver has, and the finding to be noted on it.
    pub fn finding(&self) -> Option<(TripId, Action)> {
        let trip = self.trip.filter(|_| self.is_blocked)?;
        Some((trip, Action::NoteBlocked(self.driver)))
    }

    /// Whether the service takes the driver offline. A blocked driver's trip may just have been taken from them, so the
    /// core decides whether they still have one.
    pub fn has_shift_to_end(&self) -> bool {
        let may_be_free = self.trip.is_none() || self.is_blocked;
        self.shift.is_some() && self.may_not_stay_online() && may_be_free
    }

    /// Whether nothing is left to be done. A driver who is not blocked may end the trip first.
    pub fn is_settled(&self) -> bool {
        let has_nothing = self.shift.is_none() && self.trip.is_none();
        let may_go_on = !self.may_not_stay_online() || self.trip.is_some();
        has_nothing || !self.is_blocked && may_go_on
    }

    fn may_not_stay_online(&self) -> bool {
        let is_allowed = |shift: &Shift| {
            let allows = |may_drive: &Allowance| may_drive.allows(&shift.vehicle);
            self.may_drive.as_ref().is_none_or(allows)
        };
        self.is_blocked || !self.has_session || !self.shift.as_ref().is_none_or(is_allowed)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::UserId;

    const BOB: DriverId = DriverId::of(UserId::new(2));
    const TRIP: TripId = TripId::new(Uuid::nil());

    /// A driver who is logged in and online with a van, and has no trip.
    fn online() -> UnsettledDriver {
        UnsettledDriver {
            driver: BOB,
            since: Timestamp::UNIX_EPOCH,
            is_blocked: false,
            has_session: true,
            may_drive: None,
            shift: Some(Shift {
                id: 1,
                driver: BOB,
                vehicle: "van:6".parse().expect("a vehicle"),
                began_at: Timestamp::UNIX_EPOCH,
                ended_at: None,
            }),
            trip: None,
        }
    }

    fn on_trip(driver: UnsettledDriver) -> UnsettledDriver {
        let trip = Some(TRIP);
        UnsettledDriver { trip, ..driver }
    }

    fn offline(driver: UnsettledDriver) -> UnsettledDriver {
        let shift = None;
        UnsettledDriver { shift, ..driver }
    }

    /// Whether the trip gets a finding, the shift ends, and nothing is left to be done.
    fn follows(driver: &UnsettledDriver) -> (bool, bool, bool) {
        (
            driver.finding().is_some(),
            driver.has_shift_to_end(),
            driver.is_settled(),
        )
    }

    #[test]
    fn a_driver_who_may_go_on_is_settled() {
        let may_drive = |vehicle: &str| UnsettledDriver {
            may_drive: Some(Allowance::of(vec![vehicle.parse().expect("a vehicle")])),
            ..online()
        };
        assert_eq!(follows(&online()), (false, false, true));
        assert_eq!(follows(&on_trip(online())), (false, false, true));
        assert_eq!(follows(&may_drive("van:8")), (false, false, true));
        assert_eq!(follows(&may_drive("standard:4")), (false, true, false));
    }

    #[test]
    fn a_blocked_driver_loses_the_trip_and_the_shift() {
        let blocked = UnsettledDriver {
            is_blocked: true,
            ..online()
        };
        assert_eq!(follows(&blocked), (false, true, false));
        let driving = on_trip(blocked.clone());
        assert_eq!(driving.finding(), Some((TRIP, Action::NoteBlocked(BOB))));
        assert_eq!(follows(&driving), (true, true, false));
        // Under `broadcast` a trip needs no shift.
        assert_eq!(follows(&offline(driving)), (true, false, false));
        assert_eq!(follows(&offline(blocked)), (false, false, true));
    }

    #[test]
    fn a_driver_who_logs_out_ends_the_trip_first() {
        let gone = UnsettledDriver {
            has_session: false,
            ..online()
        };
        assert_eq!(follows(&gone), (false, true, false));
        assert_eq!(follows(&on_trip(gone.clone())), (false, false, true));
        assert_eq!(follows(&offline(gone)), (false, false, true));
    }
}
