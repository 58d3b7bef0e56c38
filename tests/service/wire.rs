//! WebSocket frames as bytes: the service understands what RFC 6455 allows, and closes the socket with the code of the
//! RFC on what it forbids.

use serde_json::{Value, json};

use crate::harness::{Database, Driver, Opcode, Raw, Service, Test, frame, tests};

pub fn tests() -> Vec<Test> {
    tests![
        a_ping_is_answered_with_its_payload,
        a_close_is_answered_with_its_code_and_the_connection_ends,
        a_close_with_a_code_that_nobody_may_send_is_answered_with_1002,
        a_message_in_fragments_is_put_together,
        a_ping_may_come_between_fragments,
        a_character_may_be_split_between_fragments,
        a_message_of_16_kib_is_read,
        a_larger_message_closes_with_1009,
        fragments_are_summed_up,
        text_that_is_not_utf8_closes_with_1007,
        what_is_no_websocket_frame_closes_with_1002,
        one_broken_socket_leaves_the_others_alone,
        bytes_may_come_one_by_one,
    ]
}

const MAX: usize = 16 * 1024;

fn phone(service: &Service) -> Raw {
    let rider = service.rider("ann");
    Raw::connect(service.address, "/rider/", &rider.auth)
}

fn request(address: &str) -> String {
    json!({"pick_up_address": address, "drop_off_address": "B"}).to_string()
}

#[track_caller]
fn next_text(raw: &mut Raw) -> Value {
    let (opcode, payload) = raw.next();
    assert_eq!(opcode, Opcode::Text as u8, "{payload:?}");
    serde_json::from_slice(&payload).expect("a frame is JSON")
}

#[track_caller]
fn closes_with(raw: &mut Raw, code: u16) {
    assert_eq!(raw.close_code(), code);
    raw.ended();
}

fn a_ping_is_answered_with_its_payload(on: Database) {
    let service = Service::start(on);
    let mut raw = phone(&service);
    for payload in [&b""[..], b"hello", &[0xff; 125]] {
        raw.send(true, Opcode::Ping, payload);
        assert_eq!(raw.next(), (Opcode::Pong as u8, payload.to_vec()));
    }
    // A pong without a ping is ignored.
    raw.send(true, Opcode::Pong, b"hello");
    raw.send(true, Opcode::Ping, b"1");
    assert_eq!(raw.next(), (Opcode::Pong as u8, b"1".to_vec()));
}

fn a_close_is_answered_with_its_code_and_the_connection_ends(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let mut closed = Vec::new();
    for (payload, code) in [
        (&[][..], 1000),
        (&1000_u16.to_be_bytes(), 1000),
        (b"\x03\xe9going", 1001),
        (&3000_u16.to_be_bytes(), 3000),
        (b"\x13\x87\xf0\x9f\x9a\x95", 4999),
    ] {
        let mut raw = Raw::connect(service.address, "/rider/", &rider.auth);
        raw.send(true, Opcode::Close, payload);
        assert_eq!(raw.close_code(), code, "{payload:?}");
        closed.push(raw);
    }
    closed.iter_mut().for_each(Raw::ended);
}

/// 1005 and 1006 are reserved for closes without a code; the others have no meaning yet.
fn a_close_with_a_code_that_nobody_may_send_is_answered_with_1002(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let mut closed = Vec::new();
    let mut closes = |payload: &[u8]| {
        let mut raw = Raw::connect(service.address, "/rider/", &rider.auth);
        raw.send(true, Opcode::Close, payload);
        assert_eq!(raw.close_code(), 1002, "{payload:?}");
        closed.push(raw);
    };
    closes(b"\x03");
    for code in [0_u16, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65_535] {
        closes(&code.to_be_bytes());
    }
    closed.iter_mut().for_each(Raw::ended);
}

fn a_message_in_fragments_is_put_together(on: Database) {
    let service = Service::start(on);
    let mut raw = phone(&service);
    let text = request("in pieces");
    let (first, rest) = text.as_bytes().split_at(7);
    let (second, last) = rest.split_at(20);
    raw.send(false, Opcode::Text, first);
    raw.send(false, Opcode::Continuation, second);
    raw.send(false, Opcode::Continuation, b"");
    raw.send(true, Opcode::Continuation, last);
    assert_eq!(next_text(&mut raw)["pick_up_address"], "in pieces");
}

fn a_ping_may_come_between_fragments(on: Database) {
    let service = Service::start(on);
    let mut raw = phone(&service);
    let text = request("A");
    raw.send(false, Opcode::Text, &text.as_bytes()[..9]);
    raw.send(true, Opcode::Ping, b"now");
    assert_eq!(raw.next(), (Opcode::Pong as u8, b"now".to_vec()));
    raw.send(true, Opcode::Continuation, &text.as_bytes()[9..]);
    assert_eq!(next_text(&mut raw)["pick_up_address"], "A");
}

fn a_character_may_be_split_between_fragments(on: Database) {
    let service = Service::start(on);
    let mut raw = phone(&service);
    let text = request("\u{1f695}");
    let middle = text.find('\u{1f695}').expect("the taxi is there") + 2;
    raw.send(false, Opcode::Text, &text.as_bytes()[..middle]);
    raw.send(true, Opcode::Continuation, &text.as_bytes()[middle..]);
    assert_eq!(next_text(&mut raw)["pick_up_address"], "\u{1f695}");
}

