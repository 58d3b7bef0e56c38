//! A search for a driver that is due.

use jiff::Timestamp;

use super::asked::EarlierOffers;
use super::trip::Trip;

/// A trip for which drivers are to be looked for now.
#[derive(Debug, Clone, PartialEq)]
pub struct Search {
    /// Which.
    pub trip: Trip,
    /// How often nobody was found.
    pub round: i64,
    /// Who was asked before, and what came of it.
    pub asked: EarlierOffers,
    /// Since when drivers are to be looked for anew.
    pub due_at: Timestamp,
}

impl Search {
    /// For how long the rider has waited for a driver, in seconds.
    pub fn waited_s(&self, at: Timestamp) -> i64 {
        let order = &self.trip.order;
        let since = order.opens_at.unwrap_or(self.trip.requested_at);
        at.duration_since(since).as_secs()
    }
}
