//! Shifts, positions and supply over HTTP.

use serde_json::{Value, json};

use crate::harness::{
    Database, Options, STAND, Service, Test, eventually, location, nk, north_of, tests, town,
};
use crate::native_shifts::{counts, judged, verdicts};
use crate::quotes::fares;

pub fn tests() -> Vec<Test> {
    tests![
        a_shift_begins_and_ends,
        a_vehicle_is_one_that_the_town_has,
        positions_are_judged_one_by_one,
        a_report_that_breaks_a_rule_is_named,
        a_position_is_seen_while_the_trip_runs,
        only_operators_see_the_supply,
        drivers_only,
        an_offer_is_taken_over_http,
    ]
}

fn a_shift_begins_and_ends(on: Database) {
    let service = Service::start(on);
    let driver = service.driver("bob");
    let off = json!({"shift": null, "activity": "off_shift", "offer": null});
    assert_eq!(driver.get("/api/shift/").ok(200), off);
    driver
        .post_nothing("/api/shift/end/")
        .problem(409, "no-shift");
    let shift = driver.post_nothing("/api/shift/").ok(200);
    let began = shift["began"].clone();
    let expected = json!({"id": shift["id"], "driver": driver.id, "class": "standard", "seats": 4, "began": began, "ended": null});
    assert_eq!(shift, expected);
    // Beginning a shift again changes nothing with the same vehicle, and is refused with another one.
    let same = json!({"class": "standard", "seats": 4});
    assert_eq!(driver.post("/api/shift/", &same).ok(200), shift);
    driver
        .post("/api/shift/", &json!({"seats": 6}))
        .problem(409, "on-shift");
    // The driver has not reported a position yet.
    let on = json!({"shift": shift, "activity": "stale", "offer": null});
    assert_eq!(driver.get("/api/shift/").ok(200), on);
    let ended = driver.post_nothing("/api/shift/end/").ok(200);
    assert_eq!((&ended["id"], &ended["began"]), (&shift["id"], &began));
    assert!(ended["ended"].is_string(), "{ended}");
    assert_eq!(driver.get("/api/shift/").ok(200), off);
    let next = driver.post("/api/shift/", &json!({"seats": 6})).ok(200);
    assert_eq!(next["seats"], 6);
    assert_ne!(next["id"], shift["id"]);
}

fn a_vehicle_is_one_that_the_town_has(on: Database) {
    let service = Options::new(on).town(&fares()).start();
    let driver = service.driver("bob");
    for (field, wrong) in [
        ("class", json!("boat")),
        ("class", json!("A B")),
        ("seats", json!(0)),
        ("seats", json!(17)),
        ("seats", json!("many")),
    ] {
        driver
            .post("/api/shift/", &json!({ field: wrong }))
            .names_field(field);
    }
    let form = driver.call("POST", "/api/shift/").form("class=van&seats=8");
    let shift = form.send().ok(200);
    assert_eq!(
        (&shift["class"], &shift["seats"]),
        (&json!("van"), &json!(8))
    );
}

fn positions_are_judged_one_by_one(on: Database) {
    let service = Service::start(on);
    let driver = service.driver("bob");
    let path = "/api/positions/";
    driver.post(path, &location(STAND)).problem(409, "no-shift");
    let shift = driver.post_nothing("/api/shift/").ok(200);
    let at = shift["began"].clone();
    let mut first = location(STAND);
    first["at"] = at.clone();
    let report = |positions: &Value| judged(driver.post(path, positions).ok(200));
    assert_eq!(report(&first), counts(&json!({"accepted": 1})));
    assert_eq!(report(&first), counts(&json!({"duplicate": 1})));
    let mut old = first.clone();
    old["at"] = json!("2020-01-01T00:00:00Z");
    let mut unsure = location(STAND);
    unsure["accuracy"] = json!(90_000);
    let several = json!({"positions": [unsure, first, old]});
    let expected = json!({"duplicate": 1, "impossible": 1, "too_old": 1});
    assert_eq!(report(&several), counts(&expected));
    let form = "lat=48.137&lon=11.575&speed=-1&heading=";
    let answer = driver.call("POST", path).form(form).send();
    answer.ok(200);
    let sum = service.operator("olga").get("/api/supply/").ok(200);
    assert_eq!(sum["positions"]["duplicate"], 2, "{sum}");
    assert_eq!(sum["positions"]["impossible"], 1, "{sum}");
}

fn a_report_that_breaks_a_rule_is_named(on: Database) {
    let service = Service::start(on);
    let driver = service.driver("bob");
    driver.post_nothing("/api/shift/").ok(200);
    let report = |fields| driver.post("/api/positions/", &fields);
    report(json!({})).names_field("lat");
    report(json!({"lat": 48.1})).names_field("lon");
    report(json!({"lat": 91, "lon": 0})).names_field("lat");
    for (field, wrong) in [
        ("lat", json!("north")),
        ("at", json!("now")),
        ("accuracy", json!(100_001)),
        ("heading", json!(361)),
        ("speed", json!("fast")),
    ] {
        let mut fields = location(STAND);
        fields[field] = wrong;
        report(fields).names_field(field);
    }
    for wrong in [
        json!([]),
        json!({}),
        json!([{"lat": 1}]),
        json!([1]),
        json!(vec![location(STAND); 101]),
    ] {
        report(json!({ "positions": wrong })).names_field("positions");
    }
}

