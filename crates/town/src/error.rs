//! The errors of a town file and of a pick-up.

use std::fmt;

/// A rule that the town file breaks, and the field that breaks it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TownError {
    /// The path of the field, such as `classes.van.tariff.per_km`. Empty for the file as a whole.
    pub path: String,
    /// The rule, or the parser's message.
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

/// Why a trip cannot begin at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unserved {
    /// The town has areas, and the pick-up is in none of them.
    #[error("The pick-up is outside every service area.")]
    OutsideEveryArea,
    /// The pick-up has no coordinates, and nowhere in the town is a request announced to all drivers.
    #[error("The pick-up needs coordinates here.")]
    LocationNeeded,
}
