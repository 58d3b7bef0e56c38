//! Towns: what holds where, and what is agreed on. `wrong.rs` has the files that are refused.

mod wrong;

use serde_json::{Value, json};

use super::*;
use domain::Duties;
use domain::fare::Ridden;

const EXAMPLE: &str = include_str!("../../../docs/town.example.json");

fn at(lat: f64, lon: f64) -> Coordinates {
    Coordinates::new(lat, lon).expect("on earth")
}

fn class(name: &str) -> VehicleClass {
    VehicleClass::parse(name).expect("a class")
}

/// A feature from that corner, a degree wide and high.
fn square(lon: f64, lat: f64, properties: &Value) -> Value {
    let (east, north) = (lon + 1.0, lat + 1.0);
    let ring = json!([
        [lon, lat],
        [east, lat],
        [east, north],
        [lon, north],
        [lon, lat]
    ]);
    let geometry = json!({"type": "Polygon", "coordinates": [ring]});
    json!({"type": "Feature", "properties": properties, "geometry": geometry})
}

fn with_areas(mut town: Value, areas: &[Value]) -> Value {
    town["areas"] = json!({"type": "FeatureCollection", "features": areas});
    town
}

#[track_caller]
fn town(file: &Value) -> Town {
    Town::parse(&file.to_string()).expect("a town")
}

#[test]
fn an_empty_file_decides_nothing_but_what_drivers_owe() {
    let town = town(&json!({}));
    assert_eq!(Town::default().decisions.duties, None);
    let decisions = Decisions {
        duties: Some(Duties::default()),
        ..Decisions::default()
    };
    let expected = Town {
        decisions,
        ..Town::default()
    };
    assert_eq!(town, expected);
    let rules = town.place(Some(at(0.0, 0.0))).expect("no areas");
    assert_eq!((rules.area, rules.policy), (None, Policy::Broadcast));
    assert_eq!(rules.offering, Offering::default());
    assert_eq!(rules.search_seconds, None);
    assert_eq!(
        town.terms(&rules, &VehicleClass::default(), Some((1, 1))),
        None
    );
    assert!(town.classes().eq([&VehicleClass::default()]));
    assert!(town.has_class(&VehicleClass::default()) && !town.has_class(&class("van")));
}

#[test]
fn the_example_of_the_documentation_is_a_town() {
    let town = Town::parse(EXAMPLE).expect("the example is right");
    assert!(town.classes().eq([&class("standard"), &class("van")]));
    let name = |lat, lon| town.area(at(lat, lon)).map(Area::name);
    assert_eq!(name(53.552, 9.9895), Some("station"), "before the town");
    assert_eq!(name(53.550, 9.960), Some("town"));
    assert_eq!(name(53.560, 9.998), None, "the lake is a hole");
    assert_eq!(name(53.570, 9.900), Some("outskirts"));
    assert_eq!(name(53.580, 10.080), Some("outskirts"), "its other part");
    assert_eq!(name(9.960, 53.550), None, "longitude comes first");
    let station = town.place(Some(at(53.552, 9.9895))).expect("it is served");
    assert_eq!(station.surge.permille, 1_200);
    assert!(station.ride_code);
    let outskirts = town.place(Some(at(53.570, 9.900))).expect("it is served");
    assert_eq!(outskirts.search_seconds, Some(1_200));
}

/// The defaults stand in the example; a key that the parser reads and the example does not have would show here.
#[test]
fn the_example_says_the_defaults_where_it_can() {
    let mut file: Value = serde_json::from_str(EXAMPLE).expect("JSON");
    file.as_object_mut().expect("an object").remove("areas");
    for fee in ["fee", "no_show_fee", "reasons"] {
        let fees = file["cancellation"].as_object_mut();
        fees.expect("an object").remove(fee);
    }
    let town = town(&file);
    let defaults = Decisions::default();
    let decided = Decisions {
        policy: Policy::Nearest,
        shadow: Some(Policy::Batch),
        duties: Some(Duties::default()),
        concerns_trips: true,
        ..defaults
    };
    assert_eq!(town.decisions, decided);
    assert_eq!(town.scheduling, Scheduling::default());
}

fn keys<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    for (key, inner) in value.as_object().into_iter().flatten() {
        found.push(key);
        keys(inner, found);
    }
    for inner in value.as_array().into_iter().flatten() {
        keys(inner, found);
    }
}

#[test]
fn every_key_of_the_example_is_explained() {
    let page = include_str!("../../../docs/operations.md");
    let file: Value = serde_json::from_str(EXAMPLE).expect("JSON");
    let mut found = Vec::new();
    keys(&file, &mut found);
    let of_geojson = ["type", "features", "geometry", "coordinates"];
    found.retain(|key| !of_geojson.contains(key) && *key != "standard" && *key != "van");
    assert!(found.len() > 30);
    for key in found {
        let is_there = page.contains(&format!("`{key}`")) || page.contains(&format!("\"{key}\":"));
        assert!(is_there, "{key}");
    }
}

