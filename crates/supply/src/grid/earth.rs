//! The geometry of the grid: points, squares, and lower bounds of the distance to an area.
//!
//! A point is stored as three integers on a sphere, in units of about 6 mm. The straight line through the earth between
//! two points (the *chord*) grows with the distance along the surface. Its square is an integer, and neither the poles
//! nor the antimeridian are special. So comparing two distances takes three multiplications, is exact, and can never
//! order drivers differently because of rounding.

use std::f64::consts::{FRAC_PI_2, PI, TAU};

use domain::Coordinates;

/// The mean radius of the earth, in metres.
const RADIUS_M: f64 = 6_371_008.8;
/// The radius in units. The square of the longest chord still fits into a `u64`.
const UNITS: f64 = (1_u64 << 30) as f64;

/// The number of bands of latitude. Each is one tile high: 3.2 km.
pub(crate) const BANDS: u32 = 6_250;
/// The side of a tile in cells, as a power of two: 8 cells.
pub(crate) const CELL_BITS: u32 = 3;
/// How often a cell can be halved: down to 6 m.
pub(crate) const HALVINGS: u32 = 6;
/// The side of a tile in smallest squares, as a power of two.
pub(crate) const SQUARE_BITS: u32 = CELL_BITS + HALVINGS;
/// The number of rows of cells from pole to pole.
pub(crate) const CELL_ROWS: u32 = BANDS << CELL_BITS;
/// The height of a cell in radians: 400 m.
const CELL_RAD: f64 = PI / CELL_ROWS as f64;

/// A point on the sphere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SpherePoint {
    x: i32,
    y: i32,
    z: i32,
}

impl SpherePoint {
    /// The nearest point that the integers can express.
    pub(crate) fn of(place: Coordinates) -> Self {
        let (sin_lat, cos_lat) = place.lat().to_radians().sin_cos();
        let (sin_lon, cos_lon) = place.lon().to_radians().sin_cos();
        let units = |part: f64| (part * UNITS).round() as i32;
        Self {
            x: units(cos_lat * cos_lon),
            y: units(cos_lat * sin_lon),
            z: units(sin_lat),
        }
    }

    /// The square of the chord to another point.
    pub(crate) fn chord2(self, other: Self) -> u64 {
        let part = |a: i32, b: i32| {
            let difference = i64::from(a) - i64::from(b);
            (difference * difference) as u64
        };
        part(self.x, other.x) + part(self.y, other.y) + part(self.z, other.z)
    }
}

/// Half a chord, in radii, below which the first terms of the arcsine's series are exact to the precision of an `f64`:
/// 12 km along the surface.
const NEAR: f64 = 1e-3;

/// The distance in metres over the earth's surface for a squared chord. It equals the haversine formula for the two
/// points.
pub(crate) fn metres(chord2: u64) -> f64 {
    let half = (chord2 as f64).sqrt() / UNITS / 2.0;
    let angle = if half < NEAR {
        half * (1.0 + half * half * (1.0 / 6.0 + half * half * (3.0 / 40.0)))
    } else {
        half.min(1.0).asin()
    };
    2.0 * RADIUS_M * angle
}

/// The distance over the earth's surface, in metres.
pub(crate) fn distance_m(a: Coordinates, b: Coordinates) -> f64 {
    metres(SpherePoint::of(a).chord2(SpherePoint::of(b)))
}

/// A cheap upper bound of the distance over the earth's surface, in metres: it ignores that meridians converge towards
/// the poles.
pub(crate) fn distance_at_most_m(a: Coordinates, b: Coordinates) -> f64 {
    let (north, east) = (a.lat() - b.lat(), a.lon() - b.lon());
    RADIUS_M * (north * north + east * east).sqrt().to_radians()
}

/// The squared chord that spans that many metres. No point within them has a longer one.
pub(crate) fn chord2(metres: f64) -> u64 {
    let angle = (metres / RADIUS_M).clamp(0.0, PI);
    let chord = 2.0 * (angle / 2.0).sin() * UNITS;
    (chord * chord).ceil() as u64
}

/// A squared chord in squared radii, rounded up by more than the integers can have lost.
pub(crate) fn reach(chord2: u64) -> f64 {
    const ROUNDING: f64 = 1e-8; // 6 cm
    let chord = (chord2 as f64).sqrt() / UNITS + ROUNDING;
    chord * chord
}

/// One of the smallest squares, counted northwards from the south pole and eastwards from the antimeridian.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Square {
    pub row: u32,
    pub col: u32,
}

/// The position of a tile in the grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TileKey {
    pub band: u16,
    pub column: u16,
}

impl Square {
    /// The tile that contains the square.
    pub(crate) fn tile(self) -> TileKey {
        TileKey {
            band: (self.row >> SQUARE_BITS) as u16,
            column: (self.col >> SQUARE_BITS) as u16,
        }
    }

