//! Where drivers are, and which way a ride took, as the world outside sees them.

use jiff::Timestamp;
use serde::Serialize;

use super::fix::Fix;
use super::old_track::Track;
use super::trip_object::{LocationObject, microseconds};

/// The wire's position.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Position)]
pub struct FixObject {
    #[serde(flatten)]
    location: LocationObject,
    #[serde(serialize_with = "microseconds")]
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// How far off it may be, in metres.
    #[serde(skip_serializing_if = "Option::is_none")]
    accuracy: Option<f64>,
    /// Which way it moves, in degrees from north, clockwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 360)]
    heading: Option<f64>,
    /// How fast, in metres a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    speed: Option<f64>,
}

impl From<&Fix> for FixObject {
    fn from(fix: &Fix) -> Self {
        Self {
            location: LocationObject::from(fix.location),
            at: fix.at,
            accuracy: fix.accuracy_m,
            heading: fix.heading_deg,
            speed: fix.speed_mps,
        }
    }
}

/// The wire's track.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Track)]
pub struct TrackObject {
    /// How long it is.
    metres: u64,
    /// From the start of the ride to the last position, as far as both are known.
    seconds: u64,
    /// Where it went; thinned so that it stays short.
    points: Vec<LocationObject>,
}

impl TrackObject {
    /// The way of a ride that began then.
    pub fn of(track: &Track, started_at: Option<Timestamp>) -> Self {
        let lasted = started_at.map_or(0, |from| track.last_at.duration_since(from).as_secs());
        Self {
            metres: track.whole_metres(),
            seconds: u64::try_from(lasted).unwrap_or(0),
            points: track
                .path
                .iter()
                .map(|at| LocationObject::from(*at))
                .collect(),
        }
    }
}
