//! The settings of the service, one struct for each concern. Every field has a flag, an environment variable, a unit
//! and a default.

mod eta;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};
use url::Url;

use crate::accounts::DriverSignUp;
use crate::auth::keys::{KeyError, KeyRing};
use crate::credentials::Surroundings;
use crate::dispatch::Settings;
use crate::domain::core::RiderLimits;
use crate::store::db::{DatabaseUrl, DatabaseUrlError};
use crate::town::{Town, TownError};

pub use eta::{EtaConfig, EtaError};

/// Where the data is.
#[derive(Debug, Clone, Args)]
pub struct DataConfig {
    /// Directory of the SQLite file and the signing keys
    #[arg(
        long,
        env = "CABRANK_DATA_DIR",
        default_value = "cabrank-data",
        value_name = "DIR"
    )]
    pub data_dir: PathBuf,
    /// sqlite://PATH or postgres://USER:PASSWORD@HOST:PORT/NAME; by default cabrank.db in the data directory
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub database_url: Option<Secret>,
}

impl DataConfig {
    /// The database to use.
    pub fn database(&self) -> Result<DatabaseUrl, DatabaseUrlError> {
        match &self.database_url {
            Some(Secret(url)) => url.parse(),
            None => Ok(DatabaseUrl::Sqlite(self.data_dir.join("cabrank.db"))),
        }
    }

    /// The file that holds the signing keys, unless they come from the configuration.
    pub fn key_file(&self) -> PathBuf {
        self.data_dir.join("signing.keys")
    }
}

/// Where the service listens, and how clients reach it.
#[derive(Debug, Clone, Args)]
pub struct NetworkConfig {
    /// Address and port to listen on; port 0 picks one
    #[arg(
        long,
        env = "CABRANK_LISTEN",
        default_value = "127.0.0.1:8080",
        value_name = "ADDRESS"
    )]
    pub listen: SocketAddr,
    /// Origin by which browsers know the service, such as `https://rides.example`; by default the request's Host
    #[arg(long, env = "CABRANK_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<Url>,
    /// Networks of the proxies whose X-Forwarded-For and X-Forwarded-Proto count, separated by commas
    #[arg(
        long,
        env = "CABRANK_TRUSTED_PROXIES",
        value_delimiter = ',',
        value_name = "NETS"
    )]
    pub trusted_proxies: Vec<IpNet>,
    /// Limits of rates, by address, name and socket; sizes stay bounded anyway
    #[arg(
        long,
        env = "CABRANK_LIMITS",
        default_value = "on",
        value_name = "ON|OFF"
    )]
    pub limits: Switch,
}

impl NetworkConfig {
    /// How clients reach the service, for checking credentials.
    pub fn surroundings(&self) -> Surroundings {
        Surroundings {
            public_url: self.public_url.clone(),
            trusted_proxies: self.trusted_proxies.clone(),
        }
    }
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    On,
    Off,
}

/// Who may log in, and what signs their tokens.
#[derive(Debug, Clone, Args)]
pub struct AccountConfig {
    /// Whether new drivers may drive at once, or wait for `cabrank user approve`
    #[arg(
        long,
        env = "CABRANK_DRIVER_SIGN_UP",
        default_value = "open",
        value_name = "OPEN|APPROVED"
    )]
    pub driver_sign_up: DriverSignUp,
    /// Keys that sign tokens, kid:base64[,kid:base64…], the first one signing; by default a file in the data directory
    #[arg(
        long,
        env = "CABRANK_SIGNING_KEYS",
        hide_env_values = true,
        value_name = "KEYS"
    )]
    pub signing_keys: Option<Secret>,
}

impl AccountConfig {
    /// The keys of the configuration, or those of the key file, which is created on first use.
    pub fn keys(&self, data: &DataConfig) -> Result<KeyRing, KeyError> {
        match &self.signing_keys {
            Some(Secret(keys)) => KeyRing::parse(keys),
            None => {
                std::fs::create_dir_all(&data.data_dir)?;
                KeyRing::load_or_create(&data.key_file())
            }
        }
    }
}

/// A setting that is never printed. Its text is parsed late, because the parser of the command line would repeat it in
/// an error.
#[derive(Clone)]
pub struct Secret(String);

