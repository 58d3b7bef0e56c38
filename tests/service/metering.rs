//! The metres of a ride, measured from the positions of the driver's device. Each test has the smallest input that once
//! gave a wrong result.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::harness::{
    Client, Database, Driver, Options, Rider, STAND, Service, Test, location, nk, north_of, tests,
};
use crate::native_shifts::judged;
use crate::quotes::fares;

pub fn tests() -> Vec<Test> {
    tests![
        what_only_repeats_itself_is_no_way,
        coarse_positions_make_no_metres,
        a_car_that_stands_still_drives_nothing_and_its_driver_and_the_desk_hear_of_it,
        a_backlog_counts_in_whatever_order_it_comes,
        the_time_after_the_last_position_is_filled_as_the_quote_reckons,
        a_ride_without_positions_is_one_gap,
        a_restart_in_the_middle_is_a_gap_like_any_other,
        what_comes_after_the_completion_changes_nothing,
        positions_that_race_with_the_completion_change_no_fare,
        an_operator_ends_a_ride_with_its_metres,
    ]
}

/// A ride under way, with its rider and its driver.
struct Ride<'a> {
    service: &'a mut Service,
    rider: Rider,
    driver: Driver,
    trip: Value,
    started_at: Timestamp,
}

impl<'a> Ride<'a> {
    /// Begins a ride from the stand to so many metres north of it.
    #[track_caller]
    fn begin(service: &'a mut Service, name: &str, metres: f64) -> Self {
        let rider = service.rider(&format!("rider-{name}"));
        let driver = service.driver(&format!("driver-{name}"));
        driver.post_nothing("/api/shift/").ok(200);
        let to = json!({"drop_off_location": location(north_of(STAND, metres))});
        let trip = rider.orders(&to);
        driver.accept(&trip).ok(200);
        let started = driver.start(&trip).ok(200);
        let started_at = started["updated"].as_str().and_then(|at| at.parse().ok());
        Self {
            service,
            rider,
            driver,
            trip,
            started_at: started_at.expect("a trip has the time of its last change"),
        }
    }

    /// A position so many metres north of the stand, so many seconds after the start, with an accuracy in metres.
    fn fix(&self, seconds: f64, metres: f64, accuracy: f64) -> Value {
        let since = SignedDuration::from_micros((seconds * 1e6) as i64);
        let mut fix = location(north_of(STAND, metres));
        fix["at"] = json!(format!("{:.6}", self.started_at + since));
        fix["accuracy"] = json!(accuracy);
        fix
    }

    #[track_caller]
    fn reports(&self, fixes: &[Value]) -> Value {
        let positions = json!({ "positions": fixes });
        judged(self.driver.post("/api/positions/", &positions).ok(200))
    }

    #[track_caller]
    fn track(&self) -> Value {
        track(&self.rider.0, &self.trip)
    }

    /// Sets the clock ahead and completes the ride; gives the trip.
    #[track_caller]
    fn completes_after(&mut self, seconds: f64) -> Value {
        self.service.advance(seconds);
        self.driver.complete(&self.trip).ok(200)
    }
}

#[track_caller]
fn track(client: &Client, trip: &Value) -> Value {
    client
        .get(&format!("/api/trip/{}/track/", nk(trip)))
        .ok(200)
}

#[track_caller]
fn is_about(value: &Value, expected: u64, within: u64) {
    let number = value.as_u64();
    let number = number.unwrap_or_else(|| panic!("{value} is not a whole number"));
    assert!(
        number.abs_diff(expected) <= within,
        "{number} is not within {within} of {expected}"
    );
}

/// Checks the metres of a completed trip, and that its fare charges the distance.
#[track_caller]
fn was_driven(done: &Value, (measured, filled): (u64, u64), within: u64) {
    let ridden = &done["ridden"];
    is_about(&ridden["measured_metres"], measured, within);
    is_about(&ridden["filled_metres"], filled, within);
    let metres = ["measured_metres", "filled_metres"].map(|part| ridden[part].as_u64());
    let lines = done["fare"]["lines"]
        .as_array()
        .expect("the fare has lines");
    let distance = lines.iter().find(|line| line["kind"] == "distance");
    let distance = distance.and_then(|line| line["quantity"].as_u64());
    assert_eq!(
        distance,
        metres[0].zip(metres[1]).map(|(a, b)| a + b),
        "{done}"
    );
}

