//! Tests driving times on real maps, and compares them with a real table service.
//!
//! The maps are in `../shared/data/osm`. The service, with the map of Manhattan, is at `CABRANK_TEST_OSRM`. Without
//! them each test is reported as ignored, or fails if `CI` is set.

mod maps;
#[path = "../../../../tests/service/harness/proxy.rs"]
mod proxy;
mod table;
mod town;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

/// A test's name and its function.
type Test = (&'static str, fn());

/// A list of tests named after their functions.
macro_rules! tests {
    ($($test:ident),+ $(,)?) => { vec![$((stringify!($test), $test as fn())),+] };
}
pub(crate) use tests;

fn main() -> ExitCode {
    let maps = trials("maps", maps::tests(), maps::missing());
    let table = trials("table", table::tests(), table::missing());
    let trials = maps.chain(table).collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// The trials of a group. `missing` names what the tests need and is not there.
fn trials(
    group: &'static str,
    tests: Vec<Test>,
    missing: Option<String>,
) -> impl Iterator<Item = Trial> {
    tests.into_iter().map(move |(name, test)| {
        let (name, missing) = (format!("{group}::{name}"), missing.clone());
        let is_ignored = missing.is_some() && std::env::var_os("CI").is_none();
        let run = move || match missing {
            Some(missing) => Err(missing.into()),
            None => {
                test();
                Ok(())
            }
        };
        Trial::test(name, run).with_ignored_flag(is_ignored)
    })
}
