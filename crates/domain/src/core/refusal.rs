//! The reasons for which the core refuses a command.

use std::sync::Arc;

use crate::{Allowance, NoRoom, OfferOver, Shift, Status, Trip, TripRefusal};

/// Why a command was not carried out.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Refusal {
    #[error("There is no such trip.")]
    UnknownTrip,
    /// The trip's row cannot be read.
    #[error("This is kept in a form that makes no sense; the log of the service names it.")]
    Corrupt,
    /// The trip's own rules refuse the action. The trip is as it was.
    #[error("{0}")]
    Trip(TripRefusal, Arc<Trip>),
    #[error("You already have an active trip.")]
    DriverBusy,
    /// The rider has as many active trips as are allowed: this many.
    #[error("You already have {0} active trips, which is as many as you may have.")]
    TooManyTrips(u32),
    /// The key was used for another command.
    #[error("This idempotency key was used for another request.")]
    KeyReused,
    /// The account has been blocked since it logged in.
    #[error("This account may not act any more.")]
    NotActive,
    /// The frame repeats this field of the trip with another value.
    #[error("This is not the trip's, and cannot be changed here.")]
    Differs(&'static str),
    #[error("This trip was not offered to you.")]
    NotOffered,
    #[error(transparent)]
    OfferOver(#[from] OfferOver),
    #[error("You are on a shift already.")]
    OnShift(Shift),
    #[error("You are not on a shift.")]
    NotOnShift,
    /// The driver's account may only drive these vehicles.
    #[error("You may not drive this vehicle. You may drive: {0}.")]
    WrongVehicle(Allowance),
    #[error(transparent)]
    NoRoom(#[from] NoRoom),
}

impl Refusal {
    /// The refusal of an action that the trip's state does not allow.
    pub fn not_possible(trip: Trip, verb: &'static str) -> Self {
        let status = trip.state.status();
        Self::Trip(TripRefusal::NotPossible { verb, status }, Arc::new(trip))
    }

    /// The status of the trip, if its own rules refused the command.
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
