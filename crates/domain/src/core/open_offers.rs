//! The index of open offers. Each driver has at most one.

use std::collections::{BTreeMap, BTreeSet};

use crate::{DriverId, Offer, OfferId, TripId};

/// Open offers, found by driver and by trip.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OpenOffers {
    to: BTreeMap<DriverId, Offer>,
    of: BTreeMap<TripId, BTreeSet<(OfferId, DriverId)>>,
}

impl OpenOffers {
    /// The open offer to a driver.
    pub fn to(&self, driver: DriverId) -> Option<&Offer> {
        self.to.get(&driver)
    }

    /// The open offers of a trip, in the order of their keys.
    pub fn of(&self, trip: TripId) -> impl Iterator<Item = &Offer> {
        let of_trip = self.of.get(&trip).into_iter().flatten();
        of_trip.filter_map(|(_, driver)| self.to.get(driver))
    }

    /// All open offers, in the order of their drivers' ids.
    pub fn iter(&self) -> impl Iterator<Item = &Offer> {
        self.to.values()
    }

    /// Adds or replaces an offer that is open, and removes one that is not.
    pub(crate) fn put(&mut self, offer: Offer) {
        let entry = (offer.id, offer.driver);
        if offer.state.is_open() {
            self.of.entry(offer.trip).or_default().insert(entry);
            self.to.insert(offer.driver, offer);
        } else if self
            .to(offer.driver)
            .is_some_and(|open| open.id == offer.id)
        {
            self.to.remove(&offer.driver);
            if let Some(of_trip) = self.of.get_mut(&offer.trip) {
                of_trip.remove(&entry);
                if of_trip.is_empty() {
                    self.of.remove(&offer.trip);
                }
            }
        }
    }
}

impl FromIterator<Offer> for OpenOffers {
    fn from_iter<I: IntoIterator<Item = Offer>>(offers: I) -> Self {
        let mut open = Self::default();
        for offer in offers {
            open.put(offer);
        }
        open
    }
}
