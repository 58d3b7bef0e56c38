//! All sockets, their connection states, and which of them receive an event.
//!
//! A joining socket holds events back until its snapshot is queued. A socket that cannot take an event falls behind:
//! from then on only positions are noted, and once its queue is empty it is refilled from the log. A socket that stays
//! behind is closed.

mod backlog;

pub use backlog::Missed;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use self::backlog::Backlog;
use super::closing::Closing;
use super::groups::{Group, Groups, SocketId};
use super::outbound::Outbound;
use super::subscriber::{SharedEvent, Subscriber};
use crate::domain::{
    Before, Event, Role, SessionId, Stream, Trip, TripId, UserId, VehiclePosition,
};

/// The most sockets that one account may have.
pub const SOCKETS_PER_USER_MAX: usize = 16;
/// The most events that a joining socket may hold back.
const HELD_MAX: usize = 1_024;
/// How long a socket may be behind without emptying its queue.
const BEHIND_MAX: Duration = Duration::from_secs(5);

/// What a socket brings when it joins.
pub struct JoiningSocket {
    pub user: UserId,
    pub session: SessionId,
    pub role: Role,
    pub subscriber: Arc<dyn Subscriber>,
    pub outbound: Outbound,
}

impl JoiningSocket {
    fn hears(&self, stream: Stream) -> bool {
        stream.is_heard_by(self.user, self.role)
    }
}

/// The account already has as many sockets as it may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an account may have at most {SOCKETS_PER_USER_MAX} sockets")]
pub struct TooManySockets;

/// A socket that is behind and has room again, with what it must receive from the log.
pub struct Lagging {
    pub socket: SocketId,
    pub missed: Vec<Missed>,
    pub subscriber: Arc<dyn Subscriber>,
    pub outbound: Outbound,
}

enum ConnectionState {
    /// Its snapshot is being read. Events wait here.
    Joining(Vec<Arc<Event>>),
    /// It receives events as they come.
    Live,
    /// Events are not delivered; only their positions are noted.
    Behind {
        since: Instant,
        missed: Backlog,
        refilling: bool,
    },
}

struct SocketEntry {
    socket: JoiningSocket,
    state: ConnectionState,
}

impl SocketEntry {
    fn deliver(&mut self, event: &Arc<Event>, shared: &mut SharedEvent<'_>, now: Instant) {
        let socket = &self.socket;
        match &mut self.state {
            ConnectionState::Joining(held) if held.len() < HELD_MAX => held.push(event.clone()),
            ConnectionState::Joining(_) => socket.outbound.close_now(Closing::SLOW),
            ConnectionState::Behind { missed, .. } => missed.note(event, socket),
            ConnectionState::Live => {
                if socket.subscriber.deliver(shared, &socket.outbound).is_err() {
                    let mut missed = Backlog::default();
                    missed.note(event, socket);
                    self.fall_behind(missed, now);
                }
            }
        }
    }

    fn fall_behind(&mut self, missed: Backlog, since: Instant) {
        self.state = ConnectionState::Behind {
            since,
            missed,
            refilling: false,
        };
    }
}

/// Every socket and its groups.
#[derive(Default)]
pub struct Roster {
    entries: HashMap<SocketId, SocketEntry>,
    groups: Groups,
}

impl Roster {
    /// Takes a socket in. It receives nothing before [`Roster::joined`].
    pub fn connect(&mut self, id: SocketId, socket: JoiningSocket) -> Result<(), TooManySockets> {
        if self.groups.size(Group::User(socket.user)) >= SOCKETS_PER_USER_MAX {
            return Err(TooManySockets);
        }
        self.groups.join(id, Group::User(socket.user));
        self.groups.join(id, Group::Role(socket.role));
        let state = ConnectionState::Joining(Vec::new());
        self.entries.insert(id, SocketEntry { socket, state });
        Ok(())
    }

