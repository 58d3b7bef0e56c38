//! Time, ids and secrets. No other module reads the clock or the system's randomness: the domain takes all three as
//! inputs.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{LazyLock, OnceLock};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp, Unit};
use uuid::Uuid;

/// How far the time is ahead of the system's clock, in microseconds. Tests use it, so that they need not wait for
/// deadlines.
static AHEAD_US: AtomicI64 = AtomicI64::new(0);

/// The moment at which the clock stands still. If it is not set, the system's clock is used.
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

/// Stops the clock at this moment, for the whole process. Only [`advance`] moves it then. For tests that compare every
/// byte.
pub fn stand_at(moment: Timestamp) {
    STANDS_AT.get_or_init(|| moment);
}

/// Puts the time ahead, for the whole process. It is never put back.
pub fn advance(by: SignedDuration) {
    let by = i64::try_from(by.as_micros()).unwrap_or(0).max(0);
    AHEAD_US.fetch_add(by, Ordering::Relaxed);
}

/// The time since the first call, for measuring how long something takes. Nothing may be decided by it.
pub fn elapsed() -> Duration {
    static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);
    BEGUN.elapsed()
}

/// A new id. Later ids sort later, which keeps the indexes of both databases compact.
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