fn town(on: Database) -> Service {
    Options::new(on).town(&fares()).with_clock().start()
}

/// Positions jump 61 km away and back, each repeated three times. They once counted as 122,315 m.
fn what_only_repeats_itself_is_no_way(on: Database) {
    let mut service = town(on);
    let mut ride = Ride::begin(&mut service, "a", 3_000.0);
    for (n, metres) in [0.0, -61_000.0, -61_000.0, -61_000.0, 0.0, 0.0, 0.0]
        .into_iter()
        .enumerate()
    {
        ride.reports(&[ride.fix(0.25 * n as f64, metres, 5.0)]);
    }
    // Then several jump to Tokyo at once, with different times of the device.
    let tokyo = |n: f64| {
        let mut fix = ride.fix(2.0 + n, 0.0, 5.0);
        (fix["lat"], fix["lon"]) = (json!(35.68), json!(139.76));
        fix
    };
    ride.reports(&[0.0, 1.0, 2.0, 3.0].map(tokyo));
    let done = ride.completes_after(6.0);
    was_driven(&done, (0, 0), 0);
    assert_eq!(done["fare"]["total"], 600, "the minimum: {done}");
}

/// Good positions alternate with ones of a mast, 389 m away. They once counted as 3,503 m.
fn coarse_positions_make_no_metres(on: Database) {
    let mut service = town(on);
    let mut ride = Ride::begin(&mut service, "a", 3_000.0);
    for n in 0..10 {
        let (metres, accuracy) = if n % 2 == 0 {
            (0.0, 10.0)
        } else {
            (389.0, 450.0)
        };
        ride.reports(&[ride.fix(0.25 * f64::from(n), metres, accuracy)]);
    }
    let done = ride.completes_after(5.0);
    was_driven(&done, (0, 0), 0);
}

/// Positions scatter about one spot for ten minutes: they once counted as 3,619 m. Four positions at one place once
/// cost as much as the whole quote.
fn a_car_that_stands_still_drives_nothing_and_its_driver_and_the_desk_hear_of_it(on: Database) {
    let mut service = town(on);
    let operator = service.operator("olga");
    let mut ride = Ride::begin(&mut service, "a", 3_000.0);
    ride.service.advance(600.0);
    let about: Vec<Value> = (0..60_u32)
        .map(|n| ride.fix(f64::from(n) * 10.0, f64::from(n * 37 % 101) - 50.0, 60.0))
        .collect();
    assert_eq!(ride.reports(&about)["on_track"], 60);
    let done = ride.completes_after(1.0);
    was_driven(&done, (0, 0), 0);
    assert_eq!(done["ridden"]["stood_still"], true, "{done}");
    let unread = |client: &Client| {
        let answer = client.get("/api/notifications/").ok(200);
        let notifications = answer["results"].as_array().cloned().expect("a list");
        notifications
            .iter()
            .filter(|notification| {
                notification["message"]
                    .as_str()
                    .is_some_and(|text| text.contains("stood still"))
            })
            .count()
    };
    assert_eq!(
        [&ride.driver.0, &operator.0, &ride.rider.0].map(unread),
        [1, 1, 0]
    );
    drop(ride);
    let mut ride = Ride::begin(&mut service, "b", 3_000.0);
    ride.service.advance(40.0);
    for seconds in [2.0, 14.0, 26.0, 38.0] {
        ride.reports(&[ride.fix(seconds, 0.0, 5.0)]);
    }
    let done = ride.completes_after(1.0);
    was_driven(&done, (0, 0), 0);
}

