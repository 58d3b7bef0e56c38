//! What a driver of the demo is at.

use super::story::OfferBehaviour;
use crate::client::WireTrip;

/// What a driver is at, in the words of the protocol.
pub(super) enum DriverState {
    /// May be offered a trip.
    Available,
    /// Has one, and will do with it as the mood is.
    Offered { nk: String, mood: OfferBehaviour },
    /// Has taken a trip.
    OnTrip(Box<OnTrip>),
}

/// A trip that was taken. Its status says which step comes next.
pub(super) struct OnTrip {
    pub(super) trip: WireTrip,
    pub(super) gives_back: bool,
    /// What the rider has told.
    pub(super) code: Option<String>,
}
