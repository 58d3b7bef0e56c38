//! The search for the k nearest drivers: ring after ring of cells around a place, until nothing outside can be nearer
//! than the last driver found.

use std::sync::Arc;

use domain::{Coordinates, DriverId};

use super::Grid;
use super::earth::{
    self, CELL_BITS, CELL_ROWS, CellRange, HALVINGS, Square, TileKey, Viewpoint, cell_in_tile,
};
use super::node::{GridEntry, GridNode, Tags};
use super::tile::Tile;

/// After this many rings (13 km) the search goes through all tiles instead: with so few drivers around there are fewer
/// tiles than empty cells.
const RINGS_MAX: u32 = 32;
/// Every so many rings the search checks whether there are few tiles in all, and goes through them if so.
const RINGS_UNASKED: u32 = 8;
/// A search usually crosses no more than a corner of four tiles.
const TILES_REMEMBERED: usize = 4;

/// A driver whom a search found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FoundDriver {
    pub driver: DriverId,
    /// Distance over the earth's surface.
    pub metres: f64,
}

impl Grid {
    /// The `k` nearest drivers within `metres_max` who pass `is_wanted`, nearest first. Of two equally near drivers the
    /// one with the smaller id comes first.
    ///
    /// No driver is found twice. A driver who moves from one cell to another during the search may be missed.
    pub fn nearest(
        &self,
        from: Coordinates,
        k: usize,
        metres_max: f64,
        is_wanted: impl Fn(DriverId, Tags) -> bool,
    ) -> Vec<FoundDriver> {
        if k == 0 {
            return Vec::new();
        }
        let mut search = NearestSearch {
            tiles: Tiles::of(self),
            scan: LocalScan {
                view: Viewpoint::new(&self.earth, from),
                best: Best::new(k, earth::chord2(metres_max)),
                is_wanted,
            },
        };
        if !search.rings() {
            search.everywhere();
        }
        let found = search.scan.best.found.into_iter();
        found
            .map(|(chord2, driver)| FoundDriver {
                driver,
                metres: earth::metres(chord2),
            })
            .collect()
    }
}

/// The best drivers so far, nearest first.
struct Best {
    k: usize,
    found: Vec<(u64, DriverId)>,
    /// The squared chord beyond which drivers no longer matter.
    chord2_max: u64,
    /// The same in the measure of areas, squared radii.
    reach: f64,
}

impl Best {
    fn new(k: usize, chord2_max: u64) -> Self {
        Self {
            k,
            found: Vec::with_capacity(k.min(64)),
            chord2_max,
            reach: earth::reach(chord2_max),
        }
    }

    fn add(&mut self, chord2: u64, driver: DriverId) {
        // A linear scan without branches that the processor could mispredict: the list is short.
        let (mut nearer, mut is_known) = (0, false);
        for (other, cached) in &self.found {
            // A driver who is moving is in two cells for a moment.
            is_known |= *cached == driver;
            nearer += usize::from((*other < chord2) | ((*other == chord2) & (*cached < driver)));
        }
        if is_known || nearer == self.k {
            return;
        }
        self.found.truncate(self.k - 1);
        self.found.insert(nearer, (chord2, driver));
        if let Some((furthest, _)) = self.found.get(self.k - 1) {
            self.chord2_max = *furthest;
        }
    }

    /// Updates the reach. Called once after each list, because nothing needs the reach within a list.
    fn narrow(&mut self) {
        self.reach = earth::reach(self.chord2_max);
    }
}

/// The tiles that a search visited lately. An entry without a tile says that none exists there.
struct Tiles<'g> {
    grid: &'g Grid,
    cached: [Option<(TileKey, Option<Arc<Tile>>)>; TILES_REMEMBERED],
    next: usize,
}

impl<'g> Tiles<'g> {
    fn of(grid: &'g Grid) -> Self {
        Self {
            grid,
            cached: Default::default(),
            next: 0,
        }
    }

    /// The tile that contains a cell, if it exists.
    fn at(&mut self, row: u32, col: u32) -> Option<&Tile> {
        let square = Square {
            row: row << HALVINGS,
            col: col << HALVINGS,
        };
        let key = square.tile();
        let cached = self.cached.iter().position(|cached| {
            let cached = cached.as_ref();
            cached.is_some_and(|(cached, _)| *cached == key)
        });
        let index = cached.unwrap_or_else(|| {
            let index = self.next;
            self.cached[index] = Some((key, self.grid.tile(key)));
            self.next = (index + 1) % TILES_REMEMBERED;
            index
        });
        let (_, tile) = self.cached[index].as_ref()?;
        tile.as_deref()
    }
}

struct NearestSearch<'g, F> {
    tiles: Tiles<'g>,
    scan: LocalScan<F>,
}

