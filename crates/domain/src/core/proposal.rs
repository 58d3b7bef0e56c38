//! What dispatch proposes for a trip: drivers to offer it to.

use jiff::{SignedDuration, Timestamp};

use crate::{DriverId, Offer, OfferId, OfferState, TripId};

/// To whom a trip is to be offered.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// Which trip.
    pub trip: TripId,
    /// In which attempt; an older one comes to nothing.
    pub attempt: i64,
    /// In how many rounds nobody was found, if it is offered to somebody.
    pub round: i64,
    /// In how many rounds nobody was found, if none of these is free.
    pub next_round: i64,
    /// The best first; maybe none.
    pub candidates: Vec<Candidate>,
    /// How many are offered it at once.
    pub wave: usize,
    /// How long the devices have to acknowledge it, in seconds.
    pub deliver_s: i64,
    /// How long the drivers then have to decide, in seconds.
    pub decide_s: i64,
    /// When drivers are looked for again if none of the candidates is free.
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
    /// The key of the offer that would be made.
    pub offer: OfferId,
    /// Who.
    pub driver: DriverId,
    /// How far away, in metres.
    pub metres: i64,
    /// How long the way to the pick-up takes, in seconds.
    pub eta_s: i64,
}
