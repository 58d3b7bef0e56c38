//! The errors of dispatch.

use crate::auth::throttle::TooMany;
use crate::store::pool::Unavailable;
use crate::store::writer::CommandError;
use crate::town::Unserved;

/// Why a command or a quote was refused.
#[derive(Debug, thiserror::Error)]
pub enum DispatchError {
    /// The town does not serve the place.
    #[error(transparent)]
    Unserved(#[from] Unserved),
    /// The new pick-up is in an area with other rules than those that the trip was ordered under.
    #[error("This is in another service area: cancel the trip, and ask for a new one.")]
    OtherArea,
    /// The town has no such vehicle class. The text lists those that it has.
    #[error("There is no such class here; there is: {0}.")]
    UnknownClass(String),
    /// The pick-up time is in the past.
    #[error("This is not in the future.")]
    NotInFuture,
    /// The pick-up time is more than this many days ahead.
    #[error("Trips can be ordered at most {0} days ahead.")]
    TooFarAhead(u32),
    /// The rider has no such quote, or it has expired.
    #[error("There is no such quote, or it has expired.")]
    UnknownQuote,
    /// The quote was for other places, another class or another time.
    #[error("The quote is for another way, another class or another time.")]
    OtherQuote,
    /// The driver has tried too many ride codes.
    #[error("Too many codes.")]
    TooManyCodes(TooMany),
    /// The account has sent too many messages.
    #[error("Too many messages.")]
    TooManyMessages(TooMany),
    /// The core refused the command, or the database could not be reached.
    #[error(transparent)]
    Command(#[from] CommandError),
}

impl From<Unavailable> for DispatchError {
    fn from(error: Unavailable) -> Self {
        Self::Command(error.into())
    }
}
