//! Decides what becomes of trips.

use std::sync::Arc;

use diesel::QueryResult;
use jiff::Timestamp;

use super::{Decision, Desk};
use crate::domain::{
    Action, Actor, Before, Change, Fact, Kind, Notification, Outset, Request, Status, Trip,
    TripChange,
};
use crate::store::db::Db;
use crate::store::searches::Step;
use crate::store::tracks::Kept;
use crate::store::writer::command::{Answer, Outcome, Refused, RiderLimits};

impl Desk {
    pub(super) fn request(
        &mut self,
        request: &Request,
        limits: RiderLimits,
        at: Timestamp,
    ) -> Decision {
        let trip = Arc::new(Trip::request(request.clone(), at));
        let open = self.open_of_riders.entry(request.rider.id).or_default();
        let (kind, count, most) = if trip.state.status() == Status::Scheduled {
            (Kind::Scheduled, &mut open.scheduled, limits.scheduled_max)
        } else {
            (Kind::Requested, &mut open.active, limits.active_max)
        };
        if *count >= i64::from(most) {
            return Err(Refused::TooManyTrips(most));
        }
        *count += 1;
        self.new.push(trip.id);
        self.record(kind, Actor::Rider(trip.rider.id), &trip, None);
        self.search_for(&trip, None, at);
        Ok(Answer::of(trip, Outcome::Changed))
    }

    pub(super) fn act(
        &mut self,
        db: &mut Db,
        before: &Arc<Trip>,
        action: &Action,
        at: Timestamp,
    ) -> QueryResult<Decision> {
        let promised = self.with_promise(before, action);
        let action = promised.as_ref().unwrap_or(action);
        let after = match before.apply(action, at) {
            Ok(Change::AlreadyDone) => {
                return Ok(Ok(Answer::of(before.clone(), Outcome::AlreadyDone)));
            }
            Ok(Change::To(after)) => Arc::new(*after),
            Err(refusal) => return Ok(Err(Refused::Trip(refusal, before.clone()))),
        };
        if let Action::Accept(driver, _) = action {
            if self.taken_by_drivers.contains_key(&driver.id) {
                return Ok(Err(Refused::DriverBusy));
            }
            if let Err(refused) = self.take_offer(db, before, driver.id, at)? {
                return Ok(Err(refused));
            }
            self.taken_by_drivers.insert(driver.id, after.id);
        }
        if let Some(measured) = action.measured() {
            let kept = Kept {
                measured: measured.clone(),
                until_at: at,
            };
            self.ways.push((after.number, kept));
        }
        self.let_go(before, &after);
        if !self.new.contains(&after.id) && !self.changed.contains(&after.id) {
            self.changed.push(after.id);
        }
        let kind = Kind::of(action, before.state.status());
        self.record(kind, action.actor(), &after, Some(Before::from(&**before)));
        self.search_for(&after, Some(before.state.status()), at);
        Ok(Ok(Answer::of(after, Outcome::Changed)))
    }

    /// An accept of an offer, with how long the rider was told that the driver takes.
    fn with_promise(&self, trip: &Trip, action: &Action) -> Option<Action> {
        let Action::Accept(driver, outset) = action else {
            return None;
        };
        let mut offers = self.offers.values();
        let offer = offers.find(|offer| (offer.driver, offer.trip) == (driver.id, trip.id))?;
        let outset = Outset {
            promised_s: u32::try_from(offer.eta_s).ok(),
            ..*outset
        };
        Some(Action::Accept(driver.clone(), outset))
    }

    /// What is over or given back occupies nobody any longer.
    fn let_go(&mut self, before: &Trip, after: &Trip) {
        let (was, is) = (before.state.status(), after.state.status());
        let open = self.open_of_riders.get_mut(&after.rider.id);
        if let Some(open) = open {
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
            && self.taken_by_drivers.get(&driver) == Some(&after.id)
        {
            self.taken_by_drivers.remove(&driver);
        }
    }

    /// Where a trip is offered one by one: a search begins when it becomes REQUESTED, and ends with that.
    fn search_for(&mut self, trip: &Arc<Trip>, before: Option<Status>, at: Timestamp) {
        if !trip.is_offered() {
            return;
        }
        let is_searching = trip.state.status() == Status::Requested;
        match (before == Some(Status::Requested), is_searching) {
            (false, true) => self.step(trip.id, Step::Begin(at)),
            (true, false) => {
                self.withdraw_offers(trip.id, at);
                self.step(trip.id, Step::End);
            }
            (false, false) | (true, true) => {}
        }
    }

    /// The change, and what the parties are told about it besides.
    pub(super) fn record(
        &mut self,
        kind: Kind,
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
        let notices = Notification::about(&change, actor, at);
        self.happened(at, actor, Fact::Trip(change));
        for notice in notices {
            self.happened(at, Actor::Service, Fact::Notification(notice));
        }
    }
}
