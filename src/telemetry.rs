//! Logging to standard error, one line each. Every line about a request carries the request's id, except for sockets,
//! which have none.
//!
//! Never logged: query strings of paths (they may hold tokens), values bound to SQL, bodies, addresses of trips,
//! passwords and tokens.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::{Error, HttpMessage};
use clap::{Args, ValueEnum};
use tracing::Span;
use tracing::level_filters::LevelFilter;
use tracing_actix_web::{RequestId, RootSpanBuilder};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

/// The settings of the log.
#[derive(Debug, Clone, Args)]
pub struct LogConfig {
    /// Least level that is logged, also by module: info, or warn,cabrank=debug
    #[arg(
        long = "log",
        env = "CABRANK_LOG",
        default_value = "info",
        global = true,
        value_name = "LEVELS"
    )]
    pub levels: Targets,
    /// Form of a line
    #[arg(
        long,
        env = "CABRANK_LOG_FORMAT",
        default_value = "text",
        global = true,
        value_name = "TEXT|JSON"
    )]
    pub log_format: LogFormat,
}

/// The form of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// A line for people to read.
    Text,
    /// A JSON object on each line.
    Json,
}

/// Starts logging; a second call changes nothing.
pub fn start(config: &LogConfig) {
    let is_terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let lines = fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(is_terminal);
    let lines = match config.log_format {
        LogFormat::Text => lines.with_target(false).boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    // The framework repeats what is logged here anyway.
    let levels = config
        .levels
        .clone()
        .with_target("actix_server", LevelFilter::WARN);
    let _ = tracing_subscriber::registry()
        .with(lines.with_filter(levels))
        .try_init();
}

/// The span of one request: method, path without query, id and status.
pub struct RequestSpan;

impl RootSpanBuilder for RequestSpan {
    fn on_request_start(request: &ServiceRequest) -> Span {
        let id = request
            .extensions()
            .get::<RequestId>()
            .map(ToString::to_string)
            .unwrap_or_default();
        tracing::info_span!(
            "request",
            method = %request.method(),
            path = request.path(),
            id,
            status = tracing::field::Empty
        )
    }

    fn on_request_end<B: MessageBody>(span: Span, outcome: &Result<ServiceResponse<B>, Error>) {
        let status = match outcome {
            Ok(response) => response.status().as_u16(),
            Err(error) => error.as_response_error().status_code().as_u16(),
        };
        span.record("status", status);
        span.in_scope(|| tracing::debug!("Answered"));
    }
}
