//! Subscriptions of a native socket: which changes it hears, under which id, and until when.

use serde_json::{Value, json};

use super::dcrf::pk_of;
use crate::harness::{Database, Driver, Native, Rider, Service, Test, inner, nk, tests};

pub fn tests() -> Vec<Test> {
    tests![
        an_observer_is_told_every_change_once,
        an_observer_is_not_told_what_was_before,
        what_is_told_is_wrapped_as_the_call_was,
        two_subscriptions_to_one_trip_are_told_apart,
        unsubscribing_without_an_id_ends_all_of_the_trip,
        the_same_id_again_replaces_itself,
        a_driver_loses_sight_of_a_trip_that_another_takes,
        a_deleted_trip_can_be_unsubscribed,
        a_riders_activity_is_filtered,
        a_drivers_activity_shows_what_they_may_see,
        an_operators_activity_shows_everything,
        activity_may_be_of_one_trip_alone,
        activity_ends_as_it_was_begun,
        a_socket_has_at_most_64_subscriptions,
        nothing_is_told_that_was_not_asked_for,
    ]
}

fn people(service: &Service) -> (Rider, Driver) {
    (service.rider("ann"), service.driver("bob"))
}

#[track_caller]
fn observe(native: &mut Native, trip: &Value, id: &str) {
    let fields = json!({"pk": trip["id"], "request_id": id});
    assert_eq!(
        native.call("subscribe_instance", &fields).ok(201),
        Value::Null
    );
}

#[track_caller]
fn follow(native: &mut Native, id: &str, filter: Value) {
    let mut fields = filter;
    fields["request_id"] = json!(id);
    let begun = native.call("subscribe_trip_activity", &fields);
    assert_eq!(begun.ok(201), Value::Null);
}

fn drive(driver: &Driver, trip: &Value, verbs: &[&str]) {
    for verb in verbs {
        driver.command(trip, verb).ok(200);
    }
}

/// Waits until a later change has come to each of these sockets, so that no earlier frame is still to come.
#[track_caller]
fn settle(rider: &Rider, sockets: &mut [&mut Native]) {
    let marker = rider.request("marker", "B");
    for native in sockets.iter_mut() {
        observe(native, &marker, "marker");
    }
    rider.cancel(&marker).ok(200);
    for native in sockets {
        native.event("marker");
    }
}

fn an_observer_is_told_every_change_once(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = people(&service);
    let mut sockets = [
        rider.native(),
        rider.native_at("/ws/trips/"),
        driver.native(),
        service.operator("oz").native(),
    ];
    let trip = rider.request("A", "B");
    for native in &mut sockets {
        observe(native, &trip, "sub");
    }
    for (verb, status) in [
        ("accept", "STARTED"),
        ("arrive", "ARRIVED"),
        ("start", "IN_PROGRESS"),
        ("complete", "COMPLETED"),
    ] {
        let after = driver.command(&trip, verb).ok(200);
        driver.command(&trip, verb).ok(200);
        for native in &mut sockets {
            let changed = native.hears("sub", "update", &trip);
            assert_eq!(changed["status"], status);
            assert_eq!(changed, after);
        }
    }
    settle(&rider, &mut sockets.iter_mut().collect::<Vec<_>>());
    for native in &sockets {
        native.heard_no_more("sub");
    }
}

/// A command is answered before its change is announced, so the frame of the change may come after the answer to the
/// next call.
fn an_observer_is_not_told_what_was_before(on: Database) {
    let service = Service::start(on);
    let (rider, _) = people(&service);
    let mut native = rider.native();
    let order = json!({"data": {"pick_up_address": "A", "drop_off_address": "B"}});
    for pk in 1..=40 {
        let id = format!("trip {pk}");
        let created = native.send(None, "create", &order);
        let fields = json!({"pk": pk, "request_id": id});
        let begun = native.send(None, "subscribe_instance", &fields);
        let trip = native.answer(None, "create", &created).ok(201);
        assert_eq!(trip["id"], pk);
        native.answer(None, "subscribe_instance", &begun).ok(201);
        let change = json!({"pk": pk, "data": {"drop_off_address": "C"}});
        let amended = native.call("patch", &change).ok(200);
        assert_eq!(native.hears(&id, "update", &trip), amended);
        native.call("delete", &json!({"pk": pk})).ok(204);
    }
}

