//! Notifications: short texts from the service or an operator, kept until they are read or expire.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::event::{Stream, TripChange};
use super::id::UserId;
use super::kind::TripEventKind;
use super::text::NoticeText;
use super::trip::{Trip, TripState};
use super::user::{Actor, Role};

/// How long notifications are kept. An operator may choose another time.
pub const NOTICE_LIFE: SignedDuration = SignedDuration::from_hours(7 * 24);

const OTHER_DRIVER: &str = "Your driver cannot come. Another one is looked for.";
const TAKEN_FROM_YOU: &str = "Your trip was taken from you. Another driver is looked for.";

/// The accounts that receive a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Audience {
    User(UserId),
    /// All accounts of that role.
    Role(Role),
    /// All accounts.
    All,
}

impl Audience {
    /// The stream that reaches the audience.
    pub const fn stream(self) -> Stream {
        match self {
            Self::User(user) => Stream::User(user),
            Self::Role(role) => Stream::Role(role),
            Self::All => Stream::All,
        }
    }
}

/// A short text to an audience. Its number and its time are the event's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Notification {
    pub audience: Audience,
    pub text: NoticeText,
    pub expires_at: Timestamp,
}

impl Notification {
    fn to(user: UserId, text: &str, at: Timestamp) -> Self {
        Self::telling(Audience::User(user), text, at)
    }

    fn telling(audience: Audience, text: &str, at: Timestamp) -> Self {
        Self {
            audience,
            text: NoticeText::parse(text).expect("the service's own texts are short"),
            expires_at: at + NOTICE_LIFE,
        }
    }

    fn to_operators(what: &str, trip: &Trip, at: Timestamp) -> Self {
        let text = format!("Trip {} {what}.", trip.number);
        Self::telling(Audience::Role(Role::Operator), &text, at)
    }

    /// The notifications about a change of a trip, in addition to the event: what people must know even if their app is
    /// asleep.
    pub(crate) fn about(change: &TripChange, by: Actor, at: Timestamp) -> Vec<Self> {
        let trip = &change.trip;
        let rider = trip.rider.id.user();
        let driver = trip.state.driver().map(|driver| driver.id.user());
        match (change.kind, &trip.state) {
            (TripEventKind::Arrived, _) => vec![Self::to(rider, "Your driver has arrived.", at)],
            (TripEventKind::GivenBack, _) => vec![Self::to(rider, OTHER_DRIVER, at)],
            (
                TripEventKind::TakenBack
                | TripEventKind::DriverLate
                | TripEventKind::DriverSilent
                | TripEventKind::DriverBlocked,
                _,
            ) => Self::about_driver(change, by, at),
            (TripEventKind::NoShow, _) => vec![Self::to(
                rider,
                "Your driver has waited for you in vain.",
                at,
            )],
            (TripEventKind::Amended, _) => driver
                .map(|driver| {
                    Self::to(
                        driver,
                        "The rider has changed the drop-off of your trip.",
                        at,
                    )
                })
                .into_iter()
                .collect(),
            (TripEventKind::Expired, _) => {
                vec![Self::to(rider, "No driver was found for your trip.", at)]
            }
            (TripEventKind::FareSet, _) => {
                let reason = trip.fare_set.as_ref().map_or("", |set| set.reason.as_str());
                let text = format!("An operator has set another fare for your trip: {reason}");
                let parties = [Some(rider), driver].into_iter().flatten();
                parties.map(|party| Self::to(party, &text, at)).collect()
            }
            (TripEventKind::Completed, _) => Self::about_completed(trip, at),
            (TripEventKind::Cancelled, TripState::Cancelled { .. }) => [Some(rider), driver]
                .into_iter()
                .flatten()
                .filter(|party| by.user() != Some(*party))
                .map(|party| Self::to(party, "Your trip was cancelled.", at))
                .collect(),
            (
                TripEventKind::Scheduled
                | TripEventKind::Requested
                | TripEventKind::Accepted
                | TripEventKind::DriverNearer
                | TripEventKind::Started
                | TripEventKind::Cancelled
                | TripEventKind::Withdrawn
                | TripEventKind::Removed,
                _,
            ) => Vec::new(),
        }
    }

    /// The notifications about a completed ride with an unusual distance or fare.
    fn about_completed(trip: &Trip, at: Timestamp) -> Vec<Self> {
        let rider = trip.rider.id.user();
        let driver = trip.state.driver().map(|driver| driver.id.user());
        let desk = Audience::Role(Role::Operator);
        let mut notices = Vec::new();
        if trip.ridden.is_some_and(|ridden| ridden.stood_still) {
            let of_driver =
                "By its positions your car stood still during the ride: no distance is charged.";
            let of_desk = format!(
                "Trip {}: by its positions the car stood still during the ride.",
                trip.number
            );
            notices.extend(driver.map(|driver| Self::to(driver, of_driver, at)));
            notices.push(Self::telling(desk, &of_desk, at));
        }
        if let Some(high) = trip.high_fare() {
            let of_desk = format!(
                "Trip {}: the fare is more than {} times the quote.",
                trip.number, high.factor
            );
            notices.push(Self::to(rider, &high.why, at));
            notices.push(Self::telling(desk, &of_desk, at));
        }
        notices
    }

    /// The notifications about a finding on the driver. The parties learn what it means for them; operators learn what
    /// they may have to do.
    fn about_driver(change: &TripChange, by: Actor, at: Timestamp) -> Vec<Self> {
        let trip = &change.trip;
        let rider = |text| Some(Self::to(trip.rider.id.user(), text, at));
        let driver = |text| {
            let before = change.before.and_then(|before| before.driver);
            before.map(|driver| Self::to(driver.user(), text, at))
        };
        let operators = |what| Some(Self::to_operators(what, trip, at));
        let is_riding = matches!(trip.state, TripState::InProgress { .. });
        let told = match change.kind {
            TripEventKind::TakenBack => {
                let blocked = operators("was taken from its driver, who was blocked");
                let blocked = blocked.filter(|_| by == Actor::Service);
                [rider(OTHER_DRIVER), driver(TAKEN_FROM_YOU), blocked]
            }
            TripEventKind::DriverLate => [
                rider("Your driver is later than promised. You may cancel for nothing."),
                driver("You are later than promised. Your rider may cancel for nothing."),
                operators("has a driver who is later than promised"),
            ],
            TripEventKind::DriverSilent if is_riding => {
                let what = "is under way, and nothing is heard of its driver";
                [None, None, operators(what)]
            }
            TripEventKind::DriverSilent => [
                rider("Nothing is heard of your driver. You may cancel for nothing."),
                None,
                operators("has a driver of whom nothing is heard"),
            ],
            TripEventKind::DriverBlocked => {
                let what = "is under way with a driver who was blocked: see that it ends";
                [None, None, operators(what)]
            }
            TripEventKind::Scheduled
            | TripEventKind::Requested
            | TripEventKind::Amended
            | TripEventKind::Accepted
            | TripEventKind::GivenBack
            | TripEventKind::DriverNearer
            | TripEventKind::Arrived
            | TripEventKind::Started
            | TripEventKind::Completed
            | TripEventKind::Cancelled
            | TripEventKind::NoShow
            | TripEventKind::Expired
            | TripEventKind::Withdrawn
            | TripEventKind::FareSet
            | TripEventKind::Removed => [None, None, None],
        };
        told.into_iter().flatten().collect()
    }
}
