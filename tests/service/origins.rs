//! The origins from which a browser's cookie is accepted.

use serde_json::{Value, json};

use crate::harness::{Auth, Database, PASSWORD, Service, Socket, Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        a_cookie_from_a_foreign_page_changes_nothing,
        the_own_page_and_no_page_may_use_the_cookie,
        the_public_url_says_which_page_is_the_own_one,
        a_token_needs_no_origin,
        another_sites_page_cannot_log_a_visitor_in,
    ]
}

const FOREIGN: [&str; 4] = [
    "http://evil.example",
    "https://127.0.0.1",
    "null",
    "http://127.0.0.1.evil.example",
];

fn a_cookie_from_a_foreign_page_changes_nothing(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let browser = rider.by_cookie();
    let trip = json!({"pick_up_address": "A", "drop_off_address": "B"});
    for origin in FOREIGN {
        let answer = browser
            .call("POST", "/api/trip/")
            .json(&trip)
            .header("Origin", origin)
            .send();
        answer.problem(403, "foreign-origin");
        let answer = browser
            .call("POST", "/api/log_out/")
            .header("Origin", origin)
            .send();
        answer.problem(403, "foreign-origin");
        let socket = Socket::open(
            service.address,
            "/rider/",
            &browser.auth,
            &[("Origin", origin)],
        );
        assert_eq!(socket.err(), Some(403), "{origin}");
        browser
            .call("GET", "/api/trip/")
            .header("Origin", origin)
            .send()
            .ok(200);
    }
    assert!(rider.is_logged_in());
    assert_eq!(rider.trips(), [] as [Value; 0]);
}

fn the_own_page_and_no_page_may_use_the_cookie(on: Database) {
    let service = Service::start(on);
    let browser = service.rider("ann").by_cookie();
    let own = format!("http://{}", service.address);
    let trip = json!({"pick_up_address": "A", "drop_off_address": "B"});
    browser
        .call("POST", "/api/trip/")
        .json(&trip)
        .header("Origin", &own)
        .send()
        .ok(201);
    browser.post("/api/trip/", &trip).ok(201);
    for headers in [&[("Origin", own.as_str())][..], &[]] {
        let mut socket = Socket::open(service.address, "/rider/", &browser.auth, headers)
            .unwrap_or_else(|status| panic!("the service's own page is refused: {status}"));
        socket.next();
        socket.next();
    }
}

fn the_public_url_says_which_page_is_the_own_one(on: Database) {
    let service = Service::with(on, &["--public-url", "https://taxi.example"]);
    let browser = service.rider("ann").by_cookie();
    let trip = json!({"pick_up_address": "A", "drop_off_address": "B"});
    let post = |origin: &str| {
        browser
            .call("POST", "/api/trip/")
            .json(&trip)
            .header("Origin", origin)
            .send()
    };
    post(&format!("http://{}", service.address)).problem(403, "foreign-origin");
    post("http://taxi.example").problem(403, "foreign-origin");
    post("https://taxi.example").ok(201);
    let socket = Socket::open(
        service.address,
        "/rider/",
        &browser.auth,
        &[("Origin", "https://taxi.example")],
    );
    assert!(socket.is_ok());
}

/// A browser sends the cookie with requests of any page, but a token only if the page has it.
fn a_token_needs_no_origin(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let trip = json!({"pick_up_address": "A", "drop_off_address": "B"});
    rider
        .call("POST", "/api/trip/")
        .json(&trip)
        .header("Origin", FOREIGN[0])
        .send()
        .ok(201);
    for auth in [
        Auth::Bearer(rider.access.clone()),
        Auth::Query(rider.access.clone()),
    ] {
        let socket = Socket::open(service.address, "/rider/", &auth, &[("Origin", FOREIGN[0])]);
        assert!(socket.is_ok(), "{auth:?}");
    }
}

/// Otherwise the page could replace the visitor's session by its own.
fn another_sites_page_cannot_log_a_visitor_in(on: Database) {
    let service = Service::start(on);
    service.rider("ann");
    let form = json!({"username": "ann", "password": PASSWORD});
    let log_in = |origin: &str| {
        service
            .http()
            .call("POST", "/api/log_in/")
            .json(&form)
            .header("Origin", origin)
            .send()
    };
    for origin in FOREIGN {
        log_in(origin).problem(403, "foreign-origin");
    }
    log_in(&format!("http://{}", service.address)).ok(200);
}
