//! Tests of the built program from outside: its HTTP, its sockets, its command line. They use no module of the
//! service.
//!
//! Every test runs once per database, with its own service and its own database. SQLite needs nothing;
//! `CABRANK_TEST_POSTGRES` names the PostgreSQL server (`postgres://postgres@127.0.0.1:5432/postgres`). Without it
//! the tests on PostgreSQL are reported as ignored, one by one, and fail where `CI` is set. `CABRANK_RACE_ROUNDS`
//! is the number of rounds in races, `CABRANK_CHAOS_EVENTS` the number of commands in `chaos`, and
//! `CABRANK_STAMPEDE_SESSIONS` the number of sessions that come back at once in `stampede`.
//!
//! Tests wait for what they expect, up to a deadline; they never sleep and never assert a time. To show that
//! something did not come, they wait for a later frame and check that it came first.

mod amending;
mod audience;
mod batches;
mod bookings;
mod chaos;
mod chat;
mod closing;
mod command_line;
mod commands;
mod corrupt;
mod dcrf;
mod dcrf_refusals;
mod description;
mod doors;
mod endings;
mod events;
mod failures;
mod fares;
mod fees;
mod frames;
mod going_round;
mod hand_over;
mod handshake;
mod harness;
mod hints;
mod idempotency;
mod idempotent_frames;
mod later_editions;
mod lifecycle;
mod lists;
mod lock;
mod log_in;
mod metering;
mod native_shifts;
mod notifications;
mod numbers;
mod offers;
mod offers_end;
mod origins;
mod other_fares;
mod photos;
mod privacy;
mod quotes;
mod races;
mod recording;
mod refreshing;
mod refusals;
mod replays;
mod requests;
mod responsibility;
mod resume;
mod ride_ends;
mod rides;
mod security;
mod sessions;
mod settling;
mod shifts;
mod sightings;
mod sign_up;
mod snapshots;
mod staff;
mod stampede;
mod subscriptions;
mod taxi;
mod trips;
mod unknown_members;
mod upgrades;
mod wire;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Completion, Trial};

use harness::{Database, Test};

/// A module's name and its tests.
type Module = (&'static str, Vec<Test>);

fn main() -> ExitCode {
    let mut trials = Vec::new();
    for on in [Database::Sqlite, Database::Postgres] {
        for (module, tests) in modules().into_iter().chain(only_on(on)) {
            trials.extend(tests.into_iter().map(|test| trial(on, module, test)));
        }
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// The tests that run on both databases.
fn modules() -> Vec<Module> {
    vec![
        ("sign_up", sign_up::tests()),
        ("log_in", log_in::tests()),
        ("sessions", sessions::tests()),
        ("command_line", command_line::tests()),
        ("security", security::tests()),
        ("origins", origins::tests()),
        ("replays", replays::tests()),
        ("requests", requests::tests()),
        ("trips", trips::tests()),
        ("commands", commands::tests()),
        ("endings", endings::tests()),
        ("idempotent_frames", idempotent_frames::tests()),
        ("hints", hints::tests()),
        ("idempotency", idempotency::tests()),
        ("handshake", handshake::tests()),
        ("frames", frames::tests()),
        ("refusals", refusals::tests()),
        ("wire", wire::tests()),
        ("closing", closing::tests()),
        ("audience", audience::tests()),
        ("privacy", privacy::tests()),
        ("races", races::tests()),
        ("quotes", quotes::tests()),
        ("bookings", bookings::tests()),
        ("shifts", shifts::tests()),
        ("rides", rides::tests()),
        ("fees", fees::tests()),
        ("responsibility", responsibility::tests()),
        ("settling", settling::tests()),
        ("fares", fares::tests()),
        ("metering", metering::tests()),
        ("other_fares", other_fares::tests()),
        ("ride_ends", ride_ends::tests()),
        ("unknown_members", unknown_members::tests()),
        ("offers", offers::tests()),
        ("offers_end", offers_end::tests()),
        ("batches", batches::tests()),
        ("chaos", chaos::tests()),
        ("stampede", stampede::tests()),
        ("lifecycle", lifecycle::tests()),
        ("description", description::tests()),
        ("dcrf", dcrf::tests()),
        ("dcrf_refusals", dcrf_refusals::tests()),
        ("amending", amending::tests()),
        ("lists", lists::tests()),
        ("subscriptions", subscriptions::tests()),
        ("refreshing", refreshing::tests()),
        ("resume", resume::tests()),
        ("numbers", numbers::tests()),
        ("corrupt", corrupt::tests()),
        ("snapshots", snapshots::tests()),
        ("staff", staff::tests()),
        ("chat", chat::tests()),
        ("notifications", notifications::tests()),
        ("taxi", taxi::tests()),
        ("going_round", going_round::tests()),
        ("photos", photos::tests()),
        ("later_editions", later_editions::tests()),
        ("hand_over", hand_over::tests()),
        ("events", events::tests()),
        ("doors", doors::tests()),
        ("native_shifts", native_shifts::tests()),
        ("sightings", sightings::tests()),
        ("recording", recording::tests()),
        ("upgrades", upgrades::tests()),
        ("lock", lock::tests()),
    ]
}

/// The tests of failures that only this database can have.
fn only_on(on: Database) -> [Module; 2] {
    match on {
        Database::Sqlite => [
            ("failures", failures::on_sqlite()),
            ("lock", lock::on_sqlite()),
        ],
        Database::Postgres => [
            ("failures", failures::on_postgres()),
            ("lock", lock::on_postgres()),
        ],
    }
}

fn trial(on: Database, module: &str, (name, test): Test) -> Trial {
    let name = format!("{}::{module}::{name}", on.name());
    match on.missing() {
        None => Trial::test(name, move || {
            test(on);
            Ok(())
        }),
        Some(missing) if std::env::var_os("CI").is_some() => {
            Trial::test(name, move || Err(missing.into()))
        }
        Some(missing) => Trial::ignorable_test(name, move || Ok(Completion::ignored_with(missing))),
    }
}
