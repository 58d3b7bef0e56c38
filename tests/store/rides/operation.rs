//! The operations that tests try, and their verdicts.

use cabrank::domain::core::{Effect, Refusal, Reply};
use cabrank::domain::{OfferState, Policy, RideEnding, TripRefusal};
use cabrank::store::writer::CommandError;

/// An operation before its trip and its actor are chosen. Trips and people have numbers, from 0.
#[derive(Debug, Clone)]
pub struct Intent {
    pub verb: Verb,
    /// Chooses the trip: among all trips if there is an actor, else among those where the operation makes sense.
    pub trip: usize,
    /// The actor; without one, an actor is chosen who may do it.
    pub actor: Option<usize>,
}

/// An operation with its trip and its actor.
#[derive(Debug, Clone)]
pub struct Operation {
    pub verb: Verb,
    pub trip: usize,
    pub actor: usize,
}

#[derive(Debug, Clone)]
pub enum Verb {
    Request(ModelOrder),
    Propose(Round),
    Reply(Reply),
    Accept,
    Drive(Drive),
    GiveBack,
    /// Of a rider.
    Leave(Leave),
    /// Of the operator.
    Call(Call),
    /// The service notes that the driver is late.
    Late,
    /// The service notes that the driver was blocked.
    Block,
    Lapse,
    Open,
    Expire,
    BeginShift,
    EndShift,
}

/// A rider's order.
#[derive(Debug, Clone, Copy)]
pub struct ModelOrder {
    pub policy: Policy,
    /// In how many seconds the search begins, if not at once.
    pub opens_in: Option<i64>,
    pub has_code: bool,
}

/// A round of a search: the drivers who are proposed.
#[derive(Debug, Clone)]
pub struct Round {
    pub drivers: Vec<usize>,
    pub wave: usize,
    pub number: i64,
    /// For how many attempts before the present one the round was planned.
    pub attempts_ago: i64,
}

#[derive(Debug, Clone, Copy)]
pub enum Drive {
    Arrive,
    Start(GivenCode),
    Complete,
    NoShow,
}

/// The ride code that the driver gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GivenCode {
    Right,
    Wrong,
    Missing,
}

#[derive(Debug, Clone, Copy)]
pub enum Leave {
    Cancel,
    Delete,
    AmendPickUp(&'static str),
    AmendDropOff(&'static str),
}

#[derive(Debug, Clone, Copy)]
pub enum Call {
    Cancel,
    TakeBack,
    End(RideEnding),
}

/// The result of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Changed,
    AlreadyDone,
    AlreadyTaken,
    NotYours,
    Unknown,
    GivenBack,
    WrongCode,
    TooEarly,
    NotPossible,
    DriverBusy,
    TooManyTrips,
    NotOffered,
    OfferOver(OfferState),
    OnShift,
    NotOnShift,
}

/// The store's answer as a verdict, or what is wrong with the answer.
pub fn verdict(answer: Result<Effect, CommandError>) -> Result<Verdict, String> {
    match answer {
        Ok(Effect::Changed) => Ok(Verdict::Changed),
        Ok(Effect::AlreadyDone) => Ok(Verdict::AlreadyDone),
        Ok(Effect::Replayed) => Err("there are no keys that could be replayed".to_owned()),
        Err(CommandError::Refused(refused)) => refused_as(&refused),
        Err(CommandError::Unavailable(error)) => Err(format!("nothing was written: {error}")),
    }
}

fn refused_as(refused: &Refusal) -> Result<Verdict, String> {
    match refused {
        Refusal::Trip(refusal, _) => match refusal {
            TripRefusal::AlreadyTaken => Ok(Verdict::AlreadyTaken),
            TripRefusal::NotYourTrip => Ok(Verdict::NotYours),
            TripRefusal::GivenBack => Ok(Verdict::GivenBack),
            TripRefusal::WrongCode => Ok(Verdict::WrongCode),
            TripRefusal::TooEarly { .. } => Ok(Verdict::TooEarly),
            TripRefusal::NotPossible { .. } => Ok(Verdict::NotPossible),
            TripRefusal::UnknownReason
            | TripRefusal::NotMeasured
            | TripRefusal::TooFar { .. }
            | TripRefusal::PinNeeded(_)
            | TripRefusal::NoCurrency => Err(refusal.to_string()),
        },
        Refusal::DriverBusy => Ok(Verdict::DriverBusy),
        Refusal::TooManyTrips(_) => Ok(Verdict::TooManyTrips),
        Refusal::NotOffered => Ok(Verdict::NotOffered),
        Refusal::OfferOver(over) => Ok(Verdict::OfferOver(over.0)),
        Refusal::OnShift(_) => Ok(Verdict::OnShift),
        Refusal::NotOnShift => Ok(Verdict::NotOnShift),
        Refusal::UnknownTrip => Ok(Verdict::Unknown),
        Refusal::KeyReused
        | Refusal::NotActive
        | Refusal::WrongVehicle(_)
        | Refusal::Differs(_)
        | Refusal::Corrupt
        | Refusal::NoRoom(_) => Err(refused.to_string()),
    }
}
