//! The duties of drivers: trips whose driver claims a wrong arrival, comes late, falls silent or loses the trip.

use serde_json::{Value, json};

use crate::harness::{
    Client, Database, Driver, Follower, Operator, Options, Rider, STAND, Service, Test, eventually,
    location, nk, north_of, tests, town,
};

pub fn tests() -> Vec<Test> {
    tests![
        whoever_is_far_away_has_not_arrived,
        an_arrival_that_cannot_be_told_is_marked_and_costs_nothing,
        whoever_has_gone_away_again_does_not_wait,
        without_a_town_nobody_is_too_far_away,
        a_driver_who_does_not_come_nearer_earns_no_fee,
        that_a_driver_came_nearer_outlives_a_restart,
        a_silent_driver_is_noticed_and_costs_nothing,
        silence_outlives_a_restart,
        who_never_reported_or_has_a_socket_open_is_not_silent,
        silence_under_way_is_for_operators,
        a_late_driver_is_noticed_and_costs_nothing,
        a_promise_outlives_a_restart,
        operators_take_a_trip_from_its_driver,
        operators_take_a_trip_back_over_the_native_socket,
        what_is_noted_shows_in_no_dialect_of_the_course,
    ]
}

/// A service where a late cancellation costs 300, and a no-show 500.
fn town_of(on: Database, policy: &str) -> Service {
    let rules = json!({
        "currency": "EUR",
        "cancellation": {"free_seconds": 120, "fee": 300, "no_show_fee": 500},
    });
    Options::new(on)
        .town(&town(policy, &rules))
        .with_clock()
        .start()
}

/// A driver on shift, so many metres north of the stand, who uses HTTP alone and so has no open socket.
#[track_caller]
pub fn on_shift(service: &Service, name: &str, metres: f64) -> Driver {
    let driver = service.driver(name);
    driver.post("/api/shift/", &json!({})).ok(200);
    is_at(&driver, metres);
    driver
}

/// Reports the driver's position, which must be accepted.
#[track_caller]
fn is_at(driver: &Driver, metres: f64) {
    let mut fix = location(north_of(STAND, metres));
    fix["accuracy"] = json!(5.0);
    let counts = driver.post("/api/positions/", &fix).ok(200);
    assert_eq!(counts["accepted"], 1, "{counts}");
}

/// A trip that the driver has accepted.
#[track_caller]
fn taken(rider: &Rider, driver: &Driver) -> Value {
    driver.accept(&rider.orders(&json!({}))).ok(200)
}

/// A trip that was offered to the driver and accepted; gives the pickup ETA in seconds, too.
#[track_caller]
fn taken_by_offer(rider: &Rider, driver: &Driver) -> (Value, f64) {
    let trip = rider.orders(&json!({}));
    let offer = eventually("the trip is offered to the driver", || {
        let duty = driver.get("/api/shift/").ok(200);
        (!duty["offer"].is_null()).then(|| duty["offer"].clone())
    });
    let eta = offer["eta"].as_f64().expect("a number");
    (driver.accept(&trip).ok(200), eta)
}

/// Cancels a trip, and gives the total of its fare.
#[track_caller]
fn cancelling(rider: &Rider, trip: &Value) -> Value {
    let cancelled = rider.cancel(trip).ok(200);
    assert_eq!(cancelled["status"], "CANCELLED");
    cancelled["fare"]["total"].clone()
}

/// The texts of an account's unread notifications, newest first.
#[track_caller]
pub fn notified(client: &Client) -> Vec<String> {
    let listed = client.get("/api/notifications/").ok(200);
    let listed = listed["results"].as_array().expect("a list").clone();
    let text = |notification: &Value| notification["message"].as_str().map(str::to_owned);
    listed.iter().filter_map(text).collect()
}

#[track_caller]
pub fn is_notified(client: &Client, part: &str) {
    let texts = notified(client);
    assert!(texts.iter().any(|text| text.contains(part)), "{texts:?}");
}

fn whoever_is_far_away_has_not_arrived(on: Database) {
    let mut service = town_of(on, "broadcast");
    let rider = service.rider("ann");
    let driver = on_shift(&service, "bob", 84_000.0);
    let trip = taken(&rider, &driver);
    let problem = driver.arrive(&trip).problem(409, "too-far");
    let detail = problem["detail"].as_str().expect("a problem has a detail");
    assert!(
        detail.contains("84") && detail.contains("300 m"),
        "{detail}"
    );
    assert_eq!(problem["trip_status"], "STARTED");
    assert_eq!(rider.trip(nk(&trip))["status"], "STARTED");
    service.advance(1_300.0);
    is_at(&driver, 50.0);
    let arrived = driver.arrive(&trip).ok(200);
    assert!(arrived.get("arrival").is_none(), "{arrived}");
    service.advance(301.0);
    is_at(&driver, 40.0);
    let ended = driver.command(&trip, "no_show").ok(200);
    assert_eq!(ended["fare"]["total"], 500);
}

