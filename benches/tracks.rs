//! Measures saving the fixes of many rides while other writes go on.
//!
//! `cargo bench --bench tracks`; with `CABRANK_TEST_POSTGRES` on PostgreSQL as well. Every ride has reported two more
//! fixes since the last save, as in the five seconds between two saves. Pages of 500 rides are written as the service
//! writes them, while another task writes all the time and waits for each write.

#[path = "../tests/support/database.rs"]
mod database;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use cabrank::domain::{Coordinates, Fix, TrackFix};
use cabrank::store::tracks::{self, TrackPiece};
use cabrank::store::writer::Tx;
use cabrank::store::{Store, StoreBounds};
use futures_util::future::join;
use jiff::Timestamp;
use tokio::runtime::Runtime;

use database::{Database, On, execute, has_postgres};

/// The page size of `dispatch::metering`.
const PAGE: usize = 500;
/// The number of saves.
const SAVES: i64 = 24;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime can be made");
    println!(
        "database   rides   a save, median / longest (ms)   a statement, longest (ms)   another write, median / longest (ms)"
    );
    for on in [On::Sqlite, On::Postgres] {
        if on == On::Postgres && !has_postgres() {
            continue;
        }
        for rides in [1_000, 10_000] {
            measure(&runtime, on, rides);
        }
    }
}

fn measure(runtime: &Runtime, on: On, rides: i64) {
    let database = Database::migrated(on);
    let store = Store::open_within(&database.url, StoreBounds::STANDARD).store;
    runtime.block_on(async {
        people(&store, on, rides).await;
        let is_over = AtomicBool::new(false);
        let save = save_all(&store, rides, &is_over);
        let ((mut saves, longest), mut others) = join(save, another_writer(&store, &is_over)).await;
        let (save, other) = (spread(&mut saves), spread(&mut others));
        println!(
            "{:<8} {rides:>7}   {save:>29}   {:>25.1}   {other:>36}",
            format!("{on:?}"),
            ms(longest)
        );
    });
}

/// Saves again and again; returns the duration of each save, and the longest statement.
async fn save_all(store: &Store, rides: i64, is_over: &AtomicBool) -> (Vec<Duration>, Duration) {
    let (mut saves, mut longest) = (Vec::new(), Duration::ZERO);
    for save in 0..SAVES {
        let begun = Instant::now();
        for page in pieces(rides, save).chunks(PAGE) {
            let since = Instant::now();
            let page = page.to_vec();
            let append = move |tx: &mut Tx<'_>| tracks::append(tx.db, &page);
            store.writer.change(append).await.expect("it is written");
            longest = longest.max(since.elapsed());
        }
        saves.push(begun.elapsed());
    }
    is_over.store(true, Ordering::Relaxed);
    (saves, longest)
}

async fn another_writer(store: &Store, is_over: &AtomicBool) -> Vec<Duration> {
    let mut waits = Vec::new();
    while !is_over.load(Ordering::Relaxed) {
        let since = Instant::now();
        let write =
            |tx: &mut Tx<'_>| execute(tx.db, "UPDATE users SET first_name = 'B' WHERE id = 1");
        store.writer.change(write).await.expect("it is written");
        waits.push(since.elapsed());
    }
    waits
}

fn spread(times: &mut [Duration]) -> String {
    times.sort_unstable();
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    let longest = times.last().copied().unwrap_or_default();
    format!("{:.1} / {:.1}", ms(median), ms(longest))
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// Two fixes of each ride.
fn pieces(rides: i64, save: i64) -> Vec<TrackPiece> {
    let spot = |ride: i64, n: i64| {
        let fix = Fix {
            location: Coordinates::new(48.0 + n as f64 / 1e4, 11.0 + ride as f64 / 1e4)
                .expect("on earth"),
            at: Timestamp::from_second(1_900_000_000 + n).expect("a time"),
            accuracy_m: Some(5.0),
            heading_deg: None,
            speed_mps: None,
        };
        TrackFix::of(&fix).expect("it says something")
    };
    (1..=rides)
        .map(|ride| TrackPiece {
            trip: ride,
            spots: vec![spot(ride, 5 * save), spot(ride, 5 * save + 2)],
        })
        .collect()
}

/// A rider, and a driver on a trip for each ride.
async fn people(store: &Store, on: On, rides: i64) {
    let (now, key) = match on {
        On::Sqlite => ("0", "randomblob(16)"),
        On::Postgres => ("now()", "gen_random_uuid()"),
    };
    let numbers = |from: i64, to: i64| {
        format!(
            "WITH RECURSIVE n (i) AS (SELECT {from} UNION ALL SELECT i + 1 FROM n WHERE i < {to})"
        )
    };
    let users = format!(
        "INSERT INTO users (id, username, password_hash, first_name, last_name, role, standing, created_at) {} \
         SELECT i, 'u' || i, '', '', '', CASE WHEN i = 1 THEN 'rider' ELSE 'driver' END, 'active', {now} FROM n",
        numbers(1, rides + 1)
    );
    let trips = format!(
        "INSERT INTO trips (id, nk, rider_id, driver_id, pick_up_address, drop_off_address, status, revision, search_ends_at, created_at, updated_at) {} \
         SELECT i, {key}, 1, i + 1, 'A', 'B', 'IN_PROGRESS', 1, {now}, {now}, {now} FROM n",
        numbers(1, rides)
    );
    let write = move |tx: &mut Tx<'_>| {
        execute(tx.db, &users)?;
        execute(tx.db, &trips)
    };
    store.writer.change(write).await.expect("it is written");
}
