//! The errors of account operations.

use super::photo::PhotoError;
use crate::auth::passwords::TooBusy;
use crate::auth::throttle::TooMany;
use crate::auth::tokens::BadToken;
use crate::store::pool::Unavailable;

/// Why an operation on an account failed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    #[error("A user with that username already exists.")]
    UsernameTaken,
    /// The name or the password is wrong. The client is not told which.
    #[error("No active account found with the given credentials.")]
    WrongCredentials,
    /// The operator has not approved this driver yet.
    #[error("The operator has not approved this account yet.")]
    NotApproved,
    /// There is no token, or it is not valid.
    #[error("Authentication credentials were not provided, or are not valid.")]
    NotAuthenticated,
    #[error("There is no user of that name.")]
    NoSuchUser,
    /// There were too many tries from this address or for this name.
    #[error(transparent)]
    TooMany(#[from] TooMany),
    /// Too many passwords wait to be hashed.
    #[error(transparent)]
    TooBusy(#[from] TooBusy),
    /// The photo breaks a rule.
    #[error(transparent)]
    Photo(#[from] PhotoError),
    /// Too many photos are being uploaded.
    #[error("Too many photos are being sent.")]
    TooManyPhotos,
    /// The database cannot be reached, or the query failed.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl From<BadToken> for AccountError {
    fn from(_: BadToken) -> Self {
        Self::NotAuthenticated
    }
}
