//! Checks `docs/asyncapi.yaml`, the description of the sockets, on its own and against `docs/protocol.md`. Also checks
//! the pages for authors of apps.
//!
//! The tests in `tests/service` check every frame that they send or receive against the description.

mod channels;
mod pages;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use channels::{By, CHANNELS, Channel, DOCUMENT, channel};

const BOTH: [By; 2] = [By::Service, By::Client];

fn examples(message: &str) -> impl Iterator<Item = &'static Value> {
    let examples = DOCUMENT["components"]["messages"][message]["examples"].as_array();
    let examples = examples.unwrap_or_else(|| panic!("{message} has no examples"));
    examples.iter().map(|example| &example["payload"])
}

fn names(channel: &Channel, by: By) -> impl Iterator<Item = &'static str> {
    channel.messages(by).iter().map(|message| message.name)
}

/// Every example of a message that one side may send on a channel.
fn said(channel: &Channel, by: By) -> impl Iterator<Item = (&'static str, &'static Value)> {
    names(channel, by).flat_map(|name| examples(name).map(move |example| (name, example)))
}

#[test]
fn every_example_fits_its_message_and_no_other() {
    for channel in &*CHANNELS {
        for by in BOTH {
            for (name, example) in said(channel, by) {
                assert_eq!(channel.message_of(by, &example.to_string()), Ok(name));
            }
        }
    }
}

#[test]
fn every_message_is_said_somewhere() {
    let described = DOCUMENT["components"]["messages"].as_object();
    let described: BTreeSet<&str> = described
        .expect("there are messages")
        .keys()
        .map(String::as_str)
        .collect();
    let said: BTreeSet<&str> = CHANNELS
        .iter()
        .flat_map(|channel| BOTH.into_iter().flat_map(|by| names(channel, by)))
        .collect();
    assert_eq!(said, described);
}

/// The JSON pointers of all objects in a value.
fn objects(value: &Value, at: &str, found: &mut Vec<String>) {
    if let Some(object) = value.as_object() {
        found.push(at.to_owned());
        for (key, inner) in object {
            objects(inner, &format!("{at}/{key}"), found);
        }
    }
    for (n, inner) in value.as_array().into_iter().flatten().enumerate() {
        objects(inner, &format!("{at}/{n}"), found);
    }
}

#[test]
fn what_the_service_says_has_no_further_keys() {
    for channel in &*CHANNELS {
        for (name, example) in said(channel, By::Service) {
            let mut places = Vec::new();
            objects(example, "", &mut places);
            for place in places {
                let mut frame = example.clone();
                let object = frame.pointer_mut(&place).expect("there is an object");
                object["further"] = json!(true);
                let fits = channel.message_of(By::Service, &frame.to_string());
                assert!(fits.is_err(), "{name} takes a further key at {place:?}");
            }
        }
    }
}

#[test]
fn what_the_service_says_lacks_no_key_of_the_envelope() {
    let dcrf = channel("/ws/");
    for (name, example) in said(dcrf, By::Service) {
        for key in example.as_object().expect("a frame is an object").keys() {
            let mut frame = example.clone();
            frame.as_object_mut().and_then(|frame| frame.remove(key));
            let fits = dcrf.message_of(By::Service, &frame.to_string());
            assert!(fits.is_err(), "{name} may do without {key}");
        }
    }
}

/// Fails if the first example of a message still fits with another value at one place.
fn refuses(path: &str, by: By, message: &str, place: &str, wrong: Value) {
    let mut frame = examples(message).next().expect("there is one").clone();
    *frame.pointer_mut(place).expect("the example has it") = wrong;
    let fits = channel(path).message_of(by, &frame.to_string());
    assert!(fits.is_err(), "{message} takes {frame}");
}

#[test]
fn the_service_says_no_wrong_value() {
    let refuses = |path, message, place, wrong| refuses(path, By::Service, message, place, wrong);
    refuses("/rider/", "Trip", "/id", json!(0));
    refuses("/rider/", "Trip", "/nk", json!("0193"));
    refuses(
        "/rider/",
        "Trip",
        "/created",
        json!("2026-13-41T08:10:30.416375Z"),
    );
    refuses("/rider/", "Trip", "/updated", json!("2026-11-23T08:10:30Z"));
    refuses("/rider/", "Trip", "/driver", json!({}));
    refuses("/driver/", "Error", "/code", json!("oops"));
    refuses("/driver/", "Error", "/errors", json!({"nk": []}));
    refuses("/ws/", "Retrieved", "/response_status", json!(201));
    refuses("/ws/", "Retrieved", "/errors", json!(["oops"]));
    refuses("/ws/", "Resumed", "/data/positions/1/sequence", json!(1));
    refuses("/ws/", "Happened", "/data/position/sequence", json!(0));
    refuses("/ws/", "WrappedTripsAnswer", "/stream", json!("chat"));
    refuses(
        "/ws/notifications/",
        "Notification",
        "/audience",
        json!("bob"),
    );
    refuses("/taxi/", "TaxiTrip", "/data/id", json!("1"));
}

