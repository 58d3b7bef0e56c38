//! The trip, the offer and the shift of a driver who is blocked, logs out, or may no longer drive the vehicle.

use serde_json::{Value, json};

use crate::harness::{
    Database, Follower, Operator, Options, Service, Test, eventually, nk, tests, town,
};
use crate::responsibility::{is_notified, on_shift, supply};

pub fn tests() -> Vec<Test> {
    tests![
        a_block_takes_the_trip_from_its_driver_before_the_start,
        a_block_under_way_is_for_operators,
        a_block_while_the_service_is_down_is_looked_at_when_it_starts,
        a_block_ends_the_shift_and_takes_back_the_offer,
        logging_out_for_good_ends_an_idle_shift,
        logging_out_does_not_end_a_trip,
        an_account_drives_what_it_may,
        a_shift_with_what_may_not_be_driven_ends,
    ]
}

const EMPTY: [(&str, u64); 3] = [("free", 0), ("offered", 0), ("on_trip", 0)];

#[track_caller]
fn user(service: &Service, arguments: &[&str]) {
    let arguments = [&["user"], arguments].concat();
    service.home().must_run(&arguments, "");
}

#[track_caller]
fn block(service: &Service, name: &str) {
    user(service, &["block", "--username", name]);
}

#[track_caller]
fn nobody_is_on_shift(operator: &Operator) {
    eventually("nobody is on shift", || {
        let now = supply(operator);
        EMPTY
            .iter()
            .all(|(word, count)| now[word] == *count)
            .then_some(())
    });
}

fn a_block_takes_the_trip_from_its_driver_before_the_start(on: Database) {
    let service = Service::start(on);
    let (rider, operator) = (service.rider("ann"), service.operator("olga"));
    let driver = on_shift(&service, "bob", 100.0);
    let trip = driver.accept(&rider.orders(&json!({}))).ok(200);
    driver.arrive(&trip).ok(200);
    block(&service, "bob");
    let back = eventually("the trip is requested again", || {
        let now = rider.trip(nk(&trip));
        (now["status"] == "REQUESTED").then_some(now)
    });
    assert_eq!(back["driver"], Value::Null);
    nobody_is_on_shift(&operator);
    is_notified(&rider, "Your driver cannot come");
    is_notified(&operator, "was taken from its driver, who was blocked");
    service.driver("ben").accept(&trip).ok(200);
}

fn a_block_under_way_is_for_operators(on: Database) {
    let service = Service::start(on);
    let (rider, operator) = (service.rider("ann"), service.operator("olga"));
    let driver = on_shift(&service, "bob", 100.0);
    let trip = driver.accept(&rider.orders(&json!({}))).ok(200);
    driver.start(&trip).ok(200);
    let mut follower = Follower::begin(&operator).0;
    let mut course = rider.connect();
    course.hears(&trip, "IN_PROGRESS");
    block(&service, "bob");
    let kinds = [follower.next(), follower.next()].map(|event| event["kind"].clone());
    assert_eq!(kinds, ["driver-blocked", "notification"]);
    is_notified(&operator, "is under way with a driver who was blocked");
    assert_eq!(rider.trip(nk(&trip))["status"], "IN_PROGRESS");
    let reason = json!({"status": "COMPLETED", "reason": "The driver was blocked"});
    operator.command_with(&trip, "end", &reason).ok(200);
    // No frame came between.
    course.hears(&trip, "COMPLETED");
    nobody_is_on_shift(&operator);
}

fn a_block_while_the_service_is_down_is_looked_at_when_it_starts(on: Database) {
    let mut service = Service::start(on);
    let mut rider = service.rider("ann");
    let mut operator = service.operator("olga");
    let driver = on_shift(&service, "bob", 100.0);
    let trip = driver.accept(&rider.orders(&json!({}))).ok(200);
    service.kill();
    block(&service, "bob");
    service.restart();
    rider.follow(&service);
    operator.0.follow(&service);
    eventually("the trip is requested again", || {
        (rider.trip(nk(&trip))["status"] == "REQUESTED").then_some(())
    });
    nobody_is_on_shift(&operator);
}

