//! Messages between the two parties of a trip.

use jiff::{SignedDuration, Timestamp};

use super::refusal::Refusal;
use super::state::State;
use crate::{Message, MessageText, Person, TripRef};

impl State {
    /// Makes the message that a person writes, if the trip's room is open to them.
    pub(super) fn message(
        &self,
        trip: TripRef,
        sender: &Person,
        text: &MessageText,
        open_for: SignedDuration,
        at: Timestamp,
    ) -> Result<Message, Refusal> {
        let trip = self.named(trip, sender.actor())?;
        let (rider, driver) = trip.room(sender.id, at, open_for)?;
        Ok(Message {
            trip: trip.id,
            rider,
            driver,
            sender: sender.as_party(),
            text: text.clone(),
        })
    }
}
