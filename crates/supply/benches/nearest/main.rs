//! Measures the search for the ten nearest of many moving drivers: cabrank's index, Redis and PostGIS, side by side in
//! one run.
//!
//! `benches/nearest.sh` starts the two servers and runs it. `cargo bench -p cabrank-supply --bench nearest` alone says
//! which servers it was not given. The variables:
//!
//! - `CABRANK_BENCH_REDIS=redis://127.0.0.1:6379`: two keys, `cabrank-bench:free` and `cabrank-bench:occupied`, are
//!   written and deleted;
//! - `CABRANK_BENCH_POSTGIS=postgres://postgres@127.0.0.1:5432/postgres`: the table `cabrank_bench_drivers` is written
//!   and dropped;
//! - `CABRANK_BENCH_TRIPS=FILE`: real trips instead of an invented city, as `id,lat,lon,lat,lon,...` under a header
//!   line;
//! - `CABRANK_BENCH_DRIVERS="10000 100000"`: the numbers of drivers;
//! - `CABRANK_BENCH_SECONDS=3`: how long each measurement takes.
//!
//! All answers are compared with a scan of all drivers, before anything is timed and again at the end, when the drivers
//! have moved.

mod alone;
mod city;
mod geosearch;
mod index;
#[path = "../../../../benches/people/made_up.rs"]
mod made_up;
mod measure;
mod postgis;
mod report;
mod supply;
#[path = "../../../../benches/people/trips.rs"]
mod trips;
mod truth;

use std::time::Duration;

use eta::Straight;

use alone::Alone;
use city::{City, Traffic, Trips};
use geosearch::GeoSearch;
use index::Index;
use postgis::PostGis;
use report::Row;
use supply::InProcess;
use truth::{Tolerance, Truth};

/// The number of drivers that a search asks for.
const K: usize = 10;
/// The longest time to the pick-up, in seconds.
const ETA_MAX_S: u32 = 600;
/// The straight-line distance of that time, without the metre that `metres_max` adds: 2,133 m.
const RADIUS_M: f64 = 600.0 * 12.8 / 3.6;
/// The number of searches that are compared with a scan of all drivers.
const CHECKS: usize = 200;
/// The number of reports that are sent together, where that is possible.
const TOGETHER: usize = 100;

/// Fills an index with a city's drivers.
type Open<'a> = Box<dyn Fn(&City) -> Box<dyn Index> + 'a>;

/// An index to measure: how to set it up, and how many reports it takes together.
struct Entrant<'a> {
    name: &'static str,
    open: Open<'a>,
    tolerance: Tolerance,
    together: &'static [usize],
}

fn main() {
    let eta = Straight::CITY.metres_max(ETA_MAX_S);
    assert!(
        (eta - 1.0 - RADIUS_M).abs() < 0.01,
        "the same reach for all"
    );
    let set = |name| {
        std::env::var(name)
            .ok()
            .filter(|it: &String| !it.is_empty())
    };
    let redis = set("CABRANK_BENCH_REDIS");
    let postgis = set("CABRANK_BENCH_POSTGIS");
    let trips = set("CABRANK_BENCH_TRIPS");
    let seconds = set("CABRANK_BENCH_SECONDS").map_or(3.0, |it| it.parse().expect("a number"));
    let during = Duration::from_secs_f64(seconds);
    let trips = trips.map_or_else(Trips::made_up, |file| Trips::read(&file));
    let mut rows = Vec::new();
    for drivers in city::sizes() {
        let city = City::new(drivers, &trips);
        let usual_m = usual_radius_m(&city);
        for entrant in entrants(redis.as_deref(), postgis.as_deref(), usual_m) {
            report::progress(drivers, entrant.name);
            rows.push(run(&city, &entrant, during));
        }
    }
    report::print(&rows);
    for (server, name) in [
        (redis, "CABRANK_BENCH_REDIS"),
        (postgis, "CABRANK_BENCH_POSTGIS"),
    ] {
        if server.is_none() {
            report::not_run(name);
        }
    }
}

