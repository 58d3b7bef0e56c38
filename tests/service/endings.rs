//! Trips that end without a completion by their driver: cancelled, ended by an operator, expired.

use serde_json::{Value, json};

use crate::commands::{is_not_possible, trip_at};
use crate::harness::{Database, Service, Test, eventually, keys, nk, tests};

pub fn tests() -> Vec<Test> {
    tests![
        a_rider_cancels_until_the_ride_starts,
        a_reason_is_kept_with_the_trip,
        a_reason_has_1_to_255_characters,
        an_operator_cancels_with_a_reason,
        an_operator_ends_a_ride_either_way,
        an_operator_ends_only_a_ride,
        ending_needs_status_and_reason,
        a_cancelled_driver_is_free_again,
        a_request_expires,
        an_accepted_request_does_not_expire,
    ]
}

fn a_rider_cancels_until_the_ride_starts(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    for verbs in [&[][..], &["accept"], &["accept", "arrive"]] {
        let trip = rider.request("A", "B");
        for verb in verbs {
            driver.command(&trip, verb).ok(200);
        }
        let cancelled = rider.cancel(&trip).ok(200);
        assert_eq!(cancelled["status"], "CANCELLED");
        let expected = if verbs.is_empty() {
            Value::Null
        } else {
            driver.party()
        };
        assert_eq!(cancelled["driver"], expected);
        assert!(cancelled.get("reason").is_none(), "{cancelled}");
        assert_eq!(rider.trip(nk(&trip)), cancelled);
    }
}

fn a_reason_is_kept_with_the_trip(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let place = json!({"lat": 1.0, "lon": 2.0});
    let trip = rider
        .ask(&json!({"pick_up_address": "A", "drop_off_address": "B", "pick_up_location": place}))
        .ok(201);
    let answer = rider.command_with(&trip, "cancel", &json!({"reason": "It \u{1f327}"}));
    assert_eq!(answer.ok(200)["reason"], "It \u{1f327}");
    assert_eq!(
        keys(&answer.text)[8..],
        ["status", "pick_up_location", "reason"]
    );
    assert_eq!(
        rider.get(&format!("/api/trip/{}/", nk(&trip))).text,
        answer.text
    );
}

fn a_reason_has_1_to_255_characters(on: Database) {
    let service = Service::start(on);
    let (rider, _, trip) = trip_at(&service, "STARTED");
    for bad in [json!(""), json!("x".repeat(256)), json!(7), json!(["x"])] {
        rider
            .command_with(&trip, "cancel", &json!({"reason": bad}))
            .names_field("reason");
    }
    assert_eq!(rider.trip(nk(&trip)), trip);
    let longest = "\u{1f327}".repeat(255);
    assert_eq!(
        rider
            .command_with(&trip, "cancel", &json!({"reason": longest}))
            .ok(200)["reason"],
        json!(longest)
    );
}

fn an_operator_cancels_with_a_reason(on: Database) {
    let service = Service::start(on);
    let (rider, driver, trip) = trip_at(&service, "STARTED");
    let operator = service.operator("olga");
    operator.command(&trip, "cancel").names_field("reason");
    operator
        .command_with(&trip, "cancel", &json!({}))
        .names_field("reason");
    let cancelled = operator
        .command_with(&trip, "cancel", &json!({"reason": "flood"}))
        .ok(200);
    assert_eq!(
        (&cancelled["status"], &cancelled["reason"]),
        (&json!("CANCELLED"), &json!("flood"))
    );
    assert_eq!(rider.trip(nk(&trip)), cancelled);
    assert_eq!(driver.trip(nk(&trip)), cancelled);
    is_not_possible(&rider.cancel(&trip), "CANCELLED");
    is_not_possible(&driver.start(&trip), "CANCELLED");
}

