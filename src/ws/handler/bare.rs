//! The course's sockets: trips are told as they are, to everybody concerned.

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

/// A rider's or a driver's socket that speaks in this style.
pub(in crate::ws) struct Bare {
    pub(in crate::ws) app: App,
    pub(in crate::ws) seat: SocketOwner,
    pub(in crate::ws) viewer: Viewer,
    pub(in crate::ws) outbound: Outbound,
    subscriber: Arc<BareSubscriber>,
}

impl Bare {
    pub(in crate::ws) fn new(
        app: App,
        seat: SocketOwner,
        viewer: Viewer,
        outbound: Outbound,
        style: &'static Style,
    ) -> Self {
        let shown = OnceLock::new();
        let driver = match &seat {
            SocketOwner::Driver(driver) => Some(driver.id),
            SocketOwner::Rider(_) => None,
        };
        Self {
            app,
            seat,
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

    async fn carry_out(&self, asked: BareRequest) -> Result<Option<Bytes>, Problem> {
        let dispatch = &self.app.dispatch;
        let done: Result<TripOutcome, Problem> = match (&self.seat, asked) {
            (_, BareRequest::Echo(frame)) => return Ok(Some(frames::text(frame))),
            (SocketOwner::Rider(rider), BareRequest::Trip(wish, key)) => {
                let requested = dispatch.request(rider.clone(), *wish, key);
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
            // The news reaches this socket like every other one.
            Effect::Changed => None,
            Effect::AlreadyDone | Effect::Replayed => {
                Some(frames::text((self.style().trip)(&trip)))
            }
        })
    }
}

impl Bare {
    /// The refusal of a frame.
    async fn refused(&self, frame: &str, problem: &Problem) -> Bytes {
        let trip = match (self.style().named)(frame) {
            // What cannot be read now is told without it.
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
            // It is asked once.
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
            let done = match (self.style().read)(&message, &self.seat) {
                Ok(asked) => self.carry_out(asked).await,
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

/// Tells every change of a trip that moves it, in the same words to everybody but drivers whose it is not.
struct BareSubscriber {
    style: &'static Style,
    /// Whose socket it is, if a driver's.
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
    /// How a trip is written for this client, and what such a frame is called.
    fn words_for(&self, trip: &Trip) -> (&'static str, fn(&Trip) -> String) {
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
        let (name, write) = self.words_for(&change.trip);
        let frame = shared.piece(name, |_| frames::text(write(&change.trip)));
        outbound.push(frame).map_err(|_| NotDelivered)
    }
}