impl std::str::FromStr for Secret {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The limits of trips.
#[derive(Debug, Clone, Args)]
pub struct TripConfig {
    /// How many active trips a rider may have
    #[arg(
        long,
        env = "CABRANK_RIDER_TRIPS",
        default_value_t = 3,
        value_name = "N"
    )]
    pub rider_trips: u32,
    /// How many trips for later a rider may have
    #[arg(
        long,
        env = "CABRANK_RIDER_BOOKINGS",
        default_value_t = 10,
        value_name = "N"
    )]
    pub rider_bookings: u32,
    /// For how many seconds a driver is looked for before a request expires
    #[arg(long, env = "CABRANK_SEARCH_TIME", default_value_t = 600, value_name = "SECONDS",
          value_parser = clap::value_parser!(u32).range(1..))]
    pub search_time: u32,
}

/// Where the town's rules come from.
#[derive(Debug, Clone, Args)]
pub struct TownConfig {
    /// JSON file of fares, areas and how drivers are found; by default every driver hears every request, and nothing has a price
    #[arg(long, env = "CABRANK_TOWN", value_name = "FILE")]
    pub town: Option<PathBuf>,
}

/// Why the town file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TownFileError {
    /// The file cannot be read.
    #[error("cannot read the town file {}: {error}", path.display())]
    Unreadable {
        path: PathBuf,
        error: std::io::Error,
    },
    /// The file breaks a rule.
    #[error("the town file {} is wrong: {error}", path.display())]
    Wrong {
        path: PathBuf,
        /// The broken rule, and where.
        error: TownError,
    },
}

impl TownConfig {
    /// The town of the file, or the default one if no file is given.
    pub fn town(&self) -> Result<Town, TownFileError> {
        let Some(path) = &self.town else {
            return Ok(Town::default());
        };
        let path = || path.clone();
        let text = std::fs::read_to_string(path()).map_err(|error| TownFileError::Unreadable {
            path: path(),
            error,
        })?;
        Town::parse(&text).map_err(|error| TownFileError::Wrong {
            path: path(),
            error,
        })
    }
}

/// How long things are kept.
#[derive(Debug, Clone, Args)]
pub struct EventConfig {
    /// For how many seconds an event can be resumed from, at least
    #[arg(long, env = "CABRANK_EVENT_RETENTION", default_value_t = 604_800, value_name = "SECONDS",
          value_parser = clap::value_parser!(u32).range(1..))]
    pub event_retention: u32,
    /// For how many seconds after a trip's end its parties may still write to each other
    #[arg(
        long,
        env = "CABRANK_CHAT_AFTER",
        default_value_t = 3_600,
        value_name = "SECONDS"
    )]
    pub chat_after: u32,
}

impl EventConfig {
    /// How long an event can be resumed from.
    pub fn retention(&self) -> SignedDuration {
        SignedDuration::from_secs(i64::from(self.event_retention))
    }
}

impl TripConfig {
    /// The settings of dispatch.
    pub fn settings(&self, events: &EventConfig) -> Settings {
        Settings {
            rider_limits: RiderLimits {
                active_max: self.rider_trips,
                scheduled_max: self.rider_bookings,
            },
            search_s: self.search_time,
            chat_after: SignedDuration::from_secs(i64::from(events.chat_after)),
        }
    }
}

/// Everything that `serve` needs.
#[derive(Debug, Clone, Args)]
pub struct ServeConfig {
    #[command(flatten)]
    pub network: NetworkConfig,
    #[command(flatten)]
    pub data: DataConfig,
    #[command(flatten)]
    pub accounts: AccountConfig,
    #[command(flatten)]
    pub trips: TripConfig,
    #[command(flatten)]
    pub events: EventConfig,
    #[command(flatten)]
    pub town: TownConfig,
    #[command(flatten)]
    pub eta: EtaConfig,
    /// Which clock counts: `stdin` puts the system's time ahead by the seconds that are read, line by line; for tests
    #[arg(long, env = "CABRANK_CLOCK", default_value = "system", hide = true)]
    pub clock: Clock,
    /// By how many seconds the time is ahead of the system's from the start on; for tests
    #[arg(long, env = "CABRANK_CLOCK_AHEAD", default_value = "0", value_name = "SECONDS",
          value_parser = seconds, hide = true)]
    pub clock_ahead: SignedDuration,
    /// Moment at which the clock stands still, instead of the system's; for tests
    #[arg(
        long,
        env = "CABRANK_CLOCK_STANDS_AT",
        value_name = "TIME",
        hide = true
    )]
    pub clock_stands_at: Option<Timestamp>,
}

fn seconds(text: &str) -> Result<SignedDuration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds")?;
    SignedDuration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

/// The clock that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Clock {
    /// The system's time.
    System,
    /// The system's time, put ahead by the seconds on standard input.
    Stdin,
}