fn what_is_told_is_wrapped_as_the_call_was(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = people(&service);
    let trip = rider.request("A", "B");
    let mut native = rider.native();
    let fields = json!({"pk": nk(&trip), "request_id": {"any": ["id", 1]}});
    let answer = native.call_in("trips", "subscribe_instance", &fields);
    answer.ok(201);
    let fields = json!({"pk": nk(&trip), "request_id": 5});
    native.call("subscribe_instance", &fields).ok(201);
    let after = driver.accept(&trip).ok(200);
    let envelope = |id: Value| json!({"errors": [], "data": after, "action": "update", "response_status": 200, "request_id": id});
    let frames = [native.next(), native.next()].map(|frame| frame.expect("a frame comes"));
    let wrapped = json!({"stream": "trips", "payload": envelope(json!({"any": ["id", 1]}))});
    assert_eq!(frames, [wrapped, envelope(json!(5))]);
}

fn two_subscriptions_to_one_trip_are_told_apart(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = people(&service);
    let trip = rider.request("A", "B");
    let mut native = rider.native();
    observe(&mut native, &trip, "one");
    observe(&mut native, &trip, "two");
    driver.accept(&trip).ok(200);
    for id in ["one", "two"] {
        native.hears(id, "update", &trip);
    }
    let fields = json!({"pk": trip["id"], "request_id": "one"});
    native.call("unsubscribe_instance", &fields).ok(204);
    driver.arrive(&trip).ok(200);
    assert_eq!(native.hears("two", "update", &trip)["status"], "ARRIVED");
    let again = native.call("unsubscribe_instance", &fields);
    again.ok(204);
    driver.start(&trip).ok(200);
    assert_eq!(
        native.hears("two", "update", &trip)["status"],
        "IN_PROGRESS"
    );
    settle(&rider, &mut [&mut native]);
    native.heard_no_more("one");
}

fn unsubscribing_without_an_id_ends_all_of_the_trip(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = people(&service);
    let (trip, other) = (rider.request("A", "B"), rider.request("C", "D"));
    let mut native = rider.native();
    for (trip, id) in [(&trip, "one"), (&trip, "two"), (&other, "other")] {
        observe(&mut native, trip, id);
    }
    let fields = json!({"pk": nk(&trip), "request_id": null});
    native.call("unsubscribe_instance", &fields).ok(204);
    drive(&driver, &trip, &["accept", "start", "complete"]);
    rider.cancel(&other).ok(200);
    native.hears("other", "update", &other);
    native.heard_no_more("one");
    native.heard_no_more("two");
}

fn the_same_id_again_replaces_itself(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = people(&service);
    let trip = rider.request("A", "B");
    let mut native = rider.native();
    for _ in 0..3 {
        observe(&mut native, &trip, "sub");
        follow(&mut native, "sub", json!({"status": "STARTED"}));
    }
    driver.accept(&trip).ok(200);
    settle(&rider, &mut [&mut native]);
    let events = [native.event("sub"), native.event("sub")];
    let mut actions = events.map(|event| event.0["action"].clone());
    actions.sort_by_key(ToString::to_string);
    assert_eq!(
        actions,
        ["create", "update"],
        "each subscription is there once"
    );
    native.heard_no_more("sub");
}

fn a_driver_loses_sight_of_a_trip_that_another_takes(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = people(&service);
    let trip = rider.request("A", "B");
    let mut other = service.driver("ben").native();
    observe(&mut other, &trip, "sub");
    drive(&driver, &trip, &["accept", "arrive", "start", "complete"]);
    other.hears("sub", "delete", &trip);
    settle(&rider, &mut [&mut other]);
    other.heard_no_more("sub");
    let fields = json!({"pk": trip["id"], "request_id": "sub"});
    other.call("subscribe_instance", &fields).not_found();
}

