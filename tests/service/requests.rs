//! Requests over HTTP: the answer, the rules of their fields, and how many trips a rider may have.

use serde_json::{Value, json};

use crate::harness::{Database, Rider, Service, Test, at_once, keys, nk, tests};

pub fn tests() -> Vec<Test> {
    tests![
        a_request_answers_the_trip_object,
        what_was_answered_is_what_is_stored,
        a_form_body_requests_a_trip_too,
        coordinates_are_kept_and_follow_the_object,
        one_place_may_have_coordinates_and_the_other_not,
        coordinates_off_the_earth_are_named,
        addresses_keep_any_text,
        addresses_have_1_to_255_characters,
        an_address_that_is_missing_or_no_text_is_named,
        nobody_requests_for_somebody_else,
        only_riders_request,
        a_rider_has_three_active_trips,
        the_number_of_active_trips_can_be_set,
        an_ended_trip_makes_room_for_another,
        a_rider_never_has_more_trips_than_allowed,
    ]
}

const NO_TRIPS: [Value; 0] = [];

#[track_caller]
fn is_a_time(value: &Value) {
    let text = value.as_str().expect("a time is a string");
    let shape: String = text
        .chars()
        .map(|c| if c.is_ascii_digit() { '9' } else { c })
        .collect();
    assert_eq!(shape, "9999-99-99T99:99:99.999999Z", "{text}");
}

fn a_request_answers_the_trip_object(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let answer = rider.ask(&json!({"pick_up_address": "A", "drop_off_address": "B"}));
    let trip = answer.ok(201);
    let order = [
        "id",
        "rider",
        "driver",
        "nk",
        "created",
        "updated",
        "pick_up_address",
        "drop_off_address",
        "status",
    ];
    assert_eq!(keys(&answer.text), order);
    let (_, rest) = answer
        .text
        .split_once("\"rider\":")
        .expect("the rider is named");
    let (party, _) = rest.split_once('}').expect("the rider is an object");
    assert_eq!(
        keys(&format!("{party}}}")),
        ["id", "username", "first_name", "last_name"]
    );
    assert!(trip["id"].as_i64().is_some_and(|id| id > 0), "{trip}");
    let key = nk(&trip);
    assert!(
        key.len() == 32 && key.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f')),
        "{key}"
    );
    is_a_time(&trip["created"]);
    assert_eq!(trip["updated"], trip["created"]);
    assert_eq!(
        (&trip["rider"], &trip["driver"]),
        (&rider.party(), &Value::Null)
    );
    assert_eq!(
        (&trip["pick_up_address"], &trip["drop_off_address"]),
        (&json!("A"), &json!("B"))
    );
    assert_eq!(trip["status"], "REQUESTED");
    assert_eq!(answer.header("content-type"), Some("application/json"));
}

fn what_was_answered_is_what_is_stored(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let answer = rider.ask(&json!({"pick_up_address": "A", "drop_off_address": "B"}));
    let trip = answer.ok(201);
    let path = format!("/api/trip/{}/", nk(&trip));
    assert_eq!(rider.get(&path).text, answer.text);
    assert_eq!(driver.get(&path).text, answer.text);
    assert_eq!(rider.get("/api/trip/").text, format!("[{}]", answer.text));
    let accepted = driver.accept(&trip);
    assert_eq!(accepted.ok(200)["driver"], driver.party());
    assert_eq!(rider.get(&path).text, accepted.text);
}

fn a_form_body_requests_a_trip_too(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let form = "pick_up_address=Caf%C3%A9+1&drop_off_address=B";
    let trip = rider.call("POST", "/api/trip/").form(form).send().ok(201);
    assert_eq!(trip["pick_up_address"], "Café 1");
}

