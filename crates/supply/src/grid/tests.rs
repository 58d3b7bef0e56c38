//! The index compared with a scan of all drivers.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use domain::UserId;

/// The grid, and beside it the drivers it should contain.
#[derive(Default)]
struct GridTown {
    grid: Grid,
    drivers: BTreeMap<DriverId, (GridSlot, Coordinates, Tags)>,
}

impl GridTown {
    fn put(&mut self, id: i64, place: Coordinates, tags: Tags) {
        let driver = driver(id);
        match self.drivers.get_mut(&driver) {
            Some((slot, known_place, known_tags)) => {
                self.grid.relocate(slot, driver, place, tags);
                (*known_place, *known_tags) = (place, tags);
            }
            None => {
                let slot = self.grid.insert(driver, place, tags);
                self.drivers.insert(driver, (slot, place, tags));
            }
        }
    }

    fn retag(&mut self, id: i64, tags: Tags) {
        if let Some((slot, _, known)) = self.drivers.get_mut(&driver(id)) {
            self.grid.retag(slot, driver(id), tags);
            *known = tags;
        }
    }

    fn remove(&mut self, id: i64) {
        if let Some((slot, _, _)) = self.drivers.remove(&driver(id)) {
            self.grid.remove(slot, driver(id));
        }
    }

    fn check(&self, from: Coordinates, k: usize, metres_max: f64) {
        let found = self
            .grid
            .nearest(from, k, metres_max, |_, tags| tags.is_free);
        assert_eq!(found, self.by_scanning_all(from, k, metres_max));
        let mut exact: Vec<f64> = self
            .drivers
            .values()
            .filter(|(_, _, tags)| tags.is_free)
            .map(|(_, place, _)| from.metres_to(*place))
            .collect();
        exact.sort_by(f64::total_cmp);
        for (found, exact) in found.iter().zip(exact) {
            assert!(
                (found.metres - exact).abs() < 0.02 + exact * 1e-7,
                "{exact}"
            );
        }
    }

    fn by_scanning_all(&self, from: Coordinates, k: usize, metres_max: f64) -> Vec<FoundDriver> {
        let from = SpherePoint::of(from);
        let mut all: Vec<(u64, DriverId)> = self
            .drivers
            .iter()
            .filter(|(_, (_, _, tags))| tags.is_free)
            .map(|(driver, (_, place, _))| (from.chord2(SpherePoint::of(*place)), *driver))
            .filter(|(chord2, _)| *chord2 <= earth::chord2(metres_max))
            .collect();
        all.sort_unstable();
        all.truncate(k);
        let found = all.into_iter().map(|(chord2, driver)| FoundDriver {
            driver,
            metres: earth::metres(chord2),
        });
        found.collect()
    }
}

fn driver(id: i64) -> DriverId {
    DriverId::of(UserId::new(id))
}

fn at(lat: f64, lon: f64) -> Coordinates {
    let lon = (lon + 180.0).rem_euclid(360.0) - 180.0;
    Coordinates::new(lat.clamp(-90.0, 90.0), lon).expect("on the earth")
}

const FREE: Tags = Tags {
    heard: 0,
    class: 0,
    seats: 4,
    is_free: true,
};
const BUSY: Tags = Tags {
    is_free: false,
    ..FREE
};

/// A step of a town's day. Places are relative to its middle, in cells.
#[derive(Debug, Clone)]
enum Step {
    Put(i64, f64, f64, bool),
    Retag(i64, bool),
    Remove(i64),
    Search(f64, f64, usize, f64),
}

