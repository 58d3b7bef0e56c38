//! What the tests are written with: a service of their own, and clients that speak as a rider, a driver or an
//! operator does, through the public interfaces only.

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
pub mod other_hands;
mod postgres;
mod process;
mod proxy;
mod raw;
mod service;
mod socket;

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
pub use lines::{Lines, Told};
pub use native::{Envelope, Native, inner};
pub use postgres::{dump, execute, restore, upstream};
pub use process::Process;
pub use proxy::Proxy;
pub use raw::{Opcode, Raw, frame};
pub use service::{Options, PASSWORD, Service, sign_up_form, unix_now};
pub use socket::{Gone, NotOpened, Socket};

/// How long anything that must happen may take. Only a failing test ever waits this long.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// How often `eventually` looks.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A test's name and what it does on a database.
pub type Test = (&'static str, fn(Database));

/// The list of a module's tests, named as their functions are.
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
    /// As it stands in the names of tests.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }

    /// What its tests lack on this machine.
    pub fn missing(self) -> Option<&'static str> {
        let lacks = self == Self::Postgres && postgres::admin().is_none();
        lacks.then_some("CABRANK_TEST_POSTGRES does not say where PostgreSQL is")
    }
}

/// Looks until `look` sees something; for what no frame or answer announces.
#[track_caller]
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + DEADLINE;
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(
            Instant::now() < end,
            "in {DEADLINE:?} it did not happen that {what}"
        );
        thread::sleep(LOOK_EVERY);
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

/// The key of a trip object.
#[track_caller]
pub fn nk(trip: &Value) -> &str {
    trip["nk"].as_str().expect("a trip object has its key")
}

/// A name that nobody has used.
pub fn fresh_name(prefix: &str) -> String {
    format!(
        "{prefix}{:016x}",
        RandomState::new().build_hasher().finish()
    )
}
