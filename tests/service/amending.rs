//! What `update`, `patch` and `delete` do on a native socket, by role and by the state of the trip.

use serde_json::{Value, json};

use super::bookings::later;
use super::dcrf::pk_of;
use super::quotes::{fares, fares_with};
use crate::harness::{
    Cab, Database, Driver, Native, Options, Rider, STAND, Service, Test, location, nk, north_of,
    tests,
};

pub fn tests() -> Vec<Test> {
    tests![
        a_pick_up_changes_only_while_a_driver_is_looked_for,
        an_address_alone_keeps_the_pin_and_the_quote,
        a_new_pin_is_quoted_anew_by_the_terms_of_the_order,
        a_trip_that_was_quoted_keeps_a_pin,
        a_trip_gets_its_quote_with_its_second_pin,
        the_driver_of_a_running_trip_is_told_of_a_new_drop_off,
        update_needs_both_addresses,
        read_only_fields_are_ignored,
        a_change_is_told_to_those_who_see_the_trip,
        a_status_patched_by_a_driver_is_the_verb_that_leads_there,
        a_driver_cannot_change_an_address,
        a_deleted_request_is_cancelled_for_drivers,
        a_trip_that_is_over_is_deleted_for_its_rider_alone,
        a_taken_trip_cannot_be_deleted,
    ]
}

fn people(service: &Service) -> (Rider, Driver, Native, Native) {
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let (of_rider, of_driver) = (rider.native(), driver.native());
    (rider, driver, of_rider, of_driver)
}

fn patch(trip: &Value, data: Value) -> Value {
    let mut fields = pk_of(trip);
    fields["data"] = data;
    fields
}

fn a_pick_up_changes_only_while_a_driver_is_looked_for(on: Database) {
    let service = Service::start(on);
    let (rider, driver, mut native, _) = people(&service);
    let trip = rider.request("A", "B");
    let changed = native
        .call("patch", &patch(&trip, json!({"pick_up_address": "A2"})))
        .ok(200);
    assert_eq!(changed["pick_up_address"], "A2");
    for (n, verb) in ["accept", "arrive", "start"].into_iter().enumerate() {
        let status = driver.command(&trip, verb).ok(200)["status"].clone();
        let status = status.as_str().expect("a status is a string");
        let text = format!("A trip that is {status} does not allow amend.");
        let answer = native.call("patch", &patch(&trip, json!({"pick_up_address": "A3"})));
        answer.conflict(&text, "not-possible", status);
        let drop_off = format!("B{n}");
        let data = json!({"pick_up_address": "A2", "drop_off_address": drop_off, "status": status});
        let changed = native.call("update", &patch(&trip, data)).ok(200);
        assert_eq!(changed["drop_off_address"], drop_off);
        assert_eq!(changed["status"], status);
    }
    driver.complete(&trip).ok(200);
    let answer = native.call("patch", &patch(&trip, json!({"drop_off_address": "B9"})));
    let text = "A trip that is COMPLETED does not allow amend.";
    answer.conflict(text, "not-possible", "COMPLETED");
    let same = native.call("patch", &patch(&trip, json!({"drop_off_address": "B2"})));
    assert_eq!(same.ok(200)["drop_off_address"], "B2", "nothing changes");
}

fn an_address_alone_keeps_the_pin_and_the_quote(on: Database) {
    let mut service = Options::new(on).town(&fares()).with_clock().start();
    let (rider, driver, mut native, _) = people(&service);
    let trip = rider.orders(&json!({}));
    assert_eq!(trip["quote"]["total"], 1_310, "{trip}");
    let mut change = |data: Value| native.call("patch", &patch(&trip, data)).ok(200);
    for data in [
        json!({"drop_off_address": "Harbour 5"}),
        json!({"pick_up_address": "The other door"}),
        json!({"drop_off_address": "Harbour 4", "pick_up_address": "The stand"}),
        json!({"drop_off_address": "Harbour 5", "drop_off_location": trip["drop_off_location"]}),
    ] {
        let changed = change(data);
        for key in ["pick_up_location", "drop_off_location", "quote"] {
            assert_eq!(changed[key], trip[key], "{key} of {changed}");
        }
    }
    // A ride without positions is charged for the distance of its quote.
    for verb in ["accept", "start"] {
        driver.command(&trip, verb).ok(200);
    }
    change(json!({"drop_off_address": "Harbour 6"}));
    service.advance(702.0);
    let done = driver.complete(&trip).ok(200);
    assert_eq!(
        done["fare"]["lines"][1], trip["quote"]["lines"][1],
        "{done}"
    );
}

