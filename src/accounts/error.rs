//! What may go wrong with an account's business.

use super::photo::PhotoError;
use crate::auth::passwords::TooBusy;
use crate::auth::throttle::TooMany;
use crate::auth::tokens::BadToken;
use crate::store::pool::Unavailable;

/// Why an account's business came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// Somebody else has the name.
    #[error("A user with that username already exists.")]
    UsernameTaken,
    /// Name or password is wrong; which one is not said.
    #[error("No active account found with the given credentials.")]
    WrongCredentials,
    /// The operator has not let this driver in yet.
    #[error("The operator has not approved this account yet.")]
    NotApproved,
    /// No token, or none that counts.
    #[error("Authentication credentials were not provided, or are not valid.")]
    NotAuthenticated,
    /// There is no account of that name.
    #[error("There is no user of that name.")]
    NoSuchUser,
    /// Slow down.
    #[error(transparent)]
    TooMany(#[from] TooMany),
    /// Too many passwords at once.
    #[error(transparent)]
    TooBusy(#[from] TooBusy),
    /// It is no photo that is kept.
    #[error(transparent)]
    Photo(#[from] PhotoError),
    /// Too many photos are on their way.
    #[error("Too many photos are being sent.")]
    TooManyPhotos,
    /// The database does not answer.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl From<BadToken> for AccountError {
    fn from(_: BadToken) -> Self {
        Self::NotAuthenticated
    }
}
