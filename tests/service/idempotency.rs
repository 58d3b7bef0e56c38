//! `Idempotency-Key`: a repeated HTTP command takes effect once.

use serde_json::{Value, json};

use crate::harness::{Answer, Database, Http, Service, Test, at_once, nk, tests};

pub fn tests() -> Vec<Test> {
    tests![
        the_same_key_gives_the_first_answer_again,
        without_a_key_every_request_is_another,
        commands_take_keys_too,
        another_body_under_the_same_key_is_refused,
        another_path_under_the_same_key_is_refused,
        keys_belong_to_their_user,
        refused_commands_are_not_kept,
        many_at_once_with_one_key_make_one_trip,
        a_key_outlives_a_restart,
        a_key_has_1_to_255_visible_characters,
    ]
}

fn trip_fields() -> Value {
    json!({"pick_up_address": "A", "drop_off_address": "B"})
}

#[track_caller]
fn post(http: &Http, path: &str, key: &str, body: &Value) -> Answer {
    http.call("POST", path)
        .header("Idempotency-Key", key)
        .json(body)
        .send()
}

#[track_caller]
fn ask(http: &Http, key: &str) -> Answer {
    post(http, "/api/trip/", key, &trip_fields())
}

#[track_caller]
fn is_replay(answer: &Answer, first: &Answer) {
    assert_eq!((answer.status, &answer.text), (first.status, &first.text));
    assert_eq!(answer.header("idempotency-replayed"), Some("true"));
}

#[track_caller]
fn is_first(answer: &Answer) {
    assert!(answer.status < 300, "{}", answer.text);
    assert_eq!(answer.header("idempotency-replayed"), None);
}

fn the_same_key_gives_the_first_answer_again(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let mut phone = rider.connect();
    let first = ask(&rider, "key-1");
    is_first(&first);
    let trip = first.ok(201);
    is_replay(&ask(&rider, "key-1"), &first);
    // It stays the first answer when the trip has changed.
    driver.accept(&trip).ok(200);
    is_replay(&ask(&rider, "key-1"), &first);
    assert_eq!(rider.trips().len(), 1);
    phone.hears(&trip, "REQUESTED");
    phone.hears(&trip, "STARTED");
    phone.heard_nothing();
}

fn without_a_key_every_request_is_another(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let answers = [
        rider.ask(&trip_fields()),
        rider.ask(&trip_fields()),
        ask(&rider, "a"),
    ];
    assert!(
        answers
            .iter()
            .all(|answer| answer.header("idempotency-replayed").is_none())
    );
    assert_eq!(rider.trips().len(), 3);
}

fn commands_take_keys_too(on: Database) {
    let service = Service::start(on);
    let (rider, driver, operator) = (
        service.rider("ann"),
        service.driver("bob"),
        service.operator("olga"),
    );
    let trip = rider.request("A", "B");
    let path = |verb: &str| format!("/api/trip/{}/{verb}/", nk(&trip));
    let mut answers = Vec::new();
    for verb in ["accept", "arrive", "start"] {
        let call = || {
            driver
                .call("POST", &path(verb))
                .header("Idempotency-Key", verb)
                .send()
        };
        let first = call();
        is_first(&first);
        is_replay(&call(), &first);
        answers.push((verb, first));
    }
    let end = json!({"status": "CANCELLED", "reason": "flood"});
    let first = post(&operator, &path("end"), "end", &end);
    is_first(&first);
    is_replay(&post(&operator, &path("end"), "end", &end), &first);
    for (verb, first) in answers {
        is_replay(
            &driver
                .call("POST", &path(verb))
                .header("Idempotency-Key", verb)
                .send(),
            &first,
        );
    }
    let next = rider.request("C", "D");
    let cancel = json!({"reason": "rain"});
    let path = format!("/api/trip/{}/cancel/", nk(&next));
    let first = post(&rider, &path, "cancel", &cancel);
    is_first(&first);
    is_replay(&post(&rider, &path, "cancel", &cancel), &first);
}

fn another_body_under_the_same_key_is_refused(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let first = ask(&rider, "key");
    is_first(&first);
    let other = json!({"pick_up_address": "A", "drop_off_address": "C"});
    post(&rider, "/api/trip/", "key", &other).problem(422, "key-reused");
    is_replay(&ask(&rider, "key"), &first);
    assert_eq!(rider.trips(), [first.json()]);
}

fn another_path_under_the_same_key_is_refused(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let trip = ask(&rider, "key").ok(201);
    let cancel = format!("/api/trip/{}/cancel/", nk(&trip));
    rider
        .call("POST", &cancel)
        .header("Idempotency-Key", "key")
        .send()
        .problem(422, "key-reused");
    let call = |verb: &str| {
        let path = format!("/api/trip/{}/{verb}/", nk(&trip));
        driver
            .call("POST", &path)
            .header("Idempotency-Key", "key")
            .send()
    };
    is_first(&call("accept"));
    call("arrive").problem(422, "key-reused");
    assert_eq!(rider.trip(nk(&trip))["status"], "STARTED");
}

fn keys_belong_to_their_user(on: Database) {
    let service = Service::start(on);
    let (one, two) = (service.rider("ann"), service.rider("amy"));
    is_first(&ask(&one, "key"));
    is_first(&ask(&two, "key"));
    assert_eq!((one.trips().len(), two.trips().len()), (1, 1));
    // The sessions of a user share their keys.
    is_replay(&ask(&service.log_in("ann"), "key"), &ask(&one, "key"));
}

fn refused_commands_are_not_kept(on: Database) {
    let service = Service::with(on, &["--rider-trips", "1"]);
    let rider = service.rider("ann");
    post(&rider, "/api/trip/", "bad", &json!({})).problem(400, "invalid");
    let trip = rider.request("A", "B");
    ask(&rider, "late").problem(409, "too-many-trips");
    ask(&rider, "late").problem(409, "too-many-trips");
    rider.cancel(&trip).ok(200);
    is_first(&ask(&rider, "late"));
    rider.cancel(&rider.trips()[0]).ok(200);
    is_first(&ask(&rider, "bad"));
}

fn many_at_once_with_one_key_make_one_trip(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    for round in 0..3 {
        let key = format!("round-{round}");
        let answers = at_once((0..8).map(|_| {
            let (http, key) = (rider.again(), key.clone());
            move || ask(&http, &key)
        }));
        assert!(
            answers
                .iter()
                .all(|answer| answer.status == 201 && answer.text == answers[0].text),
            "{answers:?}"
        );
        let first = answers
            .iter()
            .filter(|answer| answer.header("idempotency-replayed").is_none());
        assert_eq!(first.count(), 1, "one of them made the trip");
        assert_eq!(rider.trips().len(), round + 1);
    }
}

fn a_key_outlives_a_restart(on: Database) {
    let mut service = Service::start(on);
    let mut rider = service.rider("ann");
    let first = ask(&rider, "key");
    is_first(&first);
    service.kill();
    service.restart();
    rider.follow(&service);
    is_replay(&ask(&rider, "key"), &first);
    assert_eq!(rider.trips().len(), 1);
}

fn a_key_has_1_to_255_visible_characters(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    for bad in ["", "two words", "tab\there", &"x".repeat(256), "caf\u{e9}"] {
        let answer = ask(&rider, bad);
        assert_eq!(answer.status, 400, "{bad:?}: {}", answer.text);
        answer.problem(400, "invalid");
    }
    assert_eq!(rider.trips(), [] as [Value; 0]);
    for good in ["~".to_owned(), "!".repeat(255)] {
        is_first(&ask(&rider, &good));
    }
}
