//! What the course's dialects share: frames without an envelope, and objects of a rider's and a driver's making.

use serde_json::{Map, Value};

use crate::dispatch::DriverVerb;
use crate::domain::{DriverId, Party, Place, RiderId, Trip, TripId};
use crate::problem::{Code, Problem};
use crate::store::writer::command::Stated;

/// Who sits at a socket, as what.
#[derive(Debug)]
pub enum Seat {
    /// A rider's app.
    Rider(Party<RiderId>),
    /// A driver's app.
    Driver(Party<DriverId>),
}

/// What a frame asks for.
#[derive(Debug)]
pub enum Asked {
    /// A new trip.
    Trip {
        /// From where.
        pick_up: Place,
        /// To where.
        drop_off: Place,
    },
    /// That a trip is moved on.
    Update {
        /// Which trip.
        trip: TripId,
        /// How.
        verb: DriverVerb,
        /// What the frame repeats of the trip.
        stated: Stated,
    },
    /// The same frame back.
    Echo(String),
}

/// How one of these dialects writes.
pub struct Style {
    /// Tells it from the others.
    pub name: &'static str,
    /// Whether the own active trips are sent on connect.
    pub greets: bool,
    /// Reads a frame.
    pub read: fn(&str, &Seat) -> Result<Asked, Problem>,
    /// Writes a trip.
    pub trip: fn(&Trip) -> String,
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
