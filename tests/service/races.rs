//! Conflicting commands at the same moment. `CABRANK_RACE_ROUNDS` is the number of rounds (50).

use std::collections::HashSet;
use std::sync::Barrier;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use serde_json::Value;

use crate::harness::{Database, Driver, Rider, Service, Socket, Test, at_once, nk, tests};

pub fn tests() -> Vec<Test> {
    tests![
        many_drivers_accept_one_trip_and_one_of_them_gets_it,
        a_driver_who_accepts_two_trips_at_once_gets_one,
        a_cancellation_and_an_acceptance_agree_on_the_end,
        repeated_commands_at_once_change_a_trip_once,
    ]
}

const DRIVERS: usize = 16;

/// The number of rounds in a race.
pub fn rounds() -> usize {
    let rounds = std::env::var("CABRANK_RACE_ROUNDS");
    rounds.map_or(50, |rounds| {
        rounds.parse().expect("CABRANK_RACE_ROUNDS is a number")
    })
}

/// The result of one driver's attempt to accept a trip.
#[derive(Debug)]
enum Attempt {
    Won,
    /// The code of the refusal.
    Lost(String),
}

/// A driver's thread, which is given trips and sends back the result of accepting each.
struct Racer {
    trips: Sender<Value>,
    attempts: Receiver<Attempt>,
}

/// Half of the drivers accept over their sockets and half over HTTP, all at the same moment.
fn many_drivers_accept_one_trip_and_one_of_them_gets_it(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let drivers = service.drivers("driver", DRIVERS);
    let moment = Barrier::new(DRIVERS);
    thread::scope(|scope| {
        let racers: Vec<Racer> = drivers
            .iter()
            .enumerate()
            .map(|(n, driver)| {
                let (trips, given) = channel();
                let (sender, attempts) = channel();
                let moment = &moment;
                let socket = (n % 2 == 0).then(|| driver.connect());
                scope.spawn(move || race(driver, socket, moment, &given, &sender));
                Racer { trips, attempts }
            })
            .collect();
        for round in 0..rounds() {
            one_round(round, &rider, &drivers, &racers);
        }
    });
}

fn race(
    driver: &Driver,
    mut socket: Option<Socket>,
    moment: &Barrier,
    given: &Receiver<Value>,
    attempts: &Sender<Attempt>,
) {
    let mut lost = HashSet::new();
    for trip in given {
        moment.wait();
        let attempt = match &mut socket {
            Some(socket) => accept_over_socket(driver, socket, &trip, &lost),
            None => accept_over_http(driver, &trip),
        };
        if matches!(attempt, Attempt::Lost(_)) {
            lost.insert(nk(&trip).to_owned());
        }
        if attempts.send(attempt).is_err() {
            return; // the test has failed already
        }
    }
}

#[track_caller]
fn one_round(round: usize, rider: &Rider, drivers: &[Driver], racers: &[Racer]) {
    let trip = rider.request("A", "B");
    for racer in racers {
        racer
            .trips
            .send(trip.clone())
            .expect("every driver waits for a trip");
    }
    let attempts: Vec<Attempt> = racers
        .iter()
        .map(|racer| racer.attempts.recv().expect("every driver is answered"))
        .collect();
    let winners: Vec<usize> = (0..DRIVERS)
        .filter(|n| matches!(attempts[*n], Attempt::Won))
        .collect();
    let &[winner] = winners.as_slice() else {
        panic!("round {round} had the winners {winners:?}: {attempts:?}")
    };
    for attempt in &attempts {
        if let Attempt::Lost(code) = attempt {
            assert!(
                code == "already-taken" || code == "driver-busy",
                "round {round}: {attempt:?}"
            );
        }
    }
    let winner = &drivers[winner];
    let detail = rider.trip(nk(&trip));
    assert_eq!(
        (&detail["driver"], &detail["status"]),
        (&winner.party(), &Value::from("STARTED")),
        "round {round}"
    );
    winner.start(&trip).ok(200);
    winner.complete(&trip).ok(200);
}

