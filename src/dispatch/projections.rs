//! What dispatch remembers of the committed events: the drivers on shift, the free drivers, the rides in progress.
//!
//! It is rebuilt from the database at each start, and decides nothing.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};

use super::eta_accuracy::EtaAccuracy;
use super::presence::Presence;
use super::repositioning::Repositioning;
use super::rides::Rides;
use super::shadow::Shadow;
use super::tracks::Tracks;
use crate::domain::{
    DriverId, Event, Fact, Offer, OfferState, Shift, Status, TrackFix, Trip, TripChange,
    TripEventKind, TripId, TripState,
};
use crate::inputs;
use crate::store::pool::{ReadPool, Unavailable};
use crate::store::{offers, shifts, tracks, trips};
use crate::supply::{Occupation, Supply};
use crate::town::Town;

/// What dispatch remembers of the committed events; cheap to clone. It cannot write to the database.
#[derive(Clone)]
pub struct Projections {
    pub(super) supply: Supply,
    pub(super) tracks: Tracks,
    pub(super) rides: Rides,
    pub(super) eta_accuracy: EtaAccuracy,
    pub(super) presence: Presence,
    pub(super) repositioning: Repositioning,
    pub(super) shadow: Shadow,
    pub(super) wake: Arc<Notify>,
    /// The trip of each driver who has one, on shift or not.
    pub(super) driving: Arc<Mutex<HashMap<DriverId, TripId>>>,
    /// The last event that was applied; absent until `restore` is done.
    pub(super) applied: Arc<watch::Sender<Option<i64>>>,
}

/// The most rides whose fixes are read in one statement.
const RIDES_MAX: usize = 500;

/// What the database has when the service starts.
struct FoundAtStart {
    shifts: Vec<Shift>,
    offers: Vec<Offer>,
    taken: Vec<Trip>,
    spots: HashMap<i64, Vec<TrackFix>>,
}

impl Projections {
    /// Begins with nothing. The town says where a shadow policy applies.
    pub(super) fn new(town: Arc<Town>) -> Self {
        Self {
            supply: Supply::default(),
            tracks: Tracks::default(),
            rides: Rides::default(),
            eta_accuracy: EtaAccuracy::default(),
            presence: Presence::begin(inputs::now()),
            repositioning: Repositioning::default(),
            shadow: Shadow::new(town),
            wake: Arc::default(),
            driving: Arc::default(),
            applied: Arc::default(),
        }
    }

    /// Reads the drivers on shift and their occupations from the database.
    pub async fn restore(&self, reader: &ReadPool) -> Result<(), Unavailable> {
        let found = reader.read(|db| {
            let shifts = shifts::open(db)?;
            let taken = trips::taken(db)?;
            let riding = taken.iter().filter(|trip| is_riding(trip));
            let riding: Vec<i64> = riding.map(|trip| trip.number).collect();
            let mut spots = HashMap::new();
            for some in riding.chunks(RIDES_MAX) {
                spots.extend(tracks::spots_of(db, some)?);
            }
            Ok(FoundAtStart {
                shifts,
                offers: offers::open(db)?,
                taken,
                spots,
            })
        });
        let mut found = found.await?;
        let at = inputs::now();
        for shift in found.shifts {
            self.supply.begin(shift.driver, shift.vehicle, at);
        }
        for offer in found.offers {
            self.occupy(offer.driver, Occupation::Offered);
        }
        for trip in found.taken {
            if let Some(driver) = trip.state.driver() {
                self.drives(driver.id, &trip, at);
                self.rides(driver.id, &trip);
                self.tracks.follow(&trip);
            }
            let spots = found.spots.remove(&trip.number);
            self.tracks.restore(trip.id, spots.unwrap_or_default());
        }
        self.applied.send_replace(Some(0));
        self.wake.notify_one();
        Ok(())
    }

