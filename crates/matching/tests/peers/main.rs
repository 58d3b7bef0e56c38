//! Compares assignments of large batches with other solvers: they must have as many matches, at the same cost.
//!
//! `CABRANK_TEST_PEERS` names a Python that has the packages of `.ci/matching.txt`. Without it, each of these tests is
//! reported as ignored, or fails if `CI` is set. Tests on real trips are ignored if the files are missing.

#[path = "../../../../benches/people/made_up.rs"]
mod made_up;
mod peers;
#[path = "../../benches/peers/town.rs"]
mod town;
#[path = "../../../../benches/people/trips.rs"]
mod trips;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use matching::{Graph, Solver, solve};

use peers::Peers;
use town::Batch;

/// Real trips, which are not part of the project.
const TRIPS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../../shared/data/hive_manhattan/nyc_20k.csv"
);

/// A batch, and which of its edges are used.
#[derive(Clone, Copy)]
struct Case {
    name: &'static str,
    riders: usize,
    drivers: usize,
    /// The number of candidates of a rider.
    k: usize,
    /// Costs are rounded up to a multiple of this, so that many are equal.
    round_ms: i64,
    /// Dearer edges are left out.
    cost_max: i64,
}

const EVEN: Case = Case {
    name: "as_many_drivers_as_riders",
    riders: 1_000,
    drivers: 1_000,
    k: 20,
    round_ms: 1,
    cost_max: i64::MAX,
};

const CASES: [Case; 8] = [
    Case {
        name: "a_small_batch",
        riders: 100,
        drivers: 100,
        ..EVEN
    },
    EVEN,
    Case {
        name: "plenty_of_drivers",
        drivers: 1_500,
        ..EVEN
    },
    Case {
        name: "a_shortage_of_drivers",
        riders: 1_500,
        ..EVEN
    },
    Case {
        name: "a_large_batch",
        riders: 2_000,
        drivers: 2_000,
        ..EVEN
    },
    Case {
        name: "many_equal_costs",
        round_ms: 60_000,
        ..EVEN
    },
    Case {
        name: "nothing_but_equal_costs",
        round_ms: 1_000_000_000,
        ..EVEN
    },
    Case {
        name: "riders_whom_few_drivers_reach",
        k: 40,
        cost_max: 120_000,
        ..EVEN
    },
];

fn main() -> ExitCode {
    let made_up = CASES.map(|case| {
        let batch = move || Batch::made_up(case.riders, case.drivers);
        trial("made_up", case, batch, true)
    });
    let real = CASES.map(|case| {
        let batch = move || Batch::of_trips(TRIPS, case.riders, case.drivers);
        trial("real", case, batch, std::path::Path::new(TRIPS).exists())
    });
    let trials = made_up.into_iter().chain(real).collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn trial(
    town: &str,
    case: Case,
    batch: impl Fn() -> Batch + Send + 'static,
    has_trips: bool,
) -> Trial {
    let name = format!("{town}::{}", case.name);
    let missing = |what: String, is_ignored: bool| {
        let missing = move || Err(Failed::from(what));
        Trial::test(name.clone(), missing).with_ignored_flag(is_ignored)
    };
    let Some(peers) = Peers::from_environment() else {
        let what = format!("{} is not set", peers::VARIABLE);
        return missing(what, std::env::var_os("CI").is_none());
    };
    if !has_trips {
        return missing(format!("there is no {TRIPS}"), true);
    }
    let compare = move || compare(&graph(&batch(), case), &peers);
    Trial::test(name, compare)
}

fn graph(batch: &Batch, case: Case) -> Graph {
    batch.graph(|rider| {
        let mut edges = batch.candidates(rider, case.k);
        for edge in &mut edges {
            edge.cost = (edge.cost + case.round_ms - 1) / case.round_ms * case.round_ms;
        }
        edges.retain(|edge| edge.cost <= case.cost_max);
        edges
    })
}

/// Fails unless all solvers find the same number of matches and the same cost, and the greedy solution is no better.
fn compare(graph: &Graph, peers: &Peers) -> Result<(), Failed> {
    let ours = solve(graph, u64::MAX);
    assert_eq!((ours.solver, ours.gap()), (Solver::Exact, 0));
    for (peer, found) in peers.solve(graph) {
        let (matched, cost) = (found.matched, found.cost);
        if (matched, cost) != (ours.matched, ours.cost) {
            let (best, least) = (ours.matched, ours.cost);
            let what = format!("{peer}: {matched} for {cost}; ours: {best} for {least}");
            return Err(what.into());
        }
    }
    for visits_max in [0, ours.visits / 2] {
        let greedy = solve(graph, visits_max);
        assert_eq!(greedy.solver, Solver::Greedy);
        assert!(greedy.matched <= ours.matched && ours.matched <= greedy.matched_max);
        assert!(greedy.matched < ours.matched || greedy.cost >= ours.cost);
        assert!(greedy.cost_min <= greedy.cost);
    }
    Ok(())
}
