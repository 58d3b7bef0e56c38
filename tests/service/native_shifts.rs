//! Shifts, positions and hints in the native dialect.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::dcrf::pk_of;
use crate::harness::{
    Cab, Database, Follower, Native, Options, STAND, Service, Test, location, north_of, tests, town,
};

pub fn tests() -> Vec<Test> {
    tests![
        a_shift_begins_and_ends,
        a_shift_is_told_and_shown,
        a_vehicle_has_a_class_of_the_town_and_seats,
        a_shift_outlasts_the_trip,
        every_position_is_judged,
        what_a_device_does_not_know_costs_no_position,
        a_device_can_tell_that_its_clock_is_wrong,
        a_position_that_breaks_a_rule_is_named,
        a_batch_that_breaks_a_rule_is_named,
        positions_are_for_drivers_on_shift,
        each_role_lacks_the_new_actions_of_the_others,
        who_asks_is_told_where_to_wait,
    ]
}

/// Begins a shift with the default vehicle.
#[track_caller]
pub fn begin(native: &mut Native) -> Value {
    native.call("begin_shift", &json!({})).ok(200)
}

/// The counts of all verdicts on positions: the given ones, and 0 for the others.
pub fn verdicts(given: &Value) -> Value {
    let mut counts = json!({
        "accepted": 0, "late": 0, "duplicate": 0, "impossible": 0,
        "too_old": 0, "from_future": 0, "invalid": 0, "too_frequent": 0,
    });
    for (verdict, count) in given.as_object().into_iter().flatten() {
        counts[verdict] = count.clone();
    }
    counts
}

/// The counts in the answer to a report outside a ride: the given ones, and 0 for the others.
pub fn counts(given: &Value) -> Value {
    let mut counts = verdicts(given);
    if counts["on_track"].is_null() {
        counts["on_track"] = json!(0);
    }
    counts
}

/// The answer to a report without its member `time`, which must be a time.
#[track_caller]
pub fn judged(mut answer: Value) -> Value {
    let time = answer
        .as_object_mut()
        .and_then(|answer| answer.remove("time"));
    let time = time
        .as_ref()
        .and_then(Value::as_str)
        .map(str::parse::<Timestamp>);
    assert!(matches!(time, Some(Ok(_))), "{answer}");
    answer
}

/// Reports positions, and gives the counts of the answer.
#[track_caller]
pub fn report(native: &mut Native, data: &Value) -> Value {
    judged(native.call("position", &json!({"data": data})).ok(200))
}

/// The time so many milliseconds after a shift began, as the service writes times.
#[track_caller]
pub fn after(shift: &Value, milliseconds: i64) -> String {
    let began: Timestamp = shift["began"]
        .as_str()
        .and_then(|began| began.parse().ok())
        .expect("a shift began at a time");
    format!("{:.6}", began + SignedDuration::from_millis(milliseconds))
}

#[track_caller]
fn is_off(native: &mut Native) {
    let duty = native.call("shift", &json!({})).ok(200);
    let off = json!({"shift": null, "activity": "off_shift", "offer": null});
    assert_eq!(duty, off);
    let ended = native.call("end_shift", &json!({}));
    let data = ended.refused(409, "You are not on a shift.");
    assert_eq!(data, json!({"code": "no-shift"}));
}

fn a_shift_begins_and_ends(on: Database) {
    let service = Service::start(on);
    let mut native = service.driver("bob").native();
    is_off(&mut native);
    let shift = begin(&mut native);
    assert_eq!(
        (&shift["class"], &shift["seats"], &shift["ended"]),
        (&json!("standard"), &json!(4), &Value::Null)
    );
    assert_eq!(begin(&mut native), shift, "the vehicle is the same");
    let other = json!({"data": {"seats": 6}});
    let refused = native.call("begin_shift", &other);
    let data = refused.refused(409, "You are on a shift already.");
    assert_eq!(data, json!({"code": "on-shift"}));
    for activity in ["stale", "available"] {
        let duty = native.call("shift", &json!({})).ok(200);
        let expected = json!({"shift": shift, "activity": activity, "offer": null});
        assert_eq!(duty, expected);
        let here = json!({"data": {"lat": 48.1, "lon": 11.6}});
        native.call("position", &here).ok(200);
    }
    let ended = native.call("end_shift", &json!({})).ok(200);
    let mut expected = shift.clone();
    expected["ended"] = ended["ended"].clone();
    assert_eq!(ended, expected);
    is_off(&mut native);
    let next = native.call_in("trips", "begin_shift", &other).ok(200);
    assert_ne!(next["id"], shift["id"]);
    assert_eq!(next["seats"], 6);
}

