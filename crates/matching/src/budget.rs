//! How much may be looked at.

/// Edges looked at, and how many may be.
pub(super) struct Budget {
    /// How many have been looked at.
    pub(super) visits: u64,
    /// At how many no further row has its turn.
    pub(super) visits_max: u64,
}

/// There was no budget for the next row.
#[derive(Debug)]
pub(super) struct UsedUp;

impl Budget {
    /// Whether another row may have its turn.
    pub(super) fn check(&self) -> Result<(), UsedUp> {
        if self.visits < self.visits_max {
            Ok(())
        } else {
            Err(UsedUp)
        }
    }
}
