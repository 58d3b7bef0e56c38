//! One connected app. The actor ends in one place, `stopped`, whatever ends it.

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
/// After how long without any sign of life the socket is given up.
const SILENCE_MAX: Duration = Duration::from_secs(45);
/// How many frames may come at once.
const BURST: NonZeroU32 = NonZeroU32::new(100).expect("not zero");
/// How many frames a second may come after that.
const FRAMES_PER_SECOND: NonZeroU32 = NonZeroU32::new(20).expect("not zero");
/// How long an answer waits for room in a full queue.
const ROOM_WAIT: Duration = Duration::from_secs(5);
/// How often it looks.
const ROOM_LOOK: Duration = Duration::from_millis(20);

/// What a client must know first.
#[derive(Default)]
pub(super) struct Greeting {
    /// Its frames.
    pub(super) frames: Vec<Bytes>,
    /// The trips that they show.
    pub(super) trips: Vec<TripId>,
}

/// One side of a conversation: how a dialect answers what its client says.
pub(super) trait ProtocolHandler {
    /// How its client hears of events.
    fn subscriber(&self) -> Arc<dyn Subscriber>;

    /// What the client must know first; it is asked once the socket has joined, so that nothing falls between.
    fn greet(self: Rc<Self>) -> LocalBoxFuture<'static, Result<Greeting, Problem>>;

    /// Takes one message; the next one waits until that is done.
    fn take(self: Rc<Self>, message: String) -> LocalBoxFuture<'static, ()>;

    /// The frame that says that a message was not even read.
    fn refusal(&self, problem: &Problem) -> Bytes;
}

/// Queues an answer, as soon as there is room. A client that does not make room in time reads too slowly.
pub(super) async fn answer(outbound: &Outbound, frame: Bytes) {
    when_there_is_room(outbound, || outbound.push(frame.clone()).is_ok()).await;
}

/// Tries to queue something until it succeeds, or the client has taken too long.
pub(super) async fn when_there_is_room(outbound: &Outbound, mut queue: impl FnMut() -> bool) {
    let since = Instant::now();
    while !queue() {
        if since.elapsed() > ROOM_WAIT {
            return outbound.close_now(Closing::SLOW);
        }
        tokio::time::sleep(ROOM_LOOK).await;
    }
}

/// One connected app.
pub(super) struct SocketSession {
    talk: Rc<dyn ProtocolHandler>,
    outbound: Outbound,
    pace: Option<DefaultDirectRateLimiter>,
    heard_at: Instant,
    /// The socket counts as one of its account's until it is really gone.
    _place: Arc<SocketSlot>,
    /// Whoever has a socket open is not silent.
    _open: OpenSocket,
}

impl SocketSession {
    pub(super) fn new(
        talk: Rc<dyn ProtocolHandler>,
        place: Arc<SocketSlot>,
        outbound: Outbound,
        open: OpenSocket,
        has_limits: bool,
    ) -> Self {
        let quota = Quota::per_second(FRAMES_PER_SECOND).allow_burst(BURST);
        Self {
            talk,
            outbound,
            pace: has_limits.then(|| RateLimiter::direct(quota)),
            heard_at: Instant::now(),
            _place: place,
            _open: open,
        }
    }

    fn look_after(&mut self, ctx: &mut Context<Self>) {
        if self.outbound.is_closing() {
            ctx.stop();
        } else if self.heard_at.elapsed() > SILENCE_MAX {
            // Should it be there after all, its answer is read.
            self.outbound.close_now(Closing::SILENT);
        } else {
            // A full queue needs no ping: its fate is the registry's.
            let _ = self.outbound.push(frames::ping());
        }
    }

    /// The client has closed, or can no longer be understood.
    fn close(&self, why: Closing, parting: Parting, ctx: &mut Context<Self>) {
        self.outbound.part(parting);
        self.outbound.close(why);
        ctx.stop();
    }

    fn is_too_fast(&self) -> bool {
        self.pace.as_ref().is_some_and(|pace| pace.check().is_err())
    }

    fn tell(&self, frame: Bytes, ctx: &mut Context<Self>) {
        let outbound = self.outbound.clone();
        let telling = async move { answer(&outbound, frame).await };
        ctx.wait(telling.into_actor(self));
    }
}

impl Actor for SocketSession {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.run_interval(PING_EVERY, Self::look_after);
    }

    fn stopped(&mut self, _: &mut Self::Context) {
        // What waits is still sent, and then the body ends; a socket that is gone takes nothing any more.
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
            // A socket that is closed does nothing any more, whatever is still in its pipe before the client's own close.
            _ if is_closing => {}
            Incoming::Text(_) | Incoming::Binary(_) | Incoming::Ping(_) if self.is_too_fast() => {
                let problem = Problem::too_many("Too many frames.", Duration::from_secs(1));
                self.tell(self.talk.refusal(&problem), ctx);
            }
            Incoming::Text(frame) => {
                let taking = self.talk.clone().take(frame.to_string());
                ctx.wait(taking.into_actor(self));
            }
            Incoming::Binary(_) => self.tell(self.talk.refusal(&Problem::not_text()), ctx),
            Incoming::Ping(payload) => self.tell(frames::pong(payload), ctx),
            Incoming::Pong => {}
        }
    }
}
