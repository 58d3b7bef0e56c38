//! Fares that are far above their quotes, and fares that an operator sets.

use serde_json::{Value, json};

use crate::harness::{
    Cab, Database, Driver, Follower, Operator, Options, Rider, STAND, Service, Test, location, nk,
    north_of, tests,
};
use crate::quotes::{fares, fares_with};

pub fn tests() -> Vec<Test> {
    tests![
        a_fare_far_above_the_quote_is_told_to_rider_and_desk,
        a_fare_within_the_factor_is_told_to_nobody,
        the_factor_is_locked_into_the_order,
        an_operator_sets_another_fare,
        a_fare_that_is_set_twice_stands_once,
        only_what_is_over_and_priced_can_be_set,
        what_is_no_fare_is_named,
        only_operators_set_fares,
        a_fee_is_waived,
        a_fare_of_a_trip_that_was_put_away_is_told_alone,
    ]
}

#[track_caller]
fn is_at(driver: &Driver, metres: f64) {
    let place = location(north_of(STAND, metres));
    driver.post("/api/positions/", &place).ok(200);
}

/// A ride under way, quoted for a straight line of so many metres, on which the car has driven so many kilometres.
#[track_caller]
fn rides(
    service: &mut Service,
    rider: &Rider,
    driver: &Driver,
    quoted: f64,
    kilometres: u32,
) -> Value {
    is_at(driver, 0.0);
    let to = location(north_of(STAND, quoted));
    let trip = rider.orders(&json!({"drop_off_location": to}));
    driver.accept(&trip).ok(200);
    driver.start(&trip).ok(200);
    for step in 1..=4 * kilometres {
        service.advance(15.0);
        is_at(driver, f64::from(step) * 250.0);
    }
    trip
}

fn parties(service: &Service) -> (Rider, Driver) {
    (service.rider("ann"), on_shift(service, "bob"))
}

fn on_shift(service: &Service, name: &str) -> Driver {
    let driver = service.driver(name);
    driver.post_nothing("/api/shift/").ok(200);
    driver
}

/// The texts of the unread notifications, newest first.
fn texts(client: &crate::harness::Client) -> Vec<Value> {
    let unread = client.get("/api/notifications/").ok(200);
    let list = unread["results"].as_array().cloned().unwrap_or_default();
    list.into_iter()
        .map(|notification| notification["message"].clone())
        .collect()
}

fn a_fare_far_above_the_quote_is_told_to_rider_and_desk(on: Database) {
    let mut service = Options::new(on).town(&fares()).with_clock().start();
    let (rider, driver) = parties(&service);
    let operator = service.operator("olga");
    let trip = rides(&mut service, &rider, &driver, 1_000.0, 10);
    let done = driver.complete(&trip).ok(200);
    let high = &done["high_fare"];
    let (quoted, total) = (&trip["quote"]["total"], &done["fare"]["total"]);
    assert_eq!((&high["quoted"], &high["computed"]), (quoted, total));
    assert!(total.as_i64() > quoted.as_i64().map(|quoted| quoted * 3 / 2));
    assert_eq!(
        (&high["factor"], &high["expected_metres"]),
        (&json!(1.5), &json!(1_300))
    );
    assert!(
        high["metres"].as_i64().is_some_and(|metres| metres > 9_000),
        "{high}"
    );
    assert_eq!(operator.trip(nk(&trip)), done);
    assert_eq!(rider.trip(nk(&trip)), done);
    assert_eq!(texts(&rider)[0], high["why"]);
    let why = high["why"].as_str().expect("the reason is a string");
    assert!(
        why.starts_with("The fare is more than 1.5 times the quote: "),
        "{why}"
    );
    let text = format!(
        "Trip {}: the fare is more than 1.5 times the quote.",
        trip["id"]
    );
    assert_eq!(texts(&operator), [json!(text)]);
}

fn a_fare_within_the_factor_is_told_to_nobody(on: Database) {
    let mut service = Options::new(on).town(&fares()).with_clock().start();
    let (rider, driver) = parties(&service);
    let operator = service.operator("olga");
    let trip = rides(&mut service, &rider, &driver, 3_000.0, 3);
    let done = driver.complete(&trip).ok(200);
    assert!(
        done["fare"].is_object() && done.get("high_fare").is_none(),
        "{done}"
    );
    assert_eq!(texts(&operator), [0; 0].map(Value::from));
}

fn the_factor_is_locked_into_the_order(on: Database) {
    let town = fares_with(&json!({"high_fare_factor": 5.0}));
    let mut service = Options::new(on).town(&town).with_clock().start();
    let (mut rider, mut driver) = parties(&service);
    let before = rides(&mut service, &rider, &driver, 1_000.0, 9);
    service.stop();
    let town = fares_with(&json!({"high_fare_factor": 1.0}));
    std::fs::write(service.home().dir().join("town.json"), town.to_string())
        .expect("there is room for a file");
    service.restart();
    rider.follow(&service);
    driver.follow(&service);
    // The clock is no longer ahead, so another driver goes on shift.
    let other = on_shift(&service, "ben");
    let done = driver.complete(&before).ok(200);
    assert!(
        done["fare"].is_object() && done.get("high_fare").is_none(),
        "{done}"
    );
    let after = rides(&mut service, &rider, &other, 1_000.0, 9);
    let done = other.complete(&after).ok(200);
    assert_eq!(done["high_fare"]["factor"], 1.0, "{done}");
}

