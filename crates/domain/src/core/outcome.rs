//! What a command came to.

use std::sync::Arc;

use crate::{Offer, Trip};

/// What a command that succeeded came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// A command about a trip: the trip as it is now.
    Trip(TripOutcome),
    /// Anything else: which of the events that were recorded so far it is.
    Event(usize),
}

/// The trip after a command that succeeded.
#[derive(Debug, Clone, PartialEq)]
pub struct TripOutcome {
    /// The trip as the command left it, or as it was when the key was first used.
    pub trip: Arc<Trip>,
    /// What the command did.
    pub effect: Effect,
    /// The offer that the command was about, as it is now.
    pub offer: Option<Offer>,
}

impl TripOutcome {
    /// An outcome that is about no offer.
    pub(crate) const fn new(trip: Arc<Trip>, effect: Effect) -> Self {
        Self {
            trip,
            effect,
            offer: None,
        }
    }

    pub(super) fn with_offer(self, offer: Offer) -> Self {
        Self {
            offer: Some(offer),
            ..self
        }
    }
}

/// What a command did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It changed the trip; an event says so.
    Changed,
    /// The same actor had done it before; nothing changed.
    AlreadyDone,
    /// The key was used before for the same command; its outcome is given again.
    Replayed,
}
