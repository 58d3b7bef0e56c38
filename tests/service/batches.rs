//! The policy `batch`: requests gather, one assignment is solved over all of them, and every decision is explained.

use serde_json::{Value, json};

use crate::harness::{
    Cab, Database, Operator, Options, STAND, Service, Test, eventually, location, nk, north_of,
    square, tests, town,
};

pub fn tests() -> Vec<Test> {
    tests![
        all_are_served_where_the_nearest_would_serve_one,
        requests_gather_longer_where_drivers_are_scarce,
        who_declines_is_followed_by_the_next_of_the_next_window,
        a_trip_waits_for_a_driver_who_will_soon_be_free,
        two_areas_want_one_driver,
        a_window_outlives_a_crash,
        a_shadow_looks_on,
        a_shadow_looks_on_what_everybody_hears_of,
        an_operator_is_told_why,
        the_account_is_for_operators,
        a_shell_is_told_why,
    ]
}

/// A service whose one area has the policy `batch`.
fn batch(on: Database) -> Service {
    let town = town("batch", &json!({}));
    Options::new(on).town(&town).with_clock().start()
}

/// A new rider's trip whose pick-up is so many metres north of the stand.
#[track_caller]
fn orders_at(service: &Service, name: &str, metres: f64) -> Value {
    let from = location(north_of(STAND, metres));
    service
        .rider(name)
        .orders(&json!({"pick_up_location": from}))
}

fn all_are_served_where_the_nearest_would_serve_one(on: Database) {
    let mut service = batch(on);
    // The driver in the middle is nearest to both riders. The other one cannot reach the far rider within a quarter of
    // an hour.
    let mut middle = Cab::on_shift(&service, "middle", 0.0);
    let mut south = Cab::on_shift(&service, "south", -2_000.0);
    let near = orders_at(&service, "ann", 100.0);
    let far = orders_at(&service, "bea", 1_500.0);
    service.advance(8.0);
    middle.receives(&far);
    south.receives(&near);
    middle.does("accept", &far).ok(200);
    south.does("accept", &near).ok(200);
}

fn requests_gather_longer_where_drivers_are_scarce(on: Database) {
    let mut service = batch(on);
    let mut cab = Cab::on_shift(&service, "bob", 100.0);
    let trip = orders_at(&service, "ann", 0.0);
    service.advance(6.0);
    assert_eq!(cab.activity(), "available");
    service.advance(2.5);
    cab.is_offered(&trip);
    // With plenty of drivers the window is a second.
    for name in ["eve", "joe", "kim"] {
        Cab::on_shift(&service, name, 3_000.0);
    }
    let mut near = Cab::on_shift(&service, "near", 2_900.0);
    let next = orders_at(&service, "bea", 2_900.0);
    service.advance(1.0);
    near.is_offered(&next);
}

fn who_declines_is_followed_by_the_next_of_the_next_window(on: Database) {
    let mut service = batch(on);
    let mut cabs: Vec<Cab> = [("one", 100.0), ("two", 200.0), ("three", 300.0)]
        .map(|(name, metres)| Cab::on_shift(&service, name, metres))
        .into();
    let trip = orders_at(&service, "ann", 0.0);
    for cab in &mut cabs {
        service.advance(8.5);
        cab.receives(&trip);
        cab.does("decline", &trip).ok(200);
        cab.loses(&trip, "declined");
    }
    let mut late = Cab::on_shift(&service, "late", 3_000.0);
    service.advance(8.5);
    late.receives(&trip);
    let taken = late.does("accept", &trip).ok(200);
    assert_eq!(taken["status"], "STARTED");
}

fn a_trip_waits_for_a_driver_who_will_soon_be_free(on: Database) {
    let mut service = batch(on);
    let mut busy = Cab::on_shift(&service, "busy", 2_900.0);
    let riding = orders_at(&service, "ann", 2_900.0);
    service.advance(8.5);
    busy.receives(&riding);
    busy.does("accept", &riding).ok(200);
    busy.loses(&riding, "accepted");
    busy.hears("accepted");
    for (verb, kind) in [("arrive", "arrived"), ("start", "started")] {
        busy.does(verb, &riding).ok(200);
        busy.hears(kind);
    }
    // The ride ends 3,000 m north of the stand, which is the pick-up of the next trip.
    let mut far = Cab::on_shift(&service, "far", 500.0);
    let trip = orders_at(&service, "bea", 3_000.0);
    service.advance(8.5);
    assert_eq!(far.activity(), "available");
    let olga = service.operator("olga");
    let rounds = rounds(&olga, &trip);
    let last = rounds.last().expect("a round was recorded");
    assert_eq!(last["outcome"], "held", "{last}");
    assert_eq!(last["drivers"][0]["username"], "busy", "{last}");
    busy.does("complete", &riding).ok(200);
    busy.hears("completed");
    service.advance(8.5);
    busy.receives(&trip);
    busy.does("accept", &trip).ok(200);
}

