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
    /// The place after the change. Another address without coordinates has none: the old ones were the old address's.
    pub fn of(&self, place: &Place) -> Place {
        let address = self.address.as_ref().unwrap_or(&place.address);
        let kept = (*address == place.address)
            .then_some(place.location)
            .flatten();
        Place {
            address: address.clone(),
            location: self.location.unwrap_or(kept),
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
    fn coordinates_go_with_their_address() {
        let old = place("A", Some((1.0, 2.0)));
        let address = |text: &str| Address::parse(text).ok();
        let change = |address, location| PlaceChange { address, location }.of(&old);
        assert_eq!(change(None, None), old);
        assert_eq!(change(address("A"), None), old);
        assert_eq!(change(address("B"), None), place("B", None));
        assert_eq!(change(None, Some(None)), place("A", None));
        let moved = place("B", Some((3.0, 4.0)));
        assert_eq!(change(address("B"), Some(Some(at((3.0, 4.0))))), moved);
    }
}