fn a_block_ends_the_shift_and_takes_back_the_offer(on: Database) {
    let service = Options::new(on).town(&town("nearest", &json!({}))).start();
    let (rider, operator) = (service.rider("ann"), service.operator("olga"));
    let driver = on_shift(&service, "bob", 100.0);
    let trip = rider.orders(&json!({}));
    eventually("the trip is offered to the driver", || {
        let duty = driver.get("/api/shift/").ok(200);
        (!duty["offer"].is_null()).then_some(())
    });
    block(&service, "bob");
    nobody_is_on_shift(&operator);
    let dispatch = operator.get(&format!("/api/trip/{}/dispatch/", nk(&trip)));
    let offers = dispatch.ok(200)["offers"].clone();
    assert_eq!(offers[0]["driver"]["username"], "bob");
    assert_eq!(offers[0]["state"], "withdrawn", "{offers}");
}

fn logging_out_for_good_ends_an_idle_shift(on: Database) {
    let service = Service::start(on);
    let operator = service.operator("olga");
    let driver = on_shift(&service, "bob", 100.0);
    let second = service.log_in("bob");
    driver.post_nothing("/api/log_out/");
    second.get("/api/shift/").ok(200);
    assert_eq!(supply(&operator)["free"], 1);
    second.post_nothing("/api/log_out/");
    nobody_is_on_shift(&operator);
    let again = service.log_in("bob");
    assert_eq!(again.get("/api/shift/").ok(200)["activity"], "off_shift");
}

fn logging_out_does_not_end_a_trip(on: Database) {
    let service = Service::start(on);
    let (rider, operator) = (service.rider("ann"), service.operator("olga"));
    let driver = on_shift(&service, "bob", 100.0);
    let idle = on_shift(&service, "ben", 100.0);
    let trip = driver.accept(&rider.orders(&json!({}))).ok(200);
    driver.post_nothing("/api/log_out/");
    // Log-outs are handled in order: once the later one is done, so is the earlier one.
    idle.post_nothing("/api/log_out/");
    eventually("the idle driver's shift has ended", || {
        (supply(&operator)["free"] == 0).then_some(())
    });
    assert_eq!(supply(&operator)["on_trip"], 1);
    assert_eq!(rider.trip(nk(&trip))["status"], "STARTED");
    let again = service.log_in("bob");
    assert_eq!(again.get("/api/shift/").ok(200)["activity"], "on_trip");
}

fn an_account_drives_what_it_may(on: Database) {
    let classes = json!({"classes": {"standard": {}, "van": {}}});
    let service = Options::new(on).town(&town("broadcast", &classes)).start();
    let driver = service.driver("bob");
    let begins = |class: &str, seats: u8| {
        let vehicle = json!({"class": class, "seats": seats});
        driver.post("/api/shift/", &vehicle)
    };
    begins("van", 16).ok(200);
    driver.post_nothing("/api/shift/end/").ok(200);
    let vehicles = ["--vehicle", "van:6", "--vehicle", "standard:4"];
    let arguments = [&["vehicles", "--username", "bob"], &vehicles[..]].concat();
    user(&service, &arguments);
    for (class, seats) in [("van", 16), ("van", 7), ("standard", 5)] {
        let problem = begins(class, seats).problem(403, "wrong-vehicle");
        let detail = problem["detail"].as_str().expect("a problem has a detail");
        assert!(detail.contains("van with up to 6 seats"), "{detail}");
    }
    begins("van", 6).ok(200);
    driver.post_nothing("/api/shift/end/").ok(200);
    begins("standard", 4).ok(200);
    driver.post_nothing("/api/shift/end/").ok(200);
    user(&service, &["vehicles", "--username", "bob"]);
    begins("van", 16).ok(200);
    let wrong = ["user", "vehicles", "--username", "bob", "--vehicle", "van"];
    let output = service.home().run(&wrong, "");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        !output.status.success() && errors.contains("van:6"),
        "{errors}"
    );
}

fn a_shift_with_what_may_not_be_driven_ends(on: Database) {
    let service = Service::start(on);
    let operator = service.operator("olga");
    let (bob, ben) = (
        on_shift(&service, "bob", 100.0),
        on_shift(&service, "ben", 100.0),
    );
    for (name, vehicle) in [("bob", "standard:4"), ("ben", "van:6")] {
        let arguments = ["vehicles", "--username", name, "--vehicle", vehicle];
        user(&service, &arguments);
    }
    eventually("one of them is off shift", || {
        (supply(&operator)["free"] == 1).then_some(())
    });
    assert_eq!(ben.get("/api/shift/").ok(200)["activity"], "off_shift");
    assert_eq!(bob.get("/api/shift/").ok(200)["activity"], "available");
}
