//! `/ws/chat/<nk>/`: the room of one trip, where its rider and its driver chat.

use std::rc::Rc;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use futures_util::future::LocalBoxFuture;

use crate::app::App;
use crate::domain::event_object::MessageObject;
use crate::domain::{Event, Fact, Person, TripId};
use crate::problem::Problem;
use crate::registry::subscriber::{NotDelivered, SharedEvent};
use crate::registry::{Outbound, Subscriber};
use crate::ws::dialect::bare;
use crate::ws::frames;
use crate::ws::session::{Greeting, ProtocolHandler, answer};

/// The rider's or the driver's socket in the room.
pub(in crate::ws) struct Chat {
    pub(in crate::ws) app: App,
    pub(in crate::ws) person: Person,
    pub(in crate::ws) trip: TripId,
    /// The event of the last message that the client has; 0 if it has none.
    pub(in crate::ws) after: i64,
    pub(in crate::ws) outbound: Outbound,
    pub(in crate::ws) subscriber: Arc<ChatSubscriber>,
}

impl Chat {
    async fn say(&self, frame: &str) -> Result<(), Problem> {
        let text = bare::message(frame)?;
        let dispatch = &self.app.dispatch;
        dispatch
            .say(self.person.clone(), self.trip.into(), text)
            .await?;
        Ok(())
    }
}

impl ProtocolHandler for Chat {
    fn subscriber(&self) -> Arc<dyn Subscriber> {
        self.subscriber.clone()
    }

    fn greet(self: Rc<Self>) -> LocalBoxFuture<'static, Result<Greeting, Problem>> {
        Box::pin(async move {
            let room = self.app.dispatch.room(&self.person, self.trip, self.after);
            let messages = room.await?;
            let last = messages.last().map_or(self.after, |event| event.id);
            // The handler is asked to greet once, so the cell is empty.
            let _ = self.subscriber.shown.set(last);
            Ok(Greeting {
                frames: messages.iter().filter_map(message_frame).collect(),
                trips: Vec::new(),
            })
        })
    }

    fn take(self: Rc<Self>, message: String) -> LocalBoxFuture<'static, ()> {
        Box::pin(async move {
            if let Err(problem) = self.say(&message).await {
                answer(&self.outbound, self.refusal(&problem)).await;
            }
        })
    }

    fn refusal(&self, problem: &Problem) -> Bytes {
        frames::text(problem.error_frame())
    }
}

/// Writes the messages of one room.
pub(in crate::ws) struct ChatSubscriber {
    pub(in crate::ws) trip: TripId,
    /// The event of the last message that the client was shown on connect.
    pub(in crate::ws) shown: OnceLock<i64>,
}

impl Subscriber for ChatSubscriber {
    fn deliver(
        &self,
        shared: &mut SharedEvent<'_>,
        outbound: &Outbound,
    ) -> Result<(), NotDelivered> {
        let event = shared.event();
        let is_here = matches!(&event.fact, Fact::Message(message) if message.trip == self.trip);
        if !is_here || self.shown.get().is_some_and(|shown| event.id <= *shown) {
            return Ok(());
        }
        let frame = shared.piece("chat", |event| message_frame(event).unwrap_or_default());
        outbound.push(frame).map_err(|_| NotDelivered)
    }
}

fn message_frame(event: &Event) -> Option<Bytes> {
    MessageObject::of_event(event).map(|message| {
        frames::text(serde_json::to_string(&message).expect("texts and numbers are JSON"))
    })
}
