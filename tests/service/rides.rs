//! Trips after the acceptance: the ride code, waiting and no-shows, and giving back.

use serde_json::{Value, json};

use crate::bookings::later;
use crate::harness::{Database, Options, Service, Test, nk, tests, town};

pub fn tests() -> Vec<Test> {
    tests![
        a_ride_starts_with_the_riders_code,
        a_code_is_for_its_rider_alone,
        a_code_cannot_be_guessed_quickly,
        a_rider_who_does_not_come_is_given_up,
        a_rider_has_time_until_the_ordered_pick_up,
        only_its_driver_gives_a_trip_up,
        a_trip_that_is_given_back_goes_to_another_driver,
        a_ride_under_way_is_not_given_back,
        without_a_town_everything_is_as_before,
    ]
}

fn with_codes(on: Database, flags: &[&str]) -> Service {
    let town = town("broadcast", &json!({"ride_code": true}));
    Options::new(on).flags(flags).town(&town).start()
}

fn code_path(trip: &Value) -> String {
    format!("/api/trip/{}/code/", nk(trip))
}

/// A code of four digits other than this one.
fn another(code: &Value) -> Value {
    json!(if code == "0000" { "0001" } else { "0000" })
}

fn a_ride_starts_with_the_riders_code(on: Database) {
    let service = with_codes(on, &[]);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let trip = rider.orders(&json!({}));
    assert_eq!(trip["ride_code"], true);
    let code = rider.get(&code_path(&trip)).ok(200)["code"].clone();
    let digits = code.as_str().expect("the code is a string");
    assert!(digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit()));
    driver.accept(&trip).ok(200);
    let arrived = driver.arrive(&trip).ok(200);
    let body = driver.start(&trip).problem(403, "wrong-code");
    assert_eq!(body["detail"], "This is not the ride's code.");
    let starts = |code: &Value| driver.command_with(&trip, "start", &json!({ "code": code }));
    starts(&another(&code)).problem(403, "wrong-code");
    for wrong in [json!("12"), json!("12a4"), json!(1234), json!("")] {
        let body = starts(&wrong).names_field("code");
        assert!(
            body["errors"]
                .as_object()
                .is_some_and(|errors| errors.len() == 1)
        );
    }
    assert_eq!(rider.trip(nk(&trip)), arrived);
    let started = starts(&code).ok(200);
    assert_eq!(started["status"], "IN_PROGRESS");
    // A repeated start needs no code.
    assert_eq!(driver.start(&trip).ok(200), started);
    assert_eq!(rider.get(&code_path(&trip)).ok(200)["code"], code);
}

fn a_code_is_for_its_rider_alone(on: Database) {
    let service = with_codes(on, &[]);
    let (rider, other, driver) = (
        service.rider("ann"),
        service.rider("amy"),
        service.driver("bob"),
    );
    let trip = rider.orders(&json!({}));
    driver.accept(&trip).ok(200);
    let path = code_path(&trip);
    let code = rider.get(&path).ok(200);
    assert!(code["code"].is_string(), "{code}");
    other.get(&path).problem(404, "not-found");
    driver.get(&path).problem(403, "not-allowed");
    let operator = service.operator("olga");
    operator.get(&path).problem(403, "not-allowed");
    service.http().get(&path).problem(401, "not-authenticated");
    let digits = code["code"].as_str().expect("the code is a string");
    for client in [&rider.0, &driver.0, &operator.0] {
        let seen = client.get(&format!("/api/trip/{}/", nk(&trip)));
        assert!(
            !seen.text.contains(&format!("\"{digits}\"")),
            "{}",
            seen.text
        );
    }
}

fn a_code_cannot_be_guessed_quickly(on: Database) {
    let service = with_codes(on, &["--limits", "on"]);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let trip = rider.orders(&json!({}));
    let code = rider.get(&code_path(&trip)).ok(200)["code"].clone();
    driver.accept(&trip).ok(200);
    let starts = |code: &Value| driver.command_with(&trip, "start", &json!({ "code": code }));
    for _ in 0..5 {
        starts(&another(&code)).problem(403, "wrong-code");
    }
    let answer = starts(&code);
    answer.problem(429, "too-many-requests");
    let seconds: u64 = answer
        .header("retry-after")
        .and_then(|seconds| seconds.parse().ok())
        .expect("the refusal has a Retry-After");
    assert!((1..=30).contains(&seconds), "{seconds}");
    // The limit affects neither other commands nor other drivers.
    driver.arrive(&trip).ok(200);
    let (other, trip) = (service.driver("ben"), rider.orders(&json!({})));
    let code = rider.get(&code_path(&trip)).ok(200);
    other.accept(&trip).ok(200);
    other.command_with(&trip, "start", &code).ok(200);
}

/// A service where drivers wait for four minutes before a no-show.
fn with_waiting(on: Database) -> Service {
    let rules = json!({
        "currency": "EUR", "waiting": {"free_seconds": 240}, "cancellation": {"no_show_fee": 500},
        // Drivers may say that they have arrived from anywhere.
        "duties": {"arrive_within_metres": 0},
    });
    let town = town("broadcast", &rules);
    Options::new(on).town(&town).with_clock().start()
}

