//! The native socket, `/ws/` and `/ws/trips/`: every frame is a call, and has its answer.

use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use serde_json::{Value, json};

use super::subscriptions::{NotBegun, SUBSCRIPTIONS_MAX, Subscriptions, Topic};
use crate::accounts::Caller;
use crate::app::App;
use crate::domain::event_object::{MessageObject, NotificationObject};
use crate::domain::{Event, Fact, MessageText, Trip, TripObject};
use crate::fields::FieldErrors;
use crate::notices::Which;
use crate::problem::Problem;
use crate::registry::actor::Follow;
use crate::registry::{Outbound, Place, Voice};
use crate::resume::{self, Asked};
use crate::store::views::{Filter, LIST_MAX, Viewer};
use crate::store::writer::command::Answer;
use crate::ws::dialect::dcrf::{self, Call, Done, Listing, Pk, Return};
use crate::ws::frames;
use crate::ws::session::{Greeting, Talk, answer, when_there_is_room};

/// How many trips a page has when a list is streamed.
const PAGE: i64 = 100;

/// One native socket.
pub(in crate::ws) struct Dcrf {
    app: App,
    caller: Caller,
    viewer: Viewer,
    place: Arc<Place>,
    outbound: Outbound,
    voice: Arc<Subscriptions>,
}

/// A success: its status and its data as JSON.
struct Success(Done, String);

type Answered = Result<Success, Problem>;

impl Dcrf {
    pub(in crate::ws) fn new(
        app: App,
        caller: Caller,
        place: Arc<Place>,
        outbound: Outbound,
    ) -> Self {
        let viewer = Viewer {
            user: caller.person.id,
            role: caller.person.role,
        };
        Self {
            app,
            caller,
            viewer,
            place,
            outbound,
            voice: Arc::new(Subscriptions::of(viewer)),
        }
    }

    async fn carry_out(&self, to: &Return, call: Call) {
        let answered = match call {
            // These queue their answers themselves, so that nothing comes before or between.
            Call::List(listing) if listing.streamed => self.stream(to, listing).await,
            Call::Resume(places) => self.resume(to, places).await,
            Call::SubscribeInstance(pk) => self.subscribe_instance(to, pk).await,
            Call::SubscribeActivity(filter) => {
                self.subscribe(to, Topic::Activity(filter), "null").await
            }
            Call::SubscribeNotifications => self.subscribe_notifications(to).await,
            Call::Join(pk) => self.join(to, pk).await,
            other => self.answer(to, other).await.map(Some),
        };
        let frame = match answered {
            Ok(None) => return,
            Ok(Some(Success(status, data))) => to.done(status, &data),
            Err(problem) => to.refused(&problem),
        };
        answer(&self.outbound, frames::text(frame)).await;
    }

    async fn answer(&self, to: &Return, call: Call) -> Answered {
        let request = to.has_request_id().then(|| to.request_id());
        match call {
            Call::List(listing) => self.list(listing).await,
            Call::Retrieve(pk) => Ok(ok(&self.visible(&pk).await?)),
            Call::UnsubscribeInstance(pk) => self.unsubscribe_instance(request, &pk).await,
            Call::UnsubscribeActivity => {
                let is_one = |topic: &Topic| matches!(topic, Topic::Activity(_));
                Ok(self.unsubscribe(request, is_one))
            }
            Call::UnsubscribeNotifications => {
                let is_one = |topic: &Topic| *topic == Topic::Notifications;
                Ok(self.unsubscribe(None, is_one))
            }
            Call::Leave(pk) => {
                let trip = self.trip(&pk).await?.id;
                let is_it = |topic: &Topic| matches!(topic, Topic::Room(room, _) if *room == trip);
                Ok(self.unsubscribe(None, is_it))
            }
            Call::Say(pk, text) => self.say(&pk, text).await,
            Call::ListNotifications => self.notifications().await,
            Call::ReadNotifications(which) => self.read(which).await,
            Call::Refresh(token) => self.refresh(&token).await,
            command => self.command(command).await,
        }
    }

