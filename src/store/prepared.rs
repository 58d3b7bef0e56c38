//! The head of a stream, by a statement that SQLite must keep prepared.
//!
//! diesel has SQLite prepare every upsert each time, which takes longer than running it. This one is written by hand, one
//! row at a time. PostgreSQL gets sets of rows instead.

use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Text};
use diesel::sqlite::Sqlite;

use super::events::StreamHead;
use super::sql_types::KeyType;

/// Adds to a stream's head, and returns the head as it is then.
pub struct AdvanceHead<'a>(pub &'a StreamHead);

impl QueryFragment<Sqlite> for AdvanceHead<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        let Self(head) = self;
        out.push_sql("INSERT INTO stream_heads (stream, epoch, sequence) VALUES (");
        out.push_bind_param::<Text, _>(&head.stream)?;
        out.push_sql(", ");
        out.push_bind_param::<KeyType, _>(&head.epoch)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, _>(&head.sequence)?;
        out.push_sql(
            ") ON CONFLICT (stream) DO UPDATE SET sequence = sequence + excluded.sequence \
             RETURNING stream, epoch, sequence",
        );
        Ok(())
    }
}

impl Query for AdvanceHead<'_> {
    type SqlType = (Text, KeyType, BigInt);
}

impl QueryId for AdvanceHead<'_> {
    type QueryId = AdvanceHead<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl RunQueryDsl<SqliteConnection> for AdvanceHead<'_> {}
