//! An operator's fare in place of the computed one.

use jiff::Timestamp;

use crate::action::{Action, Change, TripRefusal};
use crate::fare::{Amount, LineKind, SetFare, fee};
use crate::text::Reason;
use crate::trip::{Trip, TripState};

impl Trip {
    /// Sets the fare of a ride that has ended, or the amount of a fee.
    pub(super) fn set_fare(
        &self,
        amount: Amount,
        reason: &Reason,
        action: &Action,
        at: Timestamp,
    ) -> Result<Change, TripRefusal> {
        match &self.state {
            TripState::Completed { .. } => {}
            TripState::NoShow { .. } | TripState::Cancelled { .. } if self.fare.is_some() => {}
            TripState::Scheduled
            | TripState::Requested
            | TripState::Accepted { .. }
            | TripState::Arrived { .. }
            | TripState::InProgress { .. }
            | TripState::NoShow { .. }
            | TripState::Cancelled { .. }
            | TripState::Expired => return Err(self.not_possible(action)),
        }
        let terms = self.order.terms.as_ref();
        let currency = terms.and_then(|terms| terms.currency);
        let fare = fee(
            LineKind::Set,
            amount,
            currency.ok_or(TripRefusal::NoCurrency)?,
        );
        let is_same = |set: &SetFare| set.reason == *reason && self.fare.as_ref() == Some(&fare);
        if self.fare_set.as_ref().is_some_and(is_same) {
            return Ok(Change::AlreadyDone);
        }
        let set = SetFare {
            computed: self.computed_fare().cloned(),
            reason: reason.clone(),
        };
        Ok(Change::To(Box::new(Self {
            fare: Some(fare),
            fare_set: Some(set),
            ..self.next(at)
        })))
    }
}
