//! Saves the changes of a batch.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use diesel::QueryResult;
use uuid::Uuid;

use crate::domain::core::{Changes, State};
use crate::domain::{Event, Fact, Offer, OfferId, Status, Stream, Trip, TripId};
use crate::store::db::Db;
use crate::store::tracks::KeptTrack;
use crate::store::{
    events, keys, notifications, offers, searches, shifts, silences, tracks, trips,
};

/// Writes all changes and returns the events in order. Stream heads are locked last. Streams that begin here get
/// `epoch`; `has_staff` tells whether the staff's stream is written.
pub(super) fn save(
    db: &mut Db,
    mut state: State,
    epoch: Uuid,
    has_staff: bool,
) -> QueryResult<Vec<Event>> {
    let mut changes = state.take_changes();
    if changes.is_empty() {
        return Ok(Vec::new());
    }
    insert_trips(db, &mut state, &mut changes)?;
    update_trips(db, &state, &changes)?;
    save_offers(db, &state, &changes)?;
    silences::save(db, &changes.unresponsive)?;
    save_searches(db, &state, &changes)?;
    save_shifts(db, &mut changes)?;
    save_tracks(db, &state, &changes)?;
    let numbers = numbers_of_messages(&state, &changes);
    let carries = |stream| has_staff || stream != Stream::Staff;
    events::append(db, &mut changes.events, &numbers, epoch, carries)?;
    notifications::insert(db, &changes.events)?;
    save_keys(db, &changes)?;
    Ok(changes.events)
}

fn insert_trips(db: &mut Db, state: &mut State, changes: &mut Changes) -> QueryResult<()> {
    if changes.new_trips.is_empty() {
        return Ok(());
    }
    let new = changes
        .new_trips
        .iter()
        .filter_map(|id| state.trips.get(id));
    let mut new: Vec<Trip> = new.map(|trip| (**trip).clone()).collect();
    trips::insert(db, &mut new.iter_mut().collect::<Vec<_>>())?;
    for trip in new {
        changes.number(&trip);
        state.trips.insert(trip.id, Arc::new(trip));
    }
    Ok(())
}

/// Writes trips without a driver first: in one batch, a driver may end a trip or give it back, and take the next one.
fn update_trips(db: &mut Db, state: &State, changes: &Changes) -> QueryResult<()> {
    let changed = changes.changed_trips.iter();
    let changed = changed
        .filter_map(|id| state.trips.get(id))
        .map(|trip| &**trip);
    let (free, driven): (Vec<&Trip>, Vec<&Trip>) =
        changed.partition(|trip| !Status::TAKEN.contains(&trip.state.status()));
    for some in [free, driven] {
        if !some.is_empty() {
            trips::update(db, &some)?;
        }
    }
    Ok(())
}

/// Writes ended offers first: a driver may be offered the next trip in the same batch.
fn save_offers(db: &mut Db, state: &State, changes: &Changes) -> QueryResult<()> {
    let new: HashSet<&OfferId> = changes.new_offers.iter().collect();
    for (offer, at) in changes.changed_offers.values() {
        if !new.contains(&offer.id) {
            offers::update(db, offer, *at)?;
        }
    }
    let row = |id: &OfferId| {
        let (offer, at): &(Offer, _) = changes.changed_offers.get(id)?;
        Some((offer, state.trips.get(&offer.trip)?.number, *at))
    };
    let rows: Vec<_> = changes.new_offers.iter().filter_map(row).collect();
    offers::insert(db, &rows)
}

fn save_searches(db: &mut Db, state: &State, changes: &Changes) -> QueryResult<()> {
    for (trip, steps) in &changes.searches {
        if let Some(trip) = state.trips.get(trip) {
            for step in steps {
                searches::step(db, trip.number, *step)?;
            }
        }
    }
    Ok(())
}

/// Writes ended shifts first: a driver may end a shift and begin the next in one batch. Events of new shifts get their
/// ids.
fn save_shifts(db: &mut Db, changes: &mut Changes) -> QueryResult<()> {
    for shift in &changes.ended_shifts {
        if let (true, Some(at)) = (shift.id != 0, shift.ended_at) {
            shifts::end(db, shift.id, at)?;
        }
    }
    for event in &mut changes.events {
        if let Fact::Shift(shift) = &mut event.fact {
            if shift.id == 0 && shift.ended_at.is_none() {
                shift.id = shifts::insert(db, shift)?;
            } else if let (0, Some(at)) = (shift.id, shift.ended_at) {
                // The shift began in this very batch.
                let begun = shifts::open_of(db, &[shift.driver])?;
                if let Some(begun) = begun.first() {
                    shift.id = begun.id;
                    shifts::end(db, begun.id, at)?;
                }
            }
        }
    }
    Ok(())
}

fn save_tracks(db: &mut Db, state: &State, changes: &Changes) -> QueryResult<()> {
    if changes.ended_rides.is_empty() {
        return Ok(());
    }
    let rides = changes.ended_rides.iter();
    let rides = rides.filter_map(|ride| {
        let kept = KeptTrack {
            measured: ride.measured.clone(),
            until_at: ride.until_at,
        };
        Some((state.trips.get(&ride.trip)?.number, kept))
    });
    tracks::save(db, &rides.collect::<Vec<_>>())
}

/// The numbers of the trips that messages are about.
fn numbers_of_messages(state: &State, changes: &Changes) -> HashMap<TripId, i64> {
    let messages = changes.events.iter().filter_map(|event| match &event.fact {
        Fact::Message(message) => Some(message.trip),
        Fact::Trip(_) | Fact::Notification(_) | Fact::Offer(_) | Fact::Shift(_) => None,
    });
    let number = |id| Some((id, state.trips.get(&id)?.number));
    messages.filter_map(number).collect()
}

fn save_keys(db: &mut Db, changes: &Changes) -> QueryResult<()> {
    for (user, key, made, at) in &changes.keys {
        let event = match changes.event_of(*made) {
            Some(event) => Some(event.id),
            None => events::at_revision(db, made.0, made.1)?.map(|event| event.id),
        };
        if let Some(event) = event {
            keys::insert(db, *user, key, event, *at)?;
        }
    }
    Ok(())
}
