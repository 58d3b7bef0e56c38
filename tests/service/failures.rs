//! Full disks and lost databases: every waiting caller gets an answer, nothing that was acknowledged is lost, and the
//! service recovers by itself.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::harness::{
    Answer, Database, Driver, Options, Proxy, Rider, Service, Socket, Test, at_once, eventually,
    nk, tests, upstream,
};

pub fn on_sqlite() -> Vec<Test> {
    tests![
        a_healthy_service_says_so,
        a_full_disk_refuses_and_its_end_is_noticed
    ]
}

pub fn on_postgres() -> Vec<Test> {
    tests![
        a_healthy_service_says_so,
        a_lost_database_is_told_to_every_caller_and_found_again,
        a_stalled_database_is_told_to_every_caller_and_found_again,
        a_database_that_is_lost_between_requests_is_hardly_noticed,
    ]
}

fn a_healthy_service_says_so(on: Database) {
    let service = Service::start(on);
    assert_eq!(service.http().get("/healthz").status, 200);
}

#[track_caller]
fn health_becomes(service: &Service, status: u16) {
    let http = service.http();
    eventually("the health check has another status", || {
        (http.get("/healthz").status == status).then_some(())
    });
}

fn ask(rider: &Rider) -> Answer {
    rider.ask(&json!({"pick_up_address": "A", "drop_off_address": "B"}))
}

/// Requests trips until one succeeds, and gives it.
#[track_caller]
fn recovered(rider: &Rider) -> Value {
    eventually("requests succeed again", || {
        let answer = ask(rider);
        if answer.status != 201 {
            answer.problem(503, "unavailable");
        }
        (answer.status == 201).then(|| answer.json())
    })
}

#[track_caller]
fn all_are_there(rider: &Rider, acknowledged: &[Value]) {
    for trip in acknowledged {
        assert_eq!(rider.trip(nk(trip)), *trip);
    }
}

/// Sets a running process's limit on the size of files, in bytes.
fn limit_files(service: &mut Service, bytes: &str) {
    let id = service.process().id().to_string();
    let limited = Command::new("prlimit")
        .args(["--pid", &id, &format!("--fsize={bytes}:")])
        .status();
    assert!(
        limited.expect("this test needs prlimit").success(),
        "prlimit sets the limit of our own process"
    );
}

/// A limit on the size of files simulates a full disk: a write beyond it fails in the same way.
fn a_full_disk_refuses_and_its_end_is_noticed(on: Database) {
    let flags = ["--rider-trips", "100000"];
    let mut service = Options::new(on).flags(&flags).outlives_full_disk().start();
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let (mut rider_phone, mut driver_phone) = (rider.connect(), driver.connect());
    let files = fs::read_dir(service.home().dir()).expect("the data directory is there");
    let sizes = files
        .filter_map(|file| file.ok()?.metadata().ok())
        .map(|file| file.len());
    let largest = sizes.max().expect("the database is in the data directory");
    limit_files(&mut service, &(largest + 128 * 1024).to_string());
    let mut acknowledged = fill(&rider);
    health_becomes(&service, 503);
    rider_phone.send(&rider.request_frame("full", "B"));
    let heard = rider_phone.hears_until(|frame| frame.get("code").is_some());
    assert_eq!(heard.last().expect("a frame came")["code"], "unavailable");
    limit_files(&mut service, "unlimited");
    acknowledged.push(recovered(&rider));
    health_becomes(&service, 200);
    all_are_there(&rider, &acknowledged);
    for trip in &acknowledged {
        driver_phone.hears_until(|frame| frame["nk"] == nk(trip));
    }
    service.kill();
    service.restart();
    let mut rider = rider;
    rider.follow(&service);
    all_are_there(&rider, &acknowledged);
}

/// Requests trips until the disk is full, and gives the acknowledged ones.
fn fill(rider: &Rider) -> Vec<Value> {
    let mut acknowledged = Vec::new();
    loop {
        let answer = ask(rider);
        if answer.status != 201 {
            answer.problem(503, "unavailable");
            return acknowledged;
        }
        acknowledged.push(answer.json());
        assert!(acknowledged.len() < 10_000, "the disk is never full");
    }
}

/// A service with a proxy before its database, and the open sockets of a rider and a driver.
fn behind_proxy() -> (Proxy, Service, Rider, Driver, [Socket; 2]) {
    let proxy = Proxy::to(upstream());
    let service = Options::behind(&proxy)
        .flags(&["--rider-trips", "1000"])
        .start();
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let sockets = [rider.connect(), driver.connect()];
    (proxy, service, rider, driver, sockets)
}

fn outage(fail: fn(&Proxy)) {
    let (proxy, service, rider, driver, [mut rider_phone, mut driver_phone]) = behind_proxy();
    let taken = driver.accept(&rider.request("A", "B")).ok(200);
    let mut acknowledged: Vec<Value> = (0..10).map(|_| ask(&rider).ok(201)).collect();
    fail(&proxy);
    for answer in at_once((0..8).map(|_| || ask(&rider))) {
        answer.problem(503, "unavailable");
    }
    driver.start(&taken).problem(503, "unavailable");
    health_becomes(&service, 503);
    rider_phone.send(&rider.request_frame("lost", "B"));
    let heard = rider_phone.hears_until(|frame| frame.get("code").is_some());
    assert_eq!(heard.last().expect("a frame came")["code"], "unavailable");
    proxy.restore();
    acknowledged.push(recovered(&rider));
    health_becomes(&service, 200);
    all_are_there(&rider, &acknowledged);
    assert_eq!(rider.trip(nk(&taken))["driver"], driver.party());
    // The sockets stayed open and hear of later changes.
    let later = recovered(&rider);
    rider_phone.hears_until(|frame| frame["nk"] == nk(&later));
    driver_phone.hears_until(|frame| frame["nk"] == nk(&later));
    driver_phone.send(&driver.update_frame(&taken, "ARRIVED"));
    driver_phone.hears_until(|frame| frame["nk"] == nk(&taken) && frame["status"] == "ARRIVED");
}

fn a_lost_database_is_told_to_every_caller_and_found_again(_: Database) {
    outage(Proxy::cut);
}

fn a_stalled_database_is_told_to_every_caller_and_found_again(_: Database) {
    outage(Proxy::stall);
}

fn a_database_that_is_lost_between_requests_is_hardly_noticed(_: Database) {
    let (proxy, service, rider, driver, [_, mut driver_phone]) = behind_proxy();
    let first = rider.request("A", "B");
    driver_phone.hears(&first, "REQUESTED");
    proxy.cut();
    proxy.restore();
    let second = recovered(&rider);
    driver_phone.hears_until(|frame| frame["nk"] == nk(&second));
    all_are_there(&rider, &[first.clone(), second]);
    assert_eq!(driver.accept(&first).ok(200)["status"], "STARTED");
    health_becomes(&service, 200);
}
