//! The course dialect: the frames of riders' and drivers' sockets.

use serde_json::{Value, json};
use tungstenite::Message;

use crate::harness::{Database, Driver, Rider, Service, Socket, Test, keys, nk, tests};

pub fn tests() -> Vec<Test> {
    tests![
        connecting_is_silent,
        a_rider_requests_a_trip,
        coordinates_may_come_in_a_frame,
        a_driver_moves_a_trip_through_its_life,
        a_frame_may_name_nobody_and_no_addresses,
        other_keys_are_ignored,
        active_trips_are_sent_on_connect,
        open_requests_are_not_sent_on_connect,
        a_repeated_command_is_no_change,
    ]
}

pub fn rider_and_driver(service: &Service) -> (Rider, Driver, Socket, Socket) {
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let (rider_phone, driver_phone) = (rider.connect(), driver.connect());
    (rider, driver, rider_phone, driver_phone)
}

/// Shows that the socket still works: it sends a request and gets the trip.
#[track_caller]
pub fn still_requests(phone: &mut Socket) -> Value {
    phone.send(&json!({"pick_up_address": "still", "drop_off_address": "here"}));
    let trip = phone.next();
    assert_eq!(trip["pick_up_address"], "still", "{trip}");
    trip
}

fn connecting_is_silent(on: Database) {
    let service = Service::start(on);
    let (_, _, mut rider_phone, mut driver_phone) = rider_and_driver(&service);
    rider_phone.heard_nothing();
    driver_phone.heard_nothing();
}

fn a_rider_requests_a_trip(on: Database) {
    let service = Service::start(on);
    let (rider, _, mut rider_phone, mut driver_phone) = rider_and_driver(&service);
    rider_phone.send(&rider.request_frame("123 Main Street", "456 Piney Road"));
    let Ok(Message::Text(text)) = rider_phone.next_message() else {
        panic!("a text frame comes")
    };
    let order = [
        "id",
        "rider",
        "driver",
        "nk",
        "created",
        "updated",
        "pick_up_address",
        "drop_off_address",
        "status",
    ];
    assert_eq!(keys(&text), order);
    let trip: Value = serde_json::from_str(&text).expect("a frame is JSON");
    assert_eq!(
        (&trip["status"], &trip["driver"]),
        (&json!("REQUESTED"), &Value::Null)
    );
    assert_eq!(
        (&trip["rider"], &trip["pick_up_address"]),
        (&rider.party(), &json!("123 Main Street"))
    );
    assert_eq!(
        rider.get(&format!("/api/trip/{}/", nk(&trip))).text,
        text.as_str()
    );
    assert_eq!(driver_phone.hears(&trip, "REQUESTED"), trip);
    rider_phone.heard_nothing();
    driver_phone.heard_nothing();
}

fn coordinates_may_come_in_a_frame(on: Database) {
    let service = Service::start(on);
    let (_, _, mut rider_phone, mut driver_phone) = rider_and_driver(&service);
    let place = json!({"lat": 48.1, "lon": 11.6});
    rider_phone
        .send(&json!({"pick_up_address": "A", "drop_off_address": "B", "pick_up_location": place}));
    let trip = rider_phone.next();
    assert_eq!(trip["pick_up_location"], place);
    assert_eq!(driver_phone.next(), trip);
    rider_phone.send_wrong(&json!({"pick_up_address": "A", "drop_off_address": "B", "drop_off_location": {"lat": 91, "lon": 0}}));
    let frame = rider_phone.refused("invalid");
    assert!(frame["errors"]["drop_off_location"].is_array(), "{frame}");
}

