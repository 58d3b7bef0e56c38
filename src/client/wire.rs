//! The objects of the protocol, as far as an app needs them.

use serde::{Deserialize, Serialize};

/// Who a user is to the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Requests trips.
    Rider,
    /// Takes and drives them.
    Driver,
}

impl Role {
    /// The path of this role's socket.
    pub fn path(self) -> &'static str {
        match self {
            Role::Rider => "/rider/",
            Role::Driver => "/driver/",
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
    pub group: Role,
    /// The token that says so.
    pub access: String,
}

/// A rider or a driver inside a trip.
#[derive(Clone, Debug, Deserialize)]
pub struct Party {
    /// The user's number.
    pub id: i64,
    /// The user's name.
    pub username: String,
}

/// A trip as the service tells it.
#[derive(Clone, Debug, Deserialize)]
pub struct Trip {
    /// The trip's name in frames and paths.
    pub nk: String,
    /// Who wants to go.
    pub rider: Option<Party>,
    /// Who drives, once somebody has taken the trip.
    pub driver: Option<Party>,
    /// Where it begins.
    pub pick_up_address: String,
    /// Where it ends.
    pub drop_off_address: String,
    /// How far it has got.
    pub status: Status,
}

/// What has become of a trip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
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
    /// No driver came in time.
    Expired,
    /// A state that a newer service has.
    #[serde(other)]
    Unknown,
}

impl Status {
    /// Whether nothing follows any more.
    pub fn is_final(self) -> bool {
        matches!(
            self,
            Status::Completed | Status::Cancelled | Status::Expired
        )
    }
}

/// Why the service did not do what a frame or a call asked for.
#[derive(Clone, Debug, Deserialize)]
pub struct Refusal {
    /// The reason, for people.
    pub detail: String,
    /// The reason, for programs.
    #[serde(default)]
    pub code: String,
}

/// A frame that came in.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Heard {
    /// A trip has changed.
    Trip(Box<Trip>),
    /// A frame of this socket was refused.
    Refused(Refusal),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trip_is_read_with_a_state_of_a_newer_service() {
        let frame = r#"{"id":1,"rider":{"id":1,"username":"ann"},"driver":null,"nk":"ab","pick_up_address":"A","drop_off_address":"B","status":"NO_SHOW"}"#;
        let Ok(Heard::Trip(trip)) = serde_json::from_str(frame) else {
            panic!("not read as a trip")
        };
        assert_eq!(
            (trip.status, trip.driver.is_none()),
            (Status::Unknown, true)
        );
    }

    #[test]
    fn a_refusal_is_told_from_a_trip() {
        let frame = r#"{"detail":"Another driver has taken this trip.","code":"already-taken","errors":{}}"#;
        let Ok(Heard::Refused(refusal)) = serde_json::from_str(frame) else {
            panic!("not read as a refusal")
        };
        assert_eq!(refusal.code, "already-taken");
    }
}
