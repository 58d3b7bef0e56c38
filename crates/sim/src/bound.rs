//! What no policy can do better: a lower bound on the riders' wait, from all that will be requested.
//!
//! Let every request be served, by drivers who accept at once, and who set out for a pick-up only once it is requested: nobody roams. Then
//! each trip is somebody's first, from where the driver began, or comes after another trip of its driver, from where that one ended. It cannot
//! be reached before it was requested and its driver free, and the drive; and a trip's driver is not free before its request and
//! its ride. Hence a wait of at least `max(0, free - requested) + drive` for each trip and whatever comes before it, and nothing comes before two. The cheapest
//! assignment of trips to what comes before them is a lower bound on the sum of all waits. It knows the day to come, and lets each trip be
//! picked up at once where that helps the next one, so it is not reached by any policy.
//!
//! For each trip the `KEPT` cheapest predecessors are considered, and one that stands for all others, which costs as much as the cheapest of those
//! and may be used by each trip. The result is a lower bound in any case; where no trip needs that one, it is the exact optimum of
//! the relaxation. Both is in the report.

use serde::Serialize;

use super::simulation::{Day, moment};
use domain::Coordinates;
use matching::{self, Edge, Graph, Solver};

/// How many predecessors of a trip are considered.
const KEPT: usize = 60;
/// Nobody comes into question who is free so much later, in milliseconds, or so far away.
const FAR_MS: i64 = 3_600_000;
/// The solver need not be content with less than the best before it has looked at so many edges.
const VISITS_MAX: u64 = 20_000_000_000;

/// A lower bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Bound {
    /// The mean wait of all requests is not below this, in milliseconds.
    pub mean_wait_ms: i64,
    /// Whether that is the optimum of the relaxation.
    pub is_exact: bool,
    /// How many trips needed a predecessor that was not looked at one by one.
    pub beyond: u64,
}

/// What may come before a trip: a driver's beginning, or another trip.
struct Predecessor {
    free_at: i64,
    place: Coordinates,
}

/// The bound for a day.
pub fn bound(day: &Day, progress: &mut dyn FnMut(u64)) -> Bound {
    let starts = day.starts.iter().map(|start| Predecessor {
        free_at: start.begin,
        place: start.place,
    });
    let trips = day.wishes.iter().map(|wish| {
        let ride = day.streets.leg(wish.from, wish.to, moment(wish.at));
        Predecessor {
            free_at: wish.at + ride.ms(),
            place: wish.to,
        }
    });
    let before: Vec<Predecessor> = starts.chain(trips).collect();
    let requests = day.wishes.len();
    let mut rows: Vec<Vec<Edge>> = Vec::with_capacity(requests);
    for trip in 0..requests {
        let own = day.starts.len() + trip;
        let mut edges = predecessors(day, trip, own, &before);
        // One of its own, for all others.
        if let Some(last) = edges.last_mut()
            && last.column == u32::MAX
        {
            last.column = (before.len() + trip) as u32;
        }
        rows.push(edges);
        progress(trip as u64 * 1_000 / requests as u64);
    }
    let columns = u32::try_from(before.len() + requests).unwrap_or(u32::MAX);
    let graph = Graph::new(columns, rows).expect("each trip names each predecessor once");
    let solution = matching::solve(&graph, VISITS_MAX);
    let chosen = solution.columns.iter().flatten();
    let beyond = chosen
        .filter(|column| **column as usize >= before.len())
        .count();
    let least = solution.cost_min;
    Bound {
        mean_wait_ms: least / requests as i64,
        is_exact: beyond == 0 && solution.solver == Solver::Exact,
        beyond: beyond as u64,
    }
}

/// What may come before a trip, the cheapest first; in the last place what stands for all others, whose column is `u32::MAX`.
fn predecessors(day: &Day, trip: usize, own: usize, before: &[Predecessor]) -> Vec<Edge> {
    let wish = &day.wishes[trip];
    let late = |one: &Predecessor| (one.free_at - wish.at).max(0);
    let near = before.iter().enumerate();
    let near = near.filter(|(number, one)| *number != own && late(one) < FAR_MS);
    let near: Vec<(usize, &Predecessor)> = near.collect();
    let places: Vec<Coordinates> = near.iter().map(|(_, one)| one.place).collect();
    let within_s = u32::try_from(FAR_MS / 1_000).unwrap_or(u32::MAX);
    let seconds = day
        .streets
        .seconds(&places, wish.from, within_s, moment(wish.at));
    let edges = near
        .iter()
        .zip(seconds)
        .filter_map(|((number, one), seconds)| {
            // Times are rounded up to seconds; a bound must not be too high.
            let drive_ms = 1_000 * i64::from(seconds?.saturating_sub(1));
            let column = u32::try_from(*number).ok()?;
            let cost = late(one) + drive_ms;
            Some(Edge { column, cost })
        });
    let mut edges: Vec<Edge> = edges.collect();
    edges.sort_unstable_by_key(|edge| (edge.cost, edge.column));
    let beyond = edges.get(KEPT).map_or(FAR_MS, |edge| edge.cost.min(FAR_MS));
    edges.truncate(KEPT);
    edges.push(Edge {
        column: u32::MAX,
        cost: beyond,
    });
    edges
}
