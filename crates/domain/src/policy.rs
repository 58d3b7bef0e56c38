//! The policies by which drivers are found.

use serde::{Deserialize, Serialize};

/// How a driver is found for a trip.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Policy {
    /// Every driver hears of the request, and the first accept wins.
    #[default]
    Broadcast,
    /// The trip is offered to the nearest drivers, wave by wave.
    Nearest,
    /// Requests gather for a moment. Then drivers are assigned so that all of them together are served best, and each
    /// trip is offered to its driver.
    Batch,
}

impl Policy {
    /// Every policy there is.
    pub const ALL: [Self; 3] = [Self::Broadcast, Self::Nearest, Self::Batch];

    /// The policy's word on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Broadcast => "broadcast",
            Self::Nearest => "nearest",
            Self::Batch => "batch",
        }
    }

    /// Whether trips are offered to single drivers, and not announced to all.
    pub const fn offers(self) -> bool {
        match self {
            Self::Broadcast => false,
            Self::Nearest | Self::Batch => true,
        }
    }

    /// Reads a policy's word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_the_same_everywhere() {
        for policy in Policy::ALL {
            assert_eq!(Policy::parse(policy.as_str()), Some(policy));
            let written = serde_json::to_value(policy).expect("it can be written");
            assert_eq!(written, policy.as_str());
        }
        assert_eq!(Policy::parse("Nearest"), None);
    }
}
