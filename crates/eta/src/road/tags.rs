//! Tells which ways of OpenStreetMap a car may drive, in which directions and how fast.
//!
//! The tags are described in the OpenStreetMap wiki: `highway`, `access` and its kinds, `oneway`, `junction`,
//! `maxspeed`.

/// The average share of the speed limit that is driven, bends and crossings included.
const OF_THE_LIMIT: f64 = 0.8;
const KM_PER_MILE: f64 = 1.609_344;
/// Limits out of this range are mistakes.
const LIMITS_KMH: std::ops::RangeInclusive<f64> = 5.0..=130.0;
/// The speed on a way without a limit, by its class. Classes that are not listed are not for cars.
const CLASSES_KMH: &[(&str, f64)] = &[
    ("motorway", 95.0),
    ("motorway_link", 50.0),
    ("trunk", 80.0),
    ("trunk_link", 45.0),
    ("primary", 55.0),
    ("primary_link", 35.0),
    ("secondary", 45.0),
    ("secondary_link", 30.0),
    ("tertiary", 38.0),
    ("tertiary_link", 25.0),
    ("unclassified", 30.0),
    ("residential", 25.0),
    ("road", 25.0),
    ("living_street", 8.0),
    ("service", 12.0),
];
/// The access tags, the most specific first.
const ACCESS: [&str; 4] = ["motorcar", "motor_vehicle", "vehicle", "access"];
/// Access values that exclude a car that picks up passengers.
const DENIED: &[&str] = &[
    "no",
    "private",
    "agricultural",
    "forestry",
    "emergency",
    "psv",
    "bus",
    "military",
    "permit",
];

/// A way that cars may drive.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Drivable {
    /// From the first node to the last one.
    pub forward: bool,
    /// From the last node to the first one.
    pub backward: bool,
    pub kmh: f64,
}

/// Reads the tags of a way. `None` if cars may not drive there.
pub(super) fn drivable<'t>(tags: impl Iterator<Item = (&'t str, &'t str)>) -> Option<Drivable> {
    let (mut highway, mut oneway, mut junction, mut limit, mut area) =
        (None, None, None, None, None);
    let mut access = [None; ACCESS.len()];
    for (key, value) in tags {
        match key {
            "highway" => highway = Some(value),
            "oneway" => oneway = Some(value),
            "junction" => junction = Some(value),
            "maxspeed" => limit = Some(value),
            "area" => area = Some(value),
            _ => {
                if let Some(rank) = ACCESS.iter().position(|known| *known == key) {
                    access[rank] = Some(value);
                }
            }
        }
    }
    let highway = highway?;
    let (_, class_kmh) = CLASSES_KMH.iter().find(|(class, _)| *class == highway)?;
    let access = access.into_iter().flatten().next();
    if area == Some("yes") || access.is_some_and(|word| DENIED.contains(&word)) {
        return None;
    }
    let (forward, backward) = directions(highway, oneway, junction)?;
    Some(Drivable {
        forward,
        backward,
        kmh: limit
            .and_then(limit_kmh)
            .map_or(*class_kmh, |limit| limit * OF_THE_LIMIT),
    })
}

/// Whether the way may be driven forward and backward. `None` for a lane whose direction changes by the hour.
fn directions(highway: &str, oneway: Option<&str>, junction: Option<&str>) -> Option<(bool, bool)> {
    let is_implied = highway == "motorway" || matches!(junction, Some("roundabout" | "circular"));
    match oneway {
        Some("yes" | "true" | "1") => Some((true, false)),
        Some("-1" | "reverse") => Some((false, true)),
        Some("reversible" | "alternating") => None,
        Some("no" | "false" | "0") => Some((true, true)),
        Some(_) | None => Some((true, !is_implied)),
    }
}

fn limit_kmh(text: &str) -> Option<f64> {
    let (number, unit) = match text.find(|char: char| !char.is_ascii_digit() && char != '.') {
        Some(end) => text.split_at(end),
        None => (text, ""),
    };
    let per_hour = match unit.trim() {
        "" | "km/h" | "kmh" | "kph" => 1.0,
        "mph" => KM_PER_MILE,
        // `RO:urban`, `signals`, `none`, several limits: the class tells more.
        _ => return None,
    };
    let kmh = number.parse::<f64>().ok()? * per_hour;
    LIMITS_KMH.contains(&kmh).then_some(kmh)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(tags: &[(&str, &str)]) -> Option<Drivable> {
        drivable(tags.iter().copied())
    }

    fn directions_of(tags: &[(&str, &str)]) -> Option<(bool, bool)> {
        of(tags).map(|way| (way.forward, way.backward))
    }

    #[test]
    fn streets_are_driven_and_paths_are_not() {
        assert_eq!(
            directions_of(&[("highway", "residential")]),
            Some((true, true))
        );
        for class in [
            "footway",
            "cycleway",
            "pedestrian",
            "construction",
            "track",
            "steps",
        ] {
            assert_eq!(of(&[("highway", class)]), None);
        }
        assert_eq!(of(&[("building", "yes")]), None);
        assert_eq!(of(&[("highway", "service"), ("area", "yes")]), None);
    }

    #[test]
    fn the_most_particular_word_about_access_counts() {
        let service = ("highway", "service");
        assert_eq!(of(&[service, ("access", "private")]), None);
        assert_eq!(of(&[service, ("motor_vehicle", "no")]), None);
        assert!(of(&[service, ("access", "no"), ("motorcar", "yes")]).is_some());
        assert!(of(&[service, ("access", "destination")]).is_some());
        assert_eq!(
            of(&[service, ("access", "yes"), ("vehicle", "forestry")]),
            None
        );
    }

    #[test]
    fn one_ways_are_honoured_where_they_are_said_and_where_they_are_implied() {
        let primary = ("highway", "primary");
        assert_eq!(
            directions_of(&[primary, ("oneway", "yes")]),
            Some((true, false))
        );
        assert_eq!(
            directions_of(&[primary, ("oneway", "-1")]),
            Some((false, true))
        );
        assert_eq!(directions_of(&[primary, ("oneway", "reversible")]), None);
        assert_eq!(
            directions_of(&[primary, ("junction", "roundabout")]),
            Some((true, false))
        );
        assert_eq!(
            directions_of(&[("highway", "motorway")]),
            Some((true, false))
        );
        let both = [("highway", "motorway"), ("oneway", "no")];
        assert_eq!(directions_of(&both), Some((true, true)));
    }

    #[test]
    fn a_limit_is_read_in_the_units_of_its_country() {
        assert_eq!(limit_kmh("50"), Some(50.0));
        assert_eq!(limit_kmh("40 km/h"), Some(40.0));
        assert_eq!(limit_kmh("25 mph"), Some(25.0 * KM_PER_MILE));
        for odd in ["", "none", "AT:urban", "50;70", "0", "999", "walk", "."] {
            assert_eq!(limit_kmh(odd), None, "{odd}");
        }
        let kmh = |limit| of(&[("highway", "tertiary"), ("maxspeed", limit)]).map(|way| way.kmh);
        assert_eq!(kmh("50"), Some(40.0));
        assert_eq!(kmh("signals"), Some(38.0));
    }
}
