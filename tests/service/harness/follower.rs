//! A client of the event stream. It keeps its positions, and panics when an event is missing or comes twice.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::native::Envelope;
use super::socket::Gone;
use super::{Client, Native};

/// The `request_id` of its calls.
const ID: &str = "stream";

/// The events that a client has heard so far, and its position in each stream.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Log {
    /// Epoch and sequence of the last event of each stream.
    cursors: BTreeMap<String, (Value, i64)>,
    revisions: BTreeMap<String, i64>,
    numbers: BTreeSet<i64>,
    /// The events with their positions, in the order in which they came.
    pub heard: Vec<Value>,
}

impl Log {
    /// The log of a client that has heard nothing and wants these streams from their first event on.
    pub fn from_the_beginning(streams: impl IntoIterator<Item = String>) -> Self {
        let cursors = streams.into_iter().map(|stream| (stream, (Value::Null, 0)));
        Self {
            cursors: cursors.collect(),
            ..Self::default()
        }
    }

    /// The positions as a `resume` sends them.
    pub fn positions(&self) -> Value {
        let position = |(stream, (epoch, sequence)): (&String, &(Value, i64))| json!({"stream": stream, "epoch": epoch, "sequence": sequence});
        self.cursors.iter().map(position).collect()
    }

    /// The same log with its events by id. Events of different streams may have come in another order.
    pub fn in_order(mut self) -> Self {
        self.heard.sort_by_key(|data| data["event"]["id"].as_i64());
        self
    }

    /// The names of the streams.
    pub fn streams(&self) -> Vec<&str> {
        self.cursors.keys().map(String::as_str).collect()
    }

    /// Takes the positions of an answer to `resume`. If it has resumed, they are those that were sent.
    #[track_caller]
    pub fn open(&mut self, opening: &Value) {
        let positions = opening["positions"]
            .as_array()
            .expect("there are positions");
        let before = std::mem::take(&mut self.cursors);
        for position in positions {
            let stream = position["stream"].as_str().expect("a stream has a name");
            let sequence = position["sequence"]
                .as_i64()
                .expect("a position has a number");
            let cursor = (position["epoch"].clone(), sequence);
            self.cursors.insert(stream.to_owned(), cursor);
        }
        if opening["resumed"] == true {
            assert_eq!(self.cursors, before, "{opening}");
        }
    }

    /// Takes an event, which must be the next one in each of its streams.
    #[track_caller]
    pub fn take(&mut self, data: &Value) {
        let also = data["also"].as_array().cloned().unwrap_or_default();
        for position in [data["position"].clone()].iter().chain(&also) {
            let stream = position["stream"].as_str().expect("a stream has a name");
            let cursor = self.cursors.get_mut(stream);
            let cursor = cursor.unwrap_or_else(|| panic!("{stream} is not this client's: {data}"));
            let is_next = position["sequence"] == cursor.1 + 1;
            assert!(
                is_next,
                "{stream} stood at {}, and then came {data}",
                cursor.1
            );
            let same = cursor.0.is_null() || cursor.0 == position["epoch"];
            assert!(same, "{stream} has another epoch: {data}");
            *cursor = (position["epoch"].clone(), cursor.1 + 1);
        }
        let event = &data["event"];
        let number = event["id"].as_i64().expect("an event has a number");
        assert!(self.numbers.insert(number), "it comes twice: {data}");
        if let Some(key) = event["trip"]["nk"].as_str() {
            let revision = event["revision"].as_i64().expect("it has a revision");
            let before = self.revisions.insert(key.to_owned(), revision);
            assert!(
                before.is_none_or(|before| before < revision),
                "revision {before:?} of the trip came before: {data}"
            );
        }
        self.heard.push(data.clone());
    }
}

/// A native socket that follows the event stream.
pub struct Follower {
    native: Native,
    pub log: Log,
}

impl Follower {
    /// Follows the stream from now on; gives the snapshot too.
    #[track_caller]
    pub fn begin(client: &Client) -> (Self, Value) {
        let (follower, opening) = Self::resume(client, Log::default());
        assert_eq!(
            (&opening["resumed"], &opening["reason"]),
            (&json!(false), &json!("no-position"))
        );
        (follower, opening["snapshot"].clone())
    }

    /// Opens a socket and resumes from a log; gives the answer too.
    #[track_caller]
    pub fn resume(client: &Client, log: Log) -> (Self, Value) {
        let mut follower = Self {
            native: client.native(),
            log,
        };
        let opening = follower.again();
        (follower, opening)
    }

    /// Resumes from a log; the service must replay everything that was missed.
    #[track_caller]
    pub fn go_on(client: &Client, log: Log) -> Self {
        let (follower, opening) = Self::resume(client, log);
        assert_eq!(opening["resumed"], true, "{opening}");
        follower
    }

    /// Sends `resume` once more on the same socket and gives the answer.
    #[track_caller]
    pub fn again(&mut self) -> Value {
        let fields = json!({"request_id": ID, "data": {"positions": self.log.positions()}});
        self.native.send(None, "resume", &fields);
        loop {
            let frame = self.native.next();
            let frame = frame.unwrap_or_else(|gone| panic!("`resume` is not answered: {gone:?}"));
            if frame["action"] == "resume" {
                let opening = Envelope(frame).ok(200);
                self.log.open(&opening);
                return opening;
            }
            self.heard(frame);
        }
    }

    #[track_caller]
    fn heard(&mut self, frame: Value) -> Value {
        let envelope = Envelope(frame);
        assert_eq!(
            (&envelope.0["action"], &envelope.0["request_id"]),
            (&json!("event"), &json!(ID))
        );
        let data = envelope.ok(200);
        self.log.take(&data);
        data["event"].clone()
    }

    /// The next event.
    #[track_caller]
    pub fn next(&mut self) -> Value {
        match self.try_next() {
            Ok(event) => event,
            Err(gone) => panic!("an event was expected, but the socket is gone: {gone:?}"),
        }
    }

    /// The next event, or how the socket ended.
    #[track_caller]
    pub fn try_next(&mut self) -> Result<Value, Gone> {
        let frame = self.native.next()?;
        Ok(self.heard(frame))
    }

    /// The next event, which must be of this kind, about this trip.
    #[track_caller]
    pub fn hears(&mut self, trip: &Value, kind: &str) -> Value {
        let event = self.next();
        assert_eq!(
            (&event["kind"], &event["trip"]["nk"]),
            (&json!(kind), &trip["nk"]),
            "{event}"
        );
        event
    }

    /// Takes events until this trip is requested.
    #[track_caller]
    pub fn hears_until_requested(&mut self, trip: &Value) {
        loop {
            let event = self.next();
            if event["kind"] == "requested" && event["trip"]["nk"] == trip["nk"] {
                return;
            }
        }
    }

    /// The native socket, for other calls.
    pub fn native(&mut self) -> &mut Native {
        &mut self.native
    }

    /// Drops the connection without a close frame.
    pub fn vanish(self) -> Log {
        self.native.into_socket().vanish();
        self.log
    }
}
