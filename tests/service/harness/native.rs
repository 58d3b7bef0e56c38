//! A native socket as an app holds it. Every call has its own id, by which its answer is found among other frames.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::socket::Gone;
use super::{Client, Socket};

/// The actions of frames that a subscription or a resumed stream leads to. An answer repeats the action of its call.
const NEWS: [&str; 7] = [
    "create",
    "update",
    "delete",
    "message",
    "notification",
    "event",
    "position",
];

/// An open socket of `/ws/`.
pub struct Native {
    socket: Socket,
    calls: u32,
    /// Frames that came while another one was awaited, oldest first.
    pending: VecDeque<Value>,
}

/// The answer to a call, or a frame of a subscription.
#[derive(Debug, Clone, PartialEq)]
pub struct Envelope(pub Value);

impl Client {
    /// Opens a native socket at `/ws/`.
    #[track_caller]
    pub fn native(&self) -> Native {
        self.native_at("/ws/")
    }

    /// Opens a native socket at another path.
    #[track_caller]
    pub fn native_at(&self, path: &str) -> Native {
        let socket = Socket::open(self.address, path, &self.auth, &[]);
        let socket = socket.unwrap_or_else(|status| panic!("{path} is refused: {status}"));
        Native {
            socket,
            calls: 0,
            pending: VecDeque::new(),
        }
    }
}

impl Native {
    /// Calls an action with these fields, outside any stream, and waits for the answer.
    #[track_caller]
    pub fn call(&mut self, action: &str, fields: &Value) -> Envelope {
        let id = self.send(None, action, fields);
        self.answer(None, action, &id)
    }

    /// Calls an action in a stream and waits for the answer.
    #[track_caller]
    pub fn call_in(&mut self, stream: &str, action: &str, fields: &Value) -> Envelope {
        let id = self.send(Some(stream), action, fields);
        self.answer(Some(stream), action, &id)
    }

    /// Makes a call that the contract does not allow, outside any stream.
    #[track_caller]
    pub fn wrong(&mut self, action: &str, fields: &Value) -> Envelope {
        let (frame, id) = self.frame(action, fields);
        self.socket.send_wrong(&frame);
        self.answer(None, action, &id)
    }

    /// Makes a call that the contract does not allow, in a stream.
    #[track_caller]
    pub fn wrong_in(&mut self, stream: &str, action: &str, fields: &Value) -> Envelope {
        let (frame, id) = self.frame(action, fields);
        self.socket
            .send_wrong(&json!({"stream": stream, "payload": frame}));
        self.answer(Some(stream), action, &id)
    }

    /// Calls an action without waiting, and gives the call's id.
    #[track_caller]
    pub fn send(&mut self, stream: Option<&str>, action: &str, fields: &Value) -> Value {
        let (frame, id) = self.frame(action, fields);
        match stream {
            Some(stream) => self
                .socket
                .send(&json!({"stream": stream, "payload": frame})),
            None => self.socket.send(&frame),
        }
        id
    }

    /// A call, with a new id unless the fields have one.
    fn frame(&mut self, action: &str, fields: &Value) -> (Value, Value) {
        self.calls += 1;
        let mut frame = json!({"action": action, "request_id": format!("call {}", self.calls)});
        for (name, value) in fields.as_object().expect("fields are an object") {
            frame[name] = value.clone();
        }
        let id = frame["request_id"].clone();
        (frame, id)
    }

    /// The answer to a call.
    #[track_caller]
    pub fn answer(&mut self, stream: Option<&str>, action: &str, id: &Value) -> Envelope {
        self.first(|frame| {
            let envelope = inner(frame);
            frame["stream"] == json!(stream)
                && envelope["action"] == action
                && envelope["request_id"] == *id
        })
    }

    /// The next frame of the subscription with this id.
    #[track_caller]
    pub fn event(&mut self, id: &str) -> Envelope {
        self.first(|frame| is_news(frame, id))
    }

    /// The data of the subscription's next frame, which must have this action and be about this trip.
    #[track_caller]
    pub fn hears(&mut self, id: &str, action: &str, trip: &Value) -> Value {
        let event = self.event(id);
        let status = if action == "delete" { 204 } else { 200 };
        assert_eq!(event.0["action"], action, "{event:?}");
        let data = event.ok(status);
        let own = if action == "delete" {
            &data["pk"]
        } else {
            &data["id"]
        };
        assert_eq!(*own, trip["id"], "{event:?}");
        data
    }

