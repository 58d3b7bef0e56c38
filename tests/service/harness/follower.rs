//! A client's own log, kept by the rule of the protocol: an event is applied if its sequence is the last of that stream
//! plus one. On one connection nothing else may come; between connections the client resumes.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};

use super::ledger::{Entry, Ledger};
use super::nk;

/// Where a client stands in a stream.
#[derive(Debug, Clone, Default)]
struct Place {
    epoch: Option<String>,
    sequence: i64,
    /// From here on the log has everything.
    since: i64,
}

/// What a client has heard.
#[derive(Debug)]
pub struct Follower {
    name: String,
    places: BTreeMap<String, Place>,
    log: Vec<Entry>,
    revisions: HashMap<String, i64>,
    pub snapshots: usize,
}

impl Follower {
    /// Somebody who has heard nothing of these streams.
    pub fn new(name: &str, streams: &[String]) -> Self {
        let places = streams
            .iter()
            .map(|stream| (stream.clone(), Place::default()));
        Self {
            name: name.to_owned(),
            places: places.collect(),
            log: Vec::new(),
            revisions: HashMap::new(),
            snapshots: 0,
        }
    }

    /// The frame that goes on from here.
    pub fn resume(&self, request: &Value) -> Value {
        let positions: Vec<Value> = self
            .places
            .iter()
            .map(
                |(
                    stream,
                    Place {
                        epoch, sequence, ..
                    },
                )| {
                    json!({"stream": stream, "epoch": epoch, "sequence": sequence})
                },
            )
            .collect();
        json!({"action": "resume", "request_id": request, "data": {"positions": positions}})
    }

    /// The answer to that frame; a snapshot is taken only by those who have missed too much.
    #[track_caller]
    pub fn resumed(&mut self, answer: &Value) {
        let name = &self.name;
        let data = &answer["data"];
        let positions = data["positions"].as_array();
        let positions = positions.unwrap_or_else(|| panic!("{name} was answered {answer}"));
        assert_eq!(positions.len(), self.places.len(), "{name}: {answer}");
        if data["resumed"] == true {
            for given in positions {
                let place = &self.places[text(&given["stream"])];
                assert_eq!(given["sequence"], place.sequence, "{name}: {answer}");
                assert_eq!(given["epoch"].as_str(), place.epoch.as_deref(), "{name}");
            }
            return;
        }
        assert_eq!(data["reason"], "too-far-behind", "{name}: {answer}");
        self.snapshots += 1;
        for given in positions {
            let sequence = number(&given["sequence"]);
            let place = Place {
                epoch: given["epoch"].as_str().map(str::to_owned),
                sequence,
                since: sequence,
            };
            self.places.insert(text(&given["stream"]).to_owned(), place);
        }
    }

    /// Applies the data of an event's frame.
    #[track_caller]
    pub fn hear(&mut self, data: &Value) {
        let event = &data["event"];
        let also = data["also"].as_array().into_iter().flatten();
        for position in std::iter::once(&data["position"]).chain(also) {
            self.advance(position, event);
        }
        if event["trip"].is_object() {
            let revision = number(&event["revision"]);
            let last = self
                .revisions
                .insert(nk(&event["trip"]).to_owned(), revision);
            assert!(
                last.is_none_or(|last| last < revision),
                "{} heard revision {revision} after {last:?}: {data}",
                self.name
            );
        }
    }

    #[track_caller]
    fn advance(&mut self, position: &Value, event: &Value) {
        let (name, stream) = (&self.name, text(&position["stream"]));
        let place = self.places.get_mut(stream);
        let place = place.unwrap_or_else(|| panic!("{name} heard of {stream}"));
        let (epoch, sequence) = (text(&position["epoch"]), number(&position["sequence"]));
        assert_eq!(
            sequence,
            place.sequence + 1,
            "{name}: what follows in {stream} has another sequence: {position} {event}"
        );
        place.sequence = sequence;
        place.epoch = Some(epoch.to_owned());
        self.log.push(Entry {
            stream: stream.to_owned(),
            epoch: epoch.replace('-', ""),
            sequence,
            event: number(&event["id"]),
            kind: text(&event["kind"]).to_owned(),
            revision: event["revision"].as_i64(),
        });
    }

    /// Whether the log goes as far as this one.
    pub fn has_all_of(&self, ledger: &Ledger) -> bool {
        let reaches = |(stream, place): (&String, &Place)| {
            let end = ledger.get(stream).and_then(|entries| entries.last());
            end.is_none_or(|end| place.sequence >= end.sequence)
        };
        self.places.iter().all(reaches)
    }

    /// How many entries were heard.
    pub fn heard(&self) -> usize {
        self.log.len()
    }

    /// Fails unless the log is the same as this one, where it has no gap that a snapshot has told of.
    #[track_caller]
    pub fn agrees_with(&self, ledger: &Ledger) {
        for (stream, place) in &self.places {
            let own = self.log.iter().filter(|entry| entry.stream == *stream);
            let own: Vec<&Entry> = own.filter(|entry| entry.sequence > place.since).collect();
            let whole = ledger.get(stream).into_iter().flatten();
            let whole: Vec<&Entry> = whole.filter(|entry| entry.sequence > place.since).collect();
            if let Some(at) =
                (0..own.len().max(whole.len())).find(|at| own.get(*at) != whole.get(*at))
            {
                panic!(
                    "{} heard {:?} where {stream} has {:?}",
                    self.name,
                    own.get(at),
                    whole.get(at)
                );
            }
        }
    }
}

#[track_caller]
fn text(value: &Value) -> &str {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no text"))
}

#[track_caller]
fn number(value: &Value) -> i64 {
    value
        .as_i64()
        .unwrap_or_else(|| panic!("{value} is no number"))
}
