//! The trip as the world outside sees it: one shape for HTTP and every dialect.

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::place::Coordinates;
use super::trip::Trip;
use super::user::Party;
use super::{DriverId, RiderId};

/// The wire's trip object; keys and their order are the taxi lesson's, what the lesson lacks follows where it is known.
#[derive(Debug, Serialize)]
pub struct TripObject<'a> {
    id: i64,
    rider: &'a Party<RiderId>,
    driver: Option<&'a Party<DriverId>>,
    nk: String,
    #[serde(serialize_with = "microseconds")]
    created: Timestamp,
    #[serde(serialize_with = "microseconds")]
    updated: Timestamp,
    pick_up_address: &'a str,
    drop_off_address: &'a str,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pick_up_location: Option<Coordinates>,
    #[serde(skip_serializing_if = "Option::is_none")]
    drop_off_location: Option<Coordinates>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

impl<'a> From<&'a Trip> for TripObject<'a> {
    fn from(trip: &'a Trip) -> Self {
        Self {
            id: trip.number,
            rider: &trip.rider,
            driver: trip.state.driver(),
            nk: trip.id.to_string(),
            created: trip.requested_at,
            updated: trip.changed_at,
            pick_up_address: trip.pick_up.address.as_str(),
            drop_off_address: trip.drop_off.address.as_str(),
            status: trip.state.status().as_str(),
            pick_up_location: trip.pick_up.location,
            drop_off_location: trip.drop_off.location,
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
fn microseconds<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{at:.6}"))
}
