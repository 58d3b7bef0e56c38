//! What other hands do to the database of a service behind its back.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use super::Home;

/// Runs statements on this home's database, whatever its checks say.
#[track_caller]
pub fn write(home: &Home, statements: &str) {
    let written = match home.database_url() {
        Some(url) => PgConnection::establish(url)
            .expect("PostgreSQL is there")
            .batch_execute(statements),
        None => {
            let file = home.dir().join("cabrank.db");
            let patient = "PRAGMA busy_timeout = 5000; PRAGMA ignore_check_constraints = ON;";
            SqliteConnection::establish(&file.to_string_lossy())
                .expect("the file is there")
                .batch_execute(&format!("{patient} {statements}"))
        }
    };
    written.expect("the statements are right");
}
