//! Whose fault a failed transaction is. It decides which callers get the error, and whether the connection is kept.

use diesel::result::{DatabaseErrorKind, Error};

/// Where the fault lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// In one of the writes, or in a conflict with a write on another node. Alone, the others succeed.
    Write,
    /// The error's kind does not tell. It may be a locked row or a full disk, among others.
    Unclear,
    /// In the database or the connection to it.
    Database,
}

impl Fault {
    /// The fault behind an error.
    pub fn of(error: &Error) -> Self {
        match error {
            Error::DatabaseError(kind, _) => Self::of_kind(kind),
            Error::NotFound
            | Error::InvalidCString(_)
            | Error::QueryBuilderError(_)
            | Error::DeserializationError(_)
            | Error::SerializationError(_)
            | Error::IntegerConversion(_)
            | Error::RollbackTransaction => Self::Write,
            Error::RollbackErrorOnCommit { .. }
            | Error::AlreadyInTransaction
            | Error::NotInTransaction
            | Error::BrokenTransactionManager
            | _ => Self::Database,
        }
    }

    fn of_kind(kind: &DatabaseErrorKind) -> Self {
        match kind {
            DatabaseErrorKind::UniqueViolation
            | DatabaseErrorKind::ForeignKeyViolation
            | DatabaseErrorKind::NotNullViolation
            | DatabaseErrorKind::CheckViolation
            | DatabaseErrorKind::RestrictViolation
            | DatabaseErrorKind::ExclusionViolation
            | DatabaseErrorKind::SerializationFailure => Self::Write,
            // The server has become a standby; another one may have taken its place.
            DatabaseErrorKind::ReadOnlyTransaction
            | DatabaseErrorKind::ClosedConnection
            | DatabaseErrorKind::UnableToSendCommand => Self::Database,
            DatabaseErrorKind::Unknown | _ => Self::Unclear,
        }
    }
}
