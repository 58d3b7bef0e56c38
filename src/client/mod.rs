//! A rider's or a driver's app, as `demo` and `bench` play it.
//!
//! It knows the service by its wire protocol alone (docs/protocol.md) and uses no other module of this crate, so that
//! whatever it shows is what any app would see. Every call has a deadline.

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

/// How long an answer or a handshake may take; signing up is slow on purpose, and many may wait for it.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// Why a call or a socket came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The service could not be reached, or the connection broke before it answered.
    #[error("{url} cannot be reached: {reason}")]
    Unreachable {
        /// Where the service should be.
        url: String,
        /// What the system says.
        reason: String,
    },
    /// The service did not answer in time.
    #[error("{what} was not answered within {} s", ANSWER_WITHIN.as_secs())]
    TimedOut {
        /// What was asked for.
        what: &'static str,
    },
    /// The service answered, and said no.
    #[error("{what} was refused with {status}: {detail}")]
    Refused {
        /// What was asked for.
        what: &'static str,
        /// The HTTP status.
        status: u16,
        /// The service's word for the reason, where it has one.
        code: String,
        /// The reason, for people.
        detail: String,
    },
    /// The service said something that the protocol does not have.
    #[error("{what} was answered with something unknown: {reason}")]
    Unintelligible {
        /// What was asked for.
        what: &'static str,
        /// What is wrong with the answer.
        reason: String,
    },
    /// The socket has ended.
    #[error("the connection was lost ({})", .code.map_or_else(|| "no close code".to_owned(), |code| format!("close code {code}")))]
    Lost {
        /// The close code, if there was one.
        code: Option<u16>,
    },
}