fn a_new_pin_is_quoted_anew_by_the_terms_of_the_order(on: Database) {
    let surge = json!({"surge": {"permille": 1_500}});
    let mut service = Options::new(on).town(&fares_with(&surge)).start();
    let mut rider = service.rider("ann");
    let to = |metres: f64| location(north_of(STAND, metres));
    let far = rider.orders(&json!({"drop_off_location": to(6_000.0)}));
    let trip = rider.orders(&json!({}));
    service.stop();
    let cheap =
        fares_with(&json!({"classes": {"standard": {"tariff": {"base": 1, "per_km": 10}}}}));
    std::fs::write(service.home().dir().join("town.json"), cheap.to_string())
        .expect("there is room for a file");
    service.restart();
    rider.follow(&service);
    let mut native = rider.native();
    let moved = json!({"drop_off_location": to(6_000.0)});
    let changed = native.call("patch", &patch(&trip, moved)).ok(200);
    assert_eq!(changed["quote"], far["quote"]);
    assert_eq!(changed["drop_off_address"], trip["drop_off_address"]);
    // There and back again.
    let back = json!({"drop_off_location": trip["drop_off_location"]});
    let changed = native.call("patch", &patch(&trip, back)).ok(200);
    assert_eq!(changed["quote"], trip["quote"]);
    // Both pins moved: the distance is that of the far trip.
    let nearer = json!({"pick_up_location": to(-3_000.0), "drop_off_location": to(3_000.0)});
    let changed = native.call("patch", &patch(&trip, nearer)).ok(200);
    assert_eq!(changed["quote"], far["quote"]);
    assert_eq!(rider.trip(nk(&trip)), changed);
    let booking = rider.orders(&json!({"pick_up_at": later(&rider, 3_600)}));
    let moved = json!({"drop_off_location": to(6_000.0)});
    let changed = native.call("patch", &patch(&booking, moved)).ok(200);
    assert_ne!(changed["quote"], booking["quote"]);
    assert_eq!(changed["status"], "SCHEDULED");
}

fn a_trip_that_was_quoted_keeps_a_pin(on: Database) {
    let service = Options::new(on).town(&fares()).start();
    let (rider, _, mut native, _) = people(&service);
    let trip = rider.orders(&json!({}));
    let data = json!({"drop_off_address": "Somewhere", "drop_off_location": null});
    let answer = native.call("patch", &patch(&trip, data));
    let rule = "This trip was quoted by its pins: give another one instead.";
    assert_eq!(answer.breaks("drop_off_location"), rule);
    assert_eq!(rider.trip(nk(&trip)), trip);
    // Where trips have no price, a pin can be removed.
    let free = Service::start(on);
    let (rider, _, mut native, _) = people(&free);
    let trip = rider.orders(&json!({}));
    let data = json!({"drop_off_location": null});
    let changed = native.call("patch", &patch(&trip, data)).ok(200);
    assert_eq!(changed.get("drop_off_location"), None);
    assert_eq!(changed["pick_up_location"], trip["pick_up_location"]);
}

fn a_trip_gets_its_quote_with_its_second_pin(on: Database) {
    let service = Options::new(on).town(&fares()).start();
    let (rider, _, mut native, _) = people(&service);
    let trip = rider.orders(&json!({"drop_off_location": null}));
    assert_eq!(trip.get("quote"), None, "{trip}");
    let same = native.call("patch", &patch(&trip, json!({"drop_off_location": null})));
    assert_eq!(same.ok(200), trip);
    let pin = json!({"drop_off_location": location(north_of(STAND, 3_000.0))});
    let changed = native.call("patch", &patch(&trip, pin)).ok(200);
    assert_eq!(changed["quote"]["total"], 1_310, "{changed}");
}

