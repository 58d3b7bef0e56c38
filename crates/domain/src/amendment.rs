//! What a rider may change about a trip after requesting it.

use super::place::{Coordinates, Place};
use super::text::Address;

/// The new pick-up and drop-off of a trip. A place that is left out stays as it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Amendment {
    pub pick_up: Option<PlaceChange>,
    pub drop_off: Option<PlaceChange>,
}

/// The change of one place. A part that is left out stays as it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PlaceChange {
    pub address: Option<Address>,
    /// `Some(None)` removes the coordinates.
    pub location: Option<Option<Coordinates>>,
}

impl PlaceChange {
    /// The place after the change. A new address alone leaves the coordinates as they were: it may be another name for
    /// the same door, and the quote depends on the coordinates.
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