    /// The verbs, which are the same everywhere.
    async fn command(&self, call: Call) -> Answered {
        let (dispatch, person) = (&self.app.dispatch, &self.caller.person);
        let not_allowed = Problem::not_allowed;
        let done = match call {
            Call::Create(pick_up, drop_off) => {
                let rider = person.rider().ok_or_else(not_allowed)?;
                let made = dispatch.request(rider, pick_up, drop_off, None).await?;
                return Ok(Success(
                    Done::Created,
                    TripObject::from(&*made.trip).to_json(),
                ));
            }
            Call::Amend {
                pk,
                amendment,
                stated,
            } => {
                let rider = person.rider().ok_or_else(not_allowed)?;
                let trip = self.visible(&pk).await?.id;
                dispatch.amend(rider.id, trip, amendment, stated).await?
            }
            Call::Drive { pk, verb, stated } => {
                let driver = person.driver().ok_or_else(not_allowed)?;
                // Drivers have heard of every trip: the verb tells whose it is.
                let trip = self.trip(&pk).await?.id;
                dispatch.drive(driver, verb, trip, stated, None).await?
            }
            Call::Delete(pk) => {
                let rider = person.rider().ok_or_else(not_allowed)?;
                let trip = self.visible(&pk).await?.id;
                dispatch.delete(rider.id, trip).await?;
                return Ok(Success(Done::NoContent, "null".to_owned()));
            }
            Call::Cancel(pk, reason) => {
                let trip = self.visible(&pk).await?.id;
                match (person.rider(), person.operator(), reason) {
                    (Some(rider), _, reason) => {
                        dispatch.cancel(rider.id, trip, reason, None).await?
                    }
                    (None, Some(operator), Some(reason)) => {
                        let cancelled = dispatch.cancel_by_operator(operator, trip, reason, None);
                        cancelled.await?
                    }
                    (None, _, _) => return Err(not_allowed()),
                }
            }
            Call::End(pk, ending, reason) => {
                let operator = person.operator().ok_or_else(not_allowed)?;
                let trip = self.visible(&pk).await?.id;
                dispatch.end(operator, trip, ending, reason, None).await?
            }
            Call::List(_)
            | Call::Retrieve(_)
            | Call::SubscribeInstance(_)
            | Call::UnsubscribeInstance(_)
            | Call::SubscribeActivity(_)
            | Call::UnsubscribeActivity
            | Call::Resume(_)
            | Call::Refresh(_)
            | Call::Join(_)
            | Call::Leave(_)
            | Call::Say(..)
            | Call::SubscribeNotifications
            | Call::UnsubscribeNotifications
            | Call::ListNotifications
            | Call::ReadNotifications(_) => return Err(not_allowed()),
        };
        let Answer { trip, .. } = done;
        Ok(ok(&trip))
    }

    /// The trip that a call is about, whoever may see it.
    async fn trip(&self, pk: &Pk) -> Result<Trip, Problem> {
        let dispatch = &self.app.dispatch;
        let found = match (pk.number(), pk.key()) {
            (Some(number), _) => dispatch.numbered(number).await?,
            (None, Some(key)) => dispatch.keyed(key).await?,
            (None, None) => None,
        };
        found.ok_or_else(Problem::no_such_trip)
    }

    /// The same, if the caller may see it.
    async fn visible(&self, pk: &Pk) -> Result<Trip, Problem> {
        let trip = self.trip(pk).await?;
        if self.viewer.sees(&trip) {
            Ok(trip)
        } else {
            Err(Problem::no_such_trip())
        }
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

    async fn page(
        &self,
        filter: Filter,
        limit: i64,
        offset: i64,
    ) -> Result<(Vec<Trip>, i64), Problem> {
        let dispatch = &self.app.dispatch;
        Ok(dispatch.page(self.viewer, filter, limit, offset).await?)
    }

    /// One frame a page, each as soon as there is room for it.
    async fn stream(&self, to: &Return, listing: Listing) -> Result<Option<Success>, Problem> {
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

    async fn subscribe_instance(&self, to: &Return, pk: Pk) -> Result<Option<Success>, Problem> {
        let trip = self.visible(&pk).await?;
        let topic = Topic::Trip(trip.number, pk.text().to_owned());
        self.subscribe(to, topic, "null").await
    }

    async fn unsubscribe_instance(&self, request: Option<&str>, pk: &Pk) -> Answered {
        // A trip that is gone is known by how it was subscribed to.
        let is_it = |number: Option<i64>| {
            move |topic: &Topic| match topic {
                Topic::Trip(known, text) => number == Some(*known) || text == pk.text(),
                Topic::Activity(_) | Topic::Room(..) | Topic::Notifications => false,
            }
        };
        if self.voice.end(request, is_it(pk.number())) {
            return Ok(Success(Done::NoContent, "null".to_owned()));
        }
        let trip = self.visible(pk).await?;
        Ok(self.unsubscribe(request, is_it(Some(trip.number))))
    }

    fn unsubscribe(&self, request: Option<&str>, is_meant: impl Fn(&Topic) -> bool) -> Success {
        self.voice.end(request, is_meant);
        Success(Done::NoContent, "null".to_owned())
    }

    async fn subscribe_notifications(&self, to: &Return) -> Result<Option<Success>, Problem> {
        let unread = self.app.notices.count_unread(self.viewer).await?;
        let data = json!({"unread": unread}).to_string();
        self.subscribe(to, Topic::Notifications, &data).await
    }

    async fn join(&self, to: &Return, pk: Pk) -> Result<Option<Success>, Problem> {
        let trip = self.trip(&pk).await?.id;
        let person = &self.caller.person;
        loop {
            let told = self.voice.told();
            let room = self.app.dispatch.room(person, trip, 0).await?;
            let messages: Vec<Value> = room.iter().filter_map(message_object).collect();
            let topic = Topic::Room(trip, room.last().map_or(0, |event| event.id));
            let data = json!({"messages": messages}).to_string();
            match self.begin(to, topic, &data, Some(told)).await {
                Err(NotBegun::Outdated) => {}
                begun => return answered(begun),
            }
        }
    }

    async fn subscribe(
        &self,
        to: &Return,
        topic: Topic,
        data: &str,
    ) -> Result<Option<Success>, Problem> {
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
            begun = self.voice.begin(to, topic, frame, told, &self.outbound);
            begun != Err(NotBegun::Full)
        })
        .await;
        begun
    }

