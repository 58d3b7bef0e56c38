//! New tokens over a native socket, for the socket's own session.

use serde_json::json;

use crate::harness::{Auth, Database, Service, Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        a_session_can_be_refreshed_over_its_socket,
        a_refresh_token_of_another_session_is_refused,
        a_refresh_token_that_is_used_again_ends_the_session,
    ]
}

fn a_session_can_be_refreshed_over_its_socket(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let mut native = rider.native();
    let fields = json!({"data": {"refresh": rider.refresh}});
    let new = native.call("refresh", &fields).ok(200);
    let access = new["access"].as_str().expect("a token is a string");
    let answer = rider.with(Auth::Bearer(access.to_owned()));
    answer.get("/api/trip/").ok(200);
    let fields = json!({"data": {"refresh": new["refresh"]}});
    native.call_in("trips", "refresh", &fields).ok(200);
    let answer = native.wrong("refresh", &json!({"data": {}}));
    assert_eq!(answer.breaks("refresh"), "This field is required.");
    assert_eq!(native.call("list", &json!({})).ok(200), json!([]));
}

fn a_refresh_token_of_another_session_is_refused(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let (again, eve) = (service.log_in("ann"), service.rider("eve"));
    let mut native = rider.native();
    let text = "Authentication credentials were not provided, or are not valid.";
    for token in [&again.refresh, &eve.refresh, &rider.access, &"x".to_owned()] {
        let answer = native.call("refresh", &json!({"data": {"refresh": token}}));
        assert_eq!(
            answer.refused(401, text),
            json!({"code": "not-authenticated"})
        );
    }
    for (client, token) in [(&again, &again.refresh), (&eve.0, &eve.refresh)] {
        let answer = client.post("/api/token/refresh/", &json!({"refresh": token}));
        answer.ok(200);
    }
    native
        .call("refresh", &json!({"data": {"refresh": rider.refresh}}))
        .ok(200);
}

fn a_refresh_token_that_is_used_again_ends_the_session(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let (mut native, mut phone) = (rider.native(), rider.connect());
    let mut other = service.log_in("ann").connect();
    let fields = json!({"data": {"refresh": rider.refresh}});
    native.call("refresh", &fields).ok(200);
    native.send(None, "refresh", &fields);
    assert_eq!(native.socket().closed(), 4501);
    assert_eq!(phone.closed(), 4501);
    assert!(!rider.is_logged_in());
    other.heard_nothing();
}
