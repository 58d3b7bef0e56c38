//! Idempotency keys over sockets: a repeated command takes effect once.

use serde_json::{Value, json};

use crate::harness::{Database, Driver, Envelope, Rider, Service, Socket, Test, nk, tests};

pub fn tests() -> Vec<Test> {
    tests![
        a_create_that_is_repeated_is_one_trip,
        a_create_is_repeated_on_another_socket_and_after_a_restart,
        every_command_of_a_rider_takes_a_key,
        every_command_of_a_driver_and_an_operator_takes_a_key,
        another_call_under_the_same_key_is_refused,
        a_key_in_a_frame_has_1_to_255_visible_characters,
        the_courses_frames_take_keys_too,
        the_later_editions_frames_take_keys_too,
    ]
}

fn order(key: &str) -> Value {
    json!({"idempotency_key": key, "data": {"pick_up_address": "A", "drop_off_address": "B"}})
}

/// The fields of a call, with a key.
fn keyed(key: &str, fields: &Value) -> Value {
    let mut keyed = fields.clone();
    keyed["idempotency_key"] = json!(key);
    keyed
}

#[track_caller]
fn is_reused(answer: &Envelope) {
    assert_eq!(answer.0["response_status"], 422, "{}", answer.0);
    assert_eq!(
        answer.0["data"],
        json!({"code": "key-reused"}),
        "{}",
        answer.0
    );
}

fn a_create_that_is_repeated_is_one_trip(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let mut native = rider.native();
    let trip = native.call("create", &order("one")).ok(201);
    assert_eq!(native.call("create", &order("one")).ok(201), trip);
    assert_eq!(
        native.call_in("trips", "create", &order("one")).ok(201),
        trip
    );
    // It stays the first answer when the trip has changed.
    driver.accept(&trip).ok(200);
    assert_eq!(native.call("create", &order("one")).ok(201), trip);
    assert_eq!(rider.trips().len(), 1);
    let other = native.call("create", &order("two")).ok(201);
    assert_ne!(other["nk"], trip["nk"]);
    // Keys belong to their user.
    let another = service
        .rider("amy")
        .native()
        .call("create", &order("one"))
        .ok(201);
    assert_ne!(another["nk"], trip["nk"]);
}

/// An app does this when its connection was lost before the answer came.
fn a_create_is_repeated_on_another_socket_and_after_a_restart(on: Database) {
    let mut service = Service::start(on);
    let mut rider = service.rider("ann");
    let mut native = rider.native();
    native.send(None, "create", &order("one"));
    native.into_socket().vanish();
    let trip = rider.native().call("create", &order("one")).ok(201);
    service.kill();
    service.restart();
    rider.follow(&service);
    assert_eq!(rider.native().call("create", &order("one")).ok(201), trip);
    assert_eq!(rider.trips(), [trip]);
}

fn every_command_of_a_rider_takes_a_key(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let mut native = rider.native();
    let trip = rider.request("A", "B");
    let pk = &trip["id"];
    let addresses = json!({"pick_up_address": "C", "drop_off_address": "D"});
    for (action, data, status) in [
        ("patch", json!({"drop_off_address": "Harbour 5"}), 200),
        ("update", addresses, 200),
        ("cancel", json!({"reason": "rain"}), 200),
        ("delete", json!({}), 204),
    ] {
        let fields = keyed(action, &json!({"pk": pk, "data": data}));
        let first = native.call(action, &fields).ok(status);
        assert_eq!(native.call(action, &fields).ok(status), first, "{action}");
    }
    // A repetition gets the answer of its time, not the trip as it is now.
    let fields = keyed(
        "patch",
        &json!({"pk": pk, "data": {"drop_off_address": "Harbour 5"}}),
    );
    let patched = native.call("patch", &fields).ok(200);
    assert_eq!(
        (&patched["drop_off_address"], &patched["status"]),
        (&json!("Harbour 5"), &json!("REQUESTED"))
    );
    // Without a key, the deleted trip is not found.
    native.call("delete", &json!({"pk": pk})).not_found();
}

