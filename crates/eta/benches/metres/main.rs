//! Measures the error of metered distances for simulated drives, and meters recorded tracks.
//!
//! `CABRANK_BENCH_DRIVES` is the number of drives in each town. The maps and tracks are in `../shared/data`.

#[path = "../../tests/track/device.rs"]
mod device;
#[path = "../../tests/track/drive.rs"]
mod drive;
mod gpx;

use domain::track::{Measured, RideFacts, Track};
use domain::{Coordinates, Fix};
use fastrand::Rng;

use device::{Device, Noise, ride};
use drive::{Drive, Town};

/// The devices: a name, the range of seconds between fixes, and the errors.
const DEVICES: [(&str, (f64, f64), Noise); 7] = [
    ("every 1 to 3 s, exact", (1.0, 3.0), Noise::None),
    ("every 1 s, correlated", (1.0, 1.0), Noise::Correlated(0.95)),
    (
        "every 1 to 3 s, correlated",
        (1.0, 3.0),
        Noise::Correlated(0.95),
    ),
    ("every 10 s, exact", (10.0, 10.0), Noise::None),
    (
        "every 10 s, correlated",
        (10.0, 10.0),
        Noise::Correlated(0.95),
    ),
    ("every 1 s, independent", (1.0, 1.0), Noise::Independent),
    (
        "every 1 to 3 s, independent",
        (1.0, 3.0),
        Noise::Independent,
    ),
];

fn main() {
    if let Some(missing) = drive::missing() {
        println!("{missing}");
        return;
    }
    let drives =
        std::env::var("CABRANK_BENCH_DRIVES").map_or(100, |it| it.parse().expect("a number"));
    println!(
        "| town | accuracy (m) | fixes | least (%) | p5 | median | p95 | most | all steps added up (%) |"
    );
    println!("|---|---:|---|---:|---:|---:|---:|---:|---:|");
    for town in [Town::manhattan(), Town::liechtenstein()] {
        let mut chance = Rng::with_seed(1);
        let drives: Vec<Drive> = (0..drives).map(|_| town.drive(&mut chance)).collect();
        for accuracy_m in [5.0, 10.0] {
            for (name, every_s, noise) in DEVICES {
                let device = Device {
                    every_s,
                    accuracy_m,
                    errs: 1.0,
                    noise,
                };
                row(
                    &format!("{} | {accuracy_m} | {name}", town.name),
                    &drives,
                    device,
                    &mut chance,
                );
            }
        }
    }
    println!("\n| parked for an hour | accuracy (m) | metres |\n|---|---:|---:|");
    let place = Coordinates::new(47.14, 9.52).expect("on earth");
    let parked = Drive::parked(place, 3_600.0);
    for (name, every_s, noise) in DEVICES {
        for accuracy_m in [5.0, 10.0, 30.0] {
            let device = Device {
                every_s,
                accuracy_m,
                errs: 1.0,
                noise,
            };
            let fixes = device.fixes(&parked, &mut Rng::with_seed(1));
            let measured = measure(&fixes, &ride(&parked, 0.0));
            println!("| {name} | {accuracy_m} | {:.0} |", measured.measured_m);
        }
    }
    recorded_tracks();
}

/// Meters recorded tracks as rides from their first to their last fix, without a quote.
fn recorded_tracks() {
    println!("\n| track | fixes | all steps added up (m) | metres | filled | segments | gaps |");
    println!("|---|---:|---:|---:|---:|---:|---:|");
    for (name, fixes) in gpx::tracks() {
        let measured = recorded(&fixes);
        println!(
            "| {name} | {} | {:.0} | {:.0} | {:.0} | {} | {} |",
            fixes.len(),
            steps_m(&fixes),
            measured.measured_m,
            measured.filled_m,
            measured.segments.len(),
            measured.gaps.len()
        );
    }
}

fn row(name: &str, drives: &[Drive], device: Device, chance: &mut Rng) {
    let mut naive = 0.0;
    let mut errors: Vec<f64> = Vec::new();
    for drive in drives {
        let fixes = device.fixes(drive, chance);
        let quoted_m = way(drive.place(0.0), drive.place(drive.seconds()));
        let measured = measure(&fixes, &ride(drive, quoted_m));
        errors.push(100.0 * (measured.measured_m / drive.metres - 1.0));
        naive += 100.0 * (steps_m(&fixes) / drive.metres - 1.0) / drives.len() as f64;
    }
    errors.sort_by(f64::total_cmp);
    let at = |share: f64| errors[((errors.len() - 1) as f64 * share).round() as usize];
    println!(
        "| {name} | {:.1} | {:.1} | {:.1} | {:.1} | {:.1} | {naive:.1} |",
        at(0.0),
        at(0.05),
        at(0.5),
        at(0.95),
        at(1.0)
    );
}

fn recorded(fixes: &[Fix]) -> Measured {
    let (Some(first), Some(last)) = (fixes.first(), fixes.last()) else {
        panic!("a track without fixes");
    };
    let ride = RideFacts {
        started_at: first.at,
        ended_at: last.at,
        pick_up: Some(first.location),
        drop_off: Some(last.location),
        quoted_m: None,
    };
    measure(fixes, &ride)
}

fn measure(fixes: &[Fix], ride: &RideFacts) -> Measured {
    let mut track = Track::default();
    track.add(fixes);
    track.measure(ride, way)
}

/// The estimate of a quote without a road graph.
fn way(from: Coordinates, to: Coordinates) -> f64 {
    from.metres_to(to) * 1.3
}

fn steps_m(fixes: &[Fix]) -> f64 {
    let steps = fixes.windows(2);
    steps
        .map(|step| step[0].location.metres_to(step[1].location))
        .sum()
}
