//! Eight by eight cells, which come and go together.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use parking_lot::Mutex;

use super::earth::{CELL_BITS, TileKey};
use super::node::GridNode;

const CELLS: usize = 1 << (2 * CELL_BITS);
/// As the number of members: the tile is out of the map and takes nobody any more.
const CLOSED: u32 = u32::MAX;

/// The cells, each behind a lock of its own.
#[derive(Debug)]
pub(crate) struct Tile {
    pub key: TileKey,
    /// Drivers here or about to be.
    members: AtomicU32,
    /// A bit for each cell that has somebody, so that a search locks no empty cell.
    occupied: AtomicU64,
    cells: [Mutex<GridNode>; CELLS],
}

impl Tile {
    /// An empty one.
    pub(crate) fn new(key: TileKey) -> Self {
        Self {
            key,
            members: AtomicU32::new(0),
            occupied: AtomicU64::new(0),
            cells: std::array::from_fn(|_| Mutex::default()),
        }
    }

    /// Announces one who is coming; `false` when the tile is closed, and another has to be found.
    pub(crate) fn enter(&self) -> bool {
        let one_more = |members| (members != CLOSED).then(|| members + 1);
        let (set, fetch) = (Ordering::AcqRel, Ordering::Acquire);
        self.members.fetch_update(set, fetch, one_more).is_ok()
    }

    /// Says that one has gone; `true` when it was the last.
    pub(crate) fn leave(&self) -> bool {
        self.members.fetch_sub(1, Ordering::AcqRel) == 1
    }

    /// Closes the tile if nobody is here or about to be.
    pub(crate) fn close(&self) -> bool {
        let (set, fetch) = (Ordering::AcqRel, Ordering::Acquire);
        self.members.compare_exchange(0, CLOSED, set, fetch).is_ok()
    }

    /// Which cells have somebody.
    pub(crate) fn occupied(&self) -> u64 {
        self.occupied.load(Ordering::Acquire)
    }

    /// Lets `look` see a cell.
    pub(crate) fn look<R>(&self, cell: usize, look: impl FnOnce(&GridNode) -> R) -> R {
        look(&self.cells[cell].lock())
    }

    /// Lets `change` change a cell.
    pub(crate) fn change<R>(&self, cell: usize, change: impl FnOnce(&mut GridNode) -> R) -> R {
        let mut node = self.cells[cell].lock();
        let was_empty = node.is_empty();
        let result = change(&mut node);
        // Still under the cell's lock: nobody else changes this bit.
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
