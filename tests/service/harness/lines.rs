//! Server-Sent Events, read as a browser reads them.

use std::io::{BufRead, BufReader, Read};

use serde_json::Value;
use ureq::{Body, BodyReader};

/// An answer that is read line by line for as long as events come.
pub struct Lines {
    lines: BufReader<BodyReader<'static>>,
    /// The id of the last event, to be sent as `Last-Event-ID`.
    pub last_id: String,
}

/// An event with its name and its data.
#[derive(Debug, Clone, PartialEq)]
pub struct ServerEvent {
    pub name: String,
    pub data: Value,
}

impl Lines {
    pub fn of(body: Body) -> Self {
        Self {
            lines: BufReader::new(body.into_reader()),
            last_id: String::new(),
        }
    }

    /// The next event, or `None` once the answer has ended. Comments are skipped.
    #[track_caller]
    pub fn next(&mut self) -> Option<ServerEvent> {
        let (mut name, mut data) = (None, None);
        loop {
            let mut line = String::new();
            let read = self.lines.read_line(&mut line);
            if read.expect("the answer goes on") == 0 {
                assert!(name.is_none() && data.is_none(), "it ends within an event");
                return None;
            }
            let line = line.trim_end_matches('\n');
            match line.split_once(": ") {
                Some(("id", id)) => id.clone_into(&mut self.last_id),
                Some(("event", word)) => name = Some(word.to_owned()),
                Some(("data", json)) => {
                    assert_eq!(data, None, "the data is in one line");
                    let json = serde_json::from_str(json);
                    data = Some(json.unwrap_or_else(|error| panic!("{error} in {line}")));
                }
                Some(_) => panic!("not a line of an event: {line}"),
                None if line == ":" => {}
                None => {
                    assert_eq!(line, "", "an event ends with an empty line");
                    if let (Some(name), Some(data)) = (name.take(), data.take()) {
                        return Some(ServerEvent { name, data });
                    }
                }
            }
        }
    }

    /// The next line as it is written, or `None` once the answer has ended. Comments are skipped.
    pub fn next_line(&mut self) -> Option<String> {
        loop {
            let mut line = String::new();
            if !self.lines.read_line(&mut line).is_ok_and(|read| read > 0) {
                return None;
            }
            if !line.starts_with(':') {
                return Some(line.trim_end_matches('\n').to_owned());
            }
        }
    }

    /// The data of the next event, which must have this name.
    #[track_caller]
    pub fn hears(&mut self, name: &str) -> Value {
        let Some(event) = self.next() else {
            panic!("{name} was expected, but the answer has ended")
        };
        assert_eq!(event.name, name, "{event:?}");
        event.data
    }

    /// All further events, up to the end of the answer.
    #[track_caller]
    pub fn rest(mut self) -> Vec<ServerEvent> {
        let events = std::iter::from_fn(|| self.next()).collect();
        let mut after = String::new();
        let end = self.lines.read_to_string(&mut after);
        assert_eq!((end.ok(), after.as_str()), (Some(0), ""));
        events
    }
}
