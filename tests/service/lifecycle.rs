//! Starts, stops and crashes of the service, and the demo.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread;

use serde_json::Value;

use crate::harness::{
    Auth, Database, Home, Http, Process, Rider, Service, Test, eventually, nk, tests,
};

pub fn tests() -> Vec<Test> {
    tests![
        a_stop_signal_closes_sockets_with_a_word_and_exits_well,
        what_was_acknowledged_before_a_stop_is_there_after_it,
        what_was_acknowledged_before_a_crash_is_there_after_it,
        a_trip_goes_on_after_a_restart,
        a_search_ends_although_the_service_was_down,
        migrations_can_be_run_alone_and_again,
        the_demo_plays_trips_and_ends,
        a_demo_that_is_interrupted_ends,
        an_address_in_use_is_an_error,
    ]
}

fn a_stop_signal_closes_sockets_with_a_word_and_exits_well(on: Database) {
    let mut service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let mut sockets = vec![rider.connect(), rider.connect(), driver.connect()];
    let trip = rider.request("A", "B");
    let status = service.stop();
    assert!(status.success(), "{status}");
    for socket in &mut sockets {
        socket.hears(&trip, "REQUESTED");
        assert_eq!(socket.closed(), 4001);
    }
}

/// Lets riders request trips, over HTTP and over sockets, until the service has gone. Each trip that was answered is
/// sent to `acknowledged`, with the rider's index.
fn request_until_gone(riders: &[Rider], acknowledged: &Sender<(usize, String)>, stop: &AtomicBool) {
    thread::scope(|scope| {
        for (n, rider) in riders.iter().enumerate() {
            let acknowledged = acknowledged.clone();
            scope.spawn(move || {
                let mut ask = asker(rider, n % 2 == 0);
                while !stop.load(Ordering::Relaxed)
                    && let Some(key) = ask()
                {
                    acknowledged.send((n, key)).expect("the test listens");
                }
            });
        }
    });
}

/// A closure that requests a trip and gives its key, or `None` once the service has gone.
fn asker(rider: &Rider, over_socket: bool) -> Box<dyn FnMut() -> Option<String> + '_> {
    let fields = rider.request_frame("A", "B");
    if over_socket {
        let mut socket = rider.connect();
        return Box::new(move || {
            socket.try_send(&fields).ok()?;
            socket.try_next().ok()?["nk"].as_str().map(str::to_owned)
        });
    }
    Box::new(move || {
        let answer = rider
            .call("POST", "/api/trip/")
            .json(&fields)
            .try_send()
            .ok()?;
        (answer.status == 201).then(|| nk(&answer.json()).to_owned())
    })
}

/// Lets riders request trips, ends the service meanwhile with `end`, starts it again, and looks for every trip that was
/// answered.
fn nothing_acknowledged_is_lost(on: Database, end: impl FnOnce(&mut Service)) {
    let mut service = Service::with(on, &["--rider-trips", "1000"]);
    let mut riders: Vec<Rider> = (0..4)
        .map(|n| service.rider(&format!("rider{n}")))
        .collect();
    let (sender, acknowledged) = channel();
    let stop = AtomicBool::new(false);
    let mut trips: Vec<(usize, String)> = Vec::new();
    thread::scope(|scope| {
        scope.spawn(|| {
            request_until_gone(&riders, &sender, &stop);
            drop(sender);
        });
        trips.extend(acknowledged.iter().take(40));
        end(&mut service);
        stop.store(true, Ordering::Relaxed);
        trips.extend(acknowledged.iter());
    });
    service.restart();
    for (n, rider) in riders.iter_mut().enumerate() {
        rider.follow(&service);
        let mine: Vec<&str> = trips
            .iter()
            .filter(|(index, _)| *index == n)
            .map(|(_, key)| key.as_str())
            .collect();
        let mut phone = rider.connect();
        let stored = rider.trips();
        let sent: Vec<Value> = stored.iter().map(|_| phone.next()).collect();
        for key in mine {
            assert_eq!(rider.trip(key)["status"], "REQUESTED");
            assert!(
                sent.iter().any(|trip| trip["nk"] == key),
                "{key} is sent on connect"
            );
        }
        phone.heard_nothing();
    }
}

