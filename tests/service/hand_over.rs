//! Clients that come and go while much happens: each hears everything once, whenever it is there.
//! `CABRANK_RACE_ROUNDS` says how much happens (50).

use std::thread;

use serde_json::{Value, json};

use super::races::rounds;
use crate::harness::{
    Client, Database, Driver, Follower, Gone, Log, Rider, Service, Test, eventually, tests,
};

pub fn tests() -> Vec<Test> {
    tests![
        nothing_is_missed_or_doubled_while_clients_come_and_go,
        a_client_that_does_not_read_is_closed_and_loses_nothing,
        many_clients_come_back_at_once,
    ]
}

/// Requests, moves on and cancels trips as fast as it can.
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

/// Follows the stream, disappears after a few events and comes back at once, until a trip to that address is requested.
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

fn nothing_is_missed_or_doubled_while_clients_come_and_go(on: Database) {
    let service = Service::with(on, &["--rider-trips", "100000"]);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let (other, rival) = (service.rider("eve"), service.driver("ben"));
    let again = [service.log_in("ann"), service.log_in("bob")];
    let clients = [&rider.0, &again[0], &driver.0, &again[1]];
    let (always, always_of_driver) = (Follower::begin(&rider).0, Follower::begin(&driver).0);
    let begun = clients.map(|client| Follower::begin(client).0.vanish());
    let logs = thread::scope(|scope| {
        let followers: Vec<_> = clients
            .into_iter()
            .zip(begun)
            .enumerate()
            .map(|(n, (client, log))| {
                scope.spawn(move || come_and_go(client, log, n + 1, "the end"))
            })
            .collect();
        let workers = [
            scope.spawn(|| live(&rider, &driver, rounds())),
            scope.spawn(|| live(&other, &rival, rounds())),
        ];
        for worker in workers {
            worker.join().expect("commands are carried out");
        }
        rider.request("from here", "the end");
        let join = |follower: thread::ScopedJoinHandle<'_, Log>| follower.join().expect("it ends");
        followers.into_iter().map(join).collect::<Vec<Log>>()
    });
    let constant = [always, always_of_driver].map(|mut follower| {
        while follower.next()["trip"]["drop_off_address"] != "the end" {}
        follower.log
    });
    for (n, log) in logs.iter().enumerate() {
        assert_eq!(*log, constant[n / 2]);
    }
}

/// A client that has so many subscriptions that each event is a lot to read, and reads nothing.
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
    live(&rider, &driver, rounds());
    let last = thread::scope(|scope| {
        let jobs: Vec<_> = others
            .iter()
            .zip(begun)
            .map(|(other, log)| scope.spawn(|| come_and_go(other, log, 22, "the end")))
            .collect();
        live(&rider, &driver, 5);
        rider.request("from here", "the end");
        let heard = jobs
            .into_iter()
            .map(|job| job.join().expect("it ends").heard);
        heard.collect::<Vec<Vec<Value>>>()
    });
    for heard in &last {
        assert_eq!(*heard, last[0], "they all hear the same of drivers:main");
    }
    assert!(last[0].len() > 4 * rounds(), "{}", last[0].len());
}
