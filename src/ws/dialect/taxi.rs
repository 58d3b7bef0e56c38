//! The later course editions' dialect on `/taxi/`: `create.trip`, `update.trip` and `echo.message`.

use serde_json::{Map, Value, json};

use super::bare::{Asked, Seat, Style, object};
use super::course;
use crate::domain::{Trip, TripObject};
use crate::fields::{Fields, Presence};
use crate::problem::Problem;

/// How this dialect writes.
pub static STYLE: Style = Style {
    name: "taxi",
    greets: false,
    read,
    trip,
};

fn read(frame: &str, seat: &Seat) -> Result<Asked, Problem> {
    let object = object(frame)?;
    let mut fields = Fields::of(&object);
    let kind = fields.parsed("type", Presence::Required, kind);
    let kind = fields.finish(kind)?;
    if kind == Kind::Echo {
        let data = object.get("data").unwrap_or(&Value::Null);
        return Ok(Asked::Echo(echo(data)));
    }
    let mut fields = Fields::of(&object);
    let data = fields.object("data", Presence::Required);
    let data = fields.finish(data)?;
    match (kind, seat) {
        (Kind::Create, Seat::Rider(rider)) => course::request(data, rider),
        (Kind::Update, Seat::Driver(driver)) => course::update(&keyed(data), driver),
        (Kind::Create | Kind::Update | Kind::Echo, _) => Err(Problem::not_allowed()),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Create,
    Update,
    Echo,
}

fn kind(word: &str) -> Result<Kind, &'static str> {
    match word {
        "create.trip" => Ok(Kind::Create),
        "update.trip" => Ok(Kind::Update),
        "echo.message" => Ok(Kind::Echo),
        _ => Err("Not a valid choice: create.trip, update.trip or echo.message."),
    }
}

/// These clients know a trip's key as its `id`.
fn keyed(data: &Map<String, Value>) -> Map<String, Value> {
    let mut data = data.clone();
    if let Some(id) = data.remove("id") {
        data.insert("nk".to_owned(), id);
    }
    data
}

fn echo(data: &Value) -> String {
    json!({"type": "echo.message", "data": data}).to_string()
}

fn trip(trip: &Trip) -> String {
    let mut object = json!(TripObject::from(trip));
    object["id"] = object["nk"].clone();
    echo(&object)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Party, RiderId, UserId};

    #[test]
    fn an_echo_comes_back_as_it_came() {
        let rider = Seat::Rider(Party {
            id: RiderId::of(UserId::new(1)),
            username: "ann".to_owned(),
            first_name: String::new(),
            last_name: String::new(),
        });
        let frame = r#"{"type":"echo.message","data":{"b":[1],"a":null}}"#;
        assert!(matches!(read(frame, &rider), Ok(Asked::Echo(echo)) if echo == frame));
        for wrong in [r#"{"type":"fly"}"#, r#"{"type":"create.trip"}"#, "[]", ""] {
            assert!(read(wrong, &rider).is_err(), "{wrong}");
        }
    }
}