fn a_message_of_16_kib_is_read(on: Database) {
    let service = Service::start(on);
    let mut raw = phone(&service);
    let text = request("A");
    let mut padded = text.into_bytes();
    padded.resize(MAX, b' ');
    raw.send(true, Opcode::Text, &padded);
    assert_eq!(next_text(&mut raw)["pick_up_address"], "A");
    let (first, last) = padded.split_at(MAX / 2);
    raw.send(false, Opcode::Text, first);
    raw.send(true, Opcode::Continuation, last);
    assert_eq!(next_text(&mut raw)["pick_up_address"], "A");
}

fn a_larger_message_closes_with_1009(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    for size in [MAX + 1, 60_000] {
        for opcode in [0x81, 0x82] {
            let mut raw = Raw::connect(service.address, "/rider/", &rider.auth);
            raw.send_bytes(&frame(opcode, true, &vec![b' '; size]));
            closes_with(&mut raw, 1009);
        }
    }
    // A frame that announces a huge payload is refused before the payload comes.
    let mut raw = Raw::connect(service.address, "/rider/", &rider.auth);
    raw.send_bytes(&[0x81, 0xff, 0, 0, 0x7f, 0, 0, 0, 0, 0, 1, 2, 3, 4]);
    raw.send_bytes(&[0; MAX + 4096]);
    closes_with(&mut raw, 1009);
}

fn fragments_are_summed_up(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let mut raw = Raw::connect(service.address, "/rider/", &rider.auth);
    let third = vec![b' '; MAX / 2];
    raw.send(false, Opcode::Text, &third);
    raw.send(false, Opcode::Continuation, &third);
    raw.send(true, Opcode::Continuation, b" ");
    closes_with(&mut raw, 1009);
    // A message in endless fragments is refused before it ends.
    let mut raw = Raw::connect(service.address, "/rider/", &rider.auth);
    raw.send(false, Opcode::Text, &third);
    for _ in 0..8 {
        raw.send(false, Opcode::Continuation, &third);
    }
    closes_with(&mut raw, 1009);
}

fn text_that_is_not_utf8_closes_with_1007(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let taxi = "\u{1f695}".as_bytes();
    for text in [
        &[0xff][..],
        b"{\"a\":\"\xc3\x28\"}",
        &taxi[..3],
        b"\xed\xa0\x80",
        b"\xc0\xaf",
    ] {
        let mut raw = Raw::connect(service.address, "/rider/", &rider.auth);
        raw.send(true, Opcode::Text, text);
        closes_with(&mut raw, 1007);
    }
    let mut raw = Raw::connect(service.address, "/rider/", &rider.auth);
    raw.send(false, Opcode::Text, &taxi[..2]);
    raw.send(true, Opcode::Continuation, b"x");
    closes_with(&mut raw, 1007);
    let mut raw = Raw::connect(service.address, "/rider/", &rider.auth);
    raw.send(true, Opcode::Close, b"\x03\xe8\xff");
    closes_with(&mut raw, 1007);
}

fn what_is_no_websocket_frame_closes_with_1002(on: Database) {
    let service = Service::start(on);
    let driver = service.driver("bob");
    let breaks = |fault: &str, frames: &[Vec<u8>]| {
        let mut raw = Raw::connect(service.address, "/driver/", &driver.auth);
        for bytes in frames {
            raw.send_bytes(bytes);
        }
        assert_eq!(raw.close_code(), 1002, "{fault}");
        raw.ended();
    };
    let masked = |first: u8, payload: &[u8]| frame(first, true, payload);
    breaks("no mask", &[frame(0x81, false, b"{}")]);
    breaks("no mask on a ping", &[frame(0x89, false, b"")]);
    for reserved in [0x40, 0x20, 0x10] {
        breaks("a reserved bit", &[masked(0x81 | reserved, b"{}")]);
    }
    for opcode in [0x83, 0x87, 0x8b, 0x8f] {
        breaks("a reserved opcode", &[masked(opcode, b"{}")]);
    }
    for control in [0x88, 0x89, 0x8a] {
        breaks(
            "a control frame of 126 bytes",
            &[masked(control, &[b'x'; 126])],
        );
        breaks(
            "a control frame in fragments",
            &[masked(control & 0x7f, b"")],
        );
    }
    breaks("a continuation of nothing", &[masked(0x80, b"{}")]);
    breaks(
        "a message in the middle of another",
        &[masked(0x01, b"{"), masked(0x81, b"{}")],
    );
}

fn one_broken_socket_leaves_the_others_alone(on: Database) {
    let service = Service::start(on);
    let (rider, Driver(driver)) = (service.rider("ann"), service.driver("bob"));
    let (mut rider_phone, mut driver_phone) = (rider.connect(), driver.connect());
    for bytes in [
        &frame(0x83, true, b"{}")[..],
        &[0xf1, 0x80, 1, 2, 3, 4],
        b"GET / HTTP/1.1\r\n\r\n",
    ] {
        let mut raw = Raw::connect(service.address, "/driver/", &driver.auth);
        raw.send_bytes(bytes);
        closes_with(&mut raw, 1002);
    }
    let trip = rider.request("A", "B");
    rider_phone.hears(&trip, "REQUESTED");
    driver_phone.hears(&trip, "REQUESTED");
}

fn bytes_may_come_one_by_one(on: Database) {
    let service = Service::start(on);
    let mut raw = phone(&service);
    let bytes = frame(0x81, true, request("slowly").as_bytes());
    for byte in bytes.chunks(1) {
        raw.send_bytes(byte);
    }
    assert_eq!(next_text(&mut raw)["pick_up_address"], "slowly");
}
