//! Events, messages and notifications as JSON, in the form that clients see.

use jiff::Timestamp;
use serde::Serialize;

use super::event::{Event, Fact, OfferChange};
use super::message::Message;
use super::notification::Notification;
use super::shift::Shift;
use super::trip_object::{PartyObject, TripObject, microseconds};
use super::user::Actor;

/// An event on the wire.
#[derive(Debug, Serialize)]
pub struct EventObject<'a> {
    id: i64,
    kind: &'static str,
    #[serde(serialize_with = "microseconds")]
    at: Timestamp,
    actor: Actor,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<i64>,
    #[serde(flatten)]
    fact: FactObject<'a>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "lowercase")]
enum FactObject<'a> {
    Trip(Box<TripObject<'a>>),
    Message(MessageObject<'a>),
    Notification(NotificationObject<'a>),
    Offer(Box<OfferObject<'a>>),
    Shift(ShiftObject<'a>),
}

/// An offer of a trip to a driver.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Offer)]
pub struct OfferObject<'a> {
    #[schema(min_length = 32, max_length = 32)]
    id: String,
    /// `created`, `delivered`, `accepted`, `declined`, `expired`, `withdrawn` or `undelivered`.
    #[schema(example = "created")]
    state: &'static str,
    /// The driver to whom the trip is offered.
    driver: i64,
    /// The attempt to find a driver to which the offer belongs.
    attempt: i64,
    /// The distance to the pick-up as the crow flies, in metres.
    metres: i64,
    /// The estimated time to the pick-up, in seconds.
    eta: i64,
    #[serde(serialize_with = "microseconds")]
    #[schema(value_type = String, format = DateTime)]
    offered: Timestamp,
    /// The time by which the device must acknowledge the offer or, once it has, the driver must decide.
    #[serde(serialize_with = "microseconds")]
    #[schema(value_type = String, format = DateTime)]
    due: Timestamp,
    /// How long the driver may take to decide once the offer is delivered, in seconds.
    decide_seconds: i64,
    trip: TripObject<'a>,
}

impl<'a> From<&'a OfferChange> for OfferObject<'a> {
    fn from(change: &'a OfferChange) -> Self {
        let OfferChange { offer, trip } = change;
        Self {
            id: offer.id.to_string(),
            state: offer.state.as_str(),
            driver: offer.driver.user().get(),
            attempt: offer.attempt,
            metres: offer.metres,
            eta: offer.eta_s,
            offered: offer.offered_at,
            due: offer.due_at,
            decide_seconds: offer.decide_s,
            trip: TripObject::from(trip),
        }
    }
}

/// A driver's shift.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Shift)]
pub struct ShiftObject<'a> {
    id: i64,
    /// The driver on shift.
    driver: i64,
    #[schema(example = "standard")]
    class: &'a str,
    #[schema(minimum = 1, maximum = 16)]
    seats: u8,
    #[serde(serialize_with = "microseconds")]
    #[schema(value_type = String, format = DateTime)]
    began: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    ended: Option<String>,
}

impl<'a> From<&'a Shift> for ShiftObject<'a> {
    fn from(shift: &'a Shift) -> Self {
        Self {
            id: shift.id,
            driver: shift.driver.user().get(),
            class: shift.vehicle.class.as_str(),
            seats: shift.vehicle.seats,
            began: shift.began_at,
            ended: shift.ended_at.map(|at| format!("{at:.6}")),
        }
    }
}

/// A chat message on the wire.
#[derive(Debug, Serialize)]
pub struct MessageObject<'a> {
    message: &'a str,
    id: i64,
    trip: String,
    sender: PartyObject<'a>,
    #[serde(serialize_with = "microseconds")]
    sent: Timestamp,
}

impl<'a> MessageObject<'a> {
    /// The message of an event, if the event is one.
    pub fn of_event(event: &'a Event) -> Option<Self> {
        match &event.fact {
            Fact::Message(message) => Some(Self::of(message, event.id, event.at)),
            Fact::Trip(_) | Fact::Notification(_) | Fact::Offer(_) | Fact::Shift(_) => None,
        }
    }

    /// A message, with the number and the time of its event.
    pub fn of(message: &'a Message, id: i64, sent: Timestamp) -> Self {
        Self {
            message: message.text.as_str(),
            id,
            trip: message.trip.to_string(),
            sender: PartyObject::from(&message.sender),
            sent,
        }
    }
}

/// A notification to one account, to a role or to all accounts.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Notification)]
pub struct NotificationObject<'a> {
    #[schema(max_length = 500)]
    message: &'a str,
    #[schema(example = 9)]
    id: i64,
    /// The stream that carries it: `user:<id>`, `role:<role>` or `all`.
    #[schema(example = "user:1")]
    audience: String,
    #[serde(serialize_with = "microseconds")]
    #[schema(value_type = String, format = DateTime)]
    sent: Timestamp,
    #[serde(serialize_with = "microseconds")]
    #[schema(value_type = String, format = DateTime)]
    expires: Timestamp,
}

impl<'a> NotificationObject<'a> {
    /// The notification of an event, if the event is one.
    pub fn of_event(event: &'a Event) -> Option<Self> {
        match &event.fact {
            Fact::Notification(notification) => Some(Self::of(notification, event.id, event.at)),
            Fact::Trip(_) | Fact::Message(_) | Fact::Offer(_) | Fact::Shift(_) => None,
        }
    }

    /// A notification, with the number and the time of its event.
    pub fn of(notification: &'a Notification, id: i64, sent: Timestamp) -> Self {
        Self {
            message: notification.text.as_str(),
            id,
            audience: notification.audience.stream().to_string(),
            sent,
            expires: notification.expires_at,
        }
    }
}

impl<'a> From<&'a Event> for EventObject<'a> {
    fn from(event: &'a Event) -> Self {
        let (id, at) = (event.id, event.at);
        let fact = match &event.fact {
            Fact::Trip(change) => FactObject::Trip(Box::new(TripObject::from(&change.trip))),
            Fact::Message(message) => FactObject::Message(MessageObject::of(message, id, at)),
            Fact::Notification(notification) => {
                FactObject::Notification(NotificationObject::of(notification, id, at))
            }
            Fact::Offer(change) => FactObject::Offer(Box::new(OfferObject::from(change))),
            Fact::Shift(shift) => FactObject::Shift(ShiftObject::from(shift)),
        };
        Self {
            id,
            kind: event.kind(),
            at,
            actor: event.actor,
            revision: event.trip().map(|change| change.trip.revision),
            fact,
        }
    }
}
