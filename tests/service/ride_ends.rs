//! Ends of rides: each ride is measured, only those who may end it can, and the next ride is not affected.

use serde_json::{Value, json};

use crate::corrupt::{corrupt_rows, spoil_pieces};
use crate::harness::{
    Answer, Database, Driver, Options, STAND, Test, at_once, eventually, location, nk, north_of,
    tests,
};
use crate::quotes::fares;
use crate::races::rounds;

pub fn tests() -> Vec<Test> {
    tests![
        what_becomes_of_a_ride_that_is_over_stops_no_other,
        a_ride_that_ends_while_it_begins_is_measured,
        only_for_who_may_end_a_ride_is_it_read,
    ]
}

/// The rider deletes the first trip, and an operator sets another fare for the second. The driver is on the third.
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
    // The answer to a new shift comes once all earlier events have been followed.
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

/// The driver or an operator ends the ride at the moment of its start. It costs as much as a ride of no duration, and
/// not as much as its quote.
fn a_ride_that_ends_while_it_begins_is_measured(on: Database) {
    let service = Options::new(on).town(&fares()).start();
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let operator = service.operator("olga");
    let ending = json!({"status": "COMPLETED", "reason": "The phone is broken"});
    let (starter, ender) = (driver.again(), driver.again());
    for round in 0..rounds() {
        let trip = rider.orders(&json!({}));
        assert_eq!(trip["quote"]["total"], 1_310);
        driver.accept(&trip).ok(200);
        let path = |verb: &str| format!("/api/trip/{}/{verb}/", nk(&trip));
        let start = || starter.post_nothing(&path("start"));
        let end = || match round % 4 {
            0 => operator.post(&path("end"), &ending),
            _ => ender.post_nothing(&path("complete")),
        };
        let calls: [&(dyn Fn() -> Answer + Sync); 2] = [&start, &end];
        let answers = at_once(calls.map(|call| move || call()));
        answers[0].ok(200);
        let done = match answers[1].status {
            200 => answers[1].ok(200),
            _ => {
                answers[1].problem(409, "not-possible");
                driver.complete(&trip).ok(200)
            }
        };
        assert_eq!(done["fare"]["total"], 600, "the minimum: {done}");
        let track = rider.get(&format!("/api/trip/{}/track/", nk(&trip)));
        track.ok(200);
    }
}

/// A corrupt piece of the track is counted when it is read, so the count shows whether the track was read.
fn only_for_who_may_end_a_ride_is_it_read(on: Database) {
    let mut service = Options::new(on).town(&fares()).with_clock().start();
    let (rider, mut driver) = (service.rider("ann"), service.driver("bob"));
    driver.post_nothing("/api/shift/").ok(200);
    let trip = rider.orders(&json!({}));
    driver.accept(&trip).ok(200);
    driver.start(&trip).ok(200);
    let is_here = |driver: &Driver| driver.post("/api/positions/", &location(STAND));
    is_here(&driver).ok(200);
    service.stop();
    service.restart();
    driver.follow(&service);
    // The service refuses positions until it has read the rides under way.
    eventually("the service takes positions", || {
        (is_here(&driver).status == 200).then_some(())
    });
    spoil_pieces(&service, on, &trip, "00");
    let stranger = service.driver("ben");
    stranger.complete(&trip).problem(403, "not-your-trip");
    assert_eq!(corrupt_rows(&service), 0);
    driver.complete(&trip).ok(200);
    assert_eq!(corrupt_rows(&service), 1);
}