#[test]
fn an_area_takes_from_the_town_what_it_does_not_say() {
    let file = json!({
        "currency": "EUR",
        "policy": "nearest",
        "offering": {"wave": 2, "candidates": 7},
        "waiting": {"free_seconds": 60},
        "cancellation": {"fee": 100, "no_show_fee": 200},
        "surge": {"permille": 1_100},
        "scheduling": {"lead_seconds": 60},
    });
    let own = json!({
        "name": "b",
        "policy": "broadcast",
        "offering": {"wave": 3},
        "ride_code": true,
        "waiting": {"free_seconds": 0},
        "cancellation": {"fee": 0, "reasons": [{"reason": "x"}]},
        "surge": {"permille": 1_500},
        "search_seconds": 30,
    });
    let areas = [
        square(0.0, 0.0, &json!({"name": "a"})),
        square(5.0, 0.0, &own),
    ];
    let town = town(&with_areas(file, &areas));
    let a = town.place(Some(at(0.5, 0.5))).expect("in a");
    let plain = town.rules(Some("a"), &town.decisions);
    assert_eq!(a, plain);
    let b = town.place(Some(at(0.5, 5.5))).expect("in b");
    assert_eq!((b.area, b.policy), (Some("b"), Policy::Broadcast));
    assert_eq!((b.offering.wave, b.offering.candidates), (3, 7));
    assert_eq!((b.ride_code, b.free_waiting_seconds), (true, 0));
    assert_eq!(b.cancellation.fee.units(), 0);
    assert_eq!(b.cancellation.no_show_fee.units(), 200);
    assert_eq!(b.cancellation.reasons.len(), 1);
    assert_eq!((b.surge.permille, b.search_seconds), (1_500, Some(30)));
    assert_eq!(b.scheduling.lead_seconds, 60);
}

#[test]
fn the_first_area_wins_and_borders_belong_to_it() {
    let areas = [
        square(0.0, 0.0, &json!({"name": "west"})),
        square(1.0, 0.0, &json!({"name": "east"})),
        square(0.5, 0.0, &json!({"name": "between"})),
    ];
    let town = town(&with_areas(json!({}), &areas));
    let name = |lat, lon| town.area(at(lat, lon)).map(Area::name);
    assert_eq!(name(0.5, 0.75), Some("west"));
    assert_eq!(name(0.5, 1.0), Some("west"));
    assert_eq!(name(0.5, 1.25), Some("east"));
    assert_eq!(name(0.5, 2.0), Some("east"));
    assert_eq!(name(0.5, 2.001), None);
    assert_eq!(
        town.place(Some(at(0.5, 2.001))),
        Err(Unserved::OutsideEveryArea)
    );
}

#[test]
fn a_trip_without_coordinates_is_heard_by_all() {
    let nowhere = |file: &Value| town(file).place(None).map(|rules| rules.policy);
    let nearest = json!({"policy": "nearest"});
    assert_eq!(nowhere(&nearest), Ok(Policy::Broadcast), "no areas");
    let named = square(0.0, 0.0, &json!({"name": "a"}));
    let all = square(0.0, 0.0, &json!({"name": "b", "policy": "broadcast"}));
    let one = with_areas(nearest.clone(), std::slice::from_ref(&named));
    assert_eq!(nowhere(&one), Err(Unserved::LocationNeeded));
    let two = with_areas(nearest, &[named, all]);
    assert_eq!(nowhere(&two), Ok(Policy::Broadcast));
    let own = square(0.0, 0.0, &json!({"name": "a", "policy": "nearest"}));
    let town = with_areas(json!({"policy": "broadcast"}), &[own]);
    assert_eq!(nowhere(&town), Ok(Policy::Broadcast), "the town's policy");
}

#[test]
fn a_trip_is_quoted_by_what_is_expected() {
    let town = Town::parse(EXAMPLE).expect("the example is right");
    let rules = town.place(Some(at(53.552, 9.9895))).expect("it is served");
    let terms = town
        .terms(&rules, &class("standard"), Some((5_000, 900)))
        .expect("there is a tariff");
    // 250 + 900 + 450, a fifth of it, to a multiple of 10.
    let quoted = terms.quoted.as_ref().expect("it is estimated");
    assert_eq!((quoted.total, quoted.currency.as_str()), (1_920, "EUR"));
    assert_eq!((terms.free_waiting_s, terms.free_cancel_s), (600, 120));
    assert_eq!(terms.cancel_fee.units(), 300);
    assert_eq!(terms.no_show_fee.units(), 500);
    assert_eq!(terms.reasons.len(), 2);
    assert!(rules.ride_code);
    let ridden = Ridden {
        metres: 5_000,
        seconds: 900,
        waited_seconds: 600,
    };
    assert_eq!(terms.final_fare(ridden).as_ref(), Some(quoted));
    let open = town.terms(&rules, &class("van"), None).expect("a tariff");
    assert_eq!(open.quoted, None);
}

#[test]
fn there_are_terms_if_there_is_something_to_agree_on() {
    let agreed = |file: Value| {
        let town = town(&file);
        let rules = town.place(Some(at(0.5, 0.5))).expect("it is served");
        town.terms(&rules, &VehicleClass::default(), Some((1, 1)))
    };
    assert_eq!(agreed(json!({"policy": "nearest"})), None);
    assert_eq!(agreed(json!({"ride_code": false})), None);
    for file in [
        json!({"ride_code": true}),
        json!({"waiting": {}}),
        json!({"cancellation": {"reasons": [{"reason": "x"}]}}),
        json!({"currency": "EUR", "classes": {"standard": {}, "van": {"tariff": {}}}}),
        with_areas(
            json!({}),
            &[square(0.0, 0.0, &json!({"name": "a", "ride_code": true}))],
        ),
    ] {
        let terms = agreed(file.clone()).unwrap_or_else(|| panic!("{file}"));
        assert_eq!((terms.tariff, terms.quoted), (None, None), "{file}");
    }
}
