//! Offers under the policy `nearest`: which drivers are asked, in which order, and how their answers count.

use serde_json::{Value, json};

use crate::harness::{
    Cab, Database, Options, STAND, Service, Test, location, north_of, square, tests, town,
};

pub fn tests() -> Vec<Test> {
    tests![
        the_nearest_is_asked_first_and_then_the_next,
        a_silent_device_is_passed_over_quickly_and_not_blamed,
        only_who_is_offered_a_trip_may_accept_it,
        an_answer_that_comes_too_late_is_refused,
        an_answer_may_be_given_twice,
        the_first_of_a_wave_wins,
        a_driver_has_one_offer_at_a_time,
        who_drives_something_else_is_not_asked,
        who_was_not_heard_of_lately_is_not_asked,
        drivers_further_away_are_asked_later_up_to_the_cap,
        drivers_of_the_course_see_what_is_broadcast_and_nothing_else,
        who_goes_online_later_is_asked_at_once,
    ]
}

/// A service whose one area has the policy `nearest`.
pub fn nearest(on: Database, more: &Value) -> Service {
    Options::new(on)
        .town(&town("nearest", more))
        .with_clock()
        .start()
}

fn the_nearest_is_asked_first_and_then_the_next(on: Database) {
    let mut service = nearest(on, &json!({}));
    let mut far = Cab::on_shift(&service, "far", 600.0);
    let mut near = Cab::on_shift(&service, "near", 100.0);
    let mut middle = Cab::on_shift(&service, "middle", 300.0);
    let rider = service.rider("ann");
    let trip = rider.orders(&json!({}));
    let offer = near.receives(&trip);
    assert_eq!((&offer["metres"], &offer["eta"]), (&json!(100), &json!(29)));
    assert_eq!(offer["attempt"], 1);
    assert_eq!(near.activity(), "offered");

    let declined = near.does("decline", &trip).ok(200);
    assert_eq!(declined["state"], "declined");
    near.loses(&trip, "declined");
    middle.receives(&trip);
    service.advance(14.0);
    assert_eq!(
        middle.activity(),
        "offered",
        "the driver has another second"
    );
    for cab in [&mut far, &mut near] {
        assert_eq!(cab.activity(), "available");
    }
    service.advance(1.5);
    middle.loses(&trip, "expired");
    far.receives(&trip);
    let taken = far.does("accept", &trip).ok(200);
    assert_eq!(taken["status"], "STARTED");
    far.loses(&trip, "accepted");
    let event = far.hears("accepted");
    assert_eq!(event["trip"]["driver"], far.party());
    assert_eq!(rider.trip(&nk(&trip))["driver"], far.party());
    // A driver who declined hears no more of the trip: the next event is another trip's offer.
    let next = rider.orders(&json!({}));
    near.is_offered(&next);
}

fn a_silent_device_is_passed_over_quickly_and_not_blamed(on: Database) {
    let mut service = nearest(on, &json!({}));
    let mut silent = Cab::on_shift(&service, "silent", 100.0);
    let mut next = Cab::on_shift(&service, "next", 300.0);
    let trip = service.rider("ann").orders(&json!({}));
    silent.is_offered(&trip);
    service.advance(3.0);
    assert_eq!(silent.activity(), "offered");
    service.advance(1.5);
    silent.loses(&trip, "undelivered");
    next.receives(&trip);
    next.does("decline", &trip).ok(200);
    // Half a minute later the device is tried again.
    service.advance(25.0);
    silent.waits_at(100.0);
    assert_eq!(silent.activity(), "available");
    service.advance(6.0);
    silent.receives(&trip);
    silent.does("accept", &trip).ok(200);
}

fn only_who_is_offered_a_trip_may_accept_it(on: Database) {
    let service = nearest(on, &json!({}));
    let mut near = Cab::on_shift(&service, "near", 100.0);
    let mut far = Cab::on_shift(&service, "far", 300.0);
    let mut off = Cab::of(&service, "off");
    let trip = service.rider("ann").orders(&json!({}));
    near.is_offered(&trip);
    for cab in [&mut far, &mut off] {
        for action in ["accept", "receive", "decline"] {
            cab.does(action, &trip).not_found();
            // A driver who names the trip by its key must have seen it.
            let refused = cab.call(action, &json!({"pk": trip["nk"]}));
            assert_eq!(refused.0["response_status"], 403, "{}", refused.0);
            assert_eq!(refused.0["data"]["code"], "not-offered", "{}", refused.0);
        }
        cab.does("retrieve", &trip).not_found();
    }
    far.accept(&trip).problem(403, "not-offered");
    // An accept needs no acknowledgement before.
    near.does("accept", &trip).ok(200);
    far.accept(&trip).problem(409, "already-taken");
    far.command(&trip, "decline").problem(403, "not-offered");
}

