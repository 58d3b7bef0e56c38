//! What happened, and who must hear of it.

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
    /// Its number in the log.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// Who did it.
    pub actor: Actor,
    /// What.
    pub fact: Fact,
    /// Where it stands in each stream that carries it, in the order of the streams.
    pub positions: Vec<StreamPosition>,
}

/// What an event reports.
#[derive(Debug, Clone, PartialEq)]
pub enum Fact {
    /// A trip changed.
    Trip(TripChange),
    /// A party of a trip wrote to the other.
    Message(Message),
    /// Somebody is told something.
    Notification(Notification),
    /// A trip was proposed to a driver, or is no longer.
    Offer(OfferChange),
    /// A driver's shift began or ended.
    Shift(Shift),
}

/// An offer that was made, or has ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OfferChange {
    /// The offer as it was then.
    pub offer: Offer,
    /// The trip that it is about, as it was then.
    pub trip: Trip,
}

/// One change of one trip. The revision it made and its reason are the trip's own; it was based on the revision before.
#[derive(Debug, Clone, PartialEq)]
pub struct TripChange {
    /// What happened to it.
    pub kind: TripEventKind,
    /// The trip as it was then.
    pub trip: Trip,
    /// What it was before; nothing for a new one.
    pub before: Option<Before>,
}

/// What observers must know of a trip as it was before a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Before {
    /// Where it stood.
    pub status: Status,
    /// Who drove.
    pub driver: Option<DriverId>,
    /// Whether its rider had deleted it.
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
    /// What concerns one account.
    User(UserId),
    /// What drivers at large must hear: requests and their end.
    Drivers,
    /// What everybody of a role is told.
    Role(Role),
    /// What everybody is told.
    All,
    /// What operators watch over: all trips, shifts and offers.
    Staff,
}

/// What the name of `Stream::Drivers` ends with: one stream is for all areas.
const AREA: &str = "main";

impl Stream {
    /// The stream of that name.
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

    /// Whether an account hears it.
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

/// A place in a stream; sequences count up by one, without gaps, for as long as the epoch is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamPosition {
    /// Which stream.
    pub stream: Stream,
    /// Which life of it.
    pub epoch: Uuid,
    /// Which place.
    pub sequence: i64,
}

impl Before {
    /// The streams of those who see a trip when it stands like this: its rider, its driver, all drivers while it is up
    /// for grabs, and the staff.
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
    /// The streams that carry it: those of everybody who saw the trip before it, or sees it now.
    pub fn streams(&self) -> Vec<Stream> {
        let saw = self.before.into_iter();
        let saw = saw.flat_map(|before| before.seen_in(&self.trip));
        let mut streams: Vec<Stream> = saw
            .chain(Before::from(&self.trip).seen_in(&self.trip))
            .collect();
        if self.kind == TripEventKind::Removed {
            // What its rider puts away stays as it was for its driver.
            let rider = Stream::User(self.trip.rider.id.user());
            streams.retain(|stream| [rider, Stream::Staff].contains(stream));
        }
        if self.kind == TripEventKind::DriverBlocked {
            // What an account may do is between it and the desk.
            streams.retain(|stream| *stream == Stream::Staff);
        }
        streams.sort_unstable();
        streams.dedup();
        streams
    }
}

impl Event {
    /// The word in rows and on the wire.
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

    /// The change of a trip, if it is one.
    pub const fn trip(&self) -> Option<&TripChange> {
        match &self.fact {
            Fact::Trip(change) => Some(change),
            Fact::Message(_) | Fact::Notification(_) | Fact::Offer(_) | Fact::Shift(_) => None,
        }
    }

    /// The streams that carry it.
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

    /// Its place in `stream`, if that carries it.
    pub fn sequence_in(&self, stream: Stream) -> Option<i64> {
        self.positions
            .iter()
            .find(|position| position.stream == stream)
            .map(|position| position.sequence)
    }
}

#[cfg(test)]
mod tests;
