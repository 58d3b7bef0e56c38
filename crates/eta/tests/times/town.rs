//! Points in the towns of the maps.

use std::path::PathBuf;

use domain::Coordinates;
use jiff::Timestamp;

/// The path of a map, which may be missing.
pub fn map(name: &str) -> PathBuf {
    let root = env!("CARGO_MANIFEST_DIR");
    PathBuf::from(root)
        .join("../../../shared/data/osm")
        .join(name)
}

/// The maps' names.
pub const MANHATTAN: &str = "manhattan_from_hive.osm.pbf";
pub const LIECHTENSTEIN: &str = "liechtenstein.osm.pbf";

/// Any time: the traffic is the same at all hours.
pub const AT: Timestamp = Timestamp::UNIX_EPOCH;

pub fn at(lat: f64, lon: f64) -> Coordinates {
    Coordinates::new(lat, lon).expect("on earth")
}

/// A random point in the middle of Manhattan, where streets are everywhere.
pub fn in_manhattan(random: &mut fastrand::Rng) -> Coordinates {
    // Along the island, and a little across it.
    let (up, across) = (random.f64(), random.f64());
    at(
        40.735 + up * 0.035 + across * 0.004,
        -73.998 + up * 0.026 + across * 0.014,
    )
}
