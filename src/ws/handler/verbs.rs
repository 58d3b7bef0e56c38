//! What a native socket does to trips: the verbs, which are the same everywhere.

use super::dcrf::{Answered, Dcrf, Success, ok};
use crate::domain::core::{IdempotencyKey, TripOutcome};
use crate::domain::{Trip, TripObject};
use crate::problem::Problem;
use crate::ws::dialect::dcrf::{Done, Pk, Verb};

impl Dcrf {
    /// Carries out a verb and answers with the trip.
    pub(super) async fn command(&self, verb: Verb, key: Option<IdempotencyKey>) -> Answered {
        let (dispatch, person) = (&self.app.dispatch, &self.caller.person);
        let not_allowed = Problem::not_allowed;
        let done = match verb {
            Verb::Create(wish) => {
                let rider = person.rider().ok_or_else(not_allowed)?;
                let made = dispatch.request(rider, *wish, key).await?;
                return Ok(Success(
                    Done::Created,
                    TripObject::from(&*made.trip).to_json(),
                ));
            }
            Verb::Amend {
                pk,
                amendment,
                stated,
            } => {
                let rider = person.rider().ok_or_else(not_allowed)?;
                let trip = self.meant(&pk, key.as_ref()).await?;
                let amended = dispatch.amend(rider.id, &trip, amendment, stated, key);
                amended.await?
            }
            Verb::Drive { pk, verb, stated } => {
                let driver = person.driver().ok_or_else(not_allowed)?;
                self.app.may_drive(&driver, &verb)?;
                let trip = dispatch.key_for(driver.id, &verb, pk.trip()).await?;
                let trip = trip.ok_or_else(Problem::no_such_trip)?;
                dispatch.drive(driver, verb, trip, stated, key).await?
            }
            Verb::Delete(pk) => {
                let rider = person.rider().ok_or_else(not_allowed)?;
                let trip = self.meant(&pk, key.as_ref()).await?.id;
                dispatch.delete(rider.id, trip, key).await?;
                return Ok(Success(Done::NoContent, "null".to_owned()));
            }
            Verb::Cancel(pk, reason) => {
                let trip = self.meant(&pk, key.as_ref()).await?.id;
                match (person.rider(), person.operator(), reason) {
                    (Some(rider), _, reason) => {
                        dispatch.cancel(rider.id, trip, reason, key).await?
                    }
                    (None, Some(operator), Some(reason)) => {
                        let cancelled = dispatch.cancel_by_operator(operator, trip, reason, key);
                        cancelled.await?
                    }
                    (None, _, _) => return Err(not_allowed()),
                }
            }
            Verb::TakeBack(pk, reason) => {
                let operator = person.operator().ok_or_else(not_allowed)?;
                let trip = self.visible(&pk).await?.id;
                dispatch.take_back(operator, trip, reason, key).await?
            }
            Verb::End(pk, ending, reason) => {
                let operator = person.operator().ok_or_else(not_allowed)?;
                let trip = self.visible(&pk).await?.id;
                dispatch.end(operator, trip, ending, reason, key).await?
            }
            Verb::SetFare(pk, amount, reason) => {
                let operator = person.operator().ok_or_else(not_allowed)?;
                let trip = self.visible(&pk).await?.id;
                let set = dispatch.set_fare(operator, trip, amount, reason, key);
                set.await?
            }
        };
        let TripOutcome { trip, .. } = done;
        Ok(ok(&trip))
    }

    /// The trip that a command is about. A rider does not see any more what was deleted, and may still repeat what came before.
    async fn meant(&self, pk: &Pk, key: Option<&IdempotencyKey>) -> Result<Trip, Problem> {
        let trip = self.trip(pk).await?;
        let may_repeat = key.is_some() && trip.rider.id.user() == self.viewer.user;
        if may_repeat || self.viewer.sees(&trip) {
            Ok(trip)
        } else {
            Err(Problem::no_such_trip())
        }
    }
}