/// A completed ride without positions, which costs as much as its quote.
#[track_caller]
fn ridden(rider: &Rider, driver: &Driver) -> Value {
    let trip = rider.orders(&json!({}));
    for verb in ["accept", "start"] {
        driver.command(&trip, verb).ok(200);
    }
    driver.complete(&trip).ok(200)
}

fn set(amount: i64, reason: &str) -> Value {
    json!({"amount": amount, "reason": reason})
}

fn set_line(amount: i64) -> Value {
    let line = json!({"kind": "set", "amount": amount});
    json!({"currency": "EUR", "lines": [line], "total": amount})
}

fn an_operator_sets_another_fare(on: Database) {
    let mut service = Options::new(on).town(&fares()).start();
    let (rider, mut cab) = (service.rider("ann"), Cab::of(&service, "bob"));
    let operator: Operator = service.operator("olga");
    let done = ridden(&rider, &cab);
    let (mut follower, _) = Follower::begin(&rider);
    let after = operator
        .command_with(&done, "fare", &set(900, "The long way"))
        .ok(200);
    assert_eq!(after["fare"], set_line(900));
    assert_eq!(
        after["fare_set"],
        json!({"computed": done["fare"], "reason": "The long way"})
    );
    assert_eq!(
        (&after["status"], after.get("reason")),
        (&json!("COMPLETED"), None)
    );
    for client in [&rider.0, &cab.0, &operator.0] {
        assert_eq!(client.trip(nk(&done)), after);
    }
    let words = "An operator has set another fare for your trip: The long way";
    let event = follower.next();
    assert_eq!(
        (&event["kind"], &event["trip"]),
        (&json!("fare-set"), &after)
    );
    assert_eq!(
        event["actor"],
        json!({"role": "operator", "id": operator.id})
    );
    assert_eq!(follower.next()["notification"]["message"], words);
    for kind in ["requested", "accepted", "started", "completed"] {
        cab.hears(kind);
    }
    assert_eq!(cab.hears("fare-set")["trip"], after);
    assert_eq!(cab.hears("notification")["notification"]["message"], words);
    // The native action sets it again, and the computed fare stays beside it.
    let fields = json!({"pk": done["id"], "data": set(0, "Not at all")});
    let again = operator.native().call("set_fare", &fields).ok(200);
    assert_eq!(again["fare"], set_line(0));
    assert_eq!(
        again["fare_set"],
        json!({"computed": done["fare"], "reason": "Not at all"})
    );
    service.stop();
    service.home().must_run(&["replay", "--check"], "");
}

fn a_fare_that_is_set_twice_stands_once(on: Database) {
    let service = Options::new(on).town(&fares()).start();
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let (operator, other) = (service.operator("olga"), service.operator("otto"));
    let done = ridden(&rider, &driver);
    let fare = set(900, "The long way");
    let after = operator.command_with(&done, "fare", &fare).ok(200);
    for operator in [&operator, &other] {
        assert_eq!(operator.command_with(&done, "fare", &fare).ok(200), after);
    }
    let (mut follower, _) = Follower::begin(&rider);
    let changed = other
        .command_with(&done, "fare", &set(900, "A better reason"))
        .ok(200);
    assert_eq!(
        follower.next()["trip"],
        changed,
        "the repetitions made no event"
    );
    // Under one key, a command takes effect once.
    let path = format!("/api/trip/{}/fare/", nk(&done));
    let keyed = |fare: &Value| {
        let call = operator.call("POST", &path).header("Idempotency-Key", "k");
        call.json(fare).send()
    };
    let first = keyed(&set(1, "One")).ok(200);
    other.command_with(&done, "fare", &set(2, "Two")).ok(200);
    assert_eq!(keyed(&set(1, "One")).ok(200), first);
    assert_eq!(rider.trip(nk(&done))["fare"]["total"], 2);
    keyed(&set(3, "Three")).problem(422, "key-reused");
    // The same holds over a socket.
    let mut native = operator.native();
    let fields = json!({"idempotency_key": "n", "pk": done["id"], "data": set(4, "Four")});
    let first = native.call("set_fare", &fields).ok(200);
    other.command_with(&done, "fare", &set(5, "Five")).ok(200);
    assert_eq!(native.call("set_fare", &fields).ok(200), first);
    assert_eq!(rider.trip(nk(&done))["fare"]["total"], 5);
}

