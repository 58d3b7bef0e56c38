//! The chat of a trip: who may enter its room, when the room is open, and how messages arrive.

use serde_json::{Value, json};

use super::dcrf::pk_of;
use crate::harness::{Client, Database, Driver, Rider, Service, Socket, Test, keys, nk, tests};

pub fn tests() -> Vec<Test> {
    tests![
        both_parties_hear_every_message_once_and_in_order,
        only_the_parties_are_let_in,
        the_room_opens_with_the_acceptance,
        the_room_stays_open_after_the_end,
        the_room_closes_after_the_end,
        the_last_messages_come_first,
        a_client_may_ask_for_what_it_has_missed,
        a_message_has_a_length,
        refused_frames_are_told_to_their_sender_alone,
        messages_are_limited,
        a_room_can_be_joined_on_a_native_socket,
        a_room_can_be_left,
        a_room_is_refused_on_a_native_socket_as_at_its_door,
        rooms_are_kept_apart,
    ]
}

/// A rider and a driver with an accepted trip.
fn ride(service: &Service) -> (Rider, Driver, Value) {
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let trip = driver.accept(&rider.request("A", "B")).ok(200);
    (rider, driver, trip)
}

fn door(client: &Client, path: &str) -> Result<Socket, u16> {
    Socket::open(client.address, path, &client.auth, &[])
}

#[track_caller]
fn enter(client: &Client, trip: &Value) -> Socket {
    let room = door(client, &format!("/ws/chat/{}/", nk(trip)));
    room.unwrap_or_else(|status| panic!("{} is not let in: {status}", client.username))
}

#[track_caller]
fn refused_entry(client: &Client, trip: &Value, expected: u16) {
    let status = door(client, &format!("/ws/chat/{}/", nk(trip))).err();
    assert_eq!(status, Some(expected), "{}", client.username);
}

/// Sends a message and gives it as it comes back.
#[track_caller]
fn say(room: &mut Socket, text: &str) -> Value {
    room.send(&json!({"message": text}));
    let message = room.next();
    assert_eq!(message["message"], text, "{message}");
    message
}

fn both_parties_hear_every_message_once_and_in_order(on: Database) {
    let service = Service::start(on);
    let (rider, driver, trip) = ride(&service);
    let mut rooms = [
        enter(&rider, &trip),
        enter(&driver, &trip),
        enter(&service.log_in("ann"), &trip),
    ];
    let texts = [
        "I am at the door",
        "which \u{1f6aa}?",
        "\"the\" red\n one",
        ".",
    ];
    for (n, text) in texts.iter().enumerate() {
        rooms[n % 2].send(&json!({"message": text}));
        let sender = if n % 2 == 0 {
            rider.party()
        } else {
            driver.party()
        };
        let heard = rooms.each_mut().map(Socket::next);
        for message in &heard {
            assert_eq!(*message, heard[0]);
            assert_eq!(
                (&message["message"], &message["sender"], &message["trip"]),
                (&json!(text), &sender, &trip["nk"])
            );
        }
        assert_eq!(
            keys(&heard[0].to_string()).len(),
            5,
            "message, id, trip, sender, sent"
        );
    }
    for room in &mut rooms {
        room.heard_nothing();
    }
}

fn only_the_parties_are_let_in(on: Database) {
    let service = Service::start(on);
    let (rider, _, trip) = ride(&service);
    for stranger in [
        &service.rider("eve").0,
        &service.driver("ben").0,
        &service.operator("oz").0,
    ] {
        refused_entry(stranger, &trip, 404);
    }
    for path in ["/ws/chat/none/", &format!("/ws/chat/{}/", "0".repeat(32))] {
        assert_eq!(door(&rider, path).err(), Some(404), "{path}");
    }
    let nobody = service.http();
    let path = format!("/ws/chat/{}/", nk(&trip));
    let status = Socket::open(service.address, &path, &nobody.auth, &[]).err();
    assert_eq!(status, Some(401));
}

fn the_room_opens_with_the_acceptance(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let trip = rider.request("A", "B");
    refused_entry(&rider, &trip, 409);
    refused_entry(&driver, &trip, 404);
    let problem = rider
        .call("GET", &format!("/ws/chat/{}/", nk(&trip)))
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "AAAAAAAAAAAAAAAAAAAAAA==")
        .send();
    problem.problem(409, "not-possible");
    driver.accept(&trip).ok(200);
    let mut room = enter(&rider, &trip);
    say(&mut room, "hello");
    assert_eq!(enter(&driver, &trip).next()["message"], "hello");
    let cancelled = rider.request("C", "D");
    rider.cancel(&cancelled).ok(200);
    refused_entry(&rider, &cancelled, 409);
}

