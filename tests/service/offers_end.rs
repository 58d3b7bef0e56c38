//! How searches and offers end or go on: restarts, shifts that end, trips that are given back or cancelled.

use serde_json::{Value, json};

use crate::harness::{
    Cab, Database, Follower, Options, Rider, STAND, Service, Test, eventually, location, north_of,
    tests, town,
};
use crate::offers::nearest;

pub fn tests() -> Vec<Test> {
    tests![
        an_offer_outlives_a_crash,
        a_deadline_that_passes_during_a_crash_counts,
        who_goes_offline_loses_the_offer,
        who_is_silent_for_long_is_taken_off_shift,
        who_has_a_trip_stays_on_shift_however_silent,
        a_trip_that_is_given_back_is_offered_to_others,
        a_rider_who_calls_off_ends_the_offer,
        an_operator_who_calls_off_ends_the_offer,
        a_search_without_drivers_ends,
        a_moved_pick_up_is_seen_by_the_next_driver,
    ]
}

fn restart(service: &mut Service, cab: Cab) -> Cab {
    let (driver, log) = cab.vanishes();
    service.kill();
    service.restart();
    Cab::comes_back(service, driver, log)
}

fn an_offer_outlives_a_crash(on: Database) {
    let mut service = nearest(on, &json!({}));
    let mut cab = Cab::on_shift(&service, "bob", 100.0);
    let trip = service.rider("ann").orders(&json!({}));
    let offer = cab.receives(&trip);
    let mut cab = restart(&mut service, cab);
    let duty = cab.call("shift", &json!({})).ok(200);
    assert_eq!(
        (&duty["activity"], &duty["offer"]),
        (&json!("offered"), &offer)
    );
    let taken = cab.does("accept", &trip).ok(200);
    assert_eq!(taken["driver"], cab.party());
    cab.loses(&trip, "accepted");
    cab.hears("accepted");
}

fn a_deadline_that_passes_during_a_crash_counts(on: Database) {
    let mut service = nearest(on, &json!({}));
    let cab = Cab::on_shift(&service, "bob", 100.0);
    let next = Cab::on_shift(&service, "next", 300.0);
    let trip = service.rider("ann").orders(&json!({}));
    let mut cab = cab;
    cab.receives(&trip);
    let (driver, log) = next.vanishes();
    let mut cab = restart(&mut service, cab);
    let mut next = Cab::comes_back(&service, driver, log);
    assert_eq!(
        next.activity(),
        "stale",
        "positions are lost with the process"
    );
    service.advance(15.5);
    cab.loses(&trip, "expired");
    cab.command(&trip, "accept").problem(409, "offer-over");
    next.waits_at(300.0);
    service.advance(5.5);
    next.receives(&trip);
}

fn who_goes_offline_loses_the_offer(on: Database) {
    let service = nearest(on, &json!({}));
    let mut near = Cab::on_shift(&service, "near", 100.0);
    let mut far = Cab::on_shift(&service, "far", 300.0);
    let trip = service.rider("ann").orders(&json!({}));
    near.receives(&trip);
    let shift = near.call("end_shift", &json!({})).ok(200);
    assert!(shift["ended"].is_string(), "{shift}");
    let heard = [near.follower.next(), near.follower.next()];
    let kinds = heard.each_ref().map(|event| event["kind"].as_str());
    assert!(kinds.contains(&Some("shift-ended")), "{heard:?}");
    assert!(kinds.contains(&Some("offer-ended")), "{heard:?}");
    assert_eq!(near.activity(), "off_shift");
    near.accept(&trip).problem(409, "offer-over");
    far.receives(&trip);
    let refused = near.call("end_shift", &json!({}));
    assert_eq!(refused.0["data"]["code"], "no-shift", "{}", refused.0);
}

fn who_is_silent_for_long_is_taken_off_shift(on: Database) {
    let mut service = nearest(on, &json!({}));
    let mut cab = Cab::on_shift(&service, "bob", 100.0);
    service.advance(179.0);
    assert_eq!(cab.activity(), "stale");
    service.advance(2.0);
    let event = cab.hears("shift-ended");
    assert_eq!(event["actor"], json!({"role": "service"}));
    assert_eq!(cab.activity(), "off_shift");
    let position = json!({"data": {"lat": 48.0, "lon": 11.0}});
    let refused = cab.call("position", &position);
    assert_eq!(refused.0["data"]["code"], "no-shift", "{}", refused.0);
    cab.call("begin_shift", &json!({"data": {}})).ok(200);
    cab.waits_at(100.0);
    assert_eq!(cab.activity(), "available");
}

fn who_has_a_trip_stays_on_shift_however_silent(on: Database) {
    let mut service = nearest(on, &json!({}));
    let mut cab = Cab::on_shift(&service, "bob", 100.0);
    let rider = service.rider("ann");
    let trip = rider.orders(&json!({}));
    cab.receives(&trip);
    cab.does("accept", &trip).ok(200);
    for _ in 0..4 {
        service.advance(100.0);
        assert_eq!(cab.activity(), "on_trip");
        assert_eq!(
            status(&rider, &trip),
            "STARTED",
            "the driver keeps the trip"
        );
    }
    cab.does("arrive", &trip).ok(200);
    cab.does("start", &trip).ok(200);
    cab.does("complete", &trip).ok(200);
    let late = ["driver-late", "notification"];
    for kind in ["offer-ended", "accepted"].into_iter().chain(late) {
        cab.hears(kind);
    }
    for kind in ["arrived", "started", "completed"] {
        cab.hears(kind);
    }
    // The time without positions counts anew from the end of the trip.
    service.advance(178.0);
    assert_eq!(cab.activity(), "stale");
    service.advance(3.0);
    cab.hears("shift-ended");
}

