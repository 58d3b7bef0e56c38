//! Minimal trips and parties for tests.

use uuid::Uuid;

use super::{Address, Order, Party, Place, RiderId, TripId, TripRequest, UserId};

/// A party without names.
pub fn party<Id>(id: Id) -> Party<Id> {
    Party {
        id,
        username: String::new(),
        first_name: String::new(),
        last_name: String::new(),
        photo: None,
    }
}

/// A request of that rider with an address only.
pub fn request(rider: UserId) -> TripRequest {
    let somewhere = || Place {
        address: Address::parse("A").expect("an address"),
        location: None,
    };
    TripRequest {
        id: TripId::new(Uuid::nil()),
        rider: party(RiderId::of(rider)),
        pick_up: somewhere(),
        drop_off: somewhere(),
        order: Order::default(),
    }
}
