//! The errors of a simulation.

use std::fmt::Display;
use std::path::Path;

/// Why a simulation cannot run or be reported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SimError {
    /// A file cannot be read or is malformed.
    #[error("{file}: {why}")]
    Unreadable {
        /// Which.
        file: String,
        /// Why not.
        why: String,
    },
    /// A field of the scenario or a flag breaks a rule.
    #[error("{field}: {rule}")]
    Wrong {
        /// Which.
        field: String,
        /// Which rule.
        rule: String,
    },
    /// A report cannot be written.
    #[error("{file} cannot be written: {why}")]
    Unwritten {
        /// Where to.
        file: String,
        /// Why not.
        why: String,
    },
}

/// The error for a file that cannot be read or is malformed.
pub(super) fn unreadable(file: &Path, why: impl Display) -> SimError {
    SimError::Unreadable {
        file: file.display().to_string(),
        why: why.to_string(),
    }
}

/// The error for a field that breaks a rule.
pub(super) fn wrong(field: impl Into<String>, rule: impl Display) -> SimError {
    SimError::Wrong {
        field: field.into(),
        rule: rule.to_string(),
    }
}

/// Writes a file.
pub(super) fn write(file: &Path, text: &str) -> Result<(), SimError> {
    std::fs::write(file, text).map_err(|error| unwritten(file, error))
}

/// The error for a file that cannot be written.
pub(super) fn unwritten(file: &Path, why: impl Display) -> SimError {
    SimError::Unwritten {
        file: file.display().to_string(),
        why: why.to_string(),
    }
}