fn an_answer_that_comes_too_late_is_refused(on: Database) {
    let mut service = nearest(on, &json!({}));
    let mut near = Cab::on_shift(&service, "near", 100.0);
    let mut far = Cab::on_shift(&service, "far", 300.0);
    let trip = service.rider("ann").orders(&json!({}));
    near.receives(&trip);
    service.advance(15.5);
    near.loses(&trip, "expired");
    for action in ["accept", "receive", "decline"] {
        near.command(&trip, action).problem(409, "offer-over");
    }
    far.receives(&trip);
    far.does("accept", &trip).ok(200);
    near.accept(&trip).problem(409, "already-taken");
}

fn an_answer_may_be_given_twice(on: Database) {
    let service = nearest(on, &json!({}));
    let mut cab = Cab::on_shift(&service, "bob", 100.0);
    let rider = service.rider("ann");
    let trip = rider.orders(&json!({}));
    let first = cab.receives(&trip);
    assert_eq!(cab.does("receive", &trip).ok(200), first);
    let declined = cab.does("decline", &trip).ok(200);
    assert_eq!(cab.does("decline", &trip).ok(200), declined);
    cab.loses(&trip, "declined");
    let trip = rider.orders(&json!({}));
    cab.receives(&trip);
    let taken = cab.does("accept", &trip).ok(200);
    assert_eq!(cab.does("accept", &trip).ok(200), taken);
    cab.loses(&trip, "accepted");
    cab.hears("accepted");
    cab.does("arrive", &trip).ok(200);
    cab.hears("arrived");
}

fn the_first_of_a_wave_wins(on: Database) {
    let service = nearest(on, &json!({"offering": {"wave": 2}}));
    let mut one = Cab::on_shift(&service, "one", 100.0);
    let mut two = Cab::on_shift(&service, "two", 300.0);
    let mut three = Cab::on_shift(&service, "three", 500.0);
    let rider = service.rider("ann");
    let trip = rider.orders(&json!({}));
    one.receives(&trip);
    two.is_offered(&trip);
    two.does("accept", &trip).ok(200);
    one.loses(&trip, "withdrawn");
    one.accept(&trip).problem(409, "already-taken");
    assert_eq!(one.activity(), "available");
    // The third driver was not asked: the next trip's offer is its first event.
    let next = rider.orders(&json!({}));
    three.is_offered(&next);
    one.is_offered(&next);
}

fn a_driver_has_one_offer_at_a_time(on: Database) {
    let service = nearest(on, &json!({}));
    let mut near = Cab::on_shift(&service, "near", 100.0);
    let mut far = Cab::on_shift(&service, "far", 300.0);
    let rider = service.rider("ann");
    let trips: Vec<Value> = (0..3).map(|_| rider.orders(&json!({}))).collect();
    near.receives(&trips[0]);
    far.receives(&trips[1]);
    // A driver who is free again gets the offer of a waiting trip.
    near.does("decline", &trips[0]).ok(200);
    near.loses(&trips[0], "declined");
    near.is_offered(&trips[2]);
    far.does("accept", &trips[1]).ok(200);
}

fn who_drives_something_else_is_not_asked(on: Database) {
    let more = json!({"classes": {"standard": {}, "van": {}}});
    let service = nearest(on, &more);
    let mut car = Cab::on_shift(&service, "car", 100.0);
    let mut van = Cab::of(&service, "van");
    let vehicle = json!({"data": {"class": "van", "seats": 8}});
    van.call("begin_shift", &vehicle).ok(200);
    van.hears("shift-began");
    van.waits_at(300.0);
    let mut small = Cab::of(&service, "small");
    let vehicle = json!({"data": {"class": "van", "seats": 5}});
    small.call("begin_shift", &vehicle).ok(200);
    small.hears("shift-began");
    small.waits_at(100.0);
    let rider = service.rider("ann");
    let trip = rider.orders(&json!({"class": "van", "passengers": 6}));
    assert_eq!(
        (&trip["class"], &trip["passengers"]),
        (&json!("van"), &json!(6))
    );
    van.receives(&trip);
    van.does("decline", &trip).ok(200);
    let trip = rider.orders(&json!({}));
    car.is_offered(&trip);
    let trip = rider.orders(&json!({"class": "van"}));
    small.is_offered(&trip);
}

