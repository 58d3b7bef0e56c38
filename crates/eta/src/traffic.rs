//! The speed of the traffic by hour of the day.

use std::str::FromStr;

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

/// The range of factors.
const FACTORS: std::ops::RangeInclusive<f64> = 0.05..=5.0;
/// The hours of a day.
const HOURS: usize = 24;

/// The factors of speed, by hour of the town's local time.
#[derive(Debug, Clone)]
pub struct Traffic {
    factors: [f64; HOURS],
    zone: TimeZone,
}

/// Why the operator's settings of the traffic are invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrafficError {
    /// The factors are not a list of 1 or 24 numbers, or one of them is out of range.
    #[error("must be one number or 24, separated by commas, each from 0.05 to 5")]
    Factors,
    /// There is no such time zone.
    #[error("must be the name of a time zone, such as Europe/Vienna, or an offset, such as +01:00")]
    Zone,
}

impl Traffic {
    /// Free traffic at every hour, with the speeds of the map.
    pub const FREE: Self = Self {
        factors: [1.0; HOURS],
        zone: TimeZone::UTC,
    };

    /// Reads one factor for all hours, or 24 factors from midnight on, separated by commas, and the time zone.
    pub fn parse(factors: &str, zone: &str) -> Result<Self, TrafficError> {
        Ok(Self {
            factors: parse_factors(factors)?,
            zone: parse_zone(zone)?,
        })
    }

    /// The factor of speed at that time. 1 is the speed of the map.
    pub(crate) fn factor(&self, at: Timestamp) -> f64 {
        let hour = self.zone.to_datetime(at).hour();
        usize::try_from(hour).map_or(1.0, |hour| self.factors[hour])
    }
}

fn parse_factors(text: &str) -> Result<[f64; HOURS], TrafficError> {
    let numbers = text.split(',').map(|number| f64::from_str(number.trim()));
    let numbers: Vec<f64> = numbers
        .collect::<Result<_, _>>()
        .map_err(|_| TrafficError::Factors)?;
    if !numbers.iter().all(|factor| FACTORS.contains(factor)) {
        return Err(TrafficError::Factors);
    }
    match numbers[..] {
        [all_day] => Ok([all_day; HOURS]),
        _ => numbers.try_into().map_err(|_| TrafficError::Factors),
    }
}

fn parse_zone(text: &str) -> Result<TimeZone, TrafficError> {
    if !text.starts_with(['+', '-']) {
        return TimeZone::get(text).map_err(|_| TrafficError::Zone);
    }
    let (sign, rest) = text.split_at(1);
    let (hours, minutes) = rest.split_once(':').ok_or(TrafficError::Zone)?;
    let part = |digits: &str, most: i32| match digits.len() {
        2 => digits.parse().ok().filter(|part| (0..=most).contains(part)),
        _ => None,
    };
    let hours: i32 = part(hours, 14).ok_or(TrafficError::Zone)?;
    let minutes: i32 = part(minutes, 59).ok_or(TrafficError::Zone)?;
    let seconds = (hours * 60 + minutes) * 60 * if sign == "-" { -1 } else { 1 };
    let offset = Offset::from_seconds(seconds).map_err(|_| TrafficError::Zone)?;
    Ok(TimeZone::fixed(offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "the numbers are handed through")]
    fn the_hour_is_the_towns_own() {
        let by_hour: Vec<String> = (1..=24)
            .map(|n| format!("{}", f64::from(n) / 10.0))
            .collect();
        let by_hour = by_hour.join(", ");
        let noon = at("2026-07-01T12:30:00Z");
        let factor = |zone| Traffic::parse(&by_hour, zone).map(|traffic| traffic.factor(noon));
        assert_eq!(factor("UTC"), Ok(1.3));
        // Two hours ahead in summer.
        assert_eq!(factor("Europe/Vienna"), Ok(1.5));
        assert_eq!(factor("-12:30"), Ok(0.1));
        assert_eq!(factor("+05:45"), Ok(1.9));
        assert_eq!(Traffic::FREE.factor(noon), 1.0);
        assert_eq!(
            Traffic::parse("0.5", "UTC").map(|all| all.factor(noon)),
            Ok(0.5)
        );
    }

    #[test]
    fn what_is_no_factor_and_no_zone_is_refused() {
        for wrong in ["", "fast", "0.04", "5.1", "NaN", "1,1", "1,,1"] {
            let error = Traffic::parse(wrong, "UTC").err();
            assert_eq!(error, Some(TrafficError::Factors), "{wrong:?}");
        }
        for wrong in ["", "Vienna", "+1:00", "+01", "+15:00", "+01:60", "+-1:00"] {
            let error = Traffic::parse("1", wrong).err();
            assert_eq!(error, Some(TrafficError::Zone), "{wrong:?}");
        }
    }
}
