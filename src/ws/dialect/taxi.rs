//! The dialect of the later course editions, on `/taxi/`: `create.trip`, `update.trip` and `echo.message`.

use serde_json::{Map, Value, json};

use super::bare::{BareRequest, SocketOwner, Style, idempotency_key, object};
use super::course;
use crate::domain::{Trip, TripObject, TripRef};
use crate::fields::{Fields, Optionality};
use crate::problem::Problem;

/// The dialect of `/taxi/`.
pub static STYLE: Style = Style {
    name: "taxi",
    greets: false,
    read,
    trip: |trip| echo(&json!(TripObject::from(trip))),
    to_others: Some(|trip| echo(&json!(TripObject::from(trip).without_driver()))),
    refusal,
    named,
};

fn read(frame: &str, owner: &SocketOwner) -> Result<BareRequest, Problem> {
    let object = object(frame)?;
    let mut fields = Fields::among_others(&object);
    let kind = fields.parsed("type", Optionality::Required, kind);
    let kind = fields.finish(kind)?;
    if kind == TaxiMessageKind::Echo {
        let data = object.get("data").unwrap_or(&Value::Null);
        return Ok(BareRequest::Echo(echo(data)));
    }
    let mut fields = Fields::among_others(&object);
    let data = fields.object("data", Optionality::Required);
    let data = fields.finish(data)?;
    let request = match (kind, owner) {
        (TaxiMessageKind::Create, SocketOwner::Rider(rider)) => course::request(data, rider),
        (TaxiMessageKind::Update, SocketOwner::Driver(driver)) => {
            course::update(data, driver, trip_of)
        }
        (TaxiMessageKind::Create | TaxiMessageKind::Update | TaxiMessageKind::Echo, _) => {
            Err(Problem::not_allowed())
        }
    };
    Ok(request?.under(idempotency_key(&object)?))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TaxiMessageKind {
    Create,
    Update,
    Echo,
}

fn kind(word: &str) -> Result<TaxiMessageKind, &'static str> {
    match word {
        "create.trip" => Ok(TaxiMessageKind::Create),
        "update.trip" => Ok(TaxiMessageKind::Update),
        "echo.message" => Ok(TaxiMessageKind::Echo),
        _ => Err("Not a valid choice: create.trip, update.trip or echo.message."),
    }
}

/// The trip to update. Most of these clients send the whole object back, with its `nk` and its `id`, which must name
/// the same trip. Others send one of the two, and some send the key as `id`.
fn trip_of(fields: &mut Fields<'_>) -> Option<(TripRef, Option<i64>)> {
    let id = fields.trip("id");
    if !fields.is_given("nk") {
        fields.value("id", Optionality::Required)?;
        return Some((id?, None));
    }
    let key = course::key(fields)?;
    match id {
        Some(TripRef::Number(number)) => Some((key, Some(number))),
        Some(TripRef::Key(_)) if id != Some(key) => {
            fields.refuse("id", "This is another trip than that of nk.");
            None
        }
        Some(TripRef::Key(_)) | None => Some((key, None)),
    }
}

fn named(frame: &str) -> Option<TripRef> {
    let object = object(frame).ok()?;
    let data = object.get("data")?.as_object()?;
    trip_of(&mut Fields::among_others(data)).map(|(trip, _)| trip)
}

fn echo(data: &Value) -> String {
    json!({"type": "echo.message", "data": data}).to_string()
}

/// Writes a refusal. These clients take the `data` of every frame for a trip and put it into their lists.
fn refusal(problem: &Problem, trip: Option<&Trip>) -> String {
    let unknown = || json!({"id": null, "nk": null, "rider": null, "driver": null, "status": null});
    let data = trip.map_or_else(unknown, |trip| json!(TripObject::from(trip)));
    let mut frame = Map::new();
    frame.insert("type".to_owned(), "error.message".into());
    frame.extend(problem.error_object());
    frame.insert("data".to_owned(), data);
    Value::from(frame).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{DriverId, Party, RiderId, UserId};

    const NK: &str = "0193a1b2c3d4e5f60718293a4b5c6d7e";

    fn party<Id>(id: Id) -> Party<Id> {
        Party {
            id,
            username: "ann".to_owned(),
            first_name: String::new(),
            last_name: String::new(),
            photo: None,
        }
    }

    #[test]
    fn an_echo_comes_back_as_it_came() {
        let rider = SocketOwner::Rider(party(RiderId::of(UserId::new(1))));
        let frame = r#"{"type":"echo.message","data":{"b":[1],"a":null}}"#;
        assert!(matches!(read(frame, &rider), Ok(BareRequest::Echo(echo)) if echo == frame));
        for wrong in [r#"{"type":"fly"}"#, r#"{"type":"create.trip"}"#, "[]", ""] {
            assert!(read(wrong, &rider).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_trip_is_updated_by_its_id_or_its_key_or_both() {
        let driver = SocketOwner::Driver(party(DriverId::of(UserId::new(1))));
        let asked = |mut data: Value| {
            data["status"] = json!("STARTED");
            let frame = json!({"type": "update.trip", "data": data}).to_string();
            match read(&frame, &driver) {
                Ok(BareRequest::Act { trip, stated, .. }) => Some((trip, stated.number)),
                Ok(_) | Err(_) => None,
            }
        };
        let key = TripRef::parse(NK).expect("a key");
        let number = TripRef::Number(7);
        assert_eq!(asked(json!({"id": 7})), Some((number, None)));
        assert_eq!(asked(json!({"id": "7"})), Some((number, None)));
        assert_eq!(asked(json!({"id": 7, "nk": null})), Some((number, None)));
        assert_eq!(asked(json!({"id": NK})), Some((key, None)));
        assert_eq!(asked(json!({"nk": NK})), Some((key, None)));
        assert_eq!(asked(json!({"id": NK, "nk": NK})), Some((key, None)));
        assert_eq!(asked(json!({"id": 7, "nk": NK})), Some((key, Some(7))));
        let other = NK.replace('7', "8");
        for wrong in [
            json!({}),
            json!({"id": null}),
            json!({"id": "x"}),
            json!({"id": 1.5}),
            json!({"nk": 7}),
            json!({"nk": "7", "id": 7}),
            json!({"nk": NK, "id": other}),
        ] {
            assert_eq!(asked(wrong.clone()), None, "{wrong}");
        }
    }
}