fn two_areas_want_one_driver(on: Database) {
    let north = north_of(STAND, 11_200.0);
    let mut areas = town("batch", &json!({}));
    areas["areas"]["features"] = json!([
        square("south", STAND, "batch"),
        square("north", north, "batch"),
    ]);
    let mut service = Options::new(on).town(&areas).with_clock().start();
    let border = 5_600.0;
    let mut cab = Cab::on_shift(&service, "bob", border);
    let trips = [
        orders_at(&service, "ann", border - 200.0),
        orders_at(&service, "bea", border + 200.0),
    ];
    let areas: Vec<&Value> = trips.iter().map(|trip| &trip["area"]).collect();
    assert_eq!(areas, ["south", "north"]);
    service.advance(8.5);
    let offered = cab.hears("offered");
    let is_offered = |trip: &&Value| trip["nk"] == offered["offer"]["trip"]["nk"];
    let first = trips.iter().find(is_offered).expect("one of them");
    let second = trips
        .iter()
        .find(|trip| !is_offered(trip))
        .expect("the other one");
    let olga = service.operator("olga");
    // Both windows chose the driver, and only one of the offers could be made.
    for trip in &trips {
        let rounds = rounds(&olga, trip);
        assert_eq!(rounds[0]["outcome"], "offered", "{rounds:?}");
    }
    assert_eq!(offers(&olga, second), json!([]));
    cab.does("receive", first).ok(200);
    cab.does("decline", first).ok(200);
    cab.loses(first, "declined");
    service.advance(8.5);
    cab.receives(second);
    cab.does("accept", second).ok(200);
}

fn a_window_outlives_a_crash(on: Database) {
    let mut service = batch(on);
    let trip = orders_at(&service, "ann", 0.0);
    service.advance(4.0);
    service.kill();
    service.restart();
    let mut cab = Cab::on_shift(&service, "bob", 100.0);
    service.advance(4.5);
    cab.receives(&trip);
    // An open offer survives a crash.
    let (driver, log) = cab.vanishes();
    service.kill();
    service.restart();
    let mut cab = Cab::comes_back(&service, driver, log);
    cab.does("accept", &trip).ok(200);
}

fn a_shadow_looks_on(on: Database) {
    let mut town = town("nearest", &json!({}));
    town["areas"]["features"][0]["properties"]["shadow"] = json!("batch");
    let service = Options::new(on).town(&town).with_clock().start();
    let mut cab = Cab::on_shift(&service, "bob", 100.0);
    let trip = orders_at(&service, "ann", 0.0);
    cab.receives(&trip);
    let olga = service.operator("olga");
    let rounds = rounds(&olga, &trip);
    let outcomes: Vec<[&Value; 3]> = rounds
        .iter()
        .map(|round| [&round["policy"], &round["shadow"], &round["outcome"]])
        .collect();
    assert_eq!(
        json!(outcomes),
        json!([["nearest", false, "offered"], ["batch", true, "offered"]])
    );
    assert_eq!(offers(&olga, &trip)[1], Value::Null, "one offer");
    cab.does("accept", &trip).ok(200);
}

fn a_shadow_looks_on_what_everybody_hears_of(on: Database) {
    let mut town = town("broadcast", &json!({}));
    town["areas"]["features"][0]["properties"]["shadow"] = json!("batch");
    let mut service = Options::new(on).town(&town).with_clock().start();
    let near = Cab::on_shift(&service, "near", 100.0);
    let far = Cab::on_shift(&service, "far", 900.0);
    let trip = orders_at(&service, "ann", 0.0);
    service.advance(1.0);
    far.accept(&trip).ok(200);
    let other = orders_at(&service, "bea", 0.0);
    service.advance(1.0);
    near.accept(&other).ok(200);
    let olga = service.operator("olga");
    for (trip, driver) in [(&trip, "near"), (&other, "near")] {
        let rounds = rounds(&olga, trip);
        assert_eq!(rounds.len(), 1, "{rounds:?}");
        assert_eq!(rounds[0]["shadow"], true);
        assert_eq!(rounds[0]["drivers"][0]["username"], driver);
        assert_eq!(offers(&olga, trip), json!([]), "no driver is asked");
    }
    let compared = eventually("both are compared", || {
        let log = service.process().log();
        let lines = log
            .lines()
            .filter(|line| line.contains("Compared who took"));
        let lines: Vec<String> = lines.map(str::to_owned).collect();
        (lines.len() == 2).then_some(lines)
    });
    assert!(compared[0].contains("same=false"), "{compared:?}");
    assert!(compared[1].contains("same=true"), "{compared:?}");
}

