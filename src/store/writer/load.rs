//! Loads the part of the state that a batch needs, in a handful of statements, however many commands there are.

use diesel::QueryResult;

use crate::domain::core::needs::{Implied, Named, Offered};
use crate::domain::core::{State, Submission};
use crate::domain::{DriverId, TripId, TripRef};
use crate::store::db::Db;
use crate::store::rows::CorruptTrip;
use crate::store::{keys, offers, settling, shifts, silences, trips, users};

/// Locks and reads what the commands need: first accounts, then trips, then offers, each in the order of their ids.
pub(super) fn load(db: &mut Db, submissions: &[&Submission]) -> QueryResult<State> {
    let named = Named::by(submissions);
    let mut state = State::default();
    load_named(db, &named, &mut state)?;
    let offered = Offered::of(&named, &state);
    if offered.is_empty() {
        return Ok(state);
    }
    let numbers = offered
        .trips
        .iter()
        .filter_map(|trip| state.trips.get(trip));
    let numbers: Vec<i64> = numbers.map(|trip| trip.number).collect();
    let open = offers::lock_open(db, &numbers, &list(&offered.drivers))?;
    state.open_offers = open.into_iter().map(|(_, offer)| offer).collect();
    let implied = Implied::by(submissions, &offered, &state);
    load_implied(db, &implied, &mut state)?;
    Ok(state)
}

fn load_named(db: &mut Db, named: &Named<'_>, state: &mut State) -> QueryResult<()> {
    state.standings = users::lock(db, &list(&named.accounts))?
        .into_iter()
        .collect();
    let found = trips::find_all(db, named.trips.iter().copied(), trips::RowLock::Rows)?;
    let corrupt = found.corrupt.iter().map(|(trip, _)| trip);
    let by_either = |trip: &CorruptTrip| [TripRef::Key(trip.id), TripRef::Number(trip.number)];
    state.corrupt = corrupt.flat_map(by_either).collect();
    let trips = found.trips.into_iter().map(|trip| (trip.id, trip.into()));
    state.trips = trips.collect();
    state.keys = keys::find(db, &list(&named.keys))?;
    if !named.riders.is_empty() {
        let counts = trips::count_open(db, &list(&named.riders))?;
        state.open_trips = counts.into_iter().collect();
    }
    if !named.drivers.is_empty() {
        let taken = trips::taken_by(db, &list(&named.drivers))?;
        state.taken = taken.into_iter().collect();
    }
    if !named.beginning.is_empty() {
        let allowances = settling::allowances(db, &list(&named.beginning))?;
        state.allowances = allowances.into_iter().collect();
    }
    if !named.on_shift.is_empty() {
        let open = shifts::open_of(db, &list(&named.on_shift))?;
        state.shifts = open
            .into_iter()
            .map(|shift| (shift.driver, shift))
            .collect();
    }
    Ok(())
}

fn load_implied(db: &mut Db, implied: &Implied, state: &mut State) -> QueryResult<()> {
    let found = trips::find_all(db, implied.trips.iter().copied(), trips::RowLock::No)?;
    let trips = found.trips.into_iter().map(|trip| (trip.id, trip.into()));
    state.trips.extend(trips);
    if !implied.unresponsive.is_empty() {
        state.unresponsive = silences::of(db, &list(&implied.unresponsive))?;
    }
    if !implied.last_offers.is_empty() {
        let number = |(trip, driver): &(TripId, DriverId)| {
            let trip = state.trips.get(trip)?;
            Some((trip.id, trip.number, *driver))
        };
        let wanted: Vec<_> = implied.last_offers.iter().filter_map(number).collect();
        let last = offers::last_of_each(db, &wanted)?;
        let last = last
            .into_iter()
            .map(|offer| ((offer.trip, offer.driver), offer));
        state.last_offers = last.collect();
    }
    Ok(())
}

fn list<T: Copy>(set: &std::collections::BTreeSet<T>) -> Vec<T> {
    set.iter().copied().collect()
}
