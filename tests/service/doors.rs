//! The rules for the sockets of every dialect: authentication, limits, and how sockets end.

use serde_json::{Value, json};
use tungstenite::Message;

use crate::harness::{
    Auth, Client, Database, Driver, Gone, Rider, Service, Socket, Test, inner, nk, tests,
};

pub fn tests() -> Vec<Test> {
    tests![
        nobody_is_let_in_without_a_session,
        a_foreign_page_is_not_let_in_with_the_cookie,
        a_path_of_sockets_says_so_over_http,
        every_socket_ends_with_its_session,
        every_socket_ends_with_the_service,
        a_message_that_is_too_large_closes_every_socket,
        binary_messages_are_refused_in_the_words_of_the_dialect,
        too_many_frames_are_refused_in_the_words_of_the_dialect,
        an_account_has_at_most_16_sockets_of_all_kinds,
    ]
}

/// A rider and a driver with an accepted trip, and the paths at which the rider may open sockets.
fn ride(service: &Service) -> (Rider, Driver, Value, Vec<String>) {
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let trip = driver.accept(&rider.request("A", "B")).ok(200);
    let room = format!("/ws/chat/{}/", nk(&trip));
    let fixed = [
        "/rider/",
        "/taxi/",
        "/ws/",
        "/ws/trips/",
        "/ws/notifications/",
    ];
    let mut paths: Vec<String> = fixed.map(str::to_owned).to_vec();
    paths.push(room);
    (rider, driver, trip, paths)
}

#[track_caller]
fn open(client: &Client, path: &str) -> Socket {
    let socket = Socket::open(client.address, path, &client.auth, &[]);
    let mut socket = socket.unwrap_or_else(|status| panic!("{path} is refused: {status}"));
    if path == "/rider/" {
        socket.next(); // the active trip
    }
    socket
}

/// The code of a refusal in any of the dialects.
fn code(frame: &Value) -> &str {
    let code = frame["code"].as_str();
    code.or_else(|| inner(frame)["data"]["code"].as_str())
        .unwrap_or_default()
}

fn nobody_is_let_in_without_a_session(on: Database) {
    let service = Service::start(on);
    let (rider, _, _, paths) = ride(&service);
    let wrong = [
        Auth::Nobody,
        Auth::Bearer("x".to_owned()),
        Auth::Bearer(rider.refresh.clone()),
        Auth::Query("x".to_owned()),
        Auth::Cookie(rider.access.clone()),
    ];
    for path in &paths {
        for auth in &wrong {
            let status = Socket::open(service.address, path, auth, &[]).err();
            assert_eq!(status, Some(401), "{path} {auth:?}");
        }
        for auth in [
            Auth::Bearer(rider.access.clone()),
            Auth::Token(rider.access.clone()),
            Auth::Query(rider.access.clone()),
            Auth::Cookie(rider.cookie.clone()),
        ] {
            let socket = Socket::open(service.address, path, &auth, &[]);
            assert_eq!(socket.err(), None, "{path} {auth:?}");
        }
    }
}

fn a_foreign_page_is_not_let_in_with_the_cookie(on: Database) {
    let service = Service::start(on);
    let (rider, _, _, paths) = ride(&service);
    let cookie = Auth::Cookie(rider.cookie.clone());
    let own = format!("http://{}", service.address);
    for path in &paths {
        let from = |origin: &str| {
            let headers = [("Origin", origin)];
            Socket::open(service.address, path, &cookie, &headers).err()
        };
        assert_eq!(from("http://evil.example"), Some(403), "{path}");
        assert_eq!(from("null"), Some(403), "{path}");
        assert_eq!(from(&own), None, "{path}");
    }
}

fn a_path_of_sockets_says_so_over_http(on: Database) {
    let service = Service::start(on);
    let (rider, _, _, paths) = ride(&service);
    for path in &paths {
        let answer = rider.get(path);
        answer.problem(426, "upgrade-required");
        assert_eq!(answer.header("upgrade"), Some("websocket"), "{path}");
    }
}