/// A ride of 8.9 km in a quarter of an hour without a network. Afterwards the positions come in order, with the latest
/// first, with the newer half first, or twice.
fn a_backlog_counts_in_whatever_order_it_comes(on: Database) {
    let mut service = town(on);
    let mut tracks = Vec::new();
    for (n, order) in ["in order", "live first", "newer half first", "twice"]
        .iter()
        .enumerate()
    {
        let mut ride = Ride::begin(&mut service, &n.to_string(), 8_900.0);
        ride.service.advance(900.0);
        let backlog: Vec<Value> = (0..90_u32)
            .map(|n| ride.fix(f64::from(n) * 10.0, f64::from(n) * 100.0, 5.0))
            .collect();
        let (older, newer) = backlog.split_at(45);
        let reports: Vec<&[Value]> = match n {
            0 => vec![&backlog],
            1 => vec![&backlog[89..], &backlog[..89]],
            2 => vec![newer, older],
            _ => vec![older, &backlog, newer],
        };
        let new: u64 = reports
            .iter()
            .filter_map(|report| ride.reports(report)["on_track"].as_u64())
            .sum();
        assert_eq!(
            new, 90,
            "{order}: each position counts once, however late it comes"
        );
        let done = ride.completes_after(1.0);
        assert_eq!(done["ridden"]["filled_metres"], 0, "{order}: {done}");
        is_about(&done["ridden"]["measured_metres"], 8_900, 90);
        let mut track = ride.track();
        assert_eq!(track["gaps"], json!([]), "{order}");
        track["seconds"] = json!(null);
        tracks.push(track);
    }
    assert!(tracks.iter().all(|track| *track == tracks[0]), "{tracks:?}");
}

/// The app is killed after the first kilometre, and the ride is completed much later. It once cost only that kilometre.
fn the_time_after_the_last_position_is_filled_as_the_quote_reckons(on: Database) {
    let mut service = town(on);
    let mut ride = Ride::begin(&mut service, "a", 5_000.0);
    ride.service.advance(100.0);
    let first: Vec<Value> = (0..30_u32)
        .map(|n| ride.fix(f64::from(n) * 3.4, f64::from(n) * 34.5, 5.0))
        .collect();
    ride.reports(&first);
    let done = ride.completes_after(1_340.0);
    // 4 of the 5 km are left, and the quote takes 1.3 times the straight line.
    was_driven(&done, (1_000, 5_200), 50);
    let track = ride.track();
    let gaps = track["gaps"].as_array().expect("a list");
    assert_eq!(gaps.len(), 1, "{track}");
    assert_eq!(gaps[0]["filled_metres"], done["ridden"]["filled_metres"]);
    assert_eq!(gaps[0]["to_location"], ride.trip["drop_off_location"]);
    assert_eq!(track["metres"], json!(done["fare"]["lines"][1]["quantity"]));
    assert_eq!(track["segments"].as_array().map(Vec::len), Some(1));
}

fn a_ride_without_positions_is_one_gap(on: Database) {
    let mut service = town(on);
    let mut ride = Ride::begin(&mut service, "a", 3_000.0);
    let so_far = ride.track();
    assert_eq!(
        (&so_far["metres"], &so_far["segments"]),
        (&json!(0), &json!([]))
    );
    let done = ride.completes_after(702.0);
    // The ride took as long as the quote expected, so the quoted metres are filled in.
    was_driven(&done, (0, 3_900), 0);
    assert_eq!(done["fare"]["lines"][1], ride.trip["quote"]["lines"][1]);
    assert_eq!(ride.track()["gaps"].as_array().map(Vec::len), Some(1));
    drop(ride);
    // No car drives 3.9 km in ten seconds, so less is filled in.
    let mut ride = Ride::begin(&mut service, "b", 3_000.0);
    let done = ride.completes_after(10.0);
    let filled = done["ridden"]["filled_metres"].as_u64();
    assert!(
        filled.is_some_and(|metres| (500..1_500).contains(&metres)),
        "{done}"
    );
    drop(ride);
    // Without the places of pick-up and drop-off, nothing is filled in.
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let trip = rider.request("A", "B");
    driver.accept(&trip).ok(200);
    driver.start(&trip).ok(200);
    service.advance(600.0);
    let done = driver.complete(&trip).ok(200);
    assert!(done.get("ridden").is_none(), "{done}");
    assert_eq!(done["fare"]["lines"][1]["quantity"], 0, "{done}");
}

