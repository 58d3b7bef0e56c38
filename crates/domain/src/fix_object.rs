//! Where drivers are, and which way a ride took, as the world outside sees them.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::fix::Fix;
use super::metered::Metered;
use super::outline::outline;
use super::place::Coordinates;
use super::track::{Gap, Measured};
use super::trip_object::{LocationObject, microseconds};

/// The wire's position.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = StreamPosition)]
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
    /// How long it is: what was measured, and what was put in for its gaps.
    metres: u64,
    /// How much of that the positions tell.
    measured_metres: u64,
    /// How much was put in for the gaps between them.
    filled_metres: u64,
    /// How long the ride has lasted.
    seconds: u64,
    /// The ways driven, in order, each without a gap; with fewer places than were reported, so that they stay short.
    segments: Vec<Vec<LocationObject>>,
    /// The stretches of time of which nothing is known, in order.
    gaps: Vec<GapObject>,
    /// Whether there were so many positions that not every one counts.
    thinned: bool,
    /// The places of all segments, one after the other.
    points: Vec<LocationObject>,
}

/// More than a minute of a ride of which no position tells.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Gap)]
struct GapObject {
    #[serde(serialize_with = "microseconds")]
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    #[serde(serialize_with = "microseconds")]
    #[schema(value_type = String, format = DateTime)]
    to: Timestamp,
    /// Where it begins, if that is known.
    from_location: Option<LocationObject>,
    /// Where it ends, if that is known.
    to_location: Option<LocationObject>,
    /// What was put in for it.
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
    /// The way of a ride that has lasted so long.
    pub fn of(measured: &Measured, lasted: SignedDuration) -> Self {
        let Metered {
            measured_m,
            filled_m,
            ..
        } = Metered::from(measured);
        let shown = outline(&measured.segments);
        let places = |segment: &Vec<Coordinates>| -> Vec<LocationObject> {
            segment.iter().copied().map(LocationObject::from).collect()
        };
        Self {
            metres: measured_m + filled_m,
            measured_metres: measured_m,
            filled_metres: filled_m,
            seconds: u64::try_from(lasted.as_secs()).unwrap_or(0),
            segments: shown.iter().map(places).collect(),
            gaps: measured.gaps.iter().map(GapObject::from).collect(),
            thinned: measured.is_thinned,
            points: shown.iter().flat_map(places).collect(),
        }
    }
}
