//! Explains a fare that is far above the quote. The fare stays as computed; everybody who sees the trip sees the
//! reason.

use std::fmt;

use serde::Serialize;

use super::{Fare, LineKind};

/// A fare above this many permille of the quote is explained, unless the town has another factor.
pub const HIGH_FARE_PERMILLE: u16 = 1_500;

/// Why the fare of a ride is more than the town's factor times the quote.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct HighFare {
    /// The quote, in minor units.
    pub quoted: i64,
    /// The fare, in minor units.
    pub computed: i64,
    /// A fare above this many times the quote is explained.
    #[schema(example = 1.5)]
    pub factor: f64,
    /// The expected distance, in metres.
    pub expected_metres: i64,
    /// The distance of the ride, in metres.
    pub metres: i64,
    /// The expected duration, in seconds.
    pub expected_seconds: i64,
    /// The duration of the ride, in seconds.
    pub seconds: i64,
    /// The seconds of waiting at the pick-up that are charged.
    pub waited_seconds: i64,
    /// The same in words.
    pub why: String,
}

impl HighFare {
    /// Explains this fare, if it is above so many permille of the quote.
    pub(crate) fn of(fare: &Fare, quoted: &Fare, permille: u16) -> Option<Self> {
        // Neither product can overflow: a fare is below 10¹⁵.
        if fare.total * 1_000 <= quoted.total * i64::from(permille) {
            return None;
        }
        let mut high = Self {
            quoted: quoted.total,
            computed: fare.total,
            factor: f64::from(permille) / 1_000.0,
            expected_metres: quoted.quantity(LineKind::Distance),
            metres: fare.quantity(LineKind::Distance),
            expected_seconds: quoted.quantity(LineKind::Time),
            seconds: fare.quantity(LineKind::Time),
            waited_seconds: fare.quantity(LineKind::Waiting),
            why: String::new(),
        };
        high.why = high.to_string();
        Some(high)
    }
}

impl fmt::Display for HighFare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "The fare is more than {} times the quote: {} m were ridden in {} min, and {} m in {} min were expected.",
            self.factor,
            self.metres,
            minutes(self.seconds),
            self.expected_metres,
            minutes(self.expected_seconds),
        )?;
        if self.waited_seconds > 0 {
            let waited = minutes(self.waited_seconds);
            write!(f, " Waiting at the pick-up is charged with {waited} min.")?;
        }
        Ok(())
    }
}

/// Whole minutes, rounded halves up.
const fn minutes(seconds: i64) -> i64 {
    (seconds + 30) / 60
}

impl Fare {
    /// The quantity of the line of that kind; 0 if there is no such line.
    fn quantity(&self, kind: LineKind) -> i64 {
        let line = self.lines.iter().find(|line| line.kind == kind);
        line.and_then(|line| line.quantity).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fare::{Amount, Currency, Ridden, SURGE_NONE, Tariff, ride_fare};

    fn fare(metres: u64, waited_seconds: u64) -> Fare {
        let amount = |units| Amount::new(units).expect("an amount");
        let tariff = Tariff {
            per_km: amount(100),
            waiting_per_minute: amount(100),
            ..Tariff::default()
        };
        let ridden = Ridden {
            metres,
            seconds: 600,
            waited_seconds,
        };
        let currency = Currency::parse("EUR").expect("a currency");
        ride_fare(&tariff, currency, SURGE_NONE, ridden)
    }

    #[test]
    fn a_fare_is_high_beyond_the_factor_and_not_at_it() {
        let quoted = fare(10_000, 0);
        let is_high =
            |metres, permille| HighFare::of(&fare(metres, 0), &quoted, permille).is_some();
        assert!(!is_high(9_000, 1_500) && !is_high(15_000, 1_500));
        assert!(is_high(15_010, 1_500) && !is_high(15_010, 2_000));
        assert!(is_high(10_010, 1_000) && !is_high(10_000, 1_000));
    }

    #[test]
    fn it_is_told_what_was_expected_and_what_was_ridden() {
        let high = HighFare::of(&fare(20_000, 90), &fare(10_000, 0), 1_500).expect("it is high");
        assert_eq!((high.quoted, high.computed), (1_000, 2_150));
        assert_eq!(
            high.why,
            "The fare is more than 1.5 times the quote: 20000 m were ridden in 10 min, and 10000 m in 10 min were expected. \
             Waiting at the pick-up is charged with 2 min."
        );
    }

    #[test]
    fn the_longest_ride_can_be_compared() {
        let most = Amount::new(crate::fare::AMOUNT_MAX).expect("an amount");
        let tariff = Tariff {
            base: most,
            per_km: most,
            per_minute: most,
            waiting_per_minute: most,
            ..Tariff::default()
        };
        let ridden = Ridden {
            metres: u64::MAX,
            seconds: u64::MAX,
            waited_seconds: u64::MAX,
        };
        let currency = Currency::parse("EUR").expect("a currency");
        let fare = ride_fare(&tariff, currency, crate::fare::SURGE_MAX, ridden);
        assert!(HighFare::of(&fare, &fare, 5_000).is_none());
        assert!(HighFare::of(&fare, &fare, 999).is_some());
    }
}
