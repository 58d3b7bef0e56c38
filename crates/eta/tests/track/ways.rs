//! Compares the measured distance of a ride with the driven one.

use domain::track::{Measured, Track};
use domain::{Coordinates, Fix};
use fastrand::Rng;

use crate::device::{Device, Noise, ride};
use crate::drive::{Drive, Town};

/// The number of drives in each town.
const DRIVES: u64 = 24;
/// Ranges of the time between fixes that come every few seconds.
const EVERY_FEW_S: [(f64, f64); 3] = [(1.0, 1.0), (1.0, 3.0), (3.0, 3.0)];

pub fn tests() -> Vec<(&'static str, fn())> {
    vec![
        (
            "fixes_of_a_drive_every_few_seconds_are_within_three_hundredths_of_the_way",
            fixes_of_a_drive_every_few_seconds_are_within_three_hundredths_of_the_way,
        ),
        (
            "a_fix_every_ten_seconds_cuts_corners_and_adds_little",
            a_fix_every_ten_seconds_cuts_corners_and_adds_little,
        ),
        (
            "errors_that_are_new_each_time_add_little",
            errors_that_are_new_each_time_add_little,
        ),
        (
            "whatever_fixes_are_lost_the_ride_is_neither_longer_nor_shorter_than_it_can_be",
            whatever_fixes_are_lost_the_ride_is_neither_longer_nor_shorter_than_it_can_be,
        ),
        ("a_parked_car_adds_nothing", a_parked_car_adds_nothing),
    ]
}

/// The estimate of a quote without a road graph.
fn way(from: Coordinates, to: Coordinates) -> f64 {
    from.metres_to(to) * 1.3
}

fn quoted_m(drive: &Drive) -> f64 {
    way(drive.place(0.0), drive.place(drive.seconds()))
}

fn measure(drive: &Drive, fixes: &[Fix]) -> Measured {
    let mut track = Track::default();
    track.add(fixes);
    track.measure(&ride(drive, quoted_m(drive)), way)
}

/// Drives in both towns, each with a random generator of its own.
fn drives() -> impl Iterator<Item = (String, Drive, Rng)> {
    [Town::manhattan, Town::liechtenstein]
        .into_iter()
        .flat_map(|town| {
            let town = town();
            (0..DRIVES).map(move |seed| {
                let mut chance = Rng::with_seed(seed);
                let drive = town.drive(&mut chance);
                (format!("{} {seed}", town.name), drive, chance)
            })
        })
}

/// Fails unless the relative error of each drive's measured distance is within the range.
fn assert_within(every_s: (f64, f64), noise: Noise, (least, most): (f64, f64)) {
    for (name, drive, mut chance) in drives() {
        for accuracy_m in [5.0, 10.0] {
            let device = Device {
                every_s,
                accuracy_m,
                errs: 1.0,
                noise,
            };
            let measured = measure(&drive, &device.fixes(&drive, &mut chance));
            let error = measured.measured_m / drive.metres - 1.0;
            assert!((least..=most).contains(&error), "{name}: {error}");
            assert_eq!((measured.filled_m, measured.gaps.len()), (0.0, 0), "{name}");
        }
    }
}

fn fixes_of_a_drive_every_few_seconds_are_within_three_hundredths_of_the_way() {
    for every_s in EVERY_FEW_S {
        assert_within(every_s, Noise::Correlated(0.95), (-0.03, 0.03));
    }
}

fn a_fix_every_ten_seconds_cuts_corners_and_adds_little() {
    assert_within((10.0, 10.0), Noise::Correlated(0.95), (-0.08, 0.02));
}

fn errors_that_are_new_each_time_add_little() {
    for every_s in EVERY_FEW_S {
        assert_within(every_s, Noise::Independent, (-0.08, 0.05));
    }
}

fn whatever_fixes_are_lost_the_ride_is_neither_longer_nor_shorter_than_it_can_be() {
    for (name, drive, mut chance) in drives() {
        let device = Device {
            every_s: (1.0, 3.0),
            accuracy_m: if chance.bool() { 5.0 } else { 10.0 },
            errs: 1.0,
            noise: match chance.bool() {
                true => Noise::Correlated(0.95),
                false => Noise::None,
            },
        };
        let fixes = device.fixes(&drive, &mut chance);
        let most = 1.03 * quoted_m(&drive).max(measure(&drive, &fixes).measured_m);
        for share in [0.9, 0.5, 0.2, 0.05, 0.02, 0.0] {
            let hole = chance.usize(..fixes.len());
            let hole = hole..hole + chance.usize(..fixes.len());
            let mut kept = fixes.clone();
            kept.retain(|_| chance.f64() < share);
            let mut holed = fixes.clone();
            holed.drain(hole.start..hole.end.min(fixes.len()));
            for left in [kept, holed] {
                let measured = measure(&drive, &left);
                let metres = measured.measured_m + measured.filled_m;
                let least = 0.97 * straight_m(&drive, &left);
                assert!(
                    (least..=most).contains(&metres),
                    "{name}, {share}: {metres} of {least} to {most}"
                );
            }
        }
    }
}

/// The length of the straight lines through the true locations of the fixes, in metres.
fn straight_m(drive: &Drive, fixes: &[Fix]) -> f64 {
    let place = |fix: &Fix| drive.place(fix.at.as_millisecond() as f64 / 1_000.0);
    let lines = fixes.windows(2);
    lines
        .map(|ends| place(&ends[0]).metres_to(place(&ends[1])))
        .sum()
}

fn a_parked_car_adds_nothing() {
    let place = Coordinates::new(47.14, 9.52).expect("on earth");
    let parked = Drive::parked(place, 3_600.0);
    for noise in [Noise::Correlated(0.95), Noise::Independent] {
        for (seed, accuracy_m) in [5.0, 10.0, 30.0, 60.0].into_iter().enumerate() {
            for every_s in [1.0, 3.0, 10.0] {
                let device = Device {
                    every_s: (every_s, every_s),
                    accuracy_m,
                    errs: 1.0,
                    noise,
                };
                let mut chance = Rng::with_seed(seed as u64);
                let measured = measure(&parked, &device.fixes(&parked, &mut chance));
                assert!(measured.stood_still, "{accuracy_m} m {every_s} s {noise:?}");
            }
        }
    }
}
