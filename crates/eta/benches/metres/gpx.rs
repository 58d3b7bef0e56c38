//! Reads recorded tracks in GPX.

use std::path::Path;

use domain::{Coordinates, Fix};
use jiff::{SignedDuration, Timestamp};

/// The recorded tracks and their names. Points without a time are taken to be ten seconds apart. None has an accuracy.
pub fn tracks() -> Vec<(String, Vec<Fix>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/gpx");
    let entries = std::fs::read_dir(folder).expect("the tracks can be read");
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|file| file.extension().is_some_and(|extension| extension == "gpx"))
        .collect();
    files.sort();
    let read = |file: &std::path::PathBuf| {
        let text = std::fs::read_to_string(file).expect("a track is text");
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        (name.into_owned(), fixes(&text))
    };
    files.iter().map(read).collect()
}

fn fixes(text: &str) -> Vec<Fix> {
    let points = text.split("<trkpt").skip(1).enumerate();
    let mut fixes: Vec<Fix> = points.filter_map(|(at, point)| fix(at, point)).collect();
    fixes.sort_by_key(|fix| fix.at);
    fixes
}

fn fix(at: usize, point: &str) -> Option<Fix> {
    let degrees =
        |name: &str| -> Option<f64> { between(point, &format!("{name}=\""), "\"")?.parse().ok() };
    let point_end = point.find("</trkpt>").unwrap_or(point.len());
    let time = between(&point[..point_end], "<time>", "</time>").and_then(|time| time.parse().ok());
    let counted = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(10 * i64::try_from(at).ok()?);
    Some(Fix {
        location: Coordinates::new(degrees("lat")?, degrees("lon")?).ok()?,
        at: time.unwrap_or(counted),
        accuracy_m: None,
        heading_deg: None,
        speed_mps: None,
    })
}

fn between<'t>(text: &'t str, before: &str, after: &str) -> Option<&'t str> {
    let rest = &text[text.find(before)? + before.len()..];
    rest.get(..rest.find(after)?)
}