fn the_room_stays_open_after_the_end(on: Database) {
    let service = Service::start(on);
    let (rider, driver, trip) = ride(&service);
    let mut room = enter(&rider, &trip);
    driver.start(&trip).ok(200);
    driver.complete(&trip).ok(200);
    say(&mut room, "my umbrella");
    let mut back = enter(&driver, &trip);
    assert_eq!(back.next()["message"], "my umbrella");
    say(&mut back, "it is here");
    assert_eq!(room.next()["message"], "it is here");
    rider.native().call("delete", &pk_of(&trip)).ok(204);
    refused_entry(&rider, &trip, 404);
}

fn the_room_closes_after_the_end(on: Database) {
    let service = Service::with(on, &["--chat-after", "0"]);
    let (rider, driver, trip) = ride(&service);
    let mut rooms = [enter(&rider, &trip), enter(&driver, &trip)];
    say(&mut rooms[0], "nearly there");
    rooms[1].next();
    driver.start(&trip).ok(200);
    driver.complete(&trip).ok(200);
    for room in &mut rooms {
        room.send(&json!({"message": "too late"}));
        room.refused("not-possible");
        room.heard_nothing();
    }
    for client in [&rider.0, &driver.0] {
        refused_entry(client, &trip, 409);
    }
}

/// The earlier messages that a client gets on connecting.
#[track_caller]
fn history(client: &Client, trip: &Value, query: &str) -> Vec<Value> {
    let room = door(client, &format!("/ws/chat/{}/{query}", nk(trip)));
    let mut room = room.unwrap_or_else(|status| panic!("not let in: {status}"));
    room.send_text("?");
    let mut heard = room.hears_until(|frame| frame["code"] == "unreadable");
    heard.pop();
    heard
}

fn the_last_messages_come_first(on: Database) {
    let service = Service::start(on);
    let (rider, driver, trip) = ride(&service);
    let mut rooms = [enter(&rider, &trip), enter(&driver, &trip)];
    let mut all = Vec::new();
    for n in 0..103 {
        all.push(say(&mut rooms[n % 2], &format!("message {n}")));
        rooms[1 - n % 2].next();
    }
    for client in [&rider.0, &driver.0] {
        assert_eq!(history(client, &trip, ""), all[3..]);
    }
}

fn a_client_may_ask_for_what_it_has_missed(on: Database) {
    let service = Service::start(on);
    let (rider, driver, trip) = ride(&service);
    let mut room = enter(&rider, &trip);
    let all: Vec<Value> = (0..5).map(|n| say(&mut room, &format!("{n}"))).collect();
    let after = format!("?after={}", all[2]["id"]);
    assert_eq!(history(&driver, &trip, &after), all[3..]);
    let after = format!("?after={}", all[4]["id"]);
    assert_eq!(history(&driver, &trip, &after), [] as [Value; 0]);
    let mut late = door(&driver, &format!("/ws/chat/{}/{after}", nk(&trip))).expect("let in");
    let next = say(&mut room, "next");
    assert_eq!(late.next(), next);
}

fn a_message_has_a_length(on: Database) {
    let service = Service::start(on);
    let (rider, _, trip) = ride(&service);
    let mut room = enter(&rider, &trip);
    say(&mut room, "x");
    say(&mut room, &"\u{1f695}".repeat(1000));
    let wrong = [
        json!({}),
        json!({"message": null}),
        json!({"message": 5}),
        json!({"message": ""}),
        json!({"message": " \n"}),
        json!({"message": "x".repeat(1001)}),
        json!({"message": "a\u{0}b"}),
    ];
    for frame in wrong {
        room.send_wrong(&frame);
        let refused = room.refused("invalid");
        assert!(refused["errors"]["message"].is_array(), "{refused}");
    }
    room.heard_nothing();
}

fn refused_frames_are_told_to_their_sender_alone(on: Database) {
    let service = Service::start(on);
    let (rider, driver, trip) = ride(&service);
    let (mut room, mut other) = (enter(&rider, &trip), enter(&driver, &trip));
    for text in ["", "x", "[]", "\"hello\""] {
        room.send_text(text);
        room.refused("unreadable");
    }
    // The service sets sender, time and id, whatever the frame has.
    room.send_wrong(&json!({"message": "me", "sender": driver.party(), "sent": "2000-01-01T00:00:00Z", "id": 1}));
    let message = room.next();
    assert_eq!(message["sender"], rider.party());
    assert_eq!(other.next(), message);
    other.heard_nothing();
}

fn messages_are_limited(on: Database) {
    let service = Service::with(on, &["--limits", "on"]);
    let (rider, driver, trip) = ride(&service);
    let mut room = enter(&rider, &trip);
    for n in 0..60 {
        room.send(&json!({"message": format!("{n}")}));
    }
    let heard: Vec<Value> = (0..60).map(|_| room.next()).collect();
    let refused = heard.iter().filter(|frame| frame.get("code").is_some());
    let refused: Vec<&Value> = refused.collect();
    assert!(
        refused
            .iter()
            .all(|frame| frame["code"] == "too-many-requests")
            && !refused.is_empty(),
        "{refused:?}"
    );
    let delivered = heard.len() - refused.len();
    assert!(delivered >= 20, "a burst of 20 is allowed: {delivered}");
    say(
        &mut enter_past(&driver, &trip, delivered),
        "the other party has its own",
    );
}

