//! The k nearest: ring after ring of cells around a place, until nothing outside can be nearer than the last of those found.

use std::sync::Arc;

use crate::domain::{Coordinates, DriverId};

use super::Grid;
use super::earth::{
    self, Area, CELL_BITS, CELL_ROWS, HALVINGS, Square, TileKey, Viewpoint, cell_in_tile,
};
use super::node::{Entry, Node, Tags};
use super::tile::Tile;

/// After so many rings (13 km) all tiles are gone through instead: where so few drivers are, there are fewer tiles than empty cells.
const RINGS_MAX: u32 = 32;
/// A search crosses a corner of tiles at most, as a rule.
const TILES_REMEMBERED: usize = 4;

/// One of those found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
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
    ) -> Vec<Found> {
        if k == 0 {
            return Vec::new();
        }
        let mut search = Search {
            grid: self,
            view: Viewpoint::new(&self.earth, from),
            best: Best::new(k, earth::chord2(metres_max)),
            is_wanted,
            remembered: Default::default(),
            next: 0,
        };
        if !search.rings() {
            search.everywhere();
        }
        let found = search.best.found.into_iter();
        found
            .map(|(chord2, driver)| Found {
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
        // Whoever moves is for a moment in two cells.
        if self.found.iter().any(|(_, known)| *known == driver) {
            return;
        }
        let at = self
            .found
            .partition_point(|known| *known < (chord2, driver));
        if at == self.k {
            return;
        }
        self.found.truncate(self.k - 1);
        self.found.insert(at, (chord2, driver));
        if let Some((furthest, _)) = self.found.get(self.k - 1) {
            self.chord2_max = *furthest;
            self.reach = earth::reach(*furthest);
        }
    }
}

struct Search<'g, F> {
    grid: &'g Grid,
    view: Viewpoint,
    best: Best,
    is_wanted: F,
    remembered: [Option<(TileKey, Option<Arc<Tile>>)>; TILES_REMEMBERED],
    next: usize,
}

impl<F: Fn(DriverId, Tags) -> bool> Search<'_, F> {
    /// Whether everything within reach was seen.
    fn rings(&mut self) -> bool {
        (0..=RINGS_MAX).any(|ring| {
            self.ring(ring);
            self.view.covered(ring) >= self.best.reach
        })
    }

    fn ring(&mut self, ring: u32) {
        let middle = self.view.square.row >> HALVINGS;
        let last = (middle + ring).min(CELL_ROWS - 1);
        for row in middle.saturating_sub(ring)..=last {
            let cols = self.grid.earth.cell_cols(row);
            let reached = self.view.columns(cols, ring);
            // What the rings so far have seen of this row.
            let seen = match ring.checked_sub(1) {
                Some(before) if middle.abs_diff(row) <= before => {
                    Some(self.view.columns(cols, before))
                }
                Some(_) | None => None,
            };
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

    fn row(&mut self, row: u32, west: i64, east: i64) {
        let cols = i64::from(self.grid.earth.cell_cols(row));
        let mut col = west;
        while col <= east {
            let on_earth = col.rem_euclid(cols) as u32;
            let Some(tile) = self.tile(row, on_earth) else {
                // On to the next tile.
                col += i64::from((1 << CELL_BITS) - (on_earth & ((1 << CELL_BITS) - 1)));
                continue;
            };
            let area = Area::of_cell(&self.grid.earth, row, on_earth);
            self.cell(&tile, cell_in_tile(row, on_earth), area);
            col += 1;
        }
    }

    /// The tile of a cell, if there is one.
    fn tile(&mut self, row: u32, col: u32) -> Option<Arc<Tile>> {
        let square = Square {
            row: row << HALVINGS,
            col: col << HALVINGS,
        };
        let key = square.tile();
        let known = self.remembered.iter().flatten();
        if let Some((_, tile)) = known.into_iter().find(|(known, _)| *known == key) {
            return tile.clone();
        }
        let tile = self.grid.tile(key);
        self.remembered[self.next] = Some((key, tile.clone()));
        self.next = (self.next + 1) % TILES_REMEMBERED;
        tile
    }

    fn node(&mut self, node: &Node, area: Area) {
        match node {
            Node::Leaf(entries) => self.entries(entries),
            Node::Split(split) => {
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

    fn entries(&mut self, entries: &[Entry]) {
        for entry in entries {
            let chord2 = self.view.point.chord2(entry.point);
            if chord2 <= self.best.chord2_max && (self.is_wanted)(entry.driver, entry.tags()) {
                self.best.add(chord2, entry.driver);
            }
        }
    }

    /// Goes through all tiles, those that can have the nearest first.
    fn everywhere(&mut self) {
        let mut tiles = self.grid.tiles_within(&self.view, self.best.reach);
        tiles.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        for (nearest, tile) in tiles {
            if nearest > self.best.reach {
                return;
            }
            for cell in 0..1 << (2 * CELL_BITS) {
                let (row, col) = tile.key.cell(cell);
                let area = Area::of_cell(&self.grid.earth, row, col);
                self.cell(&tile, cell as usize, area);
            }
        }
    }

    fn cell(&mut self, tile: &Tile, cell: usize, area: Area) {
        let has_somebody = tile.occupied() >> cell & 1 == 1;
        if has_somebody && self.view.nearest(area) <= self.best.reach {
            tile.look(cell, |node| self.node(node, area));
        }
    }
}
