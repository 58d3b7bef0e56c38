//! Compares `metres.txt`, the metres of some made-up rides, with what [`Track::measure`] comes to.
//!
//! Whether metres are right is for the properties beside the code and for the drives along real maps in
//! `crates/eta/tests/track` to say. This table shows which rides a change of the rules makes longer or shorter.

mod drive;

use std::fmt::Write;
use std::path::Path;

use domain::{Coordinates, Measured, RideFacts, Track};

use crate::drive::{Drive, Habits};

const HEADER: &str = "\
# The metres of made-up rides. Made from Track::measure and checked by crates/domain/tests/tracks; after a change that is
# meant, write it anew: UPDATE_METRES=1 cargo test -p cabrank-domain --test tracks
#
# habits | seed | driven m | measured m | filled m | points of each segment | metres/seconds of each gap | mean place
";

/// How many rides are made up with each set of habits.
const RIDES: u64 = 10;

/// How the quote estimates a way, in metres.
fn estimate_m(from: Coordinates, to: Coordinates) -> f64 {
    from.metres_to(to) * 1.3
}

/// The mean of all points of the path, in degrees.
fn middle(measured: &Measured) -> (f64, f64) {
    let points: Vec<&Coordinates> = measured.segments.iter().flatten().collect();
    let mean = |of: fn(&Coordinates) -> f64| {
        points.iter().map(|point| of(point)).sum::<f64>() / points.len().max(1) as f64
    };
    (mean(|point| point.lat()), mean(|point| point.lon()))
}

fn line(name: &str, seed: u64, drive: &Drive, facts: &RideFacts, measured: &Measured) -> String {
    let points = measured.segments.iter().map(|path| path.len().to_string());
    let points: Vec<String> = points.collect();
    let gaps = measured.gaps.iter().map(|gap| {
        let lasted = gap.to_at.duration_since(gap.from_at).as_secs_f64();
        format!("{:.1}/{lasted:.1}", gap.filled_m)
    });
    let gaps: Vec<String> = gaps.collect();
    let (lat, lon) = middle(measured);
    let stood = if measured.stood_still {
        ", stood still"
    } else {
        ""
    };
    let thinned = if measured.is_thinned { ", thinned" } else { "" };
    let quoted = if facts.quoted_m.is_some() {
        ""
    } else {
        ", unquoted"
    };
    let (driven_m, measured_m, filled_m) = (drive.metres, measured.measured_m, measured.filled_m);
    format!(
        "{name:<9} | {seed} | {driven_m:8.1} | {measured_m:8.1} | {filled_m:8.1} | {} | {} | {lat:.5} {lon:.5}{stood}{thinned}{quoted}",
        points.join(" "),
        gaps.join(" "),
    )
}

fn table() -> String {
    let mut table = HEADER.to_owned();
    for (name, habits) in Habits::ALL {
        table.push('\n');
        for seed in 0..RIDES {
            let drive = Drive::of(&habits, seed);
            let facts = drive.facts();
            let mut track = Track::default();
            for report in drive.reports() {
                track.add(report);
            }
            let measured = track.measure(&facts, estimate_m);
            let line = line(name, seed, &drive, &facts, &measured);
            writeln!(table, "{line}").expect("a String takes it all");
        }
    }
    table
}

#[test]
fn made_up_rides_are_as_long_as_they_were() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tracks/metres.txt");
    let table = table();
    if std::env::var_os("UPDATE_METRES").is_some() {
        std::fs::write(&path, &table).expect("the table can be written");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let lines = kept.lines().zip(table.lines());
    let differing: Vec<(&str, &str)> = lines.filter(|(kept, made)| kept != made).collect();
    assert_eq!(differing, [], "rides have another length now");
    assert_eq!(kept.lines().count(), table.lines().count());
}
