//! The writer's statements that SQLite must keep prepared.
//!
//! diesel has SQLite prepare every UPDATE and every upsert each time, which takes longer than running it. These two are
//! written by hand, one row at a time. PostgreSQL gets sets of rows instead.

use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Bool, Double, Nullable, Text};
use diesel::sqlite::Sqlite;

use super::events::StreamHead;
use super::rows::TripRow;
use super::sql_types::{Instant, KeyType};

/// Writes the columns of a trip that may change.
pub struct UpdateTrip<'a>(pub &'a TripRow);

impl QueryFragment<Sqlite> for UpdateTrip<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        let Self(TripRow { id, columns }) = self;
        out.push_sql("UPDATE trips SET driver_id = ");
        out.push_bind_param::<Nullable<BigInt>, _>(&columns.driver_id)?;
        for (column, value) in [
            (", pick_up_address = ", &columns.pick_up_address),
            (", drop_off_address = ", &columns.drop_off_address),
            (", status = ", &columns.status),
        ] {
            out.push_sql(column);
            out.push_bind_param::<Text, _>(value)?;
        }
        for (column, value) in [
            (", pick_up_lat = ", &columns.pick_up_lat),
            (", pick_up_lon = ", &columns.pick_up_lon),
            (", drop_off_lat = ", &columns.drop_off_lat),
            (", drop_off_lon = ", &columns.drop_off_lon),
        ] {
            out.push_sql(column);
            out.push_bind_param::<Nullable<Double>, _>(value)?;
        }
        out.push_sql(", ended_by_role = ");
        out.push_bind_param::<Nullable<Text>, _>(&columns.ended_by_role)?;
        out.push_sql(", ended_by_id = ");
        out.push_bind_param::<Nullable<BigInt>, _>(&columns.ended_by_id)?;
        out.push_sql(", reason = ");
        out.push_bind_param::<Nullable<Text>, _>(&columns.reason)?;
        out.push_sql(", revision = ");
        out.push_bind_param::<BigInt, _>(&columns.revision)?;
        out.push_sql(", updated_at = ");
        out.push_bind_param::<Instant, _>(&columns.updated_at)?;
        out.push_sql(", hidden = ");
        out.push_bind_param::<Bool, _>(&columns.hidden)?;
        out.push_sql(", search_ends_at = ");
        out.push_bind_param::<Instant, _>(&columns.search_ends_at)?;
        out.push_sql(", attempt = ");
        out.push_bind_param::<BigInt, _>(&columns.attempt)?;
        out.push_sql(", details = ");
        out.push_bind_param::<Nullable<Text>, _>(&columns.details)?;
        out.push_sql(", late_after = ");
        out.push_bind_param::<Nullable<Instant>, _>(&columns.late_after)?;
        out.push_sql(" WHERE id = ");
        out.push_bind_param::<BigInt, _>(id)
    }
}

impl QueryId for UpdateTrip<'_> {
    type QueryId = UpdateTrip<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl RunQueryDsl<SqliteConnection> for UpdateTrip<'_> {}

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
