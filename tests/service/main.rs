//! The behaviour of the built program, from outside: its HTTP, its sockets, its command line. Nothing here
//! knows a module of the service.
//!
//! Every test is run once per database and has a service and a database of its own. SQLite needs nothing;
//! PostgreSQL is found through `CABRANK_TEST_POSTGRES` (`postgres://postgres@127.0.0.1:5432/postgres`). Without it
//! its tests are reported as ignored, one by one, and fail where `CI` is set. `CABRANK_RACE_ROUNDS` says how long
//! the races run, `CABRANK_CHAOS_EVENTS` how much happens in the chaos, `CABRANK_STAMPEDE_SESSIONS` how
//! many come back at once.
//!
//! Tests wait for what they expect, up to a deadline; they never sleep and never assert a time. "Nothing came"
//! is shown by a later frame that came first.

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
        for (module, tests) in modules().into_iter().chain(alone(on)) {
            trials.extend(tests.into_iter().map(|test| trial(on, module, test)));
        }
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// What must hold on both databases.
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

/// What can only go wrong on this database.
fn alone(on: Database) -> [Module; 2] {
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
