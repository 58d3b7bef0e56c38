//! The states of a driver in the demo.

use super::story::OfferBehaviour;
use crate::client::WireTrip;

/// The state of a driver.
pub(super) enum DriverState {
    /// Free for an offer.
    Available,
    /// Has an offer, and will react to it as `mood` says.
    Offered { nk: String, mood: OfferBehaviour },
    /// Has a trip.
    OnTrip(Box<OnTrip>),
}

/// A trip that the driver has accepted. Its status says which step comes next.
pub(super) struct OnTrip {
    pub(super) trip: WireTrip,
    pub(super) gives_back: bool,
    /// The ride code that the rider has sent.
    pub(super) code: Option<String>,
}
