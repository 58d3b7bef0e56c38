//! The actions of riders, operators and deadlines.

use jiff::Timestamp;

use crate::action::drive::ridden;
use crate::action::{Action, Change, RideEnding, TripRefusal};
use crate::amendment::{Amendment, PlaceChange};
use crate::estimate::estimate;
use crate::fare::Fare;
use crate::order::Order;
use crate::place::{Coordinates, Place};
use crate::text::Reason;
use crate::trip::{Status, Trip, TripState};
use crate::user::Actor;

impl Trip {
    pub(super) fn cancel(
        &self,
        reason: Option<Reason>,
        action: &Action,
        at: Timestamp,
    ) -> Result<Change, TripRefusal> {
        match &self.state {
            TripState::Scheduled
            | TripState::Requested
            | TripState::Accepted { .. }
            | TripState::Arrived { .. } => {
                let fee = match action.actor() {
                    Actor::Rider(_) => self.cancellation_fee(reason.as_ref(), at)?,
                    Actor::Driver(_) | Actor::Operator(_) | Actor::Service => None,
                };
                let cancelled = TripState::Cancelled {
                    driver: self.state.driver().cloned(),
                    by: action.actor(),
                };
                Ok(self.charged(cancelled, reason, fee, at))
            }
            TripState::Cancelled { by, .. } if *by == action.actor() => Ok(Change::AlreadyDone),
            TripState::InProgress { .. }
            | TripState::Completed { .. }
            | TripState::Cancelled { .. }
            | TripState::NoShow { .. }
            | TripState::Expired => Err(self.not_possible(action)),
        }
    }

    /// The fee of the cancellation, by the terms of the trip.
    fn cancellation_fee(
        &self,
        reason: Option<&Reason>,
        at: Timestamp,
    ) -> Result<Option<Fare>, TripRefusal> {
        let Some(terms) = &self.order.terms else {
            return Ok(None);
        };
        let word = reason.map(Reason::as_str);
        if word.is_some_and(|word| !terms.allows_reason(word)) {
            return Err(TripRefusal::UnknownReason);
        }
        let has_arrived = matches!(self.state, TripState::Arrived { .. });
        let duties = self.order.duties();
        if !self.conduct.deserves_fee(&duties, has_arrived) {
            return Ok(None);
        }
        let has_arrived = has_arrived && self.conduct.has_truly_arrived();
        Ok(terms.cancellation(self.times.taken_at, has_arrived, at, word))
    }

    /// Changes the pick-up while a driver is looked for, and the drop-off until the trip ends.
    pub(super) fn amend(
        &self,
        amendment: &Amendment,
        action: &Action,
        at: Timestamp,
    ) -> Result<Change, TripRefusal> {
        let place = |change: &Option<PlaceChange>, place: &Place| {
            change
                .as_ref()
                .map_or_else(|| place.clone(), |change| change.of(place))
        };
        let pick_up = place(&amendment.pick_up, &self.pick_up);
        let drop_off = place(&amendment.drop_off, &self.drop_off);
        let status = self.state.status();
        let moves_pick_up = pick_up != self.pick_up;
        if !moves_pick_up && drop_off == self.drop_off {
            return Ok(Change::AlreadyDone);
        }
        let is_early = [Status::Scheduled, Status::Requested].contains(&status);
        if status.is_final() || moves_pick_up && !is_early {
            return Err(self.not_possible(action));
        }
        let ends = (pick_up.location, drop_off.location);
        let order = if ends == (self.pick_up.location, self.drop_off.location) {
            self.order.clone()
        } else {
            self.requoted(ends)?
        };
        Ok(Change::To(Box::new(Self {
            pick_up,
            drop_off,
            order,
            ..self.next(at)
        })))
    }

    /// The order with a new quote for the distance between these places, by the terms that were agreed on.
    fn requoted(
        &self,
        ends: (Option<Coordinates>, Option<Coordinates>),
    ) -> Result<Order, TripRefusal> {
        let mut order = self.order.clone();
        let Some(terms) = &mut order.terms else {
            return Ok(order);
        };
        let estimated = match ends {
            (Some(from), Some(to)) => Some(estimate(from, to)),
            // Without both places nothing can be quoted, and the old quote would be lost.
            (None, _) if terms.quoted.is_some() => {
                return Err(TripRefusal::PinNeeded("pick_up_location"));
            }
            (_, None) if terms.quoted.is_some() => {
                return Err(TripRefusal::PinNeeded("drop_off_location"));
            }
            (None, _) | (_, None) => None,
        };
        terms.quoted = estimated.and_then(|(metres, seconds)| terms.quote(metres, seconds));
        Ok(order)
    }

