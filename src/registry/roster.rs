//! Every socket, how it keeps pace, and who hears an event.
//!
//! A socket that joins holds events back until its snapshot is queued. A socket that cannot take an event falls
//! behind: from then on only positions are noted, and once its queue is empty it is refilled from the log. One that
//! stays behind is closed.

mod backlog;

pub use backlog::Missed;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use self::backlog::Backlog;
use super::closing::Closing;
use super::groups::{Group, Groups, SocketId};
use super::outbound::Outbound;
use super::voice::{Shared, Voice};
use crate::domain::{
    Audience, Event, Fact, Role, SessionId, Sighting, Stream, TripChange, TripId, UserId,
};

/// How many sockets one account may have.
pub const SOCKETS_PER_USER_MAX: usize = 16;
/// How many events a joining socket may hold back.
const HELD_MAX: usize = 1_024;
/// How long a socket may stay behind without emptying its queue.
const BEHIND_MAX: Duration = Duration::from_secs(5);

/// A socket as it joins.
pub struct Socket {
    /// Whose.
    pub user: UserId,
    /// Of which log-in.
    pub session: SessionId,
    /// As what.
    pub role: Role,
    /// How it writes what it hears.
    pub voice: Arc<dyn Voice>,
    /// Its queue.
    pub outbound: Outbound,
}

impl Socket {
    fn hears(&self, stream: Stream) -> bool {
        match stream {
            Stream::User(user) => user == self.user,
            Stream::Drivers => self.role == Role::Driver,
            Stream::Role(role) => role == self.role,
            Stream::All => true,
        }
    }
}

/// One account has as many sockets as it may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an account may have at most {SOCKETS_PER_USER_MAX} sockets")]
pub struct TooManySockets;

/// A socket that has fallen behind and has room again: what it is to be told from the log.
pub struct Lagging {
    /// Which socket.
    pub socket: SocketId,
    /// The parts of streams to read.
    pub missed: Vec<Missed>,
    /// How it writes them.
    pub voice: Arc<dyn Voice>,
    /// Where to.
    pub outbound: Outbound,
}

enum Pace {
    /// The snapshot is being read; events wait.
    Joining(Vec<Arc<Event>>),
    /// Events go out as they come.
    Live,
    /// Events are only counted.
    Behind {
        since: Instant,
        missed: Backlog,
        refilling: bool,
    },
}

struct Entry {
    socket: Socket,
    pace: Pace,
}

impl Entry {
    fn deliver(&mut self, event: &Arc<Event>, shared: &mut Shared<'_>, now: Instant) {
        let socket = &self.socket;
        match &mut self.pace {
            Pace::Joining(held) if held.len() < HELD_MAX => held.push(event.clone()),
            Pace::Joining(_) => socket.outbound.close_now(Closing::SLOW),
            Pace::Behind { missed, .. } => {
                let noted = missed.note(event, socket);
                if !noted && socket.voice.tell(shared, &socket.outbound).is_err() {
                    socket.outbound.close_now(Closing::SLOW);
                }
            }
            Pace::Live => {
                if socket.voice.tell(shared, &socket.outbound).is_err() {
                    let mut missed = Backlog::default();
                    missed.note(event, socket);
                    self.fall_behind(missed, now);
                }
            }
        }
    }

    /// What stands in no stream of the socket, as for operators, cannot be read again for it.
    fn fall_behind(&mut self, missed: Backlog, since: Instant) {
        if missed.is_empty() {
            self.socket.outbound.close_now(Closing::SLOW);
        } else {
            self.pace = Pace::Behind {
                since,
                missed,
                refilling: false,
            };
        }
    }
}

/// Every socket and its groups.
#[derive(Default)]
pub struct Roster {
    entries: HashMap<SocketId, Entry>,
    groups: Groups,
}

impl Roster {
    /// Takes a socket in; it hears nothing before [`Roster::joined`].
    pub fn connect(&mut self, id: SocketId, socket: Socket) -> Result<(), TooManySockets> {
        if self.groups.size(Group::User(socket.user)) >= SOCKETS_PER_USER_MAX {
            return Err(TooManySockets);
        }
        self.groups.join(id, Group::User(socket.user));
        self.groups.join(id, Group::Role(socket.role));
        let pace = Pace::Joining(Vec::new());
        self.entries.insert(id, Entry { socket, pace });
        Ok(())
    }

    /// The socket's snapshot, which shows these trips, is queued: it goes on with what was held back.
    pub fn joined(&mut self, id: SocketId, snapshot: &[TripId], now: Instant) {
        let Some(entry) = self.entries.get_mut(&id) else {
            return;
        };
        let Pace::Joining(held) = std::mem::replace(&mut entry.pace, Pace::Live) else {
            return;
        };
        for trip in snapshot {
            self.groups.join(id, Group::Trip(*trip));
        }
        for event in &held {
            entry.deliver(event, &mut Shared::of(event), now);
            // A trip that has ended since the snapshot has no group any more.
            if let Some(over) = ended(event) {
                self.groups.disband(Group::Trip(over));
            }
        }
    }

