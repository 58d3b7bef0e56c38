//! Times searches, reports, and both at once, each for a while.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use domain::Coordinates;

use crate::city::Traffic;
use crate::index::{Index, Server, own_cpu_ns};

/// How many operations are done between two looks at the clock.
const BETWEEN_LOOKS: usize = 16;

/// The results of searches.
#[derive(Debug, Clone, Copy)]
pub struct SearchTimes {
    pub median_us: f64,
    pub p99_us: f64,
    pub per_s: f64,
    /// Of CPU time, client and server together.
    pub cpu_us: Option<f64>,
}

/// The results of reports.
#[derive(Debug, Clone, Copy)]
pub struct ReportTimes {
    pub per_s: f64,
    /// Of CPU time, client and server together.
    pub cpu_us: Option<f64>,
}

/// Measures searches, one after another.
pub fn search(index: &mut dyn Index, from: &[Coordinates], during: Duration) -> SearchTimes {
    let mut pick_ups = from.iter().cycle().copied();
    time(index, during, |index| {
        if let Some(from) = pick_ups.next() {
            std::hint::black_box(index.nearest(from));
        }
    })
}

/// Measures the round trip to the server alone.
pub fn round_trips(index: &mut dyn Index, during: Duration) -> SearchTimes {
    time(index, during, |index| index.round_trip())
}

fn time(
    index: &mut dyn Index,
    during: Duration,
    mut operation: impl FnMut(&mut dyn Index),
) -> SearchTimes {
    let server = index.server();
    let mut took_ns: Vec<u32> = Vec::new();
    let cpu_before = cpu_ns(server);
    let began = Instant::now();
    let mut now = began;
    while now.duration_since(began) < during {
        operation(index);
        let then = now;
        now = Instant::now();
        let ns = now.duration_since(then).as_nanos();
        took_ns.push(u32::try_from(ns).unwrap_or(u32::MAX));
    }
    let count = took_ns.len();
    let cpu_us = cpu_us_each(cpu_before, cpu_ns(server), count);
    took_ns.sort_unstable();
    let at = |hundredth: usize| f64::from(took_ns[(count * hundredth / 100).min(count - 1)]) / 1e3;
    SearchTimes {
        median_us: at(50),
        p99_us: at(99),
        per_s: count as f64 / now.duration_since(began).as_secs_f64(),
        cpu_us,
    }
}

/// Measures reports, sent in lots of `together`, one lot after another.
pub fn report(
    index: &mut dyn Index,
    traffic: &mut Traffic<'_>,
    together: usize,
    during: Duration,
) -> ReportTimes {
    let began = Instant::now();
    report_while(index, traffic, together, || began.elapsed() < during)
}

fn report_while(
    index: &mut dyn Index,
    traffic: &mut Traffic<'_>,
    together: usize,
    goes_on: impl Fn() -> bool,
) -> ReportTimes {
    let server = index.server();
    let mut count = 0;
    let cpu_before = cpu_ns(server);
    let began = Instant::now();
    while goes_on() {
        for _ in 0..BETWEEN_LOOKS {
            let (moves, round) = traffic.next(together);
            index.relocate(moves, round);
            count += moves.len();
        }
    }
    ReportTimes {
        per_s: count as f64 / began.elapsed().as_secs_f64(),
        cpu_us: cpu_us_each(cpu_before, cpu_ns(server), count),
    }
}

/// Measures searches while another thread reports as fast as it can.
pub fn both(
    index: &mut dyn Index,
    from: &[Coordinates],
    traffic: &mut Traffic<'_>,
    together: usize,
    during: Duration,
) -> (SearchTimes, ReportTimes) {
    let mut other = index.another();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let reporting = scope.spawn(|| {
            let goes_on = || !is_over.load(Ordering::Relaxed);
            report_while(other.as_mut(), traffic, together, goes_on)
        });
        let searches = search(index, from, during);
        is_over.store(true, Ordering::Relaxed);
        (
            searches,
            reporting.join().expect("the other thread drives on"),
        )
    })
}

fn cpu_ns(server: Server) -> Option<u64> {
    Some(own_cpu_ns()? + server.cpu_ns()?)
}

fn cpu_us_each(before: Option<u64>, after: Option<u64>, count: usize) -> Option<f64> {
    let ns = after?.checked_sub(before?)?;
    Some(ns as f64 / 1e3 / count as f64)
}
