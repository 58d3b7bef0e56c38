//! Time, ids and secrets: the only place that reads the clock or the system's randomness.
//! The domain takes both as inputs; verbs fetch them here.

use jiff::{Timestamp, Unit};
use uuid::Uuid;

/// The time now, in whole microseconds, as both databases keep it.
#[expect(clippy::disallowed_methods, reason = "the one place that may")]
pub fn now() -> Timestamp {
    Timestamp::now()
        .round(Unit::Microsecond)
        .expect("the clock stands within jiff's range")
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
