//! Recorded days: a day of the log is written as a scenario and simulated.

use std::path::PathBuf;
use std::time::SystemTime;

use serde_json::{Value, json};

use crate::harness::{
    Cab, Database, Options, STAND, Service, Test, location, north_of, tests, town,
};

pub fn tests() -> Vec<Test> {
    tests![
        a_day_passes_again_under_other_policies,
        whoever_drives_without_a_shift_was_there_for_the_trips,
        what_cannot_be_written_is_said,
    ]
}

/// A time zone in which it is about noon, so that the day does not end during the test.
fn noon() -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let hours = now.expect("it is after 1970").as_secs() / 3_600 % 24;
    format!("Etc/GMT{:+}", hours as i64 - 12)
}

fn file(service: &Service) -> PathBuf {
    service.home().dir().join("day.json")
}

/// Writes today as a scenario; gives what was printed, and the scenario.
fn replay(service: &Service) -> (String, Value) {
    let file = file(service);
    let path = file.to_str().expect("a temporary file has a plain name");
    let arguments = ["replay", "--scenario", path, "--time-zone", &noon()];
    let printed = service.home().must_run(&arguments, "");
    let written = std::fs::read_to_string(&file).expect("the scenario was written");
    let scenario = serde_json::from_str(&written).expect("a scenario is JSON");
    (printed, scenario)
}

fn simulate(service: &Service, more: &[&str]) -> String {
    let file = file(service);
    let path = file.to_str().expect("a temporary file has a plain name");
    let arguments = [&["simulate", "--scenario", path][..], more].concat();
    service.home().must_run(&arguments, "")
}

fn a_day_passes_again_under_other_policies(on: Database) {
    let town = town("nearest", &json!({}));
    let mut service = Options::new(on).town(&town).with_clock().start();
    let mut bob = Cab::on_shift(&service, "bob", 100.0);
    let driven = service.rider("ann").orders(&json!({"passengers": 3}));
    bob.receives(&driven);
    bob.does("accept", &driven).ok(200);
    service.advance(60.0);
    for verb in ["arrive", "start", "complete"] {
        bob.does(verb, &driven).ok(200);
    }
    let bea = service.rider("bea");
    let pick_up = location(north_of(STAND, 500.0));
    bea.cancel(&bea.orders(&json!({"pick_up_location": pick_up})))
        .ok(200);
    // Only requests of the course's clients have no coordinates.
    service.rider("cem").request("A", "B");
    bob.call("end_shift", &json!({})).ok(200);

    let (printed, scenario) = replay(&service);
    assert!(
        printed.contains(": 2 requests, 1 shifts, 1 requests without"),
        "{printed}"
    );
    let recorded = &scenario["recorded"];
    let requests = recorded["requests"].as_array().expect("a list");
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0]["from"], location(STAND));
    assert_eq!(requests[0]["passengers"], 3);
    assert_eq!(requests[1]["from"], pick_up);
    let driver = &recorded["drivers"][0];
    assert_eq!(driver["place"], location(STAND));
    assert!(driver["begin_ms"].as_i64() < requests[0]["at_ms"].as_i64());
    assert!(driver["end_ms"].as_i64() > requests[1]["at_ms"].as_i64());
    assert_eq!(recorded["outcome"]["served"], 1);
    let wait_ms = recorded["outcome"]["wait_mean_ms"].as_i64();
    assert!(wait_ms >= Some(60_000), "{wait_ms:?}");

    let table = simulate(&service, &["--policy", "nearest", "--policy", "batch"]);
    assert!(table.contains("As it was: 50.0 % served after "), "{table}");
    assert!(table.contains(" nearest |          batch |"), "{table}");
    let more = simulate(&service, &["--drivers", "3", "--policy", "nearest"]);
    assert!(more.contains("2 requests, 3 drivers"), "{more}");
}

fn whoever_drives_without_a_shift_was_there_for_the_trips(on: Database) {
    let town = town("broadcast", &json!({}));
    let service = Options::new(on).town(&town).start();
    let bob = service.driver("bob");
    for name in ["ann", "bea"] {
        let trip = service.rider(name).orders(&json!({}));
        bob.accept(&trip).ok(200);
        bob.start(&trip).ok(200);
        bob.complete(&trip).ok(200);
    }
    let (_, scenario) = replay(&service);
    let drivers = scenario["recorded"]["drivers"].as_array().expect("a list");
    assert_eq!(drivers.len(), 1, "{drivers:?}");
    let last = &scenario["recorded"]["requests"][1];
    assert!(drivers[0]["end_ms"].as_i64() > last["at_ms"].as_i64());
    let outcome = &scenario["recorded"]["outcome"];
    assert_eq!(*outcome, json!({"served": 2, "wait_mean_ms": null}));
    simulate(&service, &["--policy", "all"]);
}

fn what_cannot_be_written_is_said(on: Database) {
    let service = Service::start(on);
    let refused = |arguments: &[&str], rule: &str| {
        let arguments = [&["replay", "--scenario"], arguments].concat();
        let output = service.home().run(&arguments, "");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(
            !output.status.success() && errors.contains(rule),
            "{errors}"
        );
    };
    refused(&["day.json"], "there is no day in the log");
    service.rider("ann").request("A", "B");
    refused(&["day.json"], "there is no day in the log");
    refused(&["day.json", "--date", "2026-02-30"], "--date");
    refused(&["day.json", "--time-zone", "Nowhere/Land"], "--time-zone");
}
