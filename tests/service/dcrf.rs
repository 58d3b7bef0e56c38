//! The frames of the native dialect: envelopes, request ids, streams, and every action of each role.

use serde_json::{Value, json};
use tungstenite::Message;

use crate::harness::{Database, Envelope, Native, Service, Test, keys, nk, tests};

pub fn tests() -> Vec<Test> {
    tests![
        an_answer_has_five_keys_in_their_order,
        request_ids_of_every_type_come_back,
        a_call_without_an_id_is_answered_with_null,
        a_request_id_is_bounded,
        both_paths_speak_alike,
        a_rider_has_every_action_of_theirs,
        a_driver_has_every_action_of_theirs,
        an_operator_has_every_action_of_theirs,
        what_is_no_call_is_refused_and_the_socket_lives_on,
        an_unknown_stream_is_refused,
        calls_are_answered_in_their_order,
    ]
}

/// The fields of a request with this pick-up.
pub const CREATE: fn(&str) -> Value =
    |pick_up| json!({"data": {"pick_up_address": pick_up, "drop_off_address": "B"}});

/// The fields of an action on this trip, without data.
pub fn pk_of(trip: &Value) -> Value {
    json!({"pk": trip["id"]})
}

fn text(native: &mut Native) -> String {
    match native.socket().next_message() {
        Ok(Message::Text(text)) => text.as_str().to_owned(),
        other => panic!("a text frame was expected: {other:?}"),
    }
}

fn an_answer_has_five_keys_in_their_order(on: Database) {
    let service = Service::start(on);
    let mut native = service.rider("ann").native();
    let order = ["errors", "data", "action", "response_status", "request_id"];
    native.send(None, "list", &json!({}));
    assert_eq!(keys(&text(&mut native)), order);
    native.socket().send_text("?");
    assert_eq!(keys(&text(&mut native)), order);
    native.send(Some("trips"), "list", &json!({}));
    let wrapped = text(&mut native);
    assert_eq!(keys(&wrapped), ["stream", "payload"]);
    let (_, payload) = wrapped
        .trim_end_matches('}')
        .split_once("\"payload\":")
        .expect("it has a payload");
    assert_eq!(keys(&format!("{payload}}}")), order);
}

