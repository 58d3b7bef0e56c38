//! Every socket, how it keeps pace, and who hears an event.
//!
//! A socket that joins holds events back until its snapshot is queued. A socket that cannot take an event falls
//! behind: from then on only positions are noted, and once its queue is empty it is refilled from the log. One that
//! stays behind is closed.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::closing::Closing;
use super::groups::{Group, Groups, SocketId};
use super::outbound::Outbound;
use crate::domain::{Event, SessionId, Stream, TripId, UserId};

/// How many sockets one account may have.
pub const SOCKETS_PER_USER_MAX: usize = 16;
/// How many events a joining socket may hold back.
const HELD_MAX: usize = 1_024;
/// How long a socket may stay behind without emptying its queue.
const BEHIND_MAX: Duration = Duration::from_secs(5);

/// How a dialect writes an event; one encoding serves every socket that speaks it.
pub struct Encoding {
    /// Tells encodings apart.
    pub name: &'static str,
    /// The whole frame.
    pub frame: fn(&Event) -> Bytes,
}

/// A socket as it joins.
pub struct Socket {
    /// Whose.
    pub user: UserId,
    /// Of which log-in.
    pub session: SessionId,
    /// Whether it hears what all drivers hear.
    pub drives: bool,
    /// How it writes events.
    pub encoding: &'static Encoding,
    /// Its queue.
    pub outbound: Outbound,
}

/// One account has as many sockets as it may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an account may have at most {SOCKETS_PER_USER_MAX} sockets")]
pub struct TooManySockets;

/// The part of a stream that a socket has missed: from the first to the last sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missed {
    /// Of which stream.
    pub stream: Stream,
    /// From here.
    pub first: i64,
    /// To here.
    pub last: i64,
}

/// What a refill has to bring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Behind {
    /// The parts of streams to read.
    pub missed: Vec<Missed>,
    /// The snapshot, whose events are not told again.
    pub shown: Vec<(TripId, i64)>,
}

enum Pace {
    /// The snapshot is being read; events wait.
    Joining(Vec<Arc<Event>>),
    /// Events go out as they come.
    Live,
    /// Events are only counted.
    Behind {
        since: Instant,
        missed: Vec<Missed>,
        refilling: bool,
    },
}

struct Entry {
    socket: Socket,
    pace: Pace,
    /// The trips of the snapshot, with the revisions it showed.
    shown: Vec<(TripId, i64)>,
}

impl Entry {
    fn deliver(&mut self, event: &Arc<Event>, frames: &mut Frames<'_>, now: Instant) {
        let knows = is_shown(&self.shown, event);
        let (user, drives) = (self.socket.user, self.socket.drives);
        match &mut self.pace {
            Pace::Joining(held) if held.len() < HELD_MAX => held.push(event.clone()),
            Pace::Joining(_) => self.socket.outbound.close_now(Closing::SLOW),
            Pace::Live | Pace::Behind { .. } if knows => {}
            Pace::Live => {
                if self
                    .socket
                    .outbound
                    .push(frames.of(self.socket.encoding))
                    .is_err()
                {
                    let mut missed = Vec::new();
                    note(&mut missed, event, user, drives);
                    self.pace = Pace::Behind {
                        since: now,
                        missed,
                        refilling: false,
                    };
                }
            }
            Pace::Behind { missed, .. } => note(missed, event, user, drives),
        }
    }
}

/// Whether a snapshot has shown what the event says.
pub fn is_shown(snapshot: &[(TripId, i64)], event: &Event) -> bool {
    snapshot
        .iter()
        .any(|(trip, revision)| *trip == event.trip.id && event.trip.revision <= *revision)
}

/// Widens what was missed by one event, in the streams that the socket hears.
fn note(missed: &mut Vec<Missed>, event: &Event, user: UserId, drives: bool) {
    let hears = |stream| match stream {
        Stream::Drivers => drives,
        Stream::User(owner) => owner == user,
    };
    for position in event
        .positions
        .iter()
        .filter(|position| hears(position.stream))
    {
        let at = position.sequence;
        match missed
            .iter_mut()
            .find(|missed| missed.stream == position.stream)
        {
            Some(missed) => missed.last = missed.last.max(at),
            None => missed.push(Missed {
                stream: position.stream,
                first: at,
                last: at,
            }),
        }
    }
}