fn a_shift_is_told_and_shown(on: Database) {
    let service = Service::start(on);
    let driver = service.driver("bob");
    let (mut always, snapshot) = Follower::begin(&driver);
    assert_eq!(snapshot["shift"], Value::Null);
    let shift = begin(&mut driver.native());
    let (mut later, snapshot) = Follower::begin(&driver);
    assert_eq!(
        (&snapshot["shift"], &snapshot["offer"]),
        (&shift, &Value::Null)
    );
    let (_, snapshot) = Follower::begin(&service.driver("ben"));
    assert_eq!(
        snapshot["shift"],
        Value::Null,
        "another driver's shift is not shown"
    );
    let ended = driver.native().call("end_shift", &json!({})).ok(200);
    let actor = json!({"role": "driver", "id": driver.id});
    let hears = |follower: &mut Follower, kind: &str, shift: &Value| {
        let event = follower.next();
        assert_eq!(
            (&event["kind"], &event["shift"], &event["actor"]),
            (&json!(kind), shift, &actor)
        );
    };
    hears(&mut always, "shift-began", &shift);
    for follower in [&mut always, &mut later] {
        hears(follower, "shift-ended", &ended);
    }
    let (_, snapshot) = Follower::begin(&driver);
    assert_eq!(snapshot["shift"], Value::Null);
}

fn a_vehicle_has_a_class_of_the_town_and_seats(on: Database) {
    let van = json!({"data": {"class": "van", "seats": 8}});
    let service = Service::start(on);
    let mut native = service.driver("bob").native();
    assert_eq!(
        native.call("begin_shift", &van).breaks("class"),
        "There is no such class here; there is: standard."
    );
    for (field, wrong, rule) in [
        (
            "class",
            json!("A B"),
            "A class is 1 to 32 small letters, digits, - and _.",
        ),
        ("class", json!(1), "Not a valid string."),
        (
            "seats",
            json!(0),
            "A whole number from 1 to 16 is required.",
        ),
        (
            "seats",
            json!(17),
            "A whole number from 1 to 16 is required.",
        ),
        ("seats", json!("many"), "A valid integer is required."),
    ] {
        let fields = json!({"data": {field: wrong}});
        let answer = native.wrong("begin_shift", &fields);
        assert_eq!(answer.breaks(field), rule, "{fields}");
    }
    is_off(&mut native);
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/town.example.json");
    let service = Service::with(on, &["--town", example]);
    let mut native = service.driver("bob").native();
    let shift = native.call("begin_shift", &van).ok(200);
    assert_eq!(
        (&shift["class"], &shift["seats"]),
        (&json!("van"), &json!(8))
    );
}

fn a_shift_outlasts_the_trip(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let mut native = driver.native();
    begin(&mut native);
    let trip = rider.request("A", "B");
    native.call("accept", &pk_of(&trip)).ok(200);
    let duty = native.call("shift", &json!({})).ok(200);
    assert_eq!(duty["activity"], "on_trip");
    let busy = native.call("end_shift", &json!({}));
    let data = busy.refused(409, "You already have an active trip.");
    assert_eq!(data, json!({"code": "driver-busy"}));
    for verb in ["arrive", "start", "complete"] {
        native.call(verb, &pk_of(&trip)).ok(200);
    }
    native.call("end_shift", &json!({})).ok(200);
    is_off(&mut native);
}

fn every_position_is_judged(on: Database) {
    let service = Service::start(on);
    let mut native = service.driver("bob").native();
    let shift = begin(&mut native);
    let fix = |lat: f64, milliseconds: i64| json!({"lat": lat, "lon": 11.6, "at": after(&shift, milliseconds)});
    let mut unsure = fix(48.1, -30_000);
    unsure["accuracy"] = json!(600);
    // These are out of order; the service judges them in the order of their times.
    let many = [
        fix(49.1, -50_000),   // too far away for 10 seconds
        fix(48.1, -60_000),   // the first
        fix(48.1, -59_900),   // too soon after it
        fix(48.1, -60_000),   // at the same moment
        fix(48.1, 3_600_000), // from the future
        unsure,
        fix(48.100_5, -40_000),
        fix(48.1, -3_600_000), // from too long ago
    ];
    let judged = report(&mut native, &json!({"positions": many}));
    let expected = json!({
        "accepted": 2, "duplicate": 1, "impossible": 2, "too_old": 1, "from_future": 1, "too_frequent": 1,
    });
    assert_eq!(judged, counts(&expected));
    for (verdict, one) in [
        ("late", fix(48.1, -55_000)),
        ("duplicate", fix(48.100_5, -40_000)),
        ("too_frequent", fix(48.100_5, -39_900)),
        ("impossible", fix(50.0, -39_000)),
        ("accepted", fix(48.101, -38_000)),
    ] {
        assert_eq!(
            report(&mut native, &one),
            counts(&json!({verdict: 1})),
            "{one}"
        );
    }
}

