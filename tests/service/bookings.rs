//! The terms of an order: vehicle class, passengers, pick-up area and pick-up time.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::harness::{
    Database, Options, Rider, STAND, Service, Test, keys, location, nk, north_of, square, tests,
    town,
};
use crate::quotes::fares;

pub fn tests() -> Vec<Test> {
    tests![
        class_and_passengers_stand_in_the_trip,
        what_breaks_a_rule_is_named,
        a_trip_begins_in_an_area,
        a_trip_for_later_is_looked_for_in_time,
        a_trip_for_soon_is_looked_for_at_once,
        only_the_near_future_can_be_ordered,
        a_rider_has_ten_trips_for_later,
        the_number_of_trips_for_later_can_be_set,
        a_trip_for_later_outlives_a_restart,
        a_trip_for_later_outlives_a_crash,
    ]
}

/// The fields of an order from the stand; `more` adds fields or replaces them.
fn fields(more: &Value) -> Value {
    let mut fields = json!({
        "pick_up_address": "The stand", "pick_up_location": location(STAND),
        "drop_off_address": "Elsewhere", "drop_off_location": location(north_of(STAND, 3_000.0)),
    });
    for (name, value) in more.as_object().expect("an object") {
        fields[name] = value.clone();
    }
    fields
}

#[track_caller]
fn refused(rider: &Rider, more: &Value, field: &str, rule: &str) {
    let body = rider.ask(&fields(more)).names_field(field);
    assert_eq!(body["errors"], json!({ field: [rule] }));
}

/// The time so many seconds from now, by the service's clock. It requests a trip and cancels it, to learn that time.
#[track_caller]
pub fn later(rider: &Rider, seconds: i64) -> Value {
    let trip = rider.orders(&json!({}));
    rider.cancel(&trip).ok(200);
    let now = trip["created"].as_str().expect("a time is a string");
    let now: Timestamp = now.parse().expect("it is a time");
    json!(format!("{:.6}", now + SignedDuration::from_secs(seconds)))
}

fn class_and_passengers_stand_in_the_trip(on: Database) {
    let service = Options::new(on).town(&fares()).start();
    let rider = service.rider("ann");
    let answer = rider.ask(&fields(&json!({"class": "van", "passengers": 6})));
    let trip = answer.ok(201);
    assert_eq!(
        keys(&answer.text)[9..],
        [
            "pick_up_location",
            "drop_off_location",
            "class",
            "passengers",
            "area",
            "quote"
        ]
    );
    let ordered = (&trip["class"], &trip["passengers"], &trip["area"]);
    assert_eq!(ordered, (&json!("van"), &json!(6), &json!("town")));
    assert_eq!(trip["quote"]["total"], 1_804);
    assert_eq!(rider.trip(nk(&trip)), trip);
    // The defaults are not shown.
    let usual = rider.orders(&json!({"class": "standard", "passengers": 1}));
    assert!(usual.get("class").is_none() && usual.get("passengers").is_none());
    // The same fields in a form.
    let form = "pick_up_address=A&drop_off_address=B&passengers=3&class=van";
    let trip = rider.call("POST", "/api/trip/").form(form).send().ok(201);
    let ordered = (&trip["class"], &trip["passengers"]);
    assert_eq!(ordered, (&json!("van"), &json!(3)));
    // Without coordinates there is neither an area nor a quote.
    assert!(trip.get("quote").is_none() && trip.get("area").is_none());
}

fn what_breaks_a_rule_is_named(on: Database) {
    let service = Options::new(on).town(&fares()).start();
    let rider = service.rider("ann");
    let seats = "A whole number from 1 to 16 is required.";
    for wrong in [json!(0), json!(17), json!(-1)] {
        refused(&rider, &json!({"passengers": wrong}), "passengers", seats);
    }
    let number = "A valid integer is required.";
    for wrong in [json!(1.5), json!("many"), json!([2])] {
        refused(&rider, &json!({"passengers": wrong}), "passengers", number);
    }
    let word = "A class is 1 to 32 small letters, digits, - and _.";
    for wrong in ["A B", "Van", "", &"x".repeat(33)] {
        refused(&rider, &json!({"class": wrong}), "class", word);
    }
    let classes = "There is no such class here; there is: bike, standard, van.";
    refused(&rider, &json!({"class": "boat"}), "class", classes);
    let time = "A time like 2026-11-23T08:10:30Z is required.";
    for wrong in ["tomorrow", "2026-11-23", "2026-11-23T08:10:30", "08:10"] {
        refused(&rider, &json!({"pick_up_at": wrong}), "pick_up_at", time);
    }
    assert_eq!(rider.trips(), [0; 0].map(Value::from));
    let service = Service::start(on);
    let classes = "There is no such class here; there is: standard.";
    let rider = service.rider("ann");
    refused(&rider, &json!({"class": "van"}), "class", classes);
    assert_eq!(rider.orders(&json!({"passengers": 4}))["passengers"], 4);
}