    /// Shows that the subscription with this id has led to no further frame. The caller has heard a later frame before.
    #[track_caller]
    pub fn heard_no_more(&self, id: &str) {
        let more: Vec<_> = self
            .pending
            .iter()
            .filter(|frame| is_news(frame, id))
            .collect();
        assert!(more.is_empty(), "{id} heard more: {more:?}");
    }

    /// The first frame that fits, among the pending ones and those that come.
    #[track_caller]
    fn first(&mut self, fits: impl Fn(&Value) -> bool) -> Envelope {
        if let Some(index) = self.pending.iter().position(&fits) {
            let frame = self.pending.remove(index).unwrap_or_default();
            return Envelope(inner(&frame).clone());
        }
        loop {
            let frame = self.socket.next();
            if fits(&frame) {
                return Envelope(inner(&frame).clone());
            }
            self.pending.push_back(frame);
        }
    }

    /// The next frame, or how the socket ended.
    pub fn next(&mut self) -> Result<Value, Gone> {
        match self.pending.pop_front() {
            Some(frame) => Ok(frame),
            None => self.socket.try_next(),
        }
    }

    /// The socket beneath, without the pending frames.
    pub fn into_socket(self) -> Socket {
        self.socket
    }

    /// The socket beneath, for frames that are not calls.
    pub fn socket(&mut self) -> &mut Socket {
        &mut self.socket
    }
}

/// The envelope in a frame: its `payload` in a stream, otherwise the frame itself.
pub fn inner(frame: &Value) -> &Value {
    frame.get("payload").unwrap_or(frame)
}

fn is_news(frame: &Value, id: &str) -> bool {
    let envelope = inner(frame);
    let action = envelope["action"].as_str().unwrap_or_default();
    envelope["request_id"] == id && NEWS.contains(&action)
}

impl Envelope {
    /// The data of a success with this status.
    #[track_caller]
    pub fn ok(&self, status: u16) -> Value {
        assert_eq!(self.0["response_status"], status, "{}", self.0);
        assert_eq!(self.0["errors"], json!([]), "{}", self.0);
        self.0["data"].clone()
    }

    /// The data of a refusal with this status and exactly this text.
    #[track_caller]
    pub fn refused(&self, status: u16, text: &str) -> Value {
        assert_eq!(self.0["response_status"], status, "{}", self.0);
        assert_eq!(self.0["errors"], json!([text]), "{}", self.0);
        self.0["data"].clone()
    }

    /// Checks a refusal with this status and text, and without a code.
    #[track_caller]
    pub fn plainly(&self, status: u16, text: &str) {
        assert_eq!(self.refused(status, text), Value::Null, "{}", self.0);
    }

    /// Checks that the answer is a plain 404.
    #[track_caller]
    pub fn not_found(&self) {
        self.plainly(404, "Not found");
    }

    /// Checks that the caller's role may not call the action.
    #[track_caller]
    pub fn not_allowed(&self) {
        self.plainly(403, "You do not have permission to perform this action.");
    }

    /// Checks a refusal with status 409, this text and code, and the trip's status.
    #[track_caller]
    pub fn conflict(&self, text: &str, code: &str, trip_status: &str) {
        let data = json!({"code": code, "trip_status": trip_status});
        assert_eq!(self.refused(409, text), data, "{}", self.0);
    }

    /// The broken rule in a refusal, which must name this field alone, with one rule.
    #[track_caller]
    pub fn breaks(&self, field: &str) -> String {
        assert_eq!(self.0["response_status"], 400, "{}", self.0);
        assert_eq!(self.0["data"], Value::Null, "{}", self.0);
        let errors = &self.0["errors"];
        let rules = &errors[0][field];
        assert_eq!(*errors, json!([{ field: rules }]), "{}", self.0);
        let rule = rules[0].as_str();
        rule.unwrap_or_else(|| panic!("{field} has no rule: {}", self.0))
            .to_owned()
    }
}
