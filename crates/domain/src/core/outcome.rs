//! The outcomes of commands that succeeded.

use std::sync::Arc;

use crate::{Offer, Trip};

/// The outcome of a command that succeeded.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Of a command about a trip: the trip as it is now.
    Trip(TripOutcome),
    /// Of any other command: the index of its event among the events recorded so far.
    Event(usize),
}

/// The trip after a command that succeeded.
#[derive(Debug, Clone, PartialEq)]
pub struct TripOutcome {
    /// The trip as the command left it, or as it was when the key was first used.
    pub trip: Arc<Trip>,
    pub effect: Effect,
    /// The offer that the command was about, as it is now, if it was about one.
    pub offer: Option<Offer>,
}

impl TripOutcome {
    /// An outcome without an offer.
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

/// The effect of a command that succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It changed something, and recorded an event.
    Changed,
    /// The same actor had done it before. Nothing changed.
    AlreadyDone,
    /// Its key was used before for the same command, whose outcome is given again.
    Replayed,
}
