//! The search for a driver whose next round is due.

use jiff::Timestamp;

use super::asked::EarlierOffers;
use super::trip::Trip;

/// A search whose next round is due.
#[derive(Debug, Clone, PartialEq)]
pub struct Search {
    pub trip: Trip,
    /// How many rounds have found nobody.
    pub round: i64,
    /// The earlier offers of the trip.
    pub asked: EarlierOffers,
    /// When the round became due.
    pub due_at: Timestamp,
}

impl Search {
    /// How long the rider has waited for a driver, in seconds.
    pub fn waited_s(&self, at: Timestamp) -> i64 {
        let order = &self.trip.order;
        let since = order.opens_at.unwrap_or(self.trip.requested_at);
        at.duration_since(since).as_secs()
    }
}
