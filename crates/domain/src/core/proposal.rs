//! The drivers that dispatch proposes for a trip.

use jiff::{SignedDuration, Timestamp};

use crate::{DriverId, Offer, OfferId, OfferState, TripId};

/// The drivers to whom a trip shall be offered, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    pub trip: TripId,
    /// A proposal for an older attempt has no effect.
    pub attempt: i64,
    /// How many rounds have found nobody, if at least one of the candidates is still free.
    pub round: i64,
    /// How many rounds have found nobody, if none of the candidates is free.
    pub next_round: i64,
    /// The best comes first. There may be none.
    pub candidates: Vec<Candidate>,
    /// How many candidates get an offer at the same time.
    pub wave: usize,
    /// How long the devices have to acknowledge an offer, in seconds.
    pub deliver_s: i64,
    /// How long the drivers then have to decide, in seconds.
    pub decide_s: i64,
    /// When the next round is due if none of the candidates is free.
    pub again_at: Timestamp,
}

impl Proposal {
    /// The offer to one of the candidates, made at that time.
    pub(crate) fn offer(&self, candidate: &Candidate, at: Timestamp) -> Offer {
        Offer {
            id: candidate.offer,
            trip: self.trip,
            attempt: self.attempt,
            driver: candidate.driver,
            state: OfferState::Created,
            metres: candidate.metres,
            eta_s: candidate.eta_s,
            offered_at: at,
            due_at: at + SignedDuration::from_secs(self.deliver_s),
            decide_s: self.decide_s,
        }
    }
}

/// A driver to whom a trip may be offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// The id of the offer that would be made.
    pub offer: OfferId,
    pub driver: DriverId,
    /// The distance to the pick-up as the crow flies, in metres.
    pub metres: i64,
    /// The estimated time to the pick-up, in seconds.
    pub eta_s: i64,
}
