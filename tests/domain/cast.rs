//! The people, places and times that the tests play with.

use cabrank::domain::{
    Address, DriverId, OperatorId, Party, Place, Reason, Request, RiderId, Trip, TripId, UserId,
};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

/// How long a driver is looked for, in seconds.
pub const SEARCH_SECONDS: i64 = 600;

/// `seconds` after the trip was asked for.
pub fn at(seconds: i64) -> Timestamp {
    let asked = Timestamp::from_second(1_900_000_000).expect("a time within jiff's range");
    asked + SignedDuration::from_secs(seconds)
}

/// One of the riders; number 0 asks for the trip.
pub fn rider(number: u8) -> RiderId {
    RiderId::of(UserId::new(100 + i64::from(number)))
}

/// One of the drivers.
pub fn driver(number: u8) -> DriverId {
    DriverId::of(UserId::new(200 + i64::from(number)))
}

/// One of the operators.
pub fn operator(number: u8) -> OperatorId {
    OperatorId::of(UserId::new(300 + i64::from(number)))
}

/// Somebody as the other party sees them.
pub fn party<Id>(id: Id) -> Party<Id> {
    Party {
        id,
        username: "ann@example.com".to_owned(),
        first_name: String::new(),
        last_name: "O'Hara \"Ann\"".to_owned(),
    }
}

/// Why something is called off.
pub fn reason() -> Reason {
    Reason::parse("The road is flooded").expect("a reason")
}

/// A place without coordinates.
pub fn place(address: &str) -> Place {
    Place {
        address: Address::parse(address).expect("an address"),
        location: None,
    }
}

/// A trip that rider 0 has asked for.
pub fn requested() -> Trip {
    requested_between(place("1 Main Street"), place("2 Side Street"))
}

/// The same between other places.
pub fn requested_between(pick_up: Place, drop_off: Place) -> Trip {
    let request = Request {
        id: TripId::new(Uuid::from_u128(7)),
        rider: party(rider(0)),
        pick_up,
        drop_off,
        search_ends_at: at(SEARCH_SECONDS),
    };
    Trip::request(request, at(0))
}