fn a_trip_that_is_given_back_is_offered_to_others(on: Database) {
    let service = nearest(on, &json!({}));
    let mut near = Cab::on_shift(&service, "near", 100.0);
    let mut far = Cab::on_shift(&service, "far", 300.0);
    let rider = service.rider("ann");
    let (mut follower, _) = Follower::begin(&rider);
    let trip = rider.orders(&json!({}));
    near.receives(&trip);
    near.does("accept", &trip).ok(200);
    near.loses(&trip, "accepted");
    near.hears("accepted");
    let reason = json!({"pk": trip["id"], "data": {"reason": "A flat tyre"}});
    let given_back = near.call("give_back", &reason).ok(200);
    assert_eq!(
        (&given_back["status"], &given_back["driver"]),
        (&json!("REQUESTED"), &Value::Null)
    );
    let event = near.hears("given-back");
    assert_eq!(event["trip"]["reason"], "A flat tyre");
    for kind in ["requested", "accepted", "given-back"] {
        follower.hears(&trip, kind);
    }
    assert_eq!(
        follower.next()["kind"],
        "notification",
        "the rider is notified"
    );

    let offer = far.receives(&trip);
    assert_eq!(offer["attempt"], 2);
    near.accept(&trip).problem(403, "not-offered");
    far.does("decline", &trip).ok(200);
    far.loses(&trip, "declined");
    // The driver who gave it back is not asked again, though nearest and free.
    assert_eq!(near.activity(), "available");
    let next = rider.orders(&json!({}));
    near.receives(&next);
    let mut third = Cab::on_shift(&service, "third", 500.0);
    third.receives(&trip);
    third.does("accept", &trip).ok(200);
}

fn a_rider_who_calls_off_ends_the_offer(on: Database) {
    let service = nearest(on, &json!({}));
    let mut cab = Cab::on_shift(&service, "bob", 100.0);
    let rider = service.rider("ann");
    for end in ["cancel", "delete"] {
        let trip = rider.orders(&json!({}));
        cab.receives(&trip);
        rider
            .native()
            .call(end, &json!({"pk": trip["id"]}))
            .ok(if end == "delete" { 204 } else { 200 });
        cab.loses(&trip, "withdrawn");
        cab.command(&trip, "decline").problem(409, "offer-over");
        cab.accept(&trip).problem(409, "not-possible");
    }
    assert_eq!(cab.activity(), "available");
    let trip = rider.orders(&json!({}));
    cab.is_offered(&trip);
}

fn an_operator_who_calls_off_ends_the_offer(on: Database) {
    let service = nearest(on, &json!({}));
    let operator = service.operator("op");
    let mut cab = Cab::on_shift(&service, "bob", 100.0);
    let trip = service.rider("ann").orders(&json!({}));
    cab.receives(&trip);
    let reason = json!({"reason": "The road is flooded"});
    operator.command_with(&trip, "cancel", &reason).ok(200);
    cab.loses(&trip, "withdrawn");
}

fn a_search_without_drivers_ends(on: Database) {
    let mut town = town("nearest", &json!({}));
    town["areas"]["features"][0]["properties"]["search_seconds"] = json!(120);
    let mut service = Options::new(on).town(&town).with_clock().start();
    let rider = service.rider("ann");
    let (mut follower, _) = Follower::begin(&rider);
    let trip = rider.orders(&json!({}));
    follower.hears(&trip, "requested");
    service.advance(119.0);
    assert_eq!(status(&rider, &trip), "REQUESTED");
    service.kill();
    service.restart();
    let mut rider = rider;
    rider.follow(&service);
    service.advance(2.0);
    let expired = || (status(&rider, &trip) == "EXPIRED").then_some(());
    eventually("the search ends", expired);
    let mut follower = Follower::go_on(&rider, follower.vanish());
    follower.hears(&trip, "expired");
    assert_eq!(
        follower.next()["kind"],
        "notification",
        "the rider is notified"
    );
}

fn a_moved_pick_up_is_seen_by_the_next_driver(on: Database) {
    let service = nearest(on, &json!({}));
    let mut near = Cab::on_shift(&service, "near", 100.0);
    let mut far = Cab::on_shift(&service, "far", 300.0);
    let rider = service.rider("ann");
    let trip = rider.orders(&json!({}));
    near.receives(&trip);
    let mut app = rider.native();
    let mut moves = |data: Value| app.call("patch", &json!({"pk": trip["id"], "data": data}));
    moves(json!({"pick_up_location": null})).breaks("pick_up_location");
    let outside = location(north_of(STAND, 30_000.0));
    moves(json!({"pick_up_location": outside})).breaks("pick_up_location");
    let door = location(north_of(STAND, -20.0));
    moves(json!({"pick_up_address": "The other door", "pick_up_location": door})).ok(200);
    near.does("decline", &trip).ok(200);
    near.loses(&trip, "declined");
    let offer = far.is_offered(&trip);
    assert_eq!(offer["trip"]["pick_up_address"], "The other door");
    assert_eq!(offer["metres"], 320);
}

fn status(rider: &Rider, trip: &Value) -> String {
    let nk = trip["nk"].as_str().expect("a trip has a key");
    let status = rider.trip(nk)["status"].clone();
    status.as_str().expect("a status is a string").to_owned()
}