fn every_socket_ends_with_its_session(on: Database) {
    let service = Service::start(on);
    let (rider, _, _, paths) = ride(&service);
    let again = service.log_in("ann");
    let mut sockets: Vec<Socket> = paths.iter().map(|path| open(&rider, path)).collect();
    let mut others: Vec<Socket> = paths.iter().map(|path| open(&again, path)).collect();
    assert_eq!(rider.post_nothing("/api/log_out/").status, 204);
    for (socket, path) in sockets.iter_mut().zip(&paths) {
        assert_eq!(socket.closed(), 4501, "{path}");
    }
    for (socket, path) in others.iter_mut().zip(&paths) {
        socket.send_text("?");
        let frame = socket.next();
        assert!(
            code(&frame) == "unreadable" || frame["response_status"] == 400,
            "{path}: {frame}"
        );
    }
}

fn every_socket_ends_with_the_service(on: Database) {
    let mut service = Service::start(on);
    let (rider, _, _, paths) = ride(&service);
    let mut sockets: Vec<Socket> = paths.iter().map(|path| open(&rider, path)).collect();
    assert!(service.stop().success());
    for (socket, path) in sockets.iter_mut().zip(&paths) {
        assert_eq!(socket.closed(), 4001, "{path}");
    }
}

fn a_message_that_is_too_large_closes_every_socket(on: Database) {
    let service = Service::start(on);
    let (rider, _, _, paths) = ride(&service);
    for path in &paths {
        let mut socket = open(&rider, path);
        socket.send_text(&"x".repeat(16 * 1024));
        let frame = socket.next();
        assert_ne!(frame, Value::Null, "{path}");
        socket.send_text(&"x".repeat(16 * 1024 + 1));
        match socket.try_next() {
            Err(Gone::Closed(1009)) => {}
            other => panic!("{path}: {other:?}"),
        }
    }
}

fn binary_messages_are_refused_in_the_words_of_the_dialect(on: Database) {
    let service = Service::start(on);
    let (rider, _, _, paths) = ride(&service);
    for path in &paths {
        let mut socket = open(&rider, path);
        socket.send_message(Message::binary(vec![0, 159, 146, 150]));
        let frame = socket.next();
        let text = "A frame is text, not binary.";
        if path.starts_with("/ws/") && frame.get("response_status").is_some() {
            let expected = json!({"errors": [text], "data": null, "action": null, "response_status": 400, "request_id": null});
            assert_eq!(frame, expected, "{path}");
        } else {
            let mut expected = json!({"detail": text, "code": "unreadable", "errors": {}});
            if path == "/taxi/" {
                expected["type"] = json!("error.message");
                expected["data"] =
                    json!({"id": null, "nk": null, "rider": null, "driver": null, "status": null});
            }
            assert_eq!(frame, expected, "{path}");
        }
    }
}

fn too_many_frames_are_refused_in_the_words_of_the_dialect(on: Database) {
    let service = Service::with(on, &["--limits", "on"]);
    let (rider, _, _, paths) = ride(&service);
    for path in &paths {
        let mut socket = open(&rider, path);
        let count = 300;
        for _ in 0..count {
            socket.send_text("?");
        }
        let frames: Vec<Value> = (0..count).map(|_| socket.next()).collect();
        let slowed = frames
            .iter()
            .filter(|frame| code(frame) == "too-many-requests");
        let slowed: Vec<&Value> = slowed.collect();
        assert!(!slowed.is_empty(), "{path}");
        assert!(slowed.len() <= 200, "{path}: a burst of 100 is allowed");
        if let Some(status) = slowed[0].get("response_status") {
            assert_eq!(*status, 429, "{path}");
        }
    }
}

fn an_account_has_at_most_16_sockets_of_all_kinds(on: Database) {
    let service = Service::start(on);
    let (rider, driver, _, paths) = ride(&service);
    let sockets: Vec<Socket> = paths
        .iter()
        .cycle()
        .take(15)
        .map(|path| open(&rider, path))
        .collect();
    let events = rider.call("GET", "/api/events/").follow();
    let events = events.unwrap_or_else(|answer| panic!("{answer:?}"));
    for path in &paths {
        let status = Socket::open(service.address, path, &rider.auth, &[]).err();
        assert_eq!(status, Some(429), "{path}");
    }
    let refused = rider.call("GET", "/api/events/").follow().err();
    let refused = refused.expect("an event stream counts as a socket");
    refused.problem(429, "too-many-requests");
    open(&driver, "/ws/");
    drop(events);
    for socket in sockets {
        socket.close();
    }
    open(&rider, "/ws/");
}
