//! The composition root: builds everything, binds, and stops gracefully.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix::{Actor, Addr, Arbiter};
use actix_web::dev::{Server as HttpServerFuture, ServerHandle};
use actix_web::{App as HttpApp, HttpServer, web};
use jiff::SignedDuration;
use tracing_actix_web::TracingLogger;

use crate::accounts::Accounts;
use crate::app::App;
use crate::auth::keys::KeyError;
use crate::auth::throttle::Throttle;
use crate::auth::tokens::Tokens;
use crate::config::{ServeConfig, Switch};
use crate::dispatch::Dispatch;
use crate::notices::Notices;
use crate::registry::TripRegistry;
use crate::registry::actor::{Announce, Sessions, Stop};
use crate::resume::{Resume, refill};
use crate::store::db::DatabaseUrlError;
use crate::store::db::Db;
use crate::store::migrations::{self, Direction, MigrationError};
use crate::store::pool::Reader;
use crate::store::writer::feed::{Feed, Item, News};
use crate::store::{QueryResult, Store, events, keys, notifications, streams, users};
use crate::telemetry::RequestSpan;
use crate::{http, inputs, ws};

/// How often deadlines are looked at.
const SWEEP_EVERY: Duration = Duration::from_millis(500);
/// How often log-ins that other processes have ended are looked for.
const SESSIONS_EVERY: Duration = Duration::from_secs(2);
/// How often what is no longer needed is deleted.
const PURGE_EVERY: Duration = Duration::from_secs(60);
/// How many rows are read or deleted at once.
const PAGE: i64 = 500;
/// How long an idempotency key is remembered.
const KEY_LIFE: SignedDuration = SignedDuration::from_hours(24);
/// How long a session that is over is kept, for those who look into a theft.
const OLD_SESSION_LIFE: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How much longer events are kept than they can be resumed from: whoever was promised a replay gets it.
const RESUME_GRACE: SignedDuration = SignedDuration::from_mins(5);
/// How long a gap in the feed waits before the log is asked again.
const REFILL_PAUSE: Duration = Duration::from_millis(500);
/// How long the kernel waits for a client that does not take or acknowledge what was sent.
const STALLED_MAX: Duration = Duration::from_secs(15);
/// How much the kernel may hold for one client; the default grows to megabytes and hides slow readers.
const SEND_BUFFER: usize = 64 * 1024;
/// How long open requests may take once the service stops, in seconds.
const STOP_SECONDS_MAX: u64 = 10;

