//! The commands on a trip: which role may give them, and in which state.

use serde_json::{Value, json};

use crate::harness::{Answer, Database, Driver, Rider, Service, Test, nk, tests};

pub fn tests() -> Vec<Test> {
    tests![
        a_trip_runs_to_its_end,
        the_ride_may_start_without_an_arrival,
        times_never_go_back,
        a_repeated_command_is_answered_with_the_trip_as_it_is,
        a_taken_trip_is_already_taken,
        a_driver_cannot_take_a_second_trip,
        a_driver_takes_another_trip_after_the_first,
        only_its_driver_moves_a_trip_on,
        a_command_out_of_turn_is_told_the_state,
        every_command_has_its_role,
        strangers_do_not_find_the_trip,
    ]
}

/// A rider, a driver, and their trip in this status.
pub fn trip_at(service: &Service, status: &str) -> (Rider, Driver, Value) {
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let mut trip = rider.request("A", "B");
    let verbs = match status {
        "REQUESTED" => &[][..],
        "STARTED" => &["accept"],
        "ARRIVED" => &["accept", "arrive"],
        "IN_PROGRESS" => &["accept", "start"],
        "COMPLETED" => &["accept", "start", "complete"],
        other => panic!("there is no way to {other} here"),
    };
    for verb in verbs {
        trip = driver.command(&trip, verb).ok(200);
    }
    assert_eq!(trip["status"], status);
    (rider, driver, trip)
}

fn a_trip_runs_to_its_end(on: Database) {
    let service = Service::start(on);
    let (rider, driver, requested) = trip_at(&service, "REQUESTED");
    for (verb, status) in [
        ("accept", "STARTED"),
        ("arrive", "ARRIVED"),
        ("start", "IN_PROGRESS"),
        ("complete", "COMPLETED"),
    ] {
        let trip = driver.command(&requested, verb).ok(200);
        let mut expected = requested.clone();
        expected["driver"] = driver.party();
        expected["status"] = json!(status);
        expected["updated"] = trip["updated"].clone();
        assert_eq!(trip, expected, "nothing else changes");
        assert_eq!(rider.trip(nk(&trip)), trip);
        assert_eq!(driver.trip(nk(&trip)), trip);
    }
}

fn the_ride_may_start_without_an_arrival(on: Database) {
    let service = Service::start(on);
    let (_, driver, trip) = trip_at(&service, "STARTED");
    assert_eq!(driver.start(&trip).ok(200)["status"], "IN_PROGRESS");
}

fn times_never_go_back(on: Database) {
    let service = Service::start(on);
    let (_, driver, requested) = trip_at(&service, "REQUESTED");
    let mut before = requested["updated"].to_string();
    for verb in ["accept", "arrive", "start", "complete"] {
        let trip = driver.command(&requested, verb).ok(200);
        assert_eq!(trip["created"], requested["created"]);
        let now = trip["updated"].to_string();
        assert!(now >= before, "{now} is after {before}");
        before = now;
    }
}

fn a_repeated_command_is_answered_with_the_trip_as_it_is(on: Database) {
    let service = Service::start(on);
    let (rider, driver, trip) = trip_at(&service, "REQUESTED");
    for verb in ["accept", "arrive", "start", "complete"] {
        let first = driver.command(&trip, verb);
        first.ok(200);
        let again = driver.command(&trip, verb);
        assert_eq!((again.status, &again.text), (200, &first.text));
    }
    let trip = rider.request("A", "B");
    let first = rider.command_with(&trip, "cancel", &json!({"reason": "rain"}));
    first.ok(200);
    let again = rider.cancel(&trip);
    assert_eq!((again.status, &again.text), (200, &first.text));
}

fn a_taken_trip_is_already_taken(on: Database) {
    let service = Service::start(on);
    let (_, driver, trip) = trip_at(&service, "STARTED");
    let late = service.driver("ben");
    for verb in ["arrive", "start", "complete"] {
        late.accept(&trip).problem(409, "already-taken");
        driver.command(&trip, verb).ok(200);
    }
    late.accept(&trip).problem(409, "already-taken");
    assert_eq!(driver.trip(nk(&trip))["driver"], driver.party());
}

