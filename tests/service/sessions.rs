//! Sessions: refreshing, logging out, the cookie, limits and key rotation.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::harness::{
    Answer, Auth, Client, Database, Http, Options, PASSWORD, Service, Test, at_once, keys, tests,
};

pub fn tests() -> Vec<Test> {
    tests![
        logging_out_ends_the_tokens_and_the_cookie,
        logging_out_closes_the_sockets_of_that_session_only,
        logging_out_by_cookie_ends_the_same_session,
        logging_out_needs_a_session,
        logging_out_with_the_refresh_token_ends_the_session,
        refreshing_gives_new_tokens,
        an_old_refresh_token_ends_its_session_and_no_other,
        a_refresh_token_used_by_many_at_once_works_once,
        only_a_refresh_token_refreshes,
        the_cookie_is_kept_from_scripts_and_foreign_sites,
        the_cookie_is_for_https_only_where_that_is_served,
        a_log_in_too_many_ends_the_oldest,
        sessions_outlive_a_restart,
        signing_keys_can_be_rotated,
    ]
}

const REFRESH: &str = "/api/token/refresh/";

#[track_caller]
fn refresh(http: &Http, token: &str) -> Answer {
    http.with(Auth::Nobody)
        .post(REFRESH, &json!({"refresh": token}))
}

/// Checks that no token and no cookie of the session works any more.
#[track_caller]
fn has_ended(session: &Client) {
    assert!(!session.is_logged_in());
    session
        .by_cookie()
        .get("/api/trip/")
        .problem(401, "not-authenticated");
    refresh(session, &session.refresh).problem(401, "not-authenticated");
}

fn logging_out_ends_the_tokens_and_the_cookie(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    assert!(rider.is_logged_in());
    let answer = rider.post_nothing("/api/log_out/");
    assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    has_ended(&rider);
    rider
        .post_nothing("/api/log_out/")
        .problem(401, "not-authenticated");
}

fn logging_out_closes_the_sockets_of_that_session_only(on: Database) {
    let service = Service::start(on);
    let phone = service.rider("ann");
    let tablet = service.log_in("ann");
    let (mut one, mut two, mut other) = (phone.connect(), phone.connect(), tablet.connect());
    assert_eq!(phone.post_nothing("/api/log_out/").status, 204);
    assert_eq!((one.closed(), two.closed()), (4501, 4501));
    other.heard_nothing();
    assert!(tablet.is_logged_in());
}

fn logging_out_by_cookie_ends_the_same_session(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let mut socket = rider.connect();
    assert_eq!(rider.by_cookie().post_nothing("/api/log_out/").status, 204);
    assert_eq!(socket.closed(), 4501);
    has_ended(&rider);
}

/// Clients of token services log out like this.
fn logging_out_with_the_refresh_token_ends_the_session(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let token = json!({"refresh": rider.refresh});
    assert_eq!(rider.post("/api/log_out/", &token).status, 204);
    has_ended(&rider);
}

fn logging_out_needs_a_session(on: Database) {
    let service = Service::start(on);
    service
        .http()
        .post_nothing("/api/log_out/")
        .problem(401, "not-authenticated");
}

fn refreshing_gives_new_tokens(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let mut socket = rider.connect();
    let answer = refresh(&rider, &rider.refresh);
    let body = answer.ok(200);
    assert_eq!(keys(&answer.text), ["access", "refresh"]);
    let [access, next] =
        ["access", "refresh"].map(|key| body[key].as_str().expect("a token is a string"));
    assert!(access != rider.access && next != rider.refresh);
    rider
        .with(Auth::Bearer(access.to_owned()))
        .get("/api/trip/")
        .ok(200);
    refresh(&rider, next).ok(200);
    socket.heard_nothing();
}

fn an_old_refresh_token_ends_its_session_and_no_other(on: Database) {
    let service = Service::start(on);
    let stolen = service.rider("ann");
    let other = service.log_in("ann");
    let (mut socket, mut other_socket) = (stolen.connect(), other.connect());
    let body = refresh(&stolen, &stolen.refresh).ok(200);
    refresh(&stolen, &stolen.refresh).problem(401, "not-authenticated");
    assert_eq!(socket.closed(), 4501);
    has_ended(&stolen);
    let next = body["refresh"].as_str().expect("a token is a string");
    refresh(&stolen, next).problem(401, "not-authenticated");
    assert!(other.is_logged_in());
    other_socket.heard_nothing();
}