fn an_arrival_that_cannot_be_told_is_marked_and_costs_nothing(on: Database) {
    let mut service = town_of(on, "broadcast");
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let operator = service.operator("olga");
    let trip = taken(&rider, &driver);
    let arrived = driver.arrive(&trip).ok(200);
    assert_eq!(arrived["arrival"], "unverified");
    assert_eq!(operator.trip(nk(&trip))["arrival"], "unverified");
    service.advance(301.0);
    let ended = driver.command(&trip, "no_show").ok(200);
    assert_eq!(
        (&ended["status"], ended.get("fare")),
        (&json!("NO_SHOW"), None)
    );
    let trip = taken(&rider, &driver);
    driver.arrive(&trip).ok(200);
    service.advance(200.0);
    assert_eq!(cancelling(&rider, &trip), Value::Null);
    // A position that is too old does not count either.
    let other = on_shift(&service, "ben", 84_000.0);
    let trip = taken(&rider, &other);
    service.advance(70.0);
    assert_eq!(other.arrive(&trip).ok(200)["arrival"], "unverified");
}

fn whoever_has_gone_away_again_does_not_wait(on: Database) {
    let mut service = town_of(on, "broadcast");
    let rider = service.rider("ann");
    let driver = on_shift(&service, "bob", 20.0);
    let trip = taken(&rider, &driver);
    driver.arrive(&trip).ok(200);
    service.advance(301.0);
    is_at(&driver, 5_000.0);
    driver.command(&trip, "no_show").problem(409, "too-far");
    service.advance(150.0);
    is_at(&driver, 20.0);
    driver.command(&trip, "no_show").ok(200);
}

fn without_a_town_nobody_is_too_far_away(on: Database) {
    let service = Options::new(on).with_clock().start();
    let rider = service.rider("ann");
    let driver = on_shift(&service, "bob", 84_000.0);
    let trip = taken(&rider, &driver);
    let arrived = driver.arrive(&trip).ok(200);
    assert!(arrived.get("arrival").is_none(), "{arrived}");
}

fn a_driver_who_does_not_come_nearer_earns_no_fee(on: Database) {
    let mut service = town_of(on, "broadcast");
    let rider = service.rider("ann");
    let driver = on_shift(&service, "bob", 1_000.0);
    let trip = taken(&rider, &driver);
    for metres in [990.0, 800.0, 1_100.0] {
        service.advance(41.0);
        is_at(&driver, metres);
    }
    assert_eq!(cancelling(&rider, &trip), Value::Null);

    let (mut app, _) = Follower::begin(&rider);
    let trip = taken(&rider, &driver);
    app.hears_until_requested(&trip);
    app.hears(&trip, "accepted");
    for metres in [900.0, 700.0, 1_500.0] {
        service.advance(41.0);
        is_at(&driver, metres);
    }
    app.hears(&trip, "driver-nearer");
    assert_eq!(cancelling(&rider, &trip), 300);
}

fn that_a_driver_came_nearer_outlives_a_restart(on: Database) {
    let mut service = town_of(on, "broadcast");
    let mut rider = service.rider("ann");
    let mut driver = on_shift(&service, "bob", 1_000.0);
    let (mut app, _) = Follower::begin(&rider);
    let trip = taken(&rider, &driver);
    app.hears_until_requested(&trip);
    app.hears(&trip, "accepted");
    service.advance(30.0);
    is_at(&driver, 500.0);
    app.hears(&trip, "driver-nearer");
    service.kill();
    service.restart();
    rider.follow(&service);
    service.advance(100.0);
    assert_eq!(cancelling(&rider, &trip), 300);

    // A driver who has not come nearer before a restart may do so after it.
    driver.follow(&service);
    is_at(&driver, 1_000.0);
    let trip = taken(&rider, &driver);
    service.kill();
    service.restart();
    rider.follow(&service);
    driver.follow(&service);
    let mut app = Follower::begin(&rider).0;
    service.advance(125.0);
    is_at(&driver, 600.0);
    app.hears(&trip, "driver-nearer");
    assert_eq!(cancelling(&rider, &trip), 300);
}

