//! Clients connect and disconnect while many events happen, and each hears every event once.
//! `CABRANK_RACE_ROUNDS` is the number of rounds (50).

use std::thread;

use serde_json::{Value, json};

use super::races::rounds;
use crate::harness::{
    Client, Database, Driver, Follower, Gone, Log, Rider, Service, Socket, Test, eventually, nk,
    tests,
};

pub fn tests() -> Vec<Test> {
    tests![
        nothing_is_missed_or_doubled_while_clients_come_and_go,
        a_client_that_does_not_read_is_closed_and_loses_nothing,
        many_clients_come_back_at_once,
        messages_are_neither_missed_nor_doubled_by_who_comes_in,
        notifications_are_neither_missed_nor_doubled_by_who_comes_in,
    ]
}

/// Requests, completes and cancels trips as fast as it can.
fn live(rider: &Rider, driver: &Driver, rounds: usize) {
    for n in 0..rounds {
        let trip = rider.request("A", "B");
        let withdrawn = rider.request("C", "D");
        driver.accept(&trip).ok(200);
        if n % 3 == 0 {
            rider.cancel(&trip).ok(200);
        } else {
            driver.start(&trip).ok(200);
            driver.complete(&trip).ok(200);
        }
        rider.cancel(&withdrawn).ok(200);
    }
}

/// Follows the stream, disconnects after a few events and resumes at once, until a trip to the address `last` is
/// requested.
fn come_and_go(client: &Client, begun: Log, mut stay: usize, last: &str) -> Log {
    let mut log = begun;
    loop {
        let mut follower = Follower::go_on(client, log);
        stay = stay * 5 % 23 + 1;
        for _ in 0..stay {
            let event = follower.next();
            if event["trip"]["drop_off_address"] == last && event["kind"] == "requested" {
                return follower.vanish();
            }
        }
        log = follower.vanish();
    }
}

/// Follows the stream on one socket until a trip to the address `last` comes.
fn stay(mut follower: Follower, last: &str) -> Log {
    while follower.next()["trip"]["drop_off_address"] != last {}
    follower.log
}

fn nothing_is_missed_or_doubled_while_clients_come_and_go(on: Database) {
    let service = Service::with(on, &["--rider-trips", "100000"]);
    // Few enough events that every client can resume by replay, however long it takes. In `chaos` there are more.
    let rounds = rounds().min(100);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let (other, rival) = (service.rider("eve"), service.driver("ben"));
    let again = [service.log_in("ann"), service.log_in("bob")];
    let clients = [&rider.0, &again[0], &driver.0, &again[1]];
    let always = [&rider.0, &driver.0].map(|client| Follower::begin(client).0);
    let begun = clients.map(|client| Follower::begin(client).0.vanish());
    let (constant, logs) = thread::scope(|scope| {
        let constant = always.map(|follower| scope.spawn(move || stay(follower, "the end")));
        let followers: Vec<_> = clients
            .into_iter()
            .zip(begun)
            .enumerate()
            .map(|(n, (client, log))| {
                scope.spawn(move || come_and_go(client, log, n + 1, "the end"))
            })
            .collect();
        let workers = [
            scope.spawn(|| live(&rider, &driver, rounds)),
            scope.spawn(|| live(&other, &rival, rounds)),
        ];
        for worker in workers {
            worker.join().expect("every command succeeds");
        }
        rider.request("from here", "the end");
        let join = |follower: thread::ScopedJoinHandle<'_, Log>| {
            follower
                .join()
                .expect("the follower hears the last trip")
                .in_order()
        };
        let logs: Vec<Log> = followers.into_iter().map(join).collect();
        (constant.map(join), logs)
    });
    for (n, log) in logs.iter().enumerate() {
        assert_eq!(*log, constant[n / 2]);
    }
}

/// A client that does not read, with so many subscriptions that every event fills its buffers.
fn stuck(rider: &Rider, log: Log) -> Follower {
    let mut follower = Follower::go_on(rider, log);
    for n in 0..64 {
        let fields = json!({"request_id": n});
        let native = follower.native();
        native.call("subscribe_trip_activity", &fields).ok(201);
    }
    follower
}

