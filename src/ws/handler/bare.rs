//! The sockets of the bare dialects: clients receive trips as they stand.

use std::rc::Rc;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use futures_util::future::LocalBoxFuture;

use crate::app::App;
use crate::domain::core::{Effect, TripOutcome};
use crate::domain::{DriverId, Event, Trip, TripId, Viewer};
use crate::problem::Problem;
use crate::registry::subscriber::{NotDelivered, SharedEvent};
use crate::registry::{Outbound, Subscriber};
use crate::ws::dialect::bare::{BareRequest, SocketOwner, Style};
use crate::ws::frames;
use crate::ws::session::{Greeting, ProtocolHandler, answer};

/// A rider's or a driver's socket in a bare dialect.
pub(in crate::ws) struct Bare {
    pub(in crate::ws) app: App,
    pub(in crate::ws) owner: SocketOwner,
    pub(in crate::ws) viewer: Viewer,
    pub(in crate::ws) outbound: Outbound,
    subscriber: Arc<BareSubscriber>,
}

impl Bare {
    pub(in crate::ws) fn new(
        app: App,
        owner: SocketOwner,
        viewer: Viewer,
        outbound: Outbound,
        style: &'static Style,
    ) -> Self {
        let shown = OnceLock::new();
        let driver = match &owner {
            SocketOwner::Driver(driver) => Some(driver.id),
            SocketOwner::Rider(_) => None,
        };
        Self {
            app,
            owner,
            viewer,
            outbound,
            subscriber: Arc::new(BareSubscriber {
                style,
                driver,
                shown,
            }),
        }
    }

    fn style(&self) -> &'static Style {
        self.subscriber.style
    }

    async fn carry_out(&self, request: BareRequest) -> Result<Option<Bytes>, Problem> {
        let dispatch = &self.app.dispatch;
        let done: Result<TripOutcome, Problem> = match (&self.owner, request) {
            (_, BareRequest::Echo(frame)) => return Ok(Some(frames::text(frame))),
            (SocketOwner::Rider(rider), BareRequest::Trip(order, key)) => {
                let requested = dispatch.request(rider.clone(), *order, key);
                requested.await.map_err(Problem::from)
            }
            (
                SocketOwner::Driver(_),
                BareRequest::Act {
                    trip,
                    action,
                    stated,
                    key,
                },
            ) => {
                let done = dispatch.act(trip, *action, stated, key);
                done.await.map_err(Problem::from)
            }
            (SocketOwner::Rider(_), BareRequest::Act { .. })
            | (SocketOwner::Driver(_), BareRequest::Trip(..)) => {
                return Err(Problem::not_allowed());
            }
        };
        let TripOutcome { trip, effect, .. } = done?;
        Ok(match effect {
            // The event of the change reaches this socket like every other one.
            Effect::Changed => None,
            Effect::AlreadyDone | Effect::Replayed => {
                Some(frames::text((self.style().trip)(&trip)))
            }
        })
    }
}

impl Bare {
    /// The frame that refuses a frame, with the trip if the dialect shows it.
    async fn refused(&self, frame: &str, problem: &Problem) -> Bytes {
        let trip = match (self.style().named)(frame) {
            // If the trip cannot be read now, the refusal goes out without it.
            Some(trip) => self.app.dispatch.find(self.viewer, trip).await.ok(),
            None => None,
        };
        frames::text((self.style().refusal)(problem, trip.flatten().as_ref()))
    }
}

impl ProtocolHandler for Bare {
    fn subscriber(&self) -> Arc<dyn Subscriber> {
        self.subscriber.clone()
    }

    fn greet(self: Rc<Self>) -> LocalBoxFuture<'static, Result<Greeting, Problem>> {
        Box::pin(async move {
            let trips = self.app.dispatch.active(self.viewer).await?;
            let shown = trips.iter().map(|trip| (trip.id, trip.revision)).collect();
            // The handler is asked to greet once, so the cell is empty.
            let _ = self.subscriber.shown.set(shown);
            let style = self.style();
            let frames = trips.iter().filter(|_| style.greets);
            Ok(Greeting {
                frames: frames
                    .map(|trip| frames::text((style.trip)(trip)))
                    .collect(),
                trips: trips.iter().map(|trip| trip.id).collect(),
            })
        })
    }

    fn take(self: Rc<Self>, message: String) -> LocalBoxFuture<'static, ()> {
        Box::pin(async move {
            let done = match (self.style().read)(&message, &self.owner) {
                Ok(request) => self.carry_out(request).await,
                Err(problem) => Err(problem),
            };
            let frame = match done {
                Ok(frame) => frame,
                Err(problem) => Some(self.refused(&message, &problem).await),
            };
            if let Some(frame) = frame {
                answer(&self.outbound, frame).await;
            }
        })
    }

    fn refusal(&self, problem: &Problem) -> Bytes {
        frames::text((self.style().refusal)(problem, None))
    }
}

/// Writes every change of a trip's status, in the same words for every client but drivers of other trips.
struct BareSubscriber {
    style: &'static Style,
    /// The owner of the socket, if that is a driver.
    driver: Option<DriverId>,
    /// The trips that the client was shown on connect, with their revisions.
    shown: OnceLock<Vec<(TripId, i64)>>,
}

impl BareSubscriber {
    fn has_shown(&self, event: &Event) -> bool {
        let Some(change) = event.trip() else {
            return true;
        };
        let trip = &change.trip;
        let shows = |(id, revision): &(TripId, i64)| *id == trip.id && trip.revision <= *revision;
        self.shown
            .get()
            .is_some_and(|shown| shown.iter().any(shows))
    }
}

impl BareSubscriber {
    /// The function that writes a trip for this client, and the key of the frame among those that sockets share.
    fn writer_for(&self, trip: &Trip) -> (&'static str, fn(&Trip) -> String) {
        let taken_by = trip.state.driver().map(|driver| driver.id);
        let is_others = self.driver.is_some() && taken_by.is_some() && taken_by != self.driver;
        match self.style.to_others.filter(|_| is_others) {
            Some(write) => ("others", write),
            None => (self.style.name, self.style.trip),
        }
    }
}

impl Subscriber for BareSubscriber {
    fn deliver(
        &self,
        shared: &mut SharedEvent<'_>,
        outbound: &Outbound,
    ) -> Result<(), NotDelivered> {
        if self.has_shown(shared.event()) {
            return Ok(());
        }
        let Some(change) = shared.event().trip() else {
            return Ok(());
        };
        if change.kind.is_note() {
            return Ok(());
        }
        let (name, write) = self.writer_for(&change.trip);
        let frame = shared.piece(name, |_| frames::text(write(&change.trip)));
        outbound.push(frame).map_err(|_| NotDelivered)
    }
}
