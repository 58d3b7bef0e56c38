//! The fare of a completed ride, by its track.

use serde_json::{Value, json};

use crate::harness::{
    Database, Driver, Options, Rider, STAND, Service, Test, location, nk, north_of, tests,
};
use crate::quotes::{fares, fares_with};

pub fn tests() -> Vec<Test> {
    tests![
        a_ride_costs_what_its_track_says,
        waiting_and_demand_are_lines,
        a_short_ride_costs_the_minimum,
        a_class_without_a_tariff_costs_nothing,
        an_operator_who_ends_a_ride_charges_it,
        a_track_is_for_those_who_see_the_trip,
        a_track_outlives_a_restart,
    ]
}

#[track_caller]
fn on_shift(service: &Service, name: &str) -> Driver {
    let driver = service.driver(name);
    driver.post_nothing("/api/shift/").ok(200);
    driver
}

/// Reports the driver's position, so many metres north of the stand.
#[track_caller]
fn is_at(driver: &Driver, metres: f64) {
    let place = location(north_of(STAND, metres));
    let counts = driver.post("/api/positions/", &place).ok(200);
    assert_eq!(counts["accepted"], 1, "{counts}");
}

/// Starts the ride, and reports a position at the stand a second later.
#[track_caller]
fn starts(service: &mut Service, driver: &Driver, trip: &Value) {
    driver.start(trip).ok(200);
    service.advance(1.0);
    is_at(driver, 0.0);
}

/// Drives north from the stand at a kilometre a minute, and reports a position every half minute.
#[track_caller]
fn drives(service: &mut Service, driver: &Driver, kilometres: std::ops::RangeInclusive<u32>) {
    for half in 2 * kilometres.start() - 1..=2 * kilometres.end() {
        service.advance(30.0);
        is_at(driver, f64::from(half) * 500.0);
    }
}

fn track(rider: &Rider, trip: &Value) -> Value {
    let path = format!("/api/trip/{}/track/", nk(trip));
    rider.get(&path).ok(200)
}

/// The line of that kind in a fare.
#[track_caller]
fn line<'a>(fare: &'a Value, kind: &str) -> &'a Value {
    let lines = fare["lines"].as_array().expect("there are lines");
    let found = lines.iter().find(|line| line["kind"] == kind);
    found.unwrap_or_else(|| panic!("there is no {kind} in {fare}"))
}

fn kinds(fare: &Value) -> Vec<&str> {
    let lines = fare["lines"].as_array();
    let lines = lines.into_iter().flatten();
    lines.filter_map(|line| line["kind"].as_str()).collect()
}

/// The amount for a line's quantity at a price per `whole` units; halves are rounded up.
fn share(price: i64, line: &Value, whole: i64) -> i64 {
    let quantity = line["quantity"]
        .as_i64()
        .expect("a quantity is a whole number");
    (price * quantity + whole / 2) / whole
}

/// Checks that the lines add up to the total, and each amount against its quantity and the tariff.
#[track_caller]
fn adds_up(fare: &Value) {
    assert_eq!(fare["currency"], "EUR");
    let amounts = fare["lines"].as_array().expect("there are lines");
    let sum: i64 = amounts
        .iter()
        .filter_map(|line| line["amount"].as_i64())
        .sum();
    assert_eq!(fare["total"], sum, "{fare}");
    assert_eq!(sum % 10, 0, "the total is rounded up to ten: {fare}");
    let (distance, time) = (line(fare, "distance"), line(fare, "time"));
    assert_eq!(line(fare, "base")["amount"], 250);
    assert_eq!(distance["amount"], share(180, distance, 1_000), "{fare}");
    assert_eq!(time["amount"], share(30, time, 60), "{fare}");
}

#[track_caller]
fn is_about(value: &Value, expected: i64, more_at_most: i64) {
    let value = value.as_i64().expect("it is a whole number");
    let range = expected - 5..=expected + more_at_most;
    assert!(range.contains(&value), "{value} is not in {range:?}");
}

fn a_ride_costs_what_its_track_says(on: Database) {
    let mut service = Options::new(on).town(&fares()).with_clock().start();
    let (rider, driver) = (service.rider("ann"), on_shift(&service, "bob"));
    // The drive to the pick-up is not part of the track.
    is_at(&driver, 2_000.0);
    let trip = rider.orders(&json!({}));
    driver.accept(&trip).ok(200);
    service.advance(60.0);
    is_at(&driver, 0.0);
    rider
        .get(&format!("/api/trip/{}/track/", nk(&trip)))
        .problem(404, "not-found");
    starts(&mut service, &driver, &trip);
    drives(&mut service, &driver, 1..=5);
    let so_far = track(&rider, &trip);
    is_about(&so_far["metres"], 5_000, 5);
    let done = driver.complete(&trip).ok(200);
    let fare = &done["fare"];
    adds_up(fare);
    is_about(&line(fare, "distance")["quantity"], 5_000, 5);
    let seconds = line(fare, "time")["quantity"].as_i64();
    assert!(seconds.is_some_and(|seconds| seconds >= 300), "{fare}");
    assert_eq!(done["quote"], trip["quote"]);

    let measured = track(&rider, &trip);
    assert_eq!(measured["metres"], line(fare, "distance")["quantity"]);
    assert!(
        measured["seconds"]
            .as_i64()
            .is_some_and(|seconds| seconds >= 300)
    );
    let flaws = (&measured["gaps"], &measured["thinned"]);
    assert_eq!(flaws, (&json!([]), &json!(false)));
    let points = measured["points"].as_array().expect("there are points");
    assert_eq!(points[0], location(STAND));
    let last = points.last().and_then(|last| last["lat"].as_f64());
    let north = north_of(STAND, 5_000.0).0;
    assert!(
        last.is_some_and(|lat| (lat - north).abs() < 1e-4),
        "{measured}"
    );
    // Later positions belong to no ride.
    service.advance(60.0);
    is_at(&driver, 6_000.0);
    assert_eq!(track(&rider, &trip), measured);
}