    /// Marks a socket as live: its snapshot, which shows these trips, is queued. The events that were held back follow.
    pub fn joined(&mut self, id: SocketId, snapshot: &[TripId], now: Instant) {
        let Some(entry) = self.entries.get_mut(&id) else {
            return;
        };
        let ConnectionState::Joining(held) =
            std::mem::replace(&mut entry.state, ConnectionState::Live)
        else {
            return;
        };
        for trip in snapshot {
            self.groups.join(id, Group::Trip(*trip));
        }
        for event in &held {
            entry.deliver(event, &mut SharedEvent::of(event), now);
            // The snapshot may be older than the event.
            if let Some(trip) = event.trip().map(|change| &change.trip)
                && !attends(&entry.socket, trip)
            {
                self.groups.leave(id, Group::Trip(trip.id));
            }
        }
    }

    /// Makes a socket follow its streams, which have reached these sequences at least.
    pub fn follow(&mut self, id: SocketId, heads: &[(Stream, i64)], now: Instant) {
        let Some(entry) = self.entries.get_mut(&id) else {
            return;
        };
        let mut missed = match std::mem::replace(&mut entry.state, ConnectionState::Live) {
            ConnectionState::Behind { missed, .. } => missed,
            ConnectionState::Live => Backlog::default(),
            joining @ ConnectionState::Joining(_) => {
                entry.state = joining;
                return;
            }
        };
        for (stream, last) in heads {
            if let Some(first) = entry.socket.subscriber.next_sequence(*stream) {
                let (stream, last) = (*stream, *last);
                missed.widen(Missed {
                    stream,
                    first,
                    last,
                });
            }
        }
        if !missed.is_empty() {
            entry.fall_behind(missed, now);
        }
    }

    /// Forgets a socket.
    pub fn disconnect(&mut self, id: SocketId) {
        self.groups.forget(id);
        self.entries.remove(&id);
    }

    /// Delivers an event to every socket that hears one of its streams, once each.
    pub fn announce(&mut self, event: &Arc<Event>, now: Instant) {
        let mut shared = SharedEvent::of(event);
        for (n, position) in event.positions.iter().enumerate() {
            let earlier = &event.positions[..n];
            let groups = hearers(position.stream).into_iter().flatten();
            for id in groups.flat_map(|group| self.groups.members(group)) {
                if let Some(entry) = self.entries.get_mut(&id)
                    && !earlier.iter().any(|at| entry.socket.hears(at.stream))
                {
                    entry.deliver(event, &mut shared, now);
                }
            }
        }
        if let Some(change) = event.trip() {
            self.regroup(&change.trip);
        }
    }

    /// Adds the parties' sockets to the trip's group, and removes the sockets that no longer see the trip. At the
    /// trip's end the group is disbanded.
    fn regroup(&mut self, trip: &Trip) {
        let group = Group::Trip(trip.id);
        if trip.state.status().is_final() {
            return self.groups.disband(group);
        }
        let members: Vec<SocketId> = self.groups.members(group).collect();
        for id in members {
            let entry = self.entries.get(&id);
            if !entry.is_some_and(|entry| attends(&entry.socket, trip)) {
                self.groups.leave(id, group);
            }
        }
        for stream in Before::from(trip).seen_in(trip) {
            if let Stream::User(user) = stream {
                let devices: Vec<SocketId> = self.groups.members(Group::User(user)).collect();
                for device in devices {
                    self.groups.join(device, group);
                }
            }
        }
    }

    /// Lets a socket receive the position of a trip's driver, as long as it sees the trip and the trip is not over.
    pub fn watch_position(&mut self, id: SocketId, trip: TripId) {
        if self.entries.contains_key(&id) {
            self.groups.join(id, Group::Trip(trip));
        }
    }

    /// Sends a driver's position to the sockets in the trip's group, as far as their clients asked for it. A socket
    /// that is behind gets the next one instead.
    pub fn announce_position(&self, position: &VehiclePosition) {
        for id in self.groups.members(Group::Trip(position.trip)) {
            if let Some(entry) = self.entries.get(&id)
                && matches!(entry.state, ConnectionState::Live)
            {
                let socket = &entry.socket;
                socket
                    .subscriber
                    .deliver_position(position, &socket.outbound);
            }
        }
    }

