//! What can be wrong with a town file, and with a place.

use std::fmt;

/// A rule that the town file breaks, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TownError {
    /// The field, such as `classes.van.tariff.per_km`; empty for the file as a whole.
    pub path: String,
    /// What it must be, or what the parser says.
    pub rule: String,
}

impl TownError {
    pub(super) fn new(path: impl Into<String>, rule: impl fmt::Display) -> Self {
        let (path, rule) = (path.into(), rule.to_string());
        Self { path, rule }
    }
}

impl fmt::Display for TownError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            f.write_str(&self.rule)
        } else {
            write!(f, "{}: {}", self.path, self.rule)
        }
    }
}

impl std::error::Error for TownError {}

/// Why a trip cannot begin there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unserved {
    /// The town has areas, and the pick-up is in none of them.
    #[error("The pick-up is outside every service area.")]
    OutsideEveryArea,
    /// The pick-up has no coordinates, and drivers who hear every request are nowhere asked.
    #[error("The pick-up needs coordinates here.")]
    LocationNeeded,
}
