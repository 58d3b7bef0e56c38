//! Whose fault it is that a transaction failed, which decides who is told and whether the connection is kept.

use diesel::result::{DatabaseErrorKind, Error};

/// Where the fault lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// In one of the writes, or between it and a neighbour on another node: alone, the others succeed.
    Write,
    /// The databases have many words for many things, a held row and a full disk among them.
    Unclear,
    /// In the database or the way to it.
    Database,
}

impl Fault {
    /// The fault that shows as `error`.
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
            // A server that has become a standby: another one may be in its place.
            DatabaseErrorKind::ReadOnlyTransaction
            | DatabaseErrorKind::ClosedConnection
            | DatabaseErrorKind::UnableToSendCommand => Self::Database,
            DatabaseErrorKind::Unknown | _ => Self::Unclear,
        }
    }
}
