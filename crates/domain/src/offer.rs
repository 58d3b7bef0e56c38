//! Offers of one trip to one driver, and their states.
//!
//! An offer is first delivered and then decided, each with a deadline. So a dead device is not mistaken for a driver
//! who does not want the trip.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::id::{DriverId, TripId};

/// An offer's id: 32 lower-case hex digits on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OfferId(#[serde(with = "uuid::serde::simple")] Uuid);

impl OfferId {
    /// Wraps an id that was made or read elsewhere.
    pub const fn new(id: Uuid) -> Self {
        Self(id)
    }

    /// The id as the database keeps it.
    pub const fn uuid(self) -> Uuid {
        self.0
    }
}

impl fmt::Display for OfferId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.simple().fmt(f)
    }
}

/// An offer of one trip to one driver.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Offer {
    pub id: OfferId,
    pub trip: TripId,
    /// The trip's attempt to find a driver to which the offer belongs.
    pub attempt: i64,
    pub driver: DriverId,
    pub state: OfferState,
    /// The distance to the pick-up as the crow flies, in metres.
    pub metres: i64,
    /// The estimated time to the pick-up, in seconds.
    pub eta_s: i64,
    pub offered_at: Timestamp,
    /// The deadline of the present state: for the device to acknowledge the offer, then for the driver to decide.
    pub due_at: Timestamp,
    /// How long the driver may take to decide once the offer is delivered, in seconds.
    pub decide_s: i64,
}

/// The state of an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OfferState {
    /// The offer is on its way to the device.
    Created,
    /// The device has acknowledged the offer.
    Delivered,
    Accepted,
    Declined,
    Expired,
    /// Another driver has accepted the trip, the trip was cancelled, or the driver is no longer free.
    Withdrawn,
    /// The device did not acknowledge the offer in time.
    Undelivered,
}

impl OfferState {
    /// Every state, in the order of an offer's life.
    pub const ALL: [Self; 7] = [
        Self::Created,
        Self::Delivered,
        Self::Accepted,
        Self::Declined,
        Self::Expired,
        Self::Withdrawn,
        Self::Undelivered,
    ];

    /// The states in which an offer can still be accepted. The schema repeats them: `one_open_offer_per_driver`.
    pub const OPEN: [Self; 2] = [Self::Created, Self::Delivered];

    /// The states of an offer that the driver could have accepted and did not.
    pub const REFUSED: [Self; 2] = [Self::Declined, Self::Expired];

    /// The state's word in rows and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Delivered => "delivered",
            Self::Accepted => "accepted",
            Self::Declined => "declined",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
            Self::Undelivered => "undelivered",
        }
    }

    /// Reads a state's word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Whether the offer can still be accepted.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Created | Self::Delivered)
    }
}

/// An action on an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfferAction {
    /// The device acknowledges the offer.
    Receive,
    Accept,
    Decline,
    Withdraw,
    /// The offer ends if its deadline has passed.
    Lapse,
}

/// The action is refused because the offer has ended in this state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("This offer is {}.", .0.as_str())]
pub struct OfferOver(pub OfferState);

