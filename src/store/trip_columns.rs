//! The columns of `trips`, once: the row, and both ways in which its changes are written.

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::BigInt;
use diesel::sqlite::Sqlite;
use diesel::upsert::excluded;

use super::schema::trips;
use super::sql_types::{At, Id};

/// Makes the row of the columns, and the statements that write those that may change.
macro_rules! trip_columns {
    (
        fixed { $($fixed:ident: $fixed_type:ty,)+ }
        changing { $first:ident: $first_type:ty, $($changing:ident: $changing_type:ty,)+ }
    ) => {
        /// A trip's columns without its number, which the database assigns.
        #[derive(Debug, Clone, Queryable, Selectable, Insertable)]
        #[diesel(table_name = trips)]
        pub struct TripColumns {
            $(pub(super) $fixed: $fixed_type,)+
            pub(super) $first: $first_type,
            $(pub(super) $changing: $changing_type,)+
        }

        /// Writes changed trips over their rows, which are there and locked, in one statement.
        pub(super) fn overwrite(conn: &mut PgConnection, rows: &[TripRow]) -> QueryResult<()> {
            diesel::insert_into(trips::table)
                .values(rows)
                .on_conflict(trips::id)
                .do_update()
                .set((
                    trips::$first.eq(excluded(trips::$first)),
                    $(trips::$changing.eq(excluded(trips::$changing)),)+
                ))
                .execute(conn)
                .map(drop)
        }

        impl QueryFragment<Sqlite> for UpdateTrip<'_> {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
                let Self(TripRow { id, columns }) = self;
                out.push_sql(concat!("UPDATE trips SET ", stringify!($first), " = "));
                out.push_bind_param::<SqlTypeOf<trips::$first>, _>(&columns.$first)?;
                $(
                    out.push_sql(concat!(", ", stringify!($changing), " = "));
                    out.push_bind_param::<SqlTypeOf<trips::$changing>, _>(&columns.$changing)?;
                )+
                out.push_sql(" WHERE id = ");
                out.push_bind_param::<BigInt, _>(id)
            }
        }
    };
}

trip_columns! {
    fixed {
        nk: Id,
        rider_id: i64,
        created_at: At,
        policy: String,
        opens_at: Option<At>,
    }
    changing {
        driver_id: Option<i64>,
        pick_up_address: String,
        pick_up_lat: Option<f64>,
        pick_up_lon: Option<f64>,
        drop_off_address: String,
        drop_off_lat: Option<f64>,
        drop_off_lon: Option<f64>,
        status: String,
        ended_by_role: Option<String>,
        ended_by_id: Option<i64>,
        reason: Option<String>,
        revision: i64,
        updated_at: At,
        hidden: bool,
        search_ends_at: At,
        attempt: i64,
        details: Option<String>,
        late_after: Option<At>,
    }
}

type SqlTypeOf<Column> = <Column as Expression>::SqlType;

/// A whole row of the table `trips`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = trips)]
pub struct TripRow {
    pub id: i64,
    #[diesel(embed)]
    pub columns: TripColumns,
}

/// Writes the columns of a trip that may change.
///
/// diesel has SQLite prepare every UPDATE each time, which takes longer than running it. This one stays prepared.
pub struct UpdateTrip<'a>(pub &'a TripRow);

impl QueryId for UpdateTrip<'_> {
    type QueryId = UpdateTrip<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl RunQueryDsl<SqliteConnection> for UpdateTrip<'_> {}
