//! What happened, and who must hear of it.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::action::{Action, Ending};
use super::id::{DriverId, UserId};
use super::message::Message;
use super::notification::Notification;
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
    pub positions: Vec<Position>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly every event is a trip's, and all are shared"
)]
pub enum Fact {
    /// A trip changed.
    Trip(TripChange),
    /// A party of a trip wrote to the other.
    Message(Message),
    /// Somebody is told something.
    Notification(Notification),
}

/// One change of one trip. The revision it made and its reason are the trip's own; it was based on the revision before.
#[derive(Debug, Clone, PartialEq)]
pub struct TripChange {
    /// What happened to it.
    pub kind: Kind,
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

/// What happened to a trip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A rider asked.
    Requested,
    /// Its rider changed an address.
    Amended,
    /// A driver took it.
    Accepted,
    /// The driver is at the pick-up.
    Arrived,
    /// The ride began.
    Started,
    /// The ride is over.
    Completed,
    /// It was called off.
    Cancelled,
    /// No driver was found in time.
    Expired,
    /// Its rider deleted it while a driver was looked for, which calls it off.
    Withdrawn,
    /// Its rider deleted it after its end.
    Removed,
}

impl Kind {
    const ALL: [Self; 10] = [
        Self::Requested,
        Self::Amended,
        Self::Accepted,
        Self::Arrived,
        Self::Started,
        Self::Completed,
        Self::Cancelled,
        Self::Expired,
        Self::Withdrawn,
        Self::Removed,
    ];

    /// The word in rows.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Amended => "amended",
            Self::Accepted => "accepted",
            Self::Arrived => "arrived",
            Self::Started => "started",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
            Self::Removed => "removed",
        }
    }

    /// The kind of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// What an action that took effect on a trip of that status is called afterwards.
    pub fn of(action: &Action, before: Status) -> Self {
        match action {
            Action::Accept(_) => Self::Accepted,
            Action::Arrive(_) => Self::Arrived,
            Action::Start(_) => Self::Started,
            Action::Complete(_) | Action::End(_, Ending::Completed, _) => Self::Completed,
            Action::Cancel(..)
            | Action::CancelByOperator(..)
            | Action::End(_, Ending::Cancelled, _) => Self::Cancelled,
            Action::Amend(..) => Self::Amended,
            Action::Delete(_) if before == Status::Requested => Self::Withdrawn,
            Action::Delete(_) => Self::Removed,
            Action::Expire => Self::Expired,
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
}

/// The one service area there is; `Stream::Drivers` carries its name.
const AREA: &str = "main";

impl Stream {
    /// The stream of that name.
    pub fn parse(name: &str) -> Option<Self> {
        match name.split_once(':') {
            None if name == "all" => Some(Self::All),
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
        let drivers = (role == Role::Driver).then_some(Self::Drivers);
        [Self::User(user)]
            .into_iter()
            .chain(drivers)
            .chain([Self::Role(role), Self::All])
            .collect()
    }
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => write!(f, "user:{id}"),
            Self::Drivers => write!(f, "drivers:{AREA}"),
            Self::Role(role) => write!(f, "role:{role}"),
            Self::All => f.write_str("all"),
        }
    }
}

/// A place in a stream; sequences count up by one, without gaps, for as long as the epoch is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Which stream.
    pub stream: Stream,
    /// Which life of it.
    pub epoch: Uuid,
    /// Which place.
    pub sequence: i64,
}

impl TripChange {
    /// Whether drivers at large must hear: the trip came up for grabs, went, or looks different.
    pub fn concerns_all_drivers(&self) -> bool {
        let was_requested = self
            .before
            .is_none_or(|before| before.status == Status::Requested);
        was_requested && self.kind != Kind::Removed
    }

    /// The accounts that must hear of it; what its rider has put away concerns nobody else.
    pub fn parties(&self) -> impl Iterator<Item = UserId> {
        let driver = self.trip.state.driver().map(|driver| driver.id.user());
        [
            Some(self.trip.rider.id.user()),
            driver.filter(|_| self.kind != Kind::Removed),
        ]
        .into_iter()
        .flatten()
    }
}

impl Event {
    /// The word in rows and on the wire.
    pub const fn kind(&self) -> &'static str {
        match &self.fact {
            Fact::Trip(change) => change.kind.as_str(),
            Fact::Message(_) => "message",
            Fact::Notification(_) => "notification",
        }
    }

    /// The change of a trip, if it is one.
    pub const fn trip(&self) -> Option<&TripChange> {
        match &self.fact {
            Fact::Trip(change) => Some(change),
            Fact::Message(_) | Fact::Notification(_) => None,
        }
    }

    /// The streams that carry it.
    pub fn streams(&self) -> Vec<Stream> {
        match &self.fact {
            Fact::Trip(change) => {
                let drivers = change.concerns_all_drivers().then_some(Stream::Drivers);
                change.parties().map(Stream::User).chain(drivers).collect()
            }
            Fact::Message(message) => {
                vec![
                    Stream::User(message.rider.user()),
                    Stream::User(message.driver.user()),
                ]
            }
            Fact::Notification(notification) => vec![notification.audience.stream()],
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
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_read_back_by_its_name() {
        let streams = [
            Stream::Drivers,
            Stream::User(UserId::new(7)),
            Stream::Role(Role::Rider),
            Stream::All,
        ];
        for stream in streams {
            assert_eq!(Stream::parse(&stream.to_string()), Some(stream));
        }
        for wrong in [
            "drivers:elsewhere",
            "user:x",
            "user:+7",
            "user",
            "role:king",
            "",
        ] {
            assert_eq!(Stream::parse(wrong), None, "{wrong}");
        }
    }
}
