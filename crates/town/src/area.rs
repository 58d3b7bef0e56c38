//! Service areas: their names, their shapes, and the rules that apply in them.

use geo::{Area as _, BoundingRect, Coord, Intersects, LineString, MultiPolygon, Polygon, Rect};
use geojson::{Geometry, GeometryValue, Position};

use super::error::TownError;
use super::rules::Decisions;
use domain::Coordinates;

/// The most vertices that all areas may have together. It bounds the memory and the time of a look-up.
pub(super) const VERTICES_MAX: usize = 100_000;

/// A service area of the town.
#[derive(Debug, Clone, PartialEq)]
pub struct Area {
    pub(super) name: String,
    pub(super) decisions: Decisions,
    shape: Shape,
}

impl Area {
    pub(super) fn new(name: String, decisions: Decisions, shape: Shape) -> Self {
        Self {
            name,
            decisions,
            shape,
        }
    }

    /// The area's name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether the point is in the area or on its border. A point in a hole is not.
    pub(crate) fn contains(&self, at: Coordinates) -> bool {
        let at = coord(at);
        self.shape.bounds.intersects(&at) && self.shape.polygons.intersects(&at)
    }
}

/// One or several polygons, which may have holes. At least one has a surface.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shape {
    polygons: MultiPolygon,
    bounds: Rect,
    vertices: usize,
}

impl Shape {
    /// Reads the shape of a GeoJSON geometry. `path` is the path of the geometry in the file.
    pub(super) fn read(geometry: &Geometry, path: &str) -> Result<Self, TownError> {
        let path = format!("{path}.coordinates");
        let polygons = match &geometry.value {
            GeometryValue::Polygon { coordinates } => vec![polygon(coordinates, &path)?],
            GeometryValue::MultiPolygon { coordinates } => coordinates
                .iter()
                .enumerate()
                .map(|(n, rings)| polygon(rings, &format!("{path}[{n}]")))
                .collect::<Result<_, _>>()?,
            GeometryValue::Point { .. }
            | GeometryValue::MultiPoint { .. }
            | GeometryValue::LineString { .. }
            | GeometryValue::MultiLineString { .. }
            | GeometryValue::GeometryCollection { .. } => {
                let path = path.trim_end_matches("coordinates");
                let rule = "must be Polygon or MultiPolygon";
                return Err(TownError::new(format!("{path}type"), rule));
            }
        };
        let polygons = MultiPolygon::new(polygons);
        let Some(bounds) = polygons.bounding_rect() else {
            return Err(TownError::new(path, "must have a polygon"));
        };
        let rings = |polygon: &Polygon| polygon.exterior().0.len() + interior(polygon);
        let vertices = polygons.iter().map(rings).sum();
        Ok(Self {
            polygons,
            bounds,
            vertices,
        })
    }

    pub(super) const fn vertices(&self) -> usize {
        self.vertices
    }
}

fn interior(polygon: &Polygon) -> usize {
    polygon.interiors().iter().map(|ring| ring.0.len()).sum()
}

fn polygon(rings: &[Vec<Position>], path: &str) -> Result<Polygon, TownError> {
    let mut read = rings
        .iter()
        .enumerate()
        .map(|(n, positions)| ring(positions, &format!("{path}[{n}]")));
    let Some(outer) = read.next() else {
        return Err(TownError::new(path, "must have a ring"));
    };
    Ok(Polygon::new(outer?, read.collect::<Result<_, _>>()?))
}

/// Reads a closed ring around a surface. In GeoJSON, longitude comes before latitude. A swapped pair cannot always be
/// detected: near the equator both orders are valid; elsewhere a swapped pair is mostly out of range, or in another
/// country.
fn ring(positions: &[Position], path: &str) -> Result<LineString, TownError> {
    let mut corners = Vec::with_capacity(positions.len());
    for (n, position) in positions.iter().enumerate() {
        let on_earth = match position.as_slice() {
            [lon, lat, ..] => Coordinates::new(*lat, *lon).map_err(|error| error.to_string()),
            [] | [_] => Err("must be [longitude, latitude]".to_owned()),
        };
        let at = on_earth.map_err(|rule| TownError::new(format!("{path}[{n}]"), rule))?;
        corners.push(coord(at));
    }
    if corners.len() < 4 || corners.first() != corners.last() {
        let rule = "must have at least four positions, the last one being the first";
        return Err(TownError::new(path, rule));
    }
    let ring = Polygon::new(LineString::new(corners), Vec::new());
    if ring.unsigned_area() > 0.0 {
        Ok(ring.into_inner().0)
    } else {
        Err(TownError::new(path, "must enclose a surface"))
    }
}

fn coord(at: Coordinates) -> Coord {
    Coord {
        x: at.lon(),
        y: at.lat(),
    }
}
