//! Points on the earth, and the places where a trip begins and ends.

use geo::{Distance, Haversine, Point};
use serde::{Deserialize, Serialize};

use super::text::Address;

/// A point on the earth, in degrees (WGS 84).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Coordinates {
    lat: f64,
    lon: f64,
}

/// One of the numbers is out of range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CoordinatesError {
    #[error("lat must be a number from -90 to 90.")]
    Latitude,
    #[error("lon must be a number from -180 to 180.")]
    Longitude,
}

impl Coordinates {
    /// The point of these degrees north and east. Numbers out of range and NaN are refused.
    pub fn new(lat: f64, lon: f64) -> Result<Self, CoordinatesError> {
        if !(-90.0..=90.0).contains(&lat) {
            return Err(CoordinatesError::Latitude);
        }
        if !(-180.0..=180.0).contains(&lon) {
            return Err(CoordinatesError::Longitude);
        }
        Ok(Self { lat, lon })
    }

    /// Degrees north of the equator.
    pub const fn lat(self) -> f64 {
        self.lat
    }

    /// Degrees east of Greenwich.
    pub const fn lon(self) -> f64 {
        self.lon
    }

    /// Whether this is 0/0, to the centimetre. That is in the sea, and devices report it as long as they have received
    /// no satellite.
    pub fn is_nowhere(self) -> bool {
        self.lat.abs() < 1e-7 && self.lon.abs() < 1e-7
    }

    /// The distance to another point along the great circle, in metres.
    pub fn metres_to(self, other: Self) -> f64 {
        let point = |at: Self| Point::new(at.lon, at.lat);
        Haversine.distance(point(self), point(other))
    }
}

/// An address, with its coordinates if the rider's app knows them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// As the rider wrote it.
    pub address: Address,
    pub location: Option<Coordinates>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_edges_of_the_earth_are_on_it() {
        assert!(Coordinates::new(90.0, -180.0).is_ok());
        assert_eq!(Coordinates::new(90.1, 0.0), Err(CoordinatesError::Latitude));
        assert_eq!(
            Coordinates::new(0.0, 180.1),
            Err(CoordinatesError::Longitude)
        );
        assert_eq!(
            Coordinates::new(f64::NAN, 0.0),
            Err(CoordinatesError::Latitude)
        );
        assert_eq!(
            Coordinates::new(0.0, f64::INFINITY),
            Err(CoordinatesError::Longitude)
        );
    }
}
