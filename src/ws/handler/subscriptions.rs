//! The subscriptions of a dcrf socket, and its subscriber: it writes one frame per subscription and event.

use std::sync::{Mutex, MutexGuard};

use bytes::Bytes;

use crate::domain::event_object::{MessageObject, NotificationObject};
use crate::domain::fix_object::FixObject;
use crate::domain::{
    Before, Event, Fact, Filter, Fix, Stream, Trip, TripChange, TripId, TripObject,
    VehiclePosition, Viewer,
};
use crate::registry::subscriber::{NotDelivered, SharedEvent};
use crate::registry::{Outbound, Subscriber};
use crate::resume::Resumption;
use crate::resume::follow::{Hold, event_data};
use crate::ws::dialect::dcrf::{Done, ReplyTo};
use crate::ws::frames;

/// The most subscriptions of one socket.
pub(super) const SUBSCRIPTIONS_MAX: usize = 64;

/// What a subscription is to.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Topic {
    /// One trip, by its number, after a revision. The client knows the trip by the text.
    Trip(i64, String, i64),
    /// Trips that enter, change in or leave a filtered list.
    Activity(Filter),
    /// The messages of a trip's room after an event.
    Room(TripId, i64),
    /// The account's notifications after an event.
    Notifications(i64),
    /// The positions of a trip's driver. The client knows the trip by the text.
    DriverPosition(TripId, String),
}

impl Topic {
    fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Trip(one, ..), Self::Trip(two, ..)) => one == two,
            (Self::Activity(one), Self::Activity(two)) => one == two,
            (Self::Room(one, _), Self::Room(two, _)) => one == two,
            (Self::DriverPosition(one, _), Self::DriverPosition(two, _)) => one == two,
            (Self::Notifications(_), Self::Notifications(_)) => true,
            (
                Self::Trip(..)
                | Self::Activity(_)
                | Self::Room(..)
                | Self::Notifications(_)
                | Self::DriverPosition(..),
                _,
            ) => false,
        }
    }
}

/// Why a subscription was not begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotBegun {
    /// The queue is full for now.
    Full,
    /// The socket has `SUBSCRIPTIONS_MAX` subscriptions.
    TooMany,
    /// An event was delivered after the answer was read.
    Outdated,
}

struct Subscription {
    to: ReplyTo,
    topic: Topic,
}

struct SubscriptionState {
    subscriptions: Vec<Subscription>,
    /// Where the client stands in its streams, if it follows them.
    hold: Hold,
    opened_by: ReplyTo,
    /// The last event that was delivered to the subscriptions or did not concern them.
    last_event: i64,
}

/// The subscriber of a dcrf socket, with its subscriptions.
pub(super) struct Subscriptions {
    viewer: Viewer,
    state: Mutex<SubscriptionState>,
}