fn an_operator_is_told_why(on: Database) {
    let mut service = batch(on);
    let mut near = Cab::on_shift(&service, "near", 100.0);
    let far = Cab::on_shift(&service, "far", 600.0);
    let mut taken = Cab::on_shift(&service, "taken", 300.0);
    let other = orders_at(&service, "bea", 300.0);
    service.advance(8.5);
    taken.receives(&other);
    taken.does("accept", &other).ok(200);
    let trip = orders_at(&service, "ann", 0.0);
    service.advance(3.0);
    near.waits_at(100.0);
    service.advance(5.5);
    near.receives(&trip);
    near.does("accept", &trip).ok(200);

    let olga = service.operator("olga");
    let rounds = rounds(&olga, &trip);
    let [round] = &rounds[..] else {
        panic!("there is one window: {rounds:?}");
    };
    assert_eq!(round["policy"], "batch");
    assert_eq!(round["outcome"], "offered");
    assert_eq!(round["drivers"][0]["username"], "near");
    assert_eq!(round["solver"]["name"], "exact");
    assert_eq!(round["solver"]["gap"], 0);
    assert_eq!(round["eta_by"], "straight");
    assert_eq!(round["same_again"], true);
    let first = &round["candidates"][0];
    assert_eq!((&first["metres"], &first["eta"]), (&json!(100), &json!(29)));
    let parts = &first["parts"];
    let sum = ["pick_up", "refusal", "idle", "waited"].map(|part| parts[part].as_i64());
    let [Some(pick_up), Some(refusal), Some(idle), Some(waited)] = sum else {
        panic!("these are four whole numbers: {parts}");
    };
    assert_eq!(pick_up, 29_000);
    assert_eq!(first["cost"], pick_up + refusal - idle - waited);
    assert_eq!(round["candidates"][1]["driver"]["username"], far.username);
    let left_out = &round["left_out"][0];
    assert_eq!(left_out["driver"]["username"], taken.username);
    assert_eq!(left_out["why"], "occupied");
    service.advance(50.0);
    near.does("arrive", &trip).ok(200);
    let account = account(&olga, &trip);
    assert_eq!(account["promise"]["eta"], 29);
    let took = account["promise"]["took"].as_i64().expect("a number");
    assert!(took >= 50, "{took}");
    let supply = olga.get("/api/supply/").ok(200);
    let late = took - 29;
    let expected = json!({"count": 1, "mean": late, "p50": late, "p90": late});
    assert_eq!(supply["promises"], expected);
    let fates = &account["offers"];
    assert_eq!(fates[0]["state"], "accepted", "{fates}");
    assert_eq!(fates[0]["driver"]["username"], "near", "{fates}");
    assert_eq!(fates[1], Value::Null);
}

fn the_account_is_for_operators(on: Database) {
    let service = batch(on);
    let rider = service.rider("ann");
    let trip = rider.orders(&json!({}));
    let path = path(&trip);
    rider.get(&path).problem(403, "not-allowed");
    let driver = service.driver("bob");
    driver.get(&path).problem(403, "not-allowed");
    service.http().get(&path).problem(401, "not-authenticated");
    let operator = service.operator("olga");
    let unknown = "/api/trip/00000000000000000000000000000000/dispatch/";
    operator.get(unknown).problem(404, "not-found");
}

fn a_shell_is_told_why(on: Database) {
    let mut service = batch(on);
    let mut cab = Cab::on_shift(&service, "bob", 100.0);
    let trip = orders_at(&service, "ann", 0.0);
    service.advance(8.5);
    cab.receives(&trip);
    let explained = service.home().must_run(&["explain", nk(&trip)], "");
    for part in [
        "REQUESTED, attempt 1",
        "offered to bob",
        "the best there is",
        "decided anew from this record: the same",
        "delivered",
    ] {
        assert!(explained.contains(part), "{part}: {explained}");
    }
    for (word, rule) in [
        ("nonsense", "32 hex digits"),
        ("00000000000000000000000000000000", "no such trip"),
    ] {
        let refused = service.home().run(&["explain", word], "");
        assert!(!refused.status.success(), "{word}");
        let errors = String::from_utf8_lossy(&refused.stderr);
        assert!(errors.contains(rule), "{word}: {errors}");
    }
}

fn path(trip: &Value) -> String {
    format!("/api/trip/{}/dispatch/", nk(trip))
}

#[track_caller]
pub fn account(operator: &Operator, trip: &Value) -> Value {
    operator.get(&path(trip)).ok(200)
}

#[track_caller]
fn rounds(operator: &Operator, trip: &Value) -> Vec<Value> {
    let account = account(operator, trip);
    account["rounds"].as_array().expect("a list").clone()
}

#[track_caller]
fn offers(operator: &Operator, trip: &Value) -> Value {
    account(operator, trip)["offers"].clone()
}
