//! The end of a connection: once both sides have sent a close frame, neither waits any longer.

use std::time::Instant;

use crate::harness::{Auth, DEADLINE, Database, Opcode, Raw, Service, Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        a_connection_ends_when_the_client_has_closed_its_socket,
        a_connection_ends_when_the_client_has_answered_a_close,
        a_client_that_does_not_answer_a_close_is_let_go,
        what_a_client_says_after_a_close_is_not_done,
    ]
}

/// Enough that a wait of half a second for each would take longer than [`DEADLINE`].
const CLOSES: usize = 64;
const NORMAL: [u8; 2] = 1000_u16.to_be_bytes();

#[track_caller]
fn within_the_deadline(since: Instant) {
    let took = since.elapsed();
    println!("{CLOSES} closes took {took:?}");
    assert!(
        took < DEADLINE,
        "the service waits after a close: {CLOSES} closes took {took:?}"
    );
}

fn a_connection_ends_when_the_client_has_closed_its_socket(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let begun = Instant::now();
    for n in 0..CLOSES {
        let path = ["/rider/", "/taxi/", "/ws/", "/ws/notifications/"][n % 4];
        let mut socket = Raw::connect(service.address, path, &rider.auth);
        socket.send(true, Opcode::Close, &NORMAL);
        assert_eq!(socket.close_code(), 1000);
        socket.ended();
    }
    within_the_deadline(begun);
}

/// A log-out closes the sockets of its session.
fn a_connection_ends_when_the_client_has_answered_a_close(on: Database) {
    let service = Service::start(on);
    let riders = [service.rider("ann"), service.rider("amy")];
    let names = riders.iter().map(|rider| rider.username.as_str()).cycle();
    let sessions: Vec<_> = names
        .take(CLOSES)
        .map(|name| service.log_in(name))
        .collect();
    let begun = Instant::now();
    for session in sessions {
        let mut socket = Raw::connect(service.address, "/ws/", &session.auth);
        assert_eq!(session.post_nothing("/api/log_out/").status, 204);
        assert_eq!(socket.close_code(), 4501);
        socket.send(true, Opcode::Close, &4501_u16.to_be_bytes());
        socket.ended();
    }
    within_the_deadline(begun);
}

fn a_client_that_does_not_answer_a_close_is_let_go(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let mut socket = Raw::connect(service.address, "/rider/", &rider.auth);
    assert_eq!(rider.post_nothing("/api/log_out/").status, 204);
    assert_eq!(socket.close_code(), 4501);
    socket.ended();
}

/// Frames between the two close frames are read, so that the connection is not reset under the client, and ignored.
fn what_a_client_says_after_a_close_is_not_done(on: Database) {
    let service = Service::start(on);
    let (rider, other) = (service.rider("ann"), service.log_in("ann"));
    let mut socket = Raw::connect(service.address, "/rider/", &rider.auth);
    assert_eq!(rider.post_nothing("/api/log_out/").status, 204);
    let request = rider.request_frame("A", "B").to_string();
    assert_eq!(socket.close_code(), 4501);
    for _ in 0..50 {
        socket.send(true, Opcode::Text, request.as_bytes());
    }
    socket.send(true, Opcode::Close, &4501_u16.to_be_bytes());
    socket.ended();
    assert!(other.trips().is_empty());
    let mut again = Raw::connect(
        service.address,
        "/rider/",
        &Auth::Bearer(other.access.clone()),
    );
    again.send(true, Opcode::Close, &NORMAL);
    again.ended();
}
