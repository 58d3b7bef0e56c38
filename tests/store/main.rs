//! The store and its writer, through their own interface, on both databases.

mod batches;
mod faults;
mod keys;
mod log;
mod nodes;
#[path = "../support/mod.rs"]
mod support;
mod town;
mod views;

use std::process::ExitCode;

fn main() -> ExitCode {
    let on_both = [
        batches::tests(),
        keys::tests(),
        log::tests(),
        faults::tests(),
        nodes::tests(),
        views::tests(),
    ];
    support::run(&on_both.concat(), &faults::on_postgres())
}
