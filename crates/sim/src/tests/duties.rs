//! Late and silent drivers are noted in virtual time, and no others.

use super::*;
use car::Doing;
use domain::Trip;
use jiff::SignedDuration;
use streets::ScenarioStreets;

/// The town's rules: a driver is late five minutes after the promised time, and silent after three minutes.
const LATE_S: i64 = 300;
const SILENT_S: i64 = 180;
/// The longest delay of a note: the sweeper runs twice a second.
const TICK: SignedDuration = SignedDuration::from_millis(500);

/// Simulates a day and returns its trips in their final state. `interferes` gets the simulation before each step.
fn trips(day: &Day, word: &str, mut interferes: impl FnMut(&mut Simulation<'_>)) -> Vec<Trip> {
    let variant: Variant = word.parse().expect("a policy");
    let mut simulation = Simulation::new(day, &variant).expect("a simulation");
    let mut nothing = |_| {};
    let mut outside = outside_of(&mut nothing);
    while simulation.step(&mut outside) {
        assert_eq!(simulation.service.broken(), None, "{word}");
        interferes(&mut simulation);
    }
    let count = day.requests.len();
    (0..count)
        .map(|trip| simulation.service.trip(trip).clone())
        .collect()
}

/// A street with two riders, and a driver two thousandths north of each. The drives between them take that many
/// seconds.
fn street(seconds: [u32; 2]) -> Day {
    let mut day = small(&[(60, 0.0, 10.0), (60, 100.0, 110.0)], &[2.0, 102.0]);
    let corners = [0.0, 2.0, 10.0, 100.0, 102.0, 110.0];
    let corners = corners.iter().enumerate().map(|(id, corner)| {
        let lat = north(*corner).lat();
        format!(r#"{{"id": {id}, "x": 11.0, "y": {lat}}}"#)
    });
    let between = [seconds[0], 60, 3_000, seconds[1], 60];
    let links = between.iter().enumerate().flat_map(|(south, seconds)| {
        [(south, south + 1), (south + 1, south)].map(|(from, to)| {
            format!(r#"{{"source": {from}, "target": {to}, "length": 200.0, "travel_time": {seconds}.0}}"#)
        })
    });
    let (corners, links): (Vec<String>, Vec<String>) = (corners.collect(), links.collect());
    let (corners, links) = (corners.join(","), links.join(","));
    let file = tempfile::Builder::new().suffix(".json").tempfile();
    let file = file.expect("a file");
    let text = format!(r#"{{"nodes": [{corners}], "links": [{links}]}}"#);
    std::fs::write(file.path(), text).expect("it can be written");
    day.streets = ScenarioStreets::load(file.path(), 1_000).expect("a street");
    day
}

#[test]
fn a_driver_who_comes_later_than_the_town_allows_is_noted_late_and_nobody_else() {
    // The straight line promises 63 s to both riders. The second driver takes longer than that, but not by five
    // minutes.
    let day = street([1_200, 360]);
    let trips = trips(&day, "nearest:straight", |_| {});
    let taken_at = trips[0].times.taken_at.expect("it was taken");
    let due_at = taken_at + SignedDuration::from_secs(63 + LATE_S);
    assert_eq!(trips[0].conduct.late_after, Some(due_at));
    let late_at = trips[0].conduct.late_at.expect("the driver was late");
    assert!(
        (due_at..due_at + TICK).contains(&late_at),
        "{late_at} and {due_at}"
    );
    let arrived_at = trips[0].times.arrived_at.expect("the driver came");
    assert!(late_at < arrived_at, "{late_at} and {arrived_at}");
    assert_eq!(trips[1].conduct.late_at, None);
    // By road, both riders are promised the true time.
    let by_road = super::duties::trips(&day, "nearest", |_| {});
    assert!(by_road.iter().all(|trip| trip.conduct.late_at.is_none()));
}

#[test]
fn a_driver_of_whom_nothing_is_heard_is_noted_silent_and_nobody_else() {
    for word in ["broadcast", "nearest", "batch"] {
        let day = small(
            &[(60, 0.0, 30.0), (60, 100.0, 130.0), (60, 200.0, 230.0)],
            &[2.0, 102.0, 202.0],
        );
        // For how long each driver has no network from the start of the ride, in seconds.
        let mut dark_s = [Some(600), Some(SILENT_S - 20), None];
        let trips = trips(&day, word, |simulation| {
            for car in &mut simulation.cars {
                if let Doing::Riding(trip) = car.doing
                    && let Some(dark_s) = dark_s[trip].take()
                {
                    car.dark_until = simulation.now + 1_000 * dark_s;
                }
            }
        });
        assert_eq!(dark_s, [None; 3], "{word}: all were driven");
        let started_at = trips[0].times.started_at.expect("it was started");
        let due_at = started_at + SignedDuration::from_secs(SILENT_S);
        let silent_at = trips[0].conduct.silent_at.expect("the driver was silent");
        assert!(
            (due_at..due_at + TICK).contains(&silent_at),
            "{word}: {silent_at} and {due_at}"
        );
        for heard in &trips[1..] {
            assert_eq!(heard.conduct.silent_at, None, "{word}");
        }
        assert!(trips.iter().all(|trip| trip.conduct.late_at.is_none()));
    }
}
