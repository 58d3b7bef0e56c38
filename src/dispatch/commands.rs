//! How commands get to the core: what only the service knows is added to them here.

use std::sync::Arc;

use super::{Dispatch, DispatchError};
use crate::domain::core::{Command, IdempotencyKey, Refusal, Stated, Submission, TripOutcome};
use crate::domain::{
    Action, Actor, Amendment, Event, MessageText, Outset, Person, RiderId, TripRef, TripRefusal,
};
use crate::inputs;
use crate::store::pool::Unavailable;
use crate::store::writer::CommandError;

/// How often the way of a ride that is to end is measured. A ride may start after the first time; what is refused for
/// that is tried again, and a ride that has started stays started.
const MEASURED_MAX: usize = 2;

impl Dispatch {
    /// Somebody acts on a trip. `stated` is what their frame repeats of it.
    pub async fn act(
        &self,
        trip: TripRef,
        action: Action,
        stated: Stated,
        key: Option<IdempotencyKey>,
    ) -> Result<TripOutcome, DispatchError> {
        if let Actor::Driver(driver) = action.actor() {
            self.projections.presence.heard(driver, inputs::now());
        }
        // Ride codes cannot be guessed quickly.
        if let Action::Start(driver, Some(_)) = &action {
            let tried = self.throttle.ride_code(driver.user());
            tried.map_err(DispatchError::TooManyCodes)?;
        }
        if let Action::Amend(rider, amendment) = &action {
            self.check_amendment(*rider, trip, amendment).await?;
        }
        let mut measured = 0;
        loop {
            measured += 1;
            let command = Command::Act {
                trip,
                action: self.with_evidence(trip, action.clone()).await?,
                stated: stated.clone(),
            };
            let (key, at) = (key.clone(), inputs::now());
            let submission = Submission { command, key, at };
            match self.store.writer.act(submission).await {
                Err(CommandError::Refused(Refusal::Trip(TripRefusal::NotMeasured, _)))
                    if measured < MEASURED_MAX => {}
                done => {
                    let done = done?;
                    // The driver may say at once where the ride is.
                    self.projections.tracks.started(&done.trip);
                    return Ok(done);
                }
            }
        }
    }

    /// An action with what the service knows of it: where the driver is, or how far the ride was.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "any other action is decided on what its actor says alone"
    )]
    async fn with_evidence(&self, trip: TripRef, action: Action) -> Result<Action, Unavailable> {
        Ok(match action {
            Action::Accept(driver, outset) => {
                let from = self.whereabouts(driver.id);
                Action::Accept(driver, Outset { from, ..outset })
            }
            Action::Arrive(driver, _) => Action::Arrive(driver, self.whereabouts(driver)),
            Action::NoShow(driver, _) => Action::NoShow(driver, self.whereabouts(driver)),
            Action::Complete(driver, _) => {
                Action::Complete(driver, self.measured(trip, Some(driver)).await?)
            }
            Action::End(operator, ending, reason, _) => {
                Action::End(operator, ending, reason, self.measured(trip, None).await?)
            }
            other => other,
        })
    }

    /// Whether the town serves the new pick-up, if there is one and the trip is the rider's.
    async fn check_amendment(
        &self,
        rider: RiderId,
        trip: TripRef,
        amendment: &Amendment,
    ) -> Result<(), DispatchError> {
        let Some(change) = &amendment.pick_up else {
            return Ok(());
        };
        match self.find_any(trip).await? {
            Some(trip) if trip.rider.id == rider => {
                self.check_move(&trip, &change.of(&trip.pick_up))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// A party of a trip writes to the other.
    pub async fn say(
        &self,
        sender: Person,
        trip: TripRef,
        text: MessageText,
    ) -> Result<Arc<Event>, DispatchError> {
        let sent = self.throttle.message(sender.id);
        sent.map_err(DispatchError::TooManyMessages)?;
        let command = Command::SendMessage {
            trip,
            sender,
            text,
            open_for: self.settings.chat_after,
        };
        let submission = Submission::new(command, inputs::now());
        Ok(self.store.writer.record(submission).await?)
    }
}
