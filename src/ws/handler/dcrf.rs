//! The native socket, `/ws/` and `/ws/trips/`: every frame is a call and gets an answer.

use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use serde_json::json;

use super::subscriptions::{Subscriptions, Topic};
use crate::accounts::Caller;
use crate::app::App;
use crate::domain::event_object::{MessageObject, NotificationObject};
use crate::domain::{Filter, MessageText, Trip, TripObject, TripRef, Viewer};
use crate::notices::WhichNotifications;
use crate::problem::Problem;
use crate::registry::{Outbound, SocketSlot, Subscriber};
use crate::store::views::LIST_MAX;
use crate::ws::dialect::dcrf::{self, Call, Done, Listing, Pk, ReplyTo, UnaryCall};
use crate::ws::frames;
use crate::ws::session::{Greeting, ProtocolHandler, answer};

/// The protocol handler of one native socket.
pub(in crate::ws) struct Dcrf {
    pub(super) app: App,
    pub(super) caller: Caller,
    pub(super) viewer: Viewer,
    pub(super) slot: Arc<SocketSlot>,
    pub(super) outbound: Outbound,
    pub(super) subscriber: Arc<Subscriptions>,
}

/// A success: its status, and its data as JSON.
pub(super) struct Success(pub(super) Done, pub(super) String);

pub(super) type Answered = Result<Success, Problem>;

impl Dcrf {
    pub(in crate::ws) fn new(
        app: App,
        caller: Caller,
        slot: Arc<SocketSlot>,
        outbound: Outbound,
    ) -> Self {
        let viewer = Viewer::of(&caller.person);
        Self {
            app,
            caller,
            viewer,
            slot,
            outbound,
            subscriber: Arc::new(Subscriptions::of(viewer)),
        }
    }

    async fn carry_out(&self, to: &ReplyTo, call: Call) {
        let answered = match call {
            Call::Request(order, key) => self.request(*order, key).await.map(Some),
            Call::Act(call, key) => self.act(*call, key).await.map(Some),
            Call::Unary(call) => self.answer(to, call).await.map(Some),
            // These queue their answers themselves, so that no event comes before its subscription's answer.
            Call::Subscribe(call) => self.subscribe(to, call).await,
        };
        let frame = match answered {
            Ok(None) => return,
            Ok(Some(Success(status, data))) => to.done(status, &data),
            Err(problem) => to.refused(&problem),
        };
        answer(&self.outbound, frames::text(frame)).await;
    }

    async fn answer(&self, to: &ReplyTo, call: UnaryCall) -> Answered {
        let request = to.has_request_id().then(|| to.request_id());
        match call {
            UnaryCall::List(listing) => self.list(listing).await,
            UnaryCall::Retrieve(pk) => Ok(ok(&self.visible(&pk).await?)),
            UnaryCall::UnsubscribeInstance(pk) => self.unsubscribe_instance(request, &pk).await,
            UnaryCall::UnsubscribeActivity => {
                let is_one = |topic: &Topic| matches!(topic, Topic::Activity(_));
                Ok(self.unsubscribe(request, is_one))
            }
            UnaryCall::UnsubscribeNotifications => {
                let is_one = |topic: &Topic| matches!(topic, Topic::Notifications(_));
                Ok(self.unsubscribe(None, is_one))
            }
            UnaryCall::Leave(pk) => {
                let trip = self.known(&pk).await?.id;
                let is_it = |topic: &Topic| matches!(topic, Topic::Room(room, _) if *room == trip);
                Ok(self.unsubscribe(None, is_it))
            }
            UnaryCall::Send(pk, text) => self.say(&pk, text).await,
            UnaryCall::ListNotifications => self.notifications().await,
            UnaryCall::ReadNotifications(which) => self.read(which).await,
            UnaryCall::Refresh(token) => self.refresh(&token).await,
            UnaryCall::Quote(request) => self.quote(request).await,
            UnaryCall::RideCode(pk) => self.ride_code(&pk).await,
            UnaryCall::UnsubscribeDriverPosition(pk) => {
                let trip = self.visible(&pk).await?.id;
                let is_it = |topic: &Topic| matches!(topic, Topic::DriverPosition(known, _) if *known == trip);
                Ok(self.unsubscribe(request, is_it))
            }
            UnaryCall::Shift(call) => self.shift(call).await,
        }
    }

    /// The trip that a key names, if the caller may know that it exists.
    pub(super) async fn known(&self, pk: &Pk) -> Result<Trip, Problem> {
        let found = self.app.dispatch.find_known(self.viewer, pk.trip()).await?;
        found.ok_or_else(Problem::no_such_trip)
    }

