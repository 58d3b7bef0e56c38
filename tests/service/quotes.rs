//! Quotes: the price of a trip before it is ordered, and the terms that an order with a quote keeps.

use serde_json::{Value, json};

use crate::bookings::later;
use crate::harness::{
    Answer, Database, Options, Rider, STAND, Service, Test, location, north_of, tests, town,
};

pub fn tests() -> Vec<Test> {
    tests![
        every_class_with_a_tariff_is_quoted,
        one_class_is_quoted_alone,
        a_short_way_costs_the_minimum,
        high_demand_is_a_line_of_its_own,
        what_cannot_be_quoted_is_named,
        only_riders_ask,
        a_quote_locks_its_terms_over_a_dearer_town,
        a_quote_expires_after_five_minutes,
        a_quote_is_for_one_rider_one_way_and_one_class,
        a_quote_holds_for_the_time_that_it_was_made_for,
        without_a_town_nothing_is_quoted,
    ]
}

/// A town file with one area and the tariffs of these tests.
pub fn fares() -> Value {
    town(
        "broadcast",
        &json!({
            "currency": "EUR",
            "classes": {
                "bike": {},
                "standard": {"tariff": {
                    "base": 250, "per_km": 180, "per_minute": 30, "minimum": 600, "rounding": 10, "waiting_per_minute": 40,
                }},
                "van": {"tariff": {"base": 400, "per_km": 240, "per_minute": 40, "minimum": 900}},
            },
        }),
    )
}

/// The same town file with the members of `more` at its top level.
pub fn fares_with(more: &Value) -> Value {
    let mut town = fares();
    for (name, value) in more.as_object().expect("an object") {
        town[name] = value.clone();
    }
    town
}

#[track_caller]
fn quoted(service: &Service, rider: &Rider, metres: f64, class: Option<&str>) -> Answer {
    assert_eq!(rider.address, service.address);
    let mut fields = route(metres);
    if let Some(class) = class {
        fields["class"] = json!(class);
    }
    rider.post("/api/quote/", &fields)
}

/// Pick-up at the stand and drop-off so many metres north of it.
fn route(metres: f64) -> Value {
    json!({"pick_up_location": location(STAND), "drop_off_location": location(north_of(STAND, metres))})
}

/// The quotes of an answer without their ids and times, which differ each time.
#[track_caller]
fn prices(answer: &Answer) -> Value {
    let mut quotes = answer.ok(200);
    for quote in quotes["quotes"]
        .as_array_mut()
        .expect("there is a list of quotes")
    {
        let id = quote["id"].as_str().expect("a quote has an id");
        assert_eq!(id.len(), 32, "{quote}");
        assert!(quote["expires"].is_string(), "{quote}");
        let quote = quote.as_object_mut().expect("a quote is an object");
        quote.remove("id");
        quote.remove("expires");
    }
    quotes
}

/// The id of the only quote, for the class `standard`.
#[track_caller]
fn a_quote(service: &Service, rider: &Rider) -> Value {
    quoted(service, rider, 3_000.0, Some("standard")).ok(200)["quotes"][0]["id"].clone()
}

fn standard_fare() -> Value {
    json!({
        "currency": "EUR",
        "total": 1_310,
        "lines": [
            {"kind": "base", "amount": 250},
            {"kind": "distance", "amount": 702, "quantity": 3_900},
            {"kind": "time", "amount": 351, "quantity": 702},
            {"kind": "rounding", "amount": 7},
        ],
    })
}

fn every_class_with_a_tariff_is_quoted(on: Database) {
    let service = Options::new(on).town(&fares()).start();
    let rider = service.rider("ann");
    let van = json!({
        "currency": "EUR",
        "total": 1_804,
        "lines": [
            {"kind": "base", "amount": 400},
            {"kind": "distance", "amount": 936, "quantity": 3_900},
            {"kind": "time", "amount": 468, "quantity": 702},
        ],
    });
    let expected = json!({"quotes": [
        {"class": "standard", "metres": 3_900, "seconds": 702, "fare": standard_fare()},
        {"class": "van", "metres": 3_900, "seconds": 702, "fare": van},
    ]});
    let answer = quoted(&service, &rider, 3_000.0, None);
    assert_eq!(prices(&answer), expected);
    // A drop-off may be outside every area.
    let beyond = json!({"pick_up_location": location(STAND), "drop_off_location": {"lat": 40.0, "lon": 0.0}});
    rider.post("/api/quote/", &beyond).ok(200);
}