fn what_a_device_does_not_know_costs_no_position(on: Database) {
    let service = Service::start(on);
    let mut native = service.driver("bob").native();
    let shift = begin(&mut native);
    let fix = |second: i64| json!({"lat": 48.1, "lon": 11.6, "at": after(&shift, -1_000 * second)});
    let with = |second: i64, more: Value| {
        let mut fix = fix(second);
        for (name, value) in more.as_object().expect("an object") {
            fix[name] = value.clone();
        }
        fix
    };
    // iPhones send -1 for an unknown heading or speed, and browsers send null.
    let unknown = with(90, json!({"heading": -1, "speed": -1}));
    assert_eq!(
        report(&mut native, &unknown),
        counts(&json!({"accepted": 1}))
    );
    let null = with(
        80,
        json!({"heading": null, "speed": null, "accuracy": null}),
    );
    assert_eq!(report(&mut native, &null), counts(&json!({"accepted": 1})));
    // Without a position, iPhones send an accuracy of -1, and receivers without a satellite send 0, 0.
    for nowhere in [
        with(70, json!({"accuracy": -1})),
        with(70, json!({"lat": 0, "lon": 0})),
    ] {
        assert_eq!(
            report(&mut native, &nowhere),
            counts(&json!({"invalid": 1}))
        );
    }
    // Invalid positions do not harm the others of a batch.
    let many = json!({"positions": [
        with(60, json!({"lat": 91})), with(50, json!({"speed": -1})), "here",
        with(40, json!({"heading": "NaN"})), with(30, json!({"accuracy": -1})), fix(20),
    ]});
    let answer = native.wrong("position", &json!({"data": many})).ok(200);
    assert_eq!(
        judged(answer),
        counts(&json!({"accepted": 2, "invalid": 4}))
    );
    let sum = service.operator("oz").get("/api/supply/").ok(200);
    assert_eq!(
        sum["positions"],
        verdicts(&json!({"accepted": 4, "invalid": 6}))
    );
}

fn a_device_can_tell_that_its_clock_is_wrong(on: Database) {
    let mut service = Options::new(on).with_clock().start();
    let mut native = service.driver("bob").native();
    let earlier = begin(&mut native);
    service.advance(7_200.0);
    begin(&mut native);
    let here = json!({"lat": 48.1, "lon": 11.6});
    let answer = native.call("position", &json!({"data": here})).ok(200);
    let time: Timestamp = answer["time"]
        .as_str()
        .and_then(|time| time.parse().ok())
        .expect("a time");
    for (wrong_s, verdict) in [(90, "from_future"), (-660, "too_old")] {
        let at = |seconds: i64| format!("{:.6}", time + SignedDuration::from_secs(seconds));
        let mut ahead = here.clone();
        ahead["at"] = json!(at(wrong_s));
        assert_eq!(report(&mut native, &ahead), counts(&json!({verdict: 1})));
    }
    let later = after(&earlier, 7_200_000).parse().ok();
    assert!(
        later.is_some_and(|later: Timestamp| time >= later),
        "the time is the service's"
    );
}

/// A position with another value of one field.
fn fix_with(name: &str, value: Value) -> Value {
    let mut fix = json!({"lat": 48.1, "lon": 11.6});
    fix[name] = value;
    fix
}

fn a_position_that_breaks_a_rule_is_named(on: Database) {
    let service = Service::start(on);
    let mut native = service.driver("bob").native();
    begin(&mut native);
    let required = "This field is required.";
    let number = "A valid number is required.";
    let time = "A time like 2026-11-23T08:10:30Z is required.";
    let among =
        |most| format!("A number from 0 to {most} is required; a negative one means unknown.");
    let range = |field, most| format!("{field} must be a number from -{most} to {most}.");
    for (field, wrong, rule) in [
        ("lat", Value::Null, "This field may not be null.".to_owned()),
        ("lat", json!("x"), number.to_owned()),
        ("lat", json!(91), range("lat", 90)),
        ("lon", json!(181), range("lon", 180)),
        ("at", json!("noon"), time.to_owned()),
        ("accuracy", json!(100_001), among(100_000)),
        ("heading", json!(361), among(360)),
        ("speed", json!(1001), among(1_000)),
    ] {
        let fields = json!({"data": fix_with(field, wrong)});
        assert_eq!(
            native.wrong("position", &fields).breaks(field),
            rule,
            "{fields}"
        );
    }
    for (field, data) in [("lat", json!({"lon": 11.6})), ("lon", json!({"lat": 48.1}))] {
        let answer = native.wrong("position", &json!({"data": data}));
        assert_eq!(answer.breaks(field), required);
    }
    let answer = native.wrong("position", &json!({"data": "here"}));
    assert_eq!(answer.breaks("data"), "Not an object.");
}

