//! The k nearest: ring after ring of cells around a place, until nothing outside can be nearer than the last of those found.

use std::sync::Arc;

use domain::{Coordinates, DriverId};

use super::Grid;
use super::earth::{
    self, CELL_BITS, CELL_ROWS, CellRange, HALVINGS, Square, TileKey, Viewpoint, cell_in_tile,
};
use super::node::{GridEntry, GridNode, Tags};
use super::tile::Tile;

/// After so many rings (13 km) all tiles are gone through instead: where so few drivers are, there are fewer tiles than empty cells.
const RINGS_MAX: u32 = 32;
/// So often it is asked before that whether there are even fewer: all drivers may be in a few tiles.
const RINGS_UNASKED: u32 = 8;
/// A search crosses a corner of tiles at most, as a rule.
const TILES_REMEMBERED: usize = 4;

/// One of those found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FoundDriver {
    /// Who.
    pub driver: DriverId,
    /// How far away.
    pub metres: f64,
}

impl Grid {
    /// The `k` nearest within `metres_max` of those whom `is_wanted` lets pass, the nearest first; of two equally near the one with the smaller id.
    ///
    /// Nobody is found twice. One who crosses from one cell into another in this very microsecond may be missed.
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
            look: LocalScan {
                view: Viewpoint::new(&self.earth, from),
                best: Best::new(k, earth::chord2(metres_max)),
                is_wanted,
            },
        };
        if !search.rings() {
            search.everywhere();
        }
        let found = search.look.best.found.into_iter();
        found
            .map(|(chord2, driver)| FoundDriver {
                driver,
                metres: earth::metres(chord2),
            })
            .collect()
    }
}

/// The best so far, the nearest first.
struct Best {
    k: usize,
    found: Vec<(u64, DriverId)>,
    /// Nobody further than this is of interest.
    chord2_max: u64,
    /// The same, to be compared with areas.
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
        // Looks at all, without a branch that a processor could guess wrong: they are few.
        let (mut nearer, mut is_known) = (0, false);
        for (other, known) in &self.found {
            // Whoever moves is for a moment in two cells.
            is_known |= *known == driver;
            nearer += usize::from((*other < chord2) | ((*other == chord2) & (*known < driver)));
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

    /// After a list, since within one nothing asks for the reach.
    fn narrow(&mut self) {
        self.reach = earth::reach(self.chord2_max);
    }
}

/// The tiles that a search has been in lately; there may be none at a place.
struct Tiles<'g> {
    grid: &'g Grid,
    known: [Option<(TileKey, Option<Arc<Tile>>)>; TILES_REMEMBERED],
    next: usize,
}

impl<'g> Tiles<'g> {
    fn of(grid: &'g Grid) -> Self {
        Self {
            grid,
            known: Default::default(),
            next: 0,
        }
    }

    /// The tile of a cell, if there is one.
    fn at(&mut self, row: u32, col: u32) -> Option<&Tile> {
        let square = Square {
            row: row << HALVINGS,
            col: col << HALVINGS,
        };
        let key = square.tile();
        let known = self.known.iter().position(|known| {
            let known = known.as_ref();
            known.is_some_and(|(known, _)| *known == key)
        });
        let place = known.unwrap_or_else(|| {
            let place = self.next;
            self.known[place] = Some((key, self.grid.tile(key)));
            self.next = (place + 1) % TILES_REMEMBERED;
            place
        });
        let (_, tile) = self.known[place].as_ref()?;
        tile.as_deref()
    }
}

struct NearestSearch<'g, F> {
    tiles: Tiles<'g>,
    look: LocalScan<F>,
}

impl<F: Fn(DriverId, Tags) -> bool> NearestSearch<'_, F> {
    /// Whether everything within reach was seen.
    fn rings(&mut self) -> bool {
        for ring in 0..=RINGS_MAX {
            self.ring(ring);
            if self.look.view.covered(ring) >= self.look.best.reach {
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
        let view = self.look.view;
        let middle = view.square.row >> HALVINGS;
        let last = (middle + ring).min(CELL_ROWS - 1);
        // Rows of the same band have the same columns.
        let mut known = None;
        for row in middle.saturating_sub(ring)..=last {
            let cols = self.tiles.grid.earth.cell_cols(row);
            let (reached, before) = match known {
                Some((of, reached, before)) if of == cols => (reached, before),
                Some(_) | None => {
                    let reached = view.columns(cols, ring);
                    let before = ring.checked_sub(1);
                    let before = before.map(|before| view.columns(cols, before));
                    known = Some((cols, reached, before));
                    (reached, before)
                }
            };
            // What the rings so far have seen of this row.
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

    /// The cells of a row from one column to another, not yet wrapped, tile by tile.
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
                self.look.cell(tile, cells + step as usize, area);
            }
        }
    }

    /// Goes through all tiles, those that can have the nearest first.
    fn everywhere(&mut self) {
        let Self { tiles, look } = self;
        let grid = tiles.grid;
        let mut tiles = grid.tiles_within(&look.view, look.best.reach);
        tiles.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        for (nearest, tile) in tiles {
            if nearest > look.best.reach {
                return;
            }
            for cell in bits(tile.occupied()) {
                let (row, col) = tile.key.cell(cell);
                let area = CellRange::of_cell(&grid.earth, row, col);
                look.cell(&tile, cell as usize, area);
            }
        }
    }
}

/// What is looked at, and what was found.
struct LocalScan<F> {
    view: Viewpoint,
    best: Best,
    is_wanted: F,
}

impl<F: Fn(DriverId, Tags) -> bool> LocalScan<F> {
    /// A cell that has somebody.
    fn cell(&mut self, tile: &Tile, cell: usize, area: CellRange) {
        if self.view.nearest(area) <= self.best.reach {
            tile.look(cell, |node| self.node(node, area));
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

/// The places of the bits that are set.
fn bits(mut of: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let place = (of != 0).then(|| of.trailing_zeros());
        of &= of.wrapping_sub(1);
        place
    })
}
