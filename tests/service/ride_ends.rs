//! How rides end: always with their way, by nobody else, and without a harm to the next one.

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

/// Its driver, or an operator, ends it in the moment in which it is started: it costs what a ride of no time costs, and not what was quoted.
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

/// What is read of its track is seen by a piece that makes no sense, which is counted when it is.
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
    // Positions are refused until the rides under way were read.
    eventually("the ride is known again", || {
        (is_here(&driver).status == 200).then_some(())
    });
    spoil_pieces(&service, on, &trip, "00");
    let stranger = service.driver("ben");
    stranger.complete(&trip).problem(403, "not-your-trip");
    assert_eq!(corrupt_rows(&service), 0);
    driver.complete(&trip).ok(200);
    assert_eq!(corrupt_rows(&service), 1);
}
