//! What a client may want of a native socket.

use crate::dispatch::{OrderRequest, QuoteRequest};
use crate::domain::core::{IdempotencyKey, Reply, Stated};
use crate::domain::{Action, Filter, MessageText, PositionReport, TripRef, Vehicle};
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

/// Which trips a client lists, and which page of them.
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
    /// A new trip, one however often it is asked for with the same key.
    Request(Box<OrderRequest>, Option<IdempotencyKey>),
    /// That something is done to a trip, once however often it is asked for with the same key.
    Act(Box<ActCall>, Option<IdempotencyKey>),
    /// One answer.
    Ask(OneAnswerCall),
    /// An answer from which more follows.
    Hear(SubscriptionCall),
}

/// What is done to a trip.
#[derive(Debug, Clone, PartialEq)]
pub struct ActCall {
    /// Which trip.
    pub pk: Pk,
    /// What is done, as far as the client knows it.
    pub action: Action,
    /// What the frame repeats of the trip.
    pub stated: Stated,
}

/// What has one answer.
#[derive(Clone, PartialEq)]
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
pub enum SubscriptionCall {
    Pages(Listing),
    Instance(Pk),
    Activity(Filter),
    Events(Vec<resume::StreamCursor>),
    Room(Pk),
    Notifications,
    DriverPosition(Pk),
}
