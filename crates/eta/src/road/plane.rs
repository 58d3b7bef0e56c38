//! A plane for a town: metres east and north of its middle.
//!
//! Its error is a millimetre in a metre within a town, and a few centimetres in a metre at the edge of a country that
//! is five degrees high. Only the nearest street and the distance to it are measured here; streets have lengths of
//! their own.

use domain::Coordinates;

/// Metres in a degree of latitude.
const METRES_PER_DEG: f64 = 111_195.0;

/// Metres east and north.
pub(super) type Metres = [f64; 2];

/// A point of the plane.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct PlanePoint(pub Metres);

impl PlanePoint {
    pub(super) fn metres_to(self, other: Self) -> f64 {
        let ([x, y], [other_x, other_y]) = (self.0, other.0);
        (x - other_x).hypot(y - other_y)
    }

    /// The point at a share of the line to another point, from 0 to 1.
    pub(super) fn towards(self, other: Self, share: f64) -> Self {
        let ([x, y], [other_x, other_y]) = (self.0, other.0);
        Self([x + (other_x - x) * share, y + (other_y - y) * share])
    }

    /// The share of the line to `end` at which the point nearest to `of` lies, from 0 to 1.
    pub(super) fn nearest_share(self, end: Self, of: Self) -> f64 {
        let ([x, y], [end_x, end_y], [of_x, of_y]) = (self.0, end.0, of.0);
        let (east, north) = (end_x - x, end_y - y);
        let square = east * east + north * north;
        if square == 0.0 {
            return 0.0;
        }
        (((of_x - x) * east + (of_y - y) * north) / square).clamp(0.0, 1.0)
    }
}

/// A plane that touches the earth at a point.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plane {
    lat: f64,
    lon: f64,
    metres_per_deg_east: f64,
}

impl Plane {
    /// The plane that touches the earth in the middle of these points.
    pub(super) fn around<'a>(places: impl Iterator<Item = &'a Coordinates>) -> Self {
        let mut south_west = (90.0_f64, 180.0_f64);
        let mut north_east = (-90.0_f64, -180.0_f64);
        for place in places {
            let (lat, lon) = (place.lat(), place.lon());
            south_west = (south_west.0.min(lat), south_west.1.min(lon));
            north_east = (north_east.0.max(lat), north_east.1.max(lon));
        }
        let lat = f64::midpoint(south_west.0, north_east.0);
        // Near a pole the length of a degree of longitude goes to zero; it must not become zero.
        let shrink = lat.to_radians().cos().max(1e-3);
        Self {
            lat,
            lon: f64::midpoint(south_west.1, north_east.1),
            metres_per_deg_east: METRES_PER_DEG * shrink,
        }
    }

    pub(super) fn point(self, at: Coordinates) -> PlanePoint {
        PlanePoint([
            (at.lon() - self.lon) * self.metres_per_deg_east,
            (at.lat() - self.lat) * METRES_PER_DEG,
        ])
    }

    /// The coordinates of a point. Where rounding puts it out of range, it is clamped.
    pub(super) fn place(self, PlanePoint([east, north]): PlanePoint) -> Option<Coordinates> {
        let lat = self.lat + north / METRES_PER_DEG;
        let lon = self.lon + east / self.metres_per_deg_east;
        Coordinates::new(lat.clamp(-90.0, 90.0), lon.clamp(-180.0, 180.0)).ok()
    }
}
