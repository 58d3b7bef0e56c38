//! Which sockets hear of a change of a trip, once and in order, and which do not.
//!
//! Changes are announced in the order in which they were committed. So a frame of a later trip, the marker, shows
//! that no frame of the earlier one is still to come.

use serde_json::{Value, json};

use crate::harness::{Database, Driver, Rider, Service, Socket, Test, at_once, nk, tests};

pub fn tests() -> Vec<Test> {
    tests![
        every_device_of_both_parties_hears_every_change_once_and_in_order,
        other_drivers_hear_of_a_request_and_that_it_is_taken,
        other_drivers_hear_that_a_request_is_cancelled,
        other_drivers_hear_that_a_request_expires,
        other_drivers_do_not_hear_how_a_taken_trip_ends,
        other_riders_hear_nothing,
        commands_over_http_are_heard_like_those_over_sockets,
        what_an_operator_does_is_heard_by_the_parties,
        a_driver_who_connects_later_hears_what_comes,
        reconnecting_rejoins_the_active_trips,
        sockets_that_were_closed_leave_no_double_behind,
        vanished_sockets_do_not_hold_up_the_rest,
        a_socket_that_is_not_read_does_not_hold_up_the_rest,
        final_trips_are_left,
        many_trips_at_once_reach_everybody_in_the_order_of_each,
    ]
}

const WHOLE_LIFE: [(&str, &str); 4] = [
    ("accept", "STARTED"),
    ("arrive", "ARRIVED"),
    ("start", "IN_PROGRESS"),
    ("complete", "COMPLETED"),
];

/// Drives a trip from its request to its end over HTTP.
#[track_caller]
fn drive(driver: &Driver, trip: &Value) {
    for (verb, status) in WHOLE_LIFE {
        assert_eq!(driver.command(trip, verb).ok(200)["status"], status);
    }
}

fn every_device_of_both_parties_hears_every_change_once_and_in_order(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let mut devices = vec![
        rider.connect(),
        service.log_in("ann").connect(),
        rider.connect(),
    ];
    devices.extend([driver.connect(), service.log_in("bob").connect()]);
    let trip = rider.request("A", "B");
    drive(&driver, &trip);
    let marker = rider.request("C", "D");
    for device in &mut devices {
        let heard = device.statuses_before(&marker, &trip);
        assert_eq!(
            heard,
            [
                "REQUESTED",
                "STARTED",
                "ARRIVED",
                "IN_PROGRESS",
                "COMPLETED"
            ]
        );
    }
}

fn other_drivers_hear_of_a_request_and_that_it_is_taken(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let mut others: Vec<Socket> = service
        .drivers("other", 3)
        .iter()
        .map(|driver| driver.connect())
        .collect();
    let trip = rider.request("A", "B");
    drive(&driver, &trip);
    let marker = rider.request("C", "D");
    for other in &mut others {
        assert_eq!(other.hears(&trip, "REQUESTED"), trip);
        assert_eq!(other.hears(&trip, "STARTED")["driver"], driver.party());
        other.hears(&marker, "REQUESTED");
    }
}

fn other_drivers_hear_that_a_request_is_cancelled(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let mut other = service.driver("bob").connect();
    let trip = rider.request("A", "B");
    rider
        .command_with(&trip, "cancel", &json!({"reason": "rain"}))
        .ok(200);
    other.hears(&trip, "REQUESTED");
    assert_eq!(other.hears(&trip, "CANCELLED")["reason"], "rain");
    other.heard_nothing();
}

fn other_drivers_hear_that_a_request_expires(on: Database) {
    let service = Service::with(on, &["--search-time", "1"]);
    let rider = service.rider("ann");
    let mut others: Vec<Socket> = service
        .drivers("other", 3)
        .iter()
        .map(|driver| driver.connect())
        .collect();
    let trip = rider.request("A", "B");
    for other in &mut others {
        other.hears(&trip, "REQUESTED");
        other.hears(&trip, "EXPIRED");
        other.heard_nothing();
    }
}

fn other_drivers_do_not_hear_how_a_taken_trip_ends(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let mut other = service.driver("ben").connect();
    let trip = rider.request("A", "B");
    driver.accept(&trip).ok(200);
    rider.cancel(&trip).ok(200);
    let marker = rider.request("C", "D");
    other.hears(&trip, "REQUESTED");
    other.hears(&trip, "STARTED");
    other.hears(&marker, "REQUESTED");
}

fn other_riders_hear_nothing(on: Database) {
    let service = Service::start(on);
    let (rider, driver, other) = (
        service.rider("ann"),
        service.driver("bob"),
        service.rider("amy"),
    );
    let mut other_phone = other.connect();
    drive(&driver, &rider.request("A", "B"));
    rider.cancel(&rider.request("C", "D")).ok(200);
    let own = other.request("E", "F");
    other_phone.hears(&own, "REQUESTED");
    other_phone.heard_nothing();
}

fn commands_over_http_are_heard_like_those_over_sockets(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let (mut rider_phone, mut driver_phone) = (rider.connect(), driver.connect());
    let answer = rider.request("A", "B");
    assert_eq!(rider_phone.next(), answer);
    assert_eq!(driver_phone.next(), answer);
    for (verb, _) in WHOLE_LIFE {
        let trip = driver.command(&answer, verb).ok(200);
        assert_eq!(rider_phone.next(), trip);
        assert_eq!(driver_phone.next(), trip);
    }
}

