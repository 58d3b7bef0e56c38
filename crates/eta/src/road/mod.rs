//! Driving times by road: a graph of streets in this process, and searches that go backwards from the pick-up.
//!
//! One search finds all drivers of a query, and ends at the furthest of them. It takes microseconds where a table
//! service needs a request over a socket. Turns cost no time and none is forbidden, and the traffic is that of the hour
//! in which a driver sets out. That is enough to rank drivers.

mod graph;
mod osm;
mod part;
mod plane;
mod route;
mod search;
mod snap;
mod tags;
#[cfg(test)]
mod tests;

use std::path::Path;

use jiff::Timestamp;
use parking_lot::Mutex;

use super::{DrivingTimes, EtaQuery, LEG_MAX_M, Source, Straight, Traffic, Unanswered, Via};
use domain::Coordinates;

pub use graph::{RoadEdge, RoadGraph, RoadGraphError};
pub use osm::OsmError;
pub use route::{Route, RoutePlace};

use search::SearchScratch;
use snap::{OnStreet, Streets};

/// How many searches' buffers are kept for later ones.
const SCRATCH_MAX: usize = 16;

/// The streets of a town, ready for queries.
#[derive(Debug)]
pub struct Roads {
    graph: RoadGraph,
    streets: Streets,
    traffic: Traffic,
    /// For the leg between a point and its street.
    straight: Straight,
    scratch: Mutex<Vec<SearchScratch>>,
}

impl Roads {
    /// Loads the streets of an OpenStreetMap extract, `*.osm.pbf`.
    pub fn load(file: &Path, traffic: Traffic) -> Result<Self, OsmError> {
        Ok(Self::of(osm::read(file)?, traffic))
    }

    /// Makes roads from a graph.
    pub fn of(graph: RoadGraph, traffic: Traffic) -> Self {
        Self {
            streets: Streets::of(&graph),
            graph,
            traffic,
            straight: Straight::CITY,
            scratch: Mutex::default(),
        }
    }

    /// The graph of the streets.
    pub const fn graph(&self) -> &RoadGraph {
        &self.graph
    }

    /// How long the drivers take to the pick-up. `None` if the pick-up is off the map; a driver who is off the map has
    /// no time.
    pub fn times(&self, query: &EtaQuery<'_>, at: Timestamp) -> Option<DrivingTimes> {
        let goal = self.on_street(query.pick_up)?;
        let from = query.drivers.iter().map(|driver| self.on_street(*driver));
        let from: Vec<Option<OnStreet>> = from.collect();
        let factor = self.traffic.factor(at);
        // If this saturates, every route is short enough.
        let ms_max = (f64::from(query.within_s) * 1_000.0 * factor).ceil() as u32;
        let on_road = self.search(|scratch| scratch.times(&self.graph, goal, &from, ms_max));
        let times = from.iter().zip(on_road).map(|(from, ms)| {
            let legs_ms = self.leg_ms(*from.as_ref()?) + self.leg_ms(goal);
            // Rounded to milliseconds first, since a point may lie slightly beside its own street.
            let ms = (legs_ms + f64::from(ms?) / factor).round() as u64;
            u32::try_from(ms.div_ceil(1_000)).ok()
        });
        Some(times.collect())
    }

    fn on_street(&self, at: Coordinates) -> Option<OnStreet> {
        self.streets.nearest(&self.graph, at, LEG_MAX_M)
    }

    fn leg_ms(&self, at: OnStreet) -> f64 {
        1_000.0 * at.leg_m * self.straight.detour / self.straight.speed_mps
    }

    /// Runs a search with the buffers of an earlier one, if there are any.
    fn search<R>(&self, with: impl FnOnce(&mut SearchScratch) -> R) -> R {
        let reused = self.scratch.lock().pop();
        let mut scratch = reused.unwrap_or_else(|| SearchScratch::new(&self.graph));
        let found = with(&mut scratch);
        let mut all = self.scratch.lock();
        if all.len() < SCRATCH_MAX {
            all.push(scratch);
        }
        found
    }
}

impl Source for Roads {
    fn via(&self) -> Via {
        Via::Road
    }

    fn try_to_pick_up(
        &self,
        queries: &[EtaQuery<'_>],
        at: Timestamp,
    ) -> Vec<Result<DrivingTimes, Unanswered>> {
        let times = queries.iter().map(|query| self.times(query, at));
        times
            .map(|times| times.ok_or(Unanswered::OffTheMap))
            .collect()
    }
}