    /// The index of the cell that contains the square, within its tile.
    pub(crate) fn cell(self) -> usize {
        cell_in_tile(self.row >> HALVINGS, self.col >> HALVINGS)
    }

    /// The square's position within its cell: one bit of the row and one of the column for each halving.
    pub(crate) fn path(self) -> Path {
        const MASK: u32 = (1 << HALVINGS) - 1;
        Path(((self.row & MASK) << HALVINGS | self.col & MASK) as u16)
    }
}

impl TileKey {
    /// The row and column, counted over the whole earth, of one of the tile's cells.
    pub(crate) fn cell(self, cell: u32) -> (u32, u32) {
        const MASK: u32 = (1 << CELL_BITS) - 1;
        let first = |tile: u16| u32::from(tile) << CELL_BITS;
        (
            first(self.band) + (cell >> CELL_BITS),
            first(self.column) + (cell & MASK),
        )
    }
}

/// The index within its tile of the cell at this row and column.
pub(crate) fn cell_in_tile(cell_row: u32, cell_col: u32) -> usize {
    const MASK: u32 = (1 << CELL_BITS) - 1;
    ((cell_row & MASK) << CELL_BITS | cell_col & MASK) as usize
}

/// A square's position within its cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Path(u16);

impl Path {
    /// The quarter to descend into after that many halvings.
    pub(crate) fn quarter(self, depth: u32) -> usize {
        let bit = HALVINGS - 1 - depth;
        usize::from(self.0 >> (HALVINGS + bit) & 1) << 1 | usize::from(self.0 >> bit & 1)
    }
}

/// A band of latitude.
#[derive(Debug, Clone, Copy)]
struct Band {
    /// The number of tiles around the earth.
    tiles: u32,
    /// The cosine of the latitude where the band's circumference is shortest.
    cos_min: f64,
}

/// The division of the earth: bands one tile high, each cut into tiles that are about as wide as high.
#[derive(Debug)]
pub(crate) struct Earth {
    bands: Box<[Band]>,
}

impl Earth {
    /// Computes the bands.
    pub(crate) fn new() -> Self {
        let edge = |band: u32| f64::from(band) / f64::from(BANDS) * PI - FRAC_PI_2;
        let bands = (0..BANDS).map(|band| {
            let middle = (edge(band) + edge(band + 1)) / 2.0;
            let around = middle.cos() * f64::from(2 * BANDS);
            let cos_min = edge(band).cos().min(edge(band + 1).cos());
            Band {
                tiles: (around as u32).max(1),
                cos_min: cos_min.max(0.0),
            }
        });
        Self {
            bands: bands.collect(),
        }
    }

    /// The smallest square that contains a place.
    pub(crate) fn square(&self, place: Coordinates) -> Square {
        let rows = BANDS << SQUARE_BITS;
        let row = ((place.lat() + 90.0) / 180.0 * f64::from(rows)) as u32;
        let row = row.min(rows - 1);
        let cols = self.band(row >> SQUARE_BITS).tiles << SQUARE_BITS;
        let col = ((place.lon() + 180.0) / 360.0 * f64::from(cols)) as u32;
        // 180 degrees east is 180 degrees west.
        Square {
            row,
            col: col % cols,
        }
    }

    /// The number of cells around the earth in that row of cells.
    pub(crate) fn cell_cols(&self, cell_row: u32) -> u32 {
        self.band(cell_row >> CELL_BITS).tiles << CELL_BITS
    }

    fn band(&self, band: u32) -> Band {
        self.bands[band as usize]
    }
}

/// An area bounded by rows and columns of the smallest squares.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CellRange {
    row: u32,
    col: u32,
    /// The side in smallest squares.
    side: u32,
    /// The width of one square in radians of longitude.
    col_rad: f64,
    cos_min: f64,
}

impl CellRange {
    /// The area of a whole tile.
    pub(crate) fn of_tile(earth: &Earth, key: TileKey) -> Self {
        let (row, col) = (u32::from(key.band), u32::from(key.column));
        Self::new(
            earth,
            row << SQUARE_BITS,
            col << SQUARE_BITS,
            1 << SQUARE_BITS,
        )
    }

    /// The area of a cell, by its row and column over the whole earth.
    pub(crate) fn of_cell(earth: &Earth, cell_row: u32, cell_col: u32) -> Self {
        Self::new(
            earth,
            cell_row << HALVINGS,
            cell_col << HALVINGS,
            1 << HALVINGS,
        )
    }

    fn new(earth: &Earth, row: u32, col: u32, side: u32) -> Self {
        let band = earth.band(row >> SQUARE_BITS);
        Self {
            row,
            col,
            side,
            col_rad: TAU / f64::from(band.tiles << SQUARE_BITS),
            cos_min: band.cos_min,
        }
    }

