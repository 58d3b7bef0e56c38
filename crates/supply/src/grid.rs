//! An index of moving drivers that finds the nearest of them.
//!
//! The earth is cut into bands of latitude, those into *tiles* of 3.2 km, and a tile into 8 by 8 *cells* of 400 m. A tile exists while somebody is in it.
//! A cell has a lock of one byte and a list; one with more than 48 drivers is four lists, each of which may become four again, so that a search looks at
//! few drivers in the middle of a town and at few cells at its edge.
//!
//! Why so: positions stream in from many threads while others search. A tree balanced as a whole wants one lock as a whole, and whoever searches then waits for whoever moves;
//! here they meet only in the same cell. What a search asks of a driver stands beside the position, so it follows no pointer to find out that a driver is occupied.
//!
//! A driver's place is known by a [`GridSlot`], which the owner keeps; there is no second table to keep in step. The owner sees to it that one driver's calls come one after another.
//! Two locks are never held at once. A tile whose last driver leaves is closed, in the map's lock, before it goes: whoever meant to enter it sees that and takes another.

mod earth;
mod node;
mod search;
mod tile;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use dashmap::DashMap;

use domain::{Coordinates, DriverId};

use earth::{CellRange, Earth, SpherePoint, Square, TileKey, Viewpoint};
use node::GridEntry;
use tile::Tile;

pub use node::Tags;
pub use search::FoundDriver;

pub(crate) use earth::{distance_at_most_m, distance_m};

/// The index.
#[derive(Debug)]
pub struct Grid {
    earth: Earth,
    tiles: DashMap<TileKey, Arc<Tile>, foldhash::fast::RandomState>,
}

/// Where in the grid a driver is; without it nobody is found again.
#[derive(Debug)]
#[must_use]
pub struct GridSlot {
    tile: Arc<Tile>,
    square: Square,
}

impl Default for Grid {
    fn default() -> Self {
        Self {
            earth: Earth::new(),
            tiles: DashMap::default(),
        }
    }
}

impl Grid {
    /// Puts in a driver who is not in it.
    pub fn insert(&self, driver: DriverId, place: Coordinates, tags: Tags) -> GridSlot {
        let square = self.earth.square(place);
        let spot = GridSlot {
            tile: self.enter(square.tile()),
            square,
        };
        let entry = entry(driver, place, square, tags);
        spot.tile
            .change(square.cell(), |node| node.insert(entry, 0));
        spot
    }

    /// Moves a driver.
    pub fn relocate(&self, spot: &mut GridSlot, driver: DriverId, place: Coordinates, tags: Tags) {
        let square = self.earth.square(place);
        let entry = entry(driver, place, square, tags);
        let is_same_tile = square.tile() == spot.tile.key;
        if is_same_tile && square.cell() == spot.square.cell() {
            let old = spot.square.path();
            spot.tile
                .change(square.cell(), |node| node.replace(old, entry, 0));
            spot.square = square;
            return;
        }
        // First there and then no longer here, so that a search sees the driver in one place or in both.
        let tile = if is_same_tile {
            Arc::clone(&spot.tile)
        } else {
            self.enter(square.tile())
        };
        tile.change(square.cell(), |node| node.insert(entry, 0));
        take_out(spot, driver);
        if !is_same_tile {
            self.leave(&spot.tile);
        }
        *spot = GridSlot { tile, square };
    }

    /// Changes what a search asks of a driver.
    pub(crate) fn retag(&self, spot: &GridSlot, driver: DriverId, tags: Tags) {
        spot.tile.change(spot.square.cell(), |node| {
            if let Some(entry) = node.get_mut(driver, spot.square.path(), 0) {
                entry.set_tags(tags);
            }
        });
    }

    /// Takes a driver out.
    #[expect(clippy::needless_pass_by_value, reason = "the spot is used up")]
    pub(crate) fn remove(&self, spot: GridSlot, driver: DriverId) {
        take_out(&spot, driver);
        self.leave(&spot.tile);
    }

    /// How many tiles there are.
    pub(crate) fn tile_count(&self) -> usize {
        self.tiles.len()
    }

    fn enter(&self, key: TileKey) -> Arc<Tile> {
        loop {
            if let Some(tile) = self.tile(key).filter(|tile| tile.enter()) {
                return tile;
            }
            // Under the map's lock a tile that is in the map is not closed.
            let tile = self.tiles.entry(key);
            let tile = Arc::clone(&tile.or_insert_with(|| Arc::new(Tile::new(key))));
            if tile.enter() {
                return tile;
            }
        }
    }

    fn leave(&self, tile: &Tile) {
        if tile.leave() {
            self.tiles.remove_if(&tile.key, |_, known| {
                std::ptr::eq(Arc::as_ptr(known), tile) && known.close()
            });
        }
    }

    fn tile(&self, key: TileKey) -> Option<Arc<Tile>> {
        self.tiles.get(&key).map(|tile| Arc::clone(&tile))
    }

    fn tiles_within(&self, view: &Viewpoint, reach: f64) -> Vec<(f64, Arc<Tile>)> {
        let near = self.tiles.iter().filter_map(|tile| {
            let nearest = view.nearest(CellRange::of_tile(&self.earth, tile.key));
            (nearest <= reach).then(|| (nearest, Arc::clone(&tile)))
        });
        near.collect()
    }
}

fn entry(driver: DriverId, place: Coordinates, square: Square, tags: Tags) -> GridEntry {
    GridEntry::new(driver, SpherePoint::of(place), square.path(), tags)
}

fn take_out(spot: &GridSlot, driver: DriverId) {
    spot.tile.change(spot.square.cell(), |node| {
        node.remove(driver, spot.square.path(), 0);
    });
}
