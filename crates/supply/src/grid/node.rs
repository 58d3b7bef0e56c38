//! The content of a cell: a short list of entries, or four quarters with the same structure.

use domain::DriverId;

use super::earth::{HALVINGS, Path, SpherePoint};

/// A list longer than this is split into four. Scanning a list is cheap because it is contiguous in memory; going to
/// the next list is not.
const SPLIT_OVER: usize = 48;
/// Four lists with no more entries than this are merged. It is far below `SPLIT_OVER`, so a driver who goes back and
/// forth does not cause a split and a merge each time.
const MERGE_AT: usize = 24;

/// What a search checks of a driver, kept beside the position so that it need not look anywhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tags {
    /// When the position was received, in a unit that the caller chooses.
    pub heard: u32,
    /// The vehicle class, as a number that the caller assigns.
    pub class: u32,
    /// The number of passengers that the vehicle takes.
    pub seats: u8,
    /// Whether the driver may get an offer.
    pub is_free: bool,
}

/// A driver in the grid. The tags are stored flat, so that the struct has no padding.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GridEntry {
    pub driver: DriverId,
    pub point: SpherePoint,
    heard: u32,
    class: u32,
    path: Path,
    seats: u8,
    is_free: bool,
}

impl GridEntry {
    /// An entry for a driver at a point, with the point's path within its cell.
    pub(crate) fn new(driver: DriverId, point: SpherePoint, path: Path, tags: Tags) -> Self {
        Self {
            driver,
            point,
            heard: tags.heard,
            class: tags.class,
            path,
            seats: tags.seats,
            is_free: tags.is_free,
        }
    }

    /// The driver's tags.
    pub(crate) fn tags(&self) -> Tags {
        Tags {
            heard: self.heard,
            class: self.class,
            seats: self.seats,
            is_free: self.is_free,
        }
    }

    /// Replaces the driver's tags.
    pub(crate) fn set_tags(&mut self, tags: Tags) {
        *self = Self::new(self.driver, self.point, self.path, tags);
    }
}

/// A list of entries, or four quarters.
#[derive(Debug)]
pub(crate) enum GridNode {
    Leaf(Vec<GridEntry>),
    Split(Box<Split>),
}

/// Four quarters, and the number of entries they have together.
#[derive(Debug)]
pub(crate) struct Split {
    count: usize,
    pub quarters: [GridNode; 4],
}

impl Default for GridNode {
    fn default() -> Self {
        Self::Leaf(Vec::new())
    }
}

impl GridNode {
    /// Whether the node has no entry. A split node always has entries.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Leaf(entries) => entries.is_empty(),
            Self::Split(_) => false,
        }
    }

    /// Adds an entry. `depth` is how often the cell has been halved so far.
    pub(crate) fn insert(&mut self, entry: GridEntry, depth: u32) {
        match self {
            Self::Leaf(entries) if entries.len() < SPLIT_OVER || depth == HALVINGS => {
                push(entries, entry);
            }
            Self::Leaf(entries) => {
                let mut split = Split {
                    count: 0,
                    quarters: Default::default(),
                };
                for entry in entries.drain(..).chain([entry]) {
                    split.insert(entry, depth);
                }
                *self = Self::Split(Box::new(split));
            }
            Self::Split(split) => split.insert(entry, depth),
        }
    }

    /// Removes a driver's entry.
    pub(crate) fn remove(&mut self, driver: DriverId, path: Path, depth: u32) {
        match self {
            Self::Leaf(entries) => {
                if let Some(at) = entries.iter().position(|entry| entry.driver == driver) {
                    entries.swap_remove(at);
                    shrink(entries);
                }
            }
            Self::Split(split) => {
                split.quarters[path.quarter(depth)].remove(driver, path, depth + 1);
                split.count -= 1;
                if split.count <= MERGE_AT {
                    let mut entries = Vec::with_capacity(split.count);
                    for quarter in &mut split.quarters {
                        quarter.drain_into(&mut entries);
                    }
                    *self = Self::Leaf(entries);
                }
            }
        }
    }

    /// Replaces the driver's entry, which was at `old`.
    pub(crate) fn replace(&mut self, old: Path, entry: GridEntry, depth: u32) {
        match self {
            Self::Leaf(entries) => {
                if let Some(old_entry) = entries
                    .iter_mut()
                    .find(|old_entry| old_entry.driver == entry.driver)
                {
                    *old_entry = entry;
                }
            }
            Self::Split(split) => {
                let (from, to) = (old.quarter(depth), entry.path.quarter(depth));
                if from == to {
                    split.quarters[to].replace(old, entry, depth + 1);
                } else {
                    split.quarters[from].remove(entry.driver, old, depth + 1);
                    split.quarters[to].insert(entry, depth + 1);
                }
            }
        }
    }

    /// The driver's entry.
    pub(crate) fn get_mut(
        &mut self,
        driver: DriverId,
        path: Path,
        depth: u32,
    ) -> Option<&mut GridEntry> {
        match self {
            Self::Leaf(entries) => entries.iter_mut().find(|entry| entry.driver == driver),
            Self::Split(split) => {
                split.quarters[path.quarter(depth)].get_mut(driver, path, depth + 1)
            }
        }
    }

    fn drain_into(&mut self, all: &mut Vec<GridEntry>) {
        match self {
            Self::Leaf(entries) => all.append(entries),
            Self::Split(split) => {
                for quarter in &mut split.quarters {
                    quarter.drain_into(all);
                }
            }
        }
    }
}

