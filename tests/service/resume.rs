//! Resuming the event stream: a client that comes back gets every event that it has missed, and none twice.

use serde_json::{Value, json};

use crate::harness::{Database, Driver, Follower, Log, Rider, Service, Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        what_was_missed_comes_before_what_happens,
        an_event_in_two_streams_comes_once,
        a_new_account_can_hear_everything_from_its_beginning,
        resuming_again_starts_over,
        positions_outlive_a_crash,
        messages_and_notifications_are_events,
        an_operator_hears_of_trips_and_of_what_everybody_is_told,
        a_call_to_resume_needs_no_id,
    ]
}

fn drive(driver: &Driver, trip: &Value, verbs: &[&str]) {
    for verb in verbs {
        driver.command(trip, verb).ok(200);
    }
}

/// Completes and cancels trips, one of each a round.
fn live(rider: &Rider, driver: &Driver, rounds: usize) {
    for _ in 0..rounds {
        let trip = rider.request("A", "B");
        drive(driver, &trip, &["accept", "arrive", "start", "complete"]);
        let trip = rider.request("C", "D");
        rider.cancel(&trip).ok(200);
    }
}

fn what_was_missed_comes_before_what_happens(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let again = [service.log_in("ann"), service.log_in("bob")];
    let clients = [&rider.0, &driver.0, &again[0], &again[1]];
    let mut always = clients.map(|client| Follower::begin(client).0);
    let mut away: Vec<Log> = clients
        .iter()
        .map(|client| Follower::begin(client).0.vanish())
        .collect();
    for rounds in [1, 20, 3] {
        live(&rider, &driver, rounds);
        let mut back: Vec<Follower> = clients
            .into_iter()
            .zip(away)
            .map(|(client, log)| Follower::go_on(client, log))
            .collect();
        let open = rider.request("E", "F");
        let followers = always.iter_mut().chain(&mut back);
        for follower in followers {
            follower.hears_until_requested(&open);
        }
        for (back, always) in back.iter().zip(&always) {
            assert_eq!(back.log, always.log);
        }
        rider.cancel(&open).ok(200);
        away = back.into_iter().map(Follower::vanish).collect();
    }
    for log in &away {
        let is_request = |data: &&Value| data["event"]["kind"] == "requested";
        assert_eq!(log.heard.iter().filter(is_request).count(), 2 * 24 + 3);
    }
}

fn an_event_in_two_streams_comes_once(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let other = service.driver("ben");
    let logs = [&driver, &other].map(|driver| Follower::begin(driver).0.vanish());
    let trip = rider.request("A", "B");
    drive(&driver, &trip, &["accept", "arrive"]);
    let marker = rider.request("C", "D");
    let [of_driver, of_other] = logs;
    let mut own = Follower::go_on(&driver, of_driver);
    let mut others = Follower::go_on(&other, of_other);
    for follower in [&mut own, &mut others] {
        follower.hears(&trip, "requested");
        let event = follower.hears(&trip, "accepted");
        assert_eq!(event["actor"], json!({"role": "driver", "id": driver.id}));
        assert_eq!(event["revision"], 2);
    }
    let position = |stream: &str, sequence: i64, data: &Value| {
        assert_eq!(data["stream"], stream, "{data}");
        assert_eq!(data["sequence"], sequence, "{data}");
    };
    let accepted = &own.log.heard[1];
    position(&format!("user:{}", driver.id), 1, &accepted["position"]);
    position("drivers:main", 2, &accepted["also"][0]);
    let accepted = &others.log.heard[1];
    position("drivers:main", 2, &accepted["position"]);
    assert_eq!(accepted.get("also"), None);
    own.hears(&trip, "arrived");
    own.hears(&marker, "requested");
    others.hears(&marker, "requested");
}

fn a_new_account_can_hear_everything_from_its_beginning(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let (begun, _) = Follower::begin(&rider);
    let log = begun.vanish();
    let trip = rider.request("A", "B");
    drive(&driver, &trip, &["accept", "start", "complete"]);
    rider
        .native()
        .call("delete", &json!({"pk": trip["id"]}))
        .ok(204);
    let second = rider.request("C", "D");
    let mut native = rider.native();
    let fields = json!({"pk": second["id"], "data": {"pick_up_address": "C2"}});
    native.call("patch", &fields).ok(200);
    native.call("delete", &json!({"pk": second["id"]})).ok(204);
    for _ in 0..2 {
        // The log was taken before the stream had an event.
        let mut follower = Follower::go_on(&rider, log.clone());
        let expected = [
            "requested",
            "accepted",
            "started",
            "completed",
            "removed",
            "requested",
            "amended",
            "withdrawn",
        ];
        for kind in expected {
            let event = follower.next();
            assert_eq!(event["kind"], kind);
        }
        let revisions: Vec<&Value> = follower
            .log
            .heard
            .iter()
            .map(|data| &data["event"]["revision"])
            .collect();
        assert_eq!(json!(revisions), json!([1, 2, 3, 4, 5, 1, 2, 3]));
    }
}

