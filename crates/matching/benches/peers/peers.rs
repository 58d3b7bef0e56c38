//! Runs other solvers through a Python script.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use matching::Graph;
use serde::Deserialize;
use tempfile::TempDir;

use crate::town::Batch;

/// The number of runs of which the median time is taken.
const RUNS: &str = "5";

/// The result of one solver, and its time.
#[derive(Clone)]
pub struct Found {
    pub name: String,
    pub matched: usize,
    pub cost: i64,
    pub cpu_ms: f64,
}

#[derive(Deserialize)]
struct Written {
    matched: usize,
    cost: i64,
    cpu_ms: f64,
}

/// A Python with the solvers.
pub struct Peers {
    python: PathBuf,
    folder: TempDir,
}

impl Peers {
    /// Uses the Python at this path.
    pub fn new(python: String) -> Self {
        Self {
            python: python.into(),
            folder: tempfile::tempdir().expect("a directory can be made"),
        }
    }

    /// The results of the solvers that take edges.
    pub fn solve_edges(&self, graph: &Graph) -> Vec<Found> {
        let file = self.folder.path().join("graph.json");
        let text = serde_json::to_string(graph).expect("a graph is JSON");
        std::fs::write(&file, text).expect("a file can be written");
        self.ask("edges", &file, &[])
    }

    /// The results of the solvers that take a whole matrix of each driver's cost to each rider.
    pub fn solve_matrix(&self, batch: &Batch) -> Vec<Found> {
        let file = self.folder.path().join("matrix");
        let mut bytes = Vec::with_capacity(4 * batch.riders.len() * batch.drivers.len());
        for rider in 0..batch.riders.len() {
            for driver in 0..batch.drivers.len() {
                let cost = i32::try_from(batch.cost(rider, driver)).expect("less than 24 days");
                bytes.extend(cost.to_le_bytes());
            }
        }
        std::fs::write(&file, bytes).expect("a file can be written");
        let shape = [batch.riders.len(), batch.drivers.len()].map(|side| side.to_string());
        let found = self.ask("matrix", &file, &shape);
        let best = found.first().map(|peer| (peer.matched, peer.cost));
        let all = |peer: &Found| Some((peer.matched, peer.cost)) == best;
        assert!(found.iter().all(all), "they agree on the matrix");
        found
    }

    fn ask(&self, kind: &str, file: &Path, shape: &[String]) -> Vec<Found> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/peers.py");
        let mut command = Command::new(&self.python);
        command.arg(script).arg(kind).arg(file).args(shape);
        let output = command.arg(RUNS).output().expect("Python can be started");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "the peers failed: {errors}");
        let found: BTreeMap<String, Written> =
            serde_json::from_slice(&output.stdout).expect("the peers answer in JSON");
        let found = found.into_iter().map(|(name, written)| Found {
            name,
            matched: written.matched,
            cost: written.cost,
            cpu_ms: written.cpu_ms,
        });
        found.collect()
    }
}