    async fn resume(
        &self,
        to: &Return,
        places: Vec<resume::Place>,
    ) -> Result<Option<Success>, Problem> {
        let asked = Asked::new(self.viewer, places)
            .map_err(|foreign| FieldErrors::one("positions", foreign))?;
        self.voice.expect();
        let opening = match self.app.resume.open(asked).await {
            Ok(opening) => opening,
            Err(error) => {
                self.voice.give_up();
                return Err(error.into());
            }
        };
        let frame = frames::text(to.done(Done::Ok, &json_of(&opening)));
        let mut heads = None;
        when_there_is_room(&self.outbound, || {
            heads = self
                .voice
                .follow(to, &opening, frame.clone(), &self.outbound);
            heads.is_some()
        })
        .await;
        if let Some(heads) = heads {
            let Place { registry, socket } = &*self.place;
            let _ = registry.send(Follow(*socket, heads)).await;
        }
        Ok(None)
    }

    async fn say(&self, pk: &Pk, text: MessageText) -> Answered {
        let trip = self.trip(pk).await?.id;
        let sender = self.caller.person.clone();
        self.app.may_say(sender.id)?;
        let said = self.app.dispatch.say(sender, trip, text).await?;
        let message = message_object(&said).unwrap_or_default();
        Ok(Success(Done::Created, message.to_string()))
    }

    async fn notifications(&self) -> Answered {
        let unread = self.app.notices.count_unread(self.viewer).await?;
        let listed = self.app.notices.unread(self.viewer).await?;
        let results: Vec<Value> = listed.iter().filter_map(notification_object).collect();
        let data = json!({"unread": unread, "results": results});
        Ok(Success(Done::Ok, data.to_string()))
    }

    async fn read(&self, which: Which) -> Answered {
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

impl Talk for Dcrf {
    fn voice(&self) -> Arc<dyn Voice> {
        self.voice.clone()
    }

    fn greet(self: Rc<Self>) -> LocalBoxFuture<'static, Result<Greeting, Problem>> {
        // It hears what it asks for.
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
        frames::text(Return::nobody().refused(problem))
    }
}

/// The answer of a subscription that has begun is queued already; a client that makes no room is closed.
fn answered(begun: Result<(), NotBegun>) -> Result<Option<Success>, Problem> {
    match begun {
        Ok(()) | Err(NotBegun::Full | NotBegun::Outdated) => Ok(None),
        Err(NotBegun::TooMany) => Err(Problem::too_many_subscriptions(SUBSCRIPTIONS_MAX)),
    }
}

fn ok(trip: &Trip) -> Success {
    Success(Done::Ok, TripObject::from(trip).to_json())
}

fn objects(trips: &[Trip]) -> Vec<TripObject<'_>> {
    trips.iter().map(TripObject::from).collect()
}

fn page_data(trips: &[Trip], count: i64, limit: i64, offset: i64) -> String {
    let results = objects(trips);
    json_of(&json!({"count": count, "limit": limit, "offset": offset, "results": results}))
}

fn json_of(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("texts, times and finite numbers are JSON")
}

fn message_object(event: &Event) -> Option<Value> {
    match &event.fact {
        Fact::Message(message) => Some(json!(MessageObject::of(message, event.id, event.at))),
        Fact::Trip(_) | Fact::Notification(_) => None,
    }
}

fn notification_object(event: &Event) -> Option<Value> {
    match &event.fact {
        Fact::Notification(notification) => {
            let object = NotificationObject::of(notification, event.id, event.at);
            Some(json!(object))
        }
        Fact::Trip(_) | Fact::Message(_) => None,
    }
}