fn a_deleted_trip_can_be_unsubscribed(on: Database) {
    let service = Service::start(on);
    let (rider, _) = people(&service);
    let trip = rider.request("A", "B");
    let mut native = rider.native();
    for pk in [&trip["id"], &trip["nk"]] {
        let fields = json!({"pk": pk, "request_id": "sub"});
        native.call("subscribe_instance", &fields).ok(201);
        let second = json!({"pk": pk, "request_id": "second"});
        native.call("subscribe_instance", &second).ok(201);
    }
    native.call("delete", &pk_of(&trip)).ok(204);
    native.event("sub").ok(204);
    for id in ["sub", "second"] {
        let fields = json!({"pk": nk(&trip), "request_id": id});
        native.call("unsubscribe_instance", &fields).ok(204);
    }
}

fn a_riders_activity_is_filtered(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = people(&service);
    let mut native = rider.native();
    follow(&mut native, "all", json!({}));
    follow(&mut native, "rides", json!({"status": "IN_PROGRESS"}));
    follow(&mut native, "bobs", json!({"driver": driver.id}));
    let trip = rider.request("A", "B");
    drive(&driver, &trip, &["accept", "arrive", "start", "complete"]);
    service.rider("eve").request("not", "theirs");
    native.call("delete", &pk_of(&trip)).ok(204);
    let marker = rider.request("C", "D");
    assert_eq!(native.hears("all", "create", &trip)["status"], "REQUESTED");
    for status in ["STARTED", "ARRIVED", "IN_PROGRESS", "COMPLETED"] {
        assert_eq!(native.hears("all", "update", &trip)["status"], status);
    }
    native.hears("all", "delete", &trip);
    native.hears("all", "create", &marker);
    native.hears("rides", "create", &trip);
    native.hears("rides", "delete", &trip);
    native.hears("bobs", "create", &trip);
    for _ in 0..3 {
        native.hears("bobs", "update", &trip);
    }
    native.hears("bobs", "delete", &trip);
    for id in ["all", "rides", "bobs"] {
        native.heard_no_more(id);
    }
}

fn a_drivers_activity_shows_what_they_may_see(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = people(&service);
    let (mut own, mut other) = (driver.native(), service.driver("ben").native());
    for native in [&mut own, &mut other] {
        follow(native, "all", json!({}));
        follow(native, "open", json!({"status": "REQUESTED"}));
    }
    let trip = rider.request("A", "B");
    drive(&driver, &trip, &["accept", "arrive", "start", "complete"]);
    let marker = rider.request("C", "D");
    for native in [&mut own, &mut other] {
        native.hears("all", "create", &trip);
        for action in ["create", "delete"] {
            native.hears("open", action, &trip);
        }
        native.hears("open", "create", &marker);
    }
    for _ in 0..4 {
        own.hears("all", "update", &trip);
    }
    other.hears("all", "delete", &trip);
    for native in [&mut own, &mut other] {
        native.hears("all", "create", &marker);
        native.heard_no_more("all");
        native.heard_no_more("open");
    }
}

fn an_operators_activity_shows_everything(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = people(&service);
    let eve = service.rider("eve");
    let mut native = service.operator("oz").native();
    follow(&mut native, "all", json!({}));
    follow(&mut native, "eves", json!({"rider": eve.id}));
    let trip = rider.request("A", "B");
    drive(&driver, &trip, &["accept", "start"]);
    let eves = eve.request("E", "F");
    eve.native().call("delete", &pk_of(&eves)).ok(204);
    let marker = eve.request("G", "H");
    native.hears("all", "create", &trip);
    for status in ["STARTED", "IN_PROGRESS"] {
        assert_eq!(native.hears("all", "update", &trip)["status"], status);
    }
    for id in ["all", "eves"] {
        native.hears(id, "create", &eves);
        let hidden = native.hears(id, "update", &eves);
        assert_eq!(hidden["status"], "CANCELLED", "operators see deleted trips");
        native.hears(id, "create", &marker);
        native.heard_no_more(id);
    }
}

