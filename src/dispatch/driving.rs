//! How drivers move trips on, with what is known of where they are.

use super::Dispatch;
use crate::domain::core::{IdempotencyKey, Stated, TripOutcome};
use crate::domain::{Action, DriverId, Outset, Party, Reason, RideCode, TripId};
use crate::store::writer::CommandError;

/// What a driver does to a trip.
#[derive(Debug, Clone, PartialEq)]
pub enum DriverVerb {
    /// Takes it.
    Accept,
    /// Is at the pick-up.
    Arrive,
    /// Starts the ride, with what the rider has said.
    Start(Option<RideCode>),
    /// Ends the ride.
    Complete,
    /// Cannot do it.
    GiveBack(Option<Reason>),
    /// Has waited in vain.
    NoShow,
}

impl Dispatch {
    /// A driver moves a trip on.
    pub async fn drive(
        &self,
        driver: Party<DriverId>,
        verb: DriverVerb,
        trip: TripId,
        stated: Stated,
        key: Option<IdempotencyKey>,
    ) -> Result<TripOutcome, CommandError> {
        let id = driver.id;
        let action = match verb {
            DriverVerb::Complete => {
                let complete = |way| Action::Complete(id, way);
                return self.end_ride(Some(id), trip, complete, stated, key).await;
            }
            DriverVerb::Accept => {
                let outset = Outset {
                    from: self.whereabouts(id),
                    promised_s: None,
                };
                Action::Accept(driver, outset)
            }
            DriverVerb::Arrive => Action::Arrive(id, self.whereabouts(id)),
            DriverVerb::Start(code) => Action::Start(id, code),
            DriverVerb::GiveBack(reason) => Action::GiveBack(id, reason),
            DriverVerb::NoShow => Action::NoShow(id, self.whereabouts(id)),
        };
        let answer = self.act(trip, action, stated, key).await?;
        // Whoever has started a ride may say at once where it is.
        self.tracks.started(&answer.trip);
        Ok(answer)
    }
}
