//! How rides end: always with their way, by nobody else, and without a harm to the next one.

use serde_json::{Value, json};

use crate::harness::{
    Database, Options, STAND, Test, location, nk, north_of, tests,
};
use crate::quotes::fares;

pub fn tests() -> Vec<Test> {
    tests![what_becomes_of_a_ride_that_is_over_stops_no_other]
}

/// The rider puts the first trip away, and an operator sets another fare for the second, while their driver drives the third.
fn what_becomes_of_a_ride_that_is_over_stops_no_other(on: Database) {
    let mut service = Options::new(on).town(&fares()).with_clock().start();
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    driver.post_nothing("/api/shift/").ok(200);
    let begins = || {
        let trip = rider.orders(&json!({}));
        driver.accept(&trip).ok(200);
        driver.start(&trip).ok(200);
        trip
    };
    let is_at = |metres: f64| {
        let place = location(north_of(STAND, metres));
        driver.post("/api/positions/", &place).ok(200)
    };
    let over: [Value; 2] = std::array::from_fn(|_| {
        let trip = begins();
        driver.complete(&trip).ok(200);
        trip
    });
    let trip = begins();
    assert_eq!(is_at(0.0)["on_track"], 1);
    let mut native = rider.native();
    native.call("delete", &json!({"pk": over[0]["id"]})).ok(204);
    let fare = json!({"amount": 900, "reason": "The long way"});
    let operator = service.operator("olga");
    operator.command_with(&over[1], "fare", &fare).ok(200);
    // Who begins a shift is answered once everything before it is known.
    service.driver("ben").post_nothing("/api/shift/").ok(200);
    service.advance(20.0);
    assert_eq!(is_at(400.0)["on_track"], 1);
    let done = driver.complete(&trip).ok(200);
    assert_eq!(done["ridden"]["filled_metres"], 0, "{done}");
    let track = rider
        .get(&format!("/api/trip/{}/track/", nk(&trip)))
        .ok(200);
    assert_eq!(track["gaps"], json!([]), "{track}");
}