fn coordinates_are_kept_and_follow_the_object(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let (from, to) = (
        json!({"lat": 48.137_154, "lon": 11.576_124}),
        json!({"lat": -90, "lon": 180}),
    );
    let answer = rider.ask(&json!({
        "pick_up_address": "A", "drop_off_address": "B", "pick_up_location": from, "drop_off_location": to,
    }));
    let trip = answer.ok(201);
    assert_eq!(
        keys(&answer.text)[8..],
        ["status", "pick_up_location", "drop_off_location"]
    );
    assert_eq!(trip["pick_up_location"], from);
    let corner = &trip["drop_off_location"];
    assert_eq!(
        (corner["lat"].as_f64(), corner["lon"].as_f64()),
        (Some(-90.0), Some(180.0))
    );
    assert_eq!(rider.trip(nk(&trip)), trip);
}

fn one_place_may_have_coordinates_and_the_other_not(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let place = json!({"lat": 0.0, "lon": -0.5});
    let trip = rider
        .ask(&json!({"pick_up_address": "A", "drop_off_address": "B", "drop_off_location": place}))
        .ok(201);
    assert!(trip.get("pick_up_location").is_none(), "{trip}");
    assert_eq!(trip["drop_off_location"], place);
    assert_eq!(rider.trip(nk(&trip)), trip);
}

fn coordinates_off_the_earth_are_named(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    for place in [
        r#"{"lat": 90.000001, "lon": 0}"#,
        r#"{"lat": -91, "lon": 0}"#,
        r#"{"lat": 0, "lon": 180.5}"#,
        r#"{"lat": 0, "lon": -181}"#,
        r#"{"lat": 1e300, "lon": 0}"#,
        r#"{"lat": "NaN", "lon": 0}"#,
        r#"{"lat": "48.1", "lon": "11.6"}"#,
        r#"{"lat": 48.1}"#,
        r#"{"lon": 11.6}"#,
        r#"{"lat": null, "lon": null}"#,
        r#"{}"#,
        r#"[48.1, 11.6]"#,
        r#""48.1,11.6""#,
        r#"48.1"#,
        r#"true"#,
    ] {
        for field in ["pick_up_location", "drop_off_location"] {
            let body = format!(
                r#"{{"pick_up_address": "A", "drop_off_address": "B", "{field}": {place}}}"#
            );
            let answer = rider
                .call("POST", "/api/trip/")
                .body("application/json", body)
                .send();
            answer.names_field(field);
        }
    }
    // NaN is not JSON.
    let body = r#"{"pick_up_address": "A", "drop_off_address": "B", "pick_up_location": {"lat": NaN, "lon": 0}}"#;
    rider
        .call("POST", "/api/trip/")
        .body("application/json", body)
        .send()
        .problem(400, "unreadable");
    assert_eq!(rider.trips(), NO_TRIPS);
}

fn addresses_keep_any_text(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let text = "Caf\u{e9} \"Zo\u{eb}\" \\ 5 </b> \u{4eac}\u{90fd} \u{1f695}\n\ttwo lines";
    let trip = rider.request(text, " B ");
    assert_eq!(
        (&trip["pick_up_address"], &trip["drop_off_address"]),
        (&json!(text), &json!(" B "))
    );
    assert_eq!(rider.trip(nk(&trip)), trip);
}

/// The taxi is one character of four bytes.
fn addresses_have_1_to_255_characters(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let (most, more) = ("\u{1f695}".repeat(255), "\u{1f695}".repeat(256));
    assert_eq!(rider.request(&most, "B")["pick_up_address"], json!(most));
    for bad in ["", " ", &more, "a\u{0}b"] {
        rider
            .ask(&json!({"pick_up_address": bad, "drop_off_address": "B"}))
            .names_field("pick_up_address");
        rider
            .ask(&json!({"pick_up_address": "A", "drop_off_address": bad}))
            .names_field("drop_off_address");
    }
    assert_eq!(rider.trips().len(), 1);
}

