//! The stream `staff`, by which operators follow all trips, shifts and offers.

use serde_json::{Value, json};

use super::offers::nearest;
use crate::harness::{
    Cab, Client, Database, Follower, Lines, Log, Operator, Service, Test, eventually, tables, tests,
};

pub fn tests() -> Vec<Test> {
    tests![
        an_operator_goes_on_where_it_stopped,
        a_page_of_an_operator_goes_on_where_it_stopped,
        an_operator_is_shown_who_is_on_shift_and_what_is_offered,
        an_operator_is_shown_so_many_trips_and_told_that_there_are_more,
        an_operator_is_shown_so_many_shifts_and_offers_and_told_that_there_are_more,
        a_client_that_does_not_name_the_stream_gets_a_snapshot_once,
        a_database_of_before_the_stream_is_followed_from_now_on,
        an_operator_who_was_away_for_too_long_gets_a_snapshot,
        streams_that_begin_anew_begin_anew_for_the_staff,
    ]
}

/// A new driver's shift with one trip, which its rider cancels; gives the kinds of the events.
#[track_caller]
fn a_day(service: &mut Service, name: &str) -> Vec<&'static str> {
    let mut cab = Cab::on_shift(service, name, 100.0);
    let rider = service.rider(&format!("rider-of-{name}"));
    let trip = rider.orders(&json!({}));
    cab.receives(&trip);
    cab.does("accept", &trip).ok(200);
    rider.cancel(&trip).ok(200);
    cab.call("end_shift", &json!({})).ok(200);
    vec![
        "shift-began",
        "requested",
        "offered",
        "offer-ended",
        "accepted",
        "cancelled",
        "shift-ended",
    ]
}

fn an_operator_goes_on_where_it_stopped(on: Database) {
    let mut service = nearest(on, &json!({}));
    let operator = service.operator("olga");
    let mut live = Follower::begin(&operator).0;
    let log = Follower::begin(&operator).0.vanish();
    let mut expected = a_day(&mut service, "bob");
    expected.extend(a_day(&mut service, "ben"));
    let mut late = Follower::go_on(&operator, log);
    for kind in expected {
        let event = live.next();
        assert_eq!(event["kind"], kind);
        assert_eq!(late.next(), event);
    }
    assert_eq!(late.log.positions(), live.log.positions());
}

fn follow(operator: &Operator, id: &str) -> Lines {
    let call = operator.call("GET", "/api/events/");
    let call = call.header("Last-Event-ID", id);
    call.follow().unwrap_or_else(|answer| panic!("{answer:?}"))
}

fn a_page_of_an_operator_goes_on_where_it_stopped(on: Database) {
    let mut service = nearest(on, &json!({}));
    let operator = service.operator("olga");
    let mut lines = follow(&operator, "");
    lines.hears("snapshot");
    let first = a_day(&mut service, "bob");
    for kind in &first[..3] {
        lines.hears(kind);
    }
    let mut again = follow(&operator, &lines.last_id);
    again.hears("resumed");
    for kind in &first[3..] {
        assert_eq!(again.hears(kind), lines.hears(kind));
    }
}

fn an_operator_is_shown_who_is_on_shift_and_what_is_offered(on: Database) {
    let service = nearest(on, &json!({}));
    let operator = service.operator("olga");
    let mut cab = Cab::on_shift(&service, "bob", 100.0);
    let trip = service.rider("ann").orders(&json!({}));
    let offer = cab.receives(&trip);
    let (mut follower, snapshot) = Follower::begin(&operator);
    let shift = cab.call("shift", &json!({})).ok(200)["shift"].clone();
    assert_eq!(shift["driver"], cab.id);
    assert_eq!(snapshot["shifts"], json!([shift]));
    let offered = &snapshot["offers"][0];
    assert_eq!(
        (&offered["id"], &offered["state"], &offered["driver"]),
        (&offer["id"], &json!("delivered"), &json!(cab.id))
    );
    assert_eq!(snapshot["trips"], json!([trip]));
    let more = json!({"trips": false, "shifts": false, "offers": false});
    assert_eq!(snapshot["more"], more);
    cab.does("decline", &trip).ok(200);
    assert_eq!(follower.next()["kind"], "offer-ended");
    // The snapshots of drivers and riders have no shifts and offers.
    for client in [&cab as &Client, &service.rider("amy")] {
        let (_, snapshot) = Follower::begin(client);
        assert!(snapshot.get("shifts").is_none(), "{snapshot}");
    }
}

fn an_operator_is_shown_so_many_trips_and_told_that_there_are_more(on: Database) {
    let service = Service::with(on, &["--rider-trips", "100000"]);
    let (rider, operator) = (service.rider("ann"), service.operator("olga"));
    let mut native = rider.native();
    let data = json!({"pick_up_address": "A", "drop_off_address": "B"});
    for n in 0..1000 {
        native.send(None, "create", &json!({"request_id": n, "data": data}));
    }
    for n in 0..1000 {
        native.answer(None, "create", &json!(n)).ok(201);
    }
    let shown = |is_more: bool| {
        let (_, snapshot) = Follower::begin(&operator);
        assert_eq!(snapshot["trips"].as_array().map(Vec::len), Some(1000));
        assert_eq!(snapshot["more"]["trips"], is_more);
        snapshot["trips"][0]["id"].clone()
    };
    shown(false);
    let last = rider.request("C", "D");
    assert_eq!(shown(true), last["id"]);
}

