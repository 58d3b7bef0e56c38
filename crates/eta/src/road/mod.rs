//! Driving times by road, computed here: a graph of streets, and searches that go backwards from the pick-up.
//!
//! One search finds all drivers of an ask, and ends with the furthest of them. What a table service is asked for over a
//! socket costs a few microseconds here. Turns cost nothing and none is forbidden, and the traffic is that of the hour
//! in which a driver sets out; for who comes first that is enough.

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

/// How many searches' memory is kept for the next ones.
const SCRATCH_MAX: usize = 16;

/// The streets of a town, ready to be asked.
#[derive(Debug)]
pub struct Roads {
    graph: RoadGraph,
    streets: Streets,
    traffic: Traffic,
    /// For the leg between a place and its street.
    straight: Straight,
    scratch: Mutex<Vec<SearchScratch>>,
}

impl Roads {
    /// The streets of an extract of OpenStreetMap, `*.osm.pbf`.
    pub fn load(file: &Path, traffic: Traffic) -> Result<Self, OsmError> {
        Ok(Self::of(osm::read(file)?, traffic))
    }

    /// The streets of a graph.
    pub fn of(graph: RoadGraph, traffic: Traffic) -> Self {
        Self {
            streets: Streets::of(&graph),
            graph,
            traffic,
            straight: Straight::CITY,
            scratch: Mutex::default(),
        }
    }

    /// What they consist of.
    pub const fn graph(&self) -> &RoadGraph {
        &self.graph
    }

    /// How long the drivers take to the pick-up; nothing where that is off the map. A driver who is off the map has no
    /// way there.
    pub fn times(&self, ask: &EtaQuery<'_>, at: Timestamp) -> Option<DrivingTimes> {
        let goal = self.on_street(ask.pick_up)?;
        let from = ask.drivers.iter().map(|driver| self.on_street(*driver));
        let from: Vec<Option<OnStreet>> = from.collect();
        let factor = self.traffic.factor(at);
        // Saturates, and then every way is short enough.
        let ms_max = (f64::from(ask.within_s) * 1_000.0 * factor).ceil() as u32;
        let on_road = self.search(|scratch| scratch.times(&self.graph, goal, &from, ms_max));
        let times = from.iter().zip(on_road).map(|(from, ms)| {
            let legs_ms = self.leg_ms(*from.as_ref()?) + self.leg_ms(goal);
            // To the millisecond first: a place may be a hair beside its own street.
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

    /// With memory that an earlier search has used, if there is some.
    fn search<R>(&self, with: impl FnOnce(&mut SearchScratch) -> R) -> R {
        let kept = self.scratch.lock().pop();
        let mut scratch = kept.unwrap_or_else(|| SearchScratch::new(&self.graph));
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
        asks: &[EtaQuery<'_>],
        at: Timestamp,
    ) -> Vec<Result<DrivingTimes, Unanswered>> {
        let times = asks.iter().map(|ask| self.times(ask, at));
        times
            .map(|times| times.ok_or(Unanswered::OffTheMap))
            .collect()
    }
}
