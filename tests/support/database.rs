//! Databases for tests and benches, on SQLite or PostgreSQL. Each test has one of its own.

use cabrank::store::db::{DatabaseUrl, Db};
use cabrank::store::migrations::{Direction, migrate};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use tempfile::TempDir;

/// The variable with the URL of a PostgreSQL database, whose user may create others.
pub const POSTGRES: &str = "CABRANK_TEST_POSTGRES";

/// Whether there is a PostgreSQL to test on.
pub fn has_postgres() -> bool {
    std::env::var_os(POSTGRES).is_some()
}

/// The kind of database that a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    Sqlite,
    Postgres,
}

/// A test's own database, dropped when the test ends.
pub struct Database {
    pub url: DatabaseUrl,
    _home: Home,
}

enum Home {
    Folder { _folder: TempDir },
    Server { name: String },
}

impl Database {
    /// A database without tables.
    pub fn empty(on: On) -> Self {
        match on {
            On::Sqlite => {
                let folder = tempfile::tempdir().expect("a directory can be made");
                Self {
                    url: DatabaseUrl::Sqlite(folder.path().join("data").join("cabrank.db")),
                    _home: Home::Folder { _folder: folder },
                }
            }
            On::Postgres => {
                let name = format!("cabrank_test_{}", cabrank::inputs::fresh_id().simple());
                admin(&format!("CREATE DATABASE {name}")).expect("a database can be made");
                let mut url = admin_url();
                url.set_path(&name);
                Self {
                    url: DatabaseUrl::Postgres(url.into()),
                    _home: Home::Server { name },
                }
            }
        }
    }

    /// A migrated database.
    pub fn migrated(on: On) -> Self {
        let database = Self::empty(on);
        migrate(&database.url, Direction::Up).expect("an empty database can be migrated");
        database
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if let Self::Server { name } = self
            && let Err(error) = admin(&format!("DROP DATABASE {name} WITH (FORCE)"))
            && !std::thread::panicking()
        {
            panic!("{name} cannot be dropped: {error}");
        }
    }
}

fn admin_url() -> url::Url {
    let text = std::env::var(POSTGRES).expect("its tests run only where it is set");
    url::Url::parse(&text).expect("CABRANK_TEST_POSTGRES is a URL")
}

fn admin(sql: &str) -> QueryResult<()> {
    let mut conn = PgConnection::establish(admin_url().as_str()).expect("PostgreSQL answers");
    conn.batch_execute(sql)
}

/// Runs any SQL statements.
pub fn execute(db: &mut Db, sql: &str) -> QueryResult<()> {
    match db {
        Db::Pg(conn) => conn.batch_execute(sql),
        Db::Sqlite(conn) => conn.batch_execute(sql),
    }
}
