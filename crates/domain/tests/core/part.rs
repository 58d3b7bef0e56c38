//! Loads the part of a state that a batch needs, as the store loads it from its tables.

use std::collections::{BTreeMap, BTreeSet};

use domain::TripId;
use domain::core::needs::{Implied, Named, Offered};
use domain::core::{State, Submission};

fn some<K: Ord + Clone, V: Clone>(all: &BTreeMap<K, V>, keys: &BTreeSet<K>) -> BTreeMap<K, V> {
    let found = keys.iter().filter_map(|key| all.get_key_value(key));
    found
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// The part of a state that these commands need.
pub fn part(whole: &State, batch: &[&Submission]) -> State {
    let named = Named::by(batch);
    let keys = named.keys.iter();
    let keys = keys.map(|(user, word)| (*user, (*word).to_owned()));
    let mut part = State::default();
    part.standings = some(&whole.standings, &named.accounts);
    let trips = named.trips.iter().filter_map(|trip| whole.find(*trip));
    part.trips = trips.map(|trip| (trip.id, trip.clone())).collect();
    part.corrupt = &whole.corrupt & &named.trips;
    part.open_trips = some(&whole.open_trips, &named.riders);
    part.taken = some(&whole.taken, &named.drivers);
    part.shifts = some(&whole.shifts, &named.on_shift);
    part.allowances = some(&whole.allowances, &named.beginning);
    part.keys = some(&whole.keys, &keys.collect());
    let offered = Offered::of(&named, &part);
    if offered.is_empty() {
        return part;
    }
    let to_drivers = offered.drivers.iter();
    let to_drivers = to_drivers.filter_map(|driver| whole.open_offers.to(*driver));
    let trips: BTreeSet<TripId> = to_drivers.map(|offer| offer.trip).collect();
    let trips = &trips | &offered.trips;
    let open = whole.open_offers.iter();
    let open = open.filter(|offer| trips.contains(&offer.trip));
    part.open_offers = open.cloned().collect();
    let implied = Implied::by(batch, &offered, &part);
    part.trips.extend(some(&whole.trips, &implied.trips));
    let silences = implied.unresponsive.iter();
    let silences = silences.filter_map(|driver| whole.unresponsive.get_key_value(driver));
    part.unresponsive = silences
        .map(|(driver, silence)| (*driver, *silence))
        .collect();
    part.last_offers = some(&whole.last_offers, &implied.last_offers);
    part
}
