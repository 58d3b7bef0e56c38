//! What a dcrf socket has asked to hear, and how it is told: one frame per subscription and event.

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
use crate::ws::dialect::dcrf::{Done, Return};
use crate::ws::frames;

/// How many subscriptions a socket may have.
pub(super) const SUBSCRIPTIONS_MAX: usize = 64;

/// What a subscription is to.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Topic {
    /// One trip, known to the client by this text, after that revision.
    Trip(i64, String, i64),
    /// Trips that come, change and go.
    Activity(Filter),
    /// The messages of a trip's room after the one of that number.
    Room(TripId, i64),
    /// The own notifications after the one of that number.
    Notifications(i64),
    /// Where the driver of a trip is, which the client knows by this text.
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
    /// There are as many as there may be.
    TooMany,
    /// Something has happened since the answer was read.
    Outdated,
}

struct Subscription {
    to: Return,
    topic: Topic,
}

struct SubscriptionState {
    subscriptions: Vec<Subscription>,
    /// The event stream, and the call that has opened it.
    hold: Hold,
    opened_by: Return,
    /// The last event that subscriptions were told of, or passed over.
    told: i64,
}

/// The subscriber of a dcrf socket.
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
                opened_by: Return::nobody(),
                told: 0,
            }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, SubscriptionState> {
        self.state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Whether its client may look where the driver of a trip is that stands like this.
    fn may_look(&self, trip: &Trip) -> bool {
        !trip.state.status().is_final() && self.viewer.sees(trip)
    }

    /// The last event that was told, or passed over.
    pub(super) fn told(&self) -> i64 {
        self.lock().told
    }

    /// Begins a subscription with its answer: nothing of it comes before that, and nothing between, if the answer was
    /// read when `told` was the last event.
    pub(super) fn begin(
        &self,
        to: &Return,
        topic: Topic,
        answer: Bytes,
        told: Option<i64>,
        outbound: &Outbound,
    ) -> Result<(), NotBegun> {
        let mut state = self.lock();
        if told.is_some_and(|told| told != state.told) {
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

    /// Ends the subscriptions to such topics, all of them or those of that request; whether there were any.
    pub(super) fn end(&self, request: Option<&str>, is_meant: impl Fn(&Topic) -> bool) -> bool {
        let mut state = self.lock();
        let before = state.subscriptions.len();
        state.subscriptions.retain(|known| {
            !is_meant(&known.topic) || request.is_some_and(|id| id != known.to.request_id())
        });
        state.subscriptions.len() < before
    }

    /// From now on, events are counted for the stream that is about to be opened.
    pub(super) fn expect(&self) {
        self.lock().hold.expect();
    }

    /// Nothing comes of it.
    pub(super) fn give_up(&self) {
        self.lock().hold = Hold::None;
    }

    /// Follows the streams with its answer; gives how far they are known to go, or nothing if the queue is full.
    pub(super) fn follow(
        &self,
        to: &Return,
        opening: &Resumption,
        answer: Bytes,
        outbound: &Outbound,
    ) -> Option<Vec<(Stream, i64)>> {
        let mut state = self.lock();
        outbound.push(answer).ok()?;
        state.opened_by = to.clone();
        Some(state.hold.begin(opening))
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
        let mut due = Vec::new();
        if event.id > state.told {
            for subscription in &state.subscriptions {
                due.extend(frame(self.viewer, subscription, shared));
            }
        }
        let told = state.hold.positions(event)?;
        if !told.is_empty() {
            let data = event_data(shared, &told);
            due.push(frames::text(state.opened_by.event(
                "event",
                Done::Ok,
                &data,
            )));
        }
        if !due.is_empty() {
            outbound.push_all(&due).map_err(|_| NotDelivered)?;
        }
        state.told = state.told.max(event.id);
        state.hold.advance(&told);
        if let Some(lost) = event.trip().filter(|change| !self.may_look(&change.trip)) {
            let lost = lost.trip.id;
            let is_lost =
                |topic: &Topic| matches!(topic, Topic::DriverPosition(trip, _) if *trip == lost);
            state.subscriptions.retain(|known| !is_lost(&known.topic));
        }
        Ok(())
    }

    fn deliver_position(&self, sighting: &VehiclePosition, outbound: &Outbound) {
        for Subscription { to, topic } in &self.lock().subscriptions {
            if let Topic::DriverPosition(trip, pk) = topic
                && *trip == sighting.trip
            {
                let data = sighted(pk, &sighting.fix);
                let frame = to.event("position", Done::Ok, &data);
                outbound.push_lossy(frames::text(frame));
            }
        }
    }

    fn next_sequence(&self, stream: Stream) -> Option<i64> {
        self.lock().hold.next(stream)
    }
}

/// What a subscription hears of an event, if it does.
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

/// Where the driver of a trip is; the trip as the client knows it.
pub(super) fn sighted(pk: &str, fix: &Fix) -> String {
    let position = json(&FixObject::from(fix));
    // An object's text with one more key.
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

/// The trip object, made once for all who hear of the event.
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
