//! Direct access to the database of a service, behind its back.

use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::Home;

/// Runs statements on this home's database; on SQLite they may violate its `CHECK`s.
#[track_caller]
pub fn write(home: &Home, statements: &str) {
    let written = match home.database_url() {
        Some(url) => PgConnection::establish(url)
            .expect("PostgreSQL is there")
            .batch_execute(statements),
        None => {
            let file = home.dir().join("cabrank.db");
            let pragmas = "PRAGMA busy_timeout = 5000; PRAGMA ignore_check_constraints = ON;";
            SqliteConnection::establish(&file.to_string_lossy())
                .expect("the file is there")
                .batch_execute(&format!("{pragmas} {statements}"))
        }
    };
    written.expect("the statements are right");
}

/// How many rows a table has.
#[track_caller]
pub fn count(home: &Home, table: &str) -> i64 {
    let rows = sql::<BigInt>(&format!("SELECT count(*) FROM {table}"));
    let count = match home.database_url() {
        Some(url) => {
            let mut conn = PgConnection::establish(url).expect("PostgreSQL is there");
            rows.get_result(&mut conn)
        }
        None => {
            let file = home.dir().join("cabrank.db");
            let mut conn =
                SqliteConnection::establish(&file.to_string_lossy()).expect("the file is there");
            rows.get_result(&mut conn)
        }
    };
    count.expect("there is such a table")
}
