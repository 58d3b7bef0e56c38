//! Small cities whose days can be checked by hand, and properties of every day.

mod duties;
mod going_round;

use super::*;
use domain::Coordinates;
use simulation::SAMPLE_MS;
use tally::{DayTally, RideOutcome};

fn outside_of(progress: &mut dyn FnMut(u64)) -> Outside<'_> {
    Outside {
        clock: &|| Duration::ZERO,
        progress,
    }
}

fn day(change: impl FnOnce(&mut Scenario), seed: u64) -> Day {
    let mut scenario = Scenario {
        begin_hour: 8,
        end_hour: 10,
        drivers: 12,
        requests: Some(150),
        ..Scenario::default()
    };
    change(&mut scenario);
    Day::new(scenario, seed).expect("a day")
}

fn tally(day: &Day, word: &str) -> DayTally {
    let variant: Variant = word.parse().expect("a policy");
    let simulation = Simulation::new(day, &variant).expect("a simulation");
    simulation.run(&mut outside_of(&mut |_| {}))
}

/// The report of a day under these policies.
fn simulate(
    day: &Day,
    variants: &[Variant],
    outside: &mut Outside<'_>,
) -> Result<DayReport, SimError> {
    let measured = variants.iter().map(|variant| {
        let tally = Simulation::new(day, variant)?.run(outside);
        Ok(PolicyResult::of(&variant.word, &tally))
    });
    let measured = measured.collect::<Result<_, SimError>>()?;
    Ok(DayReport::new(day, None, measured))
}

const WORDS: [&str; 6] = [
    "broadcast",
    "broadcast:10",
    "nearest",
    "nearest:straight",
    "batch+hints",
    "batch:5+free-only",
];

#[test]
fn one_seed_has_one_outcome_and_another_has_another() {
    let report = |seed| {
        let variants = WORDS.map(|word| word.parse().expect("a policy"));
        let day = day(|_| {}, seed);
        let report = simulate(&day, &variants, &mut outside_of(&mut |_| {}));
        let report = report.expect("a report");
        (report.json(), report.picture().expect("a picture"))
    };
    let first = report(1);
    assert!(first == report(1));
    let other = report(2);
    assert!(first.0 != other.0 && first.1 != other.1);
}

#[test]
fn what_must_never_be_is_not_at_any_moment() {
    for word in WORDS {
        // Many things go wrong in this day, so that everything that can happen does.
        let day = day(
            |scenario| {
                scenario.driver.ignores_permille = 100;
                scenario.driver.give_back_permille = 200;
                scenario.driver.network_lost_every_s = 900;
                scenario.driver.network_lost_for_s = 120;
                scenario.rider.no_show_permille = 100;
            },
            5,
        );
        let variant: Variant = word.parse().expect("a policy");
        let mut simulation = Simulation::new(&day, &variant).expect("a simulation");
        let mut nothing = |_| {};
        let mut outside = outside_of(&mut nothing);
        while simulation.step(&mut outside) {
            assert_eq!(simulation.service.broken(), None, "{word}");
        }
        let tally = simulation.tally();
        let all = [
            RideOutcome::Served,
            RideOutcome::Expired,
            RideOutcome::GaveUp,
            RideOutcome::Cancelled,
            RideOutcome::NoShow,
        ];
        let ended = |outcome| {
            let ended = tally
                .rides
                .iter()
                .filter(|ride| ride.outcome == Some(outcome));
            ended.count()
        };
        assert_eq!(all.map(ended).iter().sum::<usize>(), 150, "{word}");
        assert!(
            ended(RideOutcome::Served) > 20 && ended(RideOutcome::NoShow) > 0,
            "{word}"
        );
        assert!(tally.given_back > 0, "{word}");
        let on_shift: i64 = tally.doing_ms.iter().sum();
        assert_eq!(on_shift, 12 * 2 * demand::HOUR_MS, "{word}");
    }
}

/// A place that many thousandths of a degree north: each is 111 m, and takes 31.27 s.
fn north(thousandths: f64) -> Coordinates {
    Coordinates::new(48.0 + thousandths / 1_000.0, 11.0).expect("on earth")
}

/// An hour with these requests, each given as its second, pick-up and drop-off, with ideal people and a driver at each
/// of the places.
fn small(requests: &[(i64, f64, f64)], drivers: &[f64]) -> Day {
    let mut day = day(
        |scenario| {
            scenario.ideal = true;
            scenario.end_hour = 9;
            scenario.drivers = drivers.len() as u32;
        },
        1,
    );
    let begin = 8 * demand::HOUR_MS;
    let request = |(second, from, to): &(i64, f64, f64)| demand::RideRequest {
        // The sweeper runs at 0 and at 500 ms.
        at: begin + 1_000 * second + 100,
        from: north(*from),
        to: north(*to),
        passengers: 1,
    };
    day.requests = requests.iter().map(request).collect();
    for (start, place) in day.starts.iter_mut().zip(drivers) {
        start.place = north(*place);
    }
    day
}

fn waits(day: &Day, word: &str) -> Vec<i64> {
    let tally = tally(day, word);
    let wait = |ride: &tally::RideTally| ride.arrived.expect("served") - ride.requested;
    tally.rides.iter().map(wait).collect()
}

#[test]
fn the_waits_of_a_small_city_can_be_told_by_looking() {
    // One driver two thousandths away, and one rider: 62.547 s of driving.
    let one = small(&[(60, 0.0, 10.0)], &[2.0]);
    // Under `broadcast` the driver accepts at once; `nearest` is woken 50 ms later.
    assert_eq!(waits(&one, "broadcast"), [62_547]);
    assert_eq!(waits(&one, "nearest"), [62_597]);
    // One search and one driver are scarce, so the window is the longest, 8 s, and ends at the next tick.
    assert_eq!(waits(&one, "batch"), [62_547 + 8_400]);
    // With a fixed window of five seconds.
    assert_eq!(waits(&one, "batch:5"), [62_547 + 5_400]);
}

