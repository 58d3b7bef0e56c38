//! The trip as JSON, in the form that clients see: the same over HTTP and in every dialect.

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::fare::{Fare, HighFare, SetFare};
use super::id::{PhotoId, UserId};
use super::metered::Metered;
use super::place::Coordinates;
use super::trip::Trip;
use super::user::Party;
use super::vehicle::VehicleClass;

/// A trip. Its first keys and their order are those of the taxi course; the others follow where they have a value.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Trip)]
pub struct TripObject<'a> {
    #[schema(example = 1)]
    id: i64,
    rider: PartyObject<'a>,
    driver: Option<PartyObject<'a>>,
    /// The trip's key: 32 hex digits.
    #[schema(
        example = "0193a1b2c3d4e5f60718293a4b5c6d7e",
        min_length = 32,
        max_length = 32
    )]
    nk: String,
    #[serde(serialize_with = "microseconds")]
    #[schema(value_type = String, format = DateTime)]
    created: Timestamp,
    #[serde(serialize_with = "microseconds")]
    #[schema(value_type = String, format = DateTime)]
    updated: Timestamp,
    #[schema(max_length = 255)]
    pick_up_address: &'a str,
    #[schema(max_length = 255)]
    drop_off_address: &'a str,
    /// SCHEDULED, REQUESTED, STARTED, ARRIVED, IN_PROGRESS, COMPLETED, CANCELLED, NO_SHOW or EXPIRED.
    #[schema(example = "REQUESTED")]
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pick_up_location: Option<LocationObject>,
    #[serde(skip_serializing_if = "Option::is_none")]
    drop_off_location: Option<LocationObject>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    /// When the rider wants to be picked up. Absent if that is at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pick_up_at: Option<String>,
    /// The class of vehicle. Absent if it is `standard`.
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<&'a str>,
    /// The number of passengers. Absent if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    passengers: Option<u8>,
    /// The service area of the pick-up, if the town has areas.
    #[serde(skip_serializing_if = "Option::is_none")]
    area: Option<&'a str>,
    /// Whether the driver needs the rider's code to start the ride.
    #[serde(skip_serializing_if = "Option::is_none")]
    ride_code: Option<bool>,
    /// `unverified` if the service could not tell whether the driver really was at the pick-up.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "unverified")]
    arrival: Option<&'static str>,
    /// When the driver became later than promised.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    driver_late: Option<String>,
    /// The time from which on nothing was heard from the driver.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    driver_silent: Option<String>,
    /// The quote, if the town has fares.
    #[serde(skip_serializing_if = "Option::is_none")]
    quote: Option<&'a Fare>,
    /// The fare to be paid, once the trip has ended and costs anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    fare: Option<&'a Fare>,
    /// The metered distance, once the ride has ended and anything is known of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    ridden: Option<RiddenObject>,
    /// Present if an operator has set this fare: the reason, and the fare before.
    #[serde(skip_serializing_if = "Option::is_none")]
    fare_set: Option<&'a SetFare>,
    /// Why the ride cost much more than its quote, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    high_fare: Option<Box<HighFare>>,
}

/// The metered distance of a ride. The fare counts both parts.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Ridden)]
pub(crate) struct RiddenObject {
    /// The metres that were measured from positions.
    measured_metres: u64,
    /// The metres that were filled in for gaps.
    filled_metres: u64,
    /// Whether the positions show that the car did not move.
    stood_still: bool,
}

impl From<Metered> for RiddenObject {
    fn from(ridden: Metered) -> Self {
        Self {
            measured_metres: ridden.measured_m,
            filled_metres: ridden.filled_m,
            stood_still: ridden.stood_still,
        }
    }
}

/// A rider or driver in a trip object.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Party)]
pub(crate) struct PartyObject<'a> {
    id: i64,
    username: &'a str,
    first_name: &'a str,
    last_name: &'a str,
    /// The path of the account's photo, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "/media/0193a1b2c3d4e5f60718293a4b5c6d7e.jpg")]
    photo: Option<String>,
}

impl<'a, Id: Copy + Into<UserId>> From<&'a Party<Id>> for PartyObject<'a> {
    fn from(party: &'a Party<Id>) -> Self {
        Self {
            id: party.id.into().get(),
            username: &party.username,
            first_name: &party.first_name,
            last_name: &party.last_name,
            photo: party.photo.map(PhotoId::path),
        }
    }
}

/// Degrees north and east (WGS 84).
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Location)]
pub struct LocationObject {
    #[schema(minimum = -90, maximum = 90)]
    lat: f64,
    #[schema(minimum = -180, maximum = 180)]
    lon: f64,
}

impl From<Coordinates> for LocationObject {
    fn from(at: Coordinates) -> Self {
        Self {
            lat: at.lat(),
            lon: at.lon(),
        }
    }
}

impl<'a> From<&'a Trip> for TripObject<'a> {
    fn from(trip: &'a Trip) -> Self {
        let order = &trip.order;
        Self {
            id: trip.number,
            rider: PartyObject::from(&trip.rider),
            driver: trip.state.driver().map(PartyObject::from),
            nk: trip.id.to_string(),
            created: trip.requested_at,
            updated: trip.changed_at,
            pick_up_address: trip.pick_up.address.as_str(),
            drop_off_address: trip.drop_off.address.as_str(),
            status: trip.state.status().as_str(),
            pick_up_location: trip.pick_up.location.map(LocationObject::from),
            drop_off_location: trip.drop_off.location.map(LocationObject::from),
            reason: trip.reason.as_ref().map(super::Reason::as_str),
            pick_up_at: order.pick_up_at.map(|at| format!("{at:.6}")),
            class: (order.class != VehicleClass::default()).then_some(order.class.as_str()),
            passengers: (order.passengers != 1).then_some(order.passengers),
            area: order.area.as_deref(),
            ride_code: order.code.as_ref().map(|_| true),
            arrival: (!trip.conduct.has_truly_arrived()).then_some("unverified"),
            driver_late: trip.conduct.late_at.map(|at| format!("{at:.6}")),
            driver_silent: trip.conduct.silent_at.map(|at| format!("{at:.6}")),
            quote: order.terms.as_ref().and_then(|terms| terms.quoted.as_ref()),
            fare: trip.fare.as_ref(),
            ridden: trip
                .ridden
                .filter(Metered::is_known)
                .map(RiddenObject::from),
            fare_set: trip.fare_set.as_ref(),
            high_fare: trip.high_fare().map(Box::new),
        }
    }
}

impl TripObject<'_> {
    /// The same trip, for those who must not know the driver.
    pub fn without_driver(self) -> Self {
        Self {
            driver: None,
            ..self
        }
    }

    /// The trip as JSON text.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a trip object has only texts and finite numbers")
    }
}

/// Writes a time with six decimals, as the older systems do.
pub fn microseconds<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{at:.6}"))
}