/// An accepted trip whose driver has come nearer, so that a cancellation has a fee.
#[track_caller]
fn nearly_there(service: &mut Service, rider: &Rider, driver: &Driver) -> Value {
    let mut app = Follower::begin(rider).0;
    let trip = taken(rider, driver);
    app.hears_until_requested(&trip);
    app.hears(&trip, "accepted");
    service.advance(20.0);
    is_at(driver, 500.0);
    app.hears(&trip, "driver-nearer");
    trip
}

fn a_silent_driver_is_noticed_and_costs_nothing(on: Database) {
    let mut service = town_of(on, "broadcast");
    let (rider, operator) = (service.rider("ann"), service.operator("olga"));
    let driver = on_shift(&service, "bob", 1_000.0);
    let trip = nearly_there(&mut service, &rider, &driver);
    let mut app = Follower::begin(&rider).0;
    service.advance(170.0);
    // Any call of the driver ends the silence.
    driver.get("/api/shift/").ok(200);
    service.advance(170.0);
    assert!(rider.trip(nk(&trip)).get("driver_silent").is_none());
    service.advance(15.0);
    let event = app.hears(&trip, "driver-silent");
    assert_eq!(event["actor"]["role"], "service", "{event}");
    let seen = rider.trip(nk(&trip));
    assert!(seen["driver_silent"].is_string(), "{seen}");
    assert_eq!(seen["status"], "STARTED");
    is_notified(&rider, "Nothing is heard of your driver");
    is_notified(&operator, "has a driver of whom nothing is heard");
    assert_eq!(cancelling(&rider, &trip), Value::Null);
}

fn silence_outlives_a_restart(on: Database) {
    let mut service = town_of(on, "broadcast");
    let mut rider = service.rider("ann");
    let driver = on_shift(&service, "bob", 1_000.0);
    let trip = nearly_there(&mut service, &rider, &driver);
    service.kill();
    service.restart();
    rider.follow(&service);
    assert!(rider.trip(nk(&trip)).get("driver_silent").is_none());
    service.advance(200.0);
    assert!(rider.trip(nk(&trip))["driver_silent"].is_string());
    assert_eq!(cancelling(&rider, &trip), Value::Null);
}

fn who_never_reported_or_has_a_socket_open_is_not_silent(on: Database) {
    let mut service = town_of(on, "broadcast");
    let rider = service.rider("ann");
    let (silent, quiet) = (on_shift(&service, "bob", 100.0), service.driver("ben"));
    let (never, open) = (taken(&rider, &quiet), taken(&rider, &silent));
    service.advance(1.0);
    is_at(&silent, 90.0);
    let socket = silent.connect();
    service.advance(400.0);
    service.advance(400.0);
    for trip in [&never, &open] {
        assert!(rider.trip(nk(trip)).get("driver_silent").is_none());
    }
    socket.leave();
    eventually("the socket is closed", || {
        (service.http().get("/healthz").ok(200)["sockets"] == 0).then_some(())
    });
    service.advance(200.0);
    eventually("the driver is silent", || {
        rider.trip(nk(&open)).get("driver_silent").map(|_| ())
    });
    assert!(rider.trip(nk(&never)).get("driver_silent").is_none());
}

fn silence_under_way_is_for_operators(on: Database) {
    let mut service = town_of(on, "broadcast");
    let (rider, operator) = (service.rider("ann"), service.operator("olga"));
    let driver = on_shift(&service, "bob", 100.0);
    let trip = taken(&rider, &driver);
    driver.start(&trip).ok(200);
    service.advance(200.0);
    let seen = rider.trip(nk(&trip));
    assert_eq!(seen["status"], "IN_PROGRESS");
    assert!(seen["driver_silent"].is_string(), "{seen}");
    is_notified(
        &operator,
        "is under way, and nothing is heard of its driver",
    );
    assert!(notified(&rider).iter().all(|text| !text.contains("heard")));
    let reason = json!({"status": "COMPLETED", "reason": "The driver's phone is broken"});
    operator.command_with(&trip, "end", &reason).ok(200);
}