fn one_class_is_quoted_alone(on: Database) {
    let service = Options::new(on).town(&fares()).start();
    let rider = service.rider("ann");
    let one = prices(&quoted(&service, &rider, 3_000.0, Some("standard")));
    assert_eq!(one["quotes"][0]["fare"], standard_fare());
    assert_eq!(one["quotes"].as_array().map(Vec::len), Some(1));
    let without_tariff = quoted(&service, &rider, 3_000.0, Some("bike"));
    assert_eq!(without_tariff.ok(200), json!({"quotes": []}));
    let body = quoted(&service, &rider, 3_000.0, Some("boat")).names_field("class");
    let rule = "There is no such class here; there is: bike, standard, van.";
    assert_eq!(body["errors"], json!({"class": [rule]}));
}

fn a_short_way_costs_the_minimum(on: Database) {
    let service = Options::new(on).town(&fares()).start();
    let rider = service.rider("ann");
    let quotes = prices(&quoted(&service, &rider, 100.0, Some("standard")));
    let fare = json!({
        "currency": "EUR",
        "total": 600,
        "lines": [
            {"kind": "base", "amount": 250},
            {"kind": "distance", "amount": 23, "quantity": 130},
            {"kind": "time", "amount": 12, "quantity": 24},
            {"kind": "minimum", "amount": 315},
        ],
    });
    assert_eq!(quotes["quotes"][0]["fare"], fare);
}

fn high_demand_is_a_line_of_its_own(on: Database) {
    let town = fares_with(&json!({"surge": {"permille": 1_500}}));
    let service = Options::new(on).town(&town).start();
    let rider = service.rider("ann");
    let quotes = prices(&quoted(&service, &rider, 3_000.0, Some("standard")));
    let fare = &quotes["quotes"][0]["fare"];
    let surge = json!({"kind": "surge", "amount": 652, "quantity": 1_500});
    assert_eq!((&fare["lines"][3], &fare["total"]), (&surge, &json!(1_960)));
}

fn what_cannot_be_quoted_is_named(on: Database) {
    let service = Options::new(on).town(&fares()).start();
    let rider = service.rider("ann");
    let outside = json!({"pick_up_location": {"lat": 40.0, "lon": 0.0}, "drop_off_location": location(STAND)});
    let body = rider
        .post("/api/quote/", &outside)
        .names_field("pick_up_location");
    let rule = "The pick-up is outside every service area.";
    assert_eq!(body["errors"], json!({"pick_up_location": [rule]}));

    let required = json!(["This field is required."]);
    let both = json!({"pick_up_location": required, "drop_off_location": required});
    let body = rider
        .post("/api/quote/", &json!({}))
        .names_field("pick_up_location");
    assert_eq!(body["errors"], both);
    for (field, wrong) in [
        ("pick_up_location", json!({"lat": 91, "lon": 0})),
        ("drop_off_location", json!("48.1,11.6")),
        ("drop_off_location", json!(null)),
        ("class", json!("A B")),
        ("class", json!("x".repeat(33))),
    ] {
        let mut fields = route(3_000.0);
        fields[field] = wrong;
        rider.post("/api/quote/", &fields).names_field(field);
    }
}

fn only_riders_ask(on: Database) {
    let service = Options::new(on).town(&fares()).start();
    for client in [&service.driver("bob").0, &service.operator("olga").0] {
        client
            .post("/api/quote/", &route(3_000.0))
            .problem(403, "not-allowed");
    }
    service
        .http()
        .post("/api/quote/", &route(3_000.0))
        .problem(401, "not-authenticated");
}

fn a_quote_locks_its_terms_over_a_dearer_town(on: Database) {
    let mut service = Options::new(on).town(&fares()).with_clock().start();
    let (mut rider, mut driver) = (service.rider("ann"), service.driver("bob"));
    let quote = a_quote(&service, &rider);
    service.stop();
    let tariff = json!({"base": 9_000, "rounding": 1});
    let dearer = fares_with(&json!({"classes": {"standard": {"tariff": tariff}}}));
    std::fs::write(service.home().dir().join("town.json"), dearer.to_string())
        .expect("there is room for a file");
    service.restart();
    rider.follow(&service);
    driver.follow(&service);

    let trip = rider.orders(&json!({"quote": quote}));
    assert_eq!(trip["quote"], standard_fare());
    let other = rider.orders(&json!({}));
    assert_eq!(other["quote"]["total"], 9_000);
    // The ride has no positions, so it is charged for the distance of its quote.
    driver.accept(&trip).ok(200);
    driver.start(&trip).ok(200);
    service.advance(702.0);
    let done = driver.complete(&trip).ok(200);
    assert_eq!(done["quote"], trip["quote"]);
    for line in 0..2 {
        let priced = |fare: &Value| fare["lines"][line].clone();
        assert_eq!(priced(&done["fare"]), priced(&trip["quote"]), "{done}");
    }
}

