//! What a client may want of a native socket.

use crate::dispatch::DriverVerb;
use crate::domain::{Amendment, Ending, MessageText, Place, Reason, TripId};
use crate::notices::Which;
use crate::resume;
use crate::store::views::Filter;
use crate::store::writer::command::Stated;

/// Which trip, as the client knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pk {
    pub(super) number: Option<i64>,
    pub(super) key: Option<TripId>,
    pub(super) text: String,
}

impl Pk {
    /// Its number, if that was given.
    pub const fn number(&self) -> Option<i64> {
        self.number
    }

    /// Its key, if that was given.
    pub const fn key(&self) -> Option<TripId> {
        self.key
    }

    /// JSON as it came.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// A part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// How many.
    pub limit: i64,
    /// After how many.
    pub offset: i64,
}

/// Which list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listing {
    /// Of which trips.
    pub filter: Filter,
    /// Which part of it; all if nothing is said.
    pub page: Option<Page>,
    /// Whether page after page is sent.
    pub streamed: bool,
}

/// What a client wants.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "docs/protocol.md explains each action")]
pub enum Call {
    Create(Place, Place),
    List(Listing),
    Retrieve(Pk),
    Amend {
        pk: Pk,
        amendment: Amendment,
        stated: Stated,
    },
    Drive {
        pk: Pk,
        verb: DriverVerb,
        stated: Stated,
    },
    Delete(Pk),
    Cancel(Pk, Option<Reason>),
    End(Pk, Ending, Reason),
    SubscribeInstance(Pk),
    UnsubscribeInstance(Pk),
    SubscribeActivity(Filter),
    UnsubscribeActivity,
    Resume(Vec<resume::Place>),
    Refresh(String),
    Join(Pk),
    Leave(Pk),
    Say(Pk, MessageText),
    SubscribeNotifications,
    UnsubscribeNotifications,
    ListNotifications,
    ReadNotifications(Which),
}
