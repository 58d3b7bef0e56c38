//! The people and things of the tests.

use domain::core::RiderLimits;
use domain::{
    Address, DriverId, OperatorId, Party, Person, Place, Reason, RiderId, Role, UserId, Vehicle,
    VehicleClass,
};

/// How many trips each rider may have.
pub const LIMITS: RiderLimits = RiderLimits {
    active_max: 3,
    scheduled_max: 2,
};

/// One of the riders.
pub fn rider(number: i64) -> RiderId {
    RiderId::of(UserId::new(1 + number))
}

/// One of the drivers.
pub fn driver(number: i64) -> DriverId {
    DriverId::of(UserId::new(101 + number))
}

/// The only operator.
pub fn operator() -> OperatorId {
    OperatorId::of(UserId::new(201))
}

/// A party as the other one sees it.
pub fn party<Id>(id: Id) -> Party<Id> {
    Party {
        id,
        username: "somebody".to_owned(),
        first_name: String::new(),
        last_name: String::new(),
        photo: None,
    }
}

/// An account as others see it.
pub fn person(id: impl Into<UserId>, role: Role) -> Person {
    Person {
        id: id.into(),
        role,
        username: String::new(),
        first_name: String::new(),
        last_name: String::new(),
        photo: None,
    }
}

/// A vehicle of the usual class.
pub fn vehicle(seats: u8) -> Vehicle {
    let class = VehicleClass::default();
    Vehicle { class, seats }
}

/// The reason for a cancellation.
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