fn a_client_that_does_not_read_is_closed_and_loses_nothing(on: Database) {
    let service = Service::with(on, &["--rider-trips", "100000"]);
    let rider = service.rider("ann");
    let mut reads = Follower::begin(&rider).0;
    let mut stuck = stuck(&rider, reads.log.clone());
    let sockets = || service.http().get("/healthz").ok(200)["sockets"].clone();
    assert_eq!(sockets(), 2);
    let long = "\u{1f695}".repeat(255);
    for _ in 0..100 {
        let trip = rider.request(&long, &long);
        reads.hears(&trip, "requested");
    }
    eventually("the socket is closed", || (sockets() == 1).then_some(()));
    let end = loop {
        match stuck.native().next() {
            Ok(frame) if frame["action"] == "event" => stuck.log.take(&frame["data"]),
            Ok(_) => {}
            Err(gone) => break gone,
        }
    };
    assert!(matches!(end, Gone::Closed(4008) | Gone::Cut), "{end:?}");
    let mut back = Follower::go_on(&rider, stuck.vanish());
    let last = rider.request("A", "B");
    reads.hears(&last, "requested");
    back.hears_until_requested(&last);
    assert_eq!(back.log, reads.log);
}

fn many_clients_come_back_at_once(on: Database) {
    let service = Service::with(on, &["--rider-trips", "100000"]);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let others = service.drivers("other", 7);
    let begun: Vec<Log> = others
        .iter()
        .map(|other| Follower::begin(other).0.vanish())
        .collect();
    // No more events than a replay gives.
    let rounds = rounds().min(200);
    live(&rider, &driver, rounds);
    let last = thread::scope(|scope| {
        let jobs: Vec<_> = others
            .iter()
            .zip(begun)
            .map(|(other, log)| scope.spawn(|| come_and_go(other, log, 22, "the end")))
            .collect();
        live(&rider, &driver, 5);
        rider.request("from here", "the end");
        let heard = jobs.into_iter().map(|job| {
            job.join()
                .expect("the client hears the last trip")
                .in_order()
                .heard
        });
        heard.collect::<Vec<Vec<Value>>>()
    });
    for heard in &last {
        assert_eq!(*heard, last[0], "they all hear the same of drivers:main");
    }
    assert!(last[0].len() > 4 * rounds, "{}", last[0].len());
}

/// The number of messages in all.
const MESSAGES: u64 = 250;
/// The number of messages that a socket reads before it is dropped: more than the history that it gets first.
const LISTEN: usize = 107;

fn number(message: &Value) -> u64 {
    let text = message["message"].as_str().unwrap_or_default();
    text.parse().expect("the text of a message is its number")
}

/// Checks that the messages come in a row from the first one on; gives whether the last of all has come.
fn in_a_row(mut messages: impl Iterator<Item = Value>) -> bool {
    let first = messages.next().map(|message| number(&message));
    let first = first.expect("a message comes");
    for expected in first + 1..MESSAGES {
        match messages.next() {
            Some(message) => assert_eq!(number(&message), expected, "{message}"),
            None => return false,
        }
    }
    true
}

/// Opens sockets at this path, one after another, until the last message has come.
fn come_in(client: &Client, path: &str) {
    loop {
        let socket = Socket::open(client.address, path, &client.auth, &[]);
        let mut socket = socket.unwrap_or_else(|status| panic!("{path} is refused: {status}"));
        if in_a_row((0..LISTEN).map(|_| socket.next())) {
            return;
        }
        socket.vanish();
    }
}

/// Joins a room on new sockets, one after another, until the last message has come.
fn join(client: &Client, trip: &Value) {
    loop {
        let mut native = client.native();
        let fields = json!({"pk": trip["id"], "request_id": "room"});
        let joined = native.call_in("chat", "join", &fields).ok(201);
        let before = joined["messages"].as_array().expect("a list").clone();
        let count = before.len();
        let live = (count..LISTEN).map(|_| native.event("room").ok(201));
        if in_a_row(before.into_iter().chain(live)) {
            return;
        }
        native.into_socket().vanish();
    }
}

fn messages_are_neither_missed_nor_doubled_by_who_comes_in(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let trip = driver.accept(&rider.request("A", "B")).ok(200);
    let path = format!("/ws/chat/{}/", nk(&trip));
    thread::scope(|scope| {
        for client in [&rider.0, &driver.0] {
            scope.spawn(|| come_in(client, &path));
            scope.spawn(|| join(client, &trip));
        }
        let mut native = driver.native();
        for n in 0..MESSAGES {
            let fields = json!({"pk": trip["id"], "data": {"message": n.to_string()}});
            native.call_in("chat", "send", &fields).ok(201);
        }
    });
}

fn notifications_are_neither_missed_nor_doubled_by_who_comes_in(on: Database) {
    let service = Service::start(on);
    let (rider, operator) = (service.rider("ann"), service.operator("oz"));
    thread::scope(|scope| {
        for client in [&rider.0, &operator.0, &rider.0] {
            scope.spawn(|| come_in(client, "/ws/notifications/"));
        }
        for n in 0..MESSAGES {
            let fields = json!({"message": n.to_string(), "everybody": true});
            operator.post("/api/notifications/", &fields).ok(201);
        }
    });
}
