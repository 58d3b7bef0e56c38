//! A lower bound on the riders' mean wait, computed with knowledge of the whole day. No policy can do better.
//!
//! Assume that every request is served, by drivers who accept at once and set out for a pick-up only once it is
//! requested, so no driver moves without a trip. Then each trip has a predecessor: its driver's starting place, or the
//! driver's trip before it. The driver cannot reach the pick-up before the request is made and the predecessor is over,
//! plus the drive; and a trip is not over before its request plus its ride. So each trip waits at least `max(0, free -
//! requested) + drive` after its predecessor, and nothing precedes two trips. The cheapest assignment of trips to
//! predecessors is a lower bound on the sum of all waits. It knows the day to come, and counts a trip as picked up at
//! once where that helps the next one, so no policy reaches it.
//!
//! For each trip the `KEPT` cheapest predecessors are considered, and one more that stands for all others: it costs as
//! much as the cheapest of those, and every trip may use it. The result is a lower bound in any case. Where no trip
//! needs that stand-in, it is the exact optimum of the relaxation. The report has both.

use serde::Serialize;

use super::simulation::{Day, moment};
use domain::Coordinates;
use matching::{self, Edge, Graph, Solver};

/// The number of predecessors considered for each trip.
const KEPT: usize = 60;
/// Predecessors that are free this much later than the request, or this far away, are not considered, in milliseconds.
const FAR_MS: i64 = 3_600_000;
/// The number of visited edges after which the solver may settle for less than the best.
const VISITS_MAX: u64 = 20_000_000_000;

/// A lower bound on the mean wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Bound {
    /// The mean wait of all requests is not below this, in milliseconds.
    pub mean_wait_ms: i64,
    /// Whether this is the optimum of the relaxation.
    pub is_exact: bool,
    /// How many trips needed a predecessor that was not considered individually.
    pub beyond: u64,
}

/// What may precede a trip: a driver's start, or another trip.
struct Predecessor {
    free_at: i64,
    place: Coordinates,
}

/// Computes the bound of a day. `progress` gets the share done, in permille.
pub fn bound(day: &Day, progress: &mut dyn FnMut(u64)) -> Bound {
    let starts = day.starts.iter().map(|start| Predecessor {
        free_at: start.begin,
        place: start.place,
    });
    let trips = day.requests.iter().map(|request| {
        let ride = day
            .streets
            .leg(request.from, request.to, moment(request.at));
        Predecessor {
            free_at: request.at + ride.ms(),
            place: request.to,
        }
    });
    let before: Vec<Predecessor> = starts.chain(trips).collect();
    let requests = day.requests.len();
    let mut rows: Vec<Vec<Edge>> = Vec::with_capacity(requests);
    for trip in 0..requests {
        let own = day.starts.len() + trip;
        let mut edges = predecessors(day, trip, own, &before);
        // Each trip has its own stand-in, for all predecessors that are not considered.
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

/// The predecessors of a trip, cheapest first. The last is the stand-in for all others, with the column `u32::MAX`.
fn predecessors(day: &Day, trip: usize, own: usize, before: &[Predecessor]) -> Vec<Edge> {
    let request = &day.requests[trip];
    let late = |one: &Predecessor| (one.free_at - request.at).max(0);
    let near = before.iter().enumerate();
    let near = near.filter(|(number, one)| *number != own && late(one) < FAR_MS);
    let near: Vec<(usize, &Predecessor)> = near.collect();
    let places: Vec<Coordinates> = near.iter().map(|(_, one)| one.place).collect();
    let within_s = u32::try_from(FAR_MS / 1_000).unwrap_or(u32::MAX);
    let seconds = day
        .streets
        .seconds(&places, request.from, within_s, moment(request.at));
    let edges = near
        .iter()
        .zip(seconds)
        .filter_map(|((number, one), seconds)| {
            // Times are rounded up to seconds, and a bound must not be too high.
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
