//! The calls of a native socket.

use crate::dispatch::{OrderRequest, QuoteRequest};
use crate::domain::core::{IdempotencyKey, Reply, Stated};
use crate::domain::{Action, Filter, MessageText, PositionReport, TripRef, Vehicle};
use crate::notices::WhichNotifications;
use crate::resume;

/// The primary key of a trip, as the client knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pk {
    pub(super) trip: TripRef,
    pub(super) text: String,
}

impl Pk {
    /// The trip that the key names.
    pub const fn trip(&self) -> TripRef {
        self.trip
    }

    /// The key as the client sent it, in JSON.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// A page of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListPage {
    /// The most trips on the page.
    pub limit: i64,
    /// How many trips come before the page.
    pub offset: i64,
}

/// A list of trips, or a page of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listing {
    /// Selects the trips in the list.
    pub filter: Filter,
    /// The page; absent for the whole list.
    pub page: Option<ListPage>,
}

/// A call. It has no `Debug`, because it may carry a token.
#[derive(Clone, PartialEq)]
pub enum Call {
    /// A request for a new trip. Calls with the same key request it once.
    Request(Box<OrderRequest>, Option<IdempotencyKey>),
    /// An action on a trip. Calls with the same key carry it out once.
    Act(Box<ActCall>, Option<IdempotencyKey>),
    /// A call with one answer.
    Unary(UnaryCall),
    /// A call whose answer is followed by further frames.
    Subscribe(SubscriptionCall),
}

/// An action on a trip.
#[derive(Debug, Clone, PartialEq)]
pub struct ActCall {
    /// The trip's primary key.
    pub pk: Pk,
    /// As far as the client knows it; dispatch adds positions.
    pub action: Action,
    /// What the call repeats of the trip and cannot change.
    pub stated: Stated,
}

/// A call with one answer.
#[derive(Clone, PartialEq)]
pub enum UnaryCall {
    List(Listing),
    Retrieve(Pk),
    UnsubscribeInstance(Pk),
    UnsubscribeActivity,
    Refresh(String),
    Leave(Pk),
    Send(Pk, MessageText),
    UnsubscribeNotifications,
    ListNotifications,
    ReadNotifications(WhichNotifications),
    Quote(QuoteRequest),
    RideCode(Pk),
    UnsubscribeDriverPosition(Pk),
    Shift(ShiftCall),
}

/// A driver's call about shift, positions or offers.
#[derive(Debug, Clone, PartialEq)]
pub enum ShiftCall {
    Show,
    Begin(Vehicle),
    End,
    Report(PositionReport),
    Hint,
    Reply(Pk, Reply),
}

/// A call whose answer is followed by further frames.
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
