//! The store and its writer, through their own interface, on both databases.

mod amendments;
mod batches;
mod decisions;
mod due;
mod faults;
mod gather;
mod keys;
mod log;
mod nodes;
mod notices;
mod plans;
mod replay;
mod resume;
mod rides;
mod rooms;
mod searches;
mod silences;
mod statements;
mod steps;
mod streams;
#[path = "../support/mod.rs"]
mod support;
mod town;
mod tracks;
mod views;

use std::process::ExitCode;

fn main() -> ExitCode {
    let on_both = [
        batches::tests(),
        keys::tests(),
        log::tests(),
        decisions::tests(),
        due::tests(),
        faults::tests(),
        nodes::tests(),
        views::tests(),
        amendments::tests(),
        rooms::tests(),
        notices::tests(),
        plans::tests(),
        streams::tests(),
        gather::tests(),
        replay::tests(),
        resume::tests(),
        steps::tests(),
        rides::tests(),
        searches::tests(),
        silences::tests(),
        statements::tests(),
        tracks::tests(),
    ];
    let on_postgres = [faults::on_postgres(), gather::on_postgres()];
    support::run(&on_both.concat(), &on_postgres.concat())
}