impl Subscriptions {
    pub(super) fn of(viewer: Viewer) -> Self {
        Self {
            viewer,
            state: Mutex::new(SubscriptionState {
                subscriptions: Vec::new(),
                hold: Hold::None,
                opened_by: ReplyTo::unknown_call(),
                last_event: 0,
            }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, SubscriptionState> {
        self.state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Whether the client may still see the positions of a trip's driver.
    fn may_watch(&self, trip: &Trip) -> bool {
        !trip.state.status().is_final() && self.viewer.sees(trip)
    }

    /// The last event that was delivered or did not concern the client.
    pub(super) fn last_event(&self) -> i64 {
        self.lock().last_event
    }

    /// Begins a subscription and queues its answer. None of its events comes before the answer, and none is missed if
    /// the answer was read when `last_event` was the last one delivered.
    pub(super) fn begin(
        &self,
        to: &ReplyTo,
        topic: Topic,
        answer: Bytes,
        last_event: Option<i64>,
        outbound: &Outbound,
    ) -> Result<(), NotBegun> {
        let mut state = self.lock();
        if last_event.is_some_and(|last| last != state.last_event) {
            return Err(NotBegun::Outdated);
        }
        let is_same = |known: &Subscription| {
            known.to.request_id() == to.request_id() && known.topic.is_like(&topic)
        };
        let known = state.subscriptions.iter().position(is_same);
        if known.is_none() && state.subscriptions.len() >= SUBSCRIPTIONS_MAX {
            return Err(NotBegun::TooMany);
        }
        outbound.push(answer).map_err(|_| NotBegun::Full)?;
        let to = to.clone();
        let new = Subscription { to, topic };
        match known.and_then(|at| state.subscriptions.get_mut(at)) {
            Some(known) => *known = new,
            None => state.subscriptions.push(new),
        }
        Ok(())
    }

    /// Ends the subscriptions whose topic matches, all of them or those of one request. Returns whether there were any.
    pub(super) fn end(&self, request: Option<&str>, matches: impl Fn(&Topic) -> bool) -> bool {
        let mut state = self.lock();
        let before = state.subscriptions.len();
        state.subscriptions.retain(|known| {
            !matches(&known.topic) || request.is_some_and(|id| id != known.to.request_id())
        });
        state.subscriptions.len() < before
    }

    /// From now on, notes the positions of events, because the streams are about to be followed.
    pub(super) fn expect(&self) {
        self.lock().hold.expect();
    }

    /// Follows no streams, because they could not be opened.
    pub(super) fn stop_following(&self) {
        self.lock().hold = Hold::None;
    }

    /// Follows the streams and queues the answer. Returns the last known sequences, or nothing if the queue is full.
    pub(super) fn follow(
        &self,
        to: &ReplyTo,
        resumption: &Resumption,
        answer: Bytes,
        outbound: &Outbound,
    ) -> Option<Vec<(Stream, i64)>> {
        let mut state = self.lock();
        outbound.push(answer).ok()?;
        state.opened_by = to.clone();
        Some(state.hold.begin(resumption))
    }
}

impl Subscriber for Subscriptions {
    fn deliver(
        &self,
        shared: &mut SharedEvent<'_>,
        outbound: &Outbound,
    ) -> Result<(), NotDelivered> {
        let mut state = self.lock();
        let event = shared.event();
        let mut frames_due = Vec::new();
        if event.id > state.last_event {
            for subscription in &state.subscriptions {
                frames_due.extend(frame(self.viewer, subscription, shared));
            }
        }
        let positions = state.hold.positions(event)?;
        if !positions.is_empty() {
            let data = event_data(shared, &positions);
            frames_due.push(frames::text(state.opened_by.event(
                "event",
                Done::Ok,
                &data,
            )));
        }
        if !frames_due.is_empty() {
            outbound.push_all(&frames_due).map_err(|_| NotDelivered)?;
        }
        state.last_event = state.last_event.max(event.id);
        state.hold.advance(&positions);
        if let Some(lost) = event.trip().filter(|change| !self.may_watch(&change.trip)) {
            let lost = lost.trip.id;
            let is_lost =
                |topic: &Topic| matches!(topic, Topic::DriverPosition(trip, _) if *trip == lost);
            state.subscriptions.retain(|known| !is_lost(&known.topic));
        }
        Ok(())
    }

    fn deliver_position(&self, position: &VehiclePosition, outbound: &Outbound) {
        for Subscription { to, topic } in &self.lock().subscriptions {
            if let Topic::DriverPosition(trip, pk) = topic
                && *trip == position.trip
            {
                let data = position_data(pk, &position.fix);
                let frame = to.event("position", Done::Ok, &data);
                outbound.push_lossy(frames::text(frame));
            }
        }
    }

    fn next_sequence(&self, stream: Stream) -> Option<i64> {
        self.lock().hold.next(stream)
    }
}

/// The frame that an event sends to a subscription, if any.
fn frame(
    viewer: Viewer,
    subscription: &Subscription,
    shared: &mut SharedEvent<'_>,
) -> Option<Bytes> {
    let Subscription { to, topic } = subscription;
    let event = shared.event();
    let text = match (topic, &event.fact) {
        (Topic::Trip(number, pk, after), Fact::Trip(change))
            if change.trip.number == *number && change.trip.revision > *after =>
        {
            if viewer.sees(&change.trip) {
                to.event("update", Done::Ok, &object(shared)?)
            } else if viewer.saw(change) {
                to.event("delete", Done::NoContent, &format!("{{\"pk\":{pk}}}"))
            } else {
                return None;
            }
        }
        (Topic::Activity(filter), Fact::Trip(change)) => {
            match (
                was_in(viewer, *filter, change),
                is_in(viewer, *filter, change),
            ) {
                (false, false) => return None,
                (false, true) => to.event("create", Done::Ok, &object(shared)?),
                (true, true) => to.event("update", Done::Ok, &object(shared)?),
                (true, false) => {
                    let data = format!("{{\"pk\":{}}}", change.trip.number);
                    to.event("delete", Done::NoContent, &data)
                }
            }
        }
        (Topic::Room(trip, after), Fact::Message(message))
            if message.trip == *trip && event.id > *after =>
        {
            let data = json(&MessageObject::of(message, event.id, event.at));
            to.event("message", Done::Created, &data)
        }
        (Topic::Notifications(after), Fact::Notification(notification)) if event.id > *after => {
            let data = json(&NotificationObject::of(notification, event.id, event.at));
            to.event("notification", Done::Ok, &data)
        }
        (
            Topic::Trip(..)
            | Topic::Activity(_)
            | Topic::Room(..)
            | Topic::Notifications(_)
            | Topic::DriverPosition(..),
            Fact::Trip(_)
            | Fact::Message(_)
            | Fact::Notification(_)
            | Fact::Offer(_)
            | Fact::Shift(_),
        ) => return None,
    };
    Some(frames::text(text))
}

/// The data of a position frame. `pk` is the trip's key as the client knows it.
pub(super) fn position_data(pk: &str, fix: &Fix) -> String {
    let position = json(&FixObject::from(fix));
    // The text of the position's object, with one more key in front.
    format!("{{\"pk\":{pk},{}", &position[1..])
}

fn is_in(viewer: Viewer, filter: Filter, change: &TripChange) -> bool {
    let trip = &change.trip;
    viewer.sees(trip) && filter.wants(trip, Before::from(trip))
}

fn was_in(viewer: Viewer, filter: Filter, change: &TripChange) -> bool {
    let wanted = |before| filter.wants(&change.trip, before);
    viewer.saw(change) && change.before.is_some_and(wanted)
}

/// The trip object, made once for all sockets that receive the event.
fn object(shared: &mut SharedEvent<'_>) -> Option<String> {
    let made = shared.piece("object", |event: &Event| {
        let trip = event.trip().map(|change| TripObject::from(&change.trip));
        trip.map(|trip| trip.to_json()).unwrap_or_default().into()
    });
    String::from_utf8(made.to_vec()).ok()
}

fn json(object: &impl serde::Serialize) -> String {
    serde_json::to_string(object).expect("texts, times and numbers are JSON")
}
