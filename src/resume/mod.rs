//! Following the log: a client that was away goes on where it stopped, or gets an honest snapshot.
//!
//! Whoever follows keeps a cursor for each stream (`follow`). What lies between the cursors and the present is
//! replayed by `refill`, which also serves sockets that have fallen behind: both read the log for many at once.

pub mod follow;
mod opening;
pub mod refill;
mod snapshot;

pub use opening::{BadPosition, Reason, Resume, ResumeRequest, Resumption, StreamCursor};