fn accept_over_http(driver: &Driver, trip: &Value) -> Attempt {
    let answer = driver.accept(trip);
    if answer.status == 200 {
        assert_eq!(answer.json()["driver"], driver.party());
        return Attempt::Won;
    }
    let code = answer.code().unwrap_or_default();
    answer.problem(409, &code);
    Attempt::Lost(code)
}

/// Reads up to this driver's answer. No frame before it may give the driver a trip that was lost.
fn accept_over_socket(
    driver: &Driver,
    socket: &mut Socket,
    trip: &Value,
    lost: &HashSet<String>,
) -> Attempt {
    socket.send(&driver.update_frame(trip, "STARTED"));
    loop {
        let frame = socket.next();
        if let Some(code) = frame["code"].as_str() {
            return Attempt::Lost(code.to_owned());
        }
        let mine = frame["driver"]["id"] == driver.id;
        if mine && frame["nk"] == trip["nk"] {
            return Attempt::Won;
        }
        assert!(
            !mine || !lost.contains(nk(&frame)),
            "{} was refused a trip and then got it",
            driver.username
        );
    }
}

fn a_driver_who_accepts_two_trips_at_once_gets_one(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let connections = [driver.again(), driver.again()];
    for round in 0..rounds().div_ceil(5) {
        let trips = [rider.request("A", "B"), rider.request("C", "D")];
        let answers = at_once(connections.iter().zip(&trips).map(|(http, trip)| {
            move || http.post_nothing(&format!("/api/trip/{}/accept/", nk(trip)))
        }));
        let got = answers.iter().position(|answer| answer.status == 200);
        let got = got.unwrap_or_else(|| panic!("round {round}: nothing was accepted: {answers:?}"));
        answers[1 - got].problem(409, "driver-busy");
        let active = driver
            .trips()
            .iter()
            .filter(|trip| trip["status"] == "STARTED")
            .count();
        assert_eq!(active, 1, "round {round}");
        for trip in &trips {
            rider.cancel(trip).ok(200);
        }
    }
}

fn a_cancellation_and_an_acceptance_agree_on_the_end(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let mut phone = rider.connect();
    for round in 0..rounds().div_ceil(5) {
        let trip = rider.request("A", "B");
        let path = |verb: &str| format!("/api/trip/{}/{verb}/", nk(&trip));
        let calls = [
            (rider.again(), path("cancel")),
            (driver.again(), path("accept")),
        ];
        let answers = at_once(
            calls
                .iter()
                .map(|(http, path)| move || http.post_nothing(path)),
        );
        answers[0].ok(200);
        let end = rider.trip(nk(&trip));
        assert_eq!(end["status"], "CANCELLED", "round {round}");
        phone.hears(&trip, "REQUESTED");
        if answers[1].status == 200 {
            assert_eq!(end["driver"], driver.party(), "round {round}");
            phone.hears(&trip, "STARTED");
        } else {
            assert_eq!(
                answers[1].problem(409, "not-possible")["trip_status"],
                "CANCELLED"
            );
            assert_eq!(end["driver"], Value::Null, "round {round}");
        }
        assert_eq!(phone.next(), end);
    }
}

fn repeated_commands_at_once_change_a_trip_once(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let mut phone = rider.connect();
    let connections: Vec<_> = (0..4).map(|_| driver.again()).collect();
    for _ in 0..rounds().div_ceil(10) {
        let trip = rider.request("A", "B");
        phone.hears(&trip, "REQUESTED");
        for (verb, status) in [
            ("accept", "STARTED"),
            ("start", "IN_PROGRESS"),
            ("complete", "COMPLETED"),
        ] {
            let path = format!("/api/trip/{}/{verb}/", nk(&trip));
            let answers = at_once(connections.iter().map(|http| || http.post_nothing(&path)));
            assert!(
                answers
                    .iter()
                    .all(|a| a.status == 200 && a.text == answers[0].text),
                "{answers:?}"
            );
            phone.hears(&trip, status);
        }
    }
    phone.heard_nothing();
}