impl Split {
    fn insert(&mut self, entry: GridEntry, depth: u32) {
        self.count += 1;
        self.quarters[entry.path.quarter(depth)].insert(entry, depth + 1);
    }
}

/// Appends with exact capacity: these lists are most of the index's memory, and drivers come and go all the time.
fn push(entries: &mut Vec<GridEntry>, entry: GridEntry) {
    entries.reserve_exact(1);
    entries.push(entry);
}

/// Keeps room for one entry, so that one driver leaving and another one joining moves no memory.
fn shrink(entries: &mut Vec<GridEntry>) {
    if entries.is_empty() {
        *entries = Vec::new();
    } else if entries.capacity() > entries.len() + 1 {
        entries.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::earth::{Earth, Square};
    use domain::{Coordinates, UserId};

    fn entry(id: i64, square: Square) -> GridEntry {
        let middle = Coordinates::new(0.0, 0.0).expect("on the earth");
        let tags = Tags {
            heard: 0,
            class: 0,
            seats: 4,
            is_free: true,
        };
        GridEntry::new(
            DriverId::of(UserId::new(id)),
            SpherePoint::of(middle),
            square.path(),
            tags,
        )
    }

    #[test]
    fn a_cell_splits_and_comes_together_again() {
        let mut node = GridNode::default();
        let square = |id: i64| Square {
            row: (id as u32 * 7) % 64,
            col: (id as u32 * 13) % 64,
        };
        for id in 0..200 {
            node.insert(entry(id, square(id)), 0);
        }
        assert!(matches!(&node, GridNode::Split(split) if split.count == 200));
        for id in 0..200 {
            let found = node.get_mut(entry(id, square(id)).driver, square(id).path(), 0);
            assert!(found.is_some(), "{id}");
        }
        for id in 0..176 {
            node.remove(entry(id, square(id)).driver, square(id).path(), 0);
        }
        assert!(matches!(&node, GridNode::Leaf(entries) if entries.len() == 24));
        for id in 176..200 {
            node.remove(entry(id, square(id)).driver, square(id).path(), 0);
        }
        assert!(matches!(&node, GridNode::Leaf(entries) if entries.capacity() == 0));
    }

    #[test]
    fn any_number_may_stand_on_one_spot() {
        let earth = Earth::new();
        let square = earth.square(Coordinates::new(51.5, -0.1).expect("on the earth"));
        let mut node = GridNode::default();
        for id in 0..1_000 {
            node.insert(entry(id, square), 0);
        }
        for id in 0..1_000 {
            node.remove(entry(id, square).driver, square.path(), 0);
        }
        assert!(node.is_empty());
    }

    #[test]
    fn an_entry_takes_half_a_cache_line_and_a_node_less() {
        assert_eq!(size_of::<GridEntry>(), 32);
        assert_eq!(size_of::<GridNode>(), 24);
    }
}
