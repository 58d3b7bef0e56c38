//! The objects of the protocol, as far as an app needs them.

use serde::{Deserialize, Serialize};

/// Who a user is to the service.
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
    /// The user's number.
    pub id: i64,
    /// The name that the user logs in with.
    pub username: String,
    /// What the user may do.
    pub group: WireRole,
    /// The token that says so.
    pub access: String,
}

/// A rider or a driver inside a trip.
#[derive(Clone, Debug, Deserialize)]
pub struct WireParty {
    /// The user's number.
    pub id: i64,
    /// The user's name.
    pub username: String,
}

/// Degrees north and east.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Location {
    /// North of the equator.
    pub lat: f64,
    /// East of Greenwich.
    pub lon: f64,
}

/// A trip as the service tells it.
#[derive(Clone, Debug, Deserialize)]
pub struct WireTrip {
    /// The trip's name in frames and paths.
    pub nk: String,
    /// Who wants to go.
    pub rider: Option<WireParty>,
    /// Who drives, once somebody has taken the trip.
    pub driver: Option<WireParty>,
    /// Where it begins.
    pub pick_up_address: String,
    /// Where it ends.
    pub drop_off_address: String,
    /// Where it begins, if the rider has said so.
    pub pick_up_location: Option<Location>,
    /// Where it ends, if the rider has said so.
    pub drop_off_location: Option<Location>,
    /// When it is to begin, if not at once.
    pub pick_up_at: Option<String>,
    /// In which class of vehicle, if not in a standard one.
    pub class: Option<String>,
    /// Why it was cancelled or given back.
    pub reason: Option<String>,
    /// What is due, once it is over.
    pub fare: Option<WireFare>,
    /// How far it has got.
    pub status: WireStatus,
}

/// What has become of a trip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum WireStatus {
    /// Was ordered for later.
    Scheduled,
    /// Waits for a driver.
    Requested,
    /// A driver is on the way to the pick-up.
    Started,
    /// The driver waits at the pick-up.
    Arrived,
    /// Driver and rider are on the way.
    InProgress,
    /// The rider has been brought.
    Completed,
    /// Taken back.
    Cancelled,
    /// The rider did not come.
    NoShow,
    /// No driver came in time.
    Expired,
    /// A state that a newer service has.
    #[serde(other)]
    Unknown,
}

impl WireStatus {
    /// Whether nothing follows any more.
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

/// What a trip costs, in the smallest unit of the currency.
#[derive(Clone, Debug, Deserialize)]
pub struct WireFare {
    /// In three letters.
    pub currency: String,
    /// All together.
    pub total: i64,
    /// What it is made up of.
    pub lines: Vec<FareLine>,
}

/// A part of a fare.
#[derive(Clone, Debug, Deserialize)]
pub struct FareLine {
    /// For what.
    pub kind: String,
    /// How much.
    pub amount: i64,
}

/// What a trip would cost.
#[derive(Clone, Debug, Deserialize)]
pub struct WireQuote {
    /// Its name in a request.
    pub id: String,
    /// How far it is expected to be.
    pub metres: u64,
    /// The price.
    pub fare: WireFare,
}

/// A trip that is proposed to a driver.
#[derive(Clone, Debug, Deserialize)]
pub struct WireOffer {
    /// What has become of it.
    pub state: WireOfferState,
    /// Which attempt to find a driver it belongs to.
    pub attempt: i64,
    /// How far the pick-up is, by straight line.
    pub metres: i64,
    /// How long it takes to get there, in seconds.
    pub eta: i64,
    /// How long the driver may think about it, in seconds.
    pub decide_seconds: i64,
    /// Which trip.
    pub trip: WireTrip,
}

/// What has become of an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WireOfferState {
    /// On its way to the device.
    Created,
    /// The device has it.
    Delivered,
    /// The driver has taken the trip.
    Accepted,
    /// The driver does not want it.
    Declined,
    /// The driver has not answered in time.
    Expired,
    /// Taken back.
    Withdrawn,
    /// The device has not received it in time.
    Undelivered,
    /// A state that a newer service has.
    #[serde(other)]
    Unknown,
}

/// A driver's time online, in one vehicle.
#[derive(Clone, Debug, Deserialize)]
pub struct WireShift {
    /// What is driven.
    pub class: String,
    /// How many passengers fit in.
    pub seats: u8,
    /// When it ended.
    pub ended: Option<String>,
}

/// What one party of a trip wrote to the other.
#[derive(Clone, Debug, Deserialize)]
pub struct WireMessage {
    /// The text.
    pub message: String,
    /// The trip's `nk`.
    pub trip: String,
    /// Who wrote it.
    pub sender: WireParty,
}

/// The way of a ride.
#[derive(Clone, Debug, Deserialize)]
pub struct WireTrack {
    /// How long it was.
    pub metres: u64,
    /// How long it took.
    pub seconds: u64,
}

/// Why the service did not do what a frame or a call asked for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct WireRefusal {
    /// The reason, for people.
    pub detail: String,
    /// The reason, for programs.
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