fn a_driver_cannot_take_a_second_trip(on: Database) {
    let service = Service::start(on);
    let (rider, driver, first) = trip_at(&service, "STARTED");
    let second = rider.request("C", "D");
    driver.accept(&second).problem(409, "driver-busy");
    driver.arrive(&first).ok(200);
    driver.accept(&second).problem(409, "driver-busy");
    driver.start(&first).ok(200);
    driver.accept(&second).problem(409, "driver-busy");
    assert_eq!(rider.trip(nk(&second)), second);
}

fn a_driver_takes_another_trip_after_the_first(on: Database) {
    let service = Service::start(on);
    let (rider, driver, first) = trip_at(&service, "IN_PROGRESS");
    let second = rider.request("C", "D");
    driver.complete(&first).ok(200);
    assert_eq!(driver.accept(&second).ok(200)["status"], "STARTED");
}

fn only_its_driver_moves_a_trip_on(on: Database) {
    let service = Service::start(on);
    let (_, driver, trip) = trip_at(&service, "STARTED");
    let other = service.driver("ben");
    for verb in ["arrive", "start", "complete"] {
        other.command(&trip, verb).problem(403, "not-your-trip");
        driver.command(&trip, verb).ok(200);
        other.command(&trip, verb).problem(403, "not-your-trip");
    }
}

#[track_caller]
pub fn is_not_possible(answer: &Answer, status: &str) {
    let body = answer.problem(409, "not-possible");
    assert_eq!(body["trip_status"], status, "{body}");
}

fn a_command_out_of_turn_is_told_the_state(on: Database) {
    let service = Service::start(on);
    let (rider, driver, trip) = trip_at(&service, "REQUESTED");
    for verb in ["arrive", "start", "complete"] {
        is_not_possible(&driver.command(&trip, verb), "REQUESTED");
    }
    driver.accept(&trip).ok(200);
    is_not_possible(&driver.complete(&trip), "STARTED");
    driver.arrive(&trip).ok(200);
    is_not_possible(&driver.complete(&trip), "ARRIVED");
    driver.start(&trip).ok(200);
    is_not_possible(&driver.arrive(&trip), "IN_PROGRESS");
    is_not_possible(&rider.cancel(&trip), "IN_PROGRESS");
    driver.complete(&trip).ok(200);
    is_not_possible(&driver.start(&trip), "COMPLETED");
    is_not_possible(&rider.cancel(&trip), "COMPLETED");
    let cancelled = rider.request("A", "B");
    rider.cancel(&cancelled).ok(200);
    is_not_possible(&driver.accept(&cancelled), "CANCELLED");
}

fn every_command_has_its_role(on: Database) {
    let service = Service::start(on);
    let (rider, driver, trip) = trip_at(&service, "REQUESTED");
    let operator = service.operator("olga");
    for verb in ["accept", "arrive", "start", "complete"] {
        rider.command(&trip, verb).problem(403, "not-allowed");
        operator.command(&trip, verb).problem(403, "not-allowed");
    }
    driver
        .command_with(&trip, "cancel", &json!({"reason": "x"}))
        .problem(403, "not-allowed");
    let end = json!({"status": "COMPLETED", "reason": "x"});
    rider
        .command_with(&trip, "end", &end)
        .problem(403, "not-allowed");
    driver
        .command_with(&trip, "end", &end)
        .problem(403, "not-allowed");
    assert_eq!(rider.trip(nk(&trip)), trip);
}

fn strangers_do_not_find_the_trip(on: Database) {
    let service = Service::start(on);
    let (_, driver, trip) = trip_at(&service, "REQUESTED");
    let (stranger, operator) = (service.rider("amy"), service.operator("olga"));
    stranger.cancel(&trip).problem(404, "not-found");
    let unknown = json!({"nk": "0".repeat(32)});
    for verb in ["accept", "arrive", "start", "complete"] {
        let body = driver.command(&unknown, verb).problem(404, "not-found");
        assert_eq!(body["detail"], "No Trip matches the given query.");
    }
    stranger.cancel(&unknown).problem(404, "not-found");
    operator
        .command_with(&unknown, "cancel", &json!({"reason": "x"}))
        .problem(404, "not-found");
}