/// Newer versions of dcrf-client subscribe like this.
fn activity_may_be_of_one_trip_alone(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = people(&service);
    let (trip, other) = (rider.request("A", "B"), rider.request("C", "D"));
    let mut native = rider.native();
    let ids = [
        json!(trip["id"]),
        json!(trip["id"].to_string()),
        json!(trip["nk"]),
    ];
    for (n, id) in ids.iter().enumerate() {
        follow(&mut native, &format!("sub {n}"), json!({"id": id}));
        let listed = native.call("list", &json!({"id": id})).ok(200);
        assert_eq!(listed, json!([trip]));
    }
    let after = driver.accept(&trip).ok(200);
    rider.cancel(&other).ok(200);
    settle(&rider, &mut [&mut native]);
    for n in 0..ids.len() {
        let id = format!("sub {n}");
        assert_eq!(native.hears(&id, "update", &trip), after);
        native.heard_no_more(&id);
    }
}

fn activity_ends_as_it_was_begun(on: Database) {
    let service = Service::start(on);
    let (rider, _) = people(&service);
    let mut native = rider.native();
    for id in ["one", "two", "three"] {
        follow(&mut native, id, json!({}));
    }
    let one = json!({"request_id": "one"});
    native.call("unsubscribe_trip_activity", &one).ok(204);
    let trip = rider.request("A", "B");
    for id in ["two", "three"] {
        native.hears(id, "create", &trip);
    }
    let all = json!({"request_id": null});
    native.call("unsubscribe_trip_activity", &all).ok(204);
    native.call("unsubscribe_trip_activity", &all).ok(204);
    rider.cancel(&trip).ok(200);
    settle(&rider, &mut [&mut native]);
    for id in ["one", "two", "three"] {
        native.heard_no_more(id);
    }
}

fn a_socket_has_at_most_64_subscriptions(on: Database) {
    let service = Service::start(on);
    let (rider, _) = people(&service);
    let trip = rider.request("A", "B");
    let mut native = rider.native();
    for n in 0..64 {
        observe(&mut native, &trip, &format!("sub {n}"));
    }
    let text = "A socket may have at most 64 subscriptions.";
    for (action, fields) in [
        ("subscribe_instance", pk_of(&trip)),
        ("subscribe_trip_activity", json!({})),
    ] {
        let data = native.call(action, &fields).refused(429, text);
        assert_eq!(data, json!({"code": "too-many-requests"}));
    }
    observe(&mut native, &trip, "sub 63");
    let fields = json!({"pk": trip["id"], "request_id": "sub 0"});
    native.call("unsubscribe_instance", &fields).ok(204);
    observe(&mut native, &trip, "again");
    rider.cancel(&trip).ok(200);
    let mut ids: Vec<String> = (0..64)
        .map(|_| {
            let frame = native.next().expect("each subscription hears the change");
            inner(&frame)["request_id"]
                .as_str()
                .unwrap_or("")
                .to_owned()
        })
        .collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 64, "{ids:?}");
    assert!(!ids.iter().any(|id| id == "sub 0"), "{ids:?}");
    observe(&mut rider.native(), &trip, "another socket has its own");
}

fn nothing_is_told_that_was_not_asked_for(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = people(&service);
    let (mut native, mut of_driver) = (rider.native(), driver.native());
    let trip = rider.request("A", "B");
    drive(&driver, &trip, &["accept", "start", "complete"]);
    for native in [&mut native, &mut of_driver] {
        let id = native.send(None, "retrieve", &pk_of(&trip));
        let frame = native.next().expect("it is answered");
        assert_eq!(frame["request_id"], id, "{frame}");
    }
}
