//! What a rider changes about a trip after having asked for it.

use super::place::{Coordinates, Place};
use super::text::Address;

/// New places; what is left out stays.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Amendment {
    /// Where the trip begins.
    pub pick_up: Option<PlaceChange>,
    /// Where it ends.
    pub drop_off: Option<PlaceChange>,
}

/// What is said about a place; what is not mentioned stays.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PlaceChange {
    /// Another address.
    pub address: Option<Address>,
    /// Other coordinates, or that there are none.
    pub location: Option<Option<Coordinates>>,
}

impl PlaceChange {
    /// The place after the change. Another text alone leaves the coordinates where they were: it may be another name of the
    /// same door, and what was quoted hangs on them.
    pub fn of(&self, place: &Place) -> Place {
        let address = self.address.as_ref().unwrap_or(&place.address);
        Place {
            address: address.clone(),
            location: self.location.unwrap_or(place.location),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(address: &str, location: Option<(f64, f64)>) -> Place {
        Place {
            address: Address::parse(address).expect("an address"),
            location: location.map(at),
        }
    }

    fn at((lat, lon): (f64, f64)) -> Coordinates {
        Coordinates::new(lat, lon).expect("on earth")
    }

    #[test]
    fn coordinates_stay_until_others_are_given() {
        let old = place("A", Some((1.0, 2.0)));
        let address = |text: &str| Address::parse(text).ok();
        let change = |address, location| PlaceChange { address, location }.of(&old);
        assert_eq!(change(None, None), old);
        assert_eq!(change(address("A"), None), old);
        assert_eq!(change(address("B"), None), place("B", Some((1.0, 2.0))));
        assert_eq!(change(None, Some(None)), place("A", None));
        let moved = place("B", Some((3.0, 4.0)));
        assert_eq!(change(address("B"), Some(Some(at((3.0, 4.0))))), moved);
    }
}
