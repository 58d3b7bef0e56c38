//! Measures the CPU time of short work. The system counts in ticks, so each sample repeats the work many times.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// The length of a sample. A tick is at most 4 ms of it.
const SAMPLE: Duration = Duration::from_millis(300);
const SAMPLES: usize = 9;

/// The median of the samples, in milliseconds of this thread.
pub fn cpu_ms<T>(mut work: impl FnMut() -> T) -> f64 {
    // The shortest time, since any run may have been interrupted on a busy machine.
    let tries = (0..5).map(|_| {
        let began = Instant::now();
        black_box(work());
        began.elapsed()
    });
    let once = tries.min().unwrap_or(SAMPLE);
    let once = once.max(Duration::from_nanos(100));
    let times = (SAMPLE.as_nanos() / once.as_nanos()).clamp(1, 1_000_000) as u32;
    let mut samples: Vec<f64> = (0..SAMPLES)
        .map(|_| {
            let before = own_cpu_ns();
            for _ in 0..times {
                black_box(work());
            }
            (own_cpu_ns() - before) as f64 / 1e6 / f64::from(times)
        })
        .collect();
    samples.sort_by(f64::total_cmp);
    samples[SAMPLES / 2]
}

fn own_cpu_ns() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat");
    let text = text.expect("the system tells the CPU time of a thread");
    let ns = text.split_whitespace().next();
    ns.and_then(|ns| ns.parse().ok()).expect("nanoseconds")
}