fn a_restart_in_the_middle_is_a_gap_like_any_other(on: Database) {
    let mut service = town(on);
    let mut ride = Ride::begin(&mut service, "a", 8_000.0);
    ride.service.advance(120.0);
    let drives = |ride: &Ride<'_>, seconds: std::ops::RangeInclusive<u32>, ahead: f64| {
        let fixes = seconds.step_by(10).map(|second| {
            let second = f64::from(second);
            ride.fix(second, (second - ahead) * 20.0, 5.0)
        });
        ride.reports(&fixes.collect::<Vec<_>>())
    };
    assert_eq!(drives(&ride, 0..=100, 0.0)["on_track"], 11);
    assert!(ride.service.stop().success());
    ride.service.restart();
    ride.rider.follow(ride.service);
    ride.driver.follow(ride.service);
    is_about(&ride.track()["measured_metres"], 2_000, 40);
    ride.service.advance(300.0);
    // The app sends its old positions again. There are none for the 200 seconds after them.
    assert_eq!(drives(&ride, 0..=100, 0.0)["on_track"], 0);
    assert_eq!(drives(&ride, 300..=400, 0.0)["on_track"], 11);
    let done = ride.completes_after(1.0);
    was_driven(&done, (4_000, 5_200), 80);
    let track = ride.track();
    assert_eq!(
        track["segments"].as_array().map(Vec::len),
        Some(2),
        "{track}"
    );
    assert_eq!(track["gaps"].as_array().map(Vec::len), Some(1), "{track}");
}

fn what_comes_after_the_completion_changes_nothing(on: Database) {
    let mut service = town(on);
    let mut ride = Ride::begin(&mut service, "a", 3_000.0);
    ride.service.advance(60.0);
    let fixes: Vec<Value> = (0..=40_u32)
        .map(|second| ride.fix(f64::from(second), f64::from(second) * 20.0, 5.0))
        .collect();
    assert_eq!(ride.reports(&fixes[..21])["on_track"], 21);
    let done = ride.completes_after(1.0);
    is_about(&done["ridden"]["measured_metres"], 400, 20);
    let track = ride.track();
    assert_eq!(ride.reports(&fixes)["on_track"], 0);
    let detail = ride
        .rider
        .get(&format!("/api/trip/{}/", nk(&ride.trip)))
        .ok(200);
    assert_eq!((&detail, &ride.track()), (&done, &track));
}

fn positions_that_race_with_the_completion_change_no_fare(on: Database) {
    let mut service = town(on);
    let ride = Ride::begin(&mut service, "a", 3_000.0);
    ride.service.advance(100.0);
    let fixes: Vec<Value> = (0..100_u32)
        .map(|second| ride.fix(f64::from(second), f64::from(second) * 20.0, 5.0))
        .collect();
    let done = std::thread::scope(|scope| {
        let (driver, trip) = (&ride.driver, &ride.trip);
        let report = |some: &[Value]| {
            let positions = json!({ "positions": some });
            scope.spawn(move || driver.post("/api/positions/", &positions).ok(200))
        };
        let reports: Vec<_> = fixes.chunks(5).map(report).collect();
        let done = scope.spawn(|| driver.complete(trip).ok(200));
        for report in reports {
            report.join().expect("a report is answered");
        }
        done.join().expect("the completion is answered")
    });
    let detail = ride
        .rider
        .get(&format!("/api/trip/{}/", nk(&ride.trip)))
        .ok(200);
    assert_eq!(detail, done);
    let (track, ridden) = (ride.track(), &done["ridden"]);
    for part in ["measured_metres", "filled_metres"] {
        assert_eq!(track[part], ridden[part], "{track}");
    }
}

fn an_operator_ends_a_ride_with_its_metres(on: Database) {
    let mut service = town(on);
    let operator = service.operator("olga");
    for (n, status) in ["COMPLETED", "CANCELLED"].into_iter().enumerate() {
        let ride = Ride::begin(&mut service, &n.to_string(), 3_000.0);
        ride.service.advance(60.0);
        let fixes: Vec<Value> = (0..=50_u32)
            .map(|second| ride.fix(f64::from(second), f64::from(second) * 20.0, 5.0))
            .collect();
        ride.reports(&fixes);
        let ending = json!({"status": status, "reason": "The phone is broken"});
        let done = operator.command_with(&ride.trip, "end", &ending).ok(200);
        is_about(&done["ridden"]["measured_metres"], 1_000, 30);
        assert_eq!(done.get("fare").is_some(), status == "COMPLETED", "{done}");
        is_about(&track(&operator.0, &ride.trip)["metres"], 1_000, 30);
    }
}
