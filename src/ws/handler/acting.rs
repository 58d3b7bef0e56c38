//! Requests and actions of a native socket.

use super::dcrf::{Answered, Dcrf, Success, ok};
use crate::dispatch::OrderRequest;
use crate::domain::core::{Effect, IdempotencyKey};
use crate::domain::{Action, TripObject};
use crate::problem::Problem;
use crate::ws::dialect::dcrf::{ActCall, Done};

impl Dcrf {
    pub(super) async fn request(
        &self,
        order: OrderRequest,
        key: Option<IdempotencyKey>,
    ) -> Answered {
        let rider = self
            .caller
            .person
            .rider()
            .ok_or_else(Problem::not_allowed)?;
        let requested = self.app.dispatch.request(rider, order, key).await?;
        let trip = TripObject::from(&*requested.trip);
        Ok(Success(Done::Created, trip.to_json()))
    }

    /// Carries out an action and answers with the trip.
    pub(super) async fn act(&self, call: ActCall, key: Option<IdempotencyKey>) -> Answered {
        let ActCall { pk, action, stated } = call;
        let has_key = key.is_some();
        let is_delete = matches!(action, Action::Delete(_));
        let done = self
            .app
            .dispatch
            .act(pk.trip(), action, stated, key)
            .await?;
        // For these clients a deleted trip no longer exists. Only a command under a key still gets its first answer.
        if !has_key && done.effect == Effect::AlreadyDone && !self.viewer.sees(&done.trip) {
            return Err(Problem::no_such_trip());
        }
        if is_delete {
            return Ok(Success(Done::NoContent, "null".to_owned()));
        }
        Ok(ok(&done.trip))
    }
}