fn a_rider_who_does_not_come_is_given_up(on: Database) {
    let mut service = with_waiting(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let trip = rider.orders(&json!({}));
    driver.accept(&trip).ok(200);
    let body = driver
        .command(&trip, "no_show")
        .problem(409, "not-possible");
    assert_eq!(body["trip_status"], "STARTED");
    driver.arrive(&trip).ok(200);
    service.advance(210.0);
    let body = driver.command(&trip, "no_show").problem(409, "too-early");
    let detail = body["detail"].as_str().unwrap_or_default();
    assert!(detail.starts_with("The free waiting time lasts until 20"));
    service.advance(31.0);
    let ended = driver.command(&trip, "no_show").ok(200);
    let line = json!({"kind": "no_show", "amount": 500});
    let fare = json!({"currency": "EUR", "total": 500, "lines": [line]});
    assert_eq!(
        (&ended["status"], &ended["fare"]),
        (&json!("NO_SHOW"), &fare)
    );
    assert_eq!(ended["driver"], driver.party());
    assert_eq!(driver.command(&trip, "no_show").ok(200), ended);
    assert_eq!(rider.trip(nk(&trip)), ended);
    let listed = rider.get("/api/notifications/").ok(200);
    assert_eq!(listed["unread"], 2, "the arrival, and this: {listed}");
    // The trip is over, and the driver is free.
    rider.cancel(&trip).problem(409, "not-possible");
    driver.start(&trip).problem(409, "not-possible");
    driver.accept(&rider.orders(&json!({}))).ok(200);
}

fn a_rider_has_time_until_the_ordered_pick_up(on: Database) {
    let mut service = with_waiting(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let trip = rider.orders(&json!({"pick_up_at": later(&rider, 600)}));
    driver.accept(&trip).ok(200);
    driver.arrive(&trip).ok(200);
    service.advance(800.0);
    driver.command(&trip, "no_show").problem(409, "too-early");
    service.advance(45.0);
    driver.command(&trip, "no_show").ok(200);
}

fn only_its_driver_gives_a_trip_up(on: Database) {
    let mut service = with_waiting(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let other = service.driver("ben");
    let trip = rider.orders(&json!({}));
    for verb in ["no_show", "give_back"] {
        let body = driver.command(&trip, verb).problem(409, "not-possible");
        assert_eq!(body["trip_status"], "REQUESTED");
    }
    driver.accept(&trip).ok(200);
    driver.arrive(&trip).ok(200);
    service.advance(241.0);
    for verb in ["no_show", "give_back"] {
        other.command(&trip, verb).problem(403, "not-your-trip");
        rider.command(&trip, verb).problem(403, "not-allowed");
    }
    driver.command(&trip, "no_show").ok(200);
}

fn a_trip_that_is_given_back_goes_to_another_driver(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let other = service.driver("ben");
    let trip = rider.orders(&json!({}));
    driver.accept(&trip).ok(200);
    driver.arrive(&trip).ok(200);
    let reason = json!({"reason": "A flat tyre"});
    let back = driver.command_with(&trip, "give_back", &reason).ok(200);
    let now = (&back["status"], &back["driver"], &back["reason"]);
    assert_eq!(
        now,
        (&json!("REQUESTED"), &Value::Null, &json!("A flat tyre"))
    );
    // A repetition, as after a lost answer, gets the same answer.
    assert_eq!(driver.command(&trip, "give_back").ok(200), back);
    let body = driver.accept(&trip).problem(403, "not-offered");
    assert_eq!(
        body["detail"],
        "You have given this trip back, or it was taken from you."
    );
    let listed = rider.get("/api/notifications/").ok(200);
    assert_eq!(listed["unread"], 2, "the arrival, and this: {listed}");
    let taken = other.accept(&trip).ok(200);
    assert_eq!(taken["driver"], other.party());
    driver.accept(&trip).problem(409, "already-taken");
    // The driver who gave it back may take another trip.
    driver.accept(&rider.orders(&json!({}))).ok(200);
}

fn a_ride_under_way_is_not_given_back(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let trip = rider.orders(&json!({}));
    driver.accept(&trip).ok(200);
    let blank = json!({"reason": ""});
    driver
        .command_with(&trip, "give_back", &blank)
        .names_field("reason");
    driver.start(&trip).ok(200);
    for _ in 0..2 {
        let body = driver
            .command(&trip, "give_back")
            .problem(409, "not-possible");
        assert_eq!(body["trip_status"], "IN_PROGRESS");
    }
    driver.complete(&trip).ok(200);
}

fn without_a_town_everything_is_as_before(on: Database) {
    let mut service = Options::new(on).with_clock().start();
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let trip = rider.orders(&json!({}));
    assert_eq!(rider.get(&code_path(&trip)).ok(200), json!({"code": null}));
    for new in ["area", "ride_code", "quote", "fare", "class"] {
        assert!(trip.get(new).is_none(), "{new}: {trip}");
    }
    driver.accept(&trip).ok(200);
    // A code is ignored where none is needed.
    let started = driver.command_with(&trip, "start", &json!({"code": "1234"}));
    started.ok(200);
    let done = driver.complete(&trip).ok(200);
    assert!(done.get("fare").is_none(), "{done}");
    let trip = rider.orders(&json!({}));
    driver.accept(&trip).ok(200);
    driver.arrive(&trip).ok(200);
    service.advance(270.0);
    driver.command(&trip, "no_show").problem(409, "too-early");
    service.advance(31.0);
    let ended = driver.command(&trip, "no_show").ok(200);
    assert_eq!(ended["status"], "NO_SHOW");
    assert!(ended.get("fare").is_none(), "{ended}");
}
