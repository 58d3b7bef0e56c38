//! The migrations, embedded in the binary. Both databases have the same versions; a test checks that.

use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::migration::Migration;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::db::{Access, DatabaseUrl, Db, prepare_directory};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// The number of the advisory lock, which no other program uses: "cabrank" in ASCII.
const LOCK: i64 = 0x0063_6162_7261_6e6b;

/// Why the schema could not be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    #[error("the database's directory cannot be made: {0}")]
    Directory(#[from] std::io::Error),
    #[error("the database cannot be opened: {0}")]
    Connect(#[from] diesel::ConnectionError),
    /// A step failed and was rolled back.
    #[error("a migration failed: {0}")]
    Step(Box<dyn std::error::Error + Send + Sync>),
}

/// Which migrations to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// To the newest version.
    Up,
    /// Back to an empty database.
    Down,
}

/// Runs the migrations under a lock. Returns the versions that were run.
pub fn migrate(url: &DatabaseUrl, direction: Direction) -> Result<Vec<String>, MigrationError> {
    prepare_directory(url)?;
    let mut db = Db::open(url, Access::Write)?;
    let lock = match db {
        Db::Pg(_) => format!("SELECT pg_advisory_xact_lock({LOCK})"),
        // `BEGIN IMMEDIATE` is the lock.
        Db::Sqlite(_) => "SELECT 1".to_owned(),
    };
    if let Db::Sqlite(conn) = &mut db {
        // A table whose constraints change is copied, which foreign keys would forbid.
        conn.batch_execute("PRAGMA foreign_keys = OFF")
            .map_err(|error| MigrationError::Step(Box::new(error)))?;
    }
    let mut failed = None;
    let ran = db.transaction(|db| {
        match db {
            Db::Pg(conn) => {
                conn.batch_execute("SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0")?
            }
            Db::Sqlite(_) => {}
        }
        super::db::on!(db, |conn| conn.batch_execute(&lock))?;
        let ran = step(db, direction).map_err(|error| {
            failed = Some(error);
            diesel::result::Error::RollbackTransaction
        })?;
        check_references(db)?;
        Ok(ran)
    });
    ran.map_err(|error| MigrationError::Step(failed.unwrap_or_else(|| Box::new(error))))
}

/// Checks every foreign key of an SQLite database. PostgreSQL checks them itself.
fn check_references(db: &mut Db) -> diesel::QueryResult<()> {
    let Db::Sqlite(conn) = db else { return Ok(()) };
    let broken = sql::<BigInt>("(SELECT count(*) FROM pragma_foreign_key_check)");
    match diesel::select(broken).get_result::<i64>(conn)? {
        0 => Ok(()),
        _ => Err(diesel::result::Error::RollbackTransaction),
    }
}

fn step(db: &mut Db, direction: Direction) -> diesel::migration::Result<Vec<String>> {
    let versions = match (db, direction) {
        (Db::Pg(conn), Direction::Up) => conn.run_pending_migrations(POSTGRES)?,
        (Db::Pg(conn), Direction::Down) => conn.revert_all_migrations(POSTGRES)?,
        (Db::Sqlite(conn), Direction::Up) => conn.run_pending_migrations(SQLITE)?,
        (Db::Sqlite(conn), Direction::Down) => conn.revert_all_migrations(SQLITE)?,
    };
    Ok(versions.iter().map(ToString::to_string).collect())
}

/// The versions of both databases, SQLite's first.
pub fn versions() -> diesel::migration::Result<(Vec<String>, Vec<String>)> {
    use diesel::migration::MigrationSource;
    let names = |migrations: Vec<Box<dyn Migration<diesel::sqlite::Sqlite>>>| {
        migrations
            .iter()
            .map(|migration| migration.name().to_string())
            .collect()
    };
    let sqlite = names(SQLITE.migrations()?);
    let postgres = names(POSTGRES.migrations()?);
    Ok((sqlite, postgres))
}
