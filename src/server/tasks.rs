//! The tasks that run beside the requests: announcing, deadlines, tracks, sessions that end elsewhere, and purging.

use std::sync::Arc;
use std::time::Duration;

use actix::Addr;
use jiff::SignedDuration;

use crate::app::App;
use crate::auth::throttle::Throttle;
use crate::dispatch::Projections;
use crate::inputs;
use crate::registry::TripRegistry;
use crate::registry::actor::{Announce, Sessions};
use crate::store::db::Db;
use crate::store::pool::ReadPool;
use crate::store::writer::feed::{Announcement, Feed, Item};
use crate::store::{
    QueryResult, Store, decisions, events, keys, notifications, quotes, streams, users,
};

/// How often passed deadlines are looked for.
const SWEEP_EVERY: Duration = Duration::from_millis(500);
/// How often the tracks of rides are saved.
const TRACKS_EVERY: Duration = Duration::from_secs(5);
/// How often sessions that other processes have ended are looked for.
const SESSIONS_EVERY: Duration = Duration::from_secs(2);
/// How often to check whether another process has taken the database.
const LOCK_EVERY: Duration = Duration::from_secs(1);
/// How often old rows are deleted.
const PURGE_EVERY: Duration = Duration::from_secs(60);
/// How many rows are read or deleted at once.
const PAGE: i64 = 500;
/// How long an idempotency key is remembered.
const KEY_LIFE: SignedDuration = SignedDuration::from_hours(24);
/// How long a session is kept after its end, so that a theft can be investigated.
const OLD_SESSION_LIFE: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How long decisions are kept, so that they can be explained.
const DECISION_LIFE: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How much longer events are kept than they can be resumed from, so that every promised replay succeeds.
const RESUME_GRACE: SignedDuration = SignedDuration::from_mins(5);
/// How long to wait before an unreadable gap in the feed is read again.
const REFILL_PAUSE: Duration = Duration::from_millis(500);

/// Announces what was committed, after dispatch has restored its memory. There is only one such task.
pub(super) async fn announce(
    mut feed: Feed,
    reader: ReadPool,
    registry: Addr<TripRegistry>,
    projections: Projections,
) {
    while let Err(error) = projections.restore(&reader).await {
        tracing::warn!(%error, "Who is on shift cannot be read yet");
        tokio::time::sleep(REFILL_PAUSE).await;
    }
    while let Some(item) = feed.next().await {
        let announced = match item {
            Item::News(Announcement { events, ended }) => {
                events.iter().for_each(|event| projections.apply(event));
                registry.send(Announce { events, ended }).await.is_ok()
            }
            Item::Gap { first, last } => fill(&reader, &registry, &projections, first, last).await,
        };
        if !announced {
            return;
        }
    }
}

/// Announces, page by page, the events of the log that did not fit into the feed.
async fn fill(
    reader: &ReadPool,
    registry: &Addr<TripRegistry>,
    projections: &Projections,
    mut first: i64,
    last: i64,
) -> bool {
    while first <= last {
        match reader
            .read(move |db| events::range(db, first, last, PAGE))
            .await
        {
            Ok((page, end)) => {
                first = end.unwrap_or(last) + 1;
                page.iter().for_each(|event| projections.apply(event));
                let events = page.into_iter().map(Arc::new).collect();
                if registry
                    .send(Announce {
                        events,
                        ended: Vec::new(),
                    })
                    .await
                    .is_err()
                {
                    return false;
                }
            }
            Err(error) => {
                tracing::debug!(%error, first, last, "A gap in the feed cannot be filled yet");
                tokio::time::sleep(REFILL_PAUSE).await;
            }
        }
    }
    true
}

/// Sweeps deadlines regularly and whenever dispatch asks for it. Also checks on commits whose outcome is unknown.
pub(super) async fn sweep(app: App) {
    let mut ticks = ticks(SWEEP_EVERY);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = app.dispatch.woken() => {}
        }
        let settled = if app.store.writer.is_unsure() {
            app.store.check().await
        } else {
            Ok(())
        };
        let swept = match settled {
            Ok(()) => app.dispatch.sweep().await,
            Err(error) => Err(error),
        };
        if let Err(error) = swept {
            tracing::debug!(%error, "What is due could not be carried out yet");
        }
    }
}

