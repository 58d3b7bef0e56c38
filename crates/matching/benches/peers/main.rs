//! Compares cabrank's assignment of many riders and drivers with those of SciPy, lap and OR-tools, in one run.
//!
//! `benches/matching.sh` installs the other solvers and runs this. `cargo bench -p cabrank-matching` measures ours
//! alone:
//!
//! - `CABRANK_BENCH_PEERS=PYTHON`: a Python that has the packages of `.ci/matching.txt`;
//! - `CABRANK_BENCH_TRIPS=FILE`: real trips instead of an invented town, as `id,lat,lon,lat,lon,...` with a header.
//!
//! Only the CPU time of each solver is compared, on input that is ready in the solver's own format. Solvers of the same
//! problem must find the same solution; otherwise the run ends.

#[path = "../../../../benches/people/made_up.rs"]
mod made_up;
mod peers;
mod quality;
mod report;
mod time;
mod town;
#[path = "../../../../benches/people/trips.rs"]
mod trips;

use matching::{Edge, Graph, solve};

use peers::{Found, Peers};
use quality::Quality;
use report::Row;
use town::Batch;

/// Numbers of riders and drivers: plenty of drivers, as many as riders, and a shortage.
const SIZES: [(usize, usize); 6] = [
    (1_000, 1_500),
    (5_000, 7_500),
    (1_000, 1_000),
    (5_000, 5_000),
    (1_500, 1_000),
    (7_500, 5_000),
];
/// The numbers of candidates of a rider.
const CANDIDATES: [usize; 2] = [20, 40];
/// Solvers of whole matrices run on the first sizes only: they would take a minute for the largest of the others.
const MATRICES: usize = 2;

fn main() {
    let set = |name| {
        std::env::var(name)
            .ok()
            .filter(|it: &String| !it.is_empty())
    };
    let peers = set("CABRANK_BENCH_PEERS").map(Peers::new);
    let trips = set("CABRANK_BENCH_TRIPS");
    let (mut rows, mut qualities) = (Vec::new(), Vec::new());
    for (number, (riders, drivers)) in SIZES.into_iter().enumerate() {
        let batch = trips.as_ref().map_or_else(
            || Batch::made_up(riders, drivers),
            |trips| Batch::of_trips(trips, riders, drivers),
        );
        let matrix = peers.as_ref().filter(|_| number < MATRICES);
        let matrix = matrix.map(|peers| peers.solve_matrix(&batch));
        for k in CANDIDATES {
            report::progress(&batch, k);
            rows.push(measure(&batch, k, peers.as_ref(), matrix.as_deref()));
            if number < MATRICES {
                qualities.push(Quality::of(&batch, k, matrix.as_deref()));
            }
        }
    }
    report::print(&rows, &qualities);
    if peers.is_none() {
        report::not_run("CABRANK_BENCH_PEERS");
    }
}

/// Measures our time and that of the other solvers for a batch with so many candidates.
fn measure(batch: &Batch, k: usize, peers: Option<&Peers>, matrix: Option<&[Found]>) -> Row {
    let ranked: Vec<Vec<Edge>> = (0..batch.riders.len())
        .map(|rider| batch.candidates(rider, k))
        .collect();
    let mut unranked = ranked.clone();
    let mut random = fastrand::Rng::with_seed(7);
    for edges in &mut unranked {
        random.shuffle(edges);
    }
    let made = |rows: &[Vec<Edge>]| {
        Graph::new(
            batch.drivers.len() as u32,
            rows.iter().map(|row| row.iter().copied()),
        )
        .expect("a town is a graph")
    };
    let graph = made(&ranked);
    assert_eq!(graph, made(&unranked), "in whatever order they came");
    let solution = solve(&graph, u64::MAX);
    let mut found = peers.map_or_else(Vec::new, |peers| peers.solve_edges(&graph));
    for peer in &found {
        let theirs = (peer.matched, peer.cost);
        assert_eq!(theirs, (solution.matched, solution.cost), "{}", peer.name);
    }
    found.extend(matrix.unwrap_or_default().iter().cloned());
    Row {
        riders: batch.riders.len(),
        drivers: batch.drivers.len(),
        k,
        visits_per_edge: solution.visits as f64 / graph.edges() as f64,
        exact_ms: time::cpu_ms(|| solve(&graph, u64::MAX)),
        greedy_ms: time::cpu_ms(|| solve(&graph, 0)),
        ranked_ms: time::cpu_ms(|| made(&ranked)),
        unranked_ms: time::cpu_ms(|| made(&unranked)),
        peers: found,
    }
}
