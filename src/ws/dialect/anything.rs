//! Random texts that look like frames, and the bare dialects' answers to them.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::bare::{self, SocketOwner};
use super::{course, taxi};
use crate::domain::{DriverId, Party, RiderId, UserId};
use crate::problem::Problem;

/// JSON objects that look like frames, with random values.
pub fn frame_like() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        prop::sample::select(vec![
            "create",
            "list",
            "patch",
            "update",
            "resume",
            "join",
            "send",
            "read",
            "trips",
            "chat",
            "notifications",
            "cancel",
            "delete",
            "user:1",
            "STARTED",
        ])
        .prop_map(Value::from),
    ];
    let key = prop::sample::select(vec![
        "action",
        "request_id",
        "pk",
        "data",
        "stream",
        "payload",
        "limit",
        "offset",
        "status",
        "rider",
        "driver",
        "positions",
        "epoch",
        "sequence",
        "pick_up_address",
        "drop_off_location",
        "ids",
        "all",
        "message",
        "streamed",
    ]);
    let value = leaf.prop_recursive(4, 48, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..6).prop_map(|pairs| {
                pairs
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect()
            }),
        ]
    });
    value.prop_map(|value| value.to_string())
}

fn party<Id>(id: Id) -> Party<Id> {
    Party {
        id,
        username: "ann".to_owned(),
        first_name: String::new(),
        last_name: String::new(),
        photo: None,
    }
}

/// Asserts that a refusal's error frame is JSON with a code and a detail.
fn is_refusal(problem: &Problem) {
    let frame: Value = serde_json::from_str(&problem.error_frame()).expect("JSON");
    let is_whole = frame["code"].is_string() && frame["detail"].is_string();
    assert!(is_whole, "{frame}");
}

/// Asserts that a frame is read or refused, without a panic.
fn is_answered(frame: &str) {
    let owners = [
        SocketOwner::Rider(party(RiderId::of(UserId::new(1)))),
        SocketOwner::Driver(party(DriverId::of(UserId::new(2)))),
    ];
    for owner in &owners {
        for style in [&course::STYLE, &taxi::STYLE] {
            (style.read)(frame, owner).err().iter().for_each(is_refusal);
        }
    }
    bare::message(frame).err().iter().for_each(is_refusal);
    bare::notices_read(frame).err().iter().for_each(is_refusal);
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
