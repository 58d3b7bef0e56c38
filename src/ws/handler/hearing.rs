//! What a native socket hears of without asking again: pages, subscriptions, the event stream.

use serde_json::json;

use super::dcrf::{Dcrf, Success, json_of, page_data};
use super::subscriptions::{NotBegun, SUBSCRIPTIONS_MAX, Topic, sighted};
use crate::domain::core::Refusal;
use crate::domain::event_object::MessageObject;
use crate::fields::FieldErrors;
use crate::problem::Problem;
use crate::registry::SocketSlot;
use crate::registry::actor::{FollowStreams, WatchPosition};
use crate::resume::{self, ResumeRequest};
use crate::ws::dialect::dcrf::{Done, Listing, Pk, Return, SubscriptionCall};
use crate::ws::frames;
use crate::ws::session::{answer, when_there_is_room};

/// How many trips a page has when a list is streamed.
const PAGE: i64 = 100;

/// What is still to be answered; nothing if that is queued already.
type Queued = Result<Option<Success>, Problem>;

impl Dcrf {
    /// Begins what more follows from; the answer is queued already, if none is given.
    pub(super) async fn hear(&self, to: &Return, hear: SubscriptionCall) -> Queued {
        match hear {
            SubscriptionCall::Pages(listing) => self.stream(to, listing).await,
            SubscriptionCall::Instance(pk) => self.follow_trip(to, pk).await,
            SubscriptionCall::Activity(filter) => {
                self.subscribe(to, Topic::Activity(filter), "null").await
            }
            SubscriptionCall::Events(places) => self.resume(to, places).await,
            SubscriptionCall::Room(pk) => self.join(to, pk).await,
            SubscriptionCall::DriverPosition(pk) => self.follow_driver(to, pk).await,
            SubscriptionCall::Notifications => self.follow_notifications(to).await,
        }
    }

    /// One frame a page, each as soon as there is room for it.
    async fn stream(&self, to: &Return, listing: Listing) -> Queued {
        let (limit, mut offset) = listing
            .page
            .map_or((PAGE, 0), |page| (page.limit, page.offset));
        loop {
            let (trips, count) = self.page(listing.filter, limit, offset).await?;
            let data = page_data(&trips, count, limit, offset);
            if offset >= count - limit {
                return Ok(Some(Success(Done::Ok, data)));
            }
            answer(&self.outbound, frames::text(to.done(Done::Ok, &data))).await;
            if self.outbound.is_closing() {
                return Ok(None);
            }
            offset += limit;
        }
    }

    async fn follow_trip(&self, to: &Return, pk: Pk) -> Queued {
        loop {
            let told = self.subscriber.told();
            let trip = self.visible(&pk).await?;
            let topic = Topic::Trip(trip.number, pk.text().to_owned(), trip.revision);
            match self.begin(to, topic, "null", Some(told)).await {
                Err(NotBegun::Outdated) => {}
                begun => return answered(begun),
            }
        }
    }

    async fn join(&self, to: &Return, pk: Pk) -> Queued {
        let trip = self.known(&pk).await?.id;
        let person = &self.caller.person;
        loop {
            let told = self.subscriber.told();
            let room = self.app.dispatch.room(person, trip, 0).await?;
            let messages: Vec<_> = room.iter().filter_map(MessageObject::of_event).collect();
            let topic = Topic::Room(trip, room.last().map_or(0, |event| event.id));
            let data = json!({"messages": messages}).to_string();
            match self.begin(to, topic, &data, Some(told)).await {
                Err(NotBegun::Outdated) => {}
                begun => return answered(begun),
            }
        }
    }

    async fn follow_notifications(&self, to: &Return) -> Queued {
        loop {
            let told = self.subscriber.told();
            let (unread, newest) = self.app.notices.count_and_newest(self.viewer).await?;
            let data = json!({"unread": unread}).to_string();
            let topic = Topic::Notifications(newest);
            match self.begin(to, topic, &data, Some(told)).await {
                Err(NotBegun::Outdated) => {}
                begun => return answered(begun),
            }
        }
    }

    /// Where the driver of a trip is, from now until it is over.
    async fn follow_driver(&self, to: &Return, pk: Pk) -> Queued {
        loop {
            let told = self.subscriber.told();
            let trip = self.visible(&pk).await?;
            if trip.state.status().is_final() {
                return Err(Refusal::not_possible(trip, "subscribe_position").into());
            }
            let last = self.app.dispatch.sighting(&trip);
            let last = last.map(|sighting| sighted(pk.text(), &sighting.fix));
            let topic = Topic::DriverPosition(trip.id, pk.text().to_owned());
            let data = last.as_deref().unwrap_or("null");
            let begun = self.begin(to, topic, data, Some(told)).await;
            if begun == Err(NotBegun::Outdated) {
                continue;
            }
            if begun.is_ok() {
                let SocketSlot { registry, socket } = &*self.place;
                let _ = registry.send(WatchPosition(*socket, trip.id)).await;
            }
            return answered(begun);
        }
    }

    async fn subscribe(&self, to: &Return, topic: Topic, data: &str) -> Queued {
        answered(self.begin(to, topic, data, None).await)
    }

    async fn begin(
        &self,
        to: &Return,
        topic: Topic,
        data: &str,
        told: Option<i64>,
    ) -> Result<(), NotBegun> {
        let frame = frames::text(to.done(Done::Created, data));
        let mut begun = Ok(());
        when_there_is_room(&self.outbound, || {
            let (topic, frame) = (topic.clone(), frame.clone());
            begun = self
                .subscriber
                .begin(to, topic, frame, told, &self.outbound);
            begun != Err(NotBegun::Full)
        })
        .await;
        begun
    }

    async fn resume(&self, to: &Return, places: Vec<resume::StreamCursor>) -> Queued {
        let asked = ResumeRequest::new(self.viewer, places)
            .map_err(|foreign| FieldErrors::one("positions", foreign))?;
        self.subscriber.expect();
        let opening = match self.app.resume.open(asked).await {
            Ok(opening) => opening,
            Err(error) => {
                self.subscriber.give_up();
                return Err(error.into());
            }
        };
        let frame = frames::text(to.done(Done::Ok, &json_of(&opening)));
        let mut heads = None;
        when_there_is_room(&self.outbound, || {
            heads = self
                .subscriber
                .follow(to, &opening, frame.clone(), &self.outbound);
            heads.is_some()
        })
        .await;
        if let Some(heads) = heads {
            let SocketSlot { registry, socket } = &*self.place;
            let _ = registry.send(FollowStreams(*socket, heads)).await;
        }
        Ok(None)
    }
}

/// The answer of a subscription that has begun is queued already; a client that makes no room is closed.
fn answered(begun: Result<(), NotBegun>) -> Queued {
    match begun {
        Ok(()) | Err(NotBegun::Full | NotBegun::Outdated) => Ok(None),
        Err(NotBegun::TooMany) => Err(Problem::too_many_subscriptions(SUBSCRIPTIONS_MAX)),
    }
}
