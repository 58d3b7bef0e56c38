//! Which drivers a trip was already offered to, and what that means for its next offers.

use jiff::{SignedDuration, Timestamp};

use super::id::DriverId;
use super::offer::OfferState;

/// How long a trip is not offered again to a device that did not acknowledge its offer.
pub const SILENT_FOR: SignedDuration = SignedDuration::from_secs(30);

/// An offer that has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndedOffer {
    pub driver: DriverId,
    pub attempt: i64,
    pub state: OfferState,
    pub offered_at: Timestamp,
    pub ended_at: Timestamp,
}

/// What the earlier offers of a trip mean for the next ones.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EarlierOffers {
    /// Drivers who are not asked now: they were asked in this attempt, they gave the trip back, or their device has
    /// just failed to acknowledge an offer.
    pub not_now: Vec<DriverId>,
    /// Drivers whose devices acknowledged no offer of this attempt. They are asked again after everybody else in reach.
    pub unreached: Vec<DriverId>,
    /// The number of latest offers in a row that no device acknowledged.
    pub unheard: u32,
    /// When the last of those offers ended.
    pub unheard_at: Option<Timestamp>,
}

impl EarlierOffers {
    /// Sums up the ended offers of a trip for its current attempt.
    pub fn of(
        ended: &[EndedOffer],
        attempt: i64,
        given_back_by: &[DriverId],
        at: Timestamp,
    ) -> Self {
        let is_unheard = |offer: &&EndedOffer| offer.state == OfferState::Undelivered;
        let of_attempt = || ended.iter().filter(|offer| offer.attempt == attempt);
        let silent_now = ended
            .iter()
            .filter(|offer| is_unheard(offer) && offer.ended_at > at - SILENT_FOR);
        let asked = of_attempt().filter(|offer| !is_unheard(offer));
        let not_now = asked.chain(silent_now).map(|offer| offer.driver);
        let not_now: Vec<DriverId> = not_now.chain(given_back_by.iter().copied()).collect();
        let unheard = of_attempt().filter(is_unheard);
        let mut unreached: Vec<DriverId> = unheard
            .map(|offer| offer.driver)
            .filter(|driver| !not_now.contains(driver))
            .collect();
        unreached.sort_unstable();
        unreached.dedup();
        let heard = of_attempt().filter(|offer| {
            let is_withdrawn = offer.state == OfferState::Withdrawn;
            !is_unheard(offer) && !is_withdrawn
        });
        let last_heard = heard.map(|offer| offer.offered_at).max();
        let in_a_row = || {
            let unheard = of_attempt().filter(is_unheard);
            unheard.filter(|offer| last_heard.is_none_or(|heard| offer.offered_at > heard))
        };
        Self {
            not_now,
            unreached,
            unheard: u32::try_from(in_a_row().count()).unwrap_or(u32::MAX),
            unheard_at: in_a_row().map(|offer| offer.ended_at).max(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::UserId;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_900_000_000 + second).expect("a time")
    }

    fn driver(number: i64) -> DriverId {
        DriverId::of(UserId::new(number))
    }

    /// An offer to that driver, made at that second, which ended four seconds later.
    fn ended(number: i64, second: i64, state: OfferState) -> EndedOffer {
        EndedOffer {
            driver: driver(number),
            attempt: 1,
            state,
            offered_at: at(second),
            ended_at: at(second + 4),
        }
    }

    #[test]
    fn only_whose_device_was_silent_is_asked_again_and_not_at_once() {
        let ended = [
            ended(1, 0, OfferState::Undelivered),
            ended(2, 5, OfferState::Declined),
            ended(3, 10, OfferState::Withdrawn),
        ];
        let asked = EarlierOffers::of(&ended, 1, &[driver(4)], at(33));
        assert_eq!(asked.not_now, [2, 3, 1, 4].map(driver));
        assert_eq!(asked.unreached, []);
        let asked = EarlierOffers::of(&ended, 1, &[driver(4)], at(34));
        assert_eq!(asked.not_now, [2, 3, 4].map(driver));
        assert_eq!(asked.unreached, [driver(1)]);
        let next_attempt = EarlierOffers::of(&ended, 2, &[driver(2)], at(34));
        assert_eq!(
            (next_attempt.not_now, next_attempt.unreached),
            (vec![driver(2)], vec![])
        );
    }

    #[test]
    fn who_has_answered_at_last_is_not_asked_again() {
        let ended = [
            ended(1, 0, OfferState::Undelivered),
            ended(1, 40, OfferState::Expired),
        ];
        let asked = EarlierOffers::of(&ended, 1, &[], at(100));
        assert_eq!((asked.not_now, asked.unreached), (vec![driver(1)], vec![]));
    }

    #[test]
    fn offers_that_no_device_acknowledged_count_from_the_last_one_that_was() {
        let unheard = |ended: &[EndedOffer]| {
            let asked = EarlierOffers::of(ended, 1, &[], at(99));
            (asked.unheard, asked.unheard_at)
        };
        assert_eq!(unheard(&[]), (0, None));
        let mut offers = vec![
            ended(1, 0, OfferState::Undelivered),
            ended(2, 5, OfferState::Undelivered),
            ended(3, 5, OfferState::Undelivered),
        ];
        assert_eq!(unheard(&offers), (3, Some(at(9))));
        // One device of this wave did acknowledge, so the count starts again.
        offers.push(ended(4, 10, OfferState::Undelivered));
        offers.push(ended(5, 10, OfferState::Declined));
        assert_eq!(unheard(&offers), (0, None));
        offers.push(ended(6, 20, OfferState::Undelivered));
        assert_eq!(unheard(&offers), (1, Some(at(24))));
    }
}