fn a_late_driver_is_noticed_and_costs_nothing(on: Database) {
    let mut service = town_of(on, "nearest");
    let (rider, operator) = (service.rider("ann"), service.operator("olga"));
    let driver = on_shift(&service, "bob", 1_000.0);
    let (trip, eta) = taken_by_offer(&rider, &driver);
    let mut app = Follower::begin(&rider).0;
    service.advance(20.0);
    is_at(&driver, 500.0);
    app.hears(&trip, "driver-nearer");
    let mut left = eta + 270.0;
    while left > 0.0 {
        service.advance(left.min(100.0));
        left -= 100.0;
        driver.get("/api/shift/").ok(200);
    }
    assert!(rider.trip(nk(&trip)).get("driver_late").is_none());
    service.advance(12.0);
    app.hears(&trip, "driver-late");
    let seen = rider.trip(nk(&trip));
    assert!(seen["driver_late"].is_string(), "{seen}");
    is_notified(&rider, "Your driver is later than promised");
    is_notified(&driver, "You are later than promised");
    is_notified(&operator, "has a driver who is later than promised");
    service.advance(30.0);
    is_at(&driver, 30.0);
    driver.arrive(&trip).ok(200);
    assert_eq!(cancelling(&rider, &trip), Value::Null);
}

fn a_promise_outlives_a_restart(on: Database) {
    let mut service = town_of(on, "nearest");
    let mut rider = service.rider("ann");
    let driver = on_shift(&service, "bob", 1_000.0);
    let (trip, eta) = taken_by_offer(&rider, &driver);
    service.kill();
    service.restart();
    rider.follow(&service);
    service.advance(eta + 290.0);
    assert!(rider.trip(nk(&trip)).get("driver_late").is_none());
    service.advance(11.0);
    assert!(rider.trip(nk(&trip))["driver_late"].is_string());
}

/// The driver's app hears that the trip was taken back.
fn operators_take_a_trip_from_its_driver(on: Database) {
    let service = town_of(on, "broadcast");
    let (rider, operator) = (service.rider("ann"), service.operator("olga"));
    let (driver, next) = (service.driver("bob"), service.driver("ben"));
    let mut app = Follower::begin(&driver).0;
    let trip = taken(&rider, &driver);
    let reason = json!({"reason": "The car has broken down"});
    for other in [&rider.0, &driver.0] {
        let answer = other.command_with(&trip, "take_back", &reason);
        answer.problem(403, "not-allowed");
    }
    operator.command(&trip, "take_back").names_field("reason");
    let back = operator.command_with(&trip, "take_back", &reason).ok(200);
    assert_eq!(back["status"], "REQUESTED");
    assert_eq!(
        (&back["driver"], &back["reason"]),
        (&Value::Null, &reason["reason"])
    );
    let again = operator.command_with(&trip, "take_back", &reason).ok(200);
    assert_eq!(again, back);
    app.hears_until_requested(&trip);
    app.hears(&trip, "accepted");
    app.hears(&trip, "taken-back");
    is_notified(&rider, "Your driver cannot come");
    is_notified(&driver, "Your trip was taken from you");
    driver.accept(&trip).problem(403, "not-offered");
    next.accept(&trip).ok(200);
    next.start(&trip).ok(200);
    let refused = operator.command_with(&trip, "take_back", &reason);
    let body = refused.problem(409, "not-possible");
    assert_eq!(body["trip_status"], "IN_PROGRESS");
}

fn operators_take_a_trip_back_over_the_native_socket(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let operator = service.operator("olga");
    let mut course = rider.connect();
    let trip = rider.request("A", "B");
    driver.accept(&trip).ok(200);
    course.hears(&trip, "REQUESTED");
    course.hears(&trip, "STARTED");
    let fields = json!({"pk": trip["id"], "data": {"reason": "A flat tyre"}});
    let refused = driver.native().call("take_back", &fields);
    assert_eq!(refused.0["response_status"], 403, "{}", refused.0);
    let back = operator.native().call("take_back", &fields).ok(200);
    assert_eq!(back["status"], "REQUESTED");
    course.hears(&trip, "REQUESTED");
}

fn what_is_noted_shows_in_no_dialect_of_the_course(on: Database) {
    let mut service = town_of(on, "broadcast");
    let rider = service.rider("ann");
    let driver = on_shift(&service, "bob", 1_000.0);
    let mut course = rider.connect();
    let trip = nearly_there(&mut service, &rider, &driver);
    course.hears(&trip, "REQUESTED");
    course.hears(&trip, "STARTED");
    service.advance(200.0);
    assert!(rider.trip(nk(&trip))["driver_silent"].is_string());
    is_at(&driver, 20.0);
    driver.arrive(&trip).ok(200);
    // No frame came between.
    course.hears(&trip, "ARRIVED");
}

/// The number of drivers on shift, by occupation.
#[track_caller]
pub fn supply(operator: &Operator) -> Value {
    operator.get("/api/supply/").ok(200)["on_shift"].clone()
}
