//! Finds devices that do not acknowledge offers.
//!
//! A dead device looks like a free driver: it is on shift, and may even report positions. The only difference is that
//! it acknowledges nothing.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use super::id::DriverId;
use super::offer::OfferState;

/// How long a device that missed an offer is ranked behind the others.
pub const LAST_FOR: SignedDuration = SignedDuration::from_mins(10);
/// The highest rank: more missed offers than this do not move a device further back.
const OFFERS_MAX: i64 = 2;
/// How long a device is not tried after three missed offers. The time doubles with each further one, up to
/// [`LAST_FOR`].
const REST: SignedDuration = SignedDuration::from_secs(30);

/// The latest offers in a row that a device did not acknowledge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MissedOffers {
    /// At least one.
    pub offers: i64,
    /// When the last of them ended.
    pub last_at: Timestamp,
}

/// The drivers whose devices have missed offers lately.
pub type Unresponsive = HashMap<DriverId, MissedOffers>;

impl MissedOffers {
    /// The missed offers of a device after one of its offers has changed to that state.
    pub(crate) fn after(before: Option<Self>, state: OfferState, at: Timestamp) -> Option<Self> {
        match state {
            OfferState::Undelivered => Some(Self {
                offers: before.map_or(0, |missed| missed.offers).saturating_add(1),
                last_at: at,
            }),
            OfferState::Delivered
            | OfferState::Accepted
            | OfferState::Declined
            | OfferState::Expired => None,
            // The offer was withdrawn before its deadline, which says nothing about the device.
            OfferState::Created | OfferState::Withdrawn => before,
        }
    }

    /// The missed offers of a device that had not acknowledged an offer when another driver accepted the trip. It is
    /// ranked behind the devices that had. A live device still acknowledges the offer a moment later, and is behind no
    /// more. A device that is behind already keeps its count; offers that it missed long ago no longer count.
    pub(crate) fn outrun(before: Option<Self>, at: Timestamp) -> Self {
        let counting = before.filter(|missed| missed.rank(at) > 0);
        counting.unwrap_or(Self {
            offers: 1,
            last_at: at,
        })
    }

    /// Whether the device is not tried at all for now. Where drivers are scarce, it would otherwise be offered every
    /// trip again and again.
    pub fn is_resting(self, at: Timestamp) -> bool {
        let further = self.offers - OFFERS_MAX - 1;
        let Ok(further) = u32::try_from(further) else {
            return false;
        };
        let rest = REST * 2_i32.pow(further.min(8));
        at.duration_since(self.last_at) < rest.min(LAST_FOR)
    }

    /// The device's rank: 0 is not behind the others, 1 is behind them, 2 is last.
    pub fn rank(self, at: Timestamp) -> i64 {
        if at.duration_since(self.last_at) < LAST_FOR {
            self.offers.min(OFFERS_MAX)
        } else {
            0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_900_000_000 + second).expect("a time")
    }

    #[test]
    fn a_silent_device_comes_last_until_it_acknowledges_something_or_ten_minutes_are_over() {
        let once =
            MissedOffers::after(None, OfferState::Undelivered, at(0)).expect("it was silent");
        let twice = MissedOffers::after(Some(once), OfferState::Undelivered, at(60));
        let twice = twice.expect("it was silent again");
        assert_eq!((once.rank(at(1)), twice.rank(at(61))), (1, 2));
        assert_eq!((twice.rank(at(659)), twice.rank(at(660))), (2, 0));
        let thrice = MissedOffers::after(Some(twice), OfferState::Undelivered, at(700));
        assert_eq!(thrice.map(|missed| missed.rank(at(701))), Some(2));
        let rests = |offers, second| {
            let last_at = at(0);
            MissedOffers { offers, last_at }.is_resting(at(second))
        };
        assert!(!rests(2, 0), "twice may be chance");
        assert_eq!((rests(3, 29), rests(3, 30)), (true, false));
        assert_eq!((rests(5, 119), rests(5, 120)), (true, false));
        assert_eq!((rests(99, 599), rests(99, 600)), (true, false));
        for heard in [
            OfferState::Delivered,
            OfferState::Accepted,
            OfferState::Declined,
        ] {
            assert_eq!(
                MissedOffers::after(Some(twice), heard, at(61)),
                None,
                "{heard:?}"
            );
        }
        let withdrawn = MissedOffers::after(Some(twice), OfferState::Withdrawn, at(61));
        assert_eq!(withdrawn, Some(twice), "it had no time to acknowledge it");
        assert_eq!(MissedOffers::outrun(Some(twice), at(61)), twice);
        assert_eq!(MissedOffers::outrun(None, at(61)).rank(at(61)), 1);
        let long_ago = MissedOffers::outrun(Some(twice), at(660));
        assert_eq!((long_ago.offers, long_ago.rank(at(661))), (1, 1));
    }
}
