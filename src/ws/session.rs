//! One connected app. The actor ends in one place, `stopped`, whatever ends it.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::fut::{ActorFutureExt, WrapFuture};
use actix::{Actor, ActorContext, Addr, AsyncContext, Context, Handler, StreamHandler};
use actix_web::web;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use super::dialect::course;
use super::incoming::Incoming;
use super::{frames, refill};
use crate::app::App;
use crate::domain::{DriverId, Party, RiderId};
use crate::problem::Problem;
use crate::registry::actor::{Disconnect, Refill, Refilled};
use crate::registry::groups::SocketId;
use crate::registry::{Closing, Outbound, TripRegistry};
use crate::store::writer::CommandError;
use crate::store::writer::command::{Answer, Outcome};

/// How often the client is pinged.
const PING_EVERY: Duration = Duration::from_secs(20);
/// After how long without any sign of life the socket is given up.
const SILENCE_MAX: Duration = Duration::from_secs(45);
/// How many frames may come at once.
const BURST: NonZeroU32 = NonZeroU32::new(100).expect("not zero");
/// How many frames a second may come after that.
const FRAMES_PER_SECOND: NonZeroU32 = NonZeroU32::new(20).expect("not zero");

/// A place in the registry, given back when it is dropped.
pub(super) struct Place {
    pub(super) registry: Addr<TripRegistry>,
    pub(super) socket: SocketId,
}

impl Drop for Place {
    fn drop(&mut self) {
        let leaving = self.registry.send(Disconnect(self.socket));
        // The mailbox may be full: a task waits for room, and not the thread.
        if let Some(arbiter) = actix::Arbiter::try_current() {
            arbiter.spawn(async move {
                let _ = leaving.await;
            });
        }
    }
}

/// Who is connected, as what.
pub(super) enum Seat {
    /// A rider's app.
    Rider(Party<RiderId>),
    /// A driver's app.
    Driver(Party<DriverId>),
}

/// One connected app.
pub(super) struct Session {
    app: web::Data<App>,
    place: Arc<Place>,
    seat: Seat,
    outbound: Outbound,
    pace: Option<DefaultDirectRateLimiter>,
    heard_at: Instant,
}

impl Session {
    pub(super) fn new(
        app: web::Data<App>,
        place: Arc<Place>,
        seat: Seat,
        outbound: Outbound,
    ) -> Self {
        let quota = Quota::per_second(FRAMES_PER_SECOND).allow_burst(BURST);
        let pace = app.limits.then(|| RateLimiter::direct(quota));
        Self {
            app,
            place,
            seat,
            outbound,
            pace,
            heard_at: Instant::now(),
        }
    }

    fn look_after(&mut self, ctx: &mut Context<Self>) {
        if self.outbound.is_closing() {
            ctx.stop();
        } else if self.heard_at.elapsed() > SILENCE_MAX {
            self.outbound.close_now(Closing::SILENT);
            ctx.stop();
        } else {
            // A full queue needs no ping: its fate is the registry's.
            let _ = self.outbound.push(frames::ping());
        }
    }

    fn close(&self, why: Closing, ctx: &mut Context<Self>) {
        self.outbound.close(why);
        ctx.stop();
    }

    /// A queue that is too full for an answer loses it; the client sees by the trip's news, or its absence.
    fn tell(&self, frame: bytes::Bytes) {
        if self.outbound.push(frame).is_err() {
            tracing::debug!(socket = self.place.socket.0, "An answer did not fit");
        }
    }

    fn refuse(&self, problem: &Problem) {
        self.tell(course::error_frame(problem));
    }

    /// One command at a time: the next frame is read when this one is answered.
    fn frame(&self, frame: &str, ctx: &mut Context<Self>) {
        let dispatch = self.app.dispatch.clone();
        match &self.seat {
            Seat::Rider(rider) => match course::read_request(frame, rider) {
                Ok(course::Request { pick_up, drop_off }) => {
                    let rider = rider.clone();
                    self.wait_for(
                        async move { dispatch.request(rider, pick_up, drop_off, None).await },
                        ctx,
                    );
                }
                Err(problem) => self.refuse(&problem),
            },
            Seat::Driver(driver) => match course::read_update(frame, driver) {
                Ok(course::Update { trip, verb, stated }) => {
                    let driver = driver.clone();
                    self.wait_for(
                        async move { dispatch.drive(driver, verb, trip, stated, None).await },
                        ctx,
                    );
                }
                Err(problem) => self.refuse(&problem),
            },
        }
    }

    fn is_too_fast(&self) -> bool {
        self.pace.as_ref().is_some_and(|pace| pace.check().is_err())
    }

    fn wait_for(
        &self,
        command: impl Future<Output = Result<Answer, CommandError>> + 'static,
        ctx: &mut Context<Self>,
    ) {
        let answered = command
            .into_actor(self)
            .map(|answer, session: &mut Self, _| match answer {
                // The news reaches this socket like every other one.
                Ok(Answer {
                    outcome: Outcome::Changed,
                    ..
                }) => {}
                Ok(Answer {
                    outcome: Outcome::AlreadyDone | Outcome::Replayed,
                    trip,
                }) => {
                    session.tell(course::trip_frame(&trip));
                }
                Err(error) => session.refuse(&error.into()),
            });
        ctx.wait(answered);
    }
}

impl Actor for Session {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.run_interval(PING_EVERY, Self::look_after);
    }

    fn stopped(&mut self, _: &mut Self::Context) {
        // What waits is still sent, and then the body ends; a socket that is gone takes nothing any more.
        self.outbound.close(Closing::NORMAL);
    }
}

impl StreamHandler<Incoming> for Session {
    fn handle(&mut self, message: Incoming, ctx: &mut Self::Context) {
        // A socket that is closed does nothing any more, whatever is still in its pipe.
        if self.outbound.is_closing() {
            return ctx.stop();
        }
        self.heard_at = Instant::now();
        match message {
            Incoming::Text(_) | Incoming::Binary(_) | Incoming::Ping(_) if self.is_too_fast() => {
                self.refuse(&Problem::too_many(
                    "Too many frames.",
                    Duration::from_secs(1),
                ));
            }
            Incoming::Text(frame) => self.frame(&frame, ctx),
            Incoming::Binary(_) => self.refuse(&course::not_text()),
            Incoming::Ping(payload) => self.tell(frames::pong(payload)),
            Incoming::Pong => {}
            Incoming::Close(why) | Incoming::Violation(why) => self.close(why, ctx),
        }
    }
}

impl Handler<Refill> for Session {
    type Result = ();

    fn handle(&mut self, Refill(behind): Refill, ctx: &mut Self::Context) {
        let (store, outbound) = (self.app.store.clone(), self.outbound.clone());
        let (registry, socket) = (self.place.registry.clone(), self.place.socket);
        let refilling = async move {
            let refilled = refill::refill(&store, &outbound, &course::ENCODING, behind).await;
            let through = refilled.unwrap_or_else(|error| {
                tracing::debug!(%error, "A session could not be refilled yet");
                Vec::new()
            });
            let _ = registry.send(Refilled { socket, through }).await;
        };
        ctx.spawn(refilling.into_actor(self));
    }
}