    /// Closes the sockets of log-ins that have ended.
    pub fn end_sessions(&self, ended: &[SessionId]) {
        for entry in self
            .entries
            .values()
            .filter(|entry| ended.contains(&entry.socket.session))
        {
            entry.socket.outbound.close_now(Closing::SESSION_ENDED);
        }
    }

    /// The log-ins that have sockets, each once.
    pub fn sessions(&self) -> Vec<SessionId> {
        let mut sessions: Vec<_> = self
            .entries
            .values()
            .map(|entry| entry.socket.session)
            .collect();
        sessions.sort_unstable();
        sessions.dedup();
        sessions
    }

    /// Closes every socket after its waiting frames are sent.
    pub fn close_all(&self, why: Closing) {
        for entry in self.entries.values() {
            entry.socket.outbound.close(why);
        }
    }

    /// Closes sockets that have been behind for too long. Returns at most `limit` of those that are ready to be
    /// refilled.
    pub fn lagging(&mut self, limit: usize, now: Instant) -> Vec<Lagging> {
        let mut ready = Vec::new();
        for (id, entry) in &mut self.entries {
            let ConnectionState::Behind {
                since,
                missed,
                refilling,
            } = &mut entry.state
            else {
                continue;
            };
            // While a refill is being read, the client has nothing to read and cannot be blamed.
            if *refilling || ready.len() >= limit {
                continue;
            }
            let socket = &entry.socket;
            if socket.outbound.is_empty() {
                *refilling = true;
                ready.push(Lagging {
                    socket: *id,
                    missed: missed.parts().to_vec(),
                    subscriber: socket.subscriber.clone(),
                    outbound: socket.outbound.clone(),
                });
            } else if now.duration_since(*since) > BEHIND_MAX {
                socket.outbound.close_now(Closing::SLOW);
            }
        }
        ready
    }

    /// Notes that a refill has brought each stream up to a sequence, and that the parts in `before` must be read first.
    /// If nothing else is missing, the socket is live again.
    pub fn refilled(
        &mut self,
        id: SocketId,
        through: &[(Stream, i64)],
        before: &[Missed],
        now: Instant,
    ) {
        let Some(entry) = self.entries.get_mut(&id) else {
            return;
        };
        let ConnectionState::Behind {
            since,
            missed,
            refilling,
        } = &mut entry.state
        else {
            return;
        };
        missed.brought(through, &*entry.socket.subscriber);
        before.iter().for_each(|part| missed.widen(*part));
        if missed.is_empty() {
            entry.state = ConnectionState::Live;
        } else {
            (*since, *refilling) = (now, false);
        }
    }

    /// How many sockets there are.
    pub fn sockets(&self) -> usize {
        self.entries.len()
    }

    /// How many groups there are.
    pub fn groups(&self) -> usize {
        self.groups.len()
    }
}

/// The groups whose members hear a stream.
fn hearers(stream: Stream) -> [Option<Group>; 3] {
    match stream {
        Stream::User(user) => [Some(Group::User(user)), None, None],
        Stream::Drivers => [Some(Group::Role(Role::Driver)), None, None],
        Stream::Role(role) => [Some(Group::Role(role)), None, None],
        Stream::Staff => [Some(Group::Role(Role::Operator)), None, None],
        Stream::All => {
            [Role::Rider, Role::Driver, Role::Operator].map(|role| Some(Group::Role(role)))
        }
    }
}

/// Whether a socket may watch a trip in its present state.
fn attends(socket: &JoiningSocket, trip: &Trip) -> bool {
    let mut streams = Before::from(trip).seen_in(trip);
    !trip.state.status().is_final() && streams.any(|stream| socket.hears(stream))
}

#[cfg(test)]
mod tests;
