//! Why a command is not carried out.

use std::sync::Arc;

use crate::{Allowance, NoRoom, OfferOver, Shift, Status, Trip, TripRefusal};

/// Why a command was not carried out.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// There is no such trip.
    #[error("There is no such trip.")]
    UnknownTrip,
    /// There is one whose row makes no sense.
    #[error("This is kept in a form that makes no sense; the log of the service names it.")]
    Corrupt,
    /// The trip's own rules say no; the trip as it is.
    #[error("{0}")]
    Trip(TripRefusal, Arc<Trip>),
    /// The driver already has an active trip.
    #[error("You already have an active trip.")]
    DriverBusy,
    /// The rider has as many active trips as allowed.
    #[error("You already have {0} active trips, which is as many as you may have.")]
    TooManyTrips(u32),
    /// The key was used for another command.
    #[error("This idempotency key was used for another request.")]
    KeyReused,
    /// The account may not act any more.
    #[error("This account may not act any more.")]
    NotActive,
    /// A frame says something else of the trip than what it is, in this field.
    #[error("This is not the trip's, and cannot be changed here.")]
    Differs(&'static str),
    /// The trip was not offered to the driver.
    #[error("This trip was not offered to you.")]
    NotOffered,
    /// The driver's offer is not open any more.
    #[error(transparent)]
    OfferOver(#[from] OfferOver),
    /// The driver is on a shift already.
    #[error("You are on a shift already.")]
    OnShift(Shift),
    /// The driver is not on a shift.
    #[error("You are not on a shift.")]
    NotOnShift,
    /// The driver's account may not drive this.
    #[error("You may not drive this vehicle. You may drive: {0}.")]
    WrongVehicle(Allowance),
    /// The room is closed to the caller.
    #[error(transparent)]
    NoRoom(#[from] NoRoom),
}

impl Refusal {
    /// Nothing of the kind is possible with a trip where it stands.
    pub fn not_possible(trip: Trip, verb: &'static str) -> Self {
        let status = trip.state.status();
        Self::Trip(TripRefusal::NotPossible { verb, status }, Arc::new(trip))
    }

    /// Where the trip stands, for those who came too late.
    pub fn trip_status(&self) -> Option<Status> {
        match self {
            Self::Trip(_, trip) => Some(trip.state.status()),
            Self::UnknownTrip
            | Self::Corrupt
            | Self::DriverBusy
            | Self::TooManyTrips(_)
            | Self::KeyReused
            | Self::NotActive
            | Self::Differs(_)
            | Self::NotOffered
            | Self::OfferOver(_)
            | Self::OnShift(_)
            | Self::NotOnShift
            | Self::WrongVehicle(_)
            | Self::NoRoom(_) => None,
        }
    }
}
