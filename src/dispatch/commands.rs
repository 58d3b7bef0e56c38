//! Sends commands to the core, with what only the service knows: positions, metered distances, the time.

use std::sync::Arc;

use super::{Dispatch, DispatchError};
use crate::domain::core::{Command, IdempotencyKey, Refusal, Stated, Submission, TripOutcome};
use crate::domain::{
    Action, Actor, Amendment, Event, MessageText, Outset, Person, PlaceChange, RiderId, TripRef,
    TripRefusal,
};
use crate::inputs;
use crate::store::pool::Unavailable;
use crate::store::writer::CommandError;

/// How often the track of a ride that is to end is measured. A ride may start after the first measurement. Its end is
/// then refused and tried once more, which is enough, because a ride that has started stays started.
const MEASUREMENTS_MAX: usize = 2;

impl Dispatch {
    /// Carries out an action on a trip. `stated` is what the caller's frame repeats of the trip.
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
        // The throttle keeps ride codes from being guessed.
        if let Action::Start(driver, Some(_)) = &action {
            let tried = self.throttle.ride_code(driver.user());
            tried.map_err(DispatchError::TooManyCodes)?;
        }
        if let Action::Amend(rider, amendment) = &action {
            self.check_amendment(*rider, trip, amendment).await?;
        }
        let mut measurements = 0;
        loop {
            measurements += 1;
            let command = Command::Act {
                trip,
                action: self.with_evidence(trip, action.clone()).await?,
                stated: stated.clone(),
            };
            let (key, at) = (key.clone(), inputs::now());
            let submission = Submission { command, key, at };
            match self.store.writer.act(submission).await {
                Err(CommandError::Refused(Refusal::Trip(TripRefusal::NotMeasured, _)))
                    if measurements < MEASUREMENTS_MAX => {}
                outcome => {
                    let outcome = outcome?;
                    // The driver may report positions of the ride at once.
                    self.projections.tracks.started(&outcome.trip);
                    return Ok(outcome);
                }
            }
        }
    }

    /// Adds what only the service knows to an action: the driver's whereabouts, or the metered distance of the ride.
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

    /// Checks that the town serves the new pick-up, if the amendment moves it and the trip is the rider's.
    async fn check_amendment(
        &self,
        rider: RiderId,
        trip: TripRef,
        amendment: &Amendment,
    ) -> Result<(), DispatchError> {
        let moved = |change: &&PlaceChange| change.location.is_some();
        let Some(change) = amendment.pick_up.as_ref().filter(moved) else {
            return Ok(());
        };
        match self.find_any(trip).await? {
            Some(trip) if trip.rider.id == rider => {
                self.check_move(&trip, &change.of(&trip.pick_up))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Sends a message from one party of a trip to the other.
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