fn a_refresh_token_used_by_many_at_once_works_once(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let answers = at_once((0..8).map(|_| || refresh(&rider, &rider.refresh)));
    let good = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(good, 1, "{answers:?}");
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        answer.problem(401, "not-authenticated");
    }
    has_ended(&rider);
}

fn only_a_refresh_token_refreshes(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let http = service.http();
    for token in [
        rider.access.as_str(),
        rider.cookie.as_str(),
        "nonsense",
        "",
        "a.b.c",
    ] {
        let answer = refresh(&http, token);
        assert!(
            answer.status == 401 || answer.status == 400,
            "{}",
            answer.text
        );
    }
    http.post(REFRESH, &json!({})).names_field("refresh");
    http.post(REFRESH, &json!({"refresh": 7}))
        .names_field("refresh");
    // A refresh token serves no other purpose.
    rider
        .with(Auth::Bearer(rider.refresh.clone()))
        .get("/api/trip/")
        .problem(401, "not-authenticated");
    assert!(rider.is_logged_in());
    let form = format!("refresh={}", rider.refresh);
    http.call("POST", REFRESH).form(&form).send().ok(200);
}

#[track_caller]
fn cookie_of(service: &Service) -> Vec<String> {
    service.rider("ann");
    let answer = service.http().post(
        "/api/log_in/",
        &json!({"username": "ann", "password": PASSWORD}),
    );
    let cookie = answer
        .set_cookie("sessionid")
        .expect("log-in sets the cookie");
    cookie
        .split(';')
        .map(|part| part.trim().to_ascii_lowercase())
        .collect()
}

#[track_caller]
fn has(cookie: &[String], attribute: &str) -> bool {
    cookie.iter().any(|part| part == attribute)
}

fn the_cookie_is_kept_from_scripts_and_foreign_sites(on: Database) {
    let cookie = cookie_of(&Service::start(on));
    assert!(
        has(&cookie, "httponly") && has(&cookie, "samesite=lax") && has(&cookie, "path=/"),
        "{cookie:?}"
    );
    assert!(
        !has(&cookie, "secure"),
        "a browser would not send it back over http: {cookie:?}"
    );
    assert!(
        !cookie.iter().any(|part| part.starts_with("domain=")),
        "{cookie:?}"
    );
}

fn the_cookie_is_for_https_only_where_that_is_served(on: Database) {
    let cookie = cookie_of(&Service::with(
        on,
        &["--public-url", "https://taxi.example"],
    ));
    assert!(
        has(&cookie, "secure") && has(&cookie, "httponly") && has(&cookie, "samesite=lax"),
        "{cookie:?}"
    );
}

fn a_log_in_too_many_ends_the_oldest(on: Database) {
    let service = Service::start(on);
    let oldest = service.rider("ann");
    let next = service.log_in("ann");
    for _ in 2..50 {
        service.log_in("ann");
    }
    assert!(oldest.is_logged_in());
    let newest = service.log_in("ann");
    has_ended(&oldest);
    assert!(next.is_logged_in() && newest.is_logged_in());
}

fn sessions_outlive_a_restart(on: Database) {
    let mut service = Service::start(on);
    let mut rider = service.rider("ann");
    service.stop();
    service.restart();
    rider.follow(&service);
    assert!(rider.is_logged_in());
    rider.by_cookie().get("/api/trip/").ok(200);
    refresh(&rider, &rider.refresh).ok(200);
}

fn signing_keys_can_be_rotated(on: Database) {
    let keys = "CABRANK_SIGNING_KEYS";
    let (old, new) = (signing_key("old", b'o'), signing_key("new", b'n'));
    let mut service = Options::new(on).variable(keys, &old).start();
    let mut before = service.rider("ann");
    service.stop();
    service.restart_with_variable(keys, &format!("{new},{old}"));
    before.follow(&service);
    assert!(
        before.is_logged_in(),
        "tokens of the old key are still valid"
    );
    let mut after = service.log_in("ann");
    service.stop();
    service.restart_with_variable(keys, &new);
    before.follow(&service);
    after.follow(&service);
    assert!(after.is_logged_in(), "the first key signs");
    before.get("/api/trip/").problem(401, "not-authenticated");
}

/// A key of 33 bytes, whose base64 is the same in every alphabet and needs no padding.
fn signing_key(id: &str, byte: u8) -> String {
    format!("{id}:{}", STANDARD.encode([byte; 33]))
}
