//! The actor around the roster: one for the whole process, on a thread of its own.

use std::sync::Arc;
use std::time::Instant;

use actix::{Actor, Context, Handler, Message};

use super::closing::Closing;
use super::groups::SocketId;
use super::roster::{JoiningSocket, Lagging, Missed, Roster, TooManySockets};
use crate::domain::{Event, SessionId, Stream, TripId, VehiclePosition};

/// How many messages may wait; senders wait when it is full.
const MAILBOX_MAX: usize = 1_024;
/// Keeps the groups and hands events to sockets.
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

/// A socket, under an id that nobody else has, wants to hear; it does after [`Joined`].
#[derive(Message)]
#[rtype(result = "Result<(), ConnectError>")]
pub struct Connect(pub SocketId, pub JoiningSocket);

/// Why a socket is not taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// The account has enough.
    #[error(transparent)]
    TooMany(#[from] TooManySockets),
    /// The service is stopping.
    #[error("the service is stopping")]
    Stopping,
}

/// The socket's snapshot is queued.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Joined {
    /// Which socket.
    pub socket: SocketId,
    /// The trips of the snapshot.
    pub snapshot: Vec<TripId>,
}

/// The socket's subscriber follows its streams from now on; they went up to these sequences when that was found out.
#[derive(Message)]
#[rtype(result = "()")]
pub struct FollowStreams(pub SocketId, pub Vec<(Stream, i64)>);

/// The socket wants to see where the driver of a trip is.
#[derive(Message)]
#[rtype(result = "()")]
pub struct WatchPosition(pub SocketId, pub TripId);

/// Where the driver of a trip is.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Sighted(pub VehiclePosition);

/// The socket is gone.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Disconnect(pub SocketId);

/// What was committed.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Announce {
    /// What happened, in order.
    pub events: Vec<Arc<Event>>,
    /// Log-ins that are over.
    pub ended: Vec<SessionId>,
}

/// Which sockets have fallen behind and have room again? Read what they missed from the log, and say so with [`Refilled`].
#[derive(Message)]
#[rtype(result = "Vec<Lagging>")]
pub struct TakeLagging {
    /// How many at once.
    pub limit: usize,
}

/// Each stream is now queued up to this sequence.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Refilled {
    /// Which socket.
    pub socket: SocketId,
    /// Up to where.
    pub through: Vec<(Stream, i64)>,
    /// What must be read for it before anything else.
    pub before: Vec<Missed>,
}

/// Which log-ins have sockets?
#[derive(Message)]
#[rtype(result = "Vec<SessionId>")]
pub struct Sessions;

/// How many sockets and groups are there?
#[derive(Message)]
#[rtype(result = "Census")]
pub struct Count;

/// How many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, actix::MessageResponse)]
pub struct Census {
    /// Open sockets.
    pub sockets: usize,
    /// Groups with members.
    pub groups: usize,
}

/// Close every socket, and take no more.
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
        self.roster.look(socket, trip);
    }
}

impl Handler<Sighted> for TripRegistry {
    type Result = ();

    fn handle(&mut self, Sighted(sighting): Sighted, _: &mut Self::Context) {
        self.roster.sight(&sighting);
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
