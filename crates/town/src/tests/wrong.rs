//! Town files that are refused: each rule by name, with the path of its field.

use serde_json::{Value, json};

use super::{square, with_areas};
use crate::{Town, TownError};

fn wrong(text: &str) -> TownError {
    Town::parse(text).expect_err(text)
}

#[track_caller]
fn assert_wrong(file: &Value, path: &str, rule: &str) {
    let error = wrong(&file.to_string());
    assert_eq!(error.path, path, "{error}");
    assert!(error.rule.contains(rule), "{error}");
}

/// The path to a number, and the numbers that are just too small and too large.
#[test]
fn every_number_has_its_bounds() {
    let bounds = [
        ("offering.wave", json!(0), json!(4)),
        ("offering.deliver_seconds", json!(0), json!(61)),
        ("offering.decide_seconds", json!(0), json!(601)),
        ("offering.first_eta_seconds", json!(0), json!(86_401)),
        ("offering.growth", json!(0.99), json!(5.01)),
        ("offering.eta_max_seconds", json!(0), json!(86_401)),
        ("offering.look_again_seconds", json!(0), json!(601)),
        ("offering.candidates", json!(0), json!(101)),
        ("offering.window_shortest_ms", json!(-1), json!(10_001)),
        ("offering.window_longest_ms", json!(-1), json!(60_001)),
        ("waiting.free_seconds", json!(-1), json!(86_401)),
        ("cancellation.free_seconds", json!(-1), json!(86_401)),
        ("surge.permille", json!(999), json!(5_001)),
        ("surge.max_permille", json!(999), json!(5_001)),
    ];
    for (path, low, high) in bounds {
        let (block, key) = path.split_once('.').expect("two parts");
        for number in [low, high] {
            let given = json!({ block: { key: number } });
            assert_wrong(&given, path, "must be from");
            let mut named = given;
            named["name"] = json!("a");
            let file = with_areas(json!({}), &[square(0.0, 0.0, &named)]);
            let path = format!("areas.features[0].properties.{path}");
            assert_wrong(&file, &path, "must be from");
        }
    }
    for number in [0, 86_401] {
        let file = json!({"scheduling": {"lead_seconds": number}});
        assert_wrong(&file, "scheduling.lead_seconds", "must be from 1 to 86400");
        let area = square(0.0, 0.0, &json!({"name": "a", "search_seconds": number}));
        let path = "areas.features[0].properties.search_seconds";
        assert_wrong(&with_areas(json!({}), &[area]), path, "must be from 1");
    }
    let windows = json!({"window_shortest_ms": 900, "window_longest_ms": 800});
    let path = "offering.window_shortest_ms";
    assert_wrong(&json!({"offering": windows}), path, "which is 800");
    for number in [0, 366] {
        let file = json!({"scheduling": {"ahead_days_max": number}});
        assert_wrong(&file, "scheduling.ahead_days_max", "must be from 1 to 365");
    }
}

#[test]
fn an_unknown_key_is_named_with_its_place() {
    assert_wrong(&json!({"polcy": "nearest"}), "polcy", "unknown field");
    let file = json!({"classes": {"van": {"tariff": {"per_mile": 1}}}});
    assert_wrong(&file, "classes.van.tariff.per_mile", "unknown field");
    let area = square(0.0, 0.0, &json!({"name": "a", "colour": "red"}));
    let path = "areas.features[0].properties.colour";
    assert_wrong(&with_areas(json!({}), &[area]), path, "unknown field");
    let mut area = square(0.0, 0.0, &json!({"name": "a"}));
    area["policy"] = json!("nearest");
    let path = "areas.features[0].policy";
    assert_wrong(&with_areas(json!({}), &[area]), path, "unknown field");
}

#[test]
fn a_wrong_word_is_named_with_its_place() {
    assert_wrong(&json!({"policy": "auction"}), "policy", "unknown variant");
    assert_wrong(
        &json!({"shadow": "broadcast"}),
        "shadow",
        "nobody is chosen",
    );
    assert_wrong(&json!({"currency": "Euro"}), "currency", "three capital");
    assert_wrong(
        &json!({"areas": {"type": "Feature"}}),
        "areas.type",
        "FeatureCollection",
    );
    let tariff = |tariff: Value| json!({"currency": "EUR", "classes": {"van": {"tariff": tariff}}});
    let path = "classes.van.tariff.base";
    assert_wrong(&tariff(json!({"base": -1})), path, "0 to 1000000000");
    assert_wrong(&tariff(json!({"base": 2.5})), path, "2.5");
    let path = "classes.van.tariff.rounding";
    assert_wrong(&tariff(json!({"rounding": 0})), path, "nonzero");
    let error = wrong("{\"classes\": {\"Big Van\": {}}}");
    assert!(error.to_string().contains("small letters"), "{error}");
}

#[test]
fn what_is_not_json_is_named_by_line() {
    for text in ["", "7", "{\"policy\":", "{} {}"] {
        let error = wrong(text);
        assert!(error.rule.contains("line 1 column"), "{error}");
    }
    for text in ["{} {}", " []"] {
        assert_eq!(wrong(text).path, "", "{text}");
    }
}

#[test]
fn what_is_charged_has_a_currency() {
    for file in [
        json!({"classes": {"standard": {"tariff": {}}}}),
        json!({"cancellation": {"fee": 1}}),
        with_areas(
            json!({}),
            &[square(
                0.0,
                0.0,
                &json!({"name": "a", "cancellation": {"no_show_fee": 1}}),
            )],
        ),
    ] {
        assert_wrong(&file, "currency", "must be given");
    }
}