impl<F: Fn(DriverId, Tags) -> bool> NearestSearch<'_, F> {
    /// Searches ring by ring; returns whether everything within reach was seen.
    fn rings(&mut self) -> bool {
        for ring in 0..=RINGS_MAX {
            self.ring(ring);
            if self.scan.view.covered(ring) >= self.scan.best.reach {
                return true;
            }
            let across = (ring >> CELL_BITS) as usize + 1;
            if ring % RINGS_UNASKED == RINGS_UNASKED - 1
                && self.tiles.grid.tile_count() <= 4 * across * across
            {
                return false;
            }
        }
        false
    }

    fn ring(&mut self, ring: u32) {
        let view = self.scan.view;
        let middle = view.square.row >> HALVINGS;
        let last = (middle + ring).min(CELL_ROWS - 1);
        // Rows of the same band have the same columns, so the last result is kept.
        let mut cached = None;
        for row in middle.saturating_sub(ring)..=last {
            let cols = self.tiles.grid.earth.cell_cols(row);
            let (reached, before) = match cached {
                Some((of, reached, before)) if of == cols => (reached, before),
                Some(_) | None => {
                    let reached = view.columns(cols, ring);
                    let before = ring.checked_sub(1);
                    let before = before.map(|before| view.columns(cols, before));
                    cached = Some((cols, reached, before));
                    (reached, before)
                }
            };
            // The columns of this row that earlier rings have covered.
            let seen = before.filter(|_| middle.abs_diff(row) < ring);
            match (reached, seen) {
                (Some((west, east)), None) => self.row(row, west, east),
                (Some((west, east)), Some(Some((seen_west, seen_east)))) => {
                    self.row(row, west, seen_west - 1);
                    self.row(row, seen_east + 1, east);
                }
                (None, None | Some(Some(_))) => self.row(row, 0, i64::from(cols) - 1),
                (_, Some(None)) => {}
            }
        }
    }

    /// Scans the cells of a row between two columns, which may go beyond the antimeridian, tile by tile.
    fn row(&mut self, row: u32, west: i64, east: i64) {
        const LAST: u32 = (1 << CELL_BITS) - 1;
        let earth = &self.tiles.grid.earth;
        let cols = i64::from(earth.cell_cols(row));
        let mut col = west;
        while col <= east {
            let first = col.rem_euclid(cols) as u32;
            let ahead = (east - col).min(i64::from(LAST - (first & LAST))) as u32;
            col += i64::from(ahead) + 1;
            let Some(tile) = self.tiles.at(row, first) else {
                continue;
            };
            let cells = cell_in_tile(row, first);
            for step in bits(tile.occupied() >> cells & ((2 << ahead) - 1)) {
                let area = CellRange::of_cell(earth, row, first + step);
                self.scan.cell(tile, cells + step as usize, area);
            }
        }
    }

    /// Scans all tiles, starting with those that can contain the nearest drivers.
    fn everywhere(&mut self) {
        let Self { tiles, scan } = self;
        let grid = tiles.grid;
        let mut tiles = grid.tiles_within(&scan.view, scan.best.reach);
        tiles.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        for (nearest, tile) in tiles {
            if nearest > scan.best.reach {
                return;
            }
            for cell in bits(tile.occupied()) {
                let (row, col) = tile.key.cell(cell);
                let area = CellRange::of_cell(&grid.earth, row, col);
                scan.cell(&tile, cell as usize, area);
            }
        }
    }
}

/// The viewpoint, the filter and the best drivers so far: what scanning a cell needs.
struct LocalScan<F> {
    view: Viewpoint,
    best: Best,
    is_wanted: F,
}

impl<F: Fn(DriverId, Tags) -> bool> LocalScan<F> {
    /// Scans a cell that has drivers.
    fn cell(&mut self, tile: &Tile, cell: usize, area: CellRange) {
        if self.view.nearest(area) <= self.best.reach {
            tile.read(cell, |node| self.node(node, area));
        }
    }

    fn node(&mut self, node: &GridNode, area: CellRange) {
        match node {
            GridNode::Leaf(entries) => self.entries(entries),
            GridNode::Split(split) => {
                let first = self.view.nearest_quarter(area);
                for quarter in [first, first ^ 1, first ^ 2, first ^ 3] {
                    let node = &split.quarters[quarter];
                    let area = area.quarter(quarter);
                    if !node.is_empty() && self.view.nearest(area) <= self.best.reach {
                        self.node(node, area);
                    }
                }
            }
        }
    }

    fn entries(&mut self, entries: &[GridEntry]) {
        for entry in entries {
            let chord2 = self.view.point.chord2(entry.point);
            if chord2 <= self.best.chord2_max && (self.is_wanted)(entry.driver, entry.tags()) {
                self.best.add(chord2, entry.driver);
            }
        }
        self.best.narrow();
    }
}

/// The indexes of the bits that are set.
fn bits(mut of: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let index = (of != 0).then(|| of.trailing_zeros());
        of &= of.wrapping_sub(1);
        index
    })
}
