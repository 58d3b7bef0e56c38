//! What commands have changed in the state, so that the caller can save it.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::keys::IdempotencyKey;
use crate::{
    DriverId, Event, Fact, Measured, MissedOffers, Offer, OfferId, Shift, Trip, TripId, UserId,
};

/// Everything that must be saved, in the order in which it happened where the order matters.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Changes {
    /// In the order of their requests. They have no number yet.
    pub new_trips: Vec<TripId>,
    /// Trips that existed before, in the order of their first change.
    pub changed_trips: Vec<TripId>,
    /// In the order in which they were made.
    pub new_offers: Vec<OfferId>,
    /// The present state of each new or changed offer, and when it came to that.
    pub changed_offers: BTreeMap<OfferId, (Offer, Timestamp)>,
    /// The missed offers of each driver whose count has changed; `None` once the device has acknowledged an offer.
    pub unresponsive: BTreeMap<DriverId, Option<MissedOffers>>,
    /// Shifts that were open before and have ended. Shifts that begin are in the events.
    pub ended_shifts: Vec<Shift>,
    /// The steps of each trip's search, in order.
    pub searches: BTreeMap<TripId, Vec<SearchStep>>,
    /// The keys that were used: the account, the key, the trip and revision that the command led to, and the time.
    pub keys: Vec<(UserId, IdempotencyKey, (TripId, i64), Timestamp)>,
    pub ended_rides: Vec<EndedRide>,
    /// In order. The events have neither numbers nor positions yet.
    pub events: Vec<Event>,
}

/// A ride that has ended, with its measured distance.
#[derive(Debug, Clone, PartialEq)]
pub struct EndedRide {
    pub trip: TripId,
    pub measured: Measured,
    /// The end of the time that was measured.
    pub until_at: Timestamp,
}

/// A step of a search for drivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchStep {
    /// The search begins; its first round is due at that time.
    Begin(Timestamp),
    /// Offers are open, so no round is due. New offers come with the number of rounds that had found nobody.
    Wait(Option<i64>),
    /// All offers have ended; the next round is due at that time.
    Wake(Timestamp),
    /// That many rounds have found nobody; the next one is due at that time.
    Again(i64, Timestamp),
    /// The search is over.
    End,
}

impl Changes {
    /// Whether there is nothing to save.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The event that made this revision of the trip, if it is among the changes.
    pub fn event_of(&self, (trip, revision): (TripId, i64)) -> Option<&Event> {
        let is_it = |event: &&Event| {
            let change = event.trip();
            change.is_some_and(|change| (change.trip.id, change.trip.revision) == (trip, revision))
        };
        self.events.iter().find(is_it)
    }

    /// Writes the number of a new trip into its events.
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