/// Puts the time ahead by the seconds that are read from standard input, sweeps, and prints that it is done.
pub(super) async fn follow_input(app: App) {
    let (sender, mut lines) = tokio::sync::mpsc::channel(1);
    // Reading blocks, so it has a thread. It waits until the line before is done, and ends with the input.
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    while let Some(line) = lines.recv().await {
        let seconds = line.trim().parse::<f64>().ok();
        let ahead = seconds.and_then(|seconds| SignedDuration::try_from_secs_f64(seconds).ok());
        match ahead {
            Some(ahead) => {
                inputs::advance(ahead);
                let swept = app.dispatch.sweep().await;
                println!(
                    "ahead by {ahead:#}{}",
                    if swept.is_ok() { "" } else { ", not swept" }
                );
            }
            None => println!("not a number of seconds: {line}"),
        }
    }
}

/// Saves the tracks of rides, so that little of them is lost if the process dies.
pub(super) async fn save_tracks(app: App) {
    let mut ticks = ticks(TRACKS_EVERY);
    loop {
        ticks.tick().await;
        if let Err(error) = app.dispatch.save_tracks().await {
            tracing::debug!(%error, "The ways of rides could not be written yet");
        }
    }
}

/// Ticks that do not pile up while the work takes longer.
fn ticks(every: Duration) -> tokio::time::Interval {
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    ticks
}

/// Closes the sockets of sessions that have expired or that another process has ended.
pub(super) async fn watch_sessions(app: App) {
    let mut ticks = ticks(SESSIONS_EVERY);
    loop {
        ticks.tick().await;
        let Ok(open) = app.registry.send(Sessions).await else {
            return;
        };
        for page in open.chunks(500) {
            let (page, at) = (page.to_vec(), inputs::now());
            match app
                .store
                .reader
                .read(move |db| users::ended_among(db, &page, at))
                .await
            {
                Ok(ended) if ended.is_empty() => {}
                Ok(ended) => {
                    let _ = app
                        .registry
                        .send(Announce {
                            events: Vec::new(),
                            ended,
                        })
                        .await;
                }
                Err(error) => tracing::debug!(%error, "Sessions could not be checked"),
            }
        }
    }
}

/// Notices that another process has taken the database, even while nothing is written.
pub(super) async fn watch_lock(store: Store) {
    let mut ticks = ticks(LOCK_EVERY);
    loop {
        ticks.tick().await;
        if let Err(error) = store.look_for_loss().await {
            tracing::debug!(%error, "Who has the database could not be read");
        }
    }
}

/// Deletes old rows, a little at a time.
pub(super) async fn purge(app: App, throttle: Arc<Throttle>, retention: SignedDuration) {
    let mut ticks = ticks(PURGE_EVERY);
    loop {
        ticks.tick().await;
        throttle.forget_idle();
        let at = inputs::now();
        purge_all(&app, move |db| keys::purge(db, at - KEY_LIFE, PAGE)).await;
        purge_all(&app, move |db| {
            users::purge_sessions(db, at - OLD_SESSION_LIFE, PAGE)
        })
        .await;
        purge_all(&app, move |db| notifications::purge(db, at, PAGE)).await;
        purge_all(&app, move |db| quotes::purge(db, at, PAGE)).await;
        purge_all(&app, move |db| {
            decisions::purge(db, at - DECISION_LIFE, PAGE)
        })
        .await;
        purge_all(&app, move |db| {
            streams::purge(db, at - retention - RESUME_GRACE, PAGE)
        })
        .await;
    }
}

/// Deletes page by page, until a page is not full or cannot be deleted now.
async fn purge_all(
    app: &App,
    page: impl Fn(&mut Db) -> QueryResult<usize> + Copy + Send + 'static,
) {
    let delete = || {
        let writer = &app.store.writer;
        writer.change(move |tx| page(tx.db).map(as_count))
    };
    while let Ok(PAGE..) = delete().await {}
}

fn as_count(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}