fn an_operator_ends_a_ride_either_way(on: Database) {
    let service = Service::start(on);
    let (rider, driver, mut trip) = trip_at(&service, "IN_PROGRESS");
    let operator = service.operator("olga");
    for status in ["COMPLETED", "CANCELLED"] {
        let fields = json!({"status": status, "reason": "phone lost"});
        let answer = operator.command_with(&trip, "end", &fields);
        let ended = answer.ok(200);
        assert_eq!(
            (&ended["status"], &ended["reason"]),
            (&json!(status), &json!("phone lost"))
        );
        assert_eq!(ended["driver"], driver.party());
        assert_eq!(
            operator.command_with(&trip, "end", &fields).text,
            answer.text
        );
        assert_eq!(rider.trip(nk(&trip)), ended);
        is_not_possible(&rider.cancel(&trip), status);
        trip = rider.request("A", "B");
        driver.accept(&trip).ok(200);
        driver.start(&trip).ok(200);
    }
}

fn an_operator_ends_only_a_ride(on: Database) {
    let service = Service::start(on);
    let (_, driver, trip) = trip_at(&service, "REQUESTED");
    let operator = service.operator("olga");
    let end = || {
        operator.command_with(
            &trip,
            "end",
            &json!({"status": "CANCELLED", "reason": "no"}),
        )
    };
    is_not_possible(&end(), "REQUESTED");
    driver.accept(&trip).ok(200);
    is_not_possible(&end(), "STARTED");
    driver.arrive(&trip).ok(200);
    is_not_possible(&end(), "ARRIVED");
    driver.start(&trip).ok(200);
    driver.complete(&trip).ok(200);
    is_not_possible(&end(), "COMPLETED");
}

fn ending_needs_status_and_reason(on: Database) {
    let service = Service::start(on);
    let (_, _, trip) = trip_at(&service, "IN_PROGRESS");
    let operator = service.operator("olga");
    operator
        .command_with(&trip, "end", &json!({"status": "COMPLETED"}))
        .names_field("reason");
    operator
        .command_with(&trip, "end", &json!({"reason": "x"}))
        .names_field("status");
    for status in [
        json!("STARTED"),
        json!("EXPIRED"),
        json!("completed"),
        json!(4),
        Value::Null,
    ] {
        operator
            .command_with(&trip, "end", &json!({"status": status, "reason": "x"}))
            .names_field("status");
    }
    assert_eq!(operator.trip(nk(&trip)), trip);
}

fn a_cancelled_driver_is_free_again(on: Database) {
    let service = Service::start(on);
    let (rider, driver, trip) = trip_at(&service, "ARRIVED");
    let next = rider.request("C", "D");
    rider.cancel(&trip).ok(200);
    assert_eq!(driver.accept(&next).ok(200)["driver"], driver.party());
}

fn a_request_expires(on: Database) {
    let service = Service::with(on, &["--search-time", "1", "--rider-trips", "1"]);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let (mut rider_phone, mut driver_phone) = (rider.connect(), driver.connect());
    let trip = rider.request("A", "B");
    for phone in [&mut rider_phone, &mut driver_phone] {
        phone.hears(&trip, "REQUESTED");
        let expired = phone.hears(&trip, "EXPIRED");
        assert_eq!(expired["driver"], Value::Null);
        assert_eq!(rider.trip(nk(&trip)), expired);
    }
    is_not_possible(&driver.accept(&trip), "EXPIRED");
    is_not_possible(&rider.cancel(&trip), "EXPIRED");
    assert_eq!(driver.trips(), [] as [Value; 0]);
    rider.request("C", "D");
}

/// A request that was made later has expired, and the accepted one has not.
fn an_accepted_request_does_not_expire(on: Database) {
    let service = Service::with(on, &["--search-time", "2"]);
    let (rider, driver, trip) = trip_at(&service, "STARTED");
    let later = rider.request("C", "D");
    eventually("the later request expires", || {
        (rider.trip(nk(&later))["status"] == "EXPIRED").then_some(())
    });
    assert_eq!(rider.trip(nk(&trip)), trip);
    assert_eq!(driver.arrive(&trip).ok(200)["status"], "ARRIVED");
}
