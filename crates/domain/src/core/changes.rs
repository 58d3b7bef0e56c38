//! What commands have changed of the state, for whoever keeps it.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::keys::IdempotencyKey;
use crate::{
    DriverId, Event, Fact, Measured, MissedOffers, Offer, OfferId, Shift, Trip, TripId, UserId,
};

/// All that is to be saved, in the order in which it came to be where that matters.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Changes {
    /// The trips that are new, in the order of their requests; they have no number yet.
    pub new_trips: Vec<TripId>,
    /// The trips that were there and are now different, in the order of their first change.
    pub changed_trips: Vec<TripId>,
    /// The offers that are new, in the order in which they were made.
    pub new_offers: Vec<OfferId>,
    /// What new and open offers have become, and when.
    pub changed_offers: BTreeMap<OfferId, (Offer, Timestamp)>,
    /// What drivers have missed now; nothing, where the device has acknowledged an offer.
    pub unresponsive: BTreeMap<DriverId, Option<MissedOffers>>,
    /// The shifts that were open and are over; those that begin and end are in the events.
    pub ended_shifts: Vec<Shift>,
    /// What becomes of each trip's search, in order.
    pub searches: BTreeMap<TripId, Vec<SearchStep>>,
    /// The keys that were used, each with whose it is and the revision of the trip that is its outcome.
    pub keys: Vec<(UserId, IdempotencyKey, (TripId, i64), Timestamp)>,
    /// The rides that are over.
    pub ended_rides: Vec<EndedRide>,
    /// What happened, in order; the events have neither numbers nor positions yet.
    pub events: Vec<Event>,
}

/// A ride that is over, and what its way came to.
#[derive(Debug, Clone, PartialEq)]
pub struct EndedRide {
    /// Of which trip.
    pub trip: TripId,
    /// Its metres, and what is shown of it.
    pub measured: Measured,
    /// Until when it was measured.
    pub until_at: Timestamp,
}

/// What becomes of a search for drivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchStep {
    /// It begins: its first round is due then.
    Begin(Timestamp),
    /// Offers are open, new ones after that many rounds in which nobody was found: the next round comes once they have ended.
    Wait(Option<i64>),
    /// All offers have ended: the next round is due then.
    Wake(Timestamp),
    /// Nobody was found in that many rounds: the next one is due then.
    Again(i64, Timestamp),
    /// No driver is looked for any more.
    End,
}

impl Changes {
    /// Whether there is nothing to save.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The event that made a trip's revision, if it is one of these.
    pub fn event_of(&self, (trip, revision): (TripId, i64)) -> Option<&Event> {
        let is_it = |event: &&Event| {
            let change = event.trip();
            change.is_some_and(|change| (change.trip.id, change.trip.revision) == (trip, revision))
        };
        self.events.iter().find(is_it)
    }

    /// Tells the events of a new trip what its number is.
    pub fn number(&mut self, trip: &Trip) {
        for event in &mut self.events {
            if let Fact::Trip(change) = &mut event.fact
                && change.trip.id == trip.id
            {
                change.trip.number = trip.number;
            }
        }
    }
}