fn the_driver_of_a_running_trip_is_told_of_a_new_drop_off(on: Database) {
    let service = Service::start(on);
    let (rider, mut cab) = (service.rider("ann"), Cab::of(&service, "bob"));
    let mut native = rider.native();
    let trip = rider.request("A", "B");
    cab.hears("requested");
    cab.does("accept", &trip).ok(200);
    cab.hears("accepted");
    let data = json!({"drop_off_address": "C"});
    native.call("patch", &patch(&trip, data.clone())).ok(200);
    let event = cab.hears("amended");
    assert_eq!(event["trip"]["drop_off_address"], "C");
    let event = cab.hears("notification");
    assert_eq!(
        event["notification"]["message"],
        "The rider has changed the drop-off of your trip."
    );
    native.call("patch", &patch(&trip, data)).ok(200);
    cab.does("arrive", &trip).ok(200);
    cab.hears("arrived");
}

fn update_needs_both_addresses(on: Database) {
    let service = Service::start(on);
    let (rider, driver, mut native, _) = people(&service);
    let trip = rider.request("A", "B");
    for (given, missing) in [
        ("pick_up_address", "drop_off_address"),
        ("drop_off_address", "pick_up_address"),
    ] {
        let answer = native.wrong("update", &patch(&trip, json!({given: "C"})));
        assert_eq!(answer.breaks(missing), "This field is required.");
    }
    let long = json!({"drop_off_address": "x".repeat(256)});
    let answer = native.wrong("patch", &patch(&trip, long));
    assert_eq!(
        answer.breaks("drop_off_address"),
        "Ensure this field has no more than 255 characters."
    );
    for status in ["STARTED", "CANCELLED"] {
        let fields = patch(&trip, json!({"status": status}));
        native.call("patch", &fields).breaks("status");
    }
    let foreign = json!({"rider": {"id": driver.id}});
    native.call("patch", &patch(&trip, foreign)).breaks("rider");
    assert_eq!(rider.trip(nk(&trip)), trip, "nothing has changed");
}

fn read_only_fields_are_ignored(on: Database) {
    let service = Service::start(on);
    let (rider, driver, mut native, _) = people(&service);
    let trip = rider.request("A", "B");
    let mut data = trip.clone();
    data["drop_off_address"] = json!("C");
    data["id"] = json!(99);
    data["nk"] = json!("0".repeat(32));
    data["created"] = json!("2000-01-01T00:00:00Z");
    data["driver"] = driver.party();
    let changed = native.call("update", &patch(&trip, data)).ok(200);
    let mut expected = trip.clone();
    expected["drop_off_address"] = json!("C");
    expected["updated"] = changed["updated"].clone();
    assert_eq!(changed, expected);
}

fn a_change_is_told_to_those_who_see_the_trip(on: Database) {
    let service = Service::start(on);
    let (rider, driver, mut native, _) = people(&service);
    let (mut phone, mut other) = (driver.connect(), service.driver("ben").connect());
    let trip = rider.request("A", "B");
    native
        .call("patch", &patch(&trip, json!({"pick_up_address": "A2"})))
        .ok(200);
    driver.accept(&trip).ok(200);
    native
        .call("patch", &patch(&trip, json!({"drop_off_address": "B2"})))
        .ok(200);
    let marker = rider.request("C", "D");
    for (socket, count) in [(&mut phone, 4), (&mut other, 3)] {
        let heard = socket.hears_until(|frame| frame["nk"] == nk(&marker));
        assert_eq!(heard.len(), count + 1, "{heard:?}");
        assert_eq!(heard[1]["pick_up_address"], "A2");
        assert_eq!(heard[1]["status"], "REQUESTED");
    }
}

fn a_status_patched_by_a_driver_is_the_verb_that_leads_there(on: Database) {
    let service = Service::start(on);
    let (rider, driver, _, mut native) = people(&service);
    let trip = rider.request("A", "B");
    for (action, status) in [
        ("patch", "STARTED"),
        ("update", "ARRIVED"),
        ("patch", "IN_PROGRESS"),
        ("update", "COMPLETED"),
    ] {
        let data = json!({"status": status, "pick_up_address": "A", "drop_off_address": "B", "driver": driver.party()});
        let after = native.call(action, &patch(&trip, data)).ok(200);
        assert_eq!(after["status"], status);
        assert_eq!(rider.trip(nk(&trip)), after);
    }
    let answer = native.call("patch", &patch(&trip, json!({"status": "ARRIVED"})));
    let text = "A trip that is COMPLETED does not allow arrive.";
    answer.conflict(text, "not-possible", "COMPLETED");
    for status in ["REQUESTED", "CANCELLED", "EXPIRED"] {
        let answer = native.call("patch", &patch(&trip, json!({"status": status})));
        assert_eq!(answer.breaks("status"), "A driver cannot set this status.");
    }
}