    /// The socket follows its streams from now on, which go up to these sequences at least.
    pub fn follow(&mut self, id: SocketId, heads: &[(Stream, i64)], now: Instant) {
        let Some(entry) = self.entries.get_mut(&id) else {
            return;
        };
        let mut missed = match std::mem::replace(&mut entry.pace, Pace::Live) {
            Pace::Behind { missed, .. } => missed,
            Pace::Live => Backlog::default(),
            joining @ Pace::Joining(_) => {
                entry.pace = joining;
                return;
            }
        };
        for (stream, last) in heads {
            if let Some(first) = entry.socket.voice.next(*stream) {
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

    /// Lets go of a socket.
    pub fn disconnect(&mut self, id: SocketId) {
        self.groups.forget(id);
        self.entries.remove(&id);
    }

    /// Tells everybody concerned, each once.
    pub fn announce(&mut self, event: &Arc<Event>, now: Instant) {
        let all = [Role::Rider, Role::Driver, Role::Operator].map(Group::Role);
        let groups = match &event.fact {
            Fact::Trip(change) => return self.announce_trip(event, change, now),
            Fact::Message(message) => {
                vec![
                    Group::User(message.rider.user()),
                    Group::User(message.driver.user()),
                ]
            }
            Fact::Offer(change) => vec![Group::User(change.offer.driver.user())],
            Fact::Shift(shift) => vec![Group::User(shift.driver.user())],
            Fact::Notification(notification) => match notification.audience {
                Audience::User(user) => vec![Group::User(user)],
                Audience::Role(role) => vec![Group::Role(role)],
                Audience::All => all.to_vec(),
            },
        };
        self.tell(&groups, None, event, &mut Shared::of(event), now);
    }

    /// The socket wants to see where the driver of a trip is, until that is over.
    pub fn look(&mut self, id: SocketId, trip: TripId) {
        if self.entries.contains_key(&id) {
            self.groups.join(id, Group::Sight(trip));
        }
    }

    /// Tells where the driver of a trip is; who has fallen behind is told the next time.
    pub fn sight(&self, sighting: &Sighting) {
        for id in self.groups.members(Group::Sight(sighting.trip)) {
            if let Some(entry) = self.entries.get(&id)
                && matches!(entry.pace, Pace::Live)
            {
                let socket = &entry.socket;
                socket.voice.sight(sighting, &socket.outbound);
            }
        }
    }

    /// Enlists the parties in the trip's group, and disbands it at the end. Operators hear of every trip.
    fn announce_trip(&mut self, event: &Arc<Event>, change: &TripChange, now: Instant) {
        let trip = Group::Trip(change.trip.id);
        let devices: Vec<SocketId> = change
            .parties()
            .flat_map(|party| self.groups.members(Group::User(party)).collect::<Vec<_>>())
            .collect();
        for device in devices {
            self.groups.join(device, trip);
        }
        let others = [Group::Role(Role::Operator), Group::Role(Role::Driver)];
        let others = &others[..if change.concerns_all_drivers() { 2 } else { 1 }];
        let mut shared = Shared::of(event);
        self.tell(&[trip], None, event, &mut shared, now);
        self.tell(others, Some(trip), event, &mut shared, now);
        if let Some(over) = ended(event) {
            self.groups.disband(Group::Trip(over));
            self.groups.disband(Group::Sight(over));
        }
    }

    /// Tells the members of groups that have none in common, but for those who were `told` already.
    fn tell(
        &mut self,
        groups: &[Group],
        told: Option<Group>,
        event: &Arc<Event>,
        shared: &mut Shared<'_>,
        now: Instant,
    ) {
        for id in groups.iter().flat_map(|group| self.groups.members(*group)) {
            if told.is_some_and(|told| self.groups.is_member(id, told)) {
                continue;
            }
            if let Some(entry) = self.entries.get_mut(&id) {
                entry.deliver(event, shared, now);
            }
        }
    }

    /// Closes the sockets of log-ins that are over.
    pub fn end_sessions(&self, ended: &[SessionId]) {
        for entry in self
            .entries
            .values()
            .filter(|entry| ended.contains(&entry.socket.session))
        {
            entry.socket.outbound.close_now(Closing::SESSION_ENDED);
        }
    }

    /// The log-ins that have sockets.
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

    /// Closes every socket, after what it still has to hear.
    pub fn close_all(&self, why: Closing) {
        for entry in self.entries.values() {
            entry.socket.outbound.close(why);
        }
    }

    /// Closes sockets that have been behind for too long, and returns at most `limit` that are ready to be refilled.
    pub fn lagging(&mut self, limit: usize, now: Instant) -> Vec<Lagging> {
        let mut ready = Vec::new();
        for (id, entry) in &mut self.entries {
            let Pace::Behind {
                since,
                missed,
                refilling,
            } = &mut entry.pace
            else {
                continue;
            };
            // While a refill is read, the client has nothing to read.
            if *refilling || ready.len() >= limit {
                continue;
            }
            let socket = &entry.socket;
            if socket.outbound.is_empty() {
                *refilling = true;
                ready.push(Lagging {
                    socket: *id,
                    missed: missed.parts().to_vec(),
                    voice: socket.voice.clone(),
                    outbound: socket.outbound.clone(),
                });
            } else if now.duration_since(*since) > BEHIND_MAX {
                socket.outbound.close_now(Closing::SLOW);
            }
        }
        ready
    }

    /// A refill has brought each stream up to a sequence, and found that something else has to be read `before` the
    /// rest; the socket is live again if that is all it missed.
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
        let Pace::Behind {
            since,
            missed,
            refilling,
        } = &mut entry.pace
        else {
            return;
        };
        missed.brought(through, &*entry.socket.voice);
        before.iter().for_each(|part| missed.widen(*part));
        if missed.is_empty() {
            entry.pace = Pace::Live;
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

/// The trip that is over with this event.
fn ended(event: &Event) -> Option<TripId> {
    let trip = &event.trip()?.trip;
    trip.state.status().is_final().then_some(trip.id)
}

#[cfg(test)]
mod tests;
