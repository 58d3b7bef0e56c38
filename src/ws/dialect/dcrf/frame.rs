//! Reads a frame: unwraps its stream, and finds out where the answer goes.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;

use super::call::Call;
use super::envelope::{ReplyTo, StreamName};
use super::reader;
use crate::domain::Person;
use crate::fields::FieldErrors;
use crate::problem::{Code, Problem};

/// The longest `request_id`, in bytes.
const REQUEST_ID_MAX: usize = 256;

/// The members of an object, with their values as unparsed JSON.
pub(super) type Raw<'a> = BTreeMap<String, &'a RawValue>;

/// Reads a frame of this person. The error is the whole answer that refuses the frame.
pub fn read(frame: &str, person: &Person) -> Result<(ReplyTo, Call), String> {
    let refuse = |problem: &Problem| ReplyTo::unknown_call().refused(problem);
    let object = object(frame).map_err(|problem| refuse(&problem))?;
    match (object.get("stream"), object.get("payload")) {
        (Some(stream), Some(payload)) => wrapped(stream, payload, person),
        (Some(_), None) if !object.contains_key("action") => {
            let problem = FieldErrors::one("payload", "This field is required.");
            Err(refuse(&problem.into()))
        }
        (None, Some(_)) if !object.contains_key("action") => {
            let problem = FieldErrors::one("stream", "This field is required.");
            Err(refuse(&problem.into()))
        }
        (_, _) => call(None, StreamName::Trips, &object, person),
    }
}

fn wrapped(
    stream: &RawValue,
    payload: &RawValue,
    person: &Person,
) -> Result<(ReplyTo, Call), String> {
    let name: Option<String> = serde_json::from_str(stream.get()).ok();
    let Some(name) = name else {
        let problem = FieldErrors::one("stream", "Not a valid string.");
        return Err(ReplyTo::unknown_call().refused(&problem.into()));
    };
    let wrapper = Some(Value::from(name.as_str()).to_string());
    let refused =
        |problem: Problem| ReplyTo::to(wrapper.clone(), "null".to_owned(), None).refused(&problem);
    let object = object(payload.get()).map_err(refused)?;
    match StreamName::parse(&name) {
        Some(stream) => call(wrapper, stream, &object, person),
        None => {
            let rule = "Not a valid choice: trips, chat or notifications.";
            let to = reply_to(wrapper.clone(), &object);
            Err(to.refused(&FieldErrors::one("stream", rule).into()))
        }
    }
}

fn object(text: &str) -> Result<Raw<'_>, Problem> {
    let unreadable = |detail: String| Problem::new(Code::Unreadable, detail);
    // JSON that is not an object gets another answer than text that is not JSON.
    serde_json::from_str(text).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => unreadable("A frame is a JSON object.".to_owned()),
        serde_json::error::Category::Io
        | serde_json::error::Category::Syntax
        | serde_json::error::Category::Eof => {
            unreadable(format!("The frame is not JSON: {error}."))
        }
    })
}

/// Where the answer to a call goes. A `request_id` that is too long is not sent back.
fn reply_to(stream: Option<String>, object: &Raw<'_>) -> ReplyTo {
    let raw = |name| object.get(name).map(|value| value.get().to_owned());
    // An action that is not a string is not sent back.
    let action = raw("action").filter(|word| word.starts_with('"'));
    let action = action.unwrap_or_else(|| "null".to_owned());
    let request_id = raw("request_id").filter(|id| id.len() <= REQUEST_ID_MAX);
    ReplyTo::to(stream, action, request_id)
}

fn call(
    wrapper: Option<String>,
    stream: StreamName,
    object: &Raw<'_>,
    person: &Person,
) -> Result<(ReplyTo, Call), String> {
    let to = reply_to(wrapper, object);
    if object.contains_key("request_id") && to.request_id.is_none() {
        let rule = format!("An id has at most {REQUEST_ID_MAX} bytes.");
        return Err(to.refused(&FieldErrors::one("request_id", rule).into()));
    }
    match reader::read(stream, object, &to, person) {
        Ok(call) => Ok((to, call)),
        Err(problem) => Err(to.refused(&problem)),
    }
}
