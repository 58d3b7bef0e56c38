//! The lock on the database: only one service may use it. Other processes are refused, and a service that has lost the
//! lock writes nothing more and ends.

use std::fs;
use std::thread;

use serde_json::{Value, json};

use crate::harness::{
    Auth, Database, Home, Http, PASSWORD, Process, Rider, Service, Test, at_once, eventually,
    execute, log_in, nk, sign_up_form, tests,
};

pub fn tests() -> Vec<Test> {
    tests![
        a_second_service_is_refused_and_told_who_has_the_database,
        a_frozen_service_keeps_its_database,
        a_start_waits_until_the_service_before_it_has_ended,
        of_two_services_that_start_at_once_one_serves,
        a_killed_service_leaves_the_database_free,
        commands_that_look_on_work_beside_the_service,
        commands_that_must_be_alone_are_refused_beside_the_service,
    ]
}

pub fn on_sqlite() -> Vec<Test> {
    tests![a_service_without_its_lock_file_ends_once_another_has_the_database]
}

pub fn on_postgres() -> Vec<Test> {
    tests![
        a_frozen_service_whose_session_was_cut_writes_nothing,
        a_service_whose_session_was_cut_takes_the_lock_again,
        a_service_whose_session_is_shared_ends_once_another_has_the_database,
    ]
}

const SERVE: [&str; 5] = ["serve", "--listen", "127.0.0.1:0", "--limits", "off"];

/// Starts another service on the same data.
fn beside(home: &Home) -> Process {
    Process::spawn(home.command(&SERVE))
}

fn name(process: &Process) -> String {
    format!("cabrank process {} at {}", process.id(), process.address())
}

#[track_caller]
fn waits(process: &mut Process) {
    eventually("the start waits for the database", || {
        process
            .log()
            .contains("Waiting for the database")
            .then_some(())
    });
}

/// Checks that a command ends with an error that names the holder of the lock.
#[track_caller]
fn is_refused(home: &Home, arguments: &[&str], holder: &Service) {
    let output = home.run(arguments, "");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    let name = format!("cabrank process {} at {}", holder.id(), holder.address);
    assert!(errors.contains(&format!("in use by {name}")), "{errors}");
}

/// Waits until a service that has lost its database to `other` ends, and checks its log.
#[track_caller]
fn ends_for(service: &mut Service, other: &str) {
    let status = service.process().ended();
    let log = service.process().log();
    assert_eq!(status.code(), Some(1), "{log}");
    assert!(
        log.contains(&format!("the database was lost to {other}")),
        "{log}"
    );
}

/// Requests a trip from a service that may be about to end; gives the status of the answer, if there is one.
fn ask(rider: &Rider, pick_up: &str) -> Option<u16> {
    let fields = json!({"pick_up_address": pick_up, "drop_off_address": "B"});
    let answer = rider
        .again()
        .call("POST", "/api/trip/")
        .json(&fields)
        .try_send();
    answer.ok().map(|answer| answer.status)
}

/// Calls a service that has lost its database until it has ended; every answer must be a 503.
#[track_caller]
fn is_unavailable(rider: &Rider) {
    while let Some(status) = ask(rider, "too late") {
        assert_eq!(status, 503);
        if let Ok(answer) = rider.again().call("GET", "/api/trip/").try_send() {
            assert_eq!(answer.status, 503);
        }
    }
}

fn a_second_service_is_refused_and_told_who_has_the_database(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    is_refused(service.home(), &SERVE, &service);
    rider.request("A", "B");
}

fn a_frozen_service_keeps_its_database(on: Database) {
    let mut service = Service::start(on);
    let rider = service.rider("ann");
    service.process().signal("STOP");
    is_refused(service.home(), &SERVE, &service);
    service.process().signal("CONT");
    rider.request("A", "B");
}

fn a_start_waits_until_the_service_before_it_has_ended(on: Database) {
    let mut service = Service::start(on);
    let rider = service.rider("ann");
    let trip = rider.request("A", "B");
    let mut next = beside(service.home());
    waits(&mut next);
    assert!(service.stop().success());
    let address = next.address();
    assert_eq!(Http::new(address, Auth::Nobody).get("/healthz").status, 200);
    let rider = Rider(log_in(address, "ann", PASSWORD));
    assert_eq!(rider.trips(), [trip]);
    assert!(next.log().contains(&name_of(&service)));
}

fn name_of(service: &Service) -> String {
    format!("cabrank process {} at {}", service.id(), service.address)
}

/// The database is empty at first; one of the services creates the tables.
fn of_two_services_that_start_at_once_one_serves(on: Database) {
    for _ in 0..3 {
        let home = Home::new(on);
        let mut services = at_once([(); 2].map(|()| || beside(&home)));
        let serving = eventually("one of them serves", || {
            let serves = |service: &mut Process| service.output().contains("listening on");
            services.iter_mut().position(serves)
        });
        let mut first = services.swap_remove(serving);
        let [mut second]: [Process; 1] = services.try_into().ok().expect("there were two");
        waits(&mut second);
        let form = sign_up_form("ann", "rider");
        let http = Http::new(first.address(), Auth::Nobody);
        http.post("/api/sign_up/", &form).ok(201);
        first.signal("TERM");
        assert!(first.ended().success());
        Rider(log_in(second.address(), "ann", PASSWORD)).request("A", "B");
    }
}