fn every_command_of_a_driver_and_an_operator_takes_a_key(on: Database) {
    let service = Service::start(on);
    let (rider, driver, operator) = (
        service.rider("ann"),
        service.driver("bob"),
        service.operator("olga"),
    );
    let (trip, other) = (rider.request("A", "B"), rider.request("C", "D"));
    let (pk, other) = (json!({"pk": trip["id"]}), json!({"pk": other["id"]}));
    let mut native = driver.native();
    let mut answers = Vec::new();
    for (n, (action, pk)) in [
        ("accept", &other),
        ("give_back", &other),
        ("accept", &pk),
        ("arrive", &pk),
        ("start", &pk),
    ]
    .into_iter()
    .enumerate()
    {
        let fields = keyed(&n.to_string(), pk);
        let first = native.call(action, &fields).ok(200);
        answers.push((action, fields, first));
    }
    let mut of_operator = operator.native();
    let end = json!({"pk": trip["id"], "data": {"status": "CANCELLED", "reason": "flood"}});
    let ended = of_operator.call("end", &keyed("end", &end)).ok(200);
    assert_eq!(of_operator.call("end", &keyed("end", &end)).ok(200), ended);
    for (action, fields, first) in answers {
        assert_eq!(native.call(action, &fields).ok(200), first, "{action}");
    }
    assert_eq!(rider.trip(nk(&trip))["status"], "CANCELLED");
}

fn another_call_under_the_same_key_is_refused(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let mut native = rider.native();
    let trip = native.call("create", &order("one")).ok(201);
    let mut other = order("one");
    other["data"]["drop_off_address"] = json!("C");
    is_reused(&native.call("create", &other));
    is_reused(&native.call("cancel", &keyed("one", &json!({"pk": trip["id"]}))));
    // The same order over HTTP is another call, too.
    let over_http = rider
        .call("POST", "/api/trip/")
        .header("Idempotency-Key", "one");
    over_http
        .json(&order("one")["data"])
        .send()
        .problem(422, "key-reused");
    assert_eq!(rider.trips(), [trip]);
}

fn a_key_in_a_frame_has_1_to_255_visible_characters(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let mut native = rider.native();
    for bad in [
        json!(""),
        json!("two words"),
        json!("x".repeat(256)),
        json!("caf\u{e9}"),
        json!(7),
        json!({}),
    ] {
        let mut fields = order("x");
        fields["idempotency_key"] = bad;
        native.wrong("create", &fields).breaks("idempotency_key");
    }
    assert_eq!(rider.trips(), [] as [Value; 0]);
    for good in ["~".to_owned(), "!".repeat(255)] {
        native.call("create", &order(&good)).ok(201);
    }
}

/// Sends a frame twice. The second time, only the sender gets a frame: the trip as the first one left it.
#[track_caller]
fn repeats(socket: &mut Socket, frame: &Value) -> Value {
    socket.send(frame);
    let first = socket.next();
    socket.send(frame);
    assert_eq!(socket.next(), first);
    first
}

fn parties(service: &Service) -> (Rider, Driver) {
    (service.rider("ann"), service.driver("bob"))
}

fn the_courses_frames_take_keys_too(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = parties(&service);
    let mut phone = rider.connect();
    let frame = keyed("one", &rider.request_frame("A", "B"));
    let trip = repeats(&mut phone, &frame);
    assert_eq!(rider.trips(), std::slice::from_ref(&trip));
    let mut cab = driver.connect();
    let accept = keyed("accept", &driver.update_frame(&trip, "STARTED"));
    let accepted = repeats(&mut cab, &accept);
    assert_eq!(accepted["status"], "STARTED");
    phone.send(&keyed("one", &rider.request_frame("A", "C")));
    phone.hears(&trip, "STARTED");
    phone.refused("key-reused");
    phone.send_wrong(&keyed("", &rider.request_frame("A", "C")));
    phone.refused("invalid");
}

fn the_later_editions_frames_take_keys_too(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = parties(&service);
    let open = |client: &crate::harness::Client| {
        Socket::open(client.address, "/taxi/", &client.auth, &[]).expect("it is let in")
    };
    let mut phone = open(&rider);
    let create = json!({"type": "create.trip", "data": rider.request_frame("A", "B")});
    let trip = repeats(&mut phone, &keyed("one", &create))["data"].clone();
    assert_eq!(rider.trips().len(), 1);
    let mut cab = open(&driver);
    let update = json!({"type": "update.trip", "data": {"id": trip["id"], "status": "STARTED"}});
    let taken = repeats(&mut cab, &keyed("two", &update));
    assert_eq!(taken["data"]["status"], "STARTED");
    assert_eq!(rider.trips()[0]["status"], "STARTED");
}
