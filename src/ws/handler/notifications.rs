//! `/ws/notifications/`: the account's notifications.

use std::rc::Rc;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use serde_json::json;

use crate::app::App;
use crate::domain::event_object::NotificationObject;
use crate::domain::{Event, Fact, Viewer};
use crate::problem::Problem;
use crate::registry::subscriber::{NotDelivered, SharedEvent};
use crate::registry::{Outbound, Subscriber};
use crate::ws::dialect::bare;
use crate::ws::frames;
use crate::ws::session::{Greeting, ProtocolHandler, answer};

/// The socket of an account's notifications.
pub(in crate::ws) struct Notifications {
    pub(in crate::ws) app: App,
    pub(in crate::ws) viewer: Viewer,
    pub(in crate::ws) outbound: Outbound,
    pub(in crate::ws) subscriber: Arc<NotificationSubscriber>,
}

impl Notifications {
    async fn read(&self, frame: &str) -> Result<Bytes, Problem> {
        let which = bare::notices_read(frame)?;
        let unread = self.app.notices.mark_read(self.viewer, which).await?;
        Ok(frames::text(json!({"unread": unread}).to_string()))
    }
}

impl ProtocolHandler for Notifications {
    fn subscriber(&self) -> Arc<dyn Subscriber> {
        self.subscriber.clone()
    }

    fn greet(self: Rc<Self>) -> LocalBoxFuture<'static, Result<Greeting, Problem>> {
        Box::pin(async move {
            let unread = self.app.notices.unread(self.viewer).await?;
            let last = unread.first().map_or(0, |event| event.id);
            // The handler is asked to greet once, so the cell is empty.
            let _ = self.subscriber.shown.set(last);
            Ok(Greeting {
                frames: unread.iter().rev().filter_map(frame).collect(),
                trips: Vec::new(),
            })
        })
    }

    fn take(self: Rc<Self>, message: String) -> LocalBoxFuture<'static, ()> {
        Box::pin(async move {
            let read = self.read(&message).await;
            let frame = read.unwrap_or_else(|problem| self.refusal(&problem));
            answer(&self.outbound, frame).await;
        })
    }

    fn refusal(&self, problem: &Problem) -> Bytes {
        frames::text(problem.error_frame())
    }
}

/// Writes the notifications that the registry hands to this socket.
#[derive(Default)]
pub(in crate::ws) struct NotificationSubscriber {
    /// The event of the newest notification that the client was shown on connect.
    shown: OnceLock<i64>,
}

impl Subscriber for NotificationSubscriber {
    fn deliver(
        &self,
        shared: &mut SharedEvent<'_>,
        outbound: &Outbound,
    ) -> Result<(), NotDelivered> {
        let event = shared.event();
        let is_notification = matches!(&event.fact, Fact::Notification(_));
        if !is_notification || self.shown.get().is_some_and(|shown| event.id <= *shown) {
            return Ok(());
        }
        let frame = shared.piece("notification", |event| frame(event).unwrap_or_default());
        outbound.push(frame).map_err(|_| NotDelivered)
    }
}

fn frame(event: &Event) -> Option<Bytes> {
    NotificationObject::of_event(event).map(|notification| {
        frames::text(serde_json::to_string(&notification).expect("texts and numbers are JSON"))
    })
}
