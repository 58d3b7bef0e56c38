//! The harness of these tests: a service for each test, and clients that act as a rider, a driver or an operator
//! does, through the public interfaces only.

mod answer;
mod cab;
#[path = "../../contract/channels.rs"]
mod channels;
mod client;
mod follower;
mod home;
mod http;
pub mod ledger;
mod lines;
mod native;
mod postgres;
mod process;
mod proxy;
mod raw;
mod service;
mod socket;
pub mod tables;

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

pub use answer::{Answer, keys};
pub use cab::{Cab, STAND, location, north_of, square, town};
pub use channels::DOCUMENT;
pub use client::{Client, Driver, Operator, Rider, log_in};
pub use follower::{Follower, Log};
pub use home::Home;
pub use http::{Auth, Http};
pub use lines::{Lines, ServerEvent};
pub use native::{Envelope, Native, inner};
pub use postgres::{dump, execute, restore, upstream};
pub use process::Process;
pub use proxy::Proxy;
pub use raw::{Opcode, Raw, frame};
pub use service::{Options, PASSWORD, Service, sign_up_form, unix_now};
pub use socket::{Gone, NotOpened, Socket};

/// How long anything that must happen may take. Only a failing test ever waits this long.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// How often `eventually` checks.
const POLL_EVERY: Duration = Duration::from_millis(20);

/// A test's name, and the function that runs it on a database.
pub type Test = (&'static str, fn(Database));

/// The list of a module's tests, named after their functions.
macro_rules! tests {
    ($($name:ident),+ $(,)?) => {
        vec![$((stringify!($name), $name as fn($crate::harness::Database))),+]
    };
}
pub(crate) use tests;

/// Where the service under test keeps its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    Sqlite,
    Postgres,
}

impl Database {
    /// Its part of a test's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }

    /// Why its tests cannot run on this machine, if they cannot.
    pub fn missing(self) -> Option<&'static str> {
        let lacks = self == Self::Postgres && postgres::admin().is_none();
        lacks.then_some("CABRANK_TEST_POSTGRES does not say where PostgreSQL is")
    }
}

/// Calls `check` until it gives something; for effects that no frame or answer announces.
#[track_caller]
pub fn eventually<T>(expected: &str, mut check: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + DEADLINE;
    loop {
        if let Some(seen) = check() {
            return seen;
        }
        assert!(
            Instant::now() < end,
            "within {DEADLINE:?} it did not happen that {expected}"
        );
        thread::sleep(POLL_EVERY);
    }
}

/// Runs the jobs at the same time, each in a thread, and gives their results in order.
pub fn at_once<T: Send, F: FnOnce() -> T + Send>(jobs: impl IntoIterator<Item = F>) -> Vec<T> {
    let jobs: Vec<F> = jobs.into_iter().collect();
    let start = std::sync::Barrier::new(jobs.len());
    thread::scope(|scope| {
        let start = &start;
        let run = |job: F| {
            scope.spawn(move || {
                start.wait();
                job()
            })
        };
        let threads: Vec<_> = jobs.into_iter().map(run).collect();
        let join = |thread: thread::ScopedJoinHandle<'_, T>| thread.join().expect("no job panics");
        threads.into_iter().map(join).collect()
    })
}

/// The key in a trip object.
#[track_caller]
pub fn nk(trip: &Value) -> &str {
    trip["nk"].as_str().expect("a trip object has its key")
}

/// A name that is not in use.
pub fn fresh_name(prefix: &str) -> String {
    format!(
        "{prefix}{:016x}",
        RandomState::new().build_hasher().finish()
    )
}
