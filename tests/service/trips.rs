//! Reading trips over HTTP: lists, single trips, and which account sees which.

use serde_json::{Value, json};

use crate::harness::{Cab, Database, Driver, Service, Test, at_once, nk, tests};
use crate::offers::nearest;

pub fn tests() -> Vec<Test> {
    tests![
        a_rider_sees_own_trips_newest_first,
        a_driver_sees_requests_and_own_trips,
        an_operator_sees_all_trips,
        lists_have_at_most_500_trips,
        a_trip_of_somebody_else_is_not_found,
        a_key_that_is_none_is_not_found,
        a_trip_has_a_path_by_its_id_too,
        an_id_names_an_offered_trip_only_to_those_who_were_asked,
        an_id_names_a_taken_trip_only_to_its_driver,
        trips_need_a_session,
        other_methods_and_paths_are_refused_as_problems,
    ]
}

fn a_rider_sees_own_trips_newest_first(on: Database) {
    let service = Service::start(on);
    let (rider, other) = (service.rider("ann"), service.rider("amy"));
    assert_eq!(rider.get("/api/trip/").text, "[]");
    let first = rider.request("A1", "B");
    other.request("X", "Y");
    let second = rider.request("A2", "B");
    let cancelled = rider.cancel(&first).ok(200);
    let third = rider.request("A3", "B");
    assert_eq!(rider.trips(), [third, second, cancelled]);
}

fn a_driver_sees_requests_and_own_trips(on: Database) {
    let service = Service::start(on);
    let (rider, one, two) = (
        service.rider("ann"),
        service.driver("bob"),
        service.driver("ben"),
    );
    let (open, taken, gone) = (
        rider.request("1", "B"),
        rider.request("2", "B"),
        rider.request("3", "B"),
    );
    let taken = one.accept(&taken).ok(200);
    rider.cancel(&gone).ok(200);
    assert_eq!(one.trips(), [taken.clone(), open.clone()]);
    assert_eq!(two.trips(), [open]);
    assert_eq!(one.trip(nk(&taken)), taken);
    two.get(&format!("/api/trip/{}/", nk(&taken)))
        .problem(404, "not-found");
    two.get(&format!("/api/trip/{}/", nk(&gone)))
        .problem(404, "not-found");
}

fn an_operator_sees_all_trips(on: Database) {
    let service = Service::start(on);
    let operator = service.operator("olga");
    let (rider, other, driver) = (
        service.rider("ann"),
        service.rider("amy"),
        service.driver("bob"),
    );
    let first = driver.accept(&rider.request("1", "B")).ok(200);
    let second = other.cancel(&other.request("2", "B")).ok(200);
    assert_eq!(operator.trips(), [second.clone(), first.clone()]);
    assert_eq!(operator.trip(nk(&first)), first);
    assert_eq!(operator.trip(nk(&second)), second);
}

fn lists_have_at_most_500_trips(on: Database) {
    let service = Service::with(on, &["--rider-trips", "600"]);
    let rider = service.rider("ann");
    let (first, second) = (rider.request("first", "B"), rider.request("second", "B"));
    let others: Vec<_> = (0..4).map(|_| rider.again()).collect();
    at_once(others.iter().map(|http| {
        || {
            for _ in 0..125 {
                http.post(
                    "/api/trip/",
                    &json!({"pick_up_address": "A", "drop_off_address": "B"}),
                )
                .ok(201);
            }
        }
    }));
    let listed = rider.trips();
    assert_eq!(listed.len(), 500);
    assert!(
        !listed.contains(&first) && !listed.contains(&second),
        "the oldest trips are left out"
    );
    assert_eq!(rider.trip(nk(&first)), first);
}

fn a_trip_of_somebody_else_is_not_found(on: Database) {
    let service = Service::start(on);
    let (rider, other) = (service.rider("ann"), service.rider("amy"));
    let trip = rider.request("A", "B");
    let body = other
        .get(&format!("/api/trip/{}/", nk(&trip)))
        .problem(404, "not-found");
    assert_eq!(body["detail"], "No Trip matches the given query.");
    // The answer is the same as for a trip that does not exist.
    let unknown = other
        .get(&format!("/api/trip/{}/", "0".repeat(32)))
        .problem(404, "not-found");
    assert_eq!(body, unknown);
}

fn a_key_that_is_none_is_not_found(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let trip = rider.request("A", "B");
    for key in [
        "0",
        "x",
        "2",
        &"g".repeat(32),
        &"0".repeat(33),
        &nk(&trip)[..31],
        &format!("{}0", nk(&trip)),
    ] {
        rider
            .get(&format!("/api/trip/{key}/"))
            .problem(404, "not-found");
        rider
            .post_nothing(&format!("/api/trip/{key}/cancel/"))
            .problem(404, "not-found");
    }
}