fn a_batch_that_breaks_a_rule_is_named(on: Database) {
    let service = Service::start(on);
    let mut native = service.driver("bob").native();
    begin(&mut native);
    let many = |count| -> Vec<Value> { (0..count).map(|n| fix_with("speed", json!(n))).collect() };
    let list = "A list of 1 to 100 positions is required.";
    let each = "A position has lat and lon, and may have at, accuracy, heading and speed, as a single one.";
    for (positions, rule) in [
        (json!([]), list),
        (json!(many(101)), list),
        (json!("here"), list),
        (json!([{"lat": 48.1}]), each),
        (json!([fix_with("heading", json!("north"))]), each),
    ] {
        let data = json!({"positions": positions});
        let answer = native.wrong("position", &json!({"data": data}));
        assert_eq!(answer.breaks("positions"), rule, "{data}");
    }
    let judged = report(&mut native, &json!({"positions": many(100)}));
    // They have no times of their own, so all are of the same moment.
    assert_eq!(judged, counts(&json!({"accepted": 1, "duplicate": 99})));
}

fn positions_are_for_drivers_on_shift(on: Database) {
    let service = Service::start(on);
    let mut native = service.driver("bob").native();
    let here = json!({"data": {"lat": 48.1, "lon": 11.6}});
    for _ in 0..2 {
        let answer = native.call("position", &here);
        let data = answer.refused(409, "You are not on a shift.");
        assert_eq!(data, json!({"code": "no-shift"}));
        begin(&mut native);
        let answer = native.call("position", &here).ok(200);
        assert_eq!(judged(answer), counts(&json!({"accepted": 1})));
        native.call("end_shift", &json!({})).ok(200);
    }
}

fn each_role_lacks_the_new_actions_of_the_others(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let trip = rider.request("A", "B");
    let here = json!({"lat": 48.1, "lon": 11.6});
    let mut fields = pk_of(&trip);
    fields["data"] = here.clone();
    fields["data"]["pick_up_location"] = here.clone();
    fields["data"]["drop_off_location"] = here;
    let of_riders = ["quote", "ride_code"];
    let of_drivers = [
        "give_back",
        "no_show",
        "receive",
        "decline",
        "shift",
        "begin_shift",
        "end_shift",
        "position",
    ];
    let mut native = rider.native();
    for action in of_drivers {
        native.call(action, &fields).not_allowed();
    }
    let mut native = driver.native();
    for action in of_riders.into_iter().chain(["subscribe_position"]) {
        native.call(action, &fields).not_allowed();
    }
    let mut native = service.operator("oz").native();
    for action in of_riders.into_iter().chain(of_drivers) {
        native.call(action, &fields).not_allowed();
    }
}

fn who_asks_is_told_where_to_wait(on: Database) {
    let town = town("broadcast", &json!({}));
    let mut service = Options::new(on).town(&town).with_clock().start();
    let mut asking = Cab::on_shift(&service, "asking", 0.0);
    let mut other = Cab::on_shift(&service, "other", 0.0);
    let there = location(north_of(STAND, 2_000.0));
    let rider = service.rider("ann");
    rider.orders(&json!({}));
    service
        .rider("bea")
        .orders(&json!({"pick_up_location": there}));
    // Half of the requests come from there, so half of the drivers are sent there.
    for cab in [&mut asking, &mut other] {
        cab.hears("requested");
        cab.hears("requested");
    }
    assert_eq!(asking.get("/api/hint/").ok(200), json!({"hint": there}));
    let again = asking.call("hint", &json!({})).ok(200);
    assert_eq!(again, json!({"hint": there}));
    let none = other.call("hint", &json!({})).ok(200);
    assert_eq!(none, json!({"hint": null}));
    service.advance(40.0);
    asking.is_at(north_of(STAND, 1_900.0));
    let arrived = asking.get("/api/hint/").ok(200);
    assert_eq!(arrived, json!({"hint": null}));
    let off = Cab::of(&service, "off");
    off.get("/api/hint/").problem(409, "no-shift");
    rider.get("/api/hint/").problem(403, "not-allowed");
}