fn what_was_acknowledged_before_a_stop_is_there_after_it(on: Database) {
    nothing_acknowledged_is_lost(on, |service| {
        let status = service.stop();
        assert!(status.success(), "{status}");
    });
}

fn what_was_acknowledged_before_a_crash_is_there_after_it(on: Database) {
    nothing_acknowledged_is_lost(on, Service::kill);
}

fn a_trip_goes_on_after_a_restart(on: Database) {
    let mut service = Service::start(on);
    let (mut rider, mut driver) = (service.rider("ann"), service.driver("bob"));
    let trip = driver.accept(&rider.request("A", "B")).ok(200);
    service.kill();
    service.restart();
    rider.follow(&service);
    driver.follow(&service);
    let (mut rider_phone, mut driver_phone) = (rider.connect(), driver.connect());
    assert_eq!(rider_phone.next(), trip);
    assert_eq!(driver_phone.next(), trip);
    for status in ["ARRIVED", "IN_PROGRESS", "COMPLETED"] {
        driver_phone.send(&driver.update_frame(&trip, status));
        driver_phone.hears(&trip, status);
        rider_phone.hears(&trip, status);
    }
}

fn a_search_ends_although_the_service_was_down(on: Database) {
    let mut service = Service::with(on, &["--search-time", "1"]);
    let mut rider = service.rider("ann");
    let trip = rider.request("A", "B");
    service.kill();
    service.restart();
    rider.follow(&service);
    eventually("the request expires", || {
        (rider.trip(nk(&trip))["status"] == "EXPIRED").then_some(())
    });
}

fn migrations_can_be_run_alone_and_again(on: Database) {
    let home = Home::new(on);
    home.must_run(&["migrate"], "");
    home.must_run(&["migrate"], "");
    let dir = home
        .dir()
        .to_str()
        .expect("a temporary directory has a plain name");
    let process =
        Process::spawn(home.command(&["serve", "--listen", "127.0.0.1:0", "--data-dir", dir]));
    assert_eq!(
        Http::new(process.address(), Auth::Nobody)
            .get("/healthz")
            .status,
        200
    );
}

/// The whole script runs before the first trip is finished, while its offer goes from driver to driver.
fn the_demo_plays_trips_and_ends(on: Database) {
    let home = Home::new(on);
    let arguments = [
        "demo",
        "--trips",
        "1",
        "--pace",
        "0.2",
        "--listen",
        "127.0.0.1:0",
    ];
    let mut demo = Process::spawn(home.command(&arguments));
    let status = demo.ended();
    let printed = demo.output();
    assert!(status.success(), "{status}: {printed}");
    for words in [
        "begins a shift",
        "is quoted EUR",
        "requests a trip",
        "cabrank asks",
        "has it on the phone",
        "declines",
        "has not answered in time",
        "takes it",
        "on the map",
        "gives it back",
        "cabrank now asks",
        "My code is",
        "was told the code",
        "has brought",
        "(base ",
        "(no-show ",
        "(cancellation ",
        "for later",
        "1 trips finished",
    ] {
        assert!(printed.contains(words), "{words:?} is missing: {printed}");
    }
}

fn a_demo_that_is_interrupted_ends(on: Database) {
    let home = Home::new(on);
    let mut demo = Process::spawn(home.command(&["demo", "--listen", "127.0.0.1:0"]));
    eventually("a driver is offered a trip", || {
        demo.output().contains("cabrank asks").then_some(())
    });
    demo.signal("INT");
    let status = demo.ended();
    assert!(status.success(), "{status}: {}", demo.output());
}

fn an_address_in_use_is_an_error(on: Database) {
    let service = Service::start(on);
    let home = Home::new(Database::Sqlite);
    let output = home.run(&["serve", "--listen", &service.address.to_string()], "");
    assert!(!output.status.success());
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        errors.contains(&service.address.port().to_string()),
        "the message has the address: {errors}"
    );
}