fn a_driver_cannot_change_an_address(on: Database) {
    let service = Service::start(on);
    let (rider, _, _, mut native) = people(&service);
    let trip = rider.request("A", "B");
    let data = json!({"status": "STARTED", "drop_off_address": "C"});
    native
        .call("patch", &patch(&trip, data))
        .breaks("drop_off_address");
    let answer = native.call("patch", &patch(&trip, json!({"drop_off_address": "B"})));
    assert_eq!(answer.breaks("status"), "This field is required.");
    let data = json!({"status": "STARTED", "driver": rider.party()});
    native.call("patch", &patch(&trip, data)).breaks("driver");
    assert_eq!(rider.trip(nk(&trip)), trip);
}

fn a_deleted_request_is_cancelled_for_drivers(on: Database) {
    let service = Service::start(on);
    let (rider, driver, mut native, mut of_driver) = people(&service);
    let (mut phone, mut own_phone) = (driver.connect(), rider.connect());
    let trip = rider.request("A", "B");
    let observe = json!({"pk": trip["id"], "request_id": "sub"});
    let by_key = json!({"pk": nk(&trip), "request_id": "key"});
    for observer in [&mut native, &mut of_driver] {
        observer.call("subscribe_instance", &observe).ok(201);
        observer.call("subscribe_instance", &by_key).ok(201);
    }
    assert_eq!(native.call("delete", &pk_of(&trip)).ok(204), Value::Null);
    phone.hears(&trip, "REQUESTED");
    phone.hears(&trip, "CANCELLED");
    own_phone.hears(&trip, "REQUESTED");
    assert_eq!(rider.trips(), [] as [Value; 0]);
    assert_eq!(native.call("list", &json!({})).ok(200), json!([]));
    native.call("delete", &pk_of(&trip)).not_found();
    let marker = rider.request("C", "D");
    for observer in [&mut native, &mut of_driver] {
        observer.hears("sub", "delete", &trip);
        let event = observer.event("key").ok(204);
        assert_eq!(event, json!({"pk": nk(&trip)}), "the key, as in the call");
        let fields = json!({"pk": marker["id"], "request_id": "marker"});
        observer.call("subscribe_instance", &fields).ok(201);
    }
    driver.accept(&marker).ok(200);
    for observer in [&mut native, &mut of_driver] {
        observer.hears("marker", "update", &marker);
        observer.heard_no_more("sub");
        observer.heard_no_more("key");
    }
    let operator = service.operator("oz");
    assert_eq!(operator.trip(nk(&trip))["status"], "CANCELLED");
}

fn a_trip_that_is_over_is_deleted_for_its_rider_alone(on: Database) {
    let service = Service::start(on);
    let (rider, driver, mut native, mut of_driver) = people(&service);
    let trip = rider.request("A", "B");
    for verb in ["accept", "start", "complete"] {
        driver.command(&trip, verb).ok(200);
    }
    let observe = json!({"pk": trip["id"], "request_id": "sub"});
    native.call("subscribe_instance", &observe).ok(201);
    native.call("delete", &pk_of(&trip)).ok(204);
    native.hears("sub", "delete", &trip);
    native.call("delete", &pk_of(&trip)).not_found();
    native.call("retrieve", &pk_of(&trip)).not_found();
    rider
        .get(&format!("/api/trip/{}/", nk(&trip)))
        .problem(404, "not-found");
    let listed = of_driver.call("list", &json!({})).ok(200);
    assert_eq!(
        (&listed[0]["id"], &listed[0]["status"]),
        (&trip["id"], &json!("COMPLETED"))
    );
    assert_eq!(driver.trips()[0]["status"], "COMPLETED");
}

fn a_taken_trip_cannot_be_deleted(on: Database) {
    let service = Service::start(on);
    let (rider, driver, mut native, _) = people(&service);
    let trip = rider.request("A", "B");
    for (verb, status) in [
        ("accept", "STARTED"),
        ("arrive", "ARRIVED"),
        ("start", "IN_PROGRESS"),
    ] {
        driver.command(&trip, verb).ok(200);
        let text = format!("A trip that is {status} does not allow delete.");
        let answer = native.call("delete", &pk_of(&trip));
        answer.conflict(&text, "not-possible", status);
    }
    assert_eq!(rider.trips().len(), 1);
}