fn resuming_again_starts_over(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let (mut follower, _) = Follower::begin(&rider);
    let beginning = follower.log.clone();
    let trip = rider.request("A", "B");
    driver.accept(&trip).ok(200);
    follower.hears(&trip, "requested");
    follower.hears(&trip, "accepted");
    let first = std::mem::replace(&mut follower.log, beginning);
    assert_eq!(follower.again()["resumed"], true);
    follower.hears(&trip, "requested");
    follower.hears(&trip, "accepted");
    assert_eq!(follower.log, first);
    assert_eq!(follower.again()["resumed"], true);
    driver.arrive(&trip).ok(200);
    follower.hears(&trip, "arrived");
    let event = follower.next();
    assert_eq!(event["kind"], "notification", "{event}");
}

fn positions_outlive_a_crash(on: Database) {
    let mut service = Service::start(on);
    let (mut rider, mut driver) = (service.rider("ann"), service.driver("bob"));
    let (mut of_rider, mut of_driver) = (Follower::begin(&rider).0, Follower::begin(&driver).0);
    let trip = rider.request("A", "B");
    for follower in [&mut of_rider, &mut of_driver] {
        follower.hears(&trip, "requested");
    }
    let logs = [of_rider.vanish(), of_driver.vanish()];
    driver.accept(&trip).ok(200);
    service.kill();
    service.restart();
    rider.follow(&service);
    driver.follow(&service);
    driver.arrive(&trip).ok(200);
    let [of_rider, of_driver] = logs;
    let mut of_rider = Follower::go_on(&rider, of_rider);
    let mut of_driver = Follower::go_on(&driver, of_driver);
    for follower in [&mut of_rider, &mut of_driver] {
        follower.hears(&trip, "accepted");
        follower.hears(&trip, "arrived");
    }
    assert_eq!(of_rider.next()["kind"], "notification");
    driver.start(&trip).ok(200);
    for follower in [&mut of_rider, &mut of_driver] {
        follower.hears(&trip, "started");
    }
}

fn messages_and_notifications_are_events(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let trip = rider.request("A", "B");
    driver.accept(&trip).ok(200);
    let mut of_rider = Follower::begin(&rider).0;
    let of_driver = Follower::begin(&driver).0.vanish();
    let say = json!({"pk": trip["id"], "data": {"message": "at the door"}});
    let message = rider.native().call_in("chat", "send", &say).ok(201);
    driver.arrive(&trip).ok(200);
    let mut of_driver = Follower::go_on(&driver, of_driver);
    for follower in [&mut of_rider, &mut of_driver] {
        let event = follower.next();
        assert_eq!(
            (&event["kind"], &event["message"]),
            (&json!("message"), &message)
        );
        assert_eq!(event["actor"], json!({"role": "rider", "id": rider.id}));
        follower.hears(&trip, "arrived");
    }
    let event = of_rider.next();
    assert_eq!(
        (&event["kind"], &event["actor"]),
        (&json!("notification"), &json!({"role": "service"}))
    );
    assert_eq!(event["notification"]["message"], "Your driver has arrived.");
    let again = Follower::resume(&rider, Log::default()).1;
    assert_eq!(again["snapshot"]["unread"], 1);
}

fn an_operator_hears_of_trips_and_of_what_everybody_is_told(on: Database) {
    let service = Service::start(on);
    let (rider, operator) = (service.rider("ann"), service.operator("oz"));
    let mut follower = Follower::begin(&operator).0;
    let trip = rider.request("A", "B");
    follower.hears(&trip, "requested");
    let fields = json!({"message": "hello", "everybody": true});
    let sent = operator.post("/api/notifications/", &fields).ok(201);
    let event = follower.next();
    assert_eq!(event["notification"], sent);
    assert_eq!(
        event["actor"],
        json!({"role": "operator", "id": operator.id})
    );
    let stream = |heard: usize| &follower.log.heard[heard]["position"]["stream"];
    assert_eq!((stream(0), stream(1)), (&json!("staff"), &json!("all")));
}

fn a_call_to_resume_needs_no_id(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let mut native = rider.native();
    let fields = json!({"request_id": null, "data": {"positions": []}});
    let answer = native.call("resume", &fields).ok(200);
    assert_eq!(answer["reason"], "no-position");
    rider.request("A", "B");
    let event = native.next().expect("an event comes");
    assert_eq!(
        (&event["action"], &event["request_id"]),
        (&json!("event"), &Value::Null)
    );
}
