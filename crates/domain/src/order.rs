//! What was ordered: the terms of a request that no later change of the trip touches.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::duties::Duties;
use super::policy::Policy;
use super::terms::Terms;
use super::vehicle::VehicleClass;

/// What was ordered with a trip.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Order {
    /// Which class of vehicle.
    pub class: VehicleClass,
    /// For how many.
    pub passengers: u8,
    /// When the rider wants to be picked up, if not now.
    pub pick_up_at: Option<Timestamp>,
    /// When a driver is begun to be looked for, if not at once.
    pub opens_at: Option<Timestamp>,
    /// In which service area, where there are any.
    pub area: Option<String>,
    /// Who may get it.
    pub policy: Policy,
    /// How long a driver is looked for, each time, in seconds.
    pub search_s: u32,
    /// What the rider tells the driver, so that the ride can start.
    pub code: Option<RideCode>,
    /// What it costs, and which rules of the town hold for it.
    pub terms: Option<Box<Terms>>,
    /// What its driver owes the rider, where there is a town that says so.
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
    /// What its driver owes the rider.
    pub fn duties(&self) -> Duties {
        self.duties.unwrap_or(Duties::OF_NO_TOWN)
    }

    /// When a search that begins at that time is given up: one for a later pick-up not before that.
    pub(crate) fn search_ends_at(&self, begins_at: Timestamp) -> Timestamp {
        let from = self
            .pick_up_at
            .map_or(begins_at, |pick_up| pick_up.max(begins_at));
        from + SignedDuration::from_secs(i64::from(self.search_s))
    }
}

/// Four digits that the rider tells the driver at the pick-up. It does not print.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RideCode(String);

/// A text that is no ride code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("A ride code has four digits.")]
pub struct RideCodeError;

impl RideCode {
    /// The code that these random bytes make.
    pub fn of(random: [u8; 4]) -> Self {
        Self(format!("{:04}", u32::from_le_bytes(random) % 10_000))
    }

    /// The code of these digits.
    pub fn parse(text: &str) -> Result<Self, RideCodeError> {
        if text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(RideCodeError)
        }
    }

    /// The digits, for the rider alone.
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
