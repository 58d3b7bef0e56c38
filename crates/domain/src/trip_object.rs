//! The trip as the world outside sees it: one shape for HTTP and every dialect.

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::fare::{Fare, HighFare, SetFare};
use super::id::{PhotoId, UserId};
use super::metered::Metered;
use super::place::Coordinates;
use super::trip::Trip;
use super::user::Party;
use super::vehicle::VehicleClass;

/// The wire's trip object; keys and their order are the taxi lesson's, what the lesson lacks follows where it is known.
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
    /// When the rider wants to be picked up, if not at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pick_up_at: Option<String>,
    /// The class of vehicle, where it is another than `standard`.
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<&'a str>,
    /// For how many, where it is for more than one.
    #[serde(skip_serializing_if = "Option::is_none")]
    passengers: Option<u8>,
    /// In which service area, where there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    area: Option<&'a str>,
    /// Whether the driver must give the rider's code to start.
    #[serde(skip_serializing_if = "Option::is_none")]
    ride_code: Option<bool>,
    /// `unverified` where it could not be told whether the driver was at the pick-up when they said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "unverified")]
    arrival: Option<&'static str>,
    /// Since when the driver is later than promised.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    driver_late: Option<String>,
    /// Since when nothing is heard of the driver.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    driver_silent: Option<String>,
    /// What was quoted, where the town has fares.
    #[serde(skip_serializing_if = "Option::is_none")]
    quote: Option<&'a Fare>,
    /// What is due, once the trip is over and costs anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    fare: Option<&'a Fare>,
    /// How far the rider was driven, once a ride is over of which anything is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    ridden: Option<RiddenObject>,
    /// That an operator has set this fare, where one has: why, and what it was before.
    #[serde(skip_serializing_if = "Option::is_none")]
    fare_set: Option<&'a SetFare>,
    /// Why the ride cost much more than was quoted, where it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    high_fare: Option<Box<HighFare>>,
}

/// How far a rider was driven. The fare counts both.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Ridden)]
pub(crate) struct RiddenObject {
    /// What the positions tell.
    measured_metres: u64,
    /// What was put in for the gaps between them.
    filled_metres: u64,
    /// Whether the positions say that the car did not move at all.
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
    /// Where their photo is, if they gave one.
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
    /// The same for those who must not know who drives.
    pub fn without_driver(self) -> Self {
        Self {
            driver: None,
            ..self
        }
    }

    /// The object as JSON text.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a trip object has only texts and finite numbers")
    }
}

/// Always six digits, as the older systems write them.
pub fn microseconds<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{at:.6}"))
}