    /// Applies a committed event.
    pub fn apply(&self, event: &Event) {
        match &event.fact {
            Fact::Trip(change) => self.trip(change, event.at),
            Fact::Offer(change) => self.offer(&change.offer),
            Fact::Shift(shift) if shift.ended_at.is_some() => {
                // The shift may have been ended by another command before.
                let _ = self.supply.end(shift.driver);
            }
            Fact::Shift(shift) => {
                let vehicle = shift.vehicle.clone();
                self.supply.begin(shift.driver, vehicle, event.at);
                // Under `broadcast` a trip may be older than the shift.
                if let Some(trip) = self.driving.lock().get(&shift.driver) {
                    self.occupy(shift.driver, Occupation::OnTrip(*trip));
                }
                self.wake.notify_one();
            }
            Fact::Message(_) | Fact::Notification(_) => {}
        }
        self.applied.send_replace(Some(event.id));
    }

    fn offer(&self, offer: &Offer) {
        match offer.state {
            OfferState::Created | OfferState::Delivered => {
                self.occupy(offer.driver, Occupation::Offered);
            }
            // The event of the trip sets the occupation.
            OfferState::Accepted => {
                self.supply.answered(offer.driver, true);
                self.eta_accuracy.promise(offer);
            }
            OfferState::Declined
            | OfferState::Expired
            | OfferState::Withdrawn
            | OfferState::Undelivered => {
                if OfferState::REFUSED.contains(&offer.state) {
                    self.supply.answered(offer.driver, false);
                }
                if self.supply.occupation(offer.driver) == Some(Occupation::Offered) {
                    self.occupy(offer.driver, Occupation::Free);
                }
                self.wake.notify_one();
            }
        }
    }

    fn trip(&self, change: &TripChange, at: Timestamp) {
        let trip = &change.trip;
        let status = trip.state.status();
        let before = change.before.and_then(|before| before.driver);
        self.eta_accuracy.changed(trip, before);
        if let (TripEventKind::Requested, Some(from)) = (change.kind, trip.pick_up.location) {
            self.repositioning
                .requested(trip.rider.id, trip.id, at, from);
        }
        if status == Status::Cancelled {
            self.repositioning.cancelled(trip.rider.id, trip.id);
        }
        match trip.state.driver() {
            Some(driver) if Status::TAKEN.contains(&status) => {
                self.drives(driver.id, trip, at);
                self.rides(driver.id, trip);
                self.tracks.follow(trip);
            }
            Some(_) | None => {
                if let Some(driver) = before
                    && self.let_go(driver, trip.id)
                {
                    self.presence.drivers().ends(driver);
                    self.rides.end(driver);
                    self.supply.wait_from(driver, at);
                    self.occupy(driver, Occupation::Free);
                    self.wake.notify_one();
                }
                self.tracks.end(trip.id);
            }
        }
        let is_shadowed = self.shadow.changed(change, at);
        if is_shadowed || status == Status::Requested && trip.is_offered() {
            self.wake.notify_one();
        }
    }

    fn rides(&self, driver: DriverId, trip: &Trip) {
        if is_riding(trip) {
            self.rides.begin(driver, trip.drop_off.location);
        }
    }

    fn drives(&self, driver: DriverId, trip: &Trip, at: Timestamp) {
        self.driving.lock().insert(driver, trip.id);
        let has_reported = self.supply.latest(driver).is_some();
        self.presence
            .drivers()
            .drives(driver, trip, has_reported, at);
        self.occupy(driver, Occupation::OnTrip(trip.id));
    }

    /// Forgets a driver's trip. Returns whether the driver had that trip, since a later one is not affected.
    fn let_go(&self, driver: DriverId, trip: TripId) -> bool {
        let mut driving = self.driving.lock();
        let is_theirs = driving.get(&driver) == Some(&trip);
        if is_theirs {
            driving.remove(&driver);
        }
        is_theirs
    }

    /// Notes a driver's occupation. Under `broadcast` a driver need not be on shift, and then this has no effect.
    fn occupy(&self, driver: DriverId, occupation: Occupation) {
        let _ = self.supply.occupy(driver, occupation);
    }
}

fn is_riding(trip: &Trip) -> bool {
    matches!(trip.state, TripState::InProgress { .. })
}

#[cfg(test)]
mod tests;
