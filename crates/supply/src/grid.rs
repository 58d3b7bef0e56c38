//! An index of moving drivers that finds the nearest ones.
//!
//! The earth is cut into bands of latitude, bands into *tiles* of 3.2 km, and each tile into 8 by 8 *cells* of 400 m. A
//! tile exists while it has a driver. A cell has a lock of one byte and a list of drivers. With more than 48 drivers a
//! cell splits into four lists, and each of those may split again. So a search meets few drivers in the middle of a
//! town and few cells at its edge.
//!
//! The reason for this design: positions stream in from many threads while others search. A tree that is balanced as a
//! whole needs one lock for the whole, and searches would wait for reports. Here they meet only in the same cell. The
//! data that a search checks lies beside the position, so skipping an occupied driver follows no pointer.
//!
//! A [`GridSlot`] says where in the grid a driver is. The caller keeps it, so there is no second table to keep in step.
//! The caller must also make the calls for one driver one after another. No thread holds two locks at once. A tile
//! whose last driver leaves is closed under the map's lock before it is removed; a thread that is about to enter it
//! sees that and takes a new tile.

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

/// The index of drivers by position.
#[derive(Debug)]
pub struct Grid {
    earth: Earth,
    tiles: DashMap<TileKey, Arc<Tile>, foldhash::fast::RandomState>,
}

/// Where in the grid a driver is. Without it, the driver's entry cannot be found again.
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
    /// Adds a driver who is not in the grid.
    pub fn insert(&self, driver: DriverId, place: Coordinates, tags: Tags) -> GridSlot {
        let square = self.earth.square(place);
        let slot = GridSlot {
            tile: self.enter(square.tile()),
            square,
        };
        let entry = entry(driver, place, square, tags);
        slot.tile
            .change(square.cell(), |node| node.insert(entry, 0));
        slot
    }

    /// Moves a driver.
    pub fn relocate(&self, slot: &mut GridSlot, driver: DriverId, place: Coordinates, tags: Tags) {
        let square = self.earth.square(place);
        let entry = entry(driver, place, square, tags);
        let is_same_tile = square.tile() == slot.tile.key;
        if is_same_tile && square.cell() == slot.square.cell() {
            let old = slot.square.path();
            slot.tile
                .change(square.cell(), |node| node.replace(old, entry, 0));
            slot.square = square;
            return;
        }
        // Insert before removing, so that a concurrent search sees the driver at one position or at both, never at
        // none.
        let tile = if is_same_tile {
            Arc::clone(&slot.tile)
        } else {
            self.enter(square.tile())
        };
        tile.change(square.cell(), |node| node.insert(entry, 0));
        remove_entry(slot, driver);
        if !is_same_tile {
            self.leave(&slot.tile);
        }
        *slot = GridSlot { tile, square };
    }

    /// Changes a driver's tags.
    pub(crate) fn retag(&self, slot: &GridSlot, driver: DriverId, tags: Tags) {
        slot.tile.change(slot.square.cell(), |node| {
            if let Some(entry) = node.get_mut(driver, slot.square.path(), 0) {
                entry.set_tags(tags);
            }
        });
    }

    /// Removes a driver.
    #[expect(clippy::needless_pass_by_value, reason = "the slot is used up")]
    pub(crate) fn remove(&self, slot: GridSlot, driver: DriverId) {
        remove_entry(&slot, driver);
        self.leave(&slot.tile);
    }

    /// The number of tiles.
    pub(crate) fn tile_count(&self) -> usize {
        self.tiles.len()
    }

    fn enter(&self, key: TileKey) -> Arc<Tile> {
        loop {
            if let Some(tile) = self.tile(key).filter(|tile| tile.enter()) {
                return tile;
            }
            // A tile in the map cannot be closed while the map's entry is locked.
            let tile = self.tiles.entry(key);
            let tile = Arc::clone(&tile.or_insert_with(|| Arc::new(Tile::new(key))));
            if tile.enter() {
                return tile;
            }
        }
    }

    fn leave(&self, tile: &Tile) {
        if tile.leave() {
            self.tiles.remove_if(&tile.key, |_, mapped| {
                std::ptr::eq(Arc::as_ptr(mapped), tile) && mapped.close()
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

fn remove_entry(slot: &GridSlot, driver: DriverId) {
    slot.tile.change(slot.square.cell(), |node| {
        node.remove(driver, slot.square.path(), 0);
    });
}
