//! What the writer is asked, and what it answers.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::domain::{
    Action, Actor, Address, Allowance, DriverId, Event, MessageText, NoRoom, Notification, Offer,
    OfferId, OfferOver, OfferState, OperatorId, Person, Refusal, Request, Shift, Status, Trip,
    TripId, Vehicle, VehicleClass,
};
use crate::store::keys::Key;

/// Something that a person, or a deadline, wants done to a trip.
#[derive(Debug, Clone)]
pub struct Command {
    /// What.
    pub task: Task,
    /// Under which of the caller's keys, if any.
    pub key: Option<Key>,
    /// When it was asked.
    pub at: Timestamp,
}

/// What is to be done.
#[derive(Debug, Clone)]
pub enum Task {
    /// A new trip, unless the rider has enough of them.
    Request {
        /// The trip to be.
        request: Request,
        /// How many trips a rider may have.
        limits: RiderLimits,
    },
    /// A change of a trip.
    Act {
        /// Which trip.
        trip: TripId,
        /// What to do.
        action: Action,
        /// What the caller believes the trip to be, where it said.
        stated: Stated,
    },
    /// Drivers were looked for: the trip is offered to those of them who are still free.
    Propose(Proposal),
    /// A driver, or a driver's device, replies to an offer.
    Reply {
        /// Of which trip.
        trip: TripId,
        /// Who was offered it.
        driver: DriverId,
        /// What.
        reply: Reply,
    },
    /// The deadlines of a trip's open offers are looked at.
    Lapse(TripId),
}

/// How many trips a rider may have that are not over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RiderLimits {
    /// For which a driver is looked for, or found.
    pub active_max: u32,
    /// For later.
    pub scheduled_max: u32,
}

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
    pub fn offer(&self, candidate: &Candidate, at: Timestamp) -> Offer {
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

/// What comes back from an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// The device has it.
    Receive,
    /// The driver does not want it.
    Decline,
}

/// What a frame repeats of a trip and cannot change; it must be the trip's own.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stated {
    /// The number, if repeated.
    pub number: Option<i64>,
    /// The status, if repeated.
    pub status: Option<Status>,
    /// The pick-up, if repeated.
    pub pick_up: Option<Address>,
    /// The drop-off, if repeated.
    pub drop_off: Option<Address>,
    /// When it is for, or that it is for now, if repeated.
    pub pick_up_at: Option<Option<Timestamp>>,
    /// In which class, if repeated.
    pub class: Option<VehicleClass>,
    /// For how many, if repeated.
    pub passengers: Option<u8>,
}

impl Stated {
    /// The first field that says something else than the trip.
    pub fn differs_from(&self, trip: &Trip) -> Option<&'static str> {
        if self.number.is_some_and(|number| number != trip.number) {
            Some("id")
        } else if differs_from(self.pick_up.as_ref(), &trip.pick_up.address) {
            Some("pick_up_address")
        } else if differs_from(self.drop_off.as_ref(), &trip.drop_off.address) {
            Some("drop_off_address")
        } else if differs_from(self.pick_up_at.as_ref(), &trip.order.pick_up_at) {
            Some("pick_up_at")
        } else if differs_from(self.class.as_ref(), &trip.order.class) {
            Some("class")
        } else if differs_from(self.passengers.as_ref(), &trip.order.passengers) {
            Some("passengers")
        } else if self
            .status
            .is_some_and(|status| status != trip.state.status())
        {
            Some("status")
        } else {
            None
        }
    }
}

fn differs_from<T: PartialEq>(stated: Option<&T>, own: &T) -> bool {
    stated.is_some_and(|stated| stated != own)
}

impl Task {
    /// The trip that it is about, unless that is still to be made.
    pub fn trip(&self) -> Option<TripId> {
        match self {
            Self::Request { .. } => None,
            Self::Act { trip, .. } | Self::Reply { trip, .. } | Self::Lapse(trip) => Some(*trip),
            Self::Propose(proposal) => Some(proposal.trip),
        }
    }
}

impl Command {
    /// Who acts.
    pub fn actor(&self) -> Actor {
        match &self.task {
            Task::Request { request, .. } => Actor::Rider(request.rider.id),
            Task::Act { action, .. } => action.actor(),
            Task::Reply { driver, .. } => Actor::Driver(*driver),
            Task::Propose(_) | Task::Lapse(_) => Actor::Service,
        }
    }
}

/// Something to be said that changes no trip.
#[derive(Debug, Clone)]
pub struct Post {
    /// What.
    pub what: Note,
    /// When.
    pub at: Timestamp,
}

/// What is said, and to whom.
#[derive(Debug, Clone)]
pub enum Note {
    /// By one party of a trip to the other.
    Message {
        /// In which trip's room.
        trip: TripId,
        /// Who says it.
        sender: Person,
        /// What.
        text: MessageText,
        /// How long after the trip's end the room stays open.
        after: SignedDuration,
    },
    /// By an operator.
    Notification(OperatorId, Notification),
    /// A driver goes online with this vehicle.
    BeginShift(DriverId, Vehicle),
    /// A driver goes offline, or is taken off by the service.
    EndShift(DriverId, Actor),
}

impl Post {
    /// Who says it.
    pub fn actor(&self) -> Actor {
        match &self.what {
            Note::Message { sender, .. } => sender.actor(),
            Note::Notification(operator, _) => Actor::Operator(*operator),
            Note::BeginShift(driver, _) => Actor::Driver(*driver),
            Note::EndShift(_, by) => *by,
        }
    }
}

/// The trip after a command that succeeded.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The trip as the command left it, or as it was when the key was first used.
    pub trip: Arc<Trip>,
    /// How the answer came about.
    pub outcome: Outcome,
    /// The offer that the command was about, as it is now.
    pub offer: Option<Offer>,
}

impl Answer {
    /// An answer that is about no offer.
    pub const fn of(trip: Arc<Trip>, outcome: Outcome) -> Self {
        Self {
            trip,
            outcome,
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

/// How an answer came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The command changed the trip; an event says so.
    Changed,
    /// The same actor had done it before; nothing changed.
    AlreadyDone,
    /// The key was used before for the same command; its answer is given again.
    Replayed,
}

/// Why a command was not carried out.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Refused {
    /// There is no such trip.
    #[error("There is no such trip.")]
    Unknown,
    /// There is one whose row makes no sense.
    #[error("This is kept in a form that makes no sense; the log of the service names it.")]
    Corrupt,
    /// The trip's own rules say no; the trip as it is.
    #[error("{0}")]
    Trip(Refusal, Arc<Trip>),
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
    /// The driver is on duty already.
    #[error("You are on a shift already.")]
    OnShift(Shift),
    /// The driver is not on duty.
    #[error("You are not on a shift.")]
    NotOnShift,
    /// The driver's account may not drive this.
    #[error("You may not drive this vehicle. You may drive: {0}.")]
    WrongVehicle(Allowance),
    /// The room is closed to the caller.
    #[error(transparent)]
    NoRoom(#[from] NoRoom),
}

impl Refused {
    /// Nothing of the kind is possible with a trip where it stands.
    pub fn not_possible(trip: Trip, verb: &'static str) -> Self {
        let status = trip.state.status();
        Self::Trip(Refusal::NotPossible { verb, status }, Arc::new(trip))
    }

    /// Where the trip stands, for those who came too late.
    pub fn trip_status(&self) -> Option<Status> {
        match self {
            Self::Trip(_, trip) => Some(trip.state.status()),
            Self::Unknown
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

/// What a post came to.
pub type Posted = Result<Arc<Event>, Refused>;
