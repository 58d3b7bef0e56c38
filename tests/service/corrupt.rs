//! A corrupt row, which the tests write themselves, is left out and logged once. Everything else goes on.

use serde_json::{Value, json};

use super::offers::nearest;
use crate::harness::{
    Cab, Client, Database, Follower, Gone, Options, Rider, STAND, Service, Test, eventually,
    location, nk, north_of, tables, tests,
};
use crate::quotes::fares;

pub fn tests() -> Vec<Test> {
    tests![
        lists_leave_a_corrupt_trip_out_and_whoever_asks_for_it_is_told,
        searches_go_on_beside_a_corrupt_trip,
        deadlines_are_kept_beside_a_corrupt_trip,
        a_service_starts_beside_corrupt_rows,
        what_follows_a_corrupt_event_is_a_snapshot_for_those_who_miss_it,
        a_corrupt_row_is_named_once_and_counted,
        a_piece_of_a_track_with_impossible_fixes_is_a_gap,
        whose_vehicles_are_unreadable_drives_nothing_and_stops_nobody,
        a_corrupt_event_that_is_asked_for_alone_is_counted,
        a_log_in_that_ends_at_no_time_is_over,
    ]
}

/// Assignments that make the row of a trip unreadable.
const CORRUPTIONS: [&str; 4] = [
    "details = '{'",
    "details = '7'",
    "details = '{\"order\":7}'",
    "reason = ''",
];

#[track_caller]
fn spoil(service: &Service, trip: &Value, wrong: &str) {
    let number = &trip["id"];
    tables::write(
        service.home(),
        &format!("UPDATE trips SET {wrong} WHERE id = {number}"),
    );
}

/// Overwrites each saved piece of a ride's track with these bytes.
#[track_caller]
pub fn spoil_pieces(service: &Service, on: Database, trip: &Value, hex: &str) {
    let bytes = match on {
        Database::Sqlite => format!("X'{hex}'"),
        Database::Postgres => format!("'\\x{hex}'::bytea"),
    };
    let number = &trip["id"];
    tables::write(
        service.home(),
        &format!("UPDATE track_pieces SET spots = {bytes} WHERE trip_id = {number}"),
    );
}

/// The number of corrupt rows that a healthy service reports.
#[track_caller]
pub fn corrupt_rows(service: &Service) -> i64 {
    let health = service.http().get("/healthz").ok(200);
    health["corrupt_rows"].as_i64().expect("a number")
}

fn lists_leave_a_corrupt_trip_out_and_whoever_asks_for_it_is_told(on: Database) {
    for wrong in CORRUPTIONS {
        let service = Service::start(on);
        let (rider, driver) = (service.rider("ann"), service.driver("bob"));
        let operator = service.operator("olga");
        let (bad, good) = (rider.request("A", "B"), rider.request("C", "D"));
        spoil(&service, &bad, wrong);
        let people: [&Client; 3] = [&rider, &driver, &operator];
        for client in people {
            assert_eq!(client.trips(), std::slice::from_ref(&good), "{wrong}");
            let (_, snapshot) = Follower::begin(client);
            assert_eq!(snapshot["trips"], json!([good]), "{wrong}");
            let listed = client.native().call("list", &json!({})).ok(200);
            assert_eq!(listed, json!([good]), "{wrong}");
            let path = format!("/api/trip/{}/", nk(&bad));
            client.get(&path).problem(500, "corrupt");
            let asked = client.native().call("retrieve", &json!({"pk": bad["id"]}));
            assert_eq!(asked.0["response_status"], 500, "{asked:?}");
            assert_eq!(asked.0["data"]["code"], "corrupt", "{asked:?}");
        }
        rider.cancel(&bad).problem(500, "corrupt");
        driver.accept(&bad).problem(500, "corrupt");
        rider.connect().hears(&good, "REQUESTED");
        driver.accept(&good).ok(200);
        assert_eq!(corrupt_rows(&service), 1, "{wrong}");
    }
}

