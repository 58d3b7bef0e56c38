//! A day that was: who requested and who drove, as `cabrank replay --scenario` wrote it from the log.

use serde::{Deserialize, Serialize};

use super::demand::{RideRequest, SEATS};
use super::dice::{Dice, Question};
use super::error::{SimError, wrong};
use super::scenario::Start;
use domain::Coordinates;

/// Who requested and who drove on a day, and what came of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recorded {
    /// Who requested, in the order of time.
    pub requests: Vec<RideRequest>,
    /// Who drove; whoever had two shifts is two.
    pub drivers: Vec<Start>,
    /// What came of it.
    pub outcome: RecordedOutcome,
}

/// What came of a day that was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedOutcome {
    /// How many of the requests were driven.
    pub served: u64,
    /// How long those waited from the request to the driver's arrival, in the mean, in milliseconds; nothing if no driver ever said to have arrived.
    pub wait_mean_ms: Option<i64>,
}

impl Recorded {
    /// Whether it can be simulated.
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
        for (number, wish) in self.requests.iter().enumerate() {
            let field = |name: &str| format!("recorded.requests[{number}].{name}");
            on_earth(field("from"), wish.from)?;
            on_earth(field("to"), wish.to)?;
            let seats = (1..=SEATS).contains(&wish.passengers);
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

    /// Where the driver of that number begins: as it was, or, of whom there were not so many, as one of those.
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

/// The numbers came from a file.
fn on_earth(field: String, place: Coordinates) -> Result<(), SimError> {
    let checked = Coordinates::new(place.lat(), place.lon());
    checked.map(|_| ()).map_err(|error| wrong(field, error))
}
