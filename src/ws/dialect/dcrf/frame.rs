//! From a frame to a call: what it is wrapped in, and where its answer goes.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;

use super::call::Call;
use super::envelope::{Return, StreamName};
use super::reader;
use crate::domain::Person;
use crate::fields::FieldErrors;
use crate::problem::{Code, Problem};

/// The longest id of a request, in bytes.
const REQUEST_ID_MAX: usize = 256;

/// The keys of an object with their values as they came.
pub(super) type Raw<'a> = BTreeMap<String, &'a RawValue>;

/// Reads a frame of this person, or says why not, as the whole answer.
pub fn read(frame: &str, person: &Person) -> Result<(Return, Call), String> {
    let nobody = |problem: &Problem| Return::nobody().refused(problem);
    let object = object(frame).map_err(|problem| nobody(&problem))?;
    match (object.get("stream"), object.get("payload")) {
        (Some(stream), Some(payload)) => wrapped(stream, payload, person),
        (Some(_), None) if !object.contains_key("action") => {
            let problem = FieldErrors::one("payload", "This field is required.");
            Err(nobody(&problem.into()))
        }
        (None, Some(_)) if !object.contains_key("action") => {
            let problem = FieldErrors::one("stream", "This field is required.");
            Err(nobody(&problem.into()))
        }
        (_, _) => call(None, StreamName::Trips, &object, person),
    }
}

fn wrapped(
    stream: &RawValue,
    payload: &RawValue,
    person: &Person,
) -> Result<(Return, Call), String> {
    let name: Option<String> = serde_json::from_str(stream.get()).ok();
    let Some(name) = name else {
        let problem = FieldErrors::one("stream", "Not a valid string.");
        return Err(Return::nobody().refused(&problem.into()));
    };
    let around = Some(Value::from(name.as_str()).to_string());
    let refused =
        |problem: Problem| Return::to(around.clone(), "null".to_owned(), None).refused(&problem);
    let object = object(payload.get()).map_err(refused)?;
    match StreamName::parse(&name) {
        Some(stream) => call(around, stream, &object, person),
        None => {
            let rule = "Not a valid choice: trips, chat or notifications.";
            let to = sender(around.clone(), &object);
            Err(to.refused(&FieldErrors::one("stream", rule).into()))
        }
    }
}

fn object(text: &str) -> Result<Raw<'_>, Problem> {
    let unreadable = |detail: String| Problem::new(Code::Unreadable, detail);
    // A text that is JSON, and no object, is told from one that is not JSON.
    serde_json::from_str(text).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => unreadable("A frame is a JSON object.".to_owned()),
        serde_json::error::Category::Io
        | serde_json::error::Category::Syntax
        | serde_json::error::Category::Eof => {
            unreadable(format!("The frame is not JSON: {error}."))
        }
    })
}

/// Where the answer goes; an id that is too long does not go back.
fn sender(stream: Option<String>, object: &Raw<'_>) -> Return {
    let raw = |name| object.get(name).map(|value| value.get().to_owned());
    // An action is a word; what is none is not repeated.
    let action = raw("action").filter(|word| word.starts_with('"'));
    let action = action.unwrap_or_else(|| "null".to_owned());
    let request_id = raw("request_id").filter(|id| id.len() <= REQUEST_ID_MAX);
    Return::to(stream, action, request_id)
}

fn call(
    around: Option<String>,
    stream: StreamName,
    object: &Raw<'_>,
    person: &Person,
) -> Result<(Return, Call), String> {
    let to = sender(around, object);
    if object.contains_key("request_id") && to.request_id.is_none() {
        let rule = format!("An id has at most {REQUEST_ID_MAX} bytes.");
        return Err(to.refused(&FieldErrors::one("request_id", rule).into()));
    }
    match reader::read(stream, object, &to, person) {
        Ok(call) => Ok((to, call)),
        Err(problem) => Err(to.refused(&problem)),
    }
}
