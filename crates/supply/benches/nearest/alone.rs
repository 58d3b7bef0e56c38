//! cabrank's index alone, without judging fixes or looking drivers up by id. Other indexes are compared with this one.

use std::sync::Arc;

use domain::{Coordinates, DriverId, UserId};
use parking_lot::Mutex;
use supply::grid::{Grid, GridSlot, Tags};

use crate::city::{City, Move};
use crate::index::{Index, Server};
use crate::truth::Near;
use crate::{K, RADIUS_M};

/// The index, and each driver's slot in it.
#[derive(Clone)]
pub struct Alone {
    grid: Arc<Grid>,
    slots: Arc<[Mutex<GridSlot>]>,
    is_free: Arc<[bool]>,
}

impl Alone {
    /// An index with all drivers at their first stop.
    pub fn with(city: &City) -> Self {
        let grid = Grid::default();
        let mut begin: Vec<&Move> = city.stops[0].iter().collect();
        begin.sort_unstable_by_key(|moved| moved.driver);
        let slots = begin.into_iter().zip(&city.is_free);
        let slots = slots.map(|(moved, is_free)| {
            Mutex::new(grid.insert(id(moved.driver), moved.place, tags(*is_free)))
        });
        let slots = slots.collect();
        Self {
            grid: Arc::new(grid),
            slots,
            is_free: city.is_free.as_slice().into(),
        }
    }
}

impl Index for Alone {
    fn nearest(&mut self, from: Coordinates) -> Vec<Near> {
        let found = self.grid.nearest(from, K, RADIUS_M, |_, tags| tags.is_free);
        let near = found.into_iter().map(|found| Near {
            driver: found.driver.user().get() as u32,
            metres: found.metres,
        });
        near.collect()
    }

    fn relocate(&mut self, moves: &[Move], _round: usize) {
        for moved in moves {
            let number = moved.driver as usize;
            let (id, tags) = (id(moved.driver), tags(self.is_free[number]));
            let slot = &mut self.slots[number].lock();
            self.grid.relocate(slot, id, moved.place, tags);
        }
    }

    fn another(&self) -> Box<dyn Index> {
        Box::new(self.clone())
    }

    fn server(&mut self) -> Server {
        Server::None
    }

    fn round_trip(&mut self) {}

    fn clear(&mut self) {}
}

fn id(number: u32) -> DriverId {
    DriverId::of(UserId::new(i64::from(number)))
}

fn tags(is_free: bool) -> Tags {
    Tags {
        heard: 0,
        class: 0,
        seats: 4,
        is_free,
    }
}