fn what_an_operator_does_is_heard_by_the_parties(on: Database) {
    let service = Service::start(on);
    let (rider, driver, operator) = (
        service.rider("ann"),
        service.driver("bob"),
        service.operator("olga"),
    );
    let (mut rider_phone, mut driver_phone) = (rider.connect(), driver.connect());
    let trip = rider.request("A", "B");
    driver.accept(&trip).ok(200);
    let cancelled = operator
        .command_with(&trip, "cancel", &json!({"reason": "flood"}))
        .ok(200);
    for phone in [&mut rider_phone, &mut driver_phone] {
        phone.hears(&trip, "REQUESTED");
        phone.hears(&trip, "STARTED");
        assert_eq!(phone.next(), cancelled);
        phone.heard_nothing();
    }
}

fn a_driver_who_connects_later_hears_what_comes(on: Database) {
    let service = Service::start(on);
    let (rider, driver, late) = (
        service.rider("ann"),
        service.driver("bob"),
        service.driver("ben"),
    );
    let mut other_phone = driver.connect();
    let trip = rider.request("A", "B");
    // The rider is answered a moment before the request has reached everybody who is connected.
    other_phone.hears(&trip, "REQUESTED");
    let mut phone = late.connect();
    phone.heard_nothing();
    driver.accept(&trip).ok(200);
    phone.hears(&trip, "STARTED");
    let next = rider.request("C", "D");
    phone.hears(&next, "REQUESTED");
}

fn reconnecting_rejoins_the_active_trips(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let drivers = service.drivers("bob", 3);
    let phone = rider.connect();
    let trips: Vec<Value> = (0..3).map(|n| rider.request(&n.to_string(), "B")).collect();
    phone.close();
    let mut phone = rider.connect();
    let mut sent: Vec<Value> = (0..3).map(|_| phone.next()).collect();
    sent.sort_by_key(|trip| trip["id"].as_i64());
    assert_eq!(sent, trips);
    for (driver, trip) in drivers.iter().zip(&trips) {
        driver.accept(trip).ok(200);
        phone.hears(trip, "STARTED");
        let mut driver_phone = driver.connect();
        driver_phone.hears(trip, "STARTED");
        driver.start(trip).ok(200);
        driver_phone.hears(trip, "IN_PROGRESS");
        phone.hears(trip, "IN_PROGRESS");
    }
    phone.heard_nothing();
}

fn sockets_that_were_closed_leave_no_double_behind(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    for _ in 0..3 {
        rider.connect().close();
        rider.connect().vanish();
        driver.connect().close();
        driver.connect().vanish();
    }
    let (mut rider_phone, mut driver_phone) = (rider.connect(), driver.connect());
    let trip = rider.request("A", "B");
    driver.accept(&trip).ok(200);
    let marker = rider.request("C", "D");
    for phone in [&mut rider_phone, &mut driver_phone] {
        assert_eq!(
            phone.statuses_before(&marker, &trip),
            ["REQUESTED", "STARTED"]
        );
    }
}

fn vanished_sockets_do_not_hold_up_the_rest(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let gone: Vec<Socket> = service
        .drivers("gone", 5)
        .iter()
        .map(|driver| driver.connect())
        .collect();
    let mut stays = service.driver("bob").connect();
    for socket in gone {
        socket.vanish();
    }
    for _ in 0..10 {
        let trip = rider.request("A", "B");
        stays.hears(&trip, "REQUESTED");
        rider.cancel(&trip).ok(200);
        stays.hears(&trip, "CANCELLED");
    }
}

/// Long addresses fill the buffers of a connection whose client does not read.
fn a_socket_that_is_not_read_does_not_hold_up_the_rest(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let stuck: Vec<Socket> = service
        .drivers("stuck", 3)
        .iter()
        .map(|driver| driver.connect())
        .collect();
    let mut reads = service.driver("bob").connect();
    let long = "\u{1f695}".repeat(255);
    for _ in 0..300 {
        let trip = rider.request(&long, &long);
        reads.hears(&trip, "REQUESTED");
        rider.cancel(&trip).ok(200);
        reads.hears(&trip, "CANCELLED");
    }
    reads.heard_nothing();
    drop(stuck);
}

fn final_trips_are_left(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    drive(&driver, &rider.request("A", "B"));
    rider.cancel(&rider.request("C", "D")).ok(200);
    let (mut rider_phone, mut driver_phone) = (rider.connect(), driver.connect());
    let trip = rider.request("E", "F");
    for phone in [&mut rider_phone, &mut driver_phone] {
        phone.hears(&trip, "REQUESTED");
        phone.heard_nothing();
    }
}

fn many_trips_at_once_reach_everybody_in_the_order_of_each(on: Database) {
    let service = Service::start(on);
    let riders: Vec<Rider> = (0..4)
        .map(|n| service.rider(&format!("rider{n}")))
        .collect();
    let drivers = service.drivers("driver", 4);
    let mut watcher = service.driver("watcher").connect();
    let mut phones: Vec<Socket> = riders.iter().map(|rider| rider.connect()).collect();
    let trips = at_once(riders.iter().zip(&drivers).map(|(rider, driver)| {
        || {
            let work = (0..10)
                .map(|_| rider.request("A", "B"))
                .inspect(|trip| drive(driver, trip));
            work.collect::<Vec<Value>>()
        }
    }));
    let marker = riders[0].request("C", "D");
    for (phone, trips) in phones.iter_mut().zip(&trips) {
        for trip in trips {
            phone.hears(trip, "REQUESTED");
            for (_, status) in WHOLE_LIFE {
                phone.hears(trip, status);
            }
        }
    }
    let heard = watcher.hears_until(|frame| frame["nk"] == nk(&marker));
    for trip in trips.iter().flatten() {
        let of_trip = heard.iter().filter(|frame| frame["nk"] == trip["nk"]);
        let statuses: Vec<&Value> = of_trip.map(|frame| &frame["status"]).collect();
        assert_eq!(statuses, ["REQUESTED", "STARTED"]);
    }
}
