//! Rows that break a rule of the domain, because the database was changed by hand.
//!
//! A corrupt row harms no other. A query for many rows leaves it out and goes on; a query for this row alone fails. The
//! log names each such row once, and operators see how many there are.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use diesel::result::Error;

use crate::domain::Stream;

/// A row breaks a rule of the domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("row {id} of {table} makes no sense: {why}")]
pub struct Corrupt {
    pub table: &'static str,
    /// The row's id. For an offer it is the number of its trip.
    pub id: i64,
    /// The rule that the row breaks.
    pub why: &'static str,
}

impl From<Corrupt> for Error {
    /// Fails a query for this row alone. The row is logged here, so that no query can forget to.
    fn from(corrupt: Corrupt) -> Self {
        corrupt.log_once();
        Self::DeserializationError(Box::new(corrupt))
    }
}

/// The most rows, and the most positions in streams, that are remembered.
const SEEN_MAX: usize = 10_000;

/// The corrupt rows and positions that were met since the process began. One set for the process, as it has one log.
static SEEN: Mutex<SeenCorrupt> = Mutex::new(SeenCorrupt {
    rows: BTreeSet::new(),
    positions: BTreeSet::new(),
});

struct SeenCorrupt {
    rows: BTreeSet<(&'static str, i64)>,
    positions: BTreeSet<(Stream, i64)>,
}

fn seen() -> MutexGuard<'static, SeenCorrupt> {
    SEEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How many corrupt rows were met.
pub fn count() -> usize {
    seen().rows.len()
}

impl Corrupt {
    /// Names the row in the log, the first time that it is met.
    pub fn log_once(&self) {
        let mut seen = seen();
        if seen.rows.len() < SEEN_MAX && seen.rows.insert((self.table, self.id)) {
            tracing::error!(table = self.table, row = self.id, "Left out: {self}");
        }
    }
}

/// The value of one row among many. A corrupt row is logged and left out.
pub fn readable<T>(read: Result<T, Corrupt>) -> Option<T> {
    read.inspect_err(Corrupt::log_once).ok()
}

/// Remembers that the event at a position of a stream cannot be read.
pub(super) fn note_unreadable(stream: Stream, sequence: i64) {
    let mut seen = seen();
    if seen.positions.len() < SEEN_MAX {
        seen.positions.insert((stream, sequence));
    }
}

/// Whether a stream is known to have an unreadable event after `after`, up to `end`.
pub fn has_unreadable(stream: Stream, after: i64, end: i64) -> bool {
    let positions = (stream, after.saturating_add(1))..=(stream, end);
    after < end && seen().positions.range(positions).next().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::UserId;

    #[test]
    fn a_row_is_counted_once_and_only_what_follows_a_place_is_known_to_be_unreadable() {
        let row = Corrupt {
            table: "made up",
            id: 1,
            why: "a test says so",
        };
        assert_eq!(readable::<()>(Err(row)), None);
        let before = count();
        assert_eq!(readable::<()>(Err(row)), None);
        assert_eq!(count(), before);
        let stream = Stream::User(UserId::new(i64::MAX));
        note_unreadable(stream, 7);
        assert!(has_unreadable(stream, 6, 7) && has_unreadable(stream, 0, 100));
        assert!(
            !has_unreadable(stream, 7, 100)
                && !has_unreadable(stream, 0, 6)
                && !has_unreadable(stream, 7, 7)
        );
        assert!(!has_unreadable(stream, i64::MAX, i64::MAX));
    }
}