    /// The trip that a key names, if the caller may see it.
    pub(super) async fn visible(&self, pk: &Pk) -> Result<Trip, Problem> {
        let found = self.app.dispatch.find(self.viewer, pk.trip()).await?;
        found.ok_or_else(Problem::no_such_trip)
    }

    async fn list(&self, listing: Listing) -> Answered {
        let Listing { filter, page, .. } = listing;
        let Some(page) = page else {
            let (trips, _) = self.page(filter, LIST_MAX, 0).await?;
            return Ok(Success(Done::Ok, json_of(&objects(&trips))));
        };
        let (trips, count) = self.page(filter, page.limit, page.offset).await?;
        let data = page_data(&trips, count, page.limit, page.offset);
        Ok(Success(Done::Ok, data))
    }

    pub(super) async fn page(
        &self,
        filter: Filter,
        limit: i64,
        offset: i64,
    ) -> Result<(Vec<Trip>, i64), Problem> {
        let dispatch = &self.app.dispatch;
        Ok(dispatch.page(self.viewer, filter, limit, offset).await?)
    }

    async fn unsubscribe_instance(&self, request: Option<&str>, pk: &Pk) -> Answered {
        // A trip that is no longer visible is matched by the key under which the client subscribed to it.
        let is_it = |number: Option<i64>| {
            move |topic: &Topic| match topic {
                Topic::Trip(known, text, _) => number == Some(*known) || text == pk.text(),
                Topic::Activity(_)
                | Topic::Room(..)
                | Topic::Notifications(_)
                | Topic::DriverPosition(..) => false,
            }
        };
        let number = match pk.trip() {
            TripRef::Number(number) => Some(number),
            TripRef::Key(_) => None,
        };
        if self.subscriber.end(request, is_it(number)) {
            return Ok(Success(Done::NoContent, "null".to_owned()));
        }
        let trip = self.visible(pk).await?;
        Ok(self.unsubscribe(request, is_it(Some(trip.number))))
    }

    fn unsubscribe(&self, request: Option<&str>, matches: impl Fn(&Topic) -> bool) -> Success {
        self.subscriber.end(request, matches);
        Success(Done::NoContent, "null".to_owned())
    }

    async fn say(&self, pk: &Pk, text: MessageText) -> Answered {
        let sender = self.caller.person.clone();
        let said = self.app.dispatch.say(sender, pk.trip(), text).await?;
        Ok(Success(
            Done::Created,
            json_of(&MessageObject::of_event(&said)),
        ))
    }

    async fn notifications(&self) -> Answered {
        let unread = self.app.notices.count_unread(self.viewer).await?;
        let listed = self.app.notices.unread(self.viewer).await?;
        let results: Vec<_> = listed
            .iter()
            .filter_map(NotificationObject::of_event)
            .collect();
        let data = json!({"unread": unread, "results": results});
        Ok(Success(Done::Ok, data.to_string()))
    }

    async fn read(&self, which: WhichNotifications) -> Answered {
        let unread = self.app.notices.mark_read(self.viewer, which).await?;
        Ok(Success(Done::Ok, json!({"unread": unread}).to_string()))
    }

    async fn refresh(&self, token: &str) -> Answered {
        let session = self.caller.session;
        let new = self.app.accounts.refresh(token, Some(session)).await?;
        let data = json!({"access": new.access, "refresh": new.refresh});
        Ok(Success(Done::Ok, data.to_string()))
    }
}

impl ProtocolHandler for Dcrf {
    fn subscriber(&self) -> Arc<dyn Subscriber> {
        self.subscriber.clone()
    }

    fn greet(self: Rc<Self>) -> LocalBoxFuture<'static, Result<Greeting, Problem>> {
        // Its client is shown nothing until it asks.
        Box::pin(async { Ok(Greeting::default()) })
    }

    fn take(self: Rc<Self>, message: String) -> LocalBoxFuture<'static, ()> {
        Box::pin(async move {
            match dcrf::read(&message, &self.caller.person) {
                Ok((to, call)) => self.carry_out(&to, call).await,
                Err(refusal) => answer(&self.outbound, frames::text(refusal)).await,
            }
        })
    }

    fn refusal(&self, problem: &Problem) -> Bytes {
        frames::text(ReplyTo::unknown_call().refused(problem))
    }
}

pub(super) fn ok(trip: &Trip) -> Success {
    Success(Done::Ok, TripObject::from(trip).to_json())
}

fn objects(trips: &[Trip]) -> Vec<TripObject<'_>> {
    trips.iter().map(TripObject::from).collect()
}

pub(super) fn page_data(trips: &[Trip], count: i64, limit: i64, offset: i64) -> String {
    let results = objects(trips);
    json_of(&json!({"count": count, "limit": limit, "offset": offset, "results": results}))
}

pub(super) fn json_of(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("texts, times and finite numbers are JSON")
}
