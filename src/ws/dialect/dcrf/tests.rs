//! Tests of reading frames, without a socket.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::domain::{Person, Role, UserId};
use crate::ws::dialect::anything::frame_like;

fn person(role: Role) -> Person {
    Person {
        id: UserId::new(1),
        role,
        username: "ann".to_owned(),
        first_name: String::new(),
        last_name: String::new(),
        photo: None,
    }
}

fn refused(frame: &str) -> Value {
    match read(frame, &person(Role::Rider)) {
        Err(answer) => serde_json::from_str(&answer).expect("an answer is JSON"),
        Ok(_) => panic!("{frame} was read"),
    }
}

fn call(frame: &Value, role: Role) -> Call {
    match read(&frame.to_string(), &person(role)) {
        Ok((_, call)) => call,
        Err(answer) => panic!("{frame} was refused: {answer}"),
    }
}

#[test]
fn what_cannot_be_read_is_answered_all_the_same() {
    for (frame, status, action) in [
        ("", 400, json!(null)),
        ("[]", 400, json!(null)),
        ("7", 400, json!(null)),
        ("{", 400, json!(null)),
        ("{}", 405, json!(null)),
        (r#"{"action":null}"#, 405, json!(null)),
        (r#"{"action":["x"]}"#, 405, json!(null)),
        (r#"{"action":"fly"}"#, 405, json!("fly")),
        (r#"{"action":"accept","pk":1}"#, 403, json!("accept")),
        (r#"{"action":"retrieve"}"#, 404, json!("retrieve")),
        (r#"{"action":"retrieve","pk":"x"}"#, 404, json!("retrieve")),
        (r#"{"action":"create","data":[]}"#, 400, json!("create")),
        (
            r#"{"action":"subscribe_instance","pk":1}"#,
            400,
            json!("subscribe_instance"),
        ),
        (r#"{"stream":"trips"}"#, 400, json!(null)),
        (r#"{"payload":{}}"#, 400, json!(null)),
        (r#"{"stream":7,"payload":{}}"#, 400, json!(null)),
    ] {
        let answer = refused(frame);
        assert_eq!(answer["response_status"], status, "{frame}: {answer}");
        assert_eq!(answer["action"], action, "{frame}: {answer}");
        assert_eq!(answer["data"], json!(null), "{frame}: {answer}");
    }
    let wrapped = refused(r#"{"stream":"maps","payload":{"action":"list","request_id":3}}"#);
    assert_eq!(wrapped["stream"], "maps");
    assert_eq!(wrapped["payload"]["request_id"], 3);
}

#[test]
fn a_request_id_comes_back_as_it_came() {
    for id in [
        "1.50",
        "\"\\u0041\"",
        "[1, 2]",
        "9007199254740993000000",
        "null",
    ] {
        let frame = format!(r#"{{"action":"list","request_id":{id}}}"#);
        let (to, _) = read(&frame, &person(Role::Rider)).expect("a list");
        let answer = to.done(Done::Ok, "[]");
        assert!(
            answer.ends_with(&format!("\"request_id\":{id}}}")),
            "{answer}"
        );
    }
    let long = format!(r#"{{"action":"list","request_id":"{}"}}"#, "x".repeat(300));
    assert!(refused(&long)["errors"][0]["request_id"].is_array());
}

#[test]
fn a_page_that_makes_no_sense_is_the_first_hundred() {
    let page = |fields: Value| {
        let mut frame = json!({"action": "list"});
        for (name, value) in fields.as_object().expect("an object") {
            frame[name] = value.clone();
        }
        match call(&frame, Role::Rider) {
            Call::Unary(UnaryCall::List(listing))
            | Call::Subscribe(SubscriptionCall::Pages(listing)) => {
                listing.page.map(|page| (page.limit, page.offset))
            }
            Call::Request(..) | Call::Act(..) | Call::Unary(_) | Call::Subscribe(_) => {
                panic!("no list")
            }
        }
    };
    assert_eq!(page(json!({"data": {}})), None);
    assert_eq!(page(json!({"limit": 2, "offset": 4})), Some((2, 4)));
    assert_eq!(page(json!({"limit": "x"})), Some((100, 0)));
    assert_eq!(page(json!({"limit": -1, "offset": -1})), Some((100, 0)));
    assert_eq!(page(json!({"limit": 9_999})), Some((500, 0)));
    assert_eq!(page(json!({"streamed": true})), Some((100, 0)));
}

fn is_answered(frame: &str) {
    for role in [Role::Rider, Role::Driver, Role::Operator] {
        let answer = match read(frame, &person(role)) {
            Ok((to, _)) => to.done(Done::Ok, "null"),
            Err(answer) => answer,
        };
        let answer: Value = serde_json::from_str(&answer).expect("an answer is JSON");
        let envelope = answer.get("payload").unwrap_or(&answer);
        let keys: Vec<&String> = envelope.as_object().expect("an object").keys().collect();
        assert_eq!(
            keys,
            ["errors", "data", "action", "response_status", "request_id"]
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_comes_has_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        is_answered(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn whatever_looks_like_a_frame_has_an_answer(frame in frame_like()) {
        is_answered(&frame);
    }
}
