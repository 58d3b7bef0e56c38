//! The order: the parts of a request that no later change of the trip touches.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::duties::Duties;
use super::policy::Policy;
use super::terms::Terms;
use super::vehicle::VehicleClass;

/// What the rider ordered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Order {
    pub class: VehicleClass,
    pub passengers: u8,
    /// When the rider wants to be picked up; `None` is now.
    pub pick_up_at: Option<Timestamp>,
    /// When the search for a driver begins; `None` is at once.
    pub opens_at: Option<Timestamp>,
    /// The service area of the pick-up, if the town has areas.
    pub area: Option<String>,
    /// How a driver is found.
    pub policy: Policy,
    /// How long each attempt to find a driver may take, in seconds.
    pub search_s: u32,
    /// The code without which the driver cannot start the ride, if the town asks for one.
    pub code: Option<RideCode>,
    /// The prices and rules of the town at the time of the request.
    pub terms: Option<Box<Terms>>,
    /// The driver's duties, if the town sets them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duties: Option<Duties>,
}

impl Default for Order {
    fn default() -> Self {
        Self {
            class: VehicleClass::default(),
            passengers: 1,
            pick_up_at: None,
            opens_at: None,
            area: None,
            policy: Policy::Broadcast,
            search_s: 600,
            code: None,
            terms: None,
            duties: None,
        }
    }
}

impl Order {
    /// The driver's duties, by the town's rules or the defaults.
    pub fn duties(&self) -> Duties {
        self.duties.unwrap_or(Duties::OF_NO_TOWN)
    }

    /// When a search that begins at that time is given up. A search for a later pick-up lasts at least until the
    /// pick-up.
    pub(crate) fn search_ends_at(&self, begins_at: Timestamp) -> Timestamp {
        let from = self
            .pick_up_at
            .map_or(begins_at, |pick_up| pick_up.max(begins_at));
        from + SignedDuration::from_secs(i64::from(self.search_s))
    }
}

/// Four digits that the rider tells the driver at the pick-up. `Debug` does not show them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RideCode(String);

/// The text is not a ride code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("A ride code has four digits.")]
pub struct RideCodeError;

impl RideCode {
    /// Makes a code from random bytes.
    pub fn of(random: [u8; 4]) -> Self {
        Self(format!("{:04}", u32::from_le_bytes(random) % 10_000))
    }

    /// Reads four digits.
    pub fn parse(text: &str) -> Result<Self, RideCodeError> {
        if text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(RideCodeError)
        }
    }

    /// The digits, which only the rider may see.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RideCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RideCode(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ride_code_has_four_digits_and_does_not_print() {
        let code = RideCode::of([7, 0, 0, 0]);
        assert_eq!(code.as_str(), "0007");
        assert_eq!(RideCode::parse("0007"), Ok(code.clone()));
        assert!(!format!("{code:?}").contains('7'));
        for wrong in ["", "12", "12345", "12a4", "１２３４"] {
            assert_eq!(RideCode::parse(wrong), Err(RideCodeError), "{wrong}");
        }
    }

    #[test]
    fn a_search_for_a_later_pick_up_does_not_end_before_it() {
        let at = |second| Timestamp::from_second(second).expect("a time");
        let order = Order {
            search_s: 60,
            ..Order::default()
        };
        assert_eq!(order.search_ends_at(at(1_000)), at(1_060));
        let later = Order {
            pick_up_at: Some(at(5_000)),
            ..order
        };
        assert_eq!(later.search_ends_at(at(1_000)), at(5_060));
    }
}