#[test]
fn a_batch_does_better_than_the_nearest_where_the_nearest_is_wanted_elsewhere() {
    // The first driver is between both riders, a little nearer to the first one. The other driver is beyond the first
    // rider.
    let day = small(&[(60, 1.0, 30.0), (61, 10.0, 30.0)], &[2.0, -18.0]);
    let nearest: i64 = waits(&day, "nearest").iter().sum();
    let batch: i64 = waits(&day, "batch").iter().sum();
    assert!(batch < nearest, "{batch} and {nearest}");
}

#[test]
fn no_policy_is_below_the_bound() {
    for seed in 1..3 {
        let day = day(
            |scenario| {
                scenario.ideal = true;
                scenario.requests = Some(30);
            },
            seed,
        );
        let bound = bound::bound(&day, &mut |_| {});
        for word in ["broadcast", "nearest", "batch", "batch:2+free-only"] {
            let mean_ms = report::PolicyResult::of(word, &tally(&day, word))
                .wait
                .mean_ms;
            assert!(
                mean_ms >= bound.mean_wait_ms,
                "{word}: {mean_ms}, {bound:?}"
            );
        }
    }
}

#[test]
fn the_bound_of_a_small_city_can_be_told_by_looking() {
    // The same driver serves both: the second rider leaves where the first one arrives, ten minutes later.
    let day = small(&[(60, 0.0, 10.0), (660, 10.0, 20.0)], &[2.0]);
    let bound = bound::bound(&day, &mut |_| {});
    // 62.547 s rounded down to 62, and nothing for the second.
    assert_eq!((bound.mean_wait_ms, bound.is_exact), (31_000, true));
}

#[test]
fn a_driver_off_shift_gets_nothing_and_a_trip_is_driven_to_its_end() {
    let day = day(
        |scenario| {
            scenario.shifts = vec![
                scenario::ShiftHours {
                    permille: 500,
                    begin_hour: 8,
                    end_hour: 9,
                },
                scenario::ShiftHours {
                    permille: 500,
                    begin_hour: 9,
                    end_hour: 10,
                },
            ];
        },
        3,
    );
    let tally = tally(&day, "batch");
    for sample in &tally.samples {
        let hour = sample.at / demand::HOUR_MS;
        let on: u64 = sample.doing[1..].iter().sum();
        // A driver with a trip at the end of a shift finishes it first.
        assert!(hour >= 10 || (6..=12).contains(&on), "{sample:?}");
    }
    assert_eq!(tally.samples[1].at - tally.samples[0].at, SAMPLE_MS);
    assert!(tally.rides.iter().all(|ride| ride.outcome.is_some()));
}

#[test]
fn a_wrong_scenario_names_the_field_and_the_rule() {
    for (text, message) in [
        ("[]", "the scenario: must be a JSON object"),
        (r#"{"drivres": 3}"#, "drivres: unknown field `drivres`"),
        (r#"{"drivers": -1}"#, "drivers: invalid value"),
        (
            r#"{"driver": {"accept_permille": "all"}}"#,
            "driver.accept_permille: invalid type",
        ),
    ] {
        let error = Scenario::parse(text).expect_err("it is wrong").to_string();
        assert!(error.starts_with(message), "{error}");
    }
    for (text, message) in [
        (r#"{"drivers": 0}"#, "drivers: must be from 1"),
        (
            r#"{"begin_hour": 9, "end_hour": 9}"#,
            "end_hour: must be after begin_hour",
        ),
        (
            r#"{"requests": 5, "trips": "x.csv"}"#,
            "requests: is decided by the file of trips",
        ),
        (
            r#"{"driver": {"ignores_permille": 2000}}"#,
            "driver.ignores_permille: must be at most",
        ),
        (
            r#"{"rider": {"boarding_s": -1}}"#,
            "rider.boarding_s: must be from 0",
        ),
        (
            r#"{"shifts": [{"permille": 5, "begin_hour": 1, "end_hour": 2}]}"#,
            "shifts: must have",
        ),
        (r#"{"trips": "/nowhere.csv"}"#, "/nowhere.csv: "),
        (
            r#"{"recorded": {"requests": [], "drivers": [], "outcome": {"served": 0, "wait_mean_ms": null}}}"#,
            "recorded.drivers: must not be empty",
        ),
        (
            r#"{"recorded": {"requests": [], "drivers": [{"place": {"lat": 95.0, "lon": 0.0}, "begin_ms": 0}],
                "outcome": {"served": 0, "wait_mean_ms": null}}}"#,
            "recorded.drivers[0].place: lat must be",
        ),
        (
            r#"{"requests": 5, "recorded": {"requests": [], "drivers": [], "outcome": {"served": 0, "wait_mean_ms": null}}}"#,
            "requests: is decided by what is recorded",
        ),
    ] {
        let scenario = Scenario::parse(text).expect("it can be read");
        let error = Day::new(scenario, 1).expect_err("it is wrong").to_string();
        assert!(error.starts_with(message), "{error}");
    }
    let town = Scenario::parse(r#"{"town": {"offering": {"wave": 9}}}"#).expect("it can be read");
    let variant = "nearest".parse().expect("a policy");
    let error = town.town(&variant).expect_err("it is wrong").to_string();
    assert!(error.starts_with("town: offering.wave"), "{error}");
}
