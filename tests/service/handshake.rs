//! The handshake of the course dialect's sockets: authentication, roles and refusals.

use serde_json::Value;

use crate::harness::{Auth, Client, Database, Raw, Service, Socket, Test, eventually, tests};

pub fn tests() -> Vec<Test> {
    tests![
        a_session_can_be_shown_in_four_ways,
        the_first_way_that_is_present_counts,
        the_wrong_role_is_refused,
        nobody_and_a_wrong_token_are_refused,
        a_refusal_is_a_problem_document,
        an_ended_session_gets_no_socket,
        a_plain_get_is_told_what_is_missing,
        compression_is_not_agreed_to,
        a_user_has_sixteen_sockets,
    ]
}

#[track_caller]
fn status(service: &Service, path: &str, auth: &Auth) -> Option<u16> {
    Socket::open(service.address, path, auth, &[]).err()
}

fn every_way(client: &Client) -> [Auth; 4] {
    let token = || client.access.clone();
    [
        Auth::Bearer(token()),
        Auth::Token(token()),
        Auth::Query(token()),
        Auth::Cookie(client.cookie.clone()),
    ]
}

fn a_session_can_be_shown_in_four_ways(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    for (client, path) in [(&*rider, "/rider/"), (&*driver, "/driver/")] {
        for auth in every_way(client) {
            client.with(auth.clone()).get("/api/trip/").ok(200);
            let socket = Socket::open(service.address, path, &auth, &[]);
            let mut socket =
                socket.unwrap_or_else(|status| panic!("{path} refused {auth:?}: {status}"));
            socket.heard_nothing();
        }
    }
}

fn the_first_way_that_is_present_counts(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let good = format!("?token={}", rider.access);
    let cookie = format!("sessionid={}", rider.cookie);
    let open = |path: &str, auth: &Auth, header: (&str, &str)| {
        Socket::open(service.address, path, auth, &[header]).err()
    };
    // A header counts before the query, and the query before the cookie, even if it is wrong.
    let wrong = Auth::Query("wrong".to_owned());
    assert_eq!(
        open(
            &format!("/rider/{good}"),
            &Auth::Bearer("wrong".to_owned()),
            ("X-Any", "1")
        ),
        Some(401)
    );
    assert_eq!(open("/rider/", &wrong, ("Cookie", &cookie)), Some(401));
    // Behind a good header, the query and the cookie do not count.
    let bearer = Auth::Bearer(driver.access.clone());
    assert_eq!(
        open(&format!("/driver/{good}"), &bearer, ("Cookie", &cookie)),
        None
    );
    let http = service.http();
    let answer = http
        .with(wrong)
        .call("GET", "/api/trip/")
        .header("Cookie", &cookie)
        .send();
    answer.problem(401, "not-authenticated");
}

fn the_wrong_role_is_refused(on: Database) {
    let service = Service::start(on);
    let (rider, driver, operator) = (
        service.rider("ann"),
        service.driver("bob"),
        service.operator("olga"),
    );
    for (client, path) in [
        (&*rider, "/driver/"),
        (&*driver, "/rider/"),
        (&*operator, "/rider/"),
        (&*operator, "/driver/"),
    ] {
        for auth in every_way(client) {
            assert_eq!(
                status(&service, path, &auth),
                Some(403),
                "{} on {path}",
                client.group
            );
        }
    }
}

fn nobody_and_a_wrong_token_are_refused(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    for path in ["/rider/", "/driver/"] {
        assert_eq!(status(&service, path, &Auth::Nobody), Some(401));
        for auth in [
            Auth::Bearer("wrong".to_owned()),
            Auth::Query("wrong".to_owned()),
            Auth::Cookie("wrong".to_owned()),
            Auth::Bearer(rider.refresh.clone()),
            Auth::Query(rider.refresh.clone()),
        ] {
            assert_eq!(status(&service, path, &auth), Some(401), "{auth:?}");
        }
    }
}

/// Reads the whole refusal without the socket library, which keeps only the part of the body that comes with the head.
fn a_refusal_is_a_problem_document(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    for (path, auth, code) in [
        ("/rider/", Auth::Nobody, "not-authenticated"),
        (
            "/driver/",
            Auth::Bearer(rider.access.clone()),
            "not-allowed",
        ),
    ] {
        let (head, mut raw) = Raw::handshake(service.address, path, &auth, "");
        let head = head.to_ascii_lowercase();
        assert!(
            head.contains("content-type: application/problem+json"),
            "{head}"
        );
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let length = length
            .expect("a refusal has a body")
            .trim()
            .parse()
            .expect("a length is a number");
        let body: Value = serde_json::from_slice(&raw.bytes(length)).expect("a refusal is JSON");
        assert_eq!(body["code"], code, "{body}");
    }
}

fn an_ended_session_gets_no_socket(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    rider.post_nothing("/api/log_out/");
    for auth in every_way(&rider) {
        assert_eq!(status(&service, "/rider/", &auth), Some(401), "{auth:?}");
    }
}

fn a_plain_get_is_told_what_is_missing(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    rider.get("/rider/").problem(426, "upgrade-required");
}

fn compression_is_not_agreed_to(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let offer = "Sec-WebSocket-Extensions: permessage-deflate\r\n";
    let (head, _raw) = Raw::handshake(service.address, "/rider/", &rider.auth, offer);
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    assert!(
        !head
            .to_ascii_lowercase()
            .contains("sec-websocket-extensions"),
        "{head}"
    );
}

fn a_user_has_sixteen_sockets(on: Database) {
    let service = Service::start(on);
    let (rider, other) = (service.rider("ann"), service.rider("amy"));
    let tablet = service.log_in("ann");
    let mut sockets: Vec<Socket> = (0..8)
        .flat_map(|_| [rider.connect(), tablet.connect()])
        .collect();
    for client in [&*rider, &tablet] {
        assert_eq!(status(&service, "/rider/", &client.auth), Some(429));
    }
    other.connect().heard_nothing();
    for socket in &mut sockets {
        socket.heard_nothing();
    }
    sockets.pop().expect("there are sixteen").close();
    sockets.pop().expect("there are fifteen").vanish();
    for _ in 0..2 {
        let open = || Socket::open(service.address, "/rider/", &rider.auth, &[]).ok();
        sockets.push(eventually("a closed socket makes room", open));
    }
    assert_eq!(status(&service, "/rider/", &rider.auth), Some(429));
}