fn searches_go_on_beside_a_corrupt_trip(on: Database) {
    let mut service = nearest(on, &json!({}));
    let bad = service.rider("amy").orders(&json!({}));
    spoil(&service, &bad, CORRUPTIONS[0]);
    service.advance(1.0);
    let mut cab = Cab::on_shift(&service, "bob", 100.0);
    let good = service.rider("ann").orders(&json!({}));
    cab.receives(&good);
    cab.does("accept", &good).ok(200);
}

fn deadlines_are_kept_beside_a_corrupt_trip(on: Database) {
    let service = Service::with(on, &["--search-time", "1", "--rider-trips", "10"]);
    let rider = service.rider("ann");
    let mut phone = rider.connect();
    let bad = rider.request("A", "B");
    spoil(&service, &bad, CORRUPTIONS[0]);
    for _ in 0..2 {
        let good = rider.request("C", "D");
        phone.hears_until(|frame| frame["nk"] == nk(&good) && frame["status"] == "EXPIRED");
    }
}

fn a_service_starts_beside_corrupt_rows(on: Database) {
    let mut service = nearest(on, &json!({}));
    let mut taken = Cab::on_shift(&service, "bob", 100.0);
    let trip = service.rider("amy").orders(&json!({}));
    taken.receives(&trip);
    taken.does("accept", &trip).ok(200);
    let _van = Cab::on_shift(&service, "ben", 200.0);
    let honest = Cab::on_shift(&service, "bea", 300.0);
    let (driver, log) = honest.vanishes();
    spoil(&service, &trip, CORRUPTIONS[0]);
    let class = "UPDATE shifts SET class = 'VAN!' WHERE driver_id IN (SELECT id FROM users WHERE username = 'ben')";
    tables::write(service.home(), class);
    service.kill();
    service.restart();
    let mut honest = Cab::comes_back(&service, driver, log);
    honest.waits_at(300.0);
    let mut rider = service.log_in("amy");
    rider.follow(&service);
    let next = Rider(rider).orders(&json!({}));
    honest.receives(&next);
    assert_eq!(corrupt_rows(&service), 2);
}

fn what_follows_a_corrupt_event_is_a_snapshot_for_those_who_miss_it(on: Database) {
    let service = Service::start(on);
    let (rider, other) = (service.rider("ann"), service.rider("amy"));
    let log = Follower::begin(&rider).0.vanish();
    let others = Follower::begin(&other).0.vanish();
    let trip = rider.request("A", "B");
    other.request("C", "D");
    let event = format!(
        "UPDATE events SET payload = '{{' WHERE trip_id = {}",
        trip["id"]
    );
    tables::write(service.home(), &event);
    let (mut follower, snapshot) = eventually("there is a snapshot", || {
        let (mut follower, opening) = Follower::resume(&rider, log.clone());
        if opening["resumed"] == false {
            return Some((follower, opening));
        }
        // The socket that comes upon the corrupt event is closed.
        let gone = follower.try_next().expect_err("the event cannot be read");
        assert!(matches!(gone, Gone::Closed(4008)), "{gone:?}");
        None
    });
    assert_eq!(
        (&snapshot["reason"], &snapshot["snapshot"]["trips"]),
        (&json!("too-old"), &json!([trip]))
    );
    let next = rider.request("E", "F");
    follower.hears(&next, "requested");
    let mut others = Follower::go_on(&other, others);
    assert_eq!(others.next()["kind"], "requested");
}

fn a_corrupt_row_is_named_once_and_counted(on: Database) {
    let mut service = nearest(on, &json!({}));
    let rider = service.rider("ann");
    let bad = rider.orders(&json!({}));
    assert_eq!(corrupt_rows(&service), 0);
    spoil(&service, &bad, CORRUPTIONS[0]);
    for _ in 0..4 {
        service.advance(1.0);
        rider.trips();
    }
    assert_eq!(corrupt_rows(&service), 1);
    service.stop();
    let log = service.process().log();
    let named: Vec<&str> = log
        .lines()
        .filter(|line| line.contains("Left out"))
        .collect();
    assert_eq!(named.len(), 1, "{log}");
    let row = format!("row {} of trips", bad["id"]);
    assert!(named[0].contains(&row), "{}", named[0]);
    assert!(!log.contains("cannot be read again"), "{log}");
}

