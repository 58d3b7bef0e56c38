//! Rows that make no sense: the database was changed by other hands.
//!
//! One such row harms nobody else. What reads many rows leaves it out and goes on; whoever asks for it alone is told.
//! The log names each once, and operators are told how many there are.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use diesel::result::Error;

use crate::domain::Stream;

/// A row breaks a rule of the domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("row {id} of {table} makes no sense: {why}")]
pub struct Corrupt {
    /// Which table.
    pub table: &'static str,
    /// Which row.
    pub id: i64,
    /// What is wrong with it.
    pub why: &'static str,
}

impl From<Corrupt> for Error {
    /// What fails whoever asked for this row alone; the row is named here, so that no reader can forget it.
    fn from(corrupt: Corrupt) -> Self {
        corrupt.name();
        Self::DeserializationError(Box::new(corrupt))
    }
}

/// How many rows, and how many places in streams, are remembered.
const KNOWN_MAX: usize = 10_000;

/// What was met since the process began. A process has one log, so it has one of these.
static KNOWN: Mutex<NamedRows> = Mutex::new(NamedRows {
    rows: BTreeSet::new(),
    places: BTreeSet::new(),
});

struct NamedRows {
    rows: BTreeSet<(&'static str, i64)>,
    places: BTreeSet<(Stream, i64)>,
}

fn known() -> MutexGuard<'static, NamedRows> {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How many corrupt rows were met.
pub fn count() -> usize {
    known().rows.len()
}

impl Corrupt {
    /// Names the row in the log, the first time that it is met.
    pub fn name(&self) {
        let mut known = known();
        if known.rows.len() < KNOWN_MAX && known.rows.insert((self.table, self.id)) {
            tracing::error!(table = self.table, row = self.id, "Left out: {self}");
        }
    }
}

/// What was read of a row among many; nothing of one that makes no sense, which is named.
pub fn readable<T>(read: Result<T, Corrupt>) -> Option<T> {
    read.inspect_err(Corrupt::name).ok()
}

/// Remembers that nobody can be told what stands at a place of a stream.
pub(super) fn name_place(stream: Stream, sequence: i64) {
    let mut known = known();
    if known.places.len() < KNOWN_MAX {
        known.places.insert((stream, sequence));
    }
}

/// Whether a stream is known to have a place after `after`, up to `end`, of which nobody can be told.
pub fn has_place(stream: Stream, after: i64, end: i64) -> bool {
    let places = (stream, after.saturating_add(1))..=(stream, end);
    after < end && known().places.range(places).next().is_some()
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
        name_place(stream, 7);
        assert!(has_place(stream, 6, 7) && has_place(stream, 0, 100));
        assert!(!has_place(stream, 7, 100) && !has_place(stream, 0, 6) && !has_place(stream, 7, 7));
        assert!(!has_place(stream, i64::MAX, i64::MAX));
    }
}
