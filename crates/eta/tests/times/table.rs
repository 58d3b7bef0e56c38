//! Tests the client with a real table service that has the streets of Manhattan.

use std::fmt::Write;
use std::net::TcpListener;
use std::time::Duration;

use domain::Coordinates;
use eta::osrm::Osrm;
use eta::road::{RoadEdge, RoadGraph, Roads};
use eta::{Chain, DrivingTimes, EtaQuery, Provider, Source, Straight, Traffic, Unanswered};
use jiff::{SignedDuration, Timestamp};
use url::Url;

use crate::Test;
use crate::proxy::Proxy;
use crate::town::{AT, MANHATTAN, at, in_manhattan, map};

/// The environment variable with the URL of the service.
const OSRM: &str = "CABRANK_TEST_OSRM";
/// Long enough for a slow machine. The default is for the same network.
const TIMEOUT: Duration = Duration::from_secs(5);

pub fn tests() -> Vec<Test> {
    crate::tests![
        its_durations_are_the_services_own,
        the_service_may_end_connections,
        more_drivers_than_a_table_takes_are_asked_for_in_parts,
        many_pick_ups_at_once_are_answered_each,
        a_pick_up_off_its_map_is_told_apart,
        what_nobody_answers_is_told_by_the_next,
        a_service_that_goes_is_missed_and_one_that_comes_back_is_asked,
        the_streets_tell_about_the_same,
    ]
}

pub fn missing() -> Option<String> {
    std::env::var_os(OSRM)
        .is_none()
        .then(|| format!("{OSRM} is not set"))
}

fn url() -> Url {
    let url = std::env::var(OSRM).expect("its tests run only where it is set");
    url.parse().expect("CABRANK_TEST_OSRM is a URL")
}

fn osrm(url: &Url) -> Osrm {
    Osrm::new(url, TIMEOUT).expect("a URL")
}

/// Drivers anywhere in the middle of Manhattan.
fn drivers(count: usize, random: &mut fastrand::Rng) -> Vec<Coordinates> {
    (0..count).map(|_| in_manhattan(random)).collect()
}

fn ask(pick_up: Coordinates, drivers: &[Coordinates]) -> EtaQuery<'_> {
    EtaQuery {
        pick_up,
        drivers,
        within_s: 86_400,
    }
}

/// The times of one query.
fn times(
    osrm: &Osrm,
    pick_up: Coordinates,
    drivers: &[Coordinates],
) -> Result<DrivingTimes, Unanswered> {
    osrm.try_to_pick_up(&[ask(pick_up, drivers)], AT).remove(0)
}

/// The service's answers to another client that asks for one driver at a time.
fn own_words(pick_up: Coordinates, drivers: &[Coordinates]) -> DrivingTimes {
    let agent = ureq::Agent::new_with_defaults();
    let base = url();
    let each = drivers.iter().map(|driver| {
        let mut places = String::new();
        for place in [driver, &pick_up] {
            write!(places, ";{},{}", place.lon(), place.lat()).expect("a text takes everything");
        }
        let places = places.trim_start_matches(';');
        let url = base.join(&format!(
            "table/v1/driving/{places}?sources=0&destinations=1"
        ));
        let answer = agent.get(url.expect("a URL").as_str()).call();
        let answer: serde_json::Value = answer
            .expect("an answer")
            .body_mut()
            .read_json()
            .expect("JSON");
        answer["durations"][0][0]
            .as_f64()
            .map(|seconds| seconds.ceil() as u32)
    });
    each.collect()
}

fn its_durations_are_the_services_own() {
    let mut random = fastrand::Rng::with_seed(1);
    let osrm = osrm(&url());
    for _ in 0..10 {
        let (pick_up, drivers) = (in_manhattan(&mut random), drivers(20, &mut random));
        let told = times(&osrm, pick_up, &drivers).expect("an answer");
        assert_eq!(told, own_words(pick_up, &drivers));
        assert!(
            told.iter().flatten().any(|seconds| *seconds > 60),
            "{told:?}"
        );
    }
}

/// The service closes a connection after 512 requests.
fn the_service_may_end_connections() {
    let mut random = fastrand::Rng::with_seed(2);
    let osrm = osrm(&url());
    for number in 0..1_200 {
        let (pick_up, drivers) = (in_manhattan(&mut random), drivers(1, &mut random));
        let told = times(&osrm, pick_up, &drivers);
        assert!(told.is_ok(), "{number}: {told:?}");
    }
}

fn more_drivers_than_a_table_takes_are_asked_for_in_parts() {
    let mut random = fastrand::Rng::with_seed(3);
    let (pick_up, drivers) = (in_manhattan(&mut random), drivers(250, &mut random));
    let told = times(&osrm(&url()), pick_up, &drivers).expect("an answer");
    assert_eq!(told, own_words(pick_up, &drivers));
}