fn waiting_and_demand_are_lines(on: Database) {
    let rules = json!({"surge": {"permille": 1_500}, "waiting": {"free_seconds": 60}});
    let town = fares_with(&rules);
    let mut service = Options::new(on).town(&town).with_clock().start();
    let (rider, driver) = (service.rider("ann"), on_shift(&service, "bob"));
    is_at(&driver, 0.0);
    let trip = rider.orders(&json!({}));
    driver.accept(&trip).ok(200);
    driver.arrive(&trip).ok(200);
    service.advance(150.0);
    is_at(&driver, 0.0);
    starts(&mut service, &driver, &trip);
    drives(&mut service, &driver, 1..=2);
    let done = driver.complete(&trip).ok(200);
    let fare = &done["fare"];
    adds_up(fare);
    let expected = ["base", "distance", "time", "waiting", "surge"];
    assert_eq!(kinds(fare)[..5], expected);
    let waiting = line(fare, "waiting");
    assert_eq!(waiting["amount"], share(40, waiting, 60));
    assert!(
        waiting["quantity"]
            .as_i64()
            .is_some_and(|seconds| seconds >= 90)
    );
    let raised: i64 = ["base", "distance", "time"]
        .iter()
        .filter_map(|kind| line(fare, kind)["amount"].as_i64())
        .sum();
    let surge = line(fare, "surge");
    assert_eq!(surge["quantity"], 1_500);
    assert_eq!(surge["amount"], (raised + 1) / 2, "half of it: {fare}");
}

fn a_short_ride_costs_the_minimum(on: Database) {
    let mut service = Options::new(on).town(&fares()).with_clock().start();
    let (rider, driver) = (service.rider("ann"), on_shift(&service, "bob"));
    is_at(&driver, 0.0);
    let trip = rider.orders(&json!({}));
    driver.accept(&trip).ok(200);
    starts(&mut service, &driver, &trip);
    service.advance(10.0);
    is_at(&driver, 100.0);
    let done = driver.complete(&trip).ok(200);
    adds_up(&done["fare"]);
    assert_eq!(done["fare"]["total"], 600);
    assert_eq!(
        kinds(&done["fare"]),
        ["base", "distance", "time", "minimum"]
    );
}

fn a_class_without_a_tariff_costs_nothing(on: Database) {
    let service = Options::new(on).town(&fares()).start();
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let trip = rider.orders(&json!({"class": "bike"}));
    for verb in ["accept", "start"] {
        driver.command(&trip, verb).ok(200);
    }
    let done = driver.complete(&trip).ok(200);
    assert!(done.get("fare").is_none() && done.get("quote").is_none());
}

fn an_operator_who_ends_a_ride_charges_it(on: Database) {
    let mut service = Options::new(on).town(&fares()).with_clock().start();
    let (rider, driver) = (service.rider("ann"), on_shift(&service, "bob"));
    let operator = service.operator("olga");
    let ride = |service: &mut Service| {
        is_at(&driver, 0.0);
        let trip = rider.orders(&json!({}));
        driver.accept(&trip).ok(200);
        starts(service, &driver, &trip);
        drives(service, &driver, 1..=2);
        trip
    };
    let trip = ride(&mut service);
    let ending = json!({"status": "COMPLETED", "reason": "The phone is broken"});
    let done = operator.command_with(&trip, "end", &ending).ok(200);
    adds_up(&done["fare"]);
    is_about(&line(&done["fare"], "distance")["quantity"], 2_000, 5);
    service.advance(60.0);
    let trip = ride(&mut service);
    let ending = json!({"status": "CANCELLED", "reason": "The car is broken"});
    let done = operator.command_with(&trip, "end", &ending).ok(200);
    assert!(done.get("fare").is_none(), "{done}");
}

fn a_track_is_for_those_who_see_the_trip(on: Database) {
    let mut service = Options::new(on).with_clock().start();
    let (rider, driver) = (service.rider("ann"), on_shift(&service, "bob"));
    is_at(&driver, 0.0);
    let trip = rider.orders(&json!({}));
    driver.accept(&trip).ok(200);
    starts(&mut service, &driver, &trip);
    drives(&mut service, &driver, 1..=1);
    driver.complete(&trip).ok(200);
    let path = format!("/api/trip/{}/track/", nk(&trip));
    let track = rider.get(&path).ok(200);
    is_about(&track["metres"], 1_000, 5);
    let operator = service.operator("olga");
    for client in [&driver.0, &operator.0] {
        assert_eq!(client.get(&path).ok(200), track);
    }
    for client in [&service.driver("ben").0, &service.rider("amy").0] {
        client.get(&path).problem(404, "not-found");
    }
}

fn a_track_outlives_a_restart(on: Database) {
    let mut service = Options::new(on).town(&fares()).with_clock().start();
    let (mut rider, mut driver) = (service.rider("ann"), on_shift(&service, "bob"));
    is_at(&driver, 0.0);
    let trip = rider.orders(&json!({}));
    driver.accept(&trip).ok(200);
    starts(&mut service, &driver, &trip);
    drives(&mut service, &driver, 1..=2);
    assert!(service.stop().success());
    service.restart();
    rider.follow(&service);
    driver.follow(&service);
    is_about(&track(&rider, &trip)["metres"], 2_000, 5);
    drives(&mut service, &driver, 3..=4);
    let done = driver.complete(&trip).ok(200);
    adds_up(&done["fare"]);
    is_about(&line(&done["fare"], "distance")["quantity"], 4_000, 5);
}
