//! The commands: all that people, devices and deadlines can ask of the core.

use jiff::{SignedDuration, Timestamp};

use super::keys::IdempotencyKey;
use super::proposal::Proposal;
use crate::{
    Action, Actor, Address, DriverId, MessageText, Notification, OperatorId, Person, Status, Trip,
    TripId, TripRef, TripRequest, Vehicle, VehicleClass,
};

/// A command as it is handed to the core.
#[derive(Debug, Clone)]
pub struct Submission {
    /// What is to be done.
    pub command: Command,
    /// The caller's key for it, under which it is carried out once.
    pub key: Option<IdempotencyKey>,
    /// When it was asked.
    pub at: Timestamp,
}

impl Submission {
    /// A command without a key.
    pub const fn new(command: Command, at: Timestamp) -> Self {
        Self {
            command,
            key: None,
            at,
        }
    }
}

/// What somebody, or a deadline, wants to be done.
#[derive(Debug, Clone)]
pub enum Command {
    /// A rider requests a trip, and may have so many.
    RequestTrip(TripRequest, RiderLimits),
    /// Somebody acts on a trip.
    Act {
        /// Which trip.
        trip: TripRef,
        /// What to do.
        action: Action,
        /// What the caller believes the trip to be, where it said.
        stated: Stated,
    },
    /// Dispatch has found drivers: the trip is offered to those of them who are still free.
    Propose(Proposal),
    /// A driver, or a driver's device, replies to an offer.
    ReplyToOffer {
        /// Of which trip.
        trip: TripRef,
        /// Who was offered it.
        driver: DriverId,
        /// What.
        reply: Reply,
    },
    /// The deadlines of a trip's open offers are looked at.
    LapseOffers(TripId),
    /// A party of a trip writes to the other.
    SendMessage {
        /// In which trip's room.
        trip: TripRef,
        /// Who writes.
        sender: Person,
        /// What.
        text: MessageText,
        /// How long after the trip's end the room stays open.
        open_for: SignedDuration,
    },
    /// An operator notifies somebody.
    Notify(OperatorId, Notification),
    /// A driver goes online with this vehicle.
    BeginShift(DriverId, Vehicle),
    /// A driver goes offline, or is taken off by the service.
    EndShift(DriverId, Actor),
}

impl Command {
    /// Who gave the command; a deadline acts for the service.
    pub fn actor(&self) -> Actor {
        match self {
            Self::RequestTrip(request, _) => Actor::Rider(request.rider.id),
            Self::Act { action, .. } => action.actor(),
            Self::ReplyToOffer { driver, .. } | Self::BeginShift(driver, _) => {
                Actor::Driver(*driver)
            }
            Self::SendMessage { sender, .. } => sender.actor(),
            Self::Notify(operator, _) => Actor::Operator(*operator),
            Self::EndShift(_, by) => *by,
            Self::Propose(_) | Self::LapseOffers(_) => Actor::Service,
        }
    }

    /// The trip that it is about, unless that is still to be made.
    pub(crate) const fn trip(&self) -> Option<TripRef> {
        match self {
            Self::Act { trip, .. }
            | Self::ReplyToOffer { trip, .. }
            | Self::SendMessage { trip, .. } => Some(*trip),
            Self::LapseOffers(trip) => Some(TripRef::Key(*trip)),
            Self::Propose(proposal) => Some(TripRef::Key(proposal.trip)),
            Self::RequestTrip(..)
            | Self::Notify(..)
            | Self::BeginShift(..)
            | Self::EndShift(..) => None,
        }
    }
}

/// How many trips a rider may have that are not over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RiderLimits {
    /// For which a driver is looked for, or found.
    pub active_max: u32,
    /// For later.
    pub scheduled_max: u32,
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
    pub(crate) fn differs_from(&self, trip: &Trip) -> Option<&'static str> {
        let status = trip.state.status();
        let fields = [
            ("id", differs(self.number.as_ref(), &trip.number)),
            (
                "pick_up_address",
                differs(self.pick_up.as_ref(), &trip.pick_up.address),
            ),
            (
                "drop_off_address",
                differs(self.drop_off.as_ref(), &trip.drop_off.address),
            ),
            (
                "pick_up_at",
                differs(self.pick_up_at.as_ref(), &trip.order.pick_up_at),
            ),
            ("class", differs(self.class.as_ref(), &trip.order.class)),
            (
                "passengers",
                differs(self.passengers.as_ref(), &trip.order.passengers),
            ),
            ("status", differs(self.status.as_ref(), &status)),
        ];
        let field = fields.into_iter().find(|(_, differs)| *differs);
        field.map(|(name, _)| name)
    }
}

fn differs<T: PartialEq>(stated: Option<&T>, own: &T) -> bool {
    stated.is_some_and(|stated| stated != own)
}