/// The pages of the course's later editions know a trip by its id.
fn a_trip_has_a_path_by_its_id_too(on: Database) {
    let service = Service::start(on);
    let (rider, other, driver) = (
        service.rider("ann"),
        service.rider("amy"),
        service.driver("bob"),
    );
    let trip = rider.request("A", "B");
    let id = trip["id"].to_string();
    assert_eq!(rider.trip(&id), trip);
    assert_eq!(driver.trip(&id), trip);
    other
        .get(&format!("/api/trip/{id}/"))
        .problem(404, "not-found");
    let cancel = format!("/api/trip/{id}/cancel/");
    other.post_nothing(&cancel).problem(404, "not-found");
    for verb in ["accept", "arrive", "start", "complete"] {
        let done = driver.post_nothing(&format!("/api/trip/{id}/{verb}/"));
        assert_eq!(done.ok(200), driver.trip(&id));
    }
    assert_eq!(rider.trip(nk(&trip))["status"], "COMPLETED");
    rider.get(&format!("/api/trip/{id}/code/")).ok(200);
    service
        .operator("olga")
        .get(&format!("/api/trip/{id}/dispatch/"))
        .ok(200);
    for unknown in ["9999", "-1", "+1", "1.0", "99999999999999999999"] {
        rider
            .get(&format!("/api/trip/{unknown}/"))
            .problem(404, "not-found");
        driver
            .post_nothing(&format!("/api/trip/{unknown}/accept/"))
            .problem(404, "not-found");
    }
}

/// The commands of a driver besides accept.
const LATER_VERBS: [&str; 5] = ["arrive", "start", "complete", "give_back", "no_show"];

/// Checks that the driver does not find the trip by its id, over HTTP and on a native socket.
#[track_caller]
fn is_unknown(driver: &Driver, trip: &Value, verb: &str) {
    let id = &trip["id"];
    let answer = driver.post_nothing(&format!("/api/trip/{id}/{verb}/"));
    let unknown = driver.post_nothing(&format!("/api/trip/9999/{verb}/"));
    assert_eq!(
        answer.problem(404, "not-found"),
        unknown.problem(404, "not-found"),
        "{verb}"
    );
    let called = driver.native().call(verb, &json!({"pk": id}));
    assert_eq!(called.0["response_status"], 404, "{verb}: {}", called.0);
}

fn an_id_names_an_offered_trip_only_to_those_who_were_asked(on: Database) {
    let service = nearest(on, &json!({}));
    let rider = service.rider("ann");
    let stranger = service.driver("ben");
    let trip = rider.orders(&json!({}));
    let mut asked = Cab::on_shift(&service, "bob", 100.0);
    asked.receives(&trip);
    let offers = ["accept", "receive", "decline"];
    for verb in offers.into_iter().chain(LATER_VERBS) {
        is_unknown(&stranger, &trip, verb);
    }
    let by_id = |verb: &str| asked.post_nothing(&format!("/api/trip/{}/{verb}/", trip["id"]));
    by_id("decline").ok(200);
    by_id("accept").problem(409, "offer-over");
    stranger.accept(&trip).problem(403, "not-offered");
}

fn an_id_names_a_taken_trip_only_to_its_driver(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let (driver, other) = (service.driver("bob"), service.driver("ben"));
    let trip = rider.request("A", "B");
    driver.accept(&trip).ok(200);
    let accept = format!("/api/trip/{}/accept/", trip["id"]);
    for verb in LATER_VERBS {
        is_unknown(&other, &trip, verb);
        let answer = other.command(&trip, verb);
        assert_ne!(
            answer.status, 404,
            "a driver with the key has seen the trip: {verb}"
        );
    }
    let by_id = json!({"pk": trip["id"], "data": {"message": "x"}});
    for action in ["join", "leave", "send"] {
        other.native().wrong_in("chat", action, &by_id).not_found();
    }
    // The request was broadcast to both drivers.
    other.post_nothing(&accept).problem(409, "already-taken");
    driver.command(&trip, "give_back").ok(200);
    driver.post_nothing(&accept).problem(403, "not-offered");
    other.post_nothing(&accept).ok(200);
    other.start(&trip).ok(200);
    other.complete(&trip).ok(200);
    let late = service.driver("bea");
    late.post_nothing(&accept).problem(404, "not-found");
    other.post_nothing(&accept).problem(409, "not-possible");
}

fn trips_need_a_session(on: Database) {
    let service = Service::start(on);
    let trip = service.rider("ann").request("A", "B");
    let http = service.http();
    http.get("/api/trip/").problem(401, "not-authenticated");
    http.get(&format!("/api/trip/{}/", nk(&trip)))
        .problem(401, "not-authenticated");
    let fields = json!({"pick_up_address": "A", "drop_off_address": "B"});
    http.post("/api/trip/", &fields)
        .problem(401, "not-authenticated");
    for verb in ["accept", "arrive", "start", "complete", "cancel", "end"] {
        http.post_nothing(&format!("/api/trip/{}/{verb}/", nk(&trip)))
            .problem(401, "not-authenticated");
    }
}

fn other_methods_and_paths_are_refused_as_problems(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let detail = format!("/api/trip/{}/", nk(&rider.request("A", "B")));
    for (method, path, allowed) in [
        ("DELETE", "/api/trip/", "GET, POST"),
        ("PUT", "/api/trip/", "GET, POST"),
        ("DELETE", detail.as_str(), "GET"),
        ("POST", detail.as_str(), "GET"),
        ("GET", "/api/sign_up/", "POST"),
        ("GET", "/api/log_in/", "POST"),
        ("GET", "/api/log_out/", "POST"),
        ("GET", &format!("{detail}cancel/"), "POST"),
    ] {
        let answer = rider.call(method, path).send();
        answer.problem(405, "method-not-allowed");
        let named = answer.header("allow").unwrap_or_default();
        for method in allowed.split(", ") {
            assert!(
                named.contains(method),
                "{path} allows {allowed}, not {named:?}"
            );
        }
    }
    for path in ["/api/", "/api/nothing/", &format!("{detail}fly/")] {
        rider.get(path).problem(404, "not-found");
        rider.post_nothing(path).problem(404, "not-found");
    }
}
