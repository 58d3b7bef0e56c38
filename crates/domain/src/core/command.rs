//! The commands that people, devices and deadlines give to the core.

use jiff::{SignedDuration, Timestamp};

use super::keys::IdempotencyKey;
use super::proposal::Proposal;
use crate::{
    Action, Actor, Address, DriverId, MessageText, Notification, OperatorId, Person, Status, Trip,
    TripId, TripRef, TripRequest, Vehicle, VehicleClass,
};

/// A command with its idempotency key and its time.
#[derive(Debug, Clone)]
pub struct Submission {
    pub command: Command,
    /// The key under which the command is carried out once.
    pub key: Option<IdempotencyKey>,
    /// When the command was given.
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

/// What a person, a device or a deadline wants to be done.
#[derive(Debug, Clone)]
pub enum Command {
    /// A rider requests a trip, and may have so many.
    RequestTrip(TripRequest, RiderLimits),
    /// Somebody acts on a trip.
    Act {
        trip: TripRef,
        action: Action,
        /// What the frame repeats of the trip.
        stated: Stated,
    },
    /// Dispatch proposes drivers. The trip is offered to those who are still free.
    Propose(Proposal),
    /// A driver, or the driver's device, replies to an offer.
    ReplyToOffer {
        /// Of which trip.
        trip: TripRef,
        /// Who was offered it.
        driver: DriverId,
        /// What.
        reply: Reply,
    },
    /// Ends those open offers of a trip whose deadlines have passed.
    LapseOffers(TripId),
    /// A party of a trip writes to the other.
    SendMessage {
        /// In which trip's room.
        trip: TripRef,
        sender: Person,
        text: MessageText,
        /// How long the room stays open after the trip's end.
        open_for: SignedDuration,
    },
    /// An operator sends a notification.
    Notify(OperatorId, Notification),
    /// A driver goes online with this vehicle.
    BeginShift(DriverId, Vehicle),
    /// A driver goes offline, or the service takes the driver offline.
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

    /// The trip that the command is about, unless it makes a new one.
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

/// The most open trips that a rider may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RiderLimits {
    /// Of trips for now, and of those for later whose search has begun.
    pub active_max: u32,
    /// Of trips for later whose search has not begun.
    pub scheduled_max: u32,
}

/// The reply to an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// The device acknowledges the offer.
    Receive,
    /// The driver declines the offer.
    Decline,
}

/// The fields of a trip that a frame repeats but cannot change. Those that are given must have the trip's values.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stated {
    pub number: Option<i64>,
    pub status: Option<Status>,
    pub pick_up: Option<Address>,
    pub drop_off: Option<Address>,
    /// `Some(None)` says that the trip is for now.
    pub pick_up_at: Option<Option<Timestamp>>,
    pub class: Option<VehicleClass>,
    pub passengers: Option<u8>,
}

impl Stated {
    /// The name of the first field whose value differs from the trip's.
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
