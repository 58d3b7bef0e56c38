//! Refused frames of the course dialect: the sender gets an error frame, and the socket stays open.

use serde_json::{Value, json};
use tungstenite::Message;

use crate::frames::{rider_and_driver, still_requests};
use crate::harness::{Database, Service, Socket, Test, eventually, nk, tests};

pub fn tests() -> Vec<Test> {
    tests![
        a_frame_that_cannot_be_read_gets_an_error_frame,
        a_request_with_wrong_fields_names_them,
        nobody_requests_for_another_rider,
        a_rider_sets_no_status,
        an_update_with_wrong_fields_names_them,
        nobody_drives_as_another_driver,
        addresses_cannot_be_changed,
        a_status_that_is_no_command_is_refused,
        refusals_say_why,
        a_refused_command_reaches_its_sender_only,
        too_many_frames_get_error_frames_and_the_socket_lives,
        a_refusal_costs_nobody_else_anything,
    ]
}

fn a_frame_that_cannot_be_read_gets_an_error_frame(on: Database) {
    let service = Service::start(on);
    let (rider, _, mut rider_phone, mut driver_phone) = rider_and_driver(&service);
    for phone in [&mut rider_phone, &mut driver_phone] {
        for text in [
            "", "?", "{", "{\"nk\":", "[]", "[{}]", "\"text\"", "5", "null", "{} {}", "{'a': 1}",
        ] {
            phone.send_text(text);
            let frame = phone.refused("unreadable");
            assert_eq!(frame["errors"], json!({}));
        }
        phone.send_message(Message::binary(vec![0, 159, 146, 150]));
        phone.refused("unreadable");
        let request = rider.request_frame("A", "B").to_string();
        phone.send_message(Message::binary(request.into_bytes()));
        phone.refused("unreadable");
    }
    let trip = still_requests(&mut rider_phone);
    driver_phone.hears(&trip, "REQUESTED");
}

fn a_request_with_wrong_fields_names_them(on: Database) {
    let service = Service::start(on);
    let (_, _, mut phone, mut driver_phone) = rider_and_driver(&service);
    phone.send_wrong(&json!({}));
    let frame = phone.refused("invalid");
    let required = json!(["This field is required."]);
    assert_eq!(
        frame["errors"],
        json!({"pick_up_address": required, "drop_off_address": required})
    );
    for bad in [
        json!(5),
        json!(["A"]),
        json!({}),
        Value::Null,
        json!(""),
        json!("x".repeat(256)),
        json!("\0"),
    ] {
        phone.send_wrong(&json!({"pick_up_address": bad, "drop_off_address": "B"}));
        let frame = phone.refused("invalid");
        assert!(frame["errors"]["pick_up_address"][0].is_string(), "{frame}");
        assert!(frame["errors"].get("drop_off_address").is_none(), "{frame}");
    }
    let trip = still_requests(&mut phone);
    driver_phone.hears(&trip, "REQUESTED");
}

/// Checks a refusal of a value that the caller may not send: it names the field, or says `not-allowed`.
#[track_caller]
fn refuses_field(phone: &mut Socket, field: &str) {
    let frame = phone.next();
    let named = frame["code"] == "invalid" && frame["errors"][field][0].is_string();
    assert!(named || frame["code"] == "not-allowed", "{field}: {frame}");
}

fn nobody_requests_for_another_rider(on: Database) {
    let service = Service::start(on);
    let (rider, driver, mut phone, mut driver_phone) = rider_and_driver(&service);
    let other = service.rider("amy");
    for party in [
        other.party(),
        driver.party(),
        json!({"id": other.id}),
        json!({"username": "amy"}),
        json!("amy"),
    ] {
        let mut frame = rider.request_frame("A", "B");
        frame["rider"] = party;
        phone.send_wrong(&frame);
        refuses_field(&mut phone, "rider");
    }
    assert_eq!(other.trips(), [] as [Value; 0]);
    let trip = still_requests(&mut phone);
    driver_phone.hears(&trip, "REQUESTED");
}

