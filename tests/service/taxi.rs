//! The socket of the course's later editions: trips in envelopes, sent to the same accounts as in the course dialect.

use serde_json::{Value, json};

use crate::harness::{Client, Database, Service, Socket, Test, nk, tests};

pub fn tests() -> Vec<Test> {
    tests![
        a_rider_creates_a_trip,
        a_driver_updates_a_trip_through_its_life,
        an_echo_comes_back_to_its_sender_alone,
        both_dialects_tell_the_same_people_once,
        connecting_is_silent_even_with_active_trips,
        frames_that_are_not_understood_are_refused,
        each_role_has_its_own_frames,
        the_loser_of_an_acceptance_is_told_so,
        who_drives_is_told_to_the_parties_alone,
        a_trip_is_updated_by_its_id_or_its_key,
        a_refusal_shows_the_trip_if_the_client_may_see_it,
        an_operator_has_no_such_socket,
    ]
}

#[track_caller]
fn open(client: &Client) -> Socket {
    let socket = Socket::open(client.address, "/taxi/", &client.auth, &[]);
    socket.unwrap_or_else(|status| panic!("{} is not let in: {status}", client.username))
}

fn echo(trip: &Value) -> Value {
    json!({"type": "echo.message", "data": trip})
}

/// The frame of a trip that another driver has.
fn echo_to_others(trip: &Value) -> Value {
    let mut trip = trip.clone();
    trip["driver"] = Value::Null;
    echo(&trip)
}

/// The next frame, which must be the trip as it is here.
#[track_caller]
fn hears(socket: &mut Socket, trip: &Value) {
    assert_eq!(socket.next(), echo(trip));
}

/// The next frame, which must be a refusal with this code, and with this trip or none.
#[track_caller]
fn refused_with(socket: &mut Socket, code: &str, trip: Option<&Value>) {
    let refused = socket.refused(code);
    let unknown = json!({"id": null, "nk": null, "rider": null, "driver": null, "status": null});
    assert_eq!(refused["type"], "error.message");
    assert_eq!(&refused["data"], trip.unwrap_or(&unknown), "{refused}");
}

fn create(pick_up: &str) -> Value {
    json!({"type": "create.trip", "data": {"pick_up_address": pick_up, "drop_off_address": "B"}})
}

fn update(trip: &Value, status: &str) -> Value {
    json!({"type": "update.trip", "data": {"id": trip["id"], "status": status}})
}

fn a_rider_creates_a_trip(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let (mut rider_phone, mut driver_phone) = (open(&rider), open(&driver));
    let mut frame = create("A");
    frame["data"]["rider"] = json!(rider.id);
    rider_phone.send(&frame);
    let heard = rider_phone.next();
    let trip = rider.trip(nk(&heard["data"]));
    assert_eq!(heard, echo(&trip));
    assert_eq!(
        (&trip["status"], &trip["rider"]),
        (&json!("REQUESTED"), &rider.party())
    );
    hears(&mut driver_phone, &trip);
    for phone in [&mut rider_phone, &mut driver_phone] {
        phone.heard_nothing();
    }
}

fn a_driver_updates_a_trip_through_its_life(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let (mut rider_phone, mut driver_phone) = (open(&rider), open(&driver));
    let trip = rider.request("A", "B");
    hears(&mut driver_phone, &trip);
    hears(&mut rider_phone, &trip);
    for status in ["STARTED", "ARRIVED", "IN_PROGRESS", "COMPLETED"] {
        driver_phone.send(&update(&trip, status));
        let heard = driver_phone.next();
        assert_eq!(
            (&heard["data"]["status"], &heard["data"]["driver"]),
            (&json!(status), &driver.party())
        );
        hears(&mut rider_phone, &rider.trip(nk(&trip)));
    }
    for phone in [&mut rider_phone, &mut driver_phone] {
        phone.heard_nothing();
    }
}

fn an_echo_comes_back_to_its_sender_alone(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let (mut phone, mut other) = (open(&rider), open(&rider));
    for data in [
        json!("x"),
        json!(null),
        json!([1, {"b": 1}]),
        json!(1.5),
        json!(""),
    ] {
        let frame = json!({"type": "echo.message", "data": data});
        phone.send(&frame);
        assert_eq!(phone.next(), frame);
    }
    other.heard_nothing();
}