/// Why the service cannot start, or went down.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The database's address is not one.
    #[error(transparent)]
    Url(#[from] DatabaseUrlError),
    /// The schema cannot be brought up to date.
    #[error(transparent)]
    Migration(#[from] MigrationError),
    /// The signing keys cannot be used.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The address cannot be listened on, or listening ended.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, std::io::Error),
}

/// A service that listens.
pub struct Server {
    address: SocketAddr,
    http: HttpServerFuture,
    app: App,
    writer: std::thread::JoinHandle<()>,
    arbiter: Arbiter,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

/// Stops a running service.
#[derive(Clone)]
pub struct StopHandle {
    http: ServerHandle,
    registry: Addr<TripRegistry>,
    stopping: Arc<AtomicBool>,
}

impl StopHandle {
    /// Closes every socket with a code that says to reconnect, finishes what was accepted, and stops.
    pub async fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        let _ = self.registry.send(Stop).await;
        self.http.stop(true).await;
    }
}

impl Server {
    /// Migrates the database, wires everything and binds. Must be called inside an actix system.
    pub fn start(config: &ServeConfig) -> Result<Self, ServerError> {
        let database = config.data.database()?;
        let ran = migrations::migrate(&database, Direction::Up)?;
        if !ran.is_empty() {
            tracing::info!(%database, versions = ?ran, "Migrated the database");
        }
        let tokens = Tokens::new(config.accounts.keys(&config.data)?);
        let opened = Store::open(&database);
        let arbiter = Arbiter::new();
        let registry =
            TripRegistry::start_in_arbiter(&arbiter.handle(), |_| TripRegistry::default());
        let limits = config.network.limits == Switch::On;
        let throttle = Arc::new(Throttle::new(limits));
        let store = opened.store;
        let app = App {
            accounts: Accounts::new(
                store.clone(),
                tokens,
                throttle.clone(),
                config.accounts.driver_sign_up,
            ),
            dispatch: Dispatch::new(store.clone(), config.trips.rules(&config.events)),
            notices: Notices::of(store.clone()),
            resume: Resume::new(&store, config.events.retention()),
            throttle: throttle.clone(),
            registry,
            store,
            surroundings: Arc::new(config.network.surroundings()),
            limits,
            stopping: Arc::default(),
        };
        // Only the reader: with the whole store, this task would keep the writer alive that ends it.
        let reader = app.store.reader.clone();
        actix::spawn(announce(opened.feed, reader, app.registry.clone()));
        let tasks = vec![
            actix::spawn(sweep(app.clone())),
            actix::spawn(watch_sessions(app.clone())),
            actix::spawn(purge(app.clone(), throttle, config.events.retention())),
            actix::spawn(refill::run(app.registry.clone(), app.store.reader.clone())),
        ];
        let wanted = config.network.listen;
        let listening = listen(wanted, app.clone());
        let (address, http) = listening.map_err(|error| ServerError::Listen(wanted, error))?;
        Ok(Self {
            address,
            http,
            app,
            writer: opened.thread,
            arbiter,
            tasks,
        })
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What stops it.
    pub fn stop_handle(&self) -> StopHandle {
        let (registry, stopping) = (self.app.registry.clone(), self.app.stopping.clone());
        StopHandle {
            http: self.http.handle(),
            registry,
            stopping,
        }
    }

    /// Serves until it is stopped; everything that was accepted is written when this returns.
    pub async fn run(self) -> Result<(), ServerError> {
        let address = self.address;
        self.http
            .await
            .map_err(|error| ServerError::Listen(address, error))?;
        self.tasks.iter().for_each(tokio::task::JoinHandle::abort);
        drop(self.app);
        self.arbiter.stop();
        // The writer ends when the last task that could write has let go of it.
        let writer = self.writer;
        let ended = tokio::task::spawn_blocking(move || writer.join());
        if tokio::time::timeout(Duration::from_secs(STOP_SECONDS_MAX), ended)
            .await
            .is_err()
        {
            tracing::warn!("The writer is still busy");
        }
        Ok(())
    }
}

fn listen(address: SocketAddr, app: App) -> std::io::Result<(SocketAddr, HttpServerFuture)> {
    let listener = TcpListener::bind(address)?;
    let address = listener.local_addr()?;
    let data = web::Data::new(app);
    let document = http::document().merge_from(ws::document());
    let server = HttpServer::new(move || {
        // A socket's request lasts as long as the socket: it has no span, which would take half a kilobyte.
        HttpApp::new()
            .app_data(data.clone())
            .configure(ws::routes)
            .service(
                web::scope("")
                    .wrap(TracingLogger::<RequestSpan>::new())
                    .configure(|config| http::routes(config, document.clone())),
            )
    })
    .on_connect(|connection, _| {
        if let Some(stream) = connection.downcast_ref::<actix_web::rt::net::TcpStream>() {
            give_up_stalled_clients(stream);
        }
    })
    .tcp_nodelay(true)
    .disable_signals()
    .shutdown_timeout(STOP_SECONDS_MAX)
    .listen(listener)?
    .run();
    Ok((address, server))
}

fn give_up_stalled_clients(stream: &actix_web::rt::net::TcpStream) {
    let socket = socket2::SockRef::from(stream);
    let set = socket
        .set_tcp_user_timeout(Some(STALLED_MAX))
        .and_then(|()| socket.set_send_buffer_size(SEND_BUFFER));
    if let Err(error) = set {
        tracing::warn!(%error, "A connection's limits could not be set");
    }
}

/// The one task that announces what was committed.
async fn announce(mut feed: Feed, reader: Reader, registry: Addr<TripRegistry>) {
    while let Some(item) = feed.next().await {
        let told = match item {
            Item::News(News { events, ended }) => {
                registry.send(Announce { events, ended }).await.is_ok()
            }
            Item::Gap { first, last } => fill(&reader, &registry, first, last).await,
        };
        if !told {
            return;
        }
    }
}

/// Announces what did not fit into the feed from the log, page by page.
async fn fill(reader: &Reader, registry: &Addr<TripRegistry>, mut first: i64, last: i64) -> bool {
    while first <= last {
        match reader
            .read(move |db| events::range(db, first, last, PAGE))
            .await
        {
            Ok(page) => {
                first = page.last().map_or(last, |event| event.id) + 1;
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

/// Gives up searches whose time is over, and looks after a commit whose outcome is not known.
async fn sweep(app: App) {
    let mut ticks = ticks(SWEEP_EVERY);
    loop {
        ticks.tick().await;
        let settled = if app.store.writer.is_unsure() {
            app.store.check().await
        } else {
            Ok(())
        };
        if let Err(error) = settled.and(app.dispatch.expire_overdue().await.map(drop)) {
            tracing::debug!(%error, "Overdue searches could not be given up yet");
        }
    }
}

/// Ticks that do not pile up while their work takes long.
fn ticks(every: Duration) -> tokio::time::Interval {
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    ticks
}

/// Closes the sockets of sessions that have expired, or that another process has ended.
async fn watch_sessions(app: App) {
    let mut ticks = ticks(SESSIONS_EVERY);
    loop {
        ticks.tick().await;
        let Ok(open) = app.registry.send(Sessions).await else {
            return;
        };
        for some in open.chunks(500) {
            let (some, at) = (some.to_vec(), inputs::now());
            match app
                .store
                .reader
                .read(move |db| users::ended_among(db, &some, at))
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

/// Deletes what is no longer needed, a little at a time.
async fn purge(app: App, throttle: Arc<Throttle>, retention: SignedDuration) {
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