fn a_rider_sets_no_status(on: Database) {
    let service = Service::start(on);
    let (rider, _, mut phone, mut driver_phone) = rider_and_driver(&service);
    for status in [
        "STARTED",
        "IN_PROGRESS",
        "COMPLETED",
        "CANCELLED",
        "EXPIRED",
        "FLYING",
        "",
    ] {
        let mut frame = rider.request_frame("A", "B");
        frame["status"] = json!(status);
        phone.send_wrong(&frame);
        refuses_field(&mut phone, "status");
    }
    let trip = still_requests(&mut phone);
    driver_phone.hears(&trip, "REQUESTED");
    assert_eq!(rider.trips(), [trip]);
}

fn an_update_with_wrong_fields_names_them(on: Database) {
    let service = Service::start(on);
    let (rider, _, mut rider_phone, mut phone) = rider_and_driver(&service);
    let trip = still_requests(&mut rider_phone);
    phone.hears(&trip, "REQUESTED");
    for (frame, fields) in [
        (json!({}), &["nk", "status"][..]),
        (json!({"nk": nk(&trip)}), &["status"]),
        (json!({"status": "STARTED"}), &["nk"]),
        (json!({"nk": 5, "status": "STARTED"}), &["nk"]),
        (json!({"nk": null, "status": "STARTED"}), &["nk"]),
        (json!({"nk": nk(&trip), "status": 5}), &["status"]),
        (json!({"nk": nk(&trip), "status": ["STARTED"]}), &["status"]),
    ] {
        phone.send_wrong(&frame);
        let answer = phone.refused("invalid");
        for field in fields {
            assert!(
                answer["errors"][field][0].is_string(),
                "{field} is not named: {answer}"
            );
        }
    }
    phone.send(&json!({"nk": "0".repeat(32), "status": "STARTED"}));
    phone.refused("not-found");
    for no_key in ["x", ""] {
        phone.send_wrong(&json!({"nk": no_key, "status": "STARTED"}));
        let code = phone.next()["code"].clone();
        assert!(code == "not-found" || code == "invalid", "{code}");
    }
    assert_eq!(rider.trip(nk(&trip)), trip);
}

fn nobody_drives_as_another_driver(on: Database) {
    let service = Service::start(on);
    let (rider, driver, mut rider_phone, mut phone) = rider_and_driver(&service);
    let other = service.driver("ben");
    let trip = still_requests(&mut rider_phone);
    phone.hears(&trip, "REQUESTED");
    for party in [
        other.party(),
        rider.party(),
        json!({"id": other.id}),
        json!({"username": "ben"}),
        json!("ben"),
    ] {
        let mut frame = driver.update_frame(&trip, "STARTED");
        frame["driver"] = party;
        phone.send_wrong(&frame);
        refuses_field(&mut phone, "driver");
    }
    assert_eq!(rider.trip(nk(&trip)), trip);
    phone.send(&driver.update_frame(&trip, "STARTED"));
    phone.hears(&trip, "STARTED");
}

fn addresses_cannot_be_changed(on: Database) {
    let service = Service::start(on);
    let (rider, driver, mut rider_phone, mut phone) = rider_and_driver(&service);
    let trip = still_requests(&mut rider_phone);
    phone.hears(&trip, "REQUESTED");
    for field in ["pick_up_address", "drop_off_address"] {
        for other in [json!("elsewhere"), json!(""), json!(5)] {
            let mut frame = driver.update_frame(&trip, "STARTED");
            frame[field] = other;
            phone.send_wrong(&frame);
            refuses_field(&mut phone, field);
        }
    }
    assert_eq!(rider.trip(nk(&trip)), trip);
}

fn a_status_that_is_no_command_is_refused(on: Database) {
    let service = Service::start(on);
    let (rider, driver, mut rider_phone, mut phone) = rider_and_driver(&service);
    let trip = still_requests(&mut rider_phone);
    phone.hears(&trip, "REQUESTED");
    for status in ["REQUESTED", "CANCELLED", "EXPIRED", "FLYING", "started", ""] {
        phone.send_wrong(&driver.update_frame(&trip, status));
        refuses_field(&mut phone, "status");
    }
    assert_eq!(rider.trip(nk(&trip)), trip);
}

