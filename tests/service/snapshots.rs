//! Snapshots: when a client cannot resume from its positions, and what it gets instead.

use serde_json::{Value, json};

use crate::harness::{Database, Follower, Rider, Service, Test, eventually, tests};

pub fn tests() -> Vec<Test> {
    tests![
        the_first_time_there_is_a_snapshot,
        a_snapshot_shows_what_is_not_over,
        a_position_that_is_not_known_gets_a_snapshot,
        foreign_and_unreadable_positions_are_refused,
        who_is_too_far_behind_gets_a_snapshot,
        what_is_no_longer_kept_gets_a_snapshot,
    ]
}

/// The snapshot of a rider, or of a driver off shift.
fn shown(trips: &[&Value], unread: i64) -> Value {
    json!({"trips": trips, "unread": unread, "shift": null, "offer": null})
}

/// The snapshot of an operator while no driver is on shift.
fn shown_to_staff(trips: &[&Value]) -> Value {
    let more = json!({"trips": false, "shifts": false, "offers": false});
    let mut snapshot = shown(trips, 0);
    snapshot["shifts"] = json!([]);
    snapshot["offers"] = json!([]);
    snapshot["more"] = more;
    snapshot
}

fn the_first_time_there_is_a_snapshot(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let operator = service.operator("oz");
    let own = |id: i64| format!("user:{id}");
    for (client, role) in [
        (&rider.0, "role:rider"),
        (&driver.0, "role:driver"),
        (&operator.0, "role:operator"),
    ] {
        let (follower, snapshot) = Follower::begin(client);
        let is_staff = role == "role:operator";
        let expected = if is_staff {
            shown_to_staff(&[])
        } else {
            shown(&[], 0)
        };
        assert_eq!(snapshot, expected);
        let mut expected = vec!["all", role];
        if role == "role:driver" {
            expected.insert(1, "drivers:main");
        }
        if is_staff {
            expected.push("staff");
        }
        let own = own(client.id);
        expected.push(&own);
        assert_eq!(follower.log.streams(), expected);
        for position in follower.log.positions().as_array().expect("a list") {
            assert_eq!(
                (&position["epoch"], &position["sequence"]),
                (&Value::Null, &json!(0))
            );
        }
    }
}

fn a_snapshot_shows_what_is_not_over(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let (over, taken, open) = (
        rider.request("1", "B"),
        rider.request("2", "B"),
        rider.request("3", "B"),
    );
    rider.cancel(&over).ok(200);
    driver.accept(&taken).ok(200);
    driver.arrive(&taken).ok(200);
    let taken = rider.trip(taken["nk"].as_str().unwrap_or_default());
    let (mut of_rider, snapshot) = Follower::begin(&rider);
    assert_eq!(snapshot, shown(&[&open, &taken], 1));
    let (mut of_driver, snapshot) = Follower::begin(&driver);
    assert_eq!(snapshot, shown(&[&open, &taken], 0));
    let (_, snapshot) = Follower::begin(&service.driver("ben"));
    assert_eq!(snapshot["trips"], json!([open]));
    let (_, snapshot) = Follower::begin(&service.operator("oz"));
    assert_eq!(snapshot["trips"], json!([open, taken]));
    rider.cancel(&open).ok(200);
    for follower in [&mut of_rider, &mut of_driver] {
        follower.hears(&open, "cancelled");
    }
}

/// The answer to a call to resume with these positions.
#[track_caller]
fn opening(rider: &Rider, positions: &Value) -> Value {
    let fields = json!({"data": {"positions": positions}});
    rider.native().call("resume", &fields).ok(200)
}