fn a_trip_begins_in_an_area(on: Database) {
    let service = Options::new(on).town(&fares()).start();
    let rider = service.rider("ann");
    let outside = json!({"pick_up_location": location(north_of(STAND, 20_000.0))});
    let rule = "The pick-up is outside every service area.";
    refused(&rider, &outside, "pick_up_location", rule);
    // Where no area has the policy `broadcast`, a trip without an area would reach no driver.
    let offering = town("nearest", &json!({"policy": "nearest"}));
    let service = Options::new(on).town(&offering).start();
    let rider = service.rider("ann");
    let nowhere = json!({"pick_up_address": "A", "drop_off_address": "B"});
    let body = rider.ask(&nowhere).names_field("pick_up_location");
    let rule = "The pick-up needs coordinates here.";
    assert_eq!(body["errors"], json!({"pick_up_location": [rule]}));
    // Where areas overlap, the first one counts.
    let areas = [
        square("inner", STAND, "broadcast"),
        square("outer", STAND, "broadcast"),
    ];
    let both = json!({"areas": {"type": "FeatureCollection", "features": areas}});
    let service = Options::new(on).town(&both).start();
    assert_eq!(service.rider("ann").orders(&json!({}))["area"], "inner");
}

/// A service that looks for drivers from ten minutes before the pick-up on.
fn for_later(on: Database) -> Service {
    let scheduling = json!({"scheduling": {"lead_seconds": 600, "ahead_days_max": 2}});
    let town = town("broadcast", &scheduling);
    Options::new(on).town(&town).with_clock().start()
}

fn a_trip_for_later_is_looked_for_in_time(on: Database) {
    let mut service = for_later(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let at = later(&rider, 900);
    let mut phone = driver.connect();
    let trip = rider.orders(&json!({"pick_up_at": at}));
    let scheduled = (&trip["status"], &trip["pick_up_at"]);
    assert_eq!(scheduled, (&json!("SCHEDULED"), &at));
    let body = driver.accept(&trip).problem(409, "not-possible");
    assert_eq!(body["trip_status"], "SCHEDULED");
    service.advance(270.0);
    assert_eq!(rider.trip(nk(&trip)), trip);
    assert_eq!(driver.trips(), [0; 0].map(Value::from));
    service.advance(31.0);
    // This is the first frame on the driver's socket.
    let heard = phone.hears(&trip, "REQUESTED");
    assert_eq!(heard["pick_up_at"], at);
    assert_eq!(driver.trips(), [heard]);
    let taken = driver.accept(&trip).ok(200);
    assert_eq!(taken["pick_up_at"], at);
}

fn a_trip_for_soon_is_looked_for_at_once(on: Database) {
    let mut service = for_later(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let at = later(&rider, 500);
    let trip = rider.orders(&json!({"pick_up_at": at}));
    assert_eq!(
        (&trip["status"], &trip["pick_up_at"]),
        (&json!("REQUESTED"), &at)
    );
    // The search goes on until the search time has passed after the pick-up time.
    service.advance(1_070.0);
    assert_eq!(driver.trips().as_slice(), std::slice::from_ref(&trip));
    service.advance(40.0);
    assert_eq!(rider.trip(nk(&trip))["status"], "EXPIRED");
}

fn only_the_near_future_can_be_ordered(on: Database) {
    let service = for_later(on);
    let rider = service.rider("ann");
    let past = json!({"pick_up_at": later(&rider, -1)});
    refused(&rider, &past, "pick_up_at", "This is not in the future.");
    let far = json!({"pick_up_at": later(&rider, 2 * 86_400 + 60)});
    let rule = "Trips can be ordered at most 2 days ahead.";
    refused(&rider, &far, "pick_up_at", rule);
    let near = json!({"pick_up_at": later(&rider, 2 * 86_400 - 60)});
    assert_eq!(rider.orders(&near)["status"], "SCHEDULED");
}

#[track_caller]
fn has_room_for(rider: &Rider, count: usize) {
    let order = json!({"pick_up_at": later(rider, 7_200)});
    let trips: Vec<Value> = (0..count).map(|_| rider.orders(&order)).collect();
    let refused = rider.ask(&fields(&order));
    refused.problem(409, "too-many-trips");
    // Trips for later and trips for now are counted apart.
    let now = rider.orders(&json!({}));
    assert_eq!(now["status"], "REQUESTED");
    rider.ask(&fields(&order)).problem(409, "too-many-trips");
    rider.cancel(&trips[0]).ok(200);
    rider.orders(&order);
}

fn a_rider_has_ten_trips_for_later(on: Database) {
    let service = Service::start(on);
    has_room_for(&service.rider("ann"), 10);
}

fn the_number_of_trips_for_later_can_be_set(on: Database) {
    let service = Service::with(on, &["--rider-bookings", "2"]);
    has_room_for(&service.rider("ann"), 2);
    has_room_for(&service.rider("amy"), 2);
}

#[track_caller]
fn opens_after(on: Database, end: fn(&mut Service)) {
    let mut service = for_later(on);
    let mut rider = service.rider("ann");
    let trip = rider.orders(&json!({"pick_up_at": later(&rider, 900)}));
    end(&mut service);
    service.restart();
    rider.follow(&service);
    assert_eq!(rider.trip(nk(&trip)), trip);
    service.advance(301.0);
    assert_eq!(rider.trip(nk(&trip))["status"], "REQUESTED");
    // A second restart does not begin the search again.
    let opened = rider.trip(nk(&trip));
    end(&mut service);
    service.restart();
    rider.follow(&service);
    assert_eq!(rider.trip(nk(&trip)), opened);
}

fn a_trip_for_later_outlives_a_restart(on: Database) {
    opens_after(on, |service| assert!(service.stop().success()));
}

fn a_trip_for_later_outlives_a_crash(on: Database) {
    opens_after(on, Service::kill);
}