#[test]
fn there_is_at_least_one_class() {
    assert_wrong(&json!({"classes": {}}), "classes", "must be from 1 to 32");
}

#[test]
fn numbers_that_belong_together_agree() {
    let file = json!({"offering": {"eta_max_seconds": 299}});
    assert_wrong(&file, "offering.first_eta_seconds", "which is 299");
    let file = json!({"surge": {"permille": 2_001}});
    assert_wrong(&file, "surge.permille", "which is 2000");
    let area = square(
        0.0,
        0.0,
        &json!({"name": "a", "surge": {"permille": 1_600}}),
    );
    let file = with_areas(json!({"surge": {"max_permille": 1_500}}), &[area]);
    let path = "areas.features[0].properties.surge.permille";
    assert_wrong(&file, path, "which is 1500");
}

#[test]
fn reasons_are_short_and_different() {
    let reasons = |reasons: Value| json!({"cancellation": {"reasons": reasons}});
    let path = "cancellation.reasons[1].reason";
    let file = reasons(json!([{"reason": "x"}, {"reason": "x", "free": true}]));
    assert_wrong(&file, path, "twice");
    let file = reasons(json!([{"reason": "x"}, {"reason": " "}]));
    assert_wrong(&file, path, "blank");
    let many: Vec<Value> = (0..33).map(|n| json!({"reason": n.to_string()})).collect();
    assert_wrong(&reasons(json!(many)), "cancellation.reasons", "at most 32");
}

#[test]
fn areas_have_short_names_of_their_own() {
    let named = |name: &str| square(0.0, 0.0, &json!({"name": name}));
    let path = "areas.features[1].properties.name";
    for (name, rule) in [
        ("a", "another one"),
        ("", "blank"),
        (&*"x".repeat(65), "64 characters"),
    ] {
        let file = with_areas(json!({}), &[named("a"), named(name)]);
        assert_wrong(&file, path, rule);
    }
    assert_wrong(&with_areas(json!({}), &[]), "areas.features", "from 1");
    let many: Vec<Value> = (0..1_001).map(|n| named(&n.to_string())).collect();
    assert_wrong(&with_areas(json!({}), &many), "areas.features", "to 1000");
}

fn shaped(kind: &str, coordinates: &Value) -> Value {
    let mut area = square(0.0, 0.0, &json!({"name": "a"}));
    area["geometry"] = json!({"type": kind, "coordinates": coordinates});
    with_areas(json!({}), &[area])
}

#[test]
fn a_polygon_is_closed_and_has_a_surface() {
    let square = json!([[0, 0], [1, 0], [1, 1], [0, 0]]);
    for ring in [
        json!([]),
        json!([[0, 0], [1, 0], [0, 0]]),
        json!([[0, 0], [1, 0], [1, 1], [0, 1]]),
    ] {
        let path = "areas.features[0].geometry.coordinates[0]";
        assert_wrong(&shaped("Polygon", &json!([ring])), path, "four positions");
        let path = "areas.features[0].geometry.coordinates[1]";
        let file = shaped("Polygon", &json!([square, ring]));
        assert_wrong(&file, path, "four positions");
        let path = "areas.features[0].geometry.coordinates[1][0]";
        let file = shaped("MultiPolygon", &json!([[square], [ring]]));
        assert_wrong(&file, path, "four positions");
    }
    let line = json!([[[0, 0], [1, 1], [2, 2], [0, 0]]]);
    let path = "areas.features[0].geometry.coordinates[0]";
    assert_wrong(&shaped("Polygon", &line), path, "enclose a surface");
    let path = "areas.features[0].geometry.coordinates";
    assert_wrong(&shaped("Polygon", &json!([])), path, "must have a ring");
    assert_wrong(&shaped("MultiPolygon", &json!([])), path, "a polygon");
}

#[test]
fn a_polygon_is_on_earth() {
    let with = |lon: f64, lat: f64| {
        let ring = json!([[0, 0], [lon, 0], [lon, lat], [0, 0]]);
        shaped("Polygon", &json!([ring]))
    };
    let path = |n: usize| format!("areas.features[0].geometry.coordinates[0][{n}]");
    assert_wrong(&with(180.5, 1.0), &path(1), "lon must be");
    assert_wrong(&with(1.0, 90.5), &path(2), "lat must be");
}

#[test]
fn only_polygons_are_areas() {
    let file = shaped("Point", &json!([1, 1]));
    let path = "areas.features[0].geometry.type";
    assert_wrong(&file, path, "Polygon or MultiPolygon");
    let file = shaped("Circle", &json!([1, 1]));
    assert_wrong(&file, path, "unknown variant");
    let mut file = shaped("Polygon", &json!([]));
    file["areas"]["features"][0]["geometry"] = Value::Null;
    assert_wrong(&file, "areas.features[0].geometry", "invalid type: null");
}

#[test]
fn all_shapes_together_are_bounded() {
    let ring: Vec<Value> = (0..=50_000)
        .map(|n| f64::from(n % 50_000) * std::f64::consts::TAU / 50_000.0)
        .map(|angle| json!([angle.cos(), angle.sin()]))
        .collect();
    let mut areas = [
        square(0.0, 0.0, &json!({"name": "a"})),
        square(0.0, 0.0, &json!({"name": "b"})),
    ];
    for area in &mut areas {
        area["geometry"]["coordinates"] = json!([ring]);
    }
    let path = "areas.features[1].geometry";
    assert_wrong(&with_areas(json!({}), &areas), path, "at most 100000");
}
