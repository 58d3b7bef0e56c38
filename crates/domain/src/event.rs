//! Events, and the streams that carry them to those who must hear of them.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::id::{DriverId, UserId};
use super::kind::TripEventKind;
use super::message::Message;
use super::notification::Notification;
use super::offer::{Offer, OfferState};
use super::shift::Shift;
use super::trip::{Status, Trip};
use super::user::{Actor, Role};

/// One thing that happened, as the log keeps it and everybody concerned hears it.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The event's number in the log.
    pub id: i64,
    pub at: Timestamp,
    pub actor: Actor,
    pub fact: Fact,
    /// One position for each stream that carries the event, in the order of the streams.
    pub positions: Vec<StreamPosition>,
}

/// What an event reports.
#[derive(Debug, Clone, PartialEq)]
pub enum Fact {
    Trip(TripChange),
    Message(Message),
    Notification(Notification),
    /// An offer was made, or has ended.
    Offer(OfferChange),
    /// A shift began or ended.
    Shift(Shift),
}

/// An offer that was made, or has ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OfferChange {
    /// The offer as it was then.
    pub offer: Offer,
    /// The trip that was offered, as it was then.
    pub trip: Trip,
}

/// One change of one trip. The trip has the new revision and the reason.
#[derive(Debug, Clone, PartialEq)]
pub struct TripChange {
    pub kind: TripEventKind,
    /// The trip after the change.
    pub trip: Trip,
    /// `None` for a new trip.
    pub before: Option<Before>,
}

/// The parts of a trip before a change that decide who could see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Before {
    pub status: Status,
    pub driver: Option<DriverId>,
    /// Whether the rider had deleted it.
    pub hidden: bool,
}

impl From<&Trip> for Before {
    fn from(trip: &Trip) -> Self {
        Self {
            status: trip.state.status(),
            driver: trip.state.driver().map(|driver| driver.id),
            hidden: trip.hidden,
        }
    }
}

/// A named sequence of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stream {
    /// Everything that concerns one account.
    User(UserId),
    /// For all drivers: requests that anybody may accept, and their end.
    Drivers,
    /// Notifications to all accounts of a role.
    Role(Role),
    /// Notifications to all accounts.
    All,
    /// For operators: all trips, shifts and offers.
    Staff,
}

/// The last part of the name of `Stream::Drivers`. One stream serves all areas.
const AREA: &str = "main";

impl Stream {
    /// Reads the name of a stream.
    pub fn parse(name: &str) -> Option<Self> {
        match name.split_once(':') {
            None if name == "all" => Some(Self::All),
            None if name == "staff" => Some(Self::Staff),
            None => None,
            Some(("drivers", AREA)) => Some(Self::Drivers),
            Some(("role", role)) => Role::parse(role).map(Self::Role),
            Some(("user", id)) => {
                let id: i64 = id.parse().ok()?;
                let stream = Self::User(UserId::new(id));
                (stream.to_string() == name).then_some(stream)
            }
            Some(_) => None,
        }
    }

    /// The streams that an account hears.
    pub fn of(user: UserId, role: Role) -> Vec<Self> {
        let all = [
            Self::User(user),
            Self::Drivers,
            Self::Role(role),
            Self::All,
            Self::Staff,
        ];
        all.into_iter()
            .filter(|stream| stream.is_heard_by(user, role))
            .collect()
    }

    /// Whether this account hears the stream.
    pub fn is_heard_by(self, user: UserId, role: Role) -> bool {
        match self {
            Self::User(own) => own == user,
            Self::Drivers => role == Role::Driver,
            Self::Role(own) => own == role,
            Self::All => true,
            Self::Staff => role == Role::Operator,
        }
    }
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => write!(f, "user:{id}"),
            Self::Drivers => write!(f, "drivers:{AREA}"),
            Self::Role(role) => write!(f, "role:{role}"),
            Self::All => f.write_str("all"),
            Self::Staff => f.write_str("staff"),
        }
    }
}

/// A position in a stream. Within an epoch, sequences count up by one without gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamPosition {
    pub stream: Stream,
    /// A new epoch begins after a backup was restored.
    pub epoch: Uuid,
    pub sequence: i64,
}

impl Before {
    /// The streams of those who see the trip in this state: its rider, its driver, all drivers while anybody may accept
    /// it, and the staff.
    pub fn seen_in(self, trip: &Trip) -> impl Iterator<Item = Stream> {
        let rider = (!self.hidden).then_some(trip.rider.id.user());
        let driver = self.driver.map(DriverId::user);
        let is_open = self.status == Status::Requested && !trip.is_offered();
        let parties = rider.into_iter().chain(driver).map(Stream::User);
        parties
            .chain(is_open.then_some(Stream::Drivers))
            .chain([Stream::Staff])
    }
}

impl TripChange {
    /// The streams that carry the change: those of everybody who saw the trip before it, or sees it now.
    pub fn streams(&self) -> Vec<Stream> {
        let saw = self.before.into_iter();
        let saw = saw.flat_map(|before| before.seen_in(&self.trip));
        let mut streams: Vec<Stream> = saw
            .chain(Before::from(&self.trip).seen_in(&self.trip))
            .collect();
        if self.kind == TripEventKind::Removed {
            // The deletion changes nothing for the driver.
            let rider = Stream::User(self.trip.rider.id.user());
            streams.retain(|stream| [rider, Stream::Staff].contains(stream));
        }
        if self.kind == TripEventKind::DriverBlocked {
            // That an account is blocked is between the driver and the operators.
            streams.retain(|stream| *stream == Stream::Staff);
        }
        streams.sort_unstable();
        streams.dedup();
        streams
    }
}

impl Event {
    /// The event's kind, as rows and the wire have it.
    pub fn kind(&self) -> &'static str {
        match &self.fact {
            Fact::Trip(change) => change.kind.as_str(),
            Fact::Message(_) => "message",
            Fact::Notification(_) => "notification",
            Fact::Offer(change) if change.offer.state == OfferState::Created => "offered",
            Fact::Offer(_) => "offer-ended",
            Fact::Shift(shift) if shift.ended_at.is_none() => "shift-began",
            Fact::Shift(_) => "shift-ended",
        }
    }

    /// The change of a trip, if the event is one.
    pub const fn trip(&self) -> Option<&TripChange> {
        match &self.fact {
            Fact::Trip(change) => Some(change),
            Fact::Message(_) | Fact::Notification(_) | Fact::Offer(_) | Fact::Shift(_) => None,
        }
    }

    /// The streams that carry the event.
    pub fn streams(&self) -> Vec<Stream> {
        match &self.fact {
            Fact::Trip(change) => change.streams(),
            Fact::Message(message) => {
                vec![
                    Stream::User(message.rider.user()),
                    Stream::User(message.driver.user()),
                ]
            }
            Fact::Notification(notification) => vec![notification.audience.stream()],
            Fact::Offer(change) => {
                vec![Stream::User(change.offer.driver.user()), Stream::Staff]
            }
            Fact::Shift(shift) => vec![Stream::User(shift.driver.user()), Stream::Staff],
        }
    }

    /// The event's sequence in `stream`, if that stream carries it.
    pub fn sequence_in(&self, stream: Stream) -> Option<i64> {
        self.positions
            .iter()
            .find(|position| position.stream == stream)
            .map(|position| position.sequence)
    }
}

#[cfg(test)]
mod tests;
