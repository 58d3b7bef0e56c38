//! Finds twenty candidates for a trip and their times to the pick-up: with cabrank's index and streets, and with Redis
//! and a table service.
//!
//! `benches/eta.sh` starts the servers and sets the variables: `CABRANK_BENCH_ROADS` (an extract of OpenStreetMap),
//! `CABRANK_BENCH_TRIPS` (a file of trips there, see benches/nearest), `CABRANK_BENCH_REDIS` and `CABRANK_BENCH_OSRM`
//! (URLs), `CABRANK_BENCH_OSRM_PID`, and `CABRANK_BENCH_SECONDS` for each measurement.

mod clock;
mod peers;
mod town;
#[path = "../../../../benches/people/trips.rs"]
mod trips;

use std::time::Duration;

use domain::Coordinates;
use eta::osrm::Osrm;
use eta::road::Roads;
use eta::{EtaQuery, Source, Traffic};

use clock::{Took, time};
use peers::{GeoSearch, Process};
use town::{Query, Town};

/// The number of candidates of a trip.
const K: usize = 20;
/// The longest time to the pick-up, in seconds.
const ETA_MAX_S: u32 = 900;
/// The numbers of drivers on shift, all of them free.
const DRIVERS: [usize; 2] = [400, 1_600];

fn set(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set; benches/eta.sh sets it"))
}

fn main() {
    let during =
        std::env::var("CABRANK_BENCH_SECONDS").map_or(2.0, |it| it.parse().expect("a number"));
    let during = Duration::from_secs_f64(during);
    let roads = set("CABRANK_BENCH_ROADS");
    let roads =
        Roads::load(roads.as_ref(), Traffic::FREE).expect("CABRANK_BENCH_ROADS names a map");
    let trips = set("CABRANK_BENCH_TRIPS");
    println!(
        "{} nodes, {} streets; {K} candidates\n",
        roads.graph().nodes(),
        roads.graph().streets()
    );
    println!("| drivers | who | median (us) | p99 (us) | CPU a query (us) |");
    println!("|---:|---|---:|---:|---:|");
    for drivers in DRIVERS {
        let town = Town::new(&trips, drivers);
        let ours = Ours { roads: &roads };
        let theirs = Theirs::of(&town);
        measure(&town, &ours, theirs, during);
    }
}

/// Measures both sides on the same pick-ups.
fn measure(town: &Town, ours: &Ours<'_>, mut theirs: Theirs, during: Duration) {
    let row = |who: &str,
               queries: &[Query],
               servers: &[Process],
               eta_query: &mut dyn FnMut(&Query) -> usize| {
        let mut next = queries.iter().cycle();
        let took = time(during, servers, || next.next().map_or(0, &mut *eta_query));
        let Took {
            median_us,
            p99_us,
            cpu_us,
        } = took;
        println!(
            "| {} | {who} | {median_us:.2} | {p99_us:.2} | {cpu_us:.2} |",
            town.drivers()
        );
        took
    };
    let (near, anywhere) = (town.candidates(), town.scattered());
    let servers = [theirs.redis.process(), theirs.routed.clone()];
    let (redis, routed) = (&servers[..1], &servers[1..]);

    row("index alone", &near, &[], &mut |query| {
        town.nearest(query.0).len()
    });
    row("streets alone", &near, &[], &mut |query| {
        ours.times(query.0, &query.1)
    });
    let mut both = |query: &Query| ours.times(query.0, &town.nearest(query.0));
    let we = row("index and streets", &near, &[], &mut both);
    let far = "streets alone, drivers anywhere in reach";
    row(far, &anywhere, &[], &mut |query| {
        ours.times(query.0, &query.1)
    });

    row("Redis alone", &near, redis, &mut |query| {
        theirs.redis.nearest(query.0).len()
    });
    row("table alone", &near, routed, &mut |query| {
        theirs.times(query.0, &query.1)
    });
    let mut both = |query: &Query| {
        let found = theirs.redis.nearest(query.0);
        theirs.times(query.0, &found)
    };
    let they = row("Redis and table", &near, &servers, &mut both);
    let far = "table alone, drivers anywhere in reach";
    row(far, &anywhere, routed, &mut |query| {
        theirs.times(query.0, &query.1)
    });
    let ratio = |ours: f64, theirs: f64| theirs / ours;
    println!(
        "| {} | theirs, by ours | {:.0} | {:.0} | {:.0} |",
        town.drivers(),
        ratio(we.median_us, they.median_us),
        ratio(we.p99_us, they.p99_us),
        ratio(we.cpu_us, they.cpu_us),
    );
}

struct Ours<'a> {
    roads: &'a Roads,
}

impl Ours<'_> {
    fn times(&self, pick_up: Coordinates, drivers: &[Coordinates]) -> usize {
        let times = self
            .roads
            .times(&eta_query(pick_up, drivers), Town::at_minute(0));
        times.expect("the pick-up is on the map").len()
    }
}

/// Redis and a table service.
struct Theirs {
    redis: GeoSearch,
    osrm: Osrm,
    routed: Process,
    /// Counted up for each query, so that the client cannot answer from its cache.
    minute: i64,
}

impl Theirs {
    fn of(town: &Town) -> Self {
        let url = set("CABRANK_BENCH_OSRM")
            .parse()
            .expect("CABRANK_BENCH_OSRM is a URL");
        let osrm = Osrm::new(&url, Duration::from_secs(5));
        Self {
            redis: GeoSearch::with(&set("CABRANK_BENCH_REDIS"), town),
            osrm: osrm.expect("CABRANK_BENCH_OSRM is the URL of a table service"),
            routed: Process::of_threads(&set("CABRANK_BENCH_OSRM_PID")),
            minute: 0,
        }
    }

    fn times(&mut self, pick_up: Coordinates, drivers: &[Coordinates]) -> usize {
        self.minute += 1;
        let at = Town::at_minute(self.minute);
        let times = self
            .osrm
            .try_to_pick_up(&[eta_query(pick_up, drivers)], at)
            .remove(0);
        times.expect("the service answers").len()
    }
}

fn eta_query(pick_up: Coordinates, drivers: &[Coordinates]) -> EtaQuery<'_> {
    EtaQuery {
        pick_up,
        drivers,
        within_s: ETA_MAX_S,
    }
}