/// One event's frames, each made once and only when somebody needs it.
struct Frames<'a> {
    event: &'a Event,
    made: Vec<(&'static str, Bytes)>,
}

impl Frames<'_> {
    fn of(&mut self, encoding: &Encoding) -> Bytes {
        if let Some((_, frame)) = self.made.iter().find(|(name, _)| *name == encoding.name) {
            return frame.clone();
        }
        let frame = (encoding.frame)(self.event);
        self.made.push((encoding.name, frame.clone()));
        frame
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
        if socket.drives {
            self.groups.join(id, Group::Drivers);
        }
        self.entries.insert(
            id,
            Entry {
                socket,
                pace: Pace::Joining(Vec::new()),
                shown: Vec::new(),
            },
        );
        Ok(())
    }

    /// The socket's snapshot is queued: it goes on with what the snapshot does not show yet. `false` if it is gone.
    pub fn joined(&mut self, id: SocketId, snapshot: Vec<(TripId, i64)>, now: Instant) -> bool {
        let Some(entry) = self.entries.get_mut(&id) else {
            return false;
        };
        let Pace::Joining(held) = std::mem::replace(&mut entry.pace, Pace::Live) else {
            return true;
        };
        for (trip, _) in &snapshot {
            self.groups.join(id, Group::Trip(*trip));
        }
        entry.shown = snapshot;
        for event in &held {
            entry.deliver(
                event,
                &mut Frames {
                    event,
                    made: Vec::new(),
                },
                now,
            );
            // A trip that has ended since the snapshot has no group any more.
            if event.trip.state.status().is_final() {
                self.groups.disband(Group::Trip(event.trip.id));
            }
        }
        true
    }

    /// Lets go of a socket.
    pub fn disconnect(&mut self, id: SocketId) {
        self.groups.forget(id);
        self.entries.remove(&id);
    }

    /// Tells everybody concerned, each once; enlists the parties in the trip's group, and disbands it at the end.
    pub fn announce(&mut self, event: &Arc<Event>, now: Instant) {
        let trip = Group::Trip(event.trip.id);
        let devices: Vec<SocketId> = event
            .parties()
            .flat_map(|party| self.groups.members(Group::User(party)).collect::<Vec<_>>())
            .collect();
        for device in devices {
            self.groups.join(device, trip);
        }
        let mut frames = Frames {
            event,
            made: Vec::new(),
        };
        for id in self.groups.members(trip) {
            if let Some(entry) = self.entries.get_mut(&id) {
                entry.deliver(event, &mut frames, now);
            }
        }
        if event.concerns_all_drivers() {
            for id in self
                .groups
                .members(Group::Drivers)
                .filter(|id| !self.groups.is_member(*id, trip))
            {
                if let Some(entry) = self.entries.get_mut(&id) {
                    entry.deliver(event, &mut frames, now);
                }
            }
        }
        if event.trip.state.status().is_final() {
            self.groups.disband(trip);
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

    /// Closes sockets that have been behind for too long, and returns those that are ready to be refilled.
    pub fn catch_up(&mut self, now: Instant) -> Vec<(SocketId, Behind)> {
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
            if *refilling {
                continue;
            }
            if entry.socket.outbound.is_empty() {
                *refilling = true;
                ready.push((
                    *id,
                    Behind {
                        missed: missed.clone(),
                        shown: entry.shown.clone(),
                    },
                ));
            } else if now.duration_since(*since) > BEHIND_MAX {
                entry.socket.outbound.close_now(Closing::SLOW);
            }
        }
        ready
    }

    /// A refill has brought each stream up to a sequence; the socket is live again if that is all it missed.
    pub fn refilled(&mut self, id: SocketId, through: &[(Stream, i64)], now: Instant) {
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
        let brought = |stream| {
            through
                .iter()
                .find(|(name, _)| *name == stream)
                .map(|(_, at)| *at)
        };
        for missed in missed.iter_mut() {
            if let Some(at) = brought(missed.stream) {
                missed.first = missed.first.max(at + 1);
            }
        }
        missed.retain(|missed| missed.first <= missed.last);
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

#[cfg(test)]
mod tests;
