//! Time, ids and secrets: the only place that reads the clock or the system's randomness.
//! The domain takes both as inputs; verbs fetch them here.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{LazyLock, OnceLock};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp, Unit};
use uuid::Uuid;

/// How far ahead of the system's clock the time is, in microseconds: tests and simulations do not wait for deadlines.
static AHEAD_US: AtomicI64 = AtomicI64::new(0);

/// Where a clock stands that does not go by itself; the system's goes.
static STANDS_AT: OnceLock<Timestamp> = OnceLock::new();

/// The time now, in whole microseconds, as both databases keep it.
#[expect(clippy::disallowed_methods, reason = "the one place that may")]
pub fn now() -> Timestamp {
    let ahead = SignedDuration::from_micros(AHEAD_US.load(Ordering::Relaxed));
    let clock = STANDS_AT.get().copied();
    clock
        .unwrap_or_else(Timestamp::now)
        .round(Unit::Microsecond)
        .and_then(|now| now.checked_add(ahead))
        .expect("the clock stands within jiff's range")
}

/// Lets the time stand at this moment, for the whole process, but for what it is put ahead by: tests that compare every byte want it.
pub fn stand_at(moment: Timestamp) {
    STANDS_AT.get_or_init(|| moment);
}

/// Puts the time ahead, for the whole process; it never goes back.
pub fn advance(by: SignedDuration) {
    let by = i64::try_from(by.as_micros()).unwrap_or(0).max(0);
    AHEAD_US.fetch_add(by, Ordering::Relaxed);
}

/// How long it is since this was first asked, to measure how long something takes; it decides nothing.
pub fn elapsed() -> Duration {
    static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);
    BEGUN.elapsed()
}

/// A new id; ids made later sort later, which keeps the indexes of both databases compact.
#[expect(clippy::disallowed_methods, reason = "the one place that may")]
pub fn fresh_id() -> Uuid {
    Uuid::now_v7()
}

/// Random bytes for a key or a secret.
#[expect(clippy::disallowed_methods, reason = "the one place that may")]
pub fn secret<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system has randomness");
    bytes
}
