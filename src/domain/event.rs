//! What happened, and who must hear of it.

use std::fmt;

use uuid::Uuid;

use super::action::{Action, Ending};
use super::id::UserId;
use super::trip::Trip;
use super::user::Actor;

/// One change of one trip, as the log keeps it and everybody concerned hears it.
///
/// The revision it made, its time and its reason are the trip's own; it was based on the revision before.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its number in the log.
    pub id: i64,
    /// What happened.
    pub kind: Kind,
    /// Who did it.
    pub actor: Actor,
    /// The trip as it was then.
    pub trip: Trip,
    /// Where it stands in each stream that carries it, in the order of the streams.
    pub positions: Vec<Position>,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A rider asked.
    Requested,
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
}

impl Kind {
    const ALL: [Self; 7] = [
        Self::Requested,
        Self::Accepted,
        Self::Arrived,
        Self::Started,
        Self::Completed,
        Self::Cancelled,
        Self::Expired,
    ];

    /// The word in rows.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Accepted => "accepted",
            Self::Arrived => "arrived",
            Self::Started => "started",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }

    /// The kind of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// What an action that took effect is called afterwards.
    pub const fn of(action: &Action) -> Self {
        match action {
            Action::Accept(_) => Self::Accepted,
            Action::Arrive(_) => Self::Arrived,
            Action::Start(_) => Self::Started,
            Action::Complete(_) | Action::End(_, Ending::Completed, _) => Self::Completed,
            Action::Cancel(..)
            | Action::CancelByOperator(..)
            | Action::End(_, Ending::Cancelled, _) => Self::Cancelled,
            Action::Expire => Self::Expired,
        }
    }
}

/// A named sequence of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stream {
    /// What drivers at large must hear: requests and their end.
    Drivers,
    /// What concerns one account.
    User(UserId),
}

/// The one service area there is; `Stream::Drivers` carries its name.
const AREA: &str = "main";

impl Stream {
    /// The stream of that name.
    pub fn parse(name: &str) -> Option<Self> {
        match name.split_once(':')? {
            ("drivers", AREA) => Some(Self::Drivers),
            ("user", id) => id.parse().ok().map(|id| Self::User(UserId::new(id))),
            _ => None,
        }
    }
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Drivers => write!(f, "drivers:{AREA}"),
            Self::User(id) => write!(f, "user:{id}"),
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

impl Event {
    /// Whether drivers at large must hear: the trip came up for grabs, or went.
    pub fn concerns_all_drivers(&self) -> bool {
        match self.kind {
            Kind::Requested | Kind::Accepted | Kind::Expired => true,
            Kind::Cancelled => self.trip.state.driver().is_none(),
            Kind::Arrived | Kind::Started | Kind::Completed => false,
        }
    }

    /// The accounts that the trip is about.
    pub fn parties(&self) -> impl Iterator<Item = UserId> {
        let driver = self.trip.state.driver().map(|driver| driver.id.user());
        [Some(self.trip.rider.id.user()), driver]
            .into_iter()
            .flatten()
    }

    /// The streams that carry it.
    pub fn streams(&self) -> impl Iterator<Item = Stream> {
        let drivers = self.concerns_all_drivers().then_some(Stream::Drivers);
        self.parties().map(Stream::User).chain(drivers)
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
        for stream in [Stream::Drivers, Stream::User(UserId::new(7))] {
            assert_eq!(Stream::parse(&stream.to_string()), Some(stream));
        }
        assert_eq!(Stream::parse("drivers:elsewhere"), None);
        assert_eq!(Stream::parse("user:x"), None);
        assert_eq!(Stream::parse("user"), None);
    }
}
