//! Chat between the parties of a trip, and when its room is open.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::id::{DriverId, RiderId, TripId, UserId};
use super::text::MessageText;
use super::trip::Trip;
use super::user::Party;

/// A message from one party of a trip to the other. Its number and its time are the event's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// The trip in whose room the message was written.
    pub trip: TripId,
    pub rider: RiderId,
    pub driver: DriverId,
    /// The rider or the driver, who wrote it.
    pub sender: Party<UserId>,
    pub text: MessageText,
}

/// Why an account may not use a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoRoom {
    /// The account is not a party of the trip.
    #[error("This trip is not yours.")]
    Stranger,
    /// No driver has accepted the trip, or it ended too long ago.
    #[error("The room is open from the acceptance until a while after the end.")]
    Closed,
}

impl Trip {
    /// The parties of the trip's room, if `user` is one of them and the room is open at that time. It is open from the
    /// accept until the time `after` the trip's end, or until the rider deletes the trip.
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
