//! The time of a query, by the clock and in CPU time.

use std::time::{Duration, Instant};

use crate::peers::{Process, own_cpu_ns};

/// The times of many queries.
#[derive(Debug, Clone, Copy)]
pub struct Took {
    pub median_us: f64,
    pub p99_us: f64,
    /// CPU time of the client and the servers together.
    pub cpu_us: f64,
}

/// Runs queries one after another for a while, after a warm-up of a tenth of that time. Each query returns how many
/// drivers it was about.
pub fn time(during: Duration, servers: &[Process], mut query: impl FnMut() -> usize) -> Took {
    run(during / 10, &mut query);
    let cpu_ns = || own_cpu_ns() + servers.iter().map(Process::cpu_ns).sum::<u64>();
    let before = cpu_ns();
    let mut took_ns = run(during, &mut query);
    let cpu_ns = cpu_ns() - before;
    took_ns.sort_unstable();
    let count = took_ns.len();
    let at = |hundredth: usize| took_ns[(count * hundredth / 100).min(count - 1)] as f64 / 1e3;
    Took {
        median_us: at(50),
        p99_us: at(99),
        cpu_us: cpu_ns as f64 / 1e3 / count as f64,
    }
}

fn run(during: Duration, query: &mut impl FnMut() -> usize) -> Vec<u64> {
    let mut took_ns = Vec::new();
    let began = Instant::now();
    let mut now = began;
    while now.duration_since(began) < during {
        let drivers = std::hint::black_box(query());
        assert_eq!(
            drivers,
            crate::K,
            "a query is about as many drivers as every other"
        );
        let then = now;
        now = Instant::now();
        took_ns.push(now.duration_since(then).as_nanos() as u64);
    }
    took_ns
}