fn only_what_is_over_and_priced_can_be_set(on: Database) {
    let service = Options::new(on).town(&fares()).start();
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let operator = service.operator("olga");
    let trip = rider.orders(&json!({}));
    for verb in ["accept", "arrive", "start"] {
        let answer = operator.command_with(&trip, "fare", &set(1, "x"));
        answer.problem(409, "not-possible");
        driver.command(&trip, verb).ok(200);
    }
    let answer = operator.command_with(&trip, "fare", &set(1, "x"));
    assert_eq!(
        answer.problem(409, "not-possible")["trip_status"],
        "IN_PROGRESS"
    );
    driver.complete(&trip).ok(200);
    let cancelled = rider.orders(&json!({}));
    rider.cancel(&cancelled).ok(200);
    let answer = operator.command_with(&cancelled, "fare", &set(1, "x"));
    answer.problem(409, "not-possible");
    // A class without a tariff costs nothing until an operator sets a fare.
    let bike = rider.orders(&json!({"class": "bike"}));
    for verb in ["accept", "start", "complete"] {
        driver.command(&bike, verb).ok(200);
    }
    let after = operator
        .command_with(&bike, "fare", &set(5, "A flat price"))
        .ok(200);
    assert_eq!(
        after["fare_set"],
        json!({"computed": null, "reason": "A flat price"})
    );
    let free = Service::start(on);
    let (rider, driver) = (free.rider("ann"), free.driver("bob"));
    let done = ridden(&rider, &driver);
    let answer = free
        .operator("olga")
        .command_with(&done, "fare", &set(1, "x"));
    let body = answer.problem(409, "not-possible");
    assert_eq!(
        body["detail"],
        "This trip has no price: its order names no currency."
    );
}

fn what_is_no_fare_is_named(on: Database) {
    let service = Options::new(on).town(&fares()).start();
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let operator = service.operator("olga");
    let done = ridden(&rider, &driver);
    for (fields, field) in [
        (json!({"reason": "x"}), "amount"),
        (json!({"amount": null, "reason": "x"}), "amount"),
        (json!({"amount": -1, "reason": "x"}), "amount"),
        (json!({"amount": 1_000_000_001, "reason": "x"}), "amount"),
        (json!({"amount": 1.5, "reason": "x"}), "amount"),
        (json!({"amount": "nine", "reason": "x"}), "amount"),
        (json!({"amount": 9}), "reason"),
        (json!({"amount": 9, "reason": " "}), "reason"),
        (
            json!({"amount": 9, "reason": "x", "currency": "CHF"}),
            "currency",
        ),
    ] {
        operator
            .command_with(&done, "fare", &fields)
            .names_field(field);
    }
    assert_eq!(rider.trip(nk(&done)), done);
    let most = set(1_000_000_000, "x");
    let after = operator.command_with(&done, "fare", &most).ok(200);
    assert_eq!(after["fare"]["total"], 1_000_000_000);
}

fn only_operators_set_fares(on: Database) {
    let service = Options::new(on).town(&fares()).start();
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let done = ridden(&rider, &driver);
    let fields = json!({"pk": done["id"], "data": set(1, "x")});
    for client in [&rider.0, &driver.0] {
        let answer = client.command_with(&done, "fare", &set(1, "x"));
        answer.problem(403, "not-allowed");
        client.native().call("set_fare", &fields).not_allowed();
    }
    let path = "/api/trip/0193a1b2c3d4e5f60718293a4b5c6d7e/fare/";
    let operator = service.operator("olga");
    operator.post(path, &set(1, "x")).problem(404, "not-found");
    assert_eq!(rider.trip(nk(&done)), done);
}

fn a_fee_is_waived(on: Database) {
    let fees = json!({
        "cancellation": {"no_show_fee": 500}, "waiting": {"free_seconds": 0},
        // Drivers may say that they have arrived from anywhere.
        "duties": {"arrive_within_metres": 0},
    });
    let service = Options::new(on).town(&fares_with(&fees)).start();
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let trip = rider.orders(&json!({}));
    for verb in ["accept", "arrive", "no_show"] {
        driver.command(&trip, verb).ok(200);
    }
    let operator = service.operator("olga");
    let after = operator.command_with(&trip, "fare", &set(0, "They stood at the other door"));
    let after = after.ok(200);
    assert_eq!(
        (&after["status"], &after["fare"]),
        (&json!("NO_SHOW"), &set_line(0))
    );
    assert_eq!(after["fare_set"]["computed"]["total"], 500);
}

fn a_fare_of_a_trip_that_was_put_away_is_told_alone(on: Database) {
    let service = Options::new(on).town(&fares()).start();
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let operator = service.operator("olga");
    let done = ridden(&rider, &driver);
    let mut native = rider.native();
    native.call("delete", &json!({"pk": done["id"]})).ok(204);
    let (mut follower, _) = Follower::begin(&rider);
    operator
        .command_with(&done, "fare", &set(1, "Too long"))
        .ok(200);
    let event = follower.next();
    assert_eq!(event["kind"], "notification", "{event}");
    assert_eq!(rider.trips(), [0; 0].map(Value::from));
    assert_eq!(driver.trip(nk(&done))["fare"]["total"], 1);
}
