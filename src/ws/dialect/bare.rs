//! What the dialects without an envelope share, and the frames of rooms and of notifications.

use serde_json::{Map, Value};

use crate::dispatch::OrderRequest;
use crate::domain::core::{IdempotencyKey, Stated};
use crate::domain::{Action, DriverId, MessageText, Party, RiderId, Trip, TripRef};
use crate::fields::{Fields, Optionality};
use crate::notices::WhichNotifications;
use crate::problem::{Code, Problem};

/// Who sits at a socket, as what.
#[derive(Debug)]
pub enum SocketOwner {
    /// A rider's app.
    Rider(Party<RiderId>),
    /// A driver's app.
    Driver(Party<DriverId>),
}

/// What a frame asks for.
#[derive(Debug)]
pub enum BareRequest {
    /// A new trip, one however often it is asked for with the same key.
    Trip(Box<OrderRequest>, Option<IdempotencyKey>),
    /// That a driver acts on a trip.
    Act {
        /// Which trip.
        trip: TripRef,
        /// What the driver does, as far as the client knows it.
        action: Box<Action>,
        /// What the frame repeats of the trip.
        stated: Stated,
        /// Under which it is done once.
        key: Option<IdempotencyKey>,
    },
    /// The same frame back.
    Echo(String),
}

impl BareRequest {
    /// The same under a key.
    pub fn under(mut self, word: Option<IdempotencyKey>) -> Self {
        match &mut self {
            Self::Trip(_, key) | Self::Act { key, .. } => *key = word,
            Self::Echo(_) => {}
        }
        self
    }
}

/// How one of these dialects writes.
pub struct Style {
    /// Tells it from the others.
    pub name: &'static str,
    /// Whether the own active trips are sent on connect.
    pub greets: bool,
    /// Reads a frame.
    pub read: fn(&str, &SocketOwner) -> Result<BareRequest, Problem>,
    /// Writes a trip.
    pub trip: fn(&Trip) -> String,
    /// Writes a taken trip for drivers whose it is not, where they are told less.
    pub to_others: Option<fn(&Trip) -> String>,
    /// Writes a refusal; the trip is the one that the frame was about, if the client may see it.
    pub refusal: fn(&Problem, Option<&Trip>) -> String,
    /// Which trip a frame is about, where a refusal shows it.
    pub named: fn(&str) -> Option<TripRef>,
}

/// Reads what is said in a room.
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

/// The idempotency key of a frame, for all else that it says.
pub fn idempotency_key(frame: &Map<String, Value>) -> Result<Option<IdempotencyKey>, Problem> {
    const KEY: &str = "idempotency_key";
    let says = || {
        let says = frame.iter().filter(|(name, _)| *name != KEY);
        says.map(|(name, value)| format!("{name}:{value}"))
            .collect::<Vec<_>>()
    };
    let mut fields = Fields::among_others(frame);
    let key = fields.parsed(KEY, Optionality::Optional, |word| {
        IdempotencyKey::new(word, says().iter().map(String::as_bytes))
    });
    Ok(fields.finish(Some(key))?)
}

/// The object that a frame is.
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
