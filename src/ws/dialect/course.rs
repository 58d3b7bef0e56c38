//! The taxi lesson's dialect on `/rider/` and `/driver/`: bare trip objects in both directions.

use serde_json::{Map, Value};

use crate::dispatch::DriverVerb;
use crate::domain::{DriverId, Event, Party, Place, RiderId, Status, Trip, TripId, TripObject};
use crate::fields::{Fields, Presence};
use crate::problem::{Code, Problem};
use crate::registry::roster::Encoding;
use crate::store::writer::command::Stated;
use crate::ws::frames;

/// How this dialect writes an event.
pub static ENCODING: Encoding = Encoding {
    name: "course",
    frame: |event: &Event| trip_frame(&event.trip),
};

/// A trip as a frame.
pub fn trip_frame(trip: &Trip) -> bytes::Bytes {
    frames::text(TripObject::from(trip).to_json())
}

/// A problem as a frame.
pub fn error_frame(problem: &Problem) -> bytes::Bytes {
    frames::text(problem.error_frame())
}

/// What a rider's frame asks for.
#[derive(Debug, PartialEq)]
pub struct Request {
    /// From where.
    pub pick_up: Place,
    /// To where.
    pub drop_off: Place,
}

/// What a driver's frame does.
#[derive(Debug)]
pub struct Update {
    /// To which trip.
    pub trip: TripId,
    /// What.
    pub verb: DriverVerb,
    /// The addresses that it repeats.
    pub stated: Stated,
}

/// Reads a rider's frame.
pub fn read_request(frame: &str, rider: &Party<RiderId>) -> Result<Request, Problem> {
    let object = object(frame)?;
    let mut fields = Fields::of(&object);
    let pick_up = fields.place("pick_up_address", "pick_up_location");
    let drop_off = fields.place("drop_off_address", "drop_off_location");
    fields.own("rider", rider.id.user(), &rider.username);
    if fields.value("driver", Presence::Optional).is_some() {
        fields.refuse("driver", "A rider cannot choose the driver.");
    }
    if let Some(status) = fields.text("status", Presence::Optional)
        && status != Status::Requested.as_str()
    {
        fields.refuse("status", "A rider cannot set the status.");
    }
    let read = pick_up
        .zip(drop_off)
        .map(|(pick_up, drop_off)| Request { pick_up, drop_off });
    Ok(fields.finish(read)?)
}

/// Reads a driver's frame.
pub fn read_update(frame: &str, driver: &Party<DriverId>) -> Result<Update, Problem> {
    let object = object(frame)?;
    let mut fields = Fields::of(&object);
    let trip = fields.parsed("nk", Presence::Required, |text| {
        TripId::parse(text).ok_or("Not a trip's key.")
    });
    let verb = fields.parsed("status", Presence::Required, verb);
    let stated = Stated {
        pick_up: fields.address("pick_up_address", Presence::Optional),
        drop_off: fields.address("drop_off_address", Presence::Optional),
    };
    fields.own("driver", driver.id.user(), &driver.username);
    let read = trip
        .zip(verb)
        .map(|(trip, verb)| Update { trip, verb, stated });
    Ok(fields.finish(read)?)
}

/// A status in a frame is read as the verb that leads there.
fn verb(word: &str) -> Result<DriverVerb, String> {
    match Status::parse(word) {
        Some(Status::Started) => Ok(DriverVerb::Accept),
        Some(Status::Arrived) => Ok(DriverVerb::Arrive),
        Some(Status::InProgress) => Ok(DriverVerb::Start),
        Some(Status::Completed) => Ok(DriverVerb::Complete),
        Some(Status::Requested | Status::Cancelled | Status::Expired) => {
            Err("A driver cannot set this status.".to_owned())
        }
        None => Err("Not a valid choice: STARTED, ARRIVED, IN_PROGRESS or COMPLETED.".to_owned()),
    }
}

fn object(frame: &str) -> Result<Map<String, Value>, Problem> {
    match serde_json::from_str(frame) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Problem::new(Code::Unreadable, "A frame is a JSON object.")),
        Err(error) => Err(Problem::new(
            Code::Unreadable,
            format!("The frame is not JSON: {error}."),
        )),
    }
}

/// The problem of a binary frame.
pub fn not_text() -> Problem {
    Problem::new(Code::Unreadable, "A frame is text, not binary.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::UserId;

    fn ann() -> Party<RiderId> {
        let (first_name, last_name) = (String::new(), String::new());
        Party {
            id: RiderId::of(UserId::new(1)),
            username: "ann".to_owned(),
            first_name,
            last_name,
        }
    }

    fn bob() -> Party<DriverId> {
        let (first_name, last_name) = (String::new(), String::new());
        Party {
            id: DriverId::of(UserId::new(2)),
            username: "bob".to_owned(),
            first_name,
            last_name,
        }
    }

    #[test]
    fn the_lessons_frames_are_read() {
        let frame =
            r#"{"pick_up_address":"A","drop_off_address":"B","rider":{"id":1,"username":"ann"}}"#;
        let request = read_request(frame, &ann()).expect("the lesson's frame");
        assert_eq!(request.pick_up.address.as_str(), "A");
        let nk = "0193a1b2c3d4e5f60718293a4b5c6d7e";
        let frame = format!(
            r#"{{"nk":"{nk}","pick_up_address":"A","drop_off_address":"B","status":"STARTED","driver":{{"id":2,"username":"bob"}}}}"#
        );
        let update = read_update(&frame, &bob()).expect("the lesson's frame");
        assert_eq!(
            (update.trip.to_string().as_str(), update.verb),
            (nk, DriverVerb::Accept)
        );
    }

    #[test]
    fn nobody_speaks_for_somebody_else() {
        let frame = r#"{"pick_up_address":"A","drop_off_address":"B","rider":{"id":9}}"#;
        assert!(read_request(frame, &ann()).is_err());
        let frame = r#"{"nk":"0193a1b2c3d4e5f60718293a4b5c6d7e","status":"STARTED","driver":{"username":"ben"}}"#;
        assert!(read_update(frame, &bob()).is_err());
    }

    #[test]
    fn no_other_status_can_be_set() {
        for status in ["REQUESTED", "CANCELLED", "EXPIRED", "started", ""] {
            let frame =
                format!(r#"{{"nk":"0193a1b2c3d4e5f60718293a4b5c6d7e","status":"{status}"}}"#);
            assert!(read_update(&frame, &bob()).is_err(), "{status}");
        }
        let frame = r#"{"pick_up_address":"A","drop_off_address":"B","status":"COMPLETED"}"#;
        assert!(read_request(frame, &ann()).is_err());
    }

    #[test]
    fn what_is_no_object_is_unreadable() {
        for frame in ["", "x", "[]", "1", "null", "{", "\"a\""] {
            assert!(read_request(frame, &ann()).is_err(), "{frame}");
            assert!(read_update(frame, &bob()).is_err(), "{frame}");
        }
    }
}
