//! Chat within a trip: who may talk, and what is said.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::id::{DriverId, RiderId, TripId, UserId};
use super::text::MessageText;
use super::trip::Trip;
use super::user::Party;

/// What one party of a trip wrote to the other; its number and its time are the event's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// In which trip's room.
    pub trip: TripId,
    /// Who hears it.
    pub rider: RiderId,
    /// Who hears it.
    pub driver: DriverId,
    /// Which of the two wrote it.
    pub sender: Party<UserId>,
    /// What.
    pub text: MessageText,
}

/// Why somebody may not talk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoRoom {
    /// It is not their trip.
    #[error("This trip is not yours.")]
    Stranger,
    /// Nobody has taken the trip, or it was over too long ago.
    #[error("The room is open from the acceptance until a while after the end.")]
    Closed,
}

impl Trip {
    /// The parties of the trip's room, if `user` is one of them and it is open at that time: from acceptance until
    /// `after` the end, or until the rider has deleted the trip.
    pub fn room(
        &self,
        user: UserId,
        at: Timestamp,
        after: SignedDuration,
    ) -> Result<(RiderId, DriverId), NoRoom> {
        let driver = self.state.driver().map(|driver| driver.id);
        let is_rider = self.rider.id.user() == user && !self.hidden;
        if !is_rider && driver.map(DriverId::user) != Some(user) {
            return Err(NoRoom::Stranger);
        }
        let is_over = self.state.status().is_final();
        match driver {
            Some(driver) if !self.hidden && (!is_over || at < self.changed_at + after) => {
                Ok((self.rider.id, driver))
            }
            Some(_) | None => Err(NoRoom::Closed),
        }
    }
}
