//! The protocol's objects, as far as an app needs them.

use serde::{Deserialize, Serialize};

/// The role of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WireRole {
    /// Requests trips.
    Rider,
    /// Takes and drives them.
    Driver,
}

impl WireRole {
    /// The path of this role's socket in the course dialect.
    pub fn path(self) -> &'static str {
        match self {
            WireRole::Rider => "/rider/",
            WireRole::Driver => "/driver/",
        }
    }
}

/// A user who has logged in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    pub id: i64,
    /// The name that the user logs in with.
    pub username: String,
    /// The user's role.
    pub group: WireRole,
    /// The access token.
    pub access: String,
}

/// The rider or the driver of a trip.
#[derive(Clone, Debug, Deserialize)]
pub struct WireParty {
    pub id: i64,
    pub username: String,
}

/// A position in degrees.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Location {
    pub lat: f64,
    pub lon: f64,
}

/// A trip as the service sends it.
#[derive(Clone, Debug, Deserialize)]
pub struct WireTrip {
    /// The trip's key in frames and paths.
    pub nk: String,
    pub rider: Option<WireParty>,
    /// The driver, once one has accepted.
    pub driver: Option<WireParty>,
    pub pick_up_address: String,
    pub drop_off_address: String,
    /// The pick-up's coordinates, if the rider gave them.
    pub pick_up_location: Option<Location>,
    /// The drop-off's coordinates, if the rider gave them.
    pub drop_off_location: Option<Location>,
    /// The pick-up time of a trip for later.
    pub pick_up_at: Option<String>,
    /// The vehicle class, if it is not `standard`.
    pub class: Option<String>,
    /// Why it was cancelled or given back.
    pub reason: Option<String>,
    /// The fare, once the trip is over.
    pub fare: Option<WireFare>,
    pub status: WireStatus,
}

/// The status of a trip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum WireStatus {
    /// Ordered for later.
    Scheduled,
    /// Searching for a driver.
    Requested,
    /// A driver is on the way to the pick-up.
    Started,
    /// The driver waits at the pick-up.
    Arrived,
    /// The rider is in the car.
    InProgress,
    /// The ride is over.
    Completed,
    /// Called off.
    Cancelled,
    /// The rider did not show up.
    NoShow,
    /// No driver was found in time.
    Expired,
    /// A status that only a newer service has.
    #[serde(other)]
    Unknown,
}

impl WireStatus {
    /// Whether no other status can follow.
    pub fn is_final(self) -> bool {
        matches!(
            self,
            WireStatus::Completed
                | WireStatus::Cancelled
                | WireStatus::NoShow
                | WireStatus::Expired
        )
    }
}

/// The fare of a trip, in the currency's minor unit.
#[derive(Clone, Debug, Deserialize)]
pub struct WireFare {
    /// The three-letter code.
    pub currency: String,
    pub total: i64,
    /// The lines, which add up to the total.
    pub lines: Vec<FareLine>,
}

/// A line of a fare.
#[derive(Clone, Debug, Deserialize)]
pub struct FareLine {
    pub kind: String,
    pub amount: i64,
}

/// The quote for a ride.
#[derive(Clone, Debug, Deserialize)]
pub struct WireQuote {
    /// The id to put into the request.
    pub id: String,
    /// The expected distance.
    pub metres: u64,
    pub fare: WireFare,
}

/// A trip that is proposed to a driver.
#[derive(Clone, Debug, Deserialize)]
pub struct WireOffer {
    pub state: WireOfferState,
    /// The attempt to find a driver, from 1.
    pub attempt: i64,
    /// Distance to the pick-up by straight line.
    pub metres: i64,
    /// Time to the pick-up, in seconds.
    pub eta: i64,
    /// Time that the driver has to decide, in seconds.
    pub decide_seconds: i64,
    pub trip: WireTrip,
}

/// The state of an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WireOfferState {
    /// On its way to the device.
    Created,
    /// Acknowledged by the device.
    Delivered,
    /// The driver has accepted the trip.
    Accepted,
    /// The driver does not want the trip.
    Declined,
    /// The driver did not answer in time.
    Expired,
    /// Withdrawn by the service.
    Withdrawn,
    /// The device did not acknowledge it in time.
    Undelivered,
    /// A state that only a newer service has.
    #[serde(other)]
    Unknown,
}

/// A driver's time online, in one vehicle.
#[derive(Clone, Debug, Deserialize)]
pub struct WireShift {
    /// The vehicle class.
    pub class: String,
    /// The number of passengers that the vehicle takes.
    pub seats: u8,
    /// When the shift ended, if it has.
    pub ended: Option<String>,
}

/// A chat message between the parties of a trip.
#[derive(Clone, Debug, Deserialize)]
pub struct WireMessage {
    pub message: String,
    /// The trip's `nk`.
    pub trip: String,
    pub sender: WireParty,
}

/// The track of a ride.
#[derive(Clone, Debug, Deserialize)]
pub struct WireTrack {
    /// The length of the ride.
    pub metres: u64,
    /// The duration of the ride.
    pub seconds: u64,
}

/// Why the service refused a frame or a call.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct WireRefusal {
    /// The reason, for people.
    pub detail: String,
    /// The problem code, for programs.
    #[serde(default)]
    pub code: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trip_is_read_with_a_state_of_a_newer_service() {
        let object = r#"{"id":1,"rider":{"id":1,"username":"ann"},"driver":null,"nk":"ab","pick_up_address":"A","drop_off_address":"B","status":"ON_A_FERRY"}"#;
        let trip: WireTrip = serde_json::from_str(object).expect("read as a trip");
        assert_eq!(
            (trip.status, trip.driver.is_none()),
            (WireStatus::Unknown, true)
        );
    }
}
