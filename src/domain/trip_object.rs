//! The trip as the world outside sees it: one shape for HTTP and every dialect.

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::id::UserId;
use super::place::Coordinates;
use super::trip::Trip;
use super::user::Party;

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
    /// REQUESTED, STARTED, ARRIVED, IN_PROGRESS, COMPLETED, CANCELLED or EXPIRED.
    #[schema(example = "REQUESTED")]
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pick_up_location: Option<LocationObject>,
    #[serde(skip_serializing_if = "Option::is_none")]
    drop_off_location: Option<LocationObject>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

/// A rider or driver in a trip object.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Party)]
pub struct PartyObject<'a> {
    id: i64,
    username: &'a str,
    first_name: &'a str,
    last_name: &'a str,
}

impl<'a, Id: Copy + Into<UserId>> From<&'a Party<Id>> for PartyObject<'a> {
    fn from(party: &'a Party<Id>) -> Self {
        Self {
            id: party.id.into().get(),
            username: &party.username,
            first_name: &party.first_name,
            last_name: &party.last_name,
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
        }
    }
}

impl TripObject<'_> {
    /// The object as JSON text.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a trip object has only texts and finite numbers")
    }
}

/// Always six digits, as the older systems write them.
pub(super) fn microseconds<S: Serializer>(
    at: &Timestamp,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{at:.6}"))
}
