//! The app of a rider or driver, for `demo` and `bench`.
//!
//! It knows the service by its wire protocol alone (docs/protocol.md) and uses no other module of this crate, so it
//! sees what any app would see. Every call has a deadline.

mod frames;
mod service;
mod socket;
mod wire;

pub use frames::{CallAnswer, IncomingFrame, WireActor, WireEvent};
pub use service::ServiceClient;
pub use socket::ClientSocket;
pub use wire::{
    FareLine, Location, User, WireFare, WireMessage, WireOffer, WireOfferState, WireParty,
    WireQuote, WireRefusal, WireRole, WireShift, WireStatus, WireTrack, WireTrip,
};

use std::time::Duration;

/// The longest time for an answer or a handshake. Signing up is slow on purpose, and many may wait for it.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// Why a call or a socket failed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The service could not be reached, or the connection broke before an answer.
    #[error("{url} cannot be reached: {reason}")]
    Unreachable {
        /// The service's URL.
        url: String,
        /// The system's error.
        reason: String,
    },
    /// The service did not answer in time.
    #[error("{operation} was not answered within {} s", ANSWER_WITHIN.as_secs())]
    TimedOut {
        /// The attempted operation.
        operation: &'static str,
    },
    /// The service answered with an error status.
    #[error("{operation} was refused with {status}: {detail}")]
    Refused {
        /// The attempted operation.
        operation: &'static str,
        status: u16,
        /// The problem code; empty if the answer has none.
        code: String,
        /// The reason, for people.
        detail: String,
    },
    /// The answer does not fit the protocol.
    #[error("{operation} was answered with something unknown: {reason}")]
    Unintelligible {
        /// The attempted operation.
        operation: &'static str,
        /// How it does not fit.
        reason: String,
    },
    /// The socket has closed.
    #[error("the connection was lost ({})", .code.map_or_else(|| "no close code".to_owned(), |code| format!("close code {code}")))]
    Lost {
        /// The close code, if there was one.
        code: Option<u16>,
    },
}
