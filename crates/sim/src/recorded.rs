//! A recorded day: its requests and drivers, as `cabrank replay --scenario` writes them from the log.

use serde::{Deserialize, Serialize};

use super::demand::{RideRequest, SEATS};
use super::dice::{Dice, Question};
use super::error::{SimError, wrong};
use super::scenario::Start;
use domain::Coordinates;

/// The requests and drivers of a recorded day, and its outcome.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recorded {
    /// In the order of time.
    pub requests: Vec<RideRequest>,
    /// One for each shift, so a driver with two shifts counts as two.
    pub drivers: Vec<Start>,
    pub outcome: RecordedOutcome,
}

/// The outcome of a recorded day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedOutcome {
    /// How many requests were served.
    pub served: u64,
    /// The mean wait of those riders from the request to the driver's arrival, in milliseconds; `None` if no driver
    /// reported an arrival.
    pub wait_mean_ms: Option<i64>,
}

impl Recorded {
    /// Checks that the day can be simulated.
    pub(super) fn check(&self) -> Result<(), SimError> {
        let must = |is_so: bool, field: String, rule: &str| {
            if is_so {
                Ok(())
            } else {
                Err(wrong(field, rule))
            }
        };
        must(
            !self.drivers.is_empty(),
            "recorded.drivers".to_owned(),
            "must not be empty",
        )?;
        for (number, request) in self.requests.iter().enumerate() {
            let field = |name: &str| format!("recorded.requests[{number}].{name}");
            on_earth(field("from"), request.from)?;
            on_earth(field("to"), request.to)?;
            let seats = (1..=SEATS).contains(&request.passengers);
            must(
                seats,
                field("passengers"),
                &format!("must be from 1 to {SEATS}"),
            )?;
        }
        for (number, start) in self.drivers.iter().enumerate() {
            let field = |name: &str| format!("recorded.drivers[{number}].{name}");
            on_earth(field("place"), start.place)?;
            let is_later = start.end.is_none_or(|end| start.begin < end);
            must(is_later, field("end_ms"), "must be after begin_ms")?;
        }
        Ok(())
    }

    /// Where and when the driver of that number begins. Numbers beyond the recorded drivers repeat random ones of them.
    pub(super) fn start(&self, seed: u64, driver: u32, begin: i64) -> Start {
        let recorded = self.drivers.get(driver as usize).unwrap_or_else(|| {
            let mut dice = Dice::of(seed, Question::Start, [u64::from(driver), 1]);
            &self.drivers[dice.below(self.drivers.len() as u64) as usize]
        });
        let begin = recorded.begin.max(begin);
        Start {
            begin: recorded.end.map_or(begin, |end| begin.min(end)),
            ..*recorded
        }
    }
}

/// Checks coordinates that come from a file.
fn on_earth(field: String, place: Coordinates) -> Result<(), SimError> {
    let checked = Coordinates::new(place.lat(), place.lon());
    checked.map(|_| ()).map_err(|error| wrong(field, error))
}