/// Enters a room with that many earlier messages.
#[track_caller]
fn enter_past(client: &Client, trip: &Value, messages: usize) -> Socket {
    let mut room = enter(client, trip);
    for _ in 0..messages {
        room.next();
    }
    room
}

fn a_room_can_be_joined_on_a_native_socket(on: Database) {
    let service = Service::start(on);
    let (rider, driver, trip) = ride(&service);
    let mut room = enter(&driver, &trip);
    let first = say(&mut room, "first");
    let mut native = rider.native();
    let join = json!({"pk": nk(&trip), "request_id": "room"});
    let joined = native.call_in("chat", "join", &join).ok(201);
    assert_eq!(joined, json!({"messages": [first]}));
    let fields = json!({"pk": trip["id"], "data": {"message": "second"}});
    let second = native.call_in("chat", "send", &fields).ok(201);
    assert_eq!(second["sender"], rider.party());
    assert_eq!(native.event("room").ok(201), second);
    assert_eq!(room.next(), second);
    let third = say(&mut room, "third");
    let event = native.event("room");
    assert_eq!(event.0["action"], "message");
    assert_eq!(event.ok(201), third);
    let again = native.call_in("chat", "join", &join).ok(201);
    assert_eq!(again["messages"], json!([first, second, third]));
    let fourth = say(&mut room, "fourth");
    assert_eq!(native.event("room").ok(201), fourth);
    let marker = say(&mut room, "marker");
    assert_eq!(native.event("room").ok(201), marker, "each comes once");
    assert_eq!(history(&rider, &trip, ""), history(&driver, &trip, ""));
}

fn a_room_can_be_left(on: Database) {
    let service = Service::start(on);
    let (rider, driver, trip) = ride(&service);
    let mut room = enter(&driver, &trip);
    let (mut leaves, mut stays) = (rider.native(), rider.native());
    for native in [&mut leaves, &mut stays] {
        let join = json!({"pk": trip["id"], "request_id": "room"});
        native.call_in("chat", "join", &join).ok(201);
    }
    for _ in 0..2 {
        let left = leaves.call_in("chat", "leave", &pk_of(&trip));
        assert_eq!(left.ok(204), Value::Null);
    }
    let message = say(&mut room, "anybody?");
    assert_eq!(stays.event("room").ok(201), message);
    let id = leaves.send(None, "retrieve", &pk_of(&trip));
    let frame = leaves.next().expect("it is answered");
    assert_eq!(frame["request_id"], id, "{frame}");
}

fn a_room_is_refused_on_a_native_socket_as_at_its_door(on: Database) {
    let service = Service::with(on, &["--chat-after", "0"]);
    let (rider, driver, trip) = ride(&service);
    let text = "The room is open from the acceptance until a while after the end.";
    let send =
        |trip: &Value, message: &str| json!({"pk": trip["id"], "data": {"message": message}});
    let mut stranger = service.rider("eve").native();
    stranger.call_in("chat", "join", &pk_of(&trip)).not_found();
    stranger
        .call_in("chat", "send", &send(&trip, "psst"))
        .not_found();
    let open = rider.request("C", "D");
    let mut native = rider.native();
    for (action, fields) in [("join", pk_of(&open)), ("send", send(&open, "anybody?"))] {
        let data = native.call_in("chat", action, &fields).refused(409, text);
        assert_eq!(data, json!({"code": "not-possible"}));
    }
    let wrong = native.wrong_in("chat", "send", &send(&trip, &"x".repeat(1001)));
    wrong.breaks("message");
    driver.start(&trip).ok(200);
    driver.complete(&trip).ok(200);
    let answer = native.call_in("chat", "send", &send(&trip, "late"));
    answer.refused(409, text);
}

fn rooms_are_kept_apart(on: Database) {
    let service = Service::start(on);
    let (rider, driver, trip) = ride(&service);
    let ben = service.driver("ben");
    let other = ben.accept(&rider.request("C", "D")).ok(200);
    let (mut one, mut two) = (enter(&rider, &trip), enter(&rider, &other));
    let (mut bobs, mut bens) = (enter(&driver, &trip), enter(&ben, &other));
    let first = say(&mut one, "to bob");
    let second = say(&mut two, "to ben");
    assert_eq!(bobs.next(), first);
    assert_eq!(bens.next(), second);
    for room in [&mut one, &mut two, &mut bobs, &mut bens] {
        room.heard_nothing();
    }
}
