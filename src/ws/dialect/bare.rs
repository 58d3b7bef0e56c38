//! What the bare dialects share, and the frames of rooms and notifications, which have no envelope either.

use serde_json::{Map, Value};

use crate::dispatch::OrderRequest;
use crate::domain::core::{IdempotencyKey, Stated};
use crate::domain::{Action, DriverId, MessageText, Party, RiderId, Trip, TripRef};
use crate::fields::{Fields, Optionality};
use crate::notices::WhichNotifications;
use crate::problem::{Code, Problem};

/// Whose socket it is, and in which role.
#[derive(Debug)]
pub enum SocketOwner {
    /// A rider's app, which requests trips.
    Rider(Party<RiderId>),
    /// A driver's app, which acts on trips.
    Driver(Party<DriverId>),
}

/// What a frame of a bare dialect asks for.
#[derive(Debug)]
pub enum BareRequest {
    /// A new trip. Frames with the same key request it once.
    Trip(Box<OrderRequest>, Option<IdempotencyKey>),
    /// A driver's action on a trip. Frames with the same key carry it out once.
    Act {
        /// The trip's key or number.
        trip: TripRef,
        /// As far as the client knows it; dispatch adds positions.
        action: Box<Action>,
        /// What the frame repeats of the trip and cannot change.
        stated: Stated,
        /// The key under which the action is carried out once.
        key: Option<IdempotencyKey>,
    },
    /// A frame to send back.
    Echo(String),
}

impl BareRequest {
    /// The same request under an idempotency key.
    pub fn under(mut self, new_key: Option<IdempotencyKey>) -> Self {
        match &mut self {
            Self::Trip(_, key) | Self::Act { key, .. } => *key = new_key,
            Self::Echo(_) => {}
        }
        self
    }
}

/// One bare dialect: how it reads and writes frames.
pub struct Style {
    /// The key of its frames among those that sockets share.
    pub name: &'static str,
    /// Whether a client is sent its active trips when it connects.
    pub greets: bool,
    /// Reads a frame of a socket with this owner.
    pub read: fn(&str, &SocketOwner) -> Result<BareRequest, Problem>,
    /// Writes a trip as a frame.
    pub trip: fn(&Trip) -> String,
    /// Writes a taken trip for other drivers than its own, in a dialect that shows them less.
    pub to_others: Option<fn(&Trip) -> String>,
    /// Writes a refusal. The trip is the one that the frame named, if the client may see it.
    pub refusal: fn(&Problem, Option<&Trip>) -> String,
    /// The trip that a frame names, in a dialect whose refusals show the trip.
    pub named: fn(&str) -> Option<TripRef>,
}

/// Reads a message of a room.
pub fn message(frame: &str) -> Result<MessageText, Problem> {
    let object = object(frame)?;
    let mut fields = Fields::among_others(&object);
    let text = fields.parsed("message", Optionality::Required, MessageText::parse);
    Ok(fields.finish(text)?)
}

/// Reads which notifications have been read.
pub fn notices_read(frame: &str) -> Result<WhichNotifications, Problem> {
    let object = object(frame)?;
    let mut fields = Fields::among_others(&object);
    let which = fields.value("read", Optionality::Required);
    let which = which.and_then(|value| match value.as_str() {
        Some("all") => Some(WhichNotifications::All),
        Some(_) | None => fields.numbers("read").map(WhichNotifications::These),
    });
    Ok(fields.finish(which)?)
}

/// The idempotency key of a frame. It covers all other members of the frame.
pub fn idempotency_key(frame: &Map<String, Value>) -> Result<Option<IdempotencyKey>, Problem> {
    const KEY: &str = "idempotency_key";
    let members = || {
        let members = frame.iter().filter(|(name, _)| *name != KEY);
        members
            .map(|(name, value)| format!("{name}:{value}"))
            .collect::<Vec<_>>()
    };
    let mut fields = Fields::among_others(frame);
    let key = fields.parsed(KEY, Optionality::Optional, |word| {
        IdempotencyKey::new(word, members().iter().map(String::as_bytes))
    });
    Ok(fields.finish(Some(key))?)
}

/// Parses a frame, which must be a JSON object.
pub fn object(frame: &str) -> Result<Map<String, Value>, Problem> {
    match serde_json::from_str(frame) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Problem::new(Code::Unreadable, "A frame is a JSON object.")),
        Err(error) => Err(Problem::new(
            Code::Unreadable,
            format!("The frame is not JSON: {error}."),
        )),
    }
}