fn both_dialects_tell_the_same_people_once(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let (other, eve) = (service.driver("ben"), service.rider("eve"));
    let people = [&rider.0, &driver.0, &other.0, &eve.0];
    let mut sockets = people.map(|client| (client.connect(), open(client)));
    let trip = rider.request("A", "B");
    for verb in ["accept", "arrive", "start", "complete"] {
        driver.command(&trip, verb).ok(200);
    }
    let marker = eve.request("C", "D");
    rider.request("E", "F");
    for ((course, taxi), client) in sockets.iter_mut().zip(people) {
        let last = if client.id == rider.id { "E" } else { "C" };
        let heard = course.hears_until(|frame| frame["pick_up_address"] == last);
        let seen = |trip: &Value| {
            let is_others = client.group == "driver" && trip["driver"]["id"] != client.id;
            if is_others {
                echo_to_others(trip)
            } else {
                echo(trip)
            }
        };
        let expected: Vec<Value> = heard.iter().map(seen).collect();
        let frames = taxi.hears_until(|frame| frame["data"]["pick_up_address"] == last);
        assert_eq!(frames, expected, "{}", client.username);
        let counts = if client.group == "driver" {
            [6, 3]
        } else {
            [6, 1]
        };
        assert!(
            counts.contains(&frames.len()),
            "{}: {frames:?}",
            client.username
        );
    }
    assert_eq!(marker["status"], "REQUESTED");
}

fn connecting_is_silent_even_with_active_trips(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let trip = driver.accept(&rider.request("A", "B")).ok(200);
    let (mut rider_phone, mut driver_phone) = (open(&rider), open(&driver));
    rider_phone.heard_nothing();
    driver_phone.heard_nothing();
    let arrived = driver.arrive(&trip).ok(200);
    hears(&mut rider_phone, &arrived);
    hears(&mut driver_phone, &arrived);
}

fn frames_that_are_not_understood_are_refused(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let trip = rider.request("A", "B");
    let (mut rider_phone, mut driver_phone) = (open(&rider), open(&driver));
    for text in ["", "x", "[]", "null"] {
        rider_phone.send_text(text);
        rider_phone.refused("unreadable");
    }
    let wrong = |phone: &mut Socket, frame: Value, field: &str| {
        phone.send_wrong(&frame);
        let refused = phone.refused("invalid");
        assert!(refused["errors"][field].is_array(), "{field}: {refused}");
    };
    let phone = &mut rider_phone;
    wrong(phone, json!({}), "type");
    wrong(phone, json!({"type": "fly", "data": {}}), "type");
    wrong(phone, json!({"type": "create.trip"}), "data");
    wrong(phone, json!({"type": "create.trip", "data": "A"}), "data");
    let data = json!({"drop_off_address": "B"});
    wrong(
        phone,
        json!({"type": "create.trip", "data": data}),
        "pick_up_address",
    );
    let mut foreign = create("A");
    foreign["data"]["rider"] = json!(driver.id);
    wrong(phone, foreign, "rider");
    let phone = &mut driver_phone;
    wrong(phone, update(&trip, "CANCELLED"), "status");
    let mut changed = update(&trip, "STARTED");
    changed["data"]["drop_off_address"] = json!("C");
    wrong(phone, changed, "drop_off_address");
    assert_eq!(rider.trip(nk(&trip)), trip);
    phone.send(&update(&trip, "ARRIVED"));
    phone.refused("not-possible");
    phone.heard_nothing();
}

fn each_role_has_its_own_frames(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let trip = rider.request("A", "B");
    let (mut rider_phone, mut driver_phone) = (open(&rider), open(&driver));
    rider_phone.send(&update(&trip, "STARTED"));
    rider_phone.refused("not-allowed");
    driver_phone.send(&create("A"));
    driver_phone.refused("not-allowed");
    assert_eq!(rider.trips(), [trip]);
}

