//! Following the log: a client that was away goes on where it stopped, or gets a snapshot and the reason for it.
//!
//! A client that follows its streams has a cursor in each of them (`follow`). `refill` replays the events between the
//! cursors and the present. It also serves sockets that have fallen behind. Both read the log for many clients at once.

pub mod follow;
mod opening;
pub mod refill;
mod snapshot;

pub use opening::{BadPosition, Reason, Resume, ResumeRequest, Resumption, StreamCursor};
