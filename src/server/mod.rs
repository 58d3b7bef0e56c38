//! Builds all parts of the service, binds, and stops gracefully.

mod connection;
mod tasks;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix::{Actor, Addr, Arbiter};
use actix_http::HttpService;
use actix_http::error::DispatchError;
use actix_service::{ServiceFactoryExt, fn_service, map_config};
use actix_web::dev::{AppConfig, Server as HttpServerFuture, ServerHandle};
use actix_web::rt::net::TcpStream;
use actix_web::{App as HttpApp, web};
use tracing_actix_web::TracingLogger;

use crate::accounts::Accounts;
use crate::app::App;
use crate::auth::keys::KeyError;
use crate::auth::throttle::Throttle;
use crate::auth::tokens::TokenIssuer;
use crate::config::{Clock, EtaError, ServeConfig, Switch, TownFileError};
use crate::dispatch::Dispatch;
use crate::inputs;
use crate::notices::Notices;
use crate::registry::TripRegistry;
use crate::registry::actor::CloseAll;
use crate::resume::{Resume, refill};
use crate::store::Store;
use crate::store::db::{DatabaseUrl, DatabaseUrlError, Db};
use crate::store::lock::{self, DatabaseLock, LockError};
use crate::store::migrations::{self, Direction, MigrationError};
use crate::telemetry::RequestSpan;
use crate::{http, ws};

use connection::Connection;
use tasks::{announce, follow_input, purge, save_tracks, sweep, watch_lock, watch_sessions};

/// How long the kernel waits for a client that does not acknowledge what was sent.
const STALLED_MAX: Duration = Duration::from_secs(15);
/// How many bytes the kernel may hold for one client. The default grows to megabytes and hides slow readers.
const SEND_BUFFER: usize = 64 * 1024;
/// How long reading goes on after the answer to a request whose body was not read, so that the client gets the answer.
const UNREAD_WAIT: Duration = Duration::from_secs(1);
/// How long open requests may take once the service stops, in seconds.
const STOP_SECONDS_MAX: u64 = 10;

/// How long a start waits for another process that uses the database, because a restart may overlap.
const LOCK_WAIT: Duration = Duration::from_secs(15);

