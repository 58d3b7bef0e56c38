//! The least that tests need to say of a trip.

use uuid::Uuid;

use super::{Address, Order, Party, Place, RiderId, TripId, TripRequest, UserId};

/// Somebody whose names do not matter.
pub fn party<Id>(id: Id) -> Party<Id> {
    Party {
        id,
        username: String::new(),
        first_name: String::new(),
        last_name: String::new(),
        photo: None,
    }
}

/// A request from somewhere to somewhere.
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
