//! Offers to devices that do not acknowledge them: how soon the trip reaches a driver who answers.

use serde_json::{Value, json};

use crate::batches::account;
use crate::harness::{
    Cab, Database, Options, STAND, Service, Test, location, north_of, tests, town,
};
use crate::offers::nearest;

pub fn tests() -> Vec<Test> {
    tests![
        a_driver_is_asked_soon_among_devices_that_are_dead,
        a_batch_reaches_a_driver_among_devices_that_are_dead,
        a_silent_device_comes_last_until_it_acknowledges_something,
        a_silent_device_comes_first_again_after_ten_minutes,
        a_device_that_answers_too_late_is_not_silent,
        an_operator_is_told_who_came_last_and_who_was_asked_again,
        who_is_about_to_be_free_for_ever_is_not_waited_for,
    ]
}

/// So many dead devices, all nearer to the stand than the device of one honest driver.
fn among_dead(service: &Service, devices: u32) -> (Vec<Cab>, Cab) {
    let dead = (1..=devices)
        .map(|number| Cab::on_shift(service, &format!("dead{number}"), f64::from(number)));
    (dead.collect(), Cab::on_shift(service, "honest", 55.0))
}

fn a_driver_is_asked_soon_among_devices_that_are_dead(on: Database) {
    let mut service = nearest(on, &json!({}));
    let (mut dead, mut honest) = among_dead(&service, 8);
    let trip = service.rider("ann").orders(&json!({}));
    // After waves of one, two and four devices, the fourth wave includes the driver: after 13.5 s.
    for wave in [0..1, 1..3, 3..7] {
        for cab in &mut dead[wave.clone()] {
            cab.is_offered(&trip);
        }
        service.advance(4.5);
        for cab in &mut dead[wave] {
            cab.loses(&trip, "undelivered");
        }
    }
    dead[7].is_offered(&trip);
    honest.receives(&trip);
    for verb in ["accept", "arrive", "start", "complete"] {
        honest.does(verb, &trip).ok(200);
    }
    honest.loses(&trip, "accepted");
    for kind in ["accepted", "arrived", "started", "completed"] {
        honest.hears(kind);
    }
    dead[7].loses(&trip, "withdrawn");
    // The next trip is offered to the driver at once.
    let next = service.rider("bea").orders(&json!({}));
    honest.receives(&next);
    honest.does("accept", &next).ok(200);
    // A device that acknowledges after another driver's accept does not come last.
    let late = dead[7].does("receive", &trip);
    assert_eq!(late.0["data"]["code"], "offer-over", "{}", late.0);
    let last = service.rider("cat").orders(&json!({}));
    dead[7].is_offered(&last);
}

fn a_batch_reaches_a_driver_among_devices_that_are_dead(on: Database) {
    let town = town("batch", &json!({}));
    let mut service = Options::new(on).town(&town).with_clock().start();
    let (mut dead, mut honest) = among_dead(&service, 3);
    let trip = service.rider("ann").orders(&json!({}));
    service.advance(1.0);
    for wave in [0..1, 1..3] {
        for cab in &mut dead[wave.clone()] {
            cab.is_offered(&trip);
        }
        service.advance(4.5);
        for cab in &mut dead[wave] {
            cab.loses(&trip, "undelivered");
        }
    }
    // The next wave does not wait for another window.
    honest.receives(&trip);
    honest.does("decline", &trip).ok(200);
    honest.loses(&trip, "declined");
    let next = service.rider("bea").orders(&json!({}));
    service.advance(8.5);
    honest.receives(&next);
}

/// A new rider's trip, which is offered to the first driver, declined, and then offered to the second.
fn goes_from(service: &Service, rider: &str, first: &mut Cab, second: &mut Cab) -> Value {
    let trip = service.rider(rider).orders(&json!({}));
    first.receives(&trip);
    first.does("decline", &trip).ok(200);
    first.loses(&trip, "declined");
    second.is_offered(&trip);
    trip
}

fn a_silent_device_comes_last_until_it_acknowledges_something(on: Database) {
    let mut service = nearest(on, &json!({}));
    let mut silent = Cab::on_shift(&service, "silent", 100.0);
    let mut far = Cab::on_shift(&service, "far", 300.0);
    let trip = service.rider("ann").orders(&json!({}));
    silent.is_offered(&trip);
    service.advance(4.5);
    silent.loses(&trip, "undelivered");
    far.receives(&trip);
    far.does("decline", &trip).ok(200);
    far.loses(&trip, "declined");
    let trip = goes_from(&service, "bea", &mut far, &mut silent);
    service.advance(4.5);
    silent.loses(&trip, "undelivered");

    // The order survives a restart.
    let (far_driver, far_log) = far.vanishes();
    let (silent_driver, silent_log) = silent.vanishes();
    service.kill();
    service.restart();
    let mut far = Cab::comes_back(&service, far_driver, far_log);
    let mut silent = Cab::comes_back(&service, silent_driver, silent_log);
    far.waits_at(300.0);
    silent.waits_at(100.0);
    let trip = goes_from(&service, "cat", &mut far, &mut silent);
    silent.does("receive", &trip).ok(200);
    silent.does("decline", &trip).ok(200);
    silent.loses(&trip, "declined");
    goes_from(&service, "dan", &mut silent, &mut far);
}

