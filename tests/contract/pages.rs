//! The pages for authors of apps: `docs/asyncapi.yaml` describes every frame of their transcripts, and every code of
//! `docs/protocol.md` has its row.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::channels::{By, channel};
use super::{PROTOCOL, first_cells};

const PAGES: [(&str, &str); 2] = [
    ("driver", include_str!("../../docs/driver-app.md")),
    ("rider", include_str!("../../docs/rider-app.md")),
];

/// The blocks of a page that are fenced as `kind`.
fn blocks<'a>(page: &'a str, kind: &str) -> Vec<&'a str> {
    let fence = format!("\n```{kind}\n");
    let after = page.split(fence.as_str()).skip(1);
    after
        .map(|rest| rest.split("\n```").next().unwrap_or_default())
        .collect()
}

/// Every line of a page's transcripts: the side, which is `>` for the app and `<` for the service, and the frame.
fn transcript(page: &str) -> Vec<(&str, Value)> {
    let lines = blocks(page, "frames").into_iter().flat_map(str::lines);
    lines
        .map(|line| {
            let (by, frame) = line.split_once(' ').expect("a line has a side");
            assert!([">", "<"].contains(&by), "nobody says {line}");
            let frame = serde_json::from_str(frame);
            (by, frame.unwrap_or_else(|error| panic!("{error}: {line}")))
        })
        .collect()
}

fn inner(frame: &Value) -> &Value {
    frame.get("payload").unwrap_or(frame)
}

#[test]
fn every_frame_of_a_transcript_is_described() {
    for (name, page) in PAGES {
        let frames = transcript(page);
        assert!(frames.len() > 30, "{name}: there are transcripts");
        for (by, frame) in frames {
            let by = if by == ">" { By::Client } else { By::Service };
            channel("/ws/").check(by, &frame.to_string());
        }
    }
}

/// An answer has the keys of the envelope and repeats its call. Events and the like carry the id of the call that
/// subscribed.
#[test]
fn every_answer_of_a_transcript_has_its_call() {
    let pushed = ["event", "position", "message", "notification"];
    for (_, page) in PAGES {
        let mut calls = BTreeMap::new();
        for (by, frame) in transcript(page) {
            let envelope = inner(&frame);
            let (action, id) = (&envelope["action"], envelope["request_id"].to_string());
            if by == ">" {
                calls.insert(id, action.clone());
                continue;
            }
            let keys = envelope.as_object().expect("a frame is an object").keys();
            let keys: BTreeSet<&str> = keys.map(String::as_str).collect();
            let five = ["action", "data", "errors", "request_id", "response_status"];
            assert_eq!(keys, BTreeSet::from(five), "{frame}");
            let call = calls.get(&id);
            let call = call.unwrap_or_else(|| panic!("nobody has called: {frame}"));
            let is_pushed = action
                .as_str()
                .is_some_and(|action| pushed.contains(&action));
            assert!(is_pushed || call == action, "{call} is answered {frame}");
        }
    }
}

#[test]
fn what_is_shown_of_http_is_json() {
    for (name, page) in PAGES {
        let shown = blocks(page, "json");
        assert!(!shown.is_empty(), "{name}: there is JSON");
        for text in shown {
            let parsed: Result<Value, _> = serde_json::from_str(text);
            assert!(parsed.is_ok(), "{name}: {text}");
        }
    }
}

#[test]
fn every_code_has_its_row_on_one_of_the_pages() {
    let problems = first_cells(PROTOCOL, "\n## Problems\n");
    let codes = PAGES.map(|(_, page)| first_cells(page, "| code |"));
    let [driver, rider] = &codes;
    let both: BTreeSet<&str> = driver.union(rider).copied().collect();
    assert_eq!(both, problems);
}

#[test]
fn every_close_code_has_its_row_on_both_pages() {
    let mut closes = first_cells(PROTOCOL, "\n## Handshake, limits and close codes\n");
    closes.insert("nothing at all");
    for (name, page) in PAGES {
        let rows = first_cells(page, "| the socket ends with |");
        assert_eq!(rows, closes, "{name}");
    }
}