fn an_address_that_is_missing_or_no_text_is_named(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let answer = rider.ask(&json!({}));
    for field in ["pick_up_address", "drop_off_address"] {
        assert_eq!(
            answer.names_field(field)[field],
            json!(["This field is required."])
        );
    }
    for bad in [
        json!(5),
        json!(true),
        json!(["A"]),
        json!({"text": "A"}),
        Value::Null,
    ] {
        let body = rider
            .ask(&json!({"pick_up_address": bad, "drop_off_address": "B"}))
            .names_field("pick_up_address");
        assert!(body["errors"].get("drop_off_address").is_none(), "{body}");
    }
    rider
        .post("/api/trip/", &json!(["A", "B"]))
        .problem(400, "unreadable");
}

fn nobody_requests_for_somebody_else(on: Database) {
    let service = Service::start(on);
    let (rider, other) = (service.rider("ann"), service.rider("amy"));
    let answer = rider.ask(&json!({
        "pick_up_address": "A", "drop_off_address": "B", "rider": other.party(), "id": 99, "status": "COMPLETED",
        "nk": "f".repeat(32), "created": "2000-01-01T00:00:00Z",
    }));
    // The service ignores the other fields or refuses the foreign rider; either way amy gets no trip.
    if answer.status == 201 {
        let trip = answer.json();
        assert_eq!(
            (&trip["rider"], &trip["status"]),
            (&rider.party(), &json!("REQUESTED"))
        );
        assert!(
            nk(&trip) != "f".repeat(32)
                && !trip["created"]
                    .as_str()
                    .unwrap_or_default()
                    .starts_with("2000")
        );
    }
    assert_eq!(other.trips(), NO_TRIPS);
}

fn only_riders_request(on: Database) {
    let service = Service::start(on);
    let fields = json!({"pick_up_address": "A", "drop_off_address": "B"});
    service
        .driver("bob")
        .post("/api/trip/", &fields)
        .problem(403, "not-allowed");
    service
        .operator("olga")
        .post("/api/trip/", &fields)
        .problem(403, "not-allowed");
}

#[track_caller]
fn has_room_for(rider: &Rider, count: usize) {
    for n in 0..count {
        rider.request(&n.to_string(), "B");
    }
    rider
        .ask(&json!({"pick_up_address": "A", "drop_off_address": "B"}))
        .problem(409, "too-many-trips");
    assert_eq!(rider.trips().len(), count);
}

fn a_rider_has_three_active_trips(on: Database) {
    let service = Service::start(on);
    has_room_for(&service.rider("ann"), 3);
    has_room_for(&service.rider("amy"), 3);
}

fn the_number_of_active_trips_can_be_set(on: Database) {
    let service = Service::with(on, &["--rider-trips", "1"]);
    has_room_for(&service.rider("ann"), 1);
}

fn an_ended_trip_makes_room_for_another(on: Database) {
    let service = Service::with(on, &["--rider-trips", "1"]);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    rider.cancel(&rider.request("1", "B")).ok(200);
    let trip = rider.request("2", "B");
    for command in [driver.accept(&trip), driver.start(&trip)] {
        command.ok(200);
        rider
            .ask(&json!({"pick_up_address": "A", "drop_off_address": "B"}))
            .problem(409, "too-many-trips");
    }
    driver.complete(&trip).ok(200);
    rider.request("3", "B");
}

fn a_rider_never_has_more_trips_than_allowed(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    for _ in 0..5 {
        let answers = at_once((0..8).map(|n| {
            let http = rider.again();
            move || {
                http.post(
                    "/api/trip/",
                    &json!({"pick_up_address": n.to_string(), "drop_off_address": "B"}),
                )
            }
        }));
        let made: Vec<Value> = answers
            .iter()
            .filter(|a| a.status == 201)
            .map(|a| a.json())
            .collect();
        assert_eq!(made.len(), 3, "{answers:?}");
        for answer in answers.iter().filter(|answer| answer.status != 201) {
            answer.problem(409, "too-many-trips");
        }
        for trip in made {
            rider.cancel(&trip).ok(200);
        }
    }
}
