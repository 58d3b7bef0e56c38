//! A native socket as an app holds it: every call has an id of its own and finds its answer, whatever comes in between.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::socket::Gone;
use super::{Client, Socket};

/// What follows from a subscription or a resumed stream is told by these actions; an answer repeats its call's.
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
    /// What was heard while something else was waited for, oldest first.
    early: VecDeque<Value>,
}

/// What a call was answered, or what a subscription was told.
#[derive(Debug, Clone, PartialEq)]
pub struct Envelope(pub Value);

impl Client {
    /// Opens a native socket.
    #[track_caller]
    pub fn native(&self) -> Native {
        self.native_at("/ws/")
    }

    /// The same at another path.
    #[track_caller]
    pub fn native_at(&self, path: &str) -> Native {
        let socket = Socket::open(self.address, path, &self.auth, &[]);
        let socket = socket.unwrap_or_else(|status| panic!("{path} is refused: {status}"));
        Native {
            socket,
            calls: 0,
            early: VecDeque::new(),
        }
    }
}

impl Native {
    /// Calls an action, plain, with these fields, and waits for the answer.
    #[track_caller]
    pub fn call(&mut self, action: &str, fields: &Value) -> Envelope {
        let id = self.send(None, action, fields);
        self.answer(None, action, &id)
    }

    /// The same, wrapped for a stream.
    #[track_caller]
    pub fn call_in(&mut self, stream: &str, action: &str, fields: &Value) -> Envelope {
        let id = self.send(Some(stream), action, fields);
        self.answer(Some(stream), action, &id)
    }

    /// The same for what the contract does not allow.
    #[track_caller]
    pub fn wrong(&mut self, action: &str, fields: &Value) -> Envelope {
        let (frame, id) = self.frame(action, fields);
        self.socket.send_wrong(&frame);
        self.answer(None, action, &id)
    }

    /// The same, wrapped for a stream.
    #[track_caller]
    pub fn wrong_in(&mut self, stream: &str, action: &str, fields: &Value) -> Envelope {
        let (frame, id) = self.frame(action, fields);
        self.socket
            .send_wrong(&json!({"stream": stream, "payload": frame}));
        self.answer(Some(stream), action, &id)
    }

    /// Calls an action and does not wait; gives the call's id.
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

    /// A call with an id of its own, unless the fields have one.
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

    /// The next thing that is told under this id.
    #[track_caller]
    pub fn event(&mut self, id: &str) -> Envelope {
        self.first(|frame| is_news(frame, id))
    }

    /// The next thing that is told under this id, which must be this trip in this way.
    #[track_caller]
    pub fn told(&mut self, id: &str, action: &str, trip: &Value) -> Value {
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

    /// Shows that nothing more has been told under this id so far; what came later must have been heard already.
    #[track_caller]
    pub fn was_told_no_more(&self, id: &str) {
        let more: Vec<_> = self
            .early
            .iter()
            .filter(|frame| is_news(frame, id))
            .collect();
        assert!(more.is_empty(), "{id} was told more: {more:?}");
    }

    /// The first frame that fits, of those that are kept and those that come.
    #[track_caller]
    fn first(&mut self, fits: impl Fn(&Value) -> bool) -> Envelope {
        if let Some(at) = self.early.iter().position(&fits) {
            let frame = self.early.remove(at).unwrap_or_default();
            return Envelope(inner(&frame).clone());
        }
        loop {
            let frame = self.socket.next();
            if fits(&frame) {
                return Envelope(inner(&frame).clone());
            }
            self.early.push_back(frame);
        }
    }

    /// The next frame, or how the socket ended.
    pub fn next(&mut self) -> Result<Value, Gone> {
        match self.early.pop_front() {
            Some(frame) => Ok(frame),
            None => self.socket.try_next(),
        }
    }

    /// The socket alone.
    pub fn into_socket(self) -> Socket {
        self.socket
    }

    /// The socket beneath, for frames that are no calls.
    pub fn socket(&mut self) -> &mut Socket {
        &mut self.socket
    }
}

/// An envelope without what it is wrapped in.
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

    /// A refusal that has no code of its own.
    #[track_caller]
    pub fn plainly(&self, status: u16, text: &str) {
        assert_eq!(self.refused(status, text), Value::Null, "{}", self.0);
    }

    /// Not there, for this caller.
    #[track_caller]
    pub fn not_found(&self) {
        self.plainly(404, "Not found");
    }

    /// The caller's role has no such action.
    #[track_caller]
    pub fn not_allowed(&self) {
        self.plainly(403, "You do not have permission to perform this action.");
    }

    /// A refusal with this code and, if given, the state of the trip.
    #[track_caller]
    pub fn conflict(&self, text: &str, code: &str, trip_status: &str) {
        let data = json!({"code": code, "trip_status": trip_status});
        assert_eq!(self.refused(409, text), data, "{}", self.0);
    }

    /// The only rule of the only field that a refusal names.
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
