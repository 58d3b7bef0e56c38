//! What a client may want of a native socket.

use crate::dispatch::{DriverVerb, OrderRequest, QuoteRequest};
use crate::domain::core::{IdempotencyKey, Reply, Stated};
use crate::domain::{
    Amendment, Amount, Filter, MessageText, PositionReport, Reason, RideEnding, TripRef, Vehicle,
};
use crate::notices::WhichNotifications;
use crate::resume;

/// Which trip, as the client knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pk {
    pub(super) trip: TripRef,
    pub(super) text: String,
}

impl Pk {
    /// Which trip that is.
    pub const fn trip(&self) -> TripRef {
        self.trip
    }

    /// JSON as it came.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// A part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListPage {
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
    pub page: Option<ListPage>,
}

/// What a client wants. It does not print, since it may carry a token.
#[derive(Clone, PartialEq)]
pub enum Call {
    /// That a trip is changed, once however often it is said with the same key.
    Do(Box<Verb>, Option<IdempotencyKey>),
    /// One answer.
    Ask(OneAnswerCall),
    /// An answer from which more follows.
    Hear(SubscriptionCall),
}

/// What is done to a trip.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "docs/protocol.md explains each action")]
pub enum Verb {
    Create(Box<OrderRequest>),
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
    End(Pk, RideEnding, Reason),
    SetFare(Pk, Amount, Reason),
    TakeBack(Pk, Reason),
}

/// What has one answer.
#[derive(Clone, PartialEq)]
#[expect(missing_docs, reason = "docs/protocol.md explains each action")]
pub enum OneAnswerCall {
    List(Listing),
    Retrieve(Pk),
    UnsubscribeInstance(Pk),
    UnsubscribeActivity,
    Refresh(String),
    Leave(Pk),
    Say(Pk, MessageText),
    UnsubscribeNotifications,
    ListNotifications,
    ReadNotifications(WhichNotifications),
    Quote(QuoteRequest),
    RideCode(Pk),
    UnsubscribeDriverPosition(Pk),
    Shift(ShiftCall),
}

/// What a driver does besides driving.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "docs/protocol.md explains each action")]
pub enum ShiftCall {
    Show,
    Begin(Vehicle),
    End,
    Report(PositionReport),
    Hint,
    Reply(Pk, Reply),
}

/// What more follows from than one answer.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "docs/protocol.md explains each action")]
pub enum SubscriptionCall {
    Pages(Listing),
    Instance(Pk),
    Activity(Filter),
    Events(Vec<resume::StreamCursor>),
    Room(Pk),
    Notifications,
    DriverPosition(Pk),
}