fn who_was_not_heard_of_lately_is_not_asked(on: Database) {
    let mut service = nearest(on, &json!({}));
    let mut quiet = Cab::on_shift(&service, "quiet", 100.0);
    let mut fresh = Cab::on_shift(&service, "fresh", 300.0);
    service.advance(58.0);
    fresh.waits_at(300.0);
    assert_eq!(quiet.activity(), "available");
    service.advance(3.0);
    assert_eq!(quiet.activity(), "stale");
    let rider = service.rider("ann");
    let trip = rider.orders(&json!({}));
    fresh.receives(&trip);
    fresh.does("accept", &trip).ok(200);
    // A driver who reports a position again is asked again.
    quiet.waits_at(100.0);
    assert_eq!(quiet.activity(), "available");
    let trip = rider.orders(&json!({}));
    quiet.is_offered(&trip);
}

fn drivers_further_away_are_asked_later_up_to_the_cap(on: Database) {
    let mut service = Options::new(on)
        .flags(&["--search-time", "60"])
        .town(&town("nearest", &json!({})))
        .with_clock()
        .start();
    let mut far = Cab::on_shift(&service, "far", 2_000.0);
    let mut beyond = Cab::on_shift(&service, "beyond", 3_500.0);
    let rider = service.rider("ann");
    let trip = rider.orders(&json!({}));
    // The search begins with drivers up to five minutes away, and widens to seven and a half and to fifteen minutes.
    service.advance(5.5);
    assert_eq!(far.activity(), "available");
    service.advance(5.5);
    let offer = far.receives(&trip);
    assert_eq!(offer["metres"], 2_000);
    far.does("decline", &trip).ok(200);
    far.loses(&trip, "declined");
    service.advance(30.0);
    assert_eq!(rider.trip(&nk(&trip))["status"], "REQUESTED");
    service.advance(30.0);
    assert_eq!(rider.trip(&nk(&trip))["status"], "EXPIRED");
    assert_eq!(beyond.activity(), "stale");
    beyond.waits_at(100.0);
    let next = rider.orders(&json!({}));
    beyond.is_offered(&next);
}

fn drivers_of_the_course_see_what_is_broadcast_and_nothing_else(on: Database) {
    let (here, there) = (STAND, north_of(STAND, 30_000.0));
    let areas = [
        square("town", here, "nearest"),
        square("village", there, "broadcast"),
    ];
    let town = json!({"areas": {"type": "FeatureCollection", "features": areas}});
    let service = Options::new(on).town(&town).start();
    let mut cab = Cab::on_shift(&service, "cab", 100.0);
    let course = service.driver("course");
    let mut socket = course.connect();
    let rider = service.rider("ann");
    let offered = rider.orders(&json!({}));
    cab.receives(&offered);
    let broadcast = rider.orders(&json!({"pick_up_location": location(there)}));
    assert_eq!(broadcast["area"], "village");
    let frame = socket.next();
    assert_eq!(
        (&frame["nk"], &frame["status"]),
        (&broadcast["nk"], &json!("REQUESTED"))
    );
    assert_eq!(
        course.trips().len(),
        1,
        "the list has the broadcast trip alone"
    );
    cab.hears("requested");
    cab.does("accept", &offered).ok(200);
    socket.send(&course.update_frame(&broadcast, "STARTED"));
    let frame = socket.next();
    assert_eq!(
        (&frame["nk"], &frame["status"]),
        (&broadcast["nk"], &json!("STARTED"))
    );
    course.accept(&offered).problem(409, "already-taken");
}

fn who_goes_online_later_is_asked_at_once(on: Database) {
    let service = nearest(on, &json!({}));
    let rider = service.rider("ann");
    let trip = rider.orders(&json!({}));
    let mut cab = Cab::on_shift(&service, "bob", 100.0);
    cab.receives(&trip);
    let (driver, log) = cab.vanishes();
    let mut cab = Cab::comes_back(&service, driver, log);
    assert_eq!(cab.activity(), "offered", "the offer outlives its socket");
    cab.does("accept", &trip).ok(200);
}

fn nk(trip: &Value) -> String {
    trip["nk"].as_str().expect("a trip has a key").to_owned()
}
