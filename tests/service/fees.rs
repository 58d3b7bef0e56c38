//! Cancellation fees and cancellation reasons.

use serde_json::{Value, json};

use crate::bookings::later;
use crate::harness::{Database, Driver, Options, Rider, Service, Test, nk, tests, town};

pub fn tests() -> Vec<Test> {
    tests![
        a_reason_is_one_of_the_towns,
        without_a_list_any_reason_does,
        nobody_pays_before_a_driver_has_accepted,
        a_driver_on_the_way_costs_after_the_free_time,
        a_driver_at_the_pick_up_costs_at_once,
        some_reasons_are_free,
        an_operator_calls_off_for_nothing,
        a_trip_that_is_given_back_costs_nothing,
        what_was_agreed_on_outlives_another_town,
    ]
}

fn town_of(on: Database) -> Service {
    let rules = json!({
        "currency": "EUR",
        // Every arrival is accepted, and silence has no consequences.
        "duties": {"arrive_within_metres": 0, "nearer_percent": 0},
        "cancellation": {
            "free_seconds": 120, "fee": 300,
            "reasons": [{"reason": "too far", "free": true}, {"reason": "plans"}],
        },
    });
    let town = town("broadcast", &rules);
    Options::new(on).town(&town).with_clock().start()
}

#[track_caller]
fn cancels(rider: &Rider, trip: &Value, reason: Option<&str>) -> Value {
    let answer = match reason {
        Some(reason) => rider.command_with(trip, "cancel", &json!({ "reason": reason })),
        None => rider.cancel(trip),
    };
    let cancelled = answer.ok(200);
    assert_eq!(cancelled["status"], "CANCELLED", "{cancelled}");
    assert_eq!(cancelled.get("reason").cloned(), reason.map(Value::from));
    assert_eq!(rider.trip(nk(trip)), cancelled);
    cancelled
}

#[track_caller]
fn costs(cancelled: &Value, amount: i64) {
    let line = json!({"kind": "cancellation", "amount": amount});
    let fare = json!({"currency": "EUR", "total": amount, "lines": [line]});
    assert_eq!(cancelled["fare"], fare);
}

#[track_caller]
fn is_free(cancelled: &Value) {
    assert!(cancelled.get("fare").is_none(), "{cancelled}");
}

/// A trip that the driver has accepted.
#[track_caller]
fn taken(rider: &Rider, driver: &Driver) -> Value {
    let trip = rider.orders(&json!({}));
    driver.accept(&trip).ok(200)
}

fn a_reason_is_one_of_the_towns(on: Database) {
    let service = town_of(on);
    let rider = service.rider("ann");
    let trip = rider.orders(&json!({}));
    let rule = "This is none of the reasons that can be given.";
    for reason in ["a whim", "Plans", "plans "] {
        let answer = rider.command_with(&trip, "cancel", &json!({ "reason": reason }));
        let body = answer.names_field("reason");
        assert_eq!(body["errors"], json!({"reason": [rule]}));
    }
    for reason in [json!(""), json!(5), json!("x".repeat(256))] {
        let answer = rider.command_with(&trip, "cancel", &json!({ "reason": reason }));
        answer.names_field("reason");
    }
    assert_eq!(rider.trip(nk(&trip)), trip);
    cancels(&rider, &trip, Some("plans"));
    cancels(&rider, &rider.orders(&json!({})), None);
}

fn without_a_list_any_reason_does(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    is_free(&cancels(&rider, &rider.orders(&json!({})), Some("a whim")));
}

fn nobody_pays_before_a_driver_has_accepted(on: Database) {
    let mut service = town_of(on);
    let rider = service.rider("ann");
    let scheduled = rider.orders(&json!({"pick_up_at": later(&rider, 3_000)}));
    let requested = rider.orders(&json!({}));
    assert_eq!(scheduled["status"], "SCHEDULED");
    service.advance(300.0);
    is_free(&cancels(&rider, &scheduled, Some("plans")));
    is_free(&cancels(&rider, &requested, Some("plans")));
}

fn a_driver_on_the_way_costs_after_the_free_time(on: Database) {
    let mut service = town_of(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    is_free(&cancels(&rider, &taken(&rider, &driver), Some("plans")));
    let trip = taken(&rider, &driver);
    service.advance(90.0);
    is_free(&cancels(&rider, &trip, None));
    let trip = taken(&rider, &driver);
    service.advance(121.0);
    let cancelled = cancels(&rider, &trip, Some("plans"));
    costs(&cancelled, 300);
    // A repeated cancel gets the same answer and costs nothing more.
    assert_eq!(rider.cancel(&trip).ok(200), cancelled);
    let trip = taken(&rider, &driver);
    service.advance(121.0);
    costs(&cancels(&rider, &trip, None), 300);
}

fn a_driver_at_the_pick_up_costs_at_once(on: Database) {
    let service = town_of(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let trip = taken(&rider, &driver);
    driver.arrive(&trip).ok(200);
    costs(&cancels(&rider, &trip, Some("plans")), 300);
    let trip = taken(&rider, &driver);
    driver.start(&trip).ok(200);
    let body = rider.cancel(&trip).problem(409, "not-possible");
    assert_eq!(body["trip_status"], "IN_PROGRESS");
}

fn some_reasons_are_free(on: Database) {
    let mut service = town_of(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let trip = taken(&rider, &driver);
    service.advance(121.0);
    is_free(&cancels(&rider, &trip, Some("too far")));
    let trip = taken(&rider, &driver);
    driver.arrive(&trip).ok(200);
    is_free(&cancels(&rider, &trip, Some("too far")));
}

fn an_operator_calls_off_for_nothing(on: Database) {
    let service = town_of(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let operator = service.operator("olga");
    let trip = taken(&rider, &driver);
    driver.arrive(&trip).ok(200);
    operator.command(&trip, "cancel").names_field("reason");
    let reason = json!({"reason": "The bridge is closed"});
    let cancelled = operator.command_with(&trip, "cancel", &reason).ok(200);
    assert_eq!(cancelled["reason"], "The bridge is closed");
    is_free(&cancelled);
}

fn a_trip_that_is_given_back_costs_nothing(on: Database) {
    let mut service = town_of(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let trip = taken(&rider, &driver);
    driver.arrive(&trip).ok(200);
    service.advance(200.0);
    driver.command(&trip, "give_back").ok(200);
    // The free time begins anew with the next driver.
    service.driver("ben").accept(&trip).ok(200);
    service.advance(90.0);
    is_free(&cancels(&rider, &trip, Some("plans")));
}

fn what_was_agreed_on_outlives_another_town(on: Database) {
    let mut service = town_of(on);
    let (mut rider, driver) = (service.rider("ann"), service.driver("bob"));
    let trip = taken(&rider, &driver);
    driver.arrive(&trip).ok(200);
    service.kill();
    let file = service.home().dir().join("town.json");
    std::fs::write(file, town("broadcast", &json!({})).to_string())
        .expect("there is room for a file");
    service.restart();
    rider.follow(&service);
    let answer = rider.command_with(&trip, "cancel", &json!({"reason": "a whim"}));
    answer.names_field("reason");
    costs(&cancels(&rider, &trip, Some("plans")), 300);
    is_free(&cancels(&rider, &rider.orders(&json!({})), Some("a whim")));
}
