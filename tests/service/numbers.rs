//! Numbers beyond every valid id and sequence, in every kind of request: they are refused or unknown, and they affect
//! only their sender.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::harness::{Database, Follower, Rider, Service, Socket, Test, at_once, nk, tests};

pub fn tests() -> Vec<Test> {
    tests![
        a_place_beyond_all_numbers_gets_a_snapshot,
        an_event_id_beyond_all_numbers_gets_a_snapshot,
        who_names_a_place_beyond_all_numbers_fails_nobody_else,
        other_numbers_beyond_all_are_refused_by_name,
        a_trip_beyond_all_numbers_does_not_exist,
    ]
}

/// 2^53 - 1 and larger numbers.
fn sequences() -> Vec<Value> {
    let texts = [
        "9007199254740991",
        "9007199254740992",
        "9223372036854775807",
        "18446744073709551615",
        "1e300",
    ];
    let number = |text| serde_json::from_str(text).expect("a number");
    texts.map(number).into()
}

/// The positions of a rider, with this sequence in the rider's own stream.
#[track_caller]
fn positions_at(rider: &Rider, sequence: &Value) -> Value {
    let mut positions = Follower::begin(rider).0.log.positions();
    let own = format!("user:{}", rider.id);
    for position in positions.as_array_mut().expect("a list") {
        if position["stream"] == own {
            position["sequence"] = sequence.clone();
        }
    }
    positions
}

#[track_caller]
fn resume(rider: &Rider, positions: &Value) -> Value {
    let fields = json!({"data": {"positions": positions}});
    rider.native().call("resume", &fields).ok(200)
}

fn a_place_beyond_all_numbers_gets_a_snapshot(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let trip = rider.request("A", "B");
    for sequence in sequences() {
        let answer = resume(&rider, &positions_at(&rider, &sequence));
        assert_eq!(
            (&answer["reason"], &answer["snapshot"]["trips"]),
            (&json!("unknown-sequence"), &json!([trip])),
            "{sequence}"
        );
    }
}

fn an_event_id_beyond_all_numbers_gets_a_snapshot(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    rider.request("A", "B");
    for sequence in sequences() {
        let positions = positions_at(&rider, &sequence);
        let positions = positions.as_array().expect("a list").iter();
        let rows: Vec<Value> = positions
            .map(|at| json!([at["stream"], at["epoch"], at["sequence"]]))
            .collect();
        let id = URL_SAFE_NO_PAD.encode(json!(rows).to_string());
        let call = rider.call("GET", "/api/events/?once=true");
        let lines = call.header("Last-Event-ID", &id).follow();
        let mut lines = lines.unwrap_or_else(|answer| panic!("{sequence}: {answer:?}"));
        let snapshot = lines.hears("snapshot");
        assert_eq!(snapshot["reason"], "unknown-sequence", "{sequence}");
    }
}

/// Clients that resume at the same time share their reads of the log.
fn who_names_a_place_beyond_all_numbers_fails_nobody_else(on: Database) {
    let service = Service::start(on);
    let riders: Vec<Rider> = (0..8)
        .map(|n| service.rider(&format!("rider{n}")))
        .collect();
    let last = json!(i64::MAX);
    for _ in 0..5 {
        let asked: Vec<(usize, &Rider, Value)> = riders
            .iter()
            .enumerate()
            .map(|(n, rider)| {
                rider.cancel(&rider.request("A", "B")).ok(200);
                let current = Follower::begin(rider).0.log.positions();
                let positions = if n == 0 {
                    positions_at(rider, &last)
                } else {
                    current
                };
                (n, rider, positions)
            })
            .collect();
        let answers = at_once(
            asked
                .iter()
                .map(|(n, rider, positions)| move || (*n, resume(rider, positions))),
        );
        for (n, answer) in answers {
            assert_eq!(answer["resumed"], n != 0, "{answer}");
        }
    }
}

fn other_numbers_beyond_all_are_refused_by_name(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let trip = driver.accept(&rider.request("A", "B")).ok(200);
    let mut native = rider.native();
    for number in [json!(9_007_199_254_740_992_i64), json!(i64::MAX)] {
        for field in ["limit", "offset", "rider", "driver"] {
            let answer = native.wrong("list", &json!({ field: number }));
            answer.breaks(field);
        }
        let ids = json!({"data": {"ids": [number]}});
        let answer = native.wrong_in("notifications", "read", &ids);
        answer.breaks("ids");
        let answer = rider.post("/api/notifications/read/", &json!({"ids": [number]}));
        answer.names_field("ids");
        let path = format!("/ws/chat/{}/?after={number}", nk(&trip));
        let status = Socket::open(rider.address, &path, &rider.auth, &[]).err();
        assert_eq!(status, Some(400), "{path}");
    }
    for after in ["-1", "x", "1e3", ""] {
        let path = format!("/ws/chat/{}/?after={after}", nk(&trip));
        let status = Socket::open(rider.address, &path, &rider.auth, &[]).err();
        assert_eq!(status, Some(400), "{path}");
    }
    assert_eq!(native.call("list", &json!({})).ok(200), json!([trip]));
}

fn a_trip_beyond_all_numbers_does_not_exist(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let mut native = rider.native();
    for pk in sequences().into_iter().chain([json!(-1), json!(i64::MIN)]) {
        native.wrong("retrieve", &json!({ "pk": pk })).not_found();
    }
}
