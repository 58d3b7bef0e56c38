//! How trips are requested and changed.

use std::sync::Arc;

use jiff::Timestamp;

use super::changes::{EndedRide, SearchStep};
use super::command::{RiderLimits, Stated};
use super::outcome::{Effect, TripOutcome};
use super::refusal::Refusal;
use super::state::State;
use crate::{
    Action, Actor, Before, Change, Fact, Notification, Outset, Status, Trip, TripChange,
    TripEventKind, TripRef, TripRefusal, TripRequest,
};

impl State {
    pub(super) fn request(
        &mut self,
        request: &TripRequest,
        limits: RiderLimits,
        at: Timestamp,
    ) -> Result<TripOutcome, Refusal> {
        let trip = Arc::new(Trip::request(request.clone(), at));
        let open = self.open_trips.entry(request.rider.id).or_default();
        let (kind, count, most) = if trip.state.status() == Status::Scheduled {
            (
                TripEventKind::Scheduled,
                &mut open.scheduled,
                limits.scheduled_max,
            )
        } else {
            (
                TripEventKind::Requested,
                &mut open.active,
                limits.active_max,
            )
        };
        if *count >= i64::from(most) {
            return Err(Refusal::TooManyTrips(most));
        }
        *count += 1;
        self.changes.new_trips.push(trip.id);
        self.change_trip(kind, Actor::Rider(trip.rider.id), &trip, None);
        self.search_for(&trip, None, at);
        Ok(TripOutcome::new(trip, Effect::Changed))
    }

    pub(super) fn act(
        &mut self,
        trip: TripRef,
        action: &Action,
        stated: &Stated,
        at: Timestamp,
    ) -> Result<TripOutcome, Refusal> {
        let before = self.meant(trip, action)?;
        let trip = before.id;
        if let Some(field) = stated.differs_from(&before) {
            return Err(Refusal::Differs(field));
        }
        let promised = self.with_promise(&before, action);
        let action = promised.as_ref().unwrap_or(action);
        let after = match before.apply(action, at) {
            Ok(Change::AlreadyDone) => {
                return Ok(TripOutcome::new(before, Effect::AlreadyDone));
            }
            Ok(Change::To(after)) => Arc::new(*after),
            // What riders have put away is gone for them.
            Err(TripRefusal::NotYourTrip) if matches!(action.actor(), Actor::Rider(_)) => {
                return Err(Refusal::UnknownTrip);
            }
            Err(refusal) => return Err(Refusal::Trip(refusal, before)),
        };
        if let Action::Accept(driver, _) = action {
            if self.taken.contains_key(&driver.id) {
                return Err(Refusal::DriverBusy);
            }
            self.take_offer(&before, driver.id, at)?;
            self.taken.insert(driver.id, after.id);
        }
        if let Some(measured) = action.measured() {
            self.changes.ended_rides.push(EndedRide {
                trip,
                measured: measured.clone(),
                until_at: at,
            });
        }
        self.let_go(&before, &after);
        let changes = &mut self.changes;
        if !changes.new_trips.contains(&trip) && !changes.changed_trips.contains(&trip) {
            changes.changed_trips.push(trip);
        }
        let kind = TripEventKind::of(action, before.state.status());
        self.change_trip(kind, action.actor(), &after, Some(Before::from(&*before)));
        self.search_for(&after, Some(before.state.status()), at);
        Ok(TripOutcome::new(after, Effect::Changed))
    }

    /// The trip that somebody acts on. A driver who takes a trip that every driver heard of is told that another one
    /// was first.
    fn meant(&self, trip: TripRef, action: &Action) -> Result<Arc<Trip>, Refusal> {
        if matches!(action, Action::Accept(..))
            && let Some(found) = self.find(trip)
            && !found.is_offered()
            && found.taken_by().is_some()
        {
            return Ok(found.clone());
        }
        self.named(trip, action.actor())
    }

    /// Adds to an accept the time to the pick-up that the rider was promised, which is that of the offer.
    fn with_promise(&self, trip: &Trip, action: &Action) -> Option<Action> {
        let Action::Accept(driver, outset) = action else {
            return None;
        };
        let offer = self.open_offers.to(driver.id)?;
        let outset = Outset {
            promised_s: u32::try_from(offer.eta_s).ok(),
            ..*outset
        };
        (offer.trip == trip.id).then(|| Action::Accept(driver.clone(), outset))
    }

    /// Frees the driver and the rider's slot of a trip that has ended or lost its driver.
    fn let_go(&mut self, before: &Trip, after: &Trip) {
        let (was, is) = (before.state.status(), after.state.status());
        if let Some(open) = self.open_trips.get_mut(&after.rider.id) {
            if was == Status::Scheduled && is != was {
                open.scheduled -= 1;
                open.active += i64::from(!is.is_final());
            } else if is.is_final() && !was.is_final() {
                open.active -= 1;
            }
        }
        let driver = before.state.driver().map(|driver| driver.id);
        if !Status::TAKEN.contains(&is)
            && let Some(driver) = driver
            && self.taken.get(&driver) == Some(&after.id)
        {
            self.taken.remove(&driver);
        }
    }

    /// Begins a search when a trip becomes REQUESTED, and ends it when the trip is that no longer. A trip that all
    /// drivers hear of has no search.
    fn search_for(&mut self, trip: &Trip, before: Option<Status>, at: Timestamp) {
        if !trip.is_offered() {
            return;
        }
        let is_searching = trip.state.status() == Status::Requested;
        match (before == Some(Status::Requested), is_searching) {
            (false, true) => self.step(trip.id, SearchStep::Begin(at)),
            (true, false) => {
                self.withdraw_offers_of(trip.id, at);
                self.step(trip.id, SearchStep::End);
            }
            (false, false) | (true, true) => {}
        }
    }

    /// Stores the trip, and records the change together with its notifications.
    fn change_trip(
        &mut self,
        kind: TripEventKind,
        actor: Actor,
        trip: &Arc<Trip>,
        before: Option<Before>,
    ) {
        self.trips.insert(trip.id, trip.clone());
        let at = trip.changed_at;
        let change = TripChange {
            kind,
            trip: (**trip).clone(),
            before,
        };
        let notifications = Notification::about(&change, actor, at);
        self.record(at, actor, Fact::Trip(change));
        for notification in notifications {
            self.record(at, Actor::Service, Fact::Notification(notification));
        }
    }
}