fn a_position_is_seen_while_the_trip_runs(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let (other, stranger) = (service.driver("ben"), service.rider("amy"));
    let operator = service.operator("olga");
    let trip = rider.orders(&json!({}));
    let path = format!("/api/trip/{}/position/", nk(&trip));
    let body = rider.get(&path).problem(409, "not-possible");
    assert_eq!(body["trip_status"], "REQUESTED");
    driver.accept(&trip).ok(200);
    rider.get(&path).problem(404, "not-found");
    driver.post_nothing("/api/shift/").ok(200);
    let (lat, lon) = STAND;
    let position = json!({"lat": lat, "lon": lon, "accuracy": 5.5, "heading": 90.0, "speed": 8.25});
    driver.post("/api/positions/", &position).ok(200);
    for client in [&rider.0, &driver.0, &operator.0] {
        let mut seen = client.get(&path).ok(200);
        let at = seen.as_object_mut().and_then(|seen| seen.remove("at"));
        assert!(at.is_some_and(|at| at.is_string()));
        assert_eq!(seen, position);
    }
    for client in [&other.0, &stranger.0] {
        client.get(&path).problem(404, "not-found");
    }
    for verb in ["arrive", "start"] {
        driver.command(&trip, verb).ok(200);
        rider.get(&path).ok(200);
    }
    driver.complete(&trip).ok(200);
    for client in [&rider.0, &driver.0, &operator.0] {
        let body = client.get(&path).problem(409, "not-possible");
        assert_eq!(body["trip_status"], "COMPLETED");
    }
}

fn only_operators_see_the_supply(on: Database) {
    let service = Service::start(on);
    let operator = service.operator("olga");
    let nothing = verdicts(&json!({}));
    let empty = json!({
        "on_shift": {"free": 0, "offered": 0, "on_trip": 0},
        "positions": nothing,
        "promises": {"count": 0, "mean": 0, "p50": 0, "p90": 0},
    });
    assert_eq!(operator.get("/api/supply/").ok(200), empty);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    driver.post_nothing("/api/shift/").ok(200);
    driver.post("/api/positions/", &location(STAND)).ok(200);
    let mut supply = empty;
    supply["on_shift"]["free"] = json!(1);
    supply["positions"]["accepted"] = json!(1);
    assert_eq!(operator.get("/api/supply/").ok(200), supply);
    driver.accept(&rider.orders(&json!({}))).ok(200);
    supply["on_shift"] = json!({"free": 0, "offered": 0, "on_trip": 1});
    eventually("the driver is counted as on a trip", || {
        (operator.get("/api/supply/").ok(200) == supply).then_some(())
    });
    for client in [&rider.0, &driver.0] {
        client.get("/api/supply/").problem(403, "not-allowed");
    }
    service
        .http()
        .get("/api/supply/")
        .problem(401, "not-authenticated");
}

fn drivers_only(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let trip = rider.orders(&json!({}));
    for client in [&rider.0, &service.operator("olga").0] {
        client.get("/api/shift/").problem(403, "not-allowed");
        for path in ["/api/shift/", "/api/shift/end/", "/api/positions/"] {
            client.post_nothing(path).problem(403, "not-allowed");
        }
        for verb in ["receive", "decline", "give_back", "no_show"] {
            client.command(&trip, verb).problem(403, "not-allowed");
        }
    }
    for verb in ["receive", "decline"] {
        let driver = service.driver(verb);
        driver.command(&trip, verb).problem(403, "not-offered");
        let nothing = format!("/api/trip/{}/{verb}/", "0".repeat(32));
        driver.post_nothing(&nothing).problem(404, "not-found");
    }
}

fn an_offer_is_taken_over_http(on: Database) {
    let town = town("nearest", &json!({}));
    let service = Options::new(on).town(&town).start();
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    driver.post_nothing("/api/shift/").ok(200);
    let near = location(north_of(STAND, 640.0));
    driver.post("/api/positions/", &near).ok(200);
    let trip = rider.orders(&json!({}));
    let duty = eventually("the trip is offered", || {
        let duty = driver.get("/api/shift/").ok(200);
        (duty["activity"] == "offered").then_some(duty)
    });
    let offer = &duty["offer"];
    assert_eq!(
        (&offer["state"], &offer["trip"]),
        (&json!("created"), &trip)
    );
    let terms = (
        &offer["attempt"],
        &offer["metres"],
        &offer["decide_seconds"],
    );
    assert_eq!(terms, (&json!(1), &json!(640), &json!(15)));
    let received = driver.command(&trip, "receive").ok(200);
    assert_eq!(
        (&received["id"], &received["state"]),
        (&offer["id"], &json!("delivered"))
    );
    driver.accept(&trip).ok(200);
    let duty = driver.get("/api/shift/").ok(200);
    assert_eq!(
        (&duty["activity"], &duty["offer"]),
        (&json!("on_trip"), &json!(null))
    );
}