fn the_loser_of_an_acceptance_is_told_so(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let trip = rider.request("A", "B");
    let mut phone = open(&service.driver("ben"));
    let taken = driver.accept(&trip).ok(200);
    assert_eq!(phone.next(), echo_to_others(&taken));
    phone.send(&update(&trip, "STARTED"));
    refused_with(&mut phone, "already-taken", None);
    for id in [json!("0".repeat(32)), json!(9_999)] {
        let mut unknown = update(&trip, "STARTED");
        unknown["data"]["id"] = id;
        phone.send(&unknown);
        refused_with(&mut phone, "not-found", None);
    }
}

/// Drivers' pages list each trip that has a driver as their own, so other drivers must not hear who has it.
fn who_drives_is_told_to_the_parties_alone(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let mut phones = [open(&rider), open(&driver)];
    let mut other = open(&service.driver("ben"));
    let trip = rider.request("A", "B");
    for phone in phones.iter_mut().chain([&mut other]) {
        hears(phone, &trip);
    }
    let taken = driver.accept(&trip).ok(200);
    for phone in &mut phones {
        hears(phone, &taken);
    }
    assert_eq!(other.next(), echo_to_others(&taken));
    let given_back = driver.command(&trip, "give_back").ok(200);
    for phone in phones.iter_mut().chain([&mut other]) {
        hears(phone, &given_back);
    }
}

/// Pages send the whole trip back, with the `id` of the list. Other clients send the key as `id` or as `nk`.
fn a_trip_is_updated_by_its_id_or_its_key(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let mut phone = open(&driver);
    let trip = rider.request("A", "B");
    hears(&mut phone, &trip);
    let whole = |trip: &Value, status: &str| {
        let mut data = trip.clone();
        data["status"] = json!(status);
        data["rider"] = json!(rider.id);
        data["driver"] = json!(driver.id.to_string());
        json!({"type": "update.trip", "data": data})
    };
    phone.send(&whole(&trip, "STARTED"));
    let taken = phone.next()["data"].clone();
    assert_eq!(
        (&taken["status"], &taken["id"]),
        (&json!("STARTED"), &trip["id"])
    );
    for (named, status) in [
        (json!({"id": trip["id"].to_string()}), "ARRIVED"),
        (json!({"id": trip["nk"]}), "IN_PROGRESS"),
        (json!({"nk": trip["nk"]}), "COMPLETED"),
    ] {
        let mut data = named;
        data["status"] = json!(status);
        phone.send(&json!({"type": "update.trip", "data": data}));
        assert_eq!(phone.next()["data"]["status"], status);
    }
    let other = rider.request("C", "D");
    hears(&mut phone, &other);
    let mut mixed = whole(&other, "STARTED");
    mixed["data"]["id"] = trip["id"].clone();
    phone.send(&mixed);
    let refused = phone.refused("invalid");
    assert!(refused["errors"]["id"].is_array(), "{refused}");
    assert_eq!(refused["data"], other);
}

/// The page puts the `data` of every frame into its list, as a trip.
fn a_refusal_shows_the_trip_if_the_client_may_see_it(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let (mut rider_phone, mut driver_phone) = (open(&rider), open(&driver));
    let trip = rider.request("A", "B");
    hears(&mut rider_phone, &trip);
    hears(&mut driver_phone, &trip);
    driver_phone.send(&update(&trip, "COMPLETED"));
    refused_with(&mut driver_phone, "not-possible", Some(&trip));
    rider_phone.send(&update(&trip, "STARTED"));
    refused_with(&mut rider_phone, "not-allowed", Some(&trip));
    rider_phone.send_wrong(&create(""));
    refused_with(&mut rider_phone, "invalid", None);
    rider_phone.send_text("?");
    refused_with(&mut rider_phone, "unreadable", None);
    let mut stranger = open(&service.rider("eve"));
    stranger.send(&update(&trip, "STARTED"));
    refused_with(&mut stranger, "not-allowed", None);
}

fn an_operator_has_no_such_socket(on: Database) {
    let service = Service::start(on);
    let operator = service.operator("oz");
    let status = Socket::open(operator.address, "/taxi/", &operator.auth, &[]).err();
    assert_eq!(status, Some(403));
}