fn whose_vehicles_are_unreadable_drives_nothing_and_stops_nobody(on: Database) {
    let service = Service::start(on);
    let (driver, other) = (service.driver("bob"), service.driver("ben"));
    tables::write(
        service.home(),
        "UPDATE users SET may_drive = '{' WHERE username = 'bob'",
    );
    let refused = driver.post("/api/shift/", &json!({}));
    refused.problem(403, "wrong-vehicle");
    other.post("/api/shift/", &json!({})).ok(200);
    assert_eq!(corrupt_rows(&service), 1);
}

/// A repeated idempotency key is answered from the event that the first use made.
fn a_corrupt_event_that_is_asked_for_alone_is_counted(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let fields = json!({"pick_up_address": "A", "drop_off_address": "B"});
    let ask = || {
        let call = rider.call("POST", "/api/trip/");
        call.header("Idempotency-Key", "once").json(&fields).send()
    };
    let trip = ask().ok(201);
    let event = format!(
        "UPDATE events SET payload = '{{' WHERE trip_id = {}",
        trip["id"]
    );
    tables::write(service.home(), &event);
    assert_eq!(corrupt_rows(&service), 0);
    ask().problem(500, "corrupt");
    assert_eq!(corrupt_rows(&service), 1);
}

fn a_log_in_that_ends_at_no_time_is_over(on: Database) {
    let service = Service::start(on);
    let (rider, other) = (service.rider("ann"), service.rider("amy"));
    let mut phone = rider.connect();
    let no_time = match on {
        Database::Sqlite => "9223372036854775807",
        Database::Postgres => "'infinity'",
    };
    let ends = format!(
        "UPDATE sessions SET expires_at = {no_time} WHERE user_id = {}",
        rider.id
    );
    tables::write(service.home(), &ends);
    assert!(!rider.is_logged_in() && other.is_logged_in());
    assert_eq!(phone.closed(), 4501);
    assert_eq!(corrupt_rows(&service), 1);
}

/// The bytes are as long as a fix, with a latitude of 200 degrees.
fn a_piece_of_a_track_with_impossible_fixes_is_a_gap(on: Database) {
    let mut service = Options::new(on).town(&fares()).with_clock().start();
    let (mut rider, mut driver) = (service.rider("ann"), service.driver("bob"));
    driver.post_nothing("/api/shift/").ok(200);
    let trip = rider.orders(&json!({}));
    driver.accept(&trip).ok(200);
    driver.start(&trip).ok(200);
    let stand = location(north_of(STAND, 0.0));
    assert_eq!(
        driver.post("/api/positions/", &stand).ok(200)["on_track"],
        1
    );
    service.stop();
    spoil_pieces(&service, on, &trip, "00000000000000000094357700000000ffff");
    service.restart();
    rider.follow(&service);
    driver.follow(&service);
    eventually("the piece is counted as corrupt", || {
        (corrupt_rows(&service) == 1).then_some(())
    });
    service.advance(120.0);
    let path = format!("/api/trip/{}/track/", nk(&trip));
    let so_far = rider.get(&path).ok(200);
    assert_eq!(so_far["segments"], json!([]), "{so_far}");
    let done = driver.complete(&trip).ok(200);
    assert_eq!(done["ridden"]["measured_metres"], 0, "{done}");
    let track = rider.get(&path).ok(200);
    assert_eq!(track["gaps"].as_array().map(Vec::len), Some(1), "{track}");
    assert_eq!(corrupt_rows(&service), 1);
}
