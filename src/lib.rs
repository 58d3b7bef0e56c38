//! cabrank: a ride-hailing dispatch service that an operator hosts alone.
//!
//! The modules in reading order. Each may use only those before it; `tests/architecture/` checks that.

// Crates that are used under the names of modules.
pub use ::dispatching;
pub use ::domain;
pub use ::eta;
pub use ::matching;
pub use ::sim;
pub use ::supply;
pub use ::town;

/// Sign-up, log-in, log-out and refreshing tokens.
pub mod accounts;
/// The parts of the service that requests and sockets share.
pub mod app;
/// Passwords, tokens, keys, and rate limits against guessing.
pub mod auth;
/// `cabrank bench`: puts load on a service and measures it.
pub mod bench;
/// A rider's or a driver's app, over the real wire.
pub mod client;
/// The settings of the service.
pub mod config;
/// Finds out who a request comes from.
pub mod credentials;
/// `cabrank demo`: a town of riders and drivers on shift, told line by line.
pub mod demo;
/// Turns what clients ask into commands, and sweeps deadlines.
pub mod dispatch;
/// Reads a JSON object field by field and names every broken rule.
pub mod fields;
/// HTTP requests to commands, and outcomes to responses.
pub mod http;
/// Time, ids and secrets, which the other modules take as inputs.
pub mod inputs;
/// Notifications: sending them, and what is unread.
pub mod notices;
/// Errors as clients see them. No other module picks a status code.
pub mod problem;
/// Who is connected, and who receives an event.
pub mod registry;
/// How clients follow the log: replays, snapshots and refills.
pub mod resume;
/// Builds all parts, binds, and stops.
pub mod server;
/// What an operator asks beside the service: why a search went as it did, and whether the log and the tables agree.
pub mod shell;
/// Everything durable: SQLite and PostgreSQL behind one set of queries, and the writer.
pub mod store;
/// Logging.
pub mod telemetry;
/// Frames to commands, and events to frames.
pub mod ws;