/// Uniform, in a few clusters, and exactly on the edges of cells.
fn offset() -> impl Strategy<Value = f64> {
    prop_oneof![
        -20.0..20.0_f64,
        (-2..3_i32, -0.2..0.2_f64).prop_map(|(heap, off)| f64::from(heap) * 5.3 + off),
        (-6..6_i32).prop_map(f64::from),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let id = 0..160_i64;
    prop_oneof![
        8 => (id.clone(), offset(), offset(), prop::bool::weighted(0.8))
            .prop_map(|(id, lat, lon, is_free)| Step::Put(id, lat, lon, is_free)),
        1 => (id.clone(), any::<bool>()).prop_map(|(id, is_free)| Step::Retag(id, is_free)),
        1 => id.prop_map(Step::Remove),
        1 => (offset(), offset(), 0..24_usize, prop_oneof![Just(1e8), Just(900.0), Just(20_000.0)])
            .prop_map(|(lat, lon, k, metres)| Step::Search(lat, lon, k, metres)),
    ]
}

/// Towns at arbitrary places, and where maps end: the antimeridian and the poles.
fn middle() -> impl Strategy<Value = Coordinates> {
    prop_oneof![
        (-90.0..90.0_f64, -180.0..180.0_f64).prop_map(|(lat, lon)| at(lat, lon)),
        (-70.0..70.0_f64).prop_map(|lat| at(lat, 180.0)),
        (-0.05..0.05_f64).prop_map(|off| at(90.0 - off.abs(), off * 3_000.0)),
        (-0.05..0.05_f64).prop_map(|off| at(-90.0 + off.abs(), off * 3_000.0)),
        Just(at(0.0, 0.0)),
        Just(at(48.2, 16.37)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(160))]

    #[test]
    fn the_nearest_are_found_whatever_happened_before(middle in middle(), steps in prop::collection::vec(step(), 1..400)) {
        const CELL_DEG: f64 = 180.0 / 50_000.0;
        let shrink = middle.lat().to_radians().cos().max(1e-3);
        let place = |lat: f64, lon: f64| at(middle.lat() + lat * CELL_DEG, middle.lon() + lon * CELL_DEG / shrink);
        let tags = |is_free| if is_free { FREE } else { BUSY };
        let mut town = GridTown::default();
        for step in steps {
            match step {
                Step::Put(id, lat, lon, is_free) => town.put(id, place(lat, lon), tags(is_free)),
                Step::Retag(id, is_free) => town.retag(id, tags(is_free)),
                Step::Remove(id) => town.remove(id),
                Step::Search(lat, lon, k, metres_max) => town.check(place(lat, lon), k, metres_max),
            }
        }
        town.check(middle, 10, 1e8);
        for id in 0..160 {
            town.remove(id);
        }
        prop_assert_eq!(town.grid.tile_count(), 0);
    }

    #[test]
    fn an_area_is_never_nearer_than_the_nearest_in_it(from in middle(), to in middle(), lat in -0.02..0.02_f64, lon in -0.02..0.02_f64) {
        let earth = Earth::new();
        let view = Viewpoint::new(&earth, from);
        for to in [to, at(from.lat() + lat, from.lon() + lon)] {
            let square = earth.square(to);
            let reach = earth::reach(view.point.chord2(SpherePoint::of(to)));
            let mut area = CellRange::of_cell(&earth, square.row >> earth::HALVINGS, square.col >> earth::HALVINGS);
            prop_assert!(view.nearest(CellRange::of_tile(&earth, square.tile())) <= reach);
            for depth in 0..earth::HALVINGS {
                prop_assert!(view.nearest(area) <= reach);
                area = area.quarter(square.path().quarter(depth));
            }
            prop_assert!(view.nearest(area) <= reach);
        }
    }
}

proptest! {
    #[test]
    fn a_distance_at_most_is_no_less(a in middle(), b in middle(), lat in -0.2..0.2_f64, lon in -0.2..0.2_f64) {
        for b in [b, at(a.lat() + lat, a.lon() + lon)] {
            let (most, exact) = (distance_at_most_m(a, b), distance_m(a, b));
            prop_assert!(most > exact - 0.02, "{} {}", most, exact);
        }
    }

    #[test]
    fn a_short_way_is_as_long_as_the_arcsine_says(lat in -80.0..80.0_f64, part in 0.5..1.5_f64) {
        // About 12 km: below that the series is summed, above it is not.
        let (a, b) = (at(lat, 10.0), at(lat + part * 0.1146, 10.0));
        let half = (SpherePoint::of(a).chord2(SpherePoint::of(b)) as f64).sqrt() / f64::from(1 << 30) / 2.0;
        let exact = 2.0 * 6_371_008.8 * half.asin();
        prop_assert!((distance_m(a, b) / exact - 1.0).abs() < 1e-15);
    }
}

#[test]
fn of_equally_near_drivers_the_smaller_id_comes_first() {
    let mut town = GridTown::default();
    for id in [9, 3, 7, 1, 5] {
        town.put(id, at(10.0, 20.0), FREE);
    }
    let found = town.grid.nearest(at(10.0, 20.001), 3, 1e3, |_, _| true);
    let ids: Vec<DriverId> = found.iter().map(|found| found.driver).collect();
    assert_eq!(ids, [driver(1), driver(3), driver(5)]);
}

#[test]
fn a_driver_on_the_other_side_of_the_earth_is_found_if_that_is_near_enough() {
    let mut town = GridTown::default();
    town.put(1, at(-41.3, -5.2), FREE);
    for metres_max in [1e8, 1.9e7] {
        town.check(at(41.3, 174.8), 10, metres_max);
    }
    town.check(at(-41.3, -5.3), 10, 9e3);
}

#[test]
fn the_antimeridian_is_no_border() {
    let mut town = GridTown::default();
    town.put(1, at(-17.0, 179.9999), FREE);
    town.put(2, at(-17.0, -179.9999), FREE);
    let edge = Coordinates::new(-17.0, 180.0).expect("on the earth");
    town.put(3, edge, FREE);
    let found = town.grid.nearest(at(-17.0, -180.0), 3, 100.0, |_, _| true);
    let ids: Vec<DriverId> = found.iter().map(|found| found.driver).collect();
    assert_eq!(ids, [driver(3), driver(1), driver(2)]);
    assert!(found[2].metres < 12.0);
}