fn a_position_that_is_not_known_gets_a_snapshot(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let trip = rider.request("A", "B");
    let (follower, _) = Follower::begin(&rider);
    let current = follower.log.positions();
    assert_eq!(opening(&rider, &current)["resumed"], true);
    let of_user = 2;
    let epoch = json!("0193a1b2-c3d4-7e5f-a607-18293a4b5c6d");
    let changed = |at: usize, key: &str, value: Value| {
        let mut positions = current.clone();
        positions[at][key] = value;
        positions
    };
    let mut without = current.clone();
    without.as_array_mut().expect("a list").remove(0);
    let mut future_of_nothing = changed(0, "epoch", epoch.clone());
    future_of_nothing[0]["sequence"] = json!(5);
    let cases = [
        (json!([]), "no-position"),
        (without, "no-position"),
        (changed(of_user, "epoch", epoch), "unknown-epoch"),
        (future_of_nothing, "unknown-epoch"),
        (changed(of_user, "sequence", json!(9)), "unknown-sequence"),
    ];
    for (positions, reason) in cases {
        let answer = opening(&rider, &positions);
        assert_eq!(
            (&answer["resumed"], &answer["reason"]),
            (&json!(false), &json!(reason)),
            "{positions}"
        );
        assert_eq!(answer["snapshot"], shown(&[&trip], 0));
        assert_eq!(opening(&rider, &answer["positions"])["resumed"], true);
    }
}

fn foreign_and_unreadable_positions_are_refused(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let mut native = rider.native();
    for stream in [
        format!("user:{}", driver.id),
        "drivers:main".to_owned(),
        "role:driver".to_owned(),
        "staff".to_owned(),
    ] {
        let positions = json!([{"stream": stream, "epoch": null, "sequence": 0}]);
        let answer = native.call("resume", &json!({"data": {"positions": positions}}));
        assert_eq!(
            answer.breaks("positions"),
            format!("{stream} is not a stream of yours.")
        );
    }
    let position = |key: &str, value: Value| {
        let mut position = json!({"stream": "all", "epoch": null, "sequence": 0});
        position[key] = value;
        json!([position])
    };
    for positions in [
        json!("all"),
        json!([1]),
        json!([{}]),
        position("stream", json!("every")),
        position("epoch", json!(7)),
        position("sequence", json!(-1)),
        position("sequence", json!("1")),
        json!(vec![
            json!({"stream": "all", "epoch": null, "sequence": 0});
            17
        ]),
    ] {
        let answer = native.wrong("resume", &json!({"data": {"positions": positions}}));
        answer.breaks("positions");
    }
    assert_eq!(native.call("list", &json!({})).ok(200), json!([]));
}

fn who_is_too_far_behind_gets_a_snapshot(on: Database) {
    let service = Service::with(on, &["--rider-trips", "100000"]);
    let rider = service.rider("ann");
    let log = Follower::begin(&rider).0.vanish();
    let mut native = rider.native();
    let data = json!({"pick_up_address": "A", "drop_off_address": "B"});
    for n in 0..1000 {
        native.send(None, "create", &json!({"request_id": n, "data": data}));
    }
    for n in 0..1000 {
        native.answer(None, "create", &json!(n)).ok(201);
    }
    let mut follower = Follower::go_on(&rider, log.clone());
    for _ in 0..1000 {
        follower.next();
    }
    let last = rider.request("C", "D");
    follower.hears(&last, "requested");
    let (mut behind, answer) = Follower::resume(&rider, log);
    assert_eq!(
        (&answer["resumed"], &answer["reason"]),
        (&json!(false), &json!("too-far-behind"))
    );
    rider.cancel(&last).ok(200);
    behind.hears(&last, "cancelled");
    assert_eq!(behind.log.heard[0]["position"]["sequence"], 1002);
}

fn what_is_no_longer_kept_gets_a_snapshot(on: Database) {
    let service = Service::with(on, &["--event-retention", "1"]);
    let rider = service.rider("ann");
    let log = Follower::begin(&rider).0.vanish();
    let trip = rider.request("A", "B");
    let mut follower = eventually("an event is too old", || {
        let (follower, answer) = Follower::resume(&rider, log.clone());
        if answer["resumed"] == true {
            return None;
        }
        assert_eq!(answer["reason"], "too-old");
        assert_eq!(answer["snapshot"]["trips"], json!([trip]));
        Some(follower)
    });
    rider.cancel(&trip).ok(200);
    follower.hears(&trip, "cancelled");
    let log = follower.vanish();
    Follower::go_on(&rider, log);
}