fn a_driver_moves_a_trip_through_its_life(on: Database) {
    let service = Service::start(on);
    let (rider, driver, mut rider_phone, mut driver_phone) = rider_and_driver(&service);
    rider_phone.send(&rider.request_frame("A", "B"));
    let trip = rider_phone.next();
    driver_phone.hears(&trip, "REQUESTED");
    for status in ["STARTED", "ARRIVED", "IN_PROGRESS", "COMPLETED"] {
        driver_phone.send(&driver.update_frame(&trip, status));
        let changed = driver_phone.hears(&trip, status);
        assert_eq!(
            (&changed["driver"], &changed["rider"]),
            (&driver.party(), &rider.party())
        );
        assert_eq!(
            (&changed["id"], &changed["created"]),
            (&trip["id"], &trip["created"])
        );
        assert_eq!(rider_phone.hears(&trip, status), changed);
        assert_eq!(rider.trip(nk(&trip)), changed);
    }
    rider_phone.heard_nothing();
    driver_phone.heard_nothing();
}

fn a_frame_may_name_nobody_and_no_addresses(on: Database) {
    let service = Service::start(on);
    let (rider, _, mut rider_phone, mut driver_phone) = rider_and_driver(&service);
    rider_phone.send(&json!({"pick_up_address": "A", "drop_off_address": "B"}));
    let trip = rider_phone.next();
    assert_eq!(trip["rider"], rider.party());
    driver_phone.hears(&trip, "REQUESTED");
    driver_phone.send(&json!({"nk": nk(&trip), "status": "STARTED"}));
    driver_phone.hears(&trip, "STARTED");
}

fn other_keys_are_ignored(on: Database) {
    let service = Service::start(on);
    let (rider, driver, mut rider_phone, mut driver_phone) = rider_and_driver(&service);
    let mut frame = rider.request_frame("A", "B");
    frame["status"] = json!("REQUESTED");
    frame["id"] = json!(99);
    frame["created"] = json!("2000-01-01T00:00:00Z");
    frame["note"] = json!({"any": ["thing"]});
    rider_phone.send(&frame);
    let trip = rider_phone.next();
    assert_eq!(trip["status"], "REQUESTED", "{trip}");
    assert!(
        trip.get("note").is_none()
            && !trip["created"]
                .as_str()
                .unwrap_or_default()
                .starts_with("2000")
    );
    driver_phone.hears(&trip, "REQUESTED");
    let mut frame = driver.update_frame(&trip, "STARTED");
    frame["rating"] = json!(5);
    driver_phone.send(&frame);
    driver_phone.hears(&trip, "STARTED");
}

fn active_trips_are_sent_on_connect(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let (requested, taken, over) = (
        rider.request("1", "B"),
        rider.request("2", "B"),
        rider.request("3", "B"),
    );
    rider.cancel(&over).ok(200);
    let taken = driver.accept(&taken).ok(200);
    let mut phone = rider.connect();
    let mut sent = [phone.next(), phone.next()];
    sent.sort_by_key(|trip| trip["id"].as_i64());
    assert_eq!(sent, [requested, taken.clone()]);
    phone.heard_nothing();
    let mut phone = driver.connect();
    assert_eq!(phone.next(), taken);
    phone.heard_nothing();
    driver.start(&taken).ok(200);
    driver.complete(&taken).ok(200);
    driver.connect().heard_nothing();
}

fn open_requests_are_not_sent_on_connect(on: Database) {
    let service = Service::start(on);
    service.rider("ann").request("A", "B");
    service.driver("bob").connect().heard_nothing();
}

/// The sender may get the trip again. No other socket hears of it, because nothing has changed.
fn a_repeated_command_is_no_change(on: Database) {
    let service = Service::start(on);
    let (rider, driver, mut rider_phone, mut phone) = rider_and_driver(&service);
    let trip = rider.request("A", "B");
    phone.hears(&trip, "REQUESTED");
    phone.send(&driver.update_frame(&trip, "STARTED"));
    let first = phone.hears(&trip, "STARTED");
    phone.send(&driver.update_frame(&trip, "STARTED"));
    phone.send_text("?");
    let heard = phone.hears_until(|frame| frame["code"] == "unreadable");
    assert!(
        heard.len() <= 2 && (heard.len() == 1 || heard[0] == first),
        "{heard:?}"
    );
    let marker = rider.request("C", "D");
    assert_eq!(
        rider_phone.statuses_before(&marker, &trip),
        ["REQUESTED", "STARTED"]
    );
    assert_eq!(rider.trip(nk(&trip)), first);
}