impl Offer {
    /// The offer after `action`. It is unchanged if the same action came before, or if no deadline has passed.
    pub(crate) fn apply(&self, action: OfferAction, at: Timestamp) -> Result<Self, OfferOver> {
        let is_late = at >= self.due_at;
        let lapsed = match self.state {
            OfferState::Created => OfferState::Undelivered,
            OfferState::Delivered => OfferState::Expired,
            OfferState::Accepted
            | OfferState::Declined
            | OfferState::Expired
            | OfferState::Withdrawn
            | OfferState::Undelivered => self.state,
        };
        let to = |state| Self {
            state,
            ..self.clone()
        };
        match (action, self.state.is_open()) {
            (OfferAction::Withdraw, true) => Ok(to(OfferState::Withdrawn)),
            (OfferAction::Lapse, true) if is_late => Ok(to(lapsed)),
            (OfferAction::Lapse, _) => Ok(self.clone()),
            (OfferAction::Receive | OfferAction::Accept | OfferAction::Decline, true)
                if is_late =>
            {
                Err(OfferOver(lapsed))
            }
            (OfferAction::Receive, true) if self.state == OfferState::Delivered => Ok(self.clone()),
            (OfferAction::Receive, true) => Ok(Self {
                state: OfferState::Delivered,
                due_at: at + SignedDuration::from_secs(self.decide_s),
                ..self.clone()
            }),
            (OfferAction::Accept, true) => Ok(to(OfferState::Accepted)),
            (OfferAction::Decline, true) => Ok(to(OfferState::Declined)),
            (OfferAction::Decline, false) if self.state == OfferState::Declined => Ok(self.clone()),
            (
                OfferAction::Receive
                | OfferAction::Accept
                | OfferAction::Decline
                | OfferAction::Withdraw,
                false,
            ) => Err(OfferOver(self.state)),
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

    fn offer() -> Offer {
        Offer {
            id: OfferId::new(Uuid::nil()),
            trip: TripId::new(Uuid::nil()),
            attempt: 1,
            driver: DriverId::of(UserId::new(1)),
            state: OfferState::Created,
            metres: 800,
            eta_s: 225,
            offered_at: at(0),
            due_at: at(4),
            decide_s: 15,
        }
    }

    fn after(offer: &Offer, action: OfferAction, second: i64) -> Offer {
        offer.apply(action, at(second)).expect("it takes effect")
    }

    #[test]
    fn an_offer_is_delivered_first_and_decided_then() {
        let delivered = after(&offer(), OfferAction::Receive, 3);
        assert_eq!(delivered.due_at, at(18));
        assert_eq!(after(&delivered, OfferAction::Receive, 5), delivered);
        assert_eq!(after(&delivered, OfferAction::Lapse, 17), delivered);
        let expired = after(&delivered, OfferAction::Lapse, 18);
        assert_eq!(expired.state, OfferState::Expired);
        let undelivered = after(&offer(), OfferAction::Lapse, 4);
        assert_eq!(undelivered.state, OfferState::Undelivered);
    }

    #[test]
    fn what_comes_at_the_deadline_is_late_although_nobody_has_looked_yet() {
        let delivered = after(&offer(), OfferAction::Receive, 3);
        for action in [OfferAction::Accept, OfferAction::Decline] {
            assert_eq!(
                delivered.apply(action, at(18)),
                Err(OfferOver(OfferState::Expired))
            );
        }
        let late = offer().apply(OfferAction::Receive, at(4));
        assert_eq!(late, Err(OfferOver(OfferState::Undelivered)));
    }

    #[test]
    fn rows_and_payloads_have_the_same_words() {
        for state in OfferState::ALL {
            let word = state.as_str();
            assert_eq!(serde_json::to_value(state).ok(), Some(word.into()));
            assert_eq!(OfferState::parse(word), Some(state));
        }
        assert_eq!(OfferState::parse("Created"), None);
        let id = offer().id;
        assert_eq!(id.to_string(), "0".repeat(32));
        assert_eq!(serde_json::to_value(id).ok(), Some(id.to_string().into()));
    }

    #[test]
    fn what_is_over_stays_so() {
        let open = offer();
        for over in [
            after(&open, OfferAction::Accept, 1),
            after(&open, OfferAction::Decline, 1),
            after(&open, OfferAction::Withdraw, 1),
            after(&open, OfferAction::Lapse, 9),
        ] {
            assert_eq!(after(&over, OfferAction::Lapse, 99), over);
            for action in [
                OfferAction::Receive,
                OfferAction::Accept,
                OfferAction::Withdraw,
            ] {
                assert_eq!(over.apply(action, at(2)), Err(OfferOver(over.state)));
            }
        }
        let declined = after(&open, OfferAction::Decline, 1);
        assert_eq!(after(&declined, OfferAction::Decline, 2), declined);
        let accepted = after(&open, OfferAction::Accept, 1);
        let refused = accepted.apply(OfferAction::Decline, at(2));
        assert_eq!(refused, Err(OfferOver(OfferState::Accepted)));
    }
}
