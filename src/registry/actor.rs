//! The actor around the roster: one for the whole process, on a thread of its own.

use std::sync::Arc;
use std::time::Instant;

use actix::{Actor, Context, Handler, Message};

use super::closing::Closing;
use super::groups::SocketId;
use super::roster::{JoiningSocket, Lagging, Missed, Roster, TooManySockets};
use crate::domain::{Event, SessionId, Stream, TripId, VehiclePosition};

/// The capacity of the mailbox. Senders wait while it is full.
const MAILBOX_MAX: usize = 1_024;
/// The actor that knows every socket and hands events to them.
#[derive(Default)]
pub struct TripRegistry {
    roster: Roster,
    stopping: bool,
}

impl Actor for TripRegistry {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX_MAX);
    }
}

/// Takes a socket in. Its id must be unique. It receives nothing before [`Joined`].
#[derive(Message)]
#[rtype(result = "Result<(), ConnectError>")]
pub struct Connect(pub SocketId, pub JoiningSocket);

/// Why a socket was not taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// The account already has as many sockets as it may have.
    #[error(transparent)]
    TooMany(#[from] TooManySockets),
    #[error("the service is stopping")]
    Stopping,
}

/// Says that the snapshot of a socket is queued.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Joined {
    pub socket: SocketId,
    pub snapshot: Vec<TripId>,
}

/// Says that the socket's subscriber follows its streams from now on. The sequences are those that the streams had
/// reached when the log was read.
#[derive(Message)]
#[rtype(result = "()")]
pub struct FollowStreams(pub SocketId, pub Vec<(Stream, i64)>);

/// Says that the socket wants to see where the driver of a trip is.
#[derive(Message)]
#[rtype(result = "()")]
pub struct WatchPosition(pub SocketId, pub TripId);

/// Brings the position of a trip's driver to the sockets that want it.
#[derive(Message)]
#[rtype(result = "()")]
pub struct AnnouncePosition(pub VehiclePosition);

/// Says that the socket is gone.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Disconnect(pub SocketId);

/// Brings what was committed: events, and the log-ins that have ended.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Announce {
    /// In the order of their commits.
    pub events: Vec<Arc<Event>>,
    pub ended: Vec<SessionId>,
}

/// Asks for the sockets that are behind and have room again. The caller reads from the log what they missed, and
/// answers with [`Refilled`].
#[derive(Message)]
#[rtype(result = "Vec<Lagging>")]
pub struct TakeLagging {
    /// The most sockets to return.
    pub limit: usize,
}

/// Says how far a socket has been refilled.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Refilled {
    pub socket: SocketId,
    /// Each stream is now queued up to this sequence.
    pub through: Vec<(Stream, i64)>,
    /// Parts that must be read for the socket before anything else.
    pub before: Vec<Missed>,
}

/// Asks which log-ins have sockets.
#[derive(Message)]
#[rtype(result = "Vec<SessionId>")]
pub struct Sessions;

/// Asks how many sockets and groups there are.
#[derive(Message)]
#[rtype(result = "Census")]
pub struct Count;

/// How many sockets and groups there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, actix::MessageResponse)]
pub struct Census {
    pub sockets: usize,
    /// Only groups that have members.
    pub groups: usize,
}

/// Closes every socket. No more are taken in.
#[derive(Message)]
#[rtype(result = "()")]
pub struct CloseAll;

impl Handler<Connect> for TripRegistry {
    type Result = Result<(), ConnectError>;

    fn handle(&mut self, Connect(id, socket): Connect, _: &mut Self::Context) -> Self::Result {
        if self.stopping {
            return Err(ConnectError::Stopping);
        }
        Ok(self.roster.connect(id, socket)?)
    }
}

impl Handler<Joined> for TripRegistry {
    type Result = ();

    fn handle(&mut self, joined: Joined, _: &mut Self::Context) {
        self.roster
            .joined(joined.socket, &joined.snapshot, Instant::now());
    }
}

impl Handler<FollowStreams> for TripRegistry {
    type Result = ();

    fn handle(&mut self, FollowStreams(socket, heads): FollowStreams, _: &mut Self::Context) {
        self.roster.follow(socket, &heads, Instant::now());
    }
}

impl Handler<TakeLagging> for TripRegistry {
    type Result = Vec<Lagging>;

    fn handle(&mut self, take: TakeLagging, _: &mut Self::Context) -> Self::Result {
        self.roster.lagging(take.limit, Instant::now())
    }
}

impl Handler<WatchPosition> for TripRegistry {
    type Result = ();

    fn handle(&mut self, WatchPosition(socket, trip): WatchPosition, _: &mut Self::Context) {
        self.roster.watch_position(socket, trip);
    }
}

impl Handler<AnnouncePosition> for TripRegistry {
    type Result = ();

    fn handle(&mut self, AnnouncePosition(position): AnnouncePosition, _: &mut Self::Context) {
        self.roster.announce_position(&position);
    }
}

impl Handler<Disconnect> for TripRegistry {
    type Result = ();

    fn handle(&mut self, Disconnect(socket): Disconnect, _: &mut Self::Context) {
        self.roster.disconnect(socket);
    }
}

impl Handler<Announce> for TripRegistry {
    type Result = ();

    fn handle(&mut self, news: Announce, _: &mut Self::Context) {
        let now = Instant::now();
        for event in &news.events {
            self.roster.announce(event, now);
        }
        if !news.ended.is_empty() {
            self.roster.end_sessions(&news.ended);
        }
    }
}

impl Handler<Refilled> for TripRegistry {
    type Result = ();

    fn handle(&mut self, refilled: Refilled, _: &mut Self::Context) {
        let Refilled {
            socket,
            through,
            before,
        } = refilled;
        self.roster
            .refilled(socket, &through, &before, Instant::now());
    }
}

impl Handler<Sessions> for TripRegistry {
    type Result = Vec<SessionId>;

    fn handle(&mut self, _: Sessions, _: &mut Self::Context) -> Self::Result {
        self.roster.sessions()
    }
}

impl Handler<Count> for TripRegistry {
    type Result = Census;

    fn handle(&mut self, _: Count, _: &mut Self::Context) -> Self::Result {
        Census {
            sockets: self.roster.sockets(),
            groups: self.roster.groups(),
        }
    }
}

impl Handler<CloseAll> for TripRegistry {
    type Result = ();

    fn handle(&mut self, _: CloseAll, _: &mut Self::Context) {
        self.stopping = true;
        self.roster.close_all(Closing::RESTART);
    }
}
