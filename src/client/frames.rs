//! The frames of the native dialect: calls, answers, and the events in between.

use serde::Deserialize;
use serde_json::{Value, json};

use super::wire::{Location, WireMessage, WireOffer, WireRefusal, WireShift, WireTrip};

/// A frame from the service.
#[derive(Clone, Debug)]
pub enum IncomingFrame {
    /// The answer to a call.
    Answer(CallAnswer),
    /// An event.
    Event(Box<WireEvent>),
    /// The position of a trip's driver.
    DriverPosition(Location),
}

/// The answer to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallAnswer {
    /// The action that was called.
    pub action: String,
    /// The data of the answer, or the refusal.
    pub outcome: Result<Value, WireRefusal>,
}

/// One entry of an event stream. It has one of the objects, depending on its kind.
#[derive(Clone, Debug, Deserialize)]
pub struct WireEvent {
    /// The event's number in the service's log.
    pub id: i64,
    /// The kind of event.
    pub kind: String,
    pub actor: WireActor,
    /// The trip after the change.
    pub trip: Option<WireTrip>,
    /// The offer after the change.
    pub offer: Option<WireOffer>,
    /// The shift after the change.
    pub shift: Option<WireShift>,
    /// The chat message.
    pub message: Option<WireMessage>,
}

/// The account behind an event.
#[derive(Clone, Debug, Deserialize)]
pub struct WireActor {
    /// The account's id; `None` for the service itself.
    pub id: Option<i64>,
}

/// A frame as it is on the wire.
#[derive(Deserialize)]
struct Envelope {
    #[serde(default)]
    errors: Vec<Value>,
    data: Value,
    action: String,
    response_status: u16,
    request_id: Value,
}

/// A call, in a stream of a multiplexed socket or plain. Its `request_id` is the action's name, which suffices for an
/// app that waits for the answer before it calls the same action again.
pub(super) fn call(stream: Option<&str>, action: &str, fields: Value) -> Value {
    let mut call = json!({"action": action, "request_id": action});
    if let (Some(call), Value::Object(fields)) = (call.as_object_mut(), fields) {
        call.extend(fields);
    }
    match stream {
        Some(stream) => json!({"stream": stream, "payload": call}),
        None => call,
    }
}

/// Reads a frame; `None` for a kind that this app does not know.
pub(super) fn read(text: &[u8]) -> Result<Option<IncomingFrame>, serde_json::Error> {
    let mut frame: Value = serde_json::from_slice(text)?;
    let payload = frame.get_mut("payload").map(Value::take);
    let envelope: Envelope = serde_json::from_value(payload.unwrap_or(frame))?;
    // An event carries the `request_id` of the subscribing call, whose action was another one.
    if envelope.request_id == envelope.action.as_str() {
        return Ok(Some(IncomingFrame::Answer(answer(envelope))));
    }
    let Envelope {
        action, mut data, ..
    } = envelope;
    Ok(match action.as_str() {
        "event" => Some(IncomingFrame::Event(serde_json::from_value(
            data["event"].take(),
        )?)),
        "position" => Some(IncomingFrame::DriverPosition(serde_json::from_value(data)?)),
        _ => None,
    })
}

fn answer(envelope: Envelope) -> CallAnswer {
    let is_done = (200..300).contains(&envelope.response_status);
    let outcome = if is_done {
        Ok(envelope.data)
    } else {
        let detail = envelope.errors.first().map(|error| match error.as_str() {
            Some(text) => text.to_owned(),
            None => error.to_string(),
        });
        let code = envelope.data["code"].as_str().unwrap_or_default();
        Err(WireRefusal {
            detail: detail.unwrap_or_default(),
            code: code.to_owned(),
        })
    };
    CallAnswer {
        action: envelope.action,
        outcome,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_value(frame: &Value) -> Option<IncomingFrame> {
        read(frame.to_string().as_bytes()).expect("a frame")
    }

    #[test]
    fn a_call_has_its_fields_and_its_name_to_be_answered_by() {
        assert_eq!(
            call(None, "accept", json!({"pk": "ab"})),
            json!({"action": "accept", "request_id": "accept", "pk": "ab"})
        );
        assert_eq!(
            call(Some("chat"), "send", json!({})),
            json!({"stream": "chat", "payload": {"action": "send", "request_id": "send"}})
        );
    }

    #[test]
    fn an_answer_is_told_from_news() {
        let answered = json!({"errors": [], "data": {"accepted": 1}, "action": "position", "response_status": 200, "request_id": "position"});
        let Some(IncomingFrame::Answer(answer)) =
            read_value(&json!({"stream": "trips", "payload": answered}))
        else {
            panic!("not an answer")
        };
        assert_eq!(answer.outcome, Ok(json!({"accepted": 1})));
        let position = json!({"errors": [], "data": {"pk": 1, "lat": 48.1, "lon": 11.6, "at": "…"}, "action": "position", "response_status": 200, "request_id": "subscribe_position"});
        let Some(IncomingFrame::DriverPosition(seen)) = read_value(&position) else {
            panic!("not a position")
        };
        assert_eq!((seen.lat, seen.lon), (48.1, 11.6));
    }

    #[test]
    fn a_refusal_says_why_to_people_and_to_programs() {
        let refused = json!({"errors": ["Another driver has taken this trip."], "data": {"code": "already-taken"}, "action": "accept", "response_status": 409, "request_id": "accept"});
        let Some(IncomingFrame::Answer(answer)) = read_value(&refused) else {
            panic!("not an answer")
        };
        let refusal = answer.outcome.expect_err("it was refused");
        assert_eq!(refusal.code, "already-taken");
        assert_eq!(refusal.detail, "Another driver has taken this trip.");
    }

    #[test]
    fn an_event_has_the_object_of_its_kind() {
        let event = json!({"id": 412, "kind": "shift-began", "at": "…", "actor": {"role": "driver", "id": 2},
            "shift": {"id": 4, "class": "standard", "seats": 4, "began": "…", "ended": null}});
        let frame = json!({"errors": [], "data": {"position": {}, "event": event}, "action": "event", "response_status": 200, "request_id": "resume"});
        let Some(IncomingFrame::Event(event)) = read_value(&frame) else {
            panic!("not an event")
        };
        assert_eq!((event.id, event.actor.id), (412, Some(2)));
        assert_eq!(event.shift.expect("it is there").seats, 4);
        assert!(event.trip.is_none());
    }
}