fn a_killed_service_leaves_the_database_free(on: Database) {
    let mut service = Service::start(on);
    let mut rider = service.rider("ann");
    for round in 1..=3 {
        rider.request("A", "B");
        service.kill();
        service.restart();
        rider.follow(&service);
        assert_eq!(rider.trips().len(), round);
        // PostgreSQL needs a moment to see that a session has ended.
        let waited = service.process().log().contains("Waiting for the database");
        assert!(!waited || on == Database::Postgres);
    }
}

fn commands_that_look_on_work_beside_the_service(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let trip = rider.request("A", "B");
    let home = service.home();
    home.must_run(&["health", "--listen", &service.address.to_string()], "");
    home.must_run(&["explain", nk(&trip)], "");
    home.must_run(&["user", "block", "--username", "ann"], "");
    eventually("the session ends", || (!rider.is_logged_in()).then_some(()));
}

fn commands_that_must_be_alone_are_refused_beside_the_service(on: Database) {
    let mut service = Service::start(on);
    let mut rider = service.rider("ann");
    rider.request("A", "B");
    for command in [
        &["replay", "--check"][..],
        &["new-epoch"],
        &["migrate", "--down"],
    ] {
        is_refused(service.home(), command, &service);
    }
    assert_eq!(rider.trips().len(), 1);
    service.stop();
    for command in [&["replay", "--check"][..], &["new-epoch"]] {
        service.home().must_run(command, "");
    }
    service.restart();
    rider.follow(&service);
    assert_eq!(rider.trips().len(), 1);
    service.stop();
    service.home().must_run(&["migrate", "--down"], "");
}

/// The lock file only keeps other processes out. The holder of the lock is recorded in the database.
fn a_service_without_its_lock_file_ends_once_another_has_the_database(on: Database) {
    let mut service = Service::start(on);
    let rider = service.rider("ann");
    let mut phone = rider.connect();
    fs::remove_file(service.home().dir().join("cabrank.db.lock")).expect("the lock file is there");
    rider.request("A", "B");
    let next = beside(service.home());
    let other = name(&next);
    assert_eq!(ask(&rider, "too late"), Some(503));
    is_unavailable(&rider);
    let rider = Rider(log_in(next.address(), "ann", PASSWORD));
    ends_for(&mut service, &other);
    assert_eq!(phone.closed(), 4001);
    assert_eq!(rider.trips().len(), 1);
    rider.request("C", "D");
}

/// Ends all sessions of the database, as a restart of the server does.
#[track_caller]
fn cut_sessions(home: &Home) {
    let url = home.database_url().expect("it is on PostgreSQL");
    execute(
        url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
}

/// Requests that reach it just before it is frozen have no effect.
fn a_frozen_service_whose_session_was_cut_writes_nothing(on: Database) {
    let mut service = Service::start(on);
    let rider = service.rider("ann");
    let mut phone = rider.connect();
    let trip = rider.request("A", "B");
    service.process().signal("STOP");
    let other = thread::scope(|scope| {
        let asked = ["C", "D"].map(|pick_up| scope.spawn(|| ask(&rider, pick_up)));
        phone.send(&rider.request_frame("E", "F"));
        cut_sessions(service.home());
        let next = beside(service.home());
        let at = next.address();
        service.process().signal("CONT");
        let answers = asked.map(|asked| asked.join().expect("a request does not panic"));
        assert!(
            answers.iter().flatten().all(|status| *status == 503),
            "{answers:?}"
        );
        assert!(answers.contains(&Some(503)), "{answers:?}");
        assert_ne!(at, service.address);
        next
    });
    ends_for(&mut service, &name(&other));
    let heard = phone.hears_until_closed();
    assert!(
        heard
            .iter()
            .all(|frame| frame["code"] == "unavailable" || frame["nk"] == nk(&trip)),
        "{heard:?}"
    );
    let rider = Rider(log_in(other.address(), "ann", PASSWORD));
    assert_eq!(rider.trips(), [trip]);
}

fn a_service_whose_session_was_cut_takes_the_lock_again(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    for round in 0..2 {
        cut_sessions(service.home());
        eventually("requests succeed again", || {
            (ask(&rider, &round.to_string()) == Some(201)).then_some(())
        });
        is_refused(service.home(), &["new-epoch"], &service);
    }
}

/// Behind a connection pooler two processes may share a session, and so the lock. The token tells them apart.
fn a_service_whose_session_is_shared_ends_once_another_has_the_database(on: Database) {
    let mut service = Service::start(on);
    let rider = service.rider("ann");
    let url = service
        .home()
        .database_url()
        .expect("it is on PostgreSQL")
        .to_owned();
    execute(&url, "UPDATE lock_holders SET token = gen_random_uuid()");
    assert_eq!(ask(&rider, "too late"), Some(503));
    is_unavailable(&rider);
    ends_for(&mut service, "");
    service.restart();
    let rider = Rider(service.log_in("ann"));
    assert_eq!(rider.trips(), [] as [Value; 0]);
}
