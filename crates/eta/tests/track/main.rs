//! Compares metered distances with true ones: simulated cars drive along the streets of real maps, and their devices
//! make errors.
//!
//! The maps are in `../shared/data/osm`. Without them each test is reported as ignored, or fails if `CI` is set.
//! `cargo bench -p cabrank-eta` prints the figures behind the tests.

mod device;
mod drive;
mod ways;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    let missing = drive::missing();
    let is_ignored = missing.is_some() && std::env::var_os("CI").is_none();
    let trials = ways::tests().into_iter().map(|(name, test)| {
        let missing = missing.clone();
        let run = move || match missing {
            Some(missing) => Err(missing.into()),
            None => {
                test();
                Ok(())
            }
        };
        Trial::test(name, run).with_ignored_flag(is_ignored)
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}
