//! A client of the event stream: it keeps its positions, and fails when something is missing or comes twice.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::native::Envelope;
use super::socket::Gone;
use super::{Client, Native};

/// The id of its calls.
const ID: &str = "stream";

/// What a client has heard so far, and where it stands.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Log {
    places: BTreeMap<String, (Value, i64)>,
    revisions: BTreeMap<String, i64>,
    numbers: BTreeSet<i64>,
    /// The events with their positions, in the order in which they came.
    pub heard: Vec<Value>,
}

impl Log {
    /// Of somebody who has heard nothing of these streams, from their very beginning.
    pub fn from_the_beginning(streams: impl IntoIterator<Item = String>) -> Self {
        let places = streams.into_iter().map(|stream| (stream, (Value::Null, 0)));
        Self {
            places: places.collect(),
            ..Self::default()
        }
    }

    /// The positions as they are sent.
    pub fn positions(&self) -> Value {
        let position = |(stream, (epoch, sequence)): (&String, &(Value, i64))| json!({"stream": stream, "epoch": epoch, "sequence": sequence});
        self.places.iter().map(position).collect()
    }

    /// The same with the events in the order of the log: between streams clients may hear them in another one.
    pub fn in_order(mut self) -> Self {
        self.heard.sort_by_key(|data| data["event"]["id"].as_i64());
        self
    }

    /// The names of the streams.
    pub fn streams(&self) -> Vec<&str> {
        self.places.keys().map(String::as_str).collect()
    }

    /// Goes on from the positions of an answer. Those of one that resumes are those that were given.
    #[track_caller]
    pub fn open(&mut self, opening: &Value) {
        let positions = opening["positions"]
            .as_array()
            .expect("there are positions");
        let before = std::mem::take(&mut self.places);
        for position in positions {
            let stream = position["stream"].as_str().expect("a stream has a name");
            let sequence = position["sequence"].as_i64().expect("a place has a number");
            let place = (position["epoch"].clone(), sequence);
            self.places.insert(stream.to_owned(), place);
        }
        if opening["resumed"] == true {
            assert_eq!(self.places, before, "{opening}");
        }
    }

    /// Takes an event, which must be the next one in each of its streams.
    #[track_caller]
    pub fn take(&mut self, data: &Value) {
        let also = data["also"].as_array().cloned().unwrap_or_default();
        for position in [data["position"].clone()].iter().chain(&also) {
            let stream = position["stream"].as_str().expect("a stream has a name");
            let place = self.places.get_mut(stream);
            let place = place.unwrap_or_else(|| panic!("{stream} is not this client's: {data}"));
            let is_next = position["sequence"] == place.1 + 1;
            assert!(
                is_next,
                "{stream} stood at {}, and then came {data}",
                place.1
            );
            let same = place.0.is_null() || place.0 == position["epoch"];
            assert!(same, "{stream} has another epoch: {data}");
            *place = (position["epoch"].clone(), place.1 + 1);
        }
        let event = &data["event"];
        let number = event["id"].as_i64().expect("an event has a number");
        assert!(self.numbers.insert(number), "it comes twice: {data}");
        if let Some(key) = event["trip"]["nk"].as_str() {
            let revision = event["revision"].as_i64().expect("it has a revision");
            let before = self.revisions.insert(key.to_owned(), revision);
            assert!(
                before.is_none_or(|before| before < revision),
                "revision {before:?} of the trip has been heard: {data}"
            );
        }
        self.heard.push(data.clone());
    }
}

/// A native socket that follows the stream.
pub struct Follower {
    native: Native,
    pub log: Log,
}

impl Follower {
    /// Asks for the first time; gives the snapshot too.
    #[track_caller]
    pub fn begin(client: &Client) -> (Self, Value) {
        let (follower, opening) = Self::resume(client, Log::default());
        assert_eq!(
            (&opening["resumed"], &opening["reason"]),
            (&json!(false), &json!("no-position"))
        );
        (follower, opening["snapshot"].clone())
    }

    /// Opens a socket and goes on from what was heard; gives the answer too.
    #[track_caller]
    pub fn resume(client: &Client, log: Log) -> (Self, Value) {
        let mut follower = Self {
            native: client.native(),
            log,
        };
        let opening = follower.again();
        (follower, opening)
    }

    /// The same, where all that was missed must follow.
    #[track_caller]
    pub fn go_on(client: &Client, log: Log) -> Self {
        let (follower, opening) = Self::resume(client, log);
        assert_eq!(opening["resumed"], true, "{opening}");
        follower
    }

    /// Starts over on the same socket.
    #[track_caller]
    pub fn again(&mut self) -> Value {
        let fields = json!({"request_id": ID, "data": {"positions": self.log.positions()}});
        self.native.send(None, "resume", &fields);
        loop {
            let frame = self.native.next();
            let frame = frame.unwrap_or_else(|gone| panic!("it is not answered: {gone:?}"));
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

    /// Listens until this trip is requested.
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

    /// Ends the connection on the spot.
    pub fn vanish(self) -> Log {
        self.native.into_socket().vanish();
        self.log
    }
}
