//! The event stream as Server-Sent Events, for scripts and web pages.

use serde_json::{Value, json};

use crate::harness::{
    Auth, Client, Database, Follower, Lines, Log, ServerEvent, Service, Test, eventually, tests,
};

pub fn tests() -> Vec<Test> {
    tests![
        the_first_event_is_a_snapshot,
        events_are_told_as_on_a_native_socket,
        the_last_id_goes_on_where_it_stopped,
        an_id_may_come_in_the_query,
        a_script_may_read_once,
        an_id_of_another_account_or_form_is_refused,
        an_id_that_is_too_old_gets_a_snapshot,
        ids_outlive_a_crash,
        the_answer_ends_with_its_session,
        the_answer_ends_with_the_service,
        nobody_and_no_other_method_is_answered,
    ]
}

const PATH: &str = "/api/events/";

/// Follows the stream after the event with this id.
#[track_caller]
fn follow(client: &Client, id: &str) -> Lines {
    let mut call = client.call("GET", PATH);
    if !id.is_empty() {
        call = call.header("Last-Event-ID", id);
    }
    call.follow().unwrap_or_else(|answer| panic!("{answer:?}"))
}

/// The events after this id, without waiting for more, and the last id.
#[track_caller]
fn once(client: &Client, id: &str) -> (Vec<ServerEvent>, String) {
    let call = client.call("GET", &format!("{PATH}?once=true"));
    let call = call.header("Last-Event-ID", id);
    let mut lines = call.follow().unwrap_or_else(|answer| panic!("{answer:?}"));
    let mut events: Vec<ServerEvent> = std::iter::from_fn(|| lines.next()).collect();
    events.retain(|event| event.name != "bye");
    (events, lines.last_id)
}

fn names(events: &[ServerEvent]) -> Vec<&str> {
    events.iter().map(|event| event.name.as_str()).collect()
}

fn the_first_event_is_a_snapshot(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let trip = rider.request("A", "B");
    let mut lines = follow(&rider, "");
    let snapshot = lines.hears("snapshot");
    let by_socket = Follower::resume(&rider, Log::default()).1;
    assert_eq!(snapshot, by_socket);
    assert_eq!(
        (&snapshot["reason"], &snapshot["snapshot"]["trips"]),
        (&json!("no-position"), &json!([trip]))
    );
}

fn events_are_told_as_on_a_native_socket(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let people = [&rider.0, &driver.0];
    let mut lines = people.map(|client| follow(client, ""));
    let mut followers = people.map(|client| Follower::begin(client).0);
    for lines in &mut lines {
        lines.hears("snapshot");
    }
    let trip = rider.request("A", "B");
    let kinds = ["requested", "accepted", "arrived"];
    driver.accept(&trip).ok(200);
    driver.arrive(&trip).ok(200);
    for (lines, follower) in lines.iter_mut().zip(&mut followers) {
        for kind in kinds {
            let data = lines.hears(kind);
            follower.hears(&trip, kind);
            assert_eq!(Some(&data), follower.log.heard.last());
        }
    }
    lines[0].hears("notification");
    let say = json!({"pk": trip["id"], "data": {"message": "a\nb"}});
    rider.native().call_in("chat", "send", &say).ok(201);
    for lines in &mut lines {
        let event = lines.hears("message");
        assert_eq!(event["event"]["message"]["message"], "a\nb");
    }
}

fn the_last_id_goes_on_where_it_stopped(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    for client in [&rider.0, &driver.0] {
        let mut always = follow(client, "");
        always.hears("snapshot");
        let mut id = always.last_id.clone();
        let mut seen = Vec::new();
        for _ in 0..6 {
            let trip = rider.request("A", "B");
            driver.accept(&trip).ok(200);
            rider.cancel(&trip).ok(200);
            let mut lines = follow(client, &id);
            assert_eq!(lines.hears("resumed")["resumed"], true);
            for _ in 0..2 {
                seen.push(lines.next().expect("an event comes"));
            }
            id = lines.last_id.clone();
        }
        let (rest, _) = once(client, &id);
        seen.extend_from_slice(&rest[1..]);
        let count = seen.len();
        let expected: Vec<ServerEvent> = (0..count).filter_map(|_| always.next()).collect();
        assert_eq!(seen, expected, "{}", client.username);
        assert_eq!(count, if client.id == rider.id { 18 } else { 24 });
    }
}

