//! Drivers' positions and the tracks of rides as JSON, in the form that clients see.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::fix::Fix;
use super::metered::Metered;
use super::outline::outline;
use super::place::Coordinates;
use super::track::{Gap, Measured};
use super::trip_object::{LocationObject, microseconds};

/// A driver's position, as the device reported it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = StreamPosition)]
pub struct FixObject {
    #[serde(flatten)]
    location: LocationObject,
    #[serde(serialize_with = "microseconds")]
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// The radius within which the device probably is, in metres.
    #[serde(skip_serializing_if = "Option::is_none")]
    accuracy: Option<f64>,
    /// The direction of the movement, in degrees clockwise from north.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 360)]
    heading: Option<f64>,
    /// The speed, in metres per second.
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

/// How a rider was driven.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Track)]
pub struct TrackObject {
    /// The whole distance in metres: measured and filled.
    metres: u64,
    /// The metres that were measured from positions.
    measured_metres: u64,
    /// The metres that were filled in for gaps.
    filled_metres: u64,
    /// The duration of the ride so far, in seconds.
    seconds: u64,
    /// The pieces of the route in order, each without a gap. They have fewer points than were reported, so that they
    /// stay short.
    segments: Vec<Vec<LocationObject>>,
    /// The gaps in order.
    gaps: Vec<GapObject>,
    /// Whether positions were left out because there were too many.
    thinned: bool,
    /// The points of all segments, one after the other.
    points: Vec<LocationObject>,
}

/// More than a minute of a ride without a usable position.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Gap)]
struct GapObject {
    #[serde(serialize_with = "microseconds")]
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    #[serde(serialize_with = "microseconds")]
    #[schema(value_type = String, format = DateTime)]
    to: Timestamp,
    /// Where the gap begins, if that is known.
    from_location: Option<LocationObject>,
    /// Where the gap ends, if that is known.
    to_location: Option<LocationObject>,
    /// The metres that were filled in for the gap.
    filled_metres: u64,
}

impl From<&Gap> for GapObject {
    fn from(gap: &Gap) -> Self {
        Self {
            from: gap.from_at,
            to: gap.to_at,
            from_location: gap.from.map(LocationObject::from),
            to_location: gap.to.map(LocationObject::from),
            filled_metres: gap.filled_m.round() as u64,
        }
    }
}

impl TrackObject {
    /// The track of a ride that has lasted so long.
    pub fn of(measured: &Measured, lasted: SignedDuration) -> Self {
        let Metered {
            measured_m,
            filled_m,
            ..
        } = Metered::from(measured);
        let shown = outline(&measured.segments);
        let points = |segment: &Vec<Coordinates>| -> Vec<LocationObject> {
            segment.iter().copied().map(LocationObject::from).collect()
        };
        Self {
            metres: measured_m + filled_m,
            measured_metres: measured_m,
            filled_metres: filled_m,
            seconds: u64::try_from(lasted.as_secs()).unwrap_or(0),
            segments: shown.iter().map(points).collect(),
            gaps: measured.gaps.iter().map(GapObject::from).collect(),
            thinned: measured.is_thinned,
            points: shown.iter().flat_map(points).collect(),
        }
    }
}