fn entrants<'a>(
    redis: Option<&'a str>,
    postgis: Option<&'a str>,
    usual_m: f64,
) -> Vec<Entrant<'a>> {
    let mut entrants = vec![
        Entrant {
            name: "cabrank",
            open: Box::new(|city| Box::new(InProcess::with(city))),
            tolerance: supply::TOLERANCE,
            together: &[1],
        },
        Entrant {
            name: "cabrank, the index alone",
            open: Box::new(|city| Box::new(Alone::with(city))),
            tolerance: supply::TOLERANCE,
            together: &[1],
        },
    ];
    let geosearch = |name, url: &'a str, first_m: f64, together| Entrant {
        name,
        open: Box::new(move |city| Box::new(GeoSearch::with(url, city, first_m))),
        tolerance: geosearch::TOLERANCE,
        together,
    };
    if let Some(url) = redis {
        entrants.push(geosearch(
            "Redis, radius doubled",
            url,
            usual_m,
            &[TOGETHER, 1],
        ));
        // The reports are the same.
        entrants.push(geosearch("Redis, one radius", url, RADIUS_M, &[TOGETHER]));
    }
    if let Some(url) = postgis {
        entrants.push(Entrant {
            name: "PostGIS",
            open: Box::new(|city| Box::new(PostGis::with(url, city))),
            tolerance: postgis::TOLERANCE,
            together: &[TOGETHER, 1],
        });
    }
    entrants
}

fn run(city: &City, entrant: &Entrant<'_>, during: Duration) -> Row {
    let mut index = (entrant.open)(city);
    let index = index.as_mut();
    let mut traffic = Traffic::new(city);
    let named = check(index, city, &traffic, entrant.tolerance);
    let warm_up = during / 10;
    measure::search(index, &city.pick_ups, warm_up);
    let searches = measure::search(index, &city.pick_ups, during);
    let round_trip = measure::round_trips(index, warm_up);
    let together = entrant.together[0];
    let (searches_meanwhile, reports_meanwhile) =
        measure::both(index, &city.pick_ups, &mut traffic, together, during);
    let reports = entrant.together.iter().map(|together| {
        let reports = measure::report(index, &mut traffic, *together, during);
        (*together, reports)
    });
    let reports = reports.collect();
    check(index, city, &traffic, entrant.tolerance);
    index.clear();
    Row {
        drivers: city.is_free.len(),
        name: entrant.name,
        named,
        searches,
        round_trip,
        searches_meanwhile,
        reports_meanwhile,
        reports,
    }
}

/// Panics unless the index is right; returns how many percent of the drivers it names a scan of all drivers names too.
fn check(index: &mut dyn Index, city: &City, traffic: &Traffic<'_>, tolerance: Tolerance) -> f64 {
    let places = traffic.places();
    let truth = Truth {
        places: &places,
        is_free: &city.is_free,
    };
    let (mut named, mut same) = (0, 0);
    for from in city.pick_ups.iter().take(CHECKS) {
        let answer = index.nearest(*from);
        same += truth.check(*from, &answer, tolerance);
        named += answer.len();
    }
    assert!(named > CHECKS, "there are drivers where riders are");
    100.0 * same as f64 / named as f64
}

/// A radius within which three of four pick-ups have enough drivers: what a user who knows the town would start with.
fn usual_radius_m(city: &City) -> f64 {
    let traffic = Traffic::new(city);
    let places = traffic.places();
    let truth = Truth {
        places: &places,
        is_free: &city.is_free,
    };
    let checked = city.pick_ups.iter().take(CHECKS);
    let mut furthest: Vec<f64> = checked
        .filter_map(|from| truth.nearest(*from).last().map(|near| near.metres))
        .collect();
    furthest.sort_by(f64::total_cmp);
    furthest[furthest.len() * 3 / 4]
}