fn an_id_may_come_in_the_query(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let (_, id) = once(&rider, "");
    rider.request("A", "B");
    let path = format!("{PATH}?last_event_id={id}");
    let lines = rider.call("GET", &path).follow();
    let mut lines = lines.unwrap_or_else(|answer| panic!("{answer:?}"));
    lines.hears("resumed");
    let requested = lines.hears("requested");
    let by_token = format!("{PATH}?token={}", rider.access);
    let anonymous = service.http();
    let lines = anonymous
        .call("GET", &by_token)
        .header("Last-Event-ID", &id);
    let mut lines = lines.follow().unwrap_or_else(|answer| panic!("{answer:?}"));
    lines.hears("resumed");
    assert_eq!(lines.hears("requested"), requested);
    let mut lines = rider
        .with(Auth::Cookie(rider.cookie.clone()))
        .call("GET", PATH)
        .follow()
        .unwrap_or_else(|answer| panic!("{answer:?}"));
    lines.hears("snapshot");
}

fn a_script_may_read_once(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let (events, mut id) = once(&rider, "");
    assert_eq!(names(&events), ["snapshot"]);
    let (events, same) = once(&rider, &id);
    assert_eq!((names(&events), &same), (vec!["resumed"], &id));
    for count in [1, 3, 40] {
        for _ in 0..count {
            let trip = rider.request("A", "B");
            rider.cancel(&trip).ok(200);
        }
        let (events, after) = once(&rider, &id);
        let mut expected = vec!["resumed"];
        for _ in 0..count {
            expected.extend(["requested", "cancelled"]);
        }
        assert_eq!(names(&events), expected);
        id = after;
    }
    assert_eq!(names(&once(&rider, &id).0), ["resumed"]);
}

fn an_id_of_another_account_or_form_is_refused(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    rider.request("A", "B");
    let (_, id) = once(&rider, "");
    let refused = |id: &str| {
        let call = driver.call("GET", PATH).header("Last-Event-ID", id);
        let answer = call.follow().err().expect("it is refused");
        answer.names_field("Last-Event-ID");
    };
    refused(&id);
    // The last two are base64 of an empty object and of a list without positions.
    for id in ["x", "17", "a b", "e30", "WzFd"] {
        refused(id);
    }
    refused(&"A".repeat(1025));
}

fn an_id_that_is_too_old_gets_a_snapshot(on: Database) {
    let service = Service::with(on, &["--event-retention", "1"]);
    let rider = service.rider("ann");
    let (_, id) = once(&rider, "");
    let trip = rider.request("A", "B");
    let snapshot = eventually("the id is too old", || {
        let (mut events, _) = once(&rider, &id);
        (events[0].name == "snapshot").then(|| events.remove(0).data)
    });
    assert_eq!(
        (&snapshot["reason"], &snapshot["snapshot"]["trips"]),
        (&json!("too-old"), &json!([trip]))
    );
}

fn ids_outlive_a_crash(on: Database) {
    let mut service = Service::start(on);
    let mut rider = service.rider("ann");
    let (_, id) = once(&rider, "");
    let trip = rider.request("A", "B");
    service.kill();
    service.restart();
    rider.follow(&service);
    let mut lines = follow(&rider, &id);
    lines.hears("resumed");
    assert_eq!(lines.hears("requested")["event"]["trip"], trip);
    rider.cancel(&trip).ok(200);
    lines.hears("cancelled");
}

#[track_caller]
fn says_goodbye(lines: Lines, code: u16) {
    let rest = lines.rest();
    assert_eq!(names(&rest), ["bye"], "{rest:?}");
    assert_eq!(rest[0].data["code"], code);
    assert!(rest[0].data["reason"].is_string(), "{rest:?}");
}

fn the_answer_ends_with_its_session(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let again = service.log_in("ann");
    let (mut lines, mut stays) = (follow(&rider, ""), follow(&again, ""));
    for lines in [&mut lines, &mut stays] {
        lines.hears("snapshot");
    }
    assert_eq!(rider.post_nothing("/api/log_out/").status, 204);
    says_goodbye(lines, 4501);
    let fields = json!({"pick_up_address": "A", "drop_off_address": "B"});
    let trip: Value = again.post("/api/trip/", &fields).ok(201);
    assert_eq!(stays.hears("requested")["event"]["trip"], trip);
}

fn the_answer_ends_with_the_service(on: Database) {
    let mut service = Service::start(on);
    let rider = service.rider("ann");
    let mut lines = follow(&rider, "");
    lines.hears("snapshot");
    assert!(service.stop().success());
    says_goodbye(lines, 4001);
}

fn nobody_and_no_other_method_is_answered(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let nobody = service.http();
    nobody.get(PATH).problem(401, "not-authenticated");
    rider.post_nothing(PATH).problem(405, "method-not-allowed");
}
