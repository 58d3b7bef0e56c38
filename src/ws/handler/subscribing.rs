//! Calls of a native socket whose answer is followed by further frames: pages, subscriptions, the event stream.

use serde_json::json;

use super::dcrf::{Dcrf, Success, json_of, page_data};
use super::subscriptions::{NotBegun, SUBSCRIPTIONS_MAX, Topic, position_data};
use crate::domain::core::Refusal;
use crate::domain::event_object::MessageObject;
use crate::fields::FieldErrors;
use crate::problem::Problem;
use crate::registry::SocketSlot;
use crate::registry::actor::{FollowStreams, WatchPosition};
use crate::resume::{self, ResumeRequest};
use crate::ws::dialect::dcrf::{Done, Listing, Pk, ReplyTo, SubscriptionCall};
use crate::ws::frames;
use crate::ws::session::{answer, when_there_is_room};

/// The trips on a page of a streamed list.
const PAGE: i64 = 100;

/// The answer that is still to be sent; `None` if it is queued already.
type Queued = Result<Option<Success>, Problem>;

impl Dcrf {
    /// Carries out a call whose answer is followed by further frames.
    pub(super) async fn subscribe(&self, to: &ReplyTo, call: SubscriptionCall) -> Queued {
        match call {
            SubscriptionCall::Pages(listing) => self.stream(to, listing).await,
            SubscriptionCall::Instance(pk) => self.follow_trip(to, pk).await,
            SubscriptionCall::Activity(filter) => {
                let begun = self.begin(to, Topic::Activity(filter), "null", None);
                answered(begun.await)
            }
            SubscriptionCall::Events(cursors) => self.resume(to, cursors).await,
            SubscriptionCall::Room(pk) => self.join(to, pk).await,
            SubscriptionCall::DriverPosition(pk) => self.follow_driver(to, pk).await,
            SubscriptionCall::Notifications => self.follow_notifications(to).await,
        }
    }

    /// Answers with one frame a page, each as soon as there is room for it.
    async fn stream(&self, to: &ReplyTo, listing: Listing) -> Queued {
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

    async fn follow_trip(&self, to: &ReplyTo, pk: Pk) -> Queued {
        loop {
            let last_event = self.subscriber.last_event();
            let trip = self.visible(&pk).await?;
            let topic = Topic::Trip(trip.number, pk.text().to_owned(), trip.revision);
            match self.begin(to, topic, "null", Some(last_event)).await {
                Err(NotBegun::Outdated) => {}
                begun => return answered(begun),
            }
        }
    }

    async fn join(&self, to: &ReplyTo, pk: Pk) -> Queued {
        let trip = self.known(&pk).await?.id;
        let person = &self.caller.person;
        loop {
            let last_event = self.subscriber.last_event();
            let room = self.app.dispatch.room(person, trip, 0).await?;
            let messages: Vec<_> = room.iter().filter_map(MessageObject::of_event).collect();
            let topic = Topic::Room(trip, room.last().map_or(0, |event| event.id));
            let data = json!({"messages": messages}).to_string();
            match self.begin(to, topic, &data, Some(last_event)).await {
                Err(NotBegun::Outdated) => {}
                begun => return answered(begun),
            }
        }
    }

    async fn follow_notifications(&self, to: &ReplyTo) -> Queued {
        loop {
            let last_event = self.subscriber.last_event();
            let (unread, newest) = self.app.notices.count_and_newest(self.viewer).await?;
            let data = json!({"unread": unread}).to_string();
            let topic = Topic::Notifications(newest);
            match self.begin(to, topic, &data, Some(last_event)).await {
                Err(NotBegun::Outdated) => {}
                begun => return answered(begun),
            }
        }
    }

    /// Sends the positions of a trip's driver until the trip is over.
    async fn follow_driver(&self, to: &ReplyTo, pk: Pk) -> Queued {
        loop {
            let last_event = self.subscriber.last_event();
            let trip = self.visible(&pk).await?;
            if trip.state.status().is_final() {
                return Err(Refusal::not_possible(trip, "subscribe_position").into());
            }
            let last = self.app.dispatch.vehicle_position(&trip);
            let last = last.map(|position| position_data(pk.text(), &position.fix));
            let topic = Topic::DriverPosition(trip.id, pk.text().to_owned());
            let data = last.as_deref().unwrap_or("null");
            let begun = self.begin(to, topic, data, Some(last_event)).await;
            if begun == Err(NotBegun::Outdated) {
                continue;
            }
            if begun.is_ok() {
                let SocketSlot { registry, socket } = &*self.slot;
                let _ = registry.send(WatchPosition(*socket, trip.id)).await;
            }
            return answered(begun);
        }
    }

    async fn begin(
        &self,
        to: &ReplyTo,
        topic: Topic,
        data: &str,
        last_event: Option<i64>,
    ) -> Result<(), NotBegun> {
        let frame = frames::text(to.done(Done::Created, data));
        let mut begun = Ok(());
        when_there_is_room(&self.outbound, || {
            let (topic, frame) = (topic.clone(), frame.clone());
            begun = self
                .subscriber
                .begin(to, topic, frame, last_event, &self.outbound);
            begun != Err(NotBegun::Full)
        })
        .await;
        begun
    }

    async fn resume(&self, to: &ReplyTo, cursors: Vec<resume::StreamCursor>) -> Queued {
        let request = ResumeRequest::new(self.viewer, cursors)
            .map_err(|foreign| FieldErrors::one("positions", foreign))?;
        self.subscriber.expect();
        let resumption = match self.app.resume.open(request).await {
            Ok(resumption) => resumption,
            Err(error) => {
                self.subscriber.stop_following();
                return Err(error.into());
            }
        };
        let frame = frames::text(to.done(Done::Ok, &json_of(&resumption)));
        let mut heads = None;
        when_there_is_room(&self.outbound, || {
            heads = self
                .subscriber
                .follow(to, &resumption, frame.clone(), &self.outbound);
            heads.is_some()
        })
        .await;
        if let Some(heads) = heads {
            let SocketSlot { registry, socket } = &*self.slot;
            let _ = registry.send(FollowStreams(*socket, heads)).await;
        }
        Ok(None)
    }
}

/// The answer to a subscription. It is queued already if the subscription has begun or the client is being closed.
fn answered(begun: Result<(), NotBegun>) -> Queued {
    match begun {
        Ok(()) | Err(NotBegun::Full | NotBegun::Outdated) => Ok(None),
        Err(NotBegun::TooMany) => Err(Problem::too_many_subscriptions(SUBSCRIPTIONS_MAX)),
    }
}
