//! Prints the measurements as tables for docs/performance.md.
#![expect(clippy::print_stderr, reason = "progress is for whoever waits")]

use crate::peers::Found;
use crate::quality::{Answer, Quality};
use crate::town::Batch;

/// The times of one batch.
pub struct Row {
    pub riders: usize,
    pub drivers: usize,
    pub k: usize,
    pub visits_per_edge: f64,
    pub exact_ms: f64,
    pub greedy_ms: f64,
    /// The time for making the graph from candidates in the order of their costs.
    pub ranked_ms: f64,
    /// The same from candidates in any order.
    pub unranked_ms: f64,
    pub peers: Vec<Found>,
}

/// Reports the batch that is measured next.
pub fn progress(batch: &Batch, k: usize) {
    eprintln!(
        "{} riders, {} drivers: {k}",
        batch.riders.len(),
        batch.drivers.len()
    );
}

/// Reports that the other solvers were not run, and why.
pub fn not_run(variable: &str) {
    println!("\nnot run: {variable} is not set");
}

/// Prints the tables.
pub fn print(rows: &[Row], qualities: &[Quality]) {
    times(rows);
    beside(rows);
    quality(qualities);
}

fn times(rows: &[Row]) {
    println!("\nOurs, CPU\n");
    println!(
        "| riders | drivers | candidates | exact (ms) | looks at an edge | greedy (ms) | graph of ranked candidates (ms) | of unranked (ms) |"
    );
    println!("|---:|---:|---:|---:|---:|---:|---:|---:|");
    for row in rows {
        println!(
            "| {} | {} | {} | {:.3} | {:.2} | {:.3} | {:.3} | {:.3} |",
            row.riders,
            row.drivers,
            row.k,
            row.exact_ms,
            row.visits_per_edge,
            row.greedy_ms,
            row.ranked_ms,
            row.unranked_ms
        );
    }
}

fn beside(rows: &[Row]) {
    println!("\nCPU (ms), and how many times ours that is\n");
    println!(
        "| riders | drivers | candidates | cabrank | OR-tools | SciPy sparse | SciPy dense | lap dense |"
    );
    println!("|---:|---:|---:|---:|---:|---:|---:|---:|");
    for row in rows {
        let of = |name| {
            let peer = row.peers.iter().find(|peer| peer.name == name);
            peer.map_or_else(
                || "-".to_owned(),
                |peer| format!("{:.2} ({:.0})", peer.cpu_ms, peer.cpu_ms / row.exact_ms),
            )
        };
        let names = ["OR-tools", "scipy sparse", "scipy dense", "lap"];
        println!(
            "| {} | {} | {} | {:.2} | {} |",
            row.riders,
            row.drivers,
            row.k,
            row.exact_ms,
            names.map(of).join(" | ")
        );
    }
}

fn quality(qualities: &[Quality]) {
    println!(
        "\nMean cost of a match above that of the whole matrix (%), and riders who stay unmatched (%)\n"
    );
    println!(
        "| riders | drivers | candidates | mean of the whole matrix (s) | exact | unmatched | widened once | unmatched | greedy | unmatched |"
    );
    println!("|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
    for it in qualities {
        let mean = it.best.map(|best| format!("{:.1}", best.mean() / 1_000.0));
        let of = |answer: Answer| {
            let dearer = it
                .best
                .map(|best| format!("{:+.2}", answer.dearer_than(best)));
            let unmatched = it.riders - answer.matched;
            let unmatched = 100.0 * unmatched as f64 / it.riders as f64;
            format!("{} | {unmatched:.2}", or_dash(dearer))
        };
        println!(
            "| {} | {} | {} | {} | {} |",
            it.riders,
            it.drivers,
            it.k,
            or_dash(mean),
            [it.first, it.widened, it.greedy].map(of).join(" | ")
        );
    }
}

fn or_dash(text: Option<String>) -> String {
    text.unwrap_or_else(|| "-".to_owned())
}
