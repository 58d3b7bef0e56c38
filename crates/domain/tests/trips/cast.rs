//! The people, places and times of the tests.

use domain::fare::HIGH_FARE_PERMILLE;
use domain::{
    Action, Address, Amount, Change, Currency, DriverId, Duties, Measured, OperatorId, Order,
    Party, Place, Reason, RiderId, Tariff, Terms, Trip, TripId, TripRequest, UserId,
};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

/// How long an attempt to find a driver may take, in seconds.
pub const SEARCH_SECONDS: i64 = 600;

/// The free waiting time, in seconds.
pub const FREE_WAITING_SECONDS: i64 = 300;

/// When the search for a trip for later begins.
pub const OPENS_SECOND: i64 = 60;

/// The time `seconds` after the request.
pub fn at(seconds: i64) -> Timestamp {
    let asked = Timestamp::from_second(1_900_000_000).expect("a time within jiff's range");
    asked + SignedDuration::from_secs(seconds)
}

/// One of the riders. Number 0 has requested the trip.
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

/// A party as the other one sees it.
pub fn party<Id>(id: Id) -> Party<Id> {
    Party {
        id,
        username: "ann@example.com".to_owned(),
        first_name: String::new(),
        last_name: "O'Hara \"Ann\"".to_owned(),
        photo: None,
    }
}

/// The reason for a cancellation.
pub fn reason() -> Reason {
    Reason::parse("The road is flooded").expect("a reason")
}

/// The measured distance of a short ride.
pub fn measured() -> Measured {
    Measured {
        measured_m: 99.6,
        filled_m: 0.4,
        segments: Vec::new(),
        gaps: Vec::new(),
        stood_still: false,
        is_thinned: false,
    }
}

/// A place without coordinates.
pub fn place(address: &str) -> Place {
    Place {
        address: Address::parse(address).expect("an address"),
        location: None,
    }
}

/// A trip that rider 0 has requested.
pub fn requested() -> Trip {
    ordered(
        place("1 Main Street"),
        place("2 Side Street"),
        Order::default(),
    )
}

/// An order for later.
pub fn later() -> Order {
    Order {
        opens_at: Some(at(OPENS_SECOND)),
        ..Order::default()
    }
}

/// An amount of so many minor units.
pub fn amount(units: i64) -> Amount {
    Amount::new(units).expect("an amount")
}

/// An order in a town that charges for late cancellations and no-shows.
pub fn in_a_town() -> Order {
    let terms = Terms {
        currency: Some(Currency::parse("EUR").expect("a currency")),
        tariff: None,
        surge_permille: 1_000,
        quoted: None,
        free_waiting_s: FREE_WAITING_SECONDS as u32,
        free_cancel_s: 120,
        cancel_fee: amount(300),
        no_show_fee: amount(500),
        reasons: Vec::new(),
        high_fare_permille: HIGH_FARE_PERMILLE,
    };
    Order {
        terms: Some(Box::new(terms)),
        duties: Some(Duties::default()),
        ..Order::default()
    }
}

/// The same with a tariff.
pub fn in_a_town_with(tariff: Tariff) -> Order {
    let mut order = in_a_town();
    if let Some(terms) = &mut order.terms {
        terms.tariff = Some(tariff);
    }
    order
}

/// A trip of rider 0 between these places.
pub fn ordered(pick_up: Place, drop_off: Place, order: Order) -> Trip {
    let request = TripRequest {
        id: TripId::new(Uuid::from_u128(7)),
        rider: party(rider(0)),
        pick_up,
        drop_off,
        order,
    };
    Trip::request(request, at(0))
}

/// The trip after one more action at second 1, which must take effect.
#[track_caller]
pub fn after(trip: &Trip, action: &Action) -> Trip {
    after_at(trip, action, 1)
}

/// The same at that second.
#[track_caller]
pub fn after_at(trip: &Trip, action: &Action, second: i64) -> Trip {
    match trip.apply(action, at(second)) {
        Ok(Change::To(after)) => *after,
        other => panic!("{action:?} should have taken effect, but: {other:?}"),
    }
}