fn a_quote_expires_after_five_minutes(on: Database) {
    let mut service = Options::new(on).town(&fares()).with_clock().start();
    let rider = service.rider("ann");
    let quote = json!({"quote": a_quote(&service, &rider)});
    service.advance(270.0);
    let trip = rider.orders(&quote);
    assert_eq!(trip["quote"], standard_fare());
    service.advance(31.0);
    is_refused(&rider, &quote, "There is no such quote, or it has expired.");
}

#[track_caller]
fn is_refused(rider: &Rider, more: &Value, rule: &str) {
    let mut fields = route(3_000.0);
    fields["pick_up_address"] = json!("The stand");
    fields["drop_off_address"] = json!("Elsewhere");
    for (name, value) in more.as_object().expect("an object") {
        fields[name] = value.clone();
    }
    let body = rider.ask(&fields).names_field("quote");
    assert_eq!(body["errors"], json!({"quote": [rule]}));
}

fn a_quote_is_for_one_rider_one_way_and_one_class(on: Database) {
    let service = Options::new(on).town(&fares()).start();
    let (rider, other) = (service.rider("ann"), service.rider("amy"));
    let quote = a_quote(&service, &rider);
    let unknown = "There is no such quote, or it has expired.";
    is_refused(&other, &json!({"quote": quote}), unknown);
    is_refused(&rider, &json!({"quote": "0".repeat(32)}), unknown);
    let form = "A quote's id has 32 hex digits.";
    is_refused(&rider, &json!({"quote": "0193"}), form);
    let another = "The quote is for another way, another class or another time.";
    let elsewhere = location(north_of(STAND, 4_000.0));
    for more in [
        json!({"quote": quote, "drop_off_location": elsewhere}),
        json!({"quote": quote, "pick_up_location": location(north_of(STAND, 10.0))}),
        json!({"quote": quote, "class": "van"}),
    ] {
        is_refused(&rider, &more, another);
    }
    let mut fields = json!({"pick_up_address": "A", "drop_off_address": "B", "quote": quote});
    let body = rider.ask(&fields).names_field("quote");
    assert_eq!(body["errors"], json!({"quote": [another]}));
    assert_eq!(rider.trips(), [0; 0].map(Value::from));
    // The default class is the same as none.
    fields["class"] = json!("standard");
    for (name, value) in route(3_000.0).as_object().expect("an object") {
        fields[name] = value.clone();
    }
    assert_eq!(rider.ask(&fields).ok(201)["quote"], standard_fare());
}

fn a_quote_holds_for_the_time_that_it_was_made_for(on: Database) {
    let service = Options::new(on).town(&fares()).start();
    let rider = service.rider("ann");
    let another = "The quote is for another way, another class or another time.";
    let days = |days: i64| later(&rider, days * 86_400);
    let now = a_quote(&service, &rider);
    let (far, farther) = (days(20), days(29));
    is_refused(
        &rider,
        &json!({"quote": now, "pick_up_at": farther}),
        another,
    );

    let mut fields = route(3_000.0);
    fields["class"] = json!("standard");
    // A time may be given with more digits than the answer shows.
    let precise = farther.as_str().map(|at| at.replace('Z', "789Z"));
    fields["pick_up_at"] = json!(precise);
    let quoted = rider.post("/api/quote/", &fields).ok(200)["quotes"][0].clone();
    assert_eq!(quoted["fare"], standard_fare());
    let later = quoted["id"].clone();
    is_refused(&rider, &json!({"quote": later}), another);
    is_refused(&rider, &json!({"quote": later, "pick_up_at": far}), another);
    let trip = rider.orders(&json!({"quote": later, "pick_up_at": quoted["pick_up_at"]}));
    assert_eq!(trip["quote"], standard_fare());
    assert_eq!(trip["pick_up_at"], quoted["pick_up_at"]);

    for wrong in [json!("tomorrow"), json!(days(-1)), json!(days(31))] {
        fields["pick_up_at"] = wrong;
        rider.post("/api/quote/", &fields).names_field("pick_up_at");
    }
}

fn without_a_town_nothing_is_quoted(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let answer = quoted(&service, &rider, 3_000.0, None);
    assert_eq!(answer.ok(200), json!({"quotes": []}));
    quoted(&service, &rider, 3_000.0, Some("van")).names_field("class");
}