#[test]
fn a_client_says_no_wrong_value() {
    let refuses = |path, message, place, wrong| refuses(path, By::Client, message, place, wrong);
    refuses("/driver/", "MoveTrip", "/status", json!("CANCELLED"));
    refuses("/ws/", "Retrieve", "/pk", json!("one"));
    refuses(
        "/ws/",
        "WrappedTripsFrame",
        "/payload/action",
        json!("join"),
    );
    refuses("/ws/chat/0193/", "Say", "/message", json!("x".repeat(1001)));
}

#[test]
fn both_paths_of_the_dcrf_dialect_speak_alike() {
    for by in BOTH {
        let on = |path| names(channel(path), by).collect::<Vec<_>>();
        assert_eq!(on("/ws/"), on("/ws/trips/"));
    }
}

#[test]
fn a_path_leads_to_its_channel() {
    for (path, address) in [
        ("/rider/", "/rider/"),
        ("/driver/?token=x", "/driver/"),
        ("/ws/?token=a/b/", "/ws/"),
        ("/ws/trips/", "/ws/trips/"),
        ("/ws/notifications/", "/ws/notifications/"),
        (
            "/ws/chat/0193a1b2c3d4e5f60718293a4b5c6d7e/?after=3",
            "/ws/chat/{nk}/",
        ),
        ("/taxi/", "/taxi/"),
    ] {
        assert_eq!(channel(path).address, address, "{path}");
    }
}

#[test]
fn a_failure_names_the_channel_the_frame_and_what_is_wrong() {
    let mut frame = examples("Trip").next().expect("there is one").clone();
    frame["status"] = json!("FLYING");
    frame["further"] = json!(1);
    let text = frame.to_string();
    let wrapped = json!({"errors": [], "data": frame, "action": "retrieve", "response_status": 200, "request_id": 1});
    for (path, text) in [
        ("/rider/", text),
        ("/ws/", wrapped.to_string()),
        (
            "/ws/trips/",
            json!({"stream": "trips", "payload": wrapped}).to_string(),
        ),
    ] {
        let misfit = channel(path).message_of(By::Service, &text);
        let misfit = misfit.expect_err("no trip is FLYING");
        for part in [path, &text, "FLYING", "further", "REQUESTED"] {
            assert!(misfit.contains(part), "{part} is not named: {misfit}");
        }
    }
}

const PROTOCOL: &str = include_str!("../../docs/protocol.md");

/// The words in the first cells of the table that begins with `from`, or of the next one after it.
fn first_cells<'a>(page: &'a str, from: &str) -> BTreeSet<&'a str> {
    let at = page.find(from).expect("the page has that table");
    let rows = page[at..].lines().skip_while(|line| !line.starts_with('|'));
    // Without the table's head and the line below it.
    let rows = rows.take_while(|line| line.starts_with('|')).skip(2);
    rows.filter_map(|row| row.split('|').nth(1))
        .flat_map(|cell| cell.split(", "))
        .map(|word| word.trim().trim_matches('`'))
        .collect()
}

#[test]
fn the_close_codes_are_those_of_the_page() {
    let page = first_cells(PROTOCOL, "\n## Handshake, limits and close codes\n");
    let codes = DOCUMENT["servers"]["local"]["x-close-codes"].as_object();
    let codes = codes.expect("there are close codes").keys();
    assert_eq!(codes.map(String::as_str).collect::<BTreeSet<_>>(), page);
    for code in page {
        channel("/ws/").check_close(code.parse().expect("a close code is a number"));
    }
}

#[test]
fn the_codes_of_problems_are_those_of_the_page() {
    let page = first_cells(PROTOCOL, "\n## Problems\n");
    let codes = DOCUMENT["components"]["schemas"]["Code"]["enum"].as_array();
    for code in codes.expect("there are codes") {
        let code = code.as_str().unwrap_or_default();
        assert!(page.contains(code), "{code} is not in {page:?}");
    }
}

#[test]
fn the_actions_are_those_of_the_page() {
    let page = first_cells(PROTOCOL, "\n## The dcrf dialect: `/ws/` and `/ws/trips/`\n");
    let schemas = &DOCUMENT["components"]["schemas"];
    let frames = schemas.as_object().expect("there are schemas").iter();
    let is_of_trips = |name: &str| !name.contains("Chat") && !name.contains("Notifications");
    let frames = frames.filter(|(name, _)| name.ends_with("Frame") && is_of_trips(name));
    let words = frames.flat_map(|(_, frame)| {
        let action = &frame["properties"]["action"];
        let several = action["enum"].as_array().into_iter().flatten();
        several.chain(action.get("const"))
    });
    let described: BTreeSet<&str> = words.filter_map(Value::as_str).collect();
    assert_eq!(described, page);
}

#[test]
#[should_panic(expected = "was closed with 4242")]
fn another_close_code_is_a_failure() {
    channel("/rider/").check_close(4242);
}

#[test]
#[should_panic(expected = "on /rider/ the Client said what is not JSON")]
fn what_is_not_json_is_a_failure() {
    channel("/rider/").check(By::Client, "?");
}
