//! The budget of a solution: how many edges it may visit.

/// Counts visited edges.
pub(super) struct Budget {
    pub(super) visits: u64,
    /// No further row is begun once this many edges were visited.
    pub(super) visits_max: u64,
}

/// The budget did not suffice for the next row.
#[derive(Debug)]
pub(super) struct UsedUp;

impl Budget {
    /// Fails if no further row may be begun.
    pub(super) fn check(&self) -> Result<(), UsedUp> {
        if self.visits < self.visits_max {
            Ok(())
        } else {
            Err(UsedUp)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_used_up_at_its_last_visit() {
        let check = |visits| {
            let visits_max = 5;
            Budget { visits, visits_max }.check().is_ok()
        };
        assert!(check(4));
        assert!(!check(5) && !check(6));
    }
}