fn many_pick_ups_at_once_are_answered_each() {
    let mut random = fastrand::Rng::with_seed(4);
    let pick_ups = drivers(40, &mut random);
    let each: Vec<_> = pick_ups.iter().map(|_| drivers(5, &mut random)).collect();
    let asks = pick_ups.iter().zip(&each);
    let asks: Vec<EtaQuery<'_>> = asks
        .map(|(pick_up, drivers)| ask(*pick_up, drivers))
        .collect();
    let together = osrm(&url()).try_to_pick_up(&asks, AT);
    assert_eq!(together.len(), asks.len());
    let alone = osrm(&url());
    for (ask, told) in asks.iter().zip(together) {
        assert_eq!(told, times(&alone, ask.pick_up, ask.drivers));
    }
}

fn a_pick_up_off_its_map_is_told_apart() {
    let mut random = fastrand::Rng::with_seed(5);
    let (osrm, drivers) = (osrm(&url()), drivers(3, &mut random));
    assert_eq!(
        times(&osrm, at(48.2, 16.37), &drivers),
        Err(Unanswered::OffTheMap)
    );
    let chain = Chain::new(vec![Box::new(osrm)], Straight::CITY);
    let asks = [
        ask(at(48.2, 16.37), &drivers),
        ask(in_manhattan(&mut random), &drivers),
    ];
    assert_eq!(words(&chain, &asks, AT), ["straight", "osrm"]);
}

/// The source of the answer to each query.
fn words(chain: &Chain, asks: &[EtaQuery<'_>], at: Timestamp) -> Vec<&'static str> {
    let answers = chain.to_pick_up(asks, at).into_iter();
    answers.map(|answer| answer.via.word()).collect()
}

/// A street in Manhattan, and nothing else.
fn one_street() -> (Roads, [Coordinates; 2]) {
    let ends = [at(40.75, -73.99), at(40.76, -73.98)];
    let edge = |from, to| RoadEdge {
        from,
        to,
        metres: 1_400.0,
        ms: 180_000,
    };
    let graph = RoadGraph::new(&ends, &[edge(0, 1), edge(1, 0)]).expect("a graph");
    (Roads::of(graph, Traffic::FREE), ends)
}

fn what_nobody_answers_is_told_by_the_next() {
    let closed = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let nobody = format!("http://{}", closed.expect("a port"));
    let nobody = nobody.parse().expect("a URL");
    let (roads, [pick_up, driver]) = one_street();
    let chain = Chain::new(
        vec![Box::new(osrm(&nobody)), Box::new(roads)],
        Straight::CITY,
    );
    let (near, far) = ([driver], [at(40.80, -73.95)]);
    let asks = [ask(pick_up, &near), ask(far[0], &far)];
    assert_eq!(words(&chain, &asks, AT), ["road", "straight"]);
    assert_eq!(chain.to_pick_up(&asks[..1], AT)[0].seconds, [Some(180)]);
}

fn a_service_that_goes_is_missed_and_one_that_comes_back_is_asked() {
    let proxy = Proxy::to(url().socket_addrs(|| None).expect("a known host")[0].to_string());
    let url = format!("http://127.0.0.1:{}", proxy.port());
    let timeout = Duration::from_millis(500);
    let osrm = Osrm::new(&url.parse().expect("a URL"), timeout).expect("a URL");
    let chain = Chain::new(vec![Box::new(osrm)], Straight::CITY);
    let mut random = fastrand::Rng::with_seed(6);
    let mut told = |second| {
        let (pick_up, drivers) = (in_manhattan(&mut random), drivers(5, &mut random));
        let at = AT + SignedDuration::from_secs(second);
        words(&chain, &[ask(pick_up, &drivers)], at)
    };
    assert_eq!(told(0), ["osrm"]);
    proxy.cut();
    for second in 1..6 {
        assert_eq!(told(second), ["straight"]);
    }
    proxy.restore();
    assert_eq!(told(6), ["straight"], "it is left alone for five seconds");
    assert_eq!(told(30), ["osrm"]);
    proxy.stall();
    for second in 31..36 {
        assert_eq!(told(second), ["straight"]);
    }
    proxy.restore();
    assert_eq!(told(60), ["osrm"]);
}

/// Both assume speeds a little below the limits; only the service counts turns.
fn the_streets_tell_about_the_same() {
    let roads = Roads::load(&map(MANHATTAN), Traffic::FREE).expect("a map");
    let osrm = osrm(&url());
    let mut random = fastrand::Rng::with_seed(7);
    let mut ratios = Vec::new();
    for _ in 0..20 {
        let (pick_up, drivers) = (in_manhattan(&mut random), drivers(20, &mut random));
        let ours = roads
            .times(&ask(pick_up, &drivers), AT)
            .expect("on the map");
        let theirs = times(&osrm, pick_up, &drivers).expect("an answer");
        for (ours, theirs) in ours.into_iter().zip(theirs) {
            let (ours, theirs) = ours.zip(theirs).expect("a way");
            ratios.push(f64::from(ours) / f64::from(theirs.max(1)));
        }
    }
    ratios.sort_unstable_by(f64::total_cmp);
    let at = |hundredth: usize| ratios[ratios.len() * hundredth / 100];
    assert!((0.8..1.1).contains(&at(50)), "median {}", at(50));
    assert!(at(10) > 0.6 && at(90) < 1.4, "{} to {}", at(10), at(90));
}
