//! Tests streets that are read from OpenStreetMap extracts.

use eta::road::Roads;
use eta::{EtaQuery, Traffic};

use crate::Test;
use crate::town::{AT, LIECHTENSTEIN, MANHATTAN, at, in_manhattan, map};

pub fn tests() -> Vec<Test> {
    crate::tests![
        liechtenstein_has_its_streets_and_distances,
        one_search_agrees_with_the_way_of_each_driver,
        a_route_is_as_long_as_what_it_passes,
        a_file_that_is_no_map_is_refused,
        a_map_without_streets_is_refused,
    ]
}

pub fn missing() -> Option<String> {
    let missing = [MANHATTAN, LIECHTENSTEIN].map(map).into_iter();
    let mut missing = missing.filter(|map| !map.exists());
    missing
        .next()
        .map(|map| format!("there is no {}", map.display()))
}

pub fn roads(name: &str) -> Roads {
    Roads::load(&map(name), Traffic::FREE).expect("a map")
}

fn liechtenstein_has_its_streets_and_distances() {
    let roads = roads(LIECHTENSTEIN);
    let (nodes, streets) = (roads.graph().nodes(), roads.graph().streets());
    assert!((2_000..10_000).contains(&nodes), "{nodes} nodes");
    assert!((nodes..2 * nodes).contains(&streets), "{streets} streets");
    let left_out = roads.graph().left_out();
    assert!(left_out < streets / 20, "{left_out} of {streets}");
    // From the town hall of Vaduz to the station of Schaan, and from one end of the country to the other.
    let (vaduz, schaan) = (at(47.1393, 9.5228), at(47.1687, 9.5087));
    let (balzers, ruggell) = (at(47.0671, 9.5034), at(47.2391, 9.5251));
    for (from, to, km, minutes) in [
        (vaduz, schaan, 3.3..4.5, 4..10),
        (schaan, vaduz, 3.3..4.5, 4..10),
        (balzers, ruggell, 20.0..27.0, 20..45),
    ] {
        let route = roads.route(from, to, AT).expect("a way");
        assert!(km.contains(&(route.metres / 1_000.0)), "{} m", route.metres);
        assert!(
            minutes.contains(&(route.ms() / 60_000)),
            "{} ms",
            route.ms()
        );
    }
    // The sea is not on the map.
    assert_eq!(roads.route(vaduz, at(45.0, 13.0), AT), None);
}

/// A route is found by a search for a single driver, which has no bound of time and ends at that driver.
fn one_search_agrees_with_the_way_of_each_driver() {
    let roads = roads(MANHATTAN);
    let mut random = fastrand::Rng::with_seed(1);
    for _ in 0..50 {
        let pick_up = in_manhattan(&mut random);
        let drivers: Vec<_> = (0..30).map(|_| in_manhattan(&mut random)).collect();
        let within_s = random.u32(60..600);
        let ask = EtaQuery {
            pick_up,
            drivers: &drivers,
            within_s,
        };
        let times = roads.times(&ask, AT).expect("on the map");
        for (driver, seconds) in drivers.iter().zip(times) {
            let route = roads.route(*driver, pick_up, AT).expect("a way");
            let alone = u32::try_from(route.ms().div_ceil(1_000)).expect("a short way");
            match seconds {
                // The route's time is a sum of rounded parts.
                Some(seconds) => assert!(seconds.abs_diff(alone) <= 1, "{seconds} {alone}"),
                None => assert!(alone + 1 >= within_s, "{alone} of {within_s}"),
            }
        }
    }
}

fn a_route_is_as_long_as_what_it_passes() {
    for (name, from, to) in [
        (LIECHTENSTEIN, at(47.1393, 9.5228), at(47.2391, 9.5251)),
        (LIECHTENSTEIN, at(47.2391, 9.5251), at(47.0671, 9.5034)),
    ] {
        let route = roads(name).route(from, to, AT).expect("a way");
        let passed = route.stops.windows(2);
        let passed: f64 = passed
            .map(|ends| ends[0].place.metres_to(ends[1].place))
            .sum();
        let ratio = passed / route.metres;
        assert!((0.995..1.005).contains(&ratio), "{passed} {}", route.metres);
        assert!(route.stops.is_sorted_by_key(|stop| stop.after_ms));
        // No car jumps: it drives nowhere faster than 50 m/s.
        for ends in route.stops.windows(2) {
            let ms = ends[1].after_ms - ends[0].after_ms;
            let metres = ends[0].place.metres_to(ends[1].place);
            assert!(metres <= 0.05 * (ms + 2) as f64, "{metres} m in {ms} ms");
        }
    }
}

fn a_file_that_is_no_map_is_refused() {
    let no_map = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    assert!(Roads::load(&no_map, Traffic::FREE).is_err());
}

fn a_map_without_streets_is_refused() {
    let empty = tempfile::NamedTempFile::new().expect("a file");
    let error = Roads::load(empty.path(), Traffic::FREE).err();
    let message = error.map(|error| error.to_string()).unwrap_or_default();
    assert!(message.contains("no streets"), "{message}");
}
