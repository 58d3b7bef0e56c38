//! The harness of the store's tests. Each test runs on SQLite and on PostgreSQL.
//!
//! Without `CABRANK_TEST_POSTGRES`, each test on PostgreSQL is reported as ignored. If `CI` is set, it fails instead.

mod database;

use std::process::ExitCode;

use cabrank::store::db::{Access, Db};
use libtest_mimic::{Arguments, Trial};

pub use database::{Database, On, execute};
use database::{POSTGRES, has_postgres};

/// A test: its name, which is a sentence, and its function.
pub type Test = (&'static str, fn(On));

/// A list of tests named after their functions.
#[macro_export]
macro_rules! tests {
    ($($test:ident),+ $(,)?) => { [$((stringify!($test), $test as fn($crate::support::On))),+] };
}

/// Runs `on_both` on both databases, and `on_postgres` on PostgreSQL alone.
pub fn run(on_both: &[Test], on_postgres: &[Test]) -> ExitCode {
    let sqlite = on_both.iter().map(|(name, test)| {
        let (name, test) = (format!("sqlite::{name}"), *test);
        Trial::test(name, move || passed(test, On::Sqlite))
    });
    let postgres = on_both
        .iter()
        .chain(on_postgres)
        .map(|(name, test)| postgres_trial(format!("postgres::{name}"), *test));
    let trials = sqlite.chain(postgres).collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn passed(test: fn(On), on: On) -> Result<(), libtest_mimic::Failed> {
    test(on);
    Ok(())
}

fn postgres_trial(name: String, test: fn(On)) -> Trial {
    if has_postgres() {
        return Trial::test(name, move || passed(test, On::Postgres));
    }
    let missing = || Err(format!("{POSTGRES} is not set").into());
    Trial::test(name, missing).with_ignored_flag(std::env::var_os("CI").is_none())
}

impl Database {
    /// A connection that may write.
    pub fn connect(&self) -> Db {
        Db::open(&self.url, Access::Write).expect("the test's own database can be opened")
    }
}
