//! A tile: eight by eight cells that are created and removed together.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use parking_lot::Mutex;

use super::earth::{CELL_BITS, TileKey};
use super::node::GridNode;

const CELLS: usize = 1 << (2 * CELL_BITS);
/// As the number of members: the tile is out of the map and accepts no driver any more.
const CLOSED: u32 = u32::MAX;

/// A tile's cells, each behind its own lock.
#[derive(Debug)]
pub(crate) struct Tile {
    pub key: TileKey,
    /// The number of drivers who are in the tile or about to enter it.
    members: AtomicU32,
    /// One bit for each cell that has a driver, so that a search locks no empty cell.
    occupied: AtomicU64,
    cells: [Mutex<GridNode>; CELLS],
}

impl Tile {
    /// An empty tile.
    pub(crate) fn new(key: TileKey) -> Self {
        Self {
            key,
            members: AtomicU32::new(0),
            occupied: AtomicU64::new(0),
            cells: std::array::from_fn(|_| Mutex::default()),
        }
    }

    /// Announces a driver who is about to enter. `false`: the tile is closed, and the caller must get a new one.
    pub(crate) fn enter(&self) -> bool {
        let one_more = |members| (members != CLOSED).then(|| members + 1);
        let (set, fetch) = (Ordering::AcqRel, Ordering::Acquire);
        self.members.fetch_update(set, fetch, one_more).is_ok()
    }

    /// Notes that a driver has left. `true`: it was the last one.
    pub(crate) fn leave(&self) -> bool {
        self.members.fetch_sub(1, Ordering::AcqRel) == 1
    }

    /// Closes the tile if no driver is in it or about to enter.
    pub(crate) fn close(&self) -> bool {
        let (set, fetch) = (Ordering::AcqRel, Ordering::Acquire);
        self.members.compare_exchange(0, CLOSED, set, fetch).is_ok()
    }

    /// The cells that have a driver, one bit each.
    pub(crate) fn occupied(&self) -> u64 {
        self.occupied.load(Ordering::Acquire)
    }

    /// Reads a cell under its lock.
    pub(crate) fn read<R>(&self, cell: usize, read: impl FnOnce(&GridNode) -> R) -> R {
        read(&self.cells[cell].lock())
    }

    /// Changes a cell under its lock.
    pub(crate) fn change<R>(&self, cell: usize, change: impl FnOnce(&mut GridNode) -> R) -> R {
        let mut node = self.cells[cell].lock();
        let was_empty = node.is_empty();
        let result = change(&mut node);
        // Still under the cell's lock, so no other thread changes this bit.
        if was_empty != node.is_empty() {
            if was_empty {
                self.occupied.fetch_or(1 << cell, Ordering::AcqRel);
            } else {
                self.occupied.fetch_and(!(1 << cell), Ordering::AcqRel);
            }
        }
        result
    }
}
