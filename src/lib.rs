//! cabrank: a ride-hailing dispatch service that an operator hosts alone.
//!
//! The modules in reading order; each may use only those before it, and `tests/architecture/` says so.

// Crates of their own, under the names of modules.
pub use ::dispatching;
pub use ::domain;
pub use ::eta;
pub use ::matching;
pub use ::sim;
pub use ::supply;
pub use ::town;

/// Sign-up, log-in, log-out, refresh.
pub mod accounts;
/// What every request and every socket may use.
pub mod app;
/// Passwords, tokens, keys, and the brake on guessing.
pub mod auth;
/// `cabrank bench`: load, and what it costs.
pub mod bench;
/// A rider's or a driver's app, over the real wire.
pub mod client;
/// What an operator may set.
pub mod config;
/// How a request says who is calling.
pub mod credentials;
/// `cabrank demo`: a town of riders and drivers on shift, line by line.
pub mod demo;
/// The verbs: request, accept, arrive, start, complete, cancel, end, expire.
pub mod dispatch;
/// Reads a JSON object field by field and names every broken rule.
pub mod fields;
/// Bytes to verbs.
pub mod http;
/// Time, ids and secrets, which the rest takes as inputs.
pub mod inputs;
/// Notifications: who is sent what, and what they have not read.
pub mod notices;
/// Errors as clients see them; the only place that picks a status code.
pub mod problem;
/// Who is connected, and who must hear what.
pub mod registry;
/// Following the log: replay or snapshot, and refills.
pub mod resume;
/// The composition root.
pub mod server;
/// What an operator asks in a shell: why, and whether the log and the tables agree.
pub mod shell;
/// Everything durable: SQLite or PostgreSQL, one query code, the group writer.
pub mod store;
/// Logs.
pub mod telemetry;
/// Frames to verbs, and events to frames.
pub mod ws;
