//! What is tried, and what it may come to.

use cabrank::domain::core::{Effect, Refusal, Reply};
use cabrank::domain::{OfferState, Policy, RideEnding, TripRefusal};
use cabrank::store::writer::CommandError;

/// Something to try. Trips and people have numbers, from 0.
#[derive(Debug, Clone)]
pub struct Wish {
    pub what: What,
    /// About which trip: any of them where somebody is named, else one that is not over.
    pub trip: usize,
    /// Who tries it; nobody in particular is somebody who may.
    pub who: Option<usize>,
}

/// A wish with its trip and its person.
#[derive(Debug, Clone)]
pub struct Deed {
    pub what: What,
    pub trip: usize,
    pub who: usize,
}

#[derive(Debug, Clone)]
pub enum What {
    Request(Wanted),
    Propose(Round),
    Reply(Reply),
    Accept,
    Drive(Drive),
    GiveBack,
    /// By a rider.
    Leave(Leave),
    /// By the operator.
    Call(Call),
    /// It is noted that the driver is late.
    Late,
    /// It is noted that the driver was blocked.
    Block,
    Lapse,
    Open,
    Expire,
    BeginShift,
    EndShift,
}

/// What a rider asks for.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    pub policy: Policy,
    /// In how many seconds a driver is to be looked for, if not at once.
    pub opens_in: Option<i64>,
    pub has_code: bool,
}

/// To whom a trip is proposed.
#[derive(Debug, Clone)]
pub struct Round {
    pub drivers: Vec<usize>,
    pub wave: usize,
    pub number: i64,
    /// How many attempts ago it was planned.
    pub attempts_ago: i64,
}

#[derive(Debug, Clone, Copy)]
pub enum Drive {
    Arrive,
    Start(Told),
    Complete,
    NoShow,
}

/// Which code the driver has been told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    Right,
    Wrong,
    Nothing,
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

/// What a deed comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Changed,
    AlreadyDone,
    AlreadyTaken,
    NotYours,
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

/// What the store has answered, or what is wrong with that.
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
        Refusal::UnknownTrip
        | Refusal::KeyReused
        | Refusal::NotActive
        | Refusal::WrongVehicle(_)
        | Refusal::Differs(_)
        | Refusal::Corrupt
        | Refusal::NoRoom(_) => Err(refused.to_string()),
    }
}