    /// One of its quarters, in the order south-west, south-east, north-west, north-east.
    pub(crate) fn quarter(self, quarter: usize) -> Self {
        let side = self.side / 2;
        Self {
            row: self.row + (quarter as u32 >> 1) * side,
            col: self.col + (quarter as u32 & 1) * side,
            side,
            ..self
        }
    }
}

/// The place that a search starts from, with what its formulas need.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Viewpoint {
    pub point: SpherePoint,
    pub square: Square,
    lat: f64,
    lon: f64,
    cos_lat: f64,
}

impl Viewpoint {
    /// The viewpoint at a place.
    pub(crate) fn new(earth: &Earth, place: Coordinates) -> Self {
        let lat = place.lat().to_radians();
        Self {
            point: SpherePoint::of(place),
            square: earth.square(place),
            lat,
            lon: place.lon().to_radians(),
            cos_lat: lat.cos().max(0.0),
        }
    }

    /// A lower bound of the squared chord to anything in that area: the haversine formula with the least value of each
    /// term.
    pub(crate) fn nearest(&self, area: CellRange) -> f64 {
        let half = f64::from(area.side) / 2.0;
        let (lat, lon) = self.offset_from_middle(area);
        let lat_gap = (lat.abs() - half * SQUARE_RAD).max(0.0);
        let lon_gap = (lon.abs() - half * area.col_rad).max(0.0);
        chord2_at_least(lat_gap) + self.cos_lat * area.cos_min * chord2_at_least(lon_gap)
    }

    /// The quarter of that area that is nearest.
    pub(crate) fn nearest_quarter(&self, area: CellRange) -> usize {
        let (lat, lon) = self.offset_from_middle(area);
        usize::from(lat >= 0.0) << 1 | usize::from(lon >= 0.0)
    }

    /// How far north and east of the area's middle the viewpoint is, in radians.
    fn offset_from_middle(&self, area: CellRange) -> (f64, f64) {
        let half = f64::from(area.side) / 2.0;
        let lat = self.lat + FRAC_PI_2 - (f64::from(area.row) + half) * SQUARE_RAD;
        let lon = self.lon + PI - (f64::from(area.col) + half) * area.col_rad;
        let lon = if lon > PI {
            lon - TAU
        } else if lon < -PI {
            lon + TAU
        } else {
            lon
        };
        (lat, lon)
    }

    /// The columns of a row of cells that a ring of cells around the viewpoint reaches, not yet wrapped around the
    /// earth; `None` when the ring closes around the pole.
    pub(crate) fn columns(&self, cols: u32, ring: u32) -> Option<(i64, i64)> {
        let wide = self.ring_lon(ring);
        if wide >= PI {
            return None;
        }
        let col = |lon: f64| floor((lon + PI) / TAU * f64::from(cols));
        let (west, east) = (col(self.lon - wide), col(self.lon + wide));
        (east - west + 1 < i64::from(cols)).then_some((west, east))
    }

    /// The squared chord within which the rings up to this one contain everything.
    pub(crate) fn covered(&self, ring: u32) -> f64 {
        let row = self.square.row >> HALVINGS;
        let north_row = row + ring + 1;
        let mut covered = f64::INFINITY;
        if row > ring {
            covered = self.lat + FRAC_PI_2 - f64::from(row - ring) * CELL_RAD;
        }
        if north_row < CELL_ROWS {
            covered = covered.min(f64::from(north_row) * CELL_RAD - self.lat - FRAC_PI_2);
        }
        let lat = if covered.is_finite() {
            chord2_at_least(covered.max(0.0))
        } else {
            f64::INFINITY
        };
        // The distance to a meridian's plane. Beyond a right angle the nearest thing is the earth's axis.
        let wide = self.ring_lon(ring);
        let lon = if wide >= PI {
            f64::INFINITY
        } else {
            let wide = wide.min(FRAC_PI_2);
            let to_plane = self.cos_lat * wide * (1.0 - wide * wide / 6.0);
            to_plane * to_plane
        };
        lat.min(lon)
    }

    fn ring_lon(&self, ring: u32) -> f64 {
        f64::from(ring) * CELL_RAD / self.cos_lat.max(1e-12)
    }
}

/// The largest integer not above `number`. `f64::floor` would be a call into the C library here, and a search needs
/// several for each ring.
const fn floor(number: f64) -> i64 {
    let towards_zero = number as i64;
    towards_zero - (number < towards_zero as f64) as i64
}

/// The height of one of the smallest squares, in radians.
const SQUARE_RAD: f64 = CELL_RAD / (1 << HALVINGS) as f64;

/// A lower bound of the squared chord of an angle from 0 to pi, without a sine: y - y³/6 is never more than sin y.
fn chord2_at_least(angle: f64) -> f64 {
    let chord = angle * (1.0 - angle * angle / 24.0);
    chord * chord
}
