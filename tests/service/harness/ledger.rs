//! The event log of a service, read from its database. Tests compare the logs of clients with it.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use super::Home;

/// An event at its position in a stream.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Entry {
    #[diesel(sql_type = Text)]
    pub stream: String,
    /// 32 hex digits.
    #[diesel(sql_type = Text)]
    pub epoch: String,
    #[diesel(sql_type = BigInt)]
    pub sequence: i64,
    #[diesel(sql_type = BigInt)]
    pub event: i64,
    #[diesel(sql_type = Text)]
    pub kind: String,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub revision: Option<i64>,
}

/// All streams, each from its first entry on.
pub type Ledger = BTreeMap<String, Vec<Entry>>;

const ENTRIES: &str = "s.sequence, e.id AS event, e.kind, e.revision FROM stream_entries s \
    JOIN stream_heads h ON h.stream = s.stream JOIN events e ON e.id = s.event_id \
    ORDER BY s.stream, s.sequence";

/// Reads the event log of this home.
#[track_caller]
pub fn read(home: &Home) -> Ledger {
    let entries: QueryResult<Vec<Entry>> = match home.database_url() {
        Some(url) => diesel::sql_query(format!(
            "SELECT s.stream, replace(h.epoch::text, '-', '') AS epoch, {ENTRIES}"
        ))
        .load(&mut PgConnection::establish(url).expect("PostgreSQL is there")),
        None => {
            let file = home.dir().join("cabrank.db");
            diesel::sql_query(format!(
                "SELECT s.stream, lower(hex(h.epoch)) AS epoch, {ENTRIES}"
            ))
            .load(
                &mut SqliteConnection::establish(&file.to_string_lossy())
                    .expect("the file is there"),
            )
        }
    };
    let mut ledger = Ledger::new();
    for entry in entries.expect("the log can be read") {
        ledger.entry(entry.stream.clone()).or_default().push(entry);
    }
    ledger
}