fn refusals_say_why(on: Database) {
    let service = Service::start(on);
    let (rider, driver, mut rider_phone, mut phone) = rider_and_driver(&service);
    let other = service.driver("ben");
    let (first, second) = (rider.request("1", "B"), rider.request("2", "B"));
    for trip in [&first, &second] {
        rider_phone.hears(trip, "REQUESTED");
        phone.hears(trip, "REQUESTED");
    }
    phone.send(&driver.update_frame(&first, "COMPLETED"));
    phone.refused("not-possible");
    other.accept(&first).ok(200);
    phone.hears(&first, "STARTED");
    phone.send(&driver.update_frame(&first, "STARTED"));
    let frame = phone.refused("already-taken");
    assert_eq!(frame["errors"], json!({}));
    phone.send(&driver.update_frame(&first, "IN_PROGRESS"));
    phone.refused("not-your-trip");
    phone.send(&driver.update_frame(&second, "STARTED"));
    phone.hears(&second, "STARTED");
    let third = rider.request("3", "B");
    phone.hears(&third, "REQUESTED");
    phone.send(&driver.update_frame(&third, "STARTED"));
    phone.refused("driver-busy");
    rider_phone.send(&rider.request_frame("4", "B"));
    let heard = rider_phone.hears_until(|frame| frame.get("code").is_some());
    assert_eq!(
        heard.last().expect("a frame came")["code"],
        "too-many-trips"
    );
}

fn a_refused_command_reaches_its_sender_only(on: Database) {
    let service = Service::start(on);
    let (rider, driver, mut rider_phone, mut phone) = rider_and_driver(&service);
    let (mut tablet, mut other_phone) = (driver.connect(), service.driver("ben").connect());
    let trip = rider.request("A", "B");
    phone.hears(&trip, "REQUESTED");
    phone.send(&driver.update_frame(&trip, "COMPLETED"));
    phone.refused("not-possible");
    let marker = rider.request("C", "D");
    for socket in [&mut rider_phone, &mut tablet, &mut other_phone] {
        socket.hears(&trip, "REQUESTED");
        socket.hears(&marker, "REQUESTED");
    }
}

fn too_many_frames_get_error_frames_and_the_socket_lives(on: Database) {
    let service = Service::with(on, &["--limits", "on"]);
    let (_, _, mut phone, mut driver_phone) = rider_and_driver(&service);
    let count = 400;
    for _ in 0..count {
        phone.send_text("?");
    }
    let codes: Vec<Value> = (0..count).map(|_| phone.next()["code"].clone()).collect();
    assert!(
        codes[..100].iter().all(|code| code == "unreadable"),
        "a burst of 100 frames is allowed"
    );
    assert!(codes.iter().any(|code| code == "too-many-requests"));
    assert!(
        codes
            .iter()
            .all(|code| code == "unreadable" || code == "too-many-requests")
    );
    driver_phone.heard_nothing();
    let trip = eventually("the limit allows a frame again", || {
        phone.send(&json!({"pick_up_address": "A", "drop_off_address": "B"}));
        Some(phone.next()).filter(|frame| frame["code"] != "too-many-requests")
    });
    driver_phone.hears(&trip, "REQUESTED");
}

fn a_refusal_costs_nobody_else_anything(on: Database) {
    let service = Service::start(on);
    let (rider, _, mut rider_phone, mut driver_phone) = rider_and_driver(&service);
    let mut noisy = service.rider("amy").connect();
    for n in 0..50 {
        noisy.send_text("{");
        noisy.send_message(Message::binary(vec![0; 1000]));
        noisy.send_wrong(&json!({"pick_up_address": n}));
    }
    let trip = rider.request("A", "B");
    rider_phone.hears(&trip, "REQUESTED");
    driver_phone.hears(&trip, "REQUESTED");
    for _ in 0..50 {
        noisy.refused("unreadable");
        noisy.refused("unreadable");
        noisy.refused("invalid");
    }
}