fn a_silent_device_comes_first_again_after_ten_minutes(on: Database) {
    let mut service = nearest(on, &json!({}));
    let mut silent = Cab::on_shift(&service, "silent", 100.0);
    let mut far = Cab::on_shift(&service, "far", 300.0);
    let ann = service.rider("ann");
    let trip = ann.orders(&json!({}));
    silent.is_offered(&trip);
    service.advance(4.5);
    silent.loses(&trip, "undelivered");
    far.receives(&trip);
    let calls_off = |trip: &Value| {
        let cancel = json!({"pk": trip["id"]});
        ann.native().call("cancel", &cancel).ok(200);
    };
    calls_off(&trip);
    far.loses(&trip, "withdrawn");
    for _ in 0..10 {
        service.advance(54.0);
        silent.waits_at(100.0);
        far.waits_at(300.0);
    }
    let trip = ann.orders(&json!({}));
    far.receives(&trip);
    calls_off(&trip);
    far.loses(&trip, "withdrawn");
    service.advance(56.0);
    silent.waits_at(100.0);
    let trip = ann.orders(&json!({}));
    silent.is_offered(&trip);
}

fn a_device_that_answers_too_late_is_not_silent(on: Database) {
    let mut service = nearest(on, &json!({}));
    let mut slow = Cab::on_shift(&service, "slow", 100.0);
    let mut far = Cab::on_shift(&service, "far", 300.0);
    for (verb, rider) in [("receive", "ann"), ("decline", "bea"), ("accept", "cat")] {
        let trip = service.rider(rider).orders(&json!({}));
        slow.is_offered(&trip);
        service.advance(4.5);
        slow.loses(&trip, "undelivered");
        far.receives(&trip);
        let late = slow.does(verb, &trip);
        assert_eq!(late.0["data"]["code"], "offer-over", "{}", late.0);
        far.does("accept", &trip).ok(200);
        far.loses(&trip, "accepted");
        for verb in ["start", "complete"] {
            far.does(verb, &trip).ok(200);
        }
        for kind in ["accepted", "started", "completed"] {
            far.hears(kind);
        }
    }
    let last = service.rider("dan").orders(&json!({}));
    slow.is_offered(&last);
}

fn an_operator_is_told_who_came_last_and_who_was_asked_again(on: Database) {
    let mut service = nearest(on, &json!({}));
    let mut silent = Cab::on_shift(&service, "silent", 100.0);
    let trip = service.rider("ann").orders(&json!({}));
    silent.is_offered(&trip);
    service.advance(4.5);
    silent.loses(&trip, "undelivered");
    service.advance(26.0);
    silent.waits_at(100.0);
    service.advance(6.0);
    silent.receives(&trip);
    let olga = service.operator("olga");
    let rounds = account(&olga, &trip)["rounds"].clone();
    let rounds = rounds.as_array().expect("rounds");
    let (first, last) = (&rounds[0], &rounds[rounds.len() - 1]);
    assert_eq!((&first["wave"], &last["wave"]), (&json!(1), &json!(2)));
    let candidate = &last["candidates"][0];
    assert_eq!(candidate["again"], true, "{candidate}");
    assert_eq!(candidate["parts"]["silence"], 86_400_000, "{candidate}");
    assert_eq!(last["same_again"], true, "{last}");
    let passed = &rounds[1]["left_out"][0];
    assert_eq!(passed["why"], "asked_before", "{passed}");
    let explained = service
        .home()
        .must_run(&["explain", crate::harness::nk(&trip)], "");
    assert!(
        explained.contains("asked again: the device had not acknowledged it"),
        "{explained}"
    );
}

fn who_is_about_to_be_free_for_ever_is_not_waited_for(on: Database) {
    let town = town("batch", &json!({}));
    let mut service = Options::new(on).town(&town).with_clock().start();
    let mut busy = Cab::on_shift(&service, "busy", 2_990.0);
    let from = |metres| json!({"pick_up_location": location(north_of(STAND, metres))});
    let riding = service.rider("ann").orders(&from(2_990.0));
    service.advance(8.5);
    busy.receives(&riding);
    for verb in ["accept", "arrive", "start"] {
        busy.does(verb, &riding).ok(200);
    }
    // The ride should end here, but its driver never completes it.
    let mut far = Cab::on_shift(&service, "far", 1_500.0);
    let trip = service.rider("bea").orders(&from(3_000.0));
    service.advance(8.5);
    assert_eq!(far.activity(), "available", "the trip is held");
    for _ in 0..3 {
        service.advance(45.0);
        busy.waits_at(2_990.0);
        far.waits_at(1_500.0);
    }
    service.advance(8.5);
    far.is_offered(&trip);
}