    pub(super) fn delete(&self, action: &Action, at: Timestamp) -> Result<Change, TripRefusal> {
        let state = match &self.state {
            _ if self.hidden => return Ok(Change::AlreadyDone),
            TripState::Scheduled | TripState::Requested => TripState::Cancelled {
                driver: None,
                by: action.actor(),
            },
            over @ (TripState::Completed { .. }
            | TripState::Cancelled { .. }
            | TripState::NoShow { .. }
            | TripState::Expired) => over.clone(),
            TripState::Accepted { .. }
            | TripState::Arrived { .. }
            | TripState::InProgress { .. } => {
                return Err(self.not_possible(action));
            }
        };
        Ok(Change::To(Box::new(Self {
            state,
            hidden: true,
            ..self.next(at)
        })))
    }

    pub(super) fn end(
        &self,
        ending: RideEnding,
        reason: &Reason,
        action: &Action,
        at: Timestamp,
    ) -> Result<Change, TripRefusal> {
        let by = action.actor();
        match (&self.state, ending) {
            (TripState::InProgress { driver }, RideEnding::Completed) => {
                let completed = TripState::Completed {
                    driver: driver.clone(),
                    by,
                };
                let ridden = ridden(action)?;
                let fare = self.ride_fare(ridden, at);
                Ok(self.ridden(completed, Some(reason.clone()), (ridden, fare), at))
            }
            (TripState::InProgress { driver }, RideEnding::Cancelled) => {
                let cancelled = TripState::Cancelled {
                    driver: Some(driver.clone()),
                    by,
                };
                let ridden = ridden(action)?;
                Ok(self.ridden(cancelled, Some(reason.clone()), (ridden, None), at))
            }
            (TripState::Completed { by: before, .. }, RideEnding::Completed)
            | (TripState::Cancelled { by: before, .. }, RideEnding::Cancelled)
                if *before == by =>
            {
                Ok(Change::AlreadyDone)
            }
            (
                TripState::Scheduled
                | TripState::Requested
                | TripState::Accepted { .. }
                | TripState::Arrived { .. }
                | TripState::Completed { .. }
                | TripState::Cancelled { .. }
                | TripState::NoShow { .. }
                | TripState::Expired,
                RideEnding::Completed | RideEnding::Cancelled,
            ) => Err(self.not_possible(action)),
        }
    }

    pub(super) fn expire(&self, action: &Action, at: Timestamp) -> Result<Change, TripRefusal> {
        match &self.state {
            TripState::Requested if at >= self.search_ends_at => Ok(Change::To(Box::new(Self {
                state: TripState::Expired,
                reason: None,
                ..self.next(at)
            }))),
            TripState::Expired => Ok(Change::AlreadyDone),
            TripState::Scheduled
            | TripState::Requested
            | TripState::Accepted { .. }
            | TripState::Arrived { .. }
            | TripState::InProgress { .. }
            | TripState::Completed { .. }
            | TripState::NoShow { .. }
            | TripState::Cancelled { .. } => Err(self.not_possible(action)),
        }
    }

    /// Begins the search of a trip for later.
    pub(super) fn open(&self, action: &Action, at: Timestamp) -> Result<Change, TripRefusal> {
        let is_due = self.order.opens_at.is_none_or(|opens_at| at >= opens_at);
        match &self.state {
            TripState::Scheduled if is_due => Ok(Change::To(Box::new(Self {
                state: TripState::Requested,
                search_ends_at: self.order.search_ends_at(at),
                ..self.next(at)
            }))),
            TripState::Requested => Ok(Change::AlreadyDone),
            TripState::Scheduled
            | TripState::Accepted { .. }
            | TripState::Arrived { .. }
            | TripState::InProgress { .. }
            | TripState::Completed { .. }
            | TripState::Cancelled { .. }
            | TripState::NoShow { .. }
            | TripState::Expired => Err(self.not_possible(action)),
        }
    }
}
