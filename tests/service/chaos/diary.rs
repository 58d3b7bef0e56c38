//! The diary of a device, and its comparison with the service's log.

use serde_json::Value;

use crate::harness::Log;
use crate::harness::ledger::{Entry, Ledger};

/// The log of a device.
#[derive(Debug)]
pub struct Diary {
    pub name: String,
    pub log: Log,
    /// The positions of the last snapshot. From there on, the log is complete.
    since: Value,
    pub snapshots: usize,
}

impl Diary {
    pub fn of(name: String, streams: Vec<String>) -> Self {
        let log = Log::from_the_beginning(streams);
        Self {
            name,
            since: log.positions(),
            log,
            snapshots: 0,
        }
    }

    /// Takes the data of the answer to `resume`.
    pub fn open(&mut self, opening: &Value) {
        if opening["resumed"] != true {
            // A device that reads too slowly gets a snapshot.
            assert_eq!(opening["reason"], "too-far-behind", "{}", self.name);
            self.snapshots += 1;
            self.since = opening["positions"].clone();
        }
        self.log.open(opening);
    }

    /// Whether the log has the last entry of each stream.
    pub fn has_all_of(&self, ledger: &Ledger) -> bool {
        let positions = self.log.positions();
        let mut positions = positions.as_array().into_iter().flatten();
        positions.all(|position| {
            let entries = position["stream"]
                .as_str()
                .and_then(|stream| ledger.get(stream));
            let end = entries.and_then(|entries| entries.last());
            end.is_none_or(|end| position["sequence"] == end.sequence)
        })
    }

    /// Checks that the log agrees with the ledger, entry by entry, from the last snapshot on.
    pub fn agrees_with(&self, ledger: &Ledger) {
        let heard: Vec<Entry> = self.log.heard.iter().flat_map(entries).collect();
        for start in self.since.as_array().into_iter().flatten() {
            let stream = start["stream"].as_str().expect("a stream has a name");
            let start = start["sequence"].as_i64().expect("a sequence is a number");
            let own = heard.iter().filter(|entry| entry.stream == stream);
            let own: Vec<&Entry> = own.filter(|entry| entry.sequence > start).collect();
            let whole = ledger.get(stream).into_iter().flatten();
            let whole: Vec<&Entry> = whole.filter(|entry| entry.sequence > start).collect();
            let mut indexes = 0..own.len().max(whole.len());
            if let Some(at) = indexes.find(|at| own.get(*at) != whole.get(*at)) {
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

/// The entries of an event, one for each of its positions.
fn entries(data: &Value) -> Vec<Entry> {
    let event = &data["event"];
    let also = data["also"].as_array().into_iter().flatten();
    let positions = std::iter::once(&data["position"]).chain(also);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let number = |value: &Value| value.as_i64().unwrap_or_default();
    positions
        .map(|position| Entry {
            stream: text(&position["stream"]),
            epoch: text(&position["epoch"]).replace('-', ""),
            sequence: number(&position["sequence"]),
            event: number(&event["id"]),
            kind: text(&event["kind"]),
            revision: event["revision"].as_i64(),
        })
        .collect()
}
