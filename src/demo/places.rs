//! The people of the demo, and the places they go to: a town small enough to cross on foot, so that waits are short.

use super::below;
use crate::client::Location;

/// The first names of riders.
pub const RIDERS: [&str; 8] = ["ann", "ben", "cleo", "dora", "emil", "fred", "gwen", "hugo"];
/// The first names of drivers.
pub const DRIVERS: [&str; 8] = ["ivy", "jack", "kim", "leo", "mona", "nick", "olga", "paul"];

/// The middle of the town, which places are measured from. It lies in the service area of `town.json`.
const MIDDLE: Location = Location {
    lat: 53.55,
    lon: 9.99,
};
/// The length of a degree of latitude, in metres.
const METRES_A_DEGREE: f64 = 111_195.0;

/// A place with an address.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DemoPlace {
    pub address: &'static str,
    /// Metres from the middle, east and north.
    east: f64,
    north: f64,
}

const fn place(address: &'static str, east: f64, north: f64) -> DemoPlace {
    DemoPlace {
        address,
        east,
        north,
    }
}

/// The market square, in the middle of the town.
pub const MARKET: DemoPlace = place("Market Square", 0.0, 0.0);
/// The station, in the east.
pub const STATION: DemoPlace = place("Station", 160.0, 20.0);
/// The museum, in the south-east.
pub const MUSEUM: DemoPlace = place("Museum", 70.0, -110.0);
/// The hospital, in the south-east.
pub const HOSPITAL: DemoPlace = place("Hospital", 180.0, -120.0);
/// The opera, in the north-east.
pub const OPERA: DemoPlace = place("Opera", 110.0, 90.0);
/// The harbour, in the south-west.
pub const HARBOUR: DemoPlace = place("Harbour", -130.0, -100.0);

const PLACES: [DemoPlace; 12] = [
    MARKET,
    STATION,
    HARBOUR,
    place("Old Mill", -160.0, 110.0),
    place("Theatre", 200.0, 160.0),
    MUSEUM,
    place("Hill Street 12", 50.0, 140.0),
    HOSPITAL,
    place("Town Hall", -50.0, 40.0),
    place("Zoo", -200.0, 0.0),
    OPERA,
    place("Park Lane 3", -70.0, -150.0),
];

/// Where the first drivers begin, in metres east and north of the middle: one beside the square, two further away, one
/// at the hospital.
const STANDS: [(f64, f64); 4] = [(30.0, -20.0), (-50.0, 50.0), (90.0, 40.0), (150.0, -110.0)];

impl DemoPlace {
    /// The coordinates of the place.
    pub fn location(self) -> Location {
        at(self.east, self.north)
    }
}

fn at(east: f64, north: f64) -> Location {
    Location {
        lat: MIDDLE.lat + north / METRES_A_DEGREE,
        lon: MIDDLE.lon + east / metres_a_degree_east(MIDDLE),
    }
}

fn metres_a_degree_east(at: Location) -> f64 {
    METRES_A_DEGREE * at.lat.to_radians().cos()
}

/// The distance to another place, in metres east and north. A town is small enough to treat the earth as flat.
pub fn offset_m(from: Location, to: Location) -> (f64, f64) {
    (
        (to.lon - from.lon) * metres_a_degree_east(from),
        (to.lat - from.lat) * METRES_A_DEGREE,
    )
}

/// The straight-line distance, in metres.
pub fn metres(from: Location, to: Location) -> f64 {
    let (east, north) = offset_m(from, to);
    east.hypot(north)
}

/// The name of the person with that number. A suffix is added once the names are used up.
pub fn name(names: &[&str], turn: usize) -> String {
    let name = names[turn % names.len()];
    match turn / names.len() {
        0 => name.to_owned(),
        round => format!("{name}{}", round + 1),
    }
}

/// Where the driver with that number begins.
pub fn stand(turn: usize) -> Location {
    match STANDS.get(turn) {
        Some((east, north)) => at(*east, *north),
        None => anywhere().location(),
    }
}

/// A random place.
pub fn anywhere() -> DemoPlace {
    PLACES[below(PLACES.len())]
}

/// Two different random places.
pub fn route() -> (DemoPlace, DemoPlace) {
    let from = below(PLACES.len());
    let to = (from + 1 + below(PLACES.len() - 1)) % PLACES.len();
    (PLACES[from], PLACES[to])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Coordinates;
    use crate::town::Town;

    #[test]
    fn a_route_leads_somewhere_else() {
        for _ in 0..1000 {
            let (from, to) = route();
            assert_ne!(from, to);
        }
    }

    #[test]
    fn everybody_has_a_name_of_their_own() {
        assert_eq!(name(&["a", "b"], 1), "b");
        assert_eq!(name(&["a", "b"], 2), "a2");
    }

    #[test]
    fn every_place_is_served() {
        let town = Town::parse(super::super::TOWN).expect("the demo's town is one");
        for place in PLACES {
            let Location { lat, lon } = place.location();
            let at = Coordinates::new(lat, lon).expect("on earth");
            assert!(town.area(at).is_some(), "{}", place.address);
        }
    }

    #[test]
    fn metres_are_those_of_the_map() {
        let far = metres(MARKET.location(), place("", 300.0, 400.0).location());
        assert!((far - 500.0).abs() < 0.1, "{far}");
    }
}