/// SQL that inserts drivers, numbered from `first` to `last`, on shift, each with an open offer of that trip.
fn drivers(on: Database, trip: &Value, first: i64, last: i64) -> String {
    let (key, due_at) = match on {
        Database::Sqlite => ("randomblob(16)", "4102444800000000"),
        Database::Postgres => ("gen_random_uuid()", "TIMESTAMPTZ '2100-01-01'"),
    };
    let these = format!("WHERE username LIKE 'd-{first}-%'");
    format!(
        "INSERT INTO users (username, password_hash, first_name, last_name, role, standing, created_at) \
         WITH RECURSIVE numbers(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM numbers WHERE n < {last}) \
         SELECT 'd-{first}-' || n, '', '', '', 'driver', 'active', (SELECT min(created_at) FROM users) FROM numbers; \
         INSERT INTO shifts (driver_id, class, seats, began_at) SELECT id, 'standard', 4, created_at FROM users {these}; \
         INSERT INTO offers (id, trip_id, attempt, driver_id, state, metres, eta_s, offered_at, due_at, decide_s) \
         SELECT {key}, {}, 1, id, 'created', 1, 1, created_at, {due_at}, 15 FROM users {these}",
        trip["id"]
    )
}

fn an_operator_is_shown_so_many_shifts_and_offers_and_told_that_there_are_more(on: Database) {
    let service = nearest(on, &json!({}));
    let operator = service.operator("olga");
    let trip = service.rider("ann").orders(&json!({}));
    let shown = |is_more: bool| {
        let (_, snapshot) = Follower::begin(&operator);
        for kind in ["shifts", "offers"] {
            assert_eq!(snapshot[kind].as_array().map(Vec::len), Some(1000));
            assert_eq!(snapshot["more"][kind], is_more, "{kind}");
        }
        assert_eq!(snapshot["more"]["trips"], false);
    };
    tables::write(service.home(), &drivers(on, &trip, 1, 1000));
    shown(false);
    tables::write(service.home(), &drivers(on, &trip, 1001, 1001));
    shown(true);
}

/// The positions without the stream `staff`, as a client has them that does not know the stream.
fn without(positions: &Value) -> Value {
    let positions = positions.as_array().expect("a list").iter();
    positions
        .filter(|position| position["stream"] != "staff")
        .cloned()
        .collect()
}

#[track_caller]
fn resume(operator: &Operator, positions: &Value) -> Value {
    let fields = json!({"data": {"positions": positions}});
    operator.native().call("resume", &fields).ok(200)
}

fn a_client_that_does_not_name_the_stream_gets_a_snapshot_once(on: Database) {
    let service = Service::start(on);
    let operator = service.operator("olga");
    let positions = Follower::begin(&operator).0.log.positions();
    let trip = service.rider("ann").request("A", "B");
    let answer = resume(&operator, &without(&positions));
    assert_eq!(
        (&answer["reason"], &answer["snapshot"]["trips"]),
        (&json!("no-position"), &json!([trip]))
    );
    let again = resume(&operator, &answer["positions"]);
    assert_eq!(again["resumed"], true, "{again}");
}

/// In such a database, the stream has no entries of earlier events.
fn a_database_of_before_the_stream_is_followed_from_now_on(on: Database) {
    let mut service = Service::start(on);
    let (mut rider, mut operator) = (service.rider("ann"), service.operator("olga"));
    let old = Follower::begin(&operator).0.log.positions();
    let trip = rider.request("A", "B");
    service.kill();
    let removal = "DELETE FROM stream_entries WHERE stream = 'staff'; \
        DELETE FROM stream_heads WHERE stream = 'staff'";
    tables::write(service.home(), removal);
    service.restart();
    rider.follow(&service);
    operator.follow(&service);
    let answer = resume(&operator, &without(&old));
    assert_eq!(answer["snapshot"]["trips"], json!([trip]), "{answer}");
    let mut log = Log::default();
    log.open(&answer);
    let mut live = Follower::go_on(&operator, log.clone());
    rider.cancel(&trip).ok(200);
    live.hears(&trip, "cancelled");
    let mut late = Follower::go_on(&operator, log);
    late.hears(&trip, "cancelled");
    assert_eq!(late.log.heard[0]["position"]["sequence"], 1);
    service.kill();
    service.home().must_run(&["replay", "--check"], "");
}

fn an_operator_who_was_away_for_too_long_gets_a_snapshot(on: Database) {
    let service = Service::with(on, &["--event-retention", "1"]);
    let (rider, operator) = (service.rider("ann"), service.operator("olga"));
    let positions = Follower::begin(&operator).0.log.positions();
    let trip = rider.request("A", "B");
    let answer = eventually("an event is too old", || {
        let answer = resume(&operator, &positions);
        (answer["resumed"] == false).then_some(answer)
    });
    assert_eq!(
        (&answer["reason"], &answer["snapshot"]["trips"]),
        (&json!("too-old"), &json!([trip]))
    );
}

fn streams_that_begin_anew_begin_anew_for_the_staff(on: Database) {
    let mut service = Service::start(on);
    let (mut rider, mut operator) = (service.rider("ann"), service.operator("olga"));
    let mut follower = Follower::begin(&operator).0;
    let trip = rider.request("A", "B");
    follower.hears(&trip, "requested");
    let positions = follower.vanish().positions();
    service.stop();
    service.home().must_run(&["new-epoch"], "");
    service.restart();
    rider.follow(&service);
    operator.follow(&service);
    let answer = resume(&operator, &positions);
    assert_eq!(answer["reason"], "unknown-epoch", "{answer}");
    let mut log = Log::default();
    log.open(&answer);
    rider.cancel(&trip).ok(200);
    Follower::go_on(&operator, log).hears(&trip, "cancelled");
}