fn request_ids_of_every_type_come_back(on: Database) {
    let service = Service::start(on);
    let mut native = service.rider("ann").native();
    let ids = [
        json!(7),
        json!(-1.5),
        json!("a \"b\" \u{1f695}"),
        json!(""),
        json!(true),
        json!(null),
        json!([1, "x", [null]]),
        json!({"b": 1, "a": {"c": []}}),
        json!("x".repeat(254)),
    ];
    for id in ids {
        let fields = json!({"request_id": id});
        assert_eq!(native.call("list", &fields).ok(200), json!([]));
        assert_eq!(
            native.call_in("trips", "list", &fields).ok(200),
            json!([]),
            "{id}"
        );
        native
            .wrong("retrieve", &json!({"request_id": id, "pk": 0}))
            .not_found();
    }
    native
        .socket()
        .send_text(r#"{"action":"list","request_id":{"z":1.50,  "a":[1e3]}}"#);
    let answer = text(&mut native);
    assert!(
        answer.ends_with(r#""request_id":{"z":1.50,  "a":[1e3]}}"#),
        "{answer}"
    );
}

fn a_call_without_an_id_is_answered_with_null(on: Database) {
    let service = Service::start(on);
    let mut native = service.rider("ann").native();
    native.socket().send(&json!({"action": "list"}));
    let answer = native.answer(None, "list", &Value::Null);
    assert_eq!(answer.ok(200), json!([]));
}

fn a_request_id_is_bounded(on: Database) {
    let service = Service::start(on);
    let mut native = service.rider("ann").native();
    for id in [json!("x".repeat(255)), json!(vec![1; 200])] {
        let frame = json!({"action": "list", "request_id": id});
        native.socket().send_wrong(&frame);
        let answer = native.answer(None, "list", &Value::Null);
        assert_eq!(answer.breaks("request_id"), "An id has at most 256 bytes.");
    }
}

fn both_paths_speak_alike(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let mut native = rider.native_at("/ws/trips/");
    let trip = native.call("create", &CREATE("A")).ok(201);
    assert_eq!(
        native.call_in("trips", "retrieve", &pk_of(&trip)).ok(200),
        trip
    );
    assert_eq!(rider.native().call("list", &json!({})).ok(200)[0], trip);
}

fn a_rider_has_every_action_of_theirs(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let mut native = rider.native();
    let trip = native.call("create", &CREATE("A")).ok(201);
    assert_eq!(
        (&trip["status"], &trip["rider"], &trip["driver"]),
        (&json!("REQUESTED"), &rider.party(), &Value::Null)
    );
    assert_eq!(native.call("retrieve", &pk_of(&trip)).ok(200), trip);
    assert_eq!(native.call("list", &json!({})).ok(200), json!([trip]));
    assert_eq!(rider.trip(nk(&trip)), trip);
    let by_key = json!({"pk": nk(&trip)});
    assert_eq!(native.call("retrieve", &by_key).ok(200), trip);
    let fields =
        json!({"pk": nk(&trip), "data": {"pick_up_address": "C", "drop_off_address": "D"}});
    let changed = native.call("update", &fields).ok(200);
    assert_eq!(
        (&changed["pick_up_address"], &changed["drop_off_address"]),
        (&json!("C"), &json!("D"))
    );
    let fields = json!({"pk": trip["id"], "data": {"drop_off_address": "E"}});
    let changed = native.call_in("trips", "patch", &fields).ok(200);
    assert_eq!(changed["drop_off_address"], "E");
    assert_eq!(rider.trip(nk(&trip)), changed);
    let fields = json!({"pk": trip["id"], "data": {"reason": "a bus came"}});
    let cancelled = native.call("cancel", &fields).ok(200);
    assert_eq!(
        (&cancelled["status"], &cancelled["reason"]),
        (&json!("CANCELLED"), &json!("a bus came"))
    );
    assert_eq!(native.call("delete", &by_key).ok(204), Value::Null);
    native.call("retrieve", &pk_of(&trip)).not_found();
}

fn a_driver_has_every_action_of_theirs(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let mut native = driver.native();
    let trip = rider.request("A", "B");
    assert_eq!(native.call("retrieve", &pk_of(&trip)).ok(200), trip);
    for (verb, status) in [
        ("accept", "STARTED"),
        ("arrive", "ARRIVED"),
        ("start", "IN_PROGRESS"),
        ("complete", "COMPLETED"),
    ] {
        let after = native.call(verb, &pk_of(&trip)).ok(200);
        assert_eq!(
            (&after["status"], &after["driver"]),
            (&json!(status), &driver.party())
        );
        assert_eq!(rider.trip(nk(&trip)), after);
        assert_eq!(
            native.call_in("trips", verb, &pk_of(&trip)).ok(200),
            after,
            "again"
        );
    }
}

fn an_operator_has_every_action_of_theirs(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let mut native = service.operator("oz").native();
    let (open, ride) = (rider.request("1", "B"), rider.request("2", "B"));
    for verb in ["accept", "start"] {
        driver.command(&ride, verb).ok(200);
    }
    let list = native.call("list", &json!({})).ok(200);
    assert_eq!(list[1], open, "{list}");
    assert_eq!(
        native.call("retrieve", &pk_of(&ride)).ok(200)["status"],
        "IN_PROGRESS"
    );
    let fields = json!({"pk": open["id"], "data": {"reason": "fog"}});
    let cancelled = native.call("cancel", &fields).ok(200);
    assert_eq!(
        (&cancelled["status"], &cancelled["reason"]),
        (&json!("CANCELLED"), &json!("fog"))
    );
    let fields = json!({"pk": nk(&ride), "data": {"status": "COMPLETED", "reason": "lost phone"}});
    let ended = native.call("end", &fields).ok(200);
    assert_eq!(
        (&ended["status"], &ended["reason"]),
        (&json!("COMPLETED"), &json!("lost phone"))
    );
}

/// The answer to a text without an action and an id.
#[track_caller]
fn unread(native: &mut Native, text: &str) -> Envelope {
    native.socket().send_text(text);
    let frame = native.next();
    let frame = frame.unwrap_or_else(|gone| panic!("{text} is not answered: {gone:?}"));
    assert_eq!(
        (&frame["action"], &frame["request_id"]),
        (&Value::Null, &Value::Null),
        "{frame}"
    );
    Envelope(frame)
}

fn what_is_no_call_is_refused_and_the_socket_lives_on(on: Database) {
    let service = Service::start(on);
    let mut native = service.rider("ann").native();
    for text in ["[]", "1", "null", "\"list\"", "true"] {
        unread(&mut native, text).plainly(400, "A frame is a JSON object.");
    }
    for text in ["", "x", "{", "{\"action\":}"] {
        let frame = unread(&mut native, text);
        assert_eq!(frame.0["response_status"], 400, "{frame:?}");
        assert_eq!(frame.0["data"], Value::Null, "{frame:?}");
    }
    native.socket().send_message(Message::binary(vec![1]));
    let frame = native.next().expect("it is answered");
    Envelope(frame).plainly(400, "A frame is text, not binary.");
    for text in ["{}", r#"{"action":null}"#] {
        unread(&mut native, text).plainly(405, "Unable to find action in message body.");
    }
    let answer = native.wrong("fly", &json!({}));
    answer.plainly(405, "Method \"fly\" not allowed.");
    for stream in ["chat", "notifications"] {
        let answer = native.wrong_in(stream, "accept", &json!({"pk": 1}));
        answer.plainly(405, "Method \"accept\" not allowed.");
    }
    unread(&mut native, "{\"action\":5}").plainly(405, "Method \"5\" not allowed.");
    assert_eq!(native.call("list", &json!({})).ok(200), json!([]));
}

fn an_unknown_stream_is_refused(on: Database) {
    let service = Service::start(on);
    let mut native = service.rider("ann").native();
    let answer = native.wrong_in("maps", "list", &json!({}));
    answer.breaks("stream");
    for text in [
        r#"{"stream":1,"payload":{}}"#,
        r#"{"payload":{"action":"list"}}"#,
    ] {
        unread(&mut native, text).breaks("stream");
    }
    unread(&mut native, r#"{"stream":"trips"}"#).breaks("payload");
}

fn calls_are_answered_in_their_order(on: Database) {
    let service = Service::with(on, &["--rider-trips", "1000"]);
    let mut native = service.rider("ann").native();
    for n in 0..60 {
        let (action, fields) = match n % 3 {
            0 => ("create", CREATE("A")),
            1 => ("list", json!({"limit": 1})),
            _ => ("retrieve", json!({"pk": n})),
        };
        let mut fields = fields;
        fields["request_id"] = json!(n);
        native.send(None, action, &fields);
    }
    for n in 0..60 {
        let frame = native.next().expect("each call is answered");
        assert_eq!(frame["request_id"], n, "{frame}");
    }
}