/// Why the service cannot start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The database URL is not valid.
    #[error(transparent)]
    Url(#[from] DatabaseUrlError),
    /// Another process uses the database, or it is unknown whether one does.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// Another process has taken the database while this one ran.
    #[error("the database was lost to {0}; nothing more was written to it")]
    Lost(String),
    #[error(transparent)]
    Migration(#[from] MigrationError),
    #[error(transparent)]
    Keys(#[from] KeyError),
    #[error(transparent)]
    Town(#[from] TownFileError),
    /// A source of pickup ETAs cannot be used.
    #[error(transparent)]
    Eta(#[from] EtaError),
    /// The address cannot be bound, or listening failed later.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, std::io::Error),
}

/// A service that listens.
pub struct Server {
    address: SocketAddr,
    database: DatabaseUrl,
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
    /// Closes every socket with a code that tells the client to reconnect, finishes the accepted requests, and stops.
    pub async fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        let _ = self.registry.send(CloseAll).await;
        self.http.stop(true).await;
    }
}

impl Server {
    /// Migrates the database, builds everything and binds. Must be called inside an actix system.
    pub fn start(config: &ServeConfig) -> Result<Self, ServerError> {
        if let Some(moment) = config.clock_stands_at {
            inputs::stand_at(moment);
        }
        inputs::advance(config.clock_ahead);
        let town = config.town.town()?;
        let eta = Arc::new(config.eta.chain()?);
        let database = config.data.database()?;
        let (listener, lock, db) = occupy(&database, config.network.listen)?;
        let tokens = TokenIssuer::new(config.accounts.keys(&config.data)?);
        let opened = Store::open_locked(&database, lock, db);
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
            dispatch: Dispatch::new(
                store.clone(),
                config.trips.settings(&config.events),
                town,
                eta,
                throttle.clone(),
            ),
            notices: Notices::of(store.clone()),
            resume: Resume::new(&store, config.events.retention()),
            registry,
            store,
            surroundings: Arc::new(config.network.surroundings()),
            limits,
            stopping: Arc::default(),
        };
        // Only the reader: the task ends when the writer does, and the whole store would keep the writer alive.
        let reader = app.store.reader.clone();
        let projections = app.dispatch.projections().clone();
        actix::spawn(announce(
            opened.feed,
            reader,
            app.registry.clone(),
            projections,
        ));
        let mut tasks = vec![
            actix::spawn(sweep(app.clone())),
            actix::spawn(save_tracks(app.clone())),
            actix::spawn(watch_sessions(app.clone())),
            actix::spawn(watch_lock(app.store.clone())),
            actix::spawn(purge(app.clone(), throttle, config.events.retention())),
            actix::spawn(refill::run(app.registry.clone(), app.store.reader.clone())),
        ];
        if config.clock == Clock::Stdin {
            tasks.push(actix::spawn(follow_input(app.clone())));
        }
        let wanted = config.network.listen;
        let listening = listen(listener, app.clone());
        let (address, http) = listening.map_err(|error| ServerError::Listen(wanted, error))?;
        Ok(Self {
            address,
            database,
            http,
            app,
            writer: opened.thread,
            arbiter,
            tasks,
        })
    }

    /// The URL of the service.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A handle that stops the service.
    pub fn stop_handle(&self) -> StopHandle {
        let (registry, stopping) = (self.app.registry.clone(), self.app.stopping.clone());
        StopHandle {
            http: self.http.handle(),
            registry,
            stopping,
        }
    }

    /// Serves until it is stopped or has lost its database. All accepted writes are committed when this returns.
    pub async fn run(self) -> Result<(), ServerError> {
        let (address, loss) = (self.address, self.app.store.loss.clone());
        let (stop, lost) = (self.stop_handle(), loss.clone());
        let watching = actix::spawn(async move {
            lost.noted().await;
            tracing::error!("Another process has taken the database: this one ends");
            stop.stop().await;
        });
        self.http
            .await
            .map_err(|error| ServerError::Listen(address, error))?;
        watching.abort();
        self.tasks.iter().for_each(tokio::task::JoinHandle::abort);
        // Saves what the tracks have grown by since the last time.
        if let Err(error) = self.app.dispatch.save_tracks().await {
            tracing::warn!(%error, "The last of the ways of rides could not be written");
        }
        drop(self.app);
        self.arbiter.stop();
        // The writer ends when the last handle to it is dropped.
        let writer = self.writer;
        let ended = tokio::task::spawn_blocking(move || writer.join());
        if tokio::time::timeout(Duration::from_secs(STOP_SECONDS_MAX), ended)
            .await
            .is_err()
        {
            tracing::warn!("The writer is still busy");
        }
        if loss.is_noted() {
            let holder = lock::holder_of(&self.database);
            let unknown = |error: LockError| error.to_string();
            return Err(ServerError::Lost(holder.unwrap_or_else(unknown)));
        }
        Ok(())
    }
}

/// Locks the database for this process, migrates it, and begins to listen.
fn occupy(
    database: &DatabaseUrl,
    wanted: SocketAddr,
) -> Result<(TcpListener, DatabaseLock, Db), ServerError> {
    let name = |address| {
        let process = std::process::id();
        format!("cabrank process {process} at {address}")
    };
    let (mut lock, mut db) = lock::take(database, &name(wanted), LOCK_WAIT)?;
    let ran = migrations::migrate(database, Direction::Up)?;
    if !ran.is_empty() {
        tracing::info!(%database, versions = ?ran, "Migrated the database");
    }
    let bound = TcpListener::bind(wanted).and_then(|bound| Ok((bound.local_addr()?, bound)));
    let (address, listener) = bound.map_err(|error| ServerError::Listen(wanted, error))?;
    lock.enter(&mut db, &name(address))
        .map_err(LockError::from)?;
    Ok((listener, lock, db))
}

fn listen(listener: TcpListener, app: App) -> std::io::Result<(SocketAddr, HttpServerFuture)> {
    let address = listener.local_addr()?;
    let data = web::Data::new(app);
    let document = http::document().merge_from(ws::document());
    let builder = HttpServerFuture::build()
        .disable_signals()
        .shutdown_timeout(STOP_SECONDS_MAX);
    let stopping = builder.graceful_shutdown_signal();
    let service = move || {
        // A socket's request lasts as long as the socket, so it gets no span: one takes half a kilobyte.
        let routes = HttpApp::new()
            .app_data(data.clone())
            .configure(ws::routes)
            .service(
                web::scope("")
                    .wrap(TracingLogger::<RequestSpan>::new())
                    .configure(|config| http::routes(config, document.clone())),
            );
        let stopping = stopping.clone();
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .client_disconnect_timeout(UNREAD_WAIT)
            .on_connect_ext(|connection: &Connection, data| drop(data.insert(connection.ending())))
            .h1(map_config(routes, |_| AppConfig::default()));
        fn_service(connect).and_then(http)
    };
    let server = builder.listen("http", listener, service)?.run();
    Ok((address, server))
}

/// Does what actix's `HttpServer` does with a connection, and lets its socket end it.
async fn connect(stream: TcpStream) -> Result<(Connection, Option<SocketAddr>), DispatchError> {
    give_up_stalled_clients(&stream);
    stream.set_nodelay(true)?;
    let client = stream.peer_addr().ok();
    Ok((Connection::of(stream), client))
}

fn give_up_stalled_clients(stream: &TcpStream) {
    let socket = socket2::SockRef::from(stream);
    let set = socket
        .set_tcp_user_timeout(Some(STALLED_MAX))
        .and_then(|()| socket.set_send_buffer_size(SEND_BUFFER));
    if let Err(error) = set {
        tracing::warn!(%error, "A connection's limits could not be set");
    }
}
