//! The actor of one socket: pings, limits, and one message at a time. It ends in one place, `stopped`, for any reason.

use std::num::NonZeroU32;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::fut::WrapFuture;
use actix::{Actor, ActorContext, AsyncContext, Context, StreamHandler};
use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use super::frames;
use super::incoming::Incoming;
use crate::dispatch::presence::OpenSocket;
use crate::domain::TripId;
use crate::problem::Problem;
use crate::registry::outbound::Parting;
use crate::registry::{Closing, Outbound, SocketSlot, Subscriber};

/// How often the client is pinged.
const PING_EVERY: Duration = Duration::from_secs(20);
/// How long a client may be silent before its socket is closed.
const SILENCE_MAX: Duration = Duration::from_secs(45);
/// How many frames may come at once.
const BURST: NonZeroU32 = NonZeroU32::new(100).expect("not zero");
/// How many frames a second may come after that.
const FRAMES_PER_SECOND: NonZeroU32 = NonZeroU32::new(20).expect("not zero");
/// How long an answer waits for room in a full queue.
const ROOM_WAIT: Duration = Duration::from_secs(5);
/// How often an answer that waits checks for room.
const ROOM_LOOK: Duration = Duration::from_millis(20);

/// What a client is shown first.
#[derive(Default)]
pub(super) struct Greeting {
    pub(super) frames: Vec<Bytes>,
    /// The trips that the frames show.
    pub(super) trips: Vec<TripId>,
}

/// The service's side of one socket's conversation: how a kind of socket answers its client.
pub(super) trait ProtocolHandler {
    /// Writes events for the client.
    fn subscriber(&self) -> Arc<dyn Subscriber>;

    /// Reads what the client is shown first. It is called once the socket has joined, so that no event is missed.
    fn greet(self: Rc<Self>) -> LocalBoxFuture<'static, Result<Greeting, Problem>>;

    /// Handles one message. The next one waits until this one is done.
    fn take(self: Rc<Self>, message: String) -> LocalBoxFuture<'static, ()>;

    /// The frame that refuses a message unread.
    fn refusal(&self, problem: &Problem) -> Bytes;
}

/// Queues an answer as soon as there is room. A client that does not make room in time is closed as too slow.
pub(super) async fn answer(outbound: &Outbound, frame: Bytes) {
    when_there_is_room(outbound, || outbound.push(frame.clone()).is_ok()).await;
}

/// Calls `queue` until it succeeds. A client that does not make room in time is closed as too slow.
pub(super) async fn when_there_is_room(outbound: &Outbound, mut queue: impl FnMut() -> bool) {
    let since = Instant::now();
    while !queue() {
        if since.elapsed() > ROOM_WAIT {
            return outbound.close_now(Closing::SLOW);
        }
        tokio::time::sleep(ROOM_LOOK).await;
    }
}

/// The actor of one socket.
pub(super) struct SocketSession {
    handler: Rc<dyn ProtocolHandler>,
    outbound: Outbound,
    frame_rate: Option<DefaultDirectRateLimiter>,
    heard_at: Instant,
    /// Held so that the socket counts as one of its account's until it is really gone.
    _slot: Arc<SocketSlot>,
    /// Held so that a driver with an open socket does not count as silent.
    _open: OpenSocket,
}

impl SocketSession {
    pub(super) fn new(
        handler: Rc<dyn ProtocolHandler>,
        slot: Arc<SocketSlot>,
        outbound: Outbound,
        open: OpenSocket,
        has_limits: bool,
    ) -> Self {
        let quota = Quota::per_second(FRAMES_PER_SECOND).allow_burst(BURST);
        Self {
            handler,
            outbound,
            frame_rate: has_limits.then(|| RateLimiter::direct(quota)),
            heard_at: Instant::now(),
            _slot: slot,
            _open: open,
        }
    }

    fn keep_alive(&mut self, ctx: &mut Context<Self>) {
        if self.outbound.is_closing() {
            ctx.stop();
        } else if self.heard_at.elapsed() > SILENCE_MAX {
            // Reading goes on, so a client that is there after all can still answer the close frame.
            self.outbound.close_now(Closing::SILENT);
        } else {
            // A full queue needs no ping: the registry decides what becomes of the socket.
            let _ = self.outbound.push(frames::ping());
        }
    }

    /// Ends the session, after the client's close frame or a violation.
    fn close(&self, why: Closing, parting: Parting, ctx: &mut Context<Self>) {
        self.outbound.part(parting);
        self.outbound.close(why);
        ctx.stop();
    }

    fn is_too_fast(&self) -> bool {
        self.frame_rate
            .as_ref()
            .is_some_and(|rate| rate.check().is_err())
    }

    fn send(&self, frame: Bytes, ctx: &mut Context<Self>) {
        let outbound = self.outbound.clone();
        let sending = async move { answer(&outbound, frame).await };
        ctx.wait(sending.into_actor(self));
    }
}

impl Actor for SocketSession {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.run_interval(PING_EVERY, Self::keep_alive);
    }

    fn stopped(&mut self, _: &mut Self::Context) {
        // Frames that wait are still sent, and then the body ends. If the socket is gone, they are dropped.
        self.outbound.part(Parting::Answered);
        self.outbound.close(Closing::NORMAL);
    }
}

impl StreamHandler<Incoming> for SocketSession {
    fn handle(&mut self, message: Incoming, ctx: &mut Self::Context) {
        let is_closing = self.outbound.is_closing();
        self.heard_at = Instant::now();
        match message {
            Incoming::Close(why) => self.close(why, Parting::Answered, ctx),
            Incoming::Violation(why) => self.close(why, Parting::Unread, ctx),
            // A closing socket ignores everything that comes before the client's own close frame.
            _ if is_closing => {}
            Incoming::Text(_) | Incoming::Binary(_) | Incoming::Ping(_) if self.is_too_fast() => {
                let problem = Problem::too_many("Too many frames.", Duration::from_secs(1));
                self.send(self.handler.refusal(&problem), ctx);
            }
            Incoming::Text(frame) => {
                let handled = self.handler.clone().take(frame.to_string());
                ctx.wait(handled.into_actor(self));
            }
            Incoming::Binary(_) => self.send(self.handler.refusal(&Problem::not_text()), ctx),
            Incoming::Ping(payload) => self.send(frames::pong(payload), ctx),
            Incoming::Pong => {}
        }
    }
}
