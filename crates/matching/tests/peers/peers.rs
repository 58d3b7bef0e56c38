//! Runs other solvers through a Python script.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use matching::Graph;
use serde::Deserialize;

/// The environment variable that names a Python with the solvers.
pub const VARIABLE: &str = "CABRANK_TEST_PEERS";

/// The result of one solver.
#[derive(Debug, Deserialize)]
pub struct Found {
    /// The number of matched rows.
    pub matched: usize,
    /// The sum of the matches' costs.
    pub cost: i64,
}

/// A Python with the solvers.
#[derive(Debug, Clone)]
pub struct Peers {
    python: PathBuf,
}

impl Peers {
    /// The Python that the environment names, if it does.
    pub fn from_environment() -> Option<Self> {
        let python = std::env::var_os(VARIABLE).filter(|python| !python.is_empty())?;
        let python = python.into();
        Some(Self { python })
    }

    /// The result of each solver, by its name.
    pub fn solve(&self, graph: &Graph) -> BTreeMap<String, Found> {
        let folder = tempfile::tempdir().expect("a directory can be made");
        let file = folder.path().join("graph.json");
        let text = serde_json::to_string(graph).expect("a graph is JSON");
        std::fs::write(&file, text).expect("a file can be written");
        let mut found = self.ask("edges", &file);
        found.append(&mut self.ask("filled", &file));
        assert_eq!(found.len(), 4, "each of them answers: {found:?}");
        found
    }

    fn ask(&self, kind: &str, file: &Path) -> BTreeMap<String, Found> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/peers.py");
        let mut command = Command::new(&self.python);
        command.arg(script).arg(kind).arg(file).arg("1");
        let output = command.output().expect("Python can be started");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "the peers failed: {said}");
        serde_json::from_slice(&output.stdout).expect("the peers answer in JSON")
    }
}
