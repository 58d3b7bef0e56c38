//! Computes what a trip costs, in whole numbers of a currency's minor unit.
//!
//! A ride's fare is the sum of its lines. Each line is rounded by itself to the minor unit, halves up:
//!
//! ```text
//! base      = base
//! distance  = per_km × metres / 1000
//! time      = per_minute × seconds / 60
//! waiting   = waiting_per_minute × waited seconds / 60
//! surge     = (base + distance + time) × (permille − 1000) / 1000
//! minimum   = what the lines above lack to the minimum
//! rounding  = what the lines above lack to a multiple of the rounding
//! ```
//!
//! Nothing can overflow: amounts are at most [`AMOUNT_MAX`], and distance, time and surge count up to [`METRES_MAX`],
//! [`SECONDS_MAX`] and [`SURGE_MAX`]. The largest product of these, for the surge, is below 3 × 10¹⁷.

mod high;

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use super::text::Reason;

pub use high::{HIGH_FARE_PERMILLE, HighFare};

/// The largest price, in minor units.
pub const AMOUNT_MAX: i64 = 1_000_000_000;
/// The longest distance that is charged: 10,000 km.
pub const METRES_MAX: u64 = 10_000_000;
/// The longest time that is charged: 30 days.
pub const SECONDS_MAX: u64 = 2_592_000;
/// The surge that leaves a price as it is, in thousandths.
pub const SURGE_NONE: u16 = 1_000;
/// The highest surge: five times the price.
pub const SURGE_MAX: u16 = 5_000;

/// A currency, named by three capital letters as in ISO 4217.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

/// The text is not the code of a currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("A currency is three capital letters, such as EUR.")]
pub struct CurrencyError;

impl Currency {
    /// Reads a code of three capital letters.
    pub fn parse(code: &str) -> Result<Self, CurrencyError> {
        match <[u8; 3]>::try_from(code.as_bytes()) {
            Ok(letters) if letters.iter().all(u8::is_ascii_uppercase) => Ok(Self(letters)),
            Ok(_) | Err(_) => Err(CurrencyError),
        }
    }

    /// The code in capital letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("only letters are let in")
    }
}

impl TryFrom<String> for Currency {
    type Error = CurrencyError;

    fn try_from(code: String) -> Result<Self, Self::Error> {
        Self::parse(&code)
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.as_str().to_owned()
    }
}

/// A price in minor units: 0 to [`AMOUNT_MAX`].
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(try_from = "i64", into = "i64")]
pub struct Amount(i64);

/// The number is out of an amount's range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("An amount is 0 to {AMOUNT_MAX}, in the currency's minor unit.")]
pub struct AmountError;

impl Amount {
    /// The amount of zero minor units.
    pub const ZERO: Self = Self(0);

    /// An amount of so many minor units, if they are within the range.
    pub fn new(units: i64) -> Result<Self, AmountError> {
        if (0..=AMOUNT_MAX).contains(&units) {
            Ok(Self(units))
        } else {
            Err(AmountError)
        }
    }

    /// The number of minor units.
    pub const fn units(self) -> i64 {
        self.0
    }
}

impl TryFrom<i64> for Amount {
    type Error = AmountError;

    fn try_from(units: i64) -> Result<Self, Self::Error> {
        Self::new(units)
    }
}

impl From<Amount> for i64 {
    fn from(amount: Amount) -> Self {
        amount.0
    }
}

/// The prices of rides of one class. A price that is left out is zero.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tariff {
    /// Charged for every ride.
    pub base: Amount,
    /// Charged for every kilometre, in proportion by the metre.
    pub per_km: Amount,
    /// Charged for every minute from the start to the end, in proportion by the second.
    pub per_minute: Amount,
    /// The lowest fare of a ride.
    pub minimum: Amount,
    /// The total is rounded up to a multiple of this many minor units. 1 means no rounding.
    pub rounding: NonZeroU32,
    /// Charged for every minute at the pick-up beyond the free waiting time, in proportion by the second.
    pub waiting_per_minute: Amount,
}

impl Default for Tariff {
    fn default() -> Self {
        Self {
            base: Amount::ZERO,
            per_km: Amount::ZERO,
            per_minute: Amount::ZERO,
            minimum: Amount::ZERO,
            rounding: NonZeroU32::MIN,
            waiting_per_minute: Amount::ZERO,
        }
    }
}

/// The distance, time and waiting that a fare is computed from, measured or expected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ridden {
    /// From the start to the end.
    pub metres: u64,
    /// From the start to the end.
    pub seconds: u64,
    /// At the pick-up.
    pub waited_seconds: u64,
}

/// The kind of a line of a fare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LineKind {
    /// The price that every ride begins with.
    Base,
    /// The distance. The quantity is in metres.
    Distance,
    /// The time of the ride. The quantity is in seconds.
    Time,
    /// Waiting at the pick-up. The quantity is the number of seconds that are charged.
    Waiting,
    /// High demand. The quantity is in permille of the price; 1000 is no surge.
    Surge,
    /// The amount that was missing to the minimum.
    Minimum,
    /// The amount that was missing to a round total.
    Rounding,
    /// The fee for a late cancellation by the rider.
    Cancellation,
    /// The fee of a rider who did not come.
    NoShow,
    /// A fare that an operator has set.
    Set,
}

/// One line of a fare.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Line {
    pub kind: LineKind,
    /// The amount in minor units.
    pub amount: i64,
    /// The quantity that is charged, for kinds that have a unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<i64>,
}

/// What is to be paid. The lines add up to the total. The fare of a ride always has the lines base, distance and time;
/// the other lines are there if they cost something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Fare {
    /// The currency; all amounts are in its minor unit.
    #[schema(value_type = String, min_length = 3, max_length = 3)]
    pub currency: Currency,
    pub lines: Vec<Line>,
    /// The sum of the lines.
    pub total: i64,
}

/// The record that an operator has replaced the computed fare.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SetFare {
    /// The fare that was computed, if the trip had one.
    pub computed: Option<Fare>,
    /// The operator's reason.
    #[schema(value_type = String, max_length = 255)]
    pub reason: Reason,
}

impl Fare {
    fn empty(currency: Currency) -> Self {
        Self {
            currency,
            lines: Vec::new(),
            total: 0,
        }
    }

    fn add(&mut self, kind: LineKind, amount: i64, quantity: Option<i64>) {
        self.total += amount;
        self.lines.push(Line {
            kind,
            amount,
            quantity,
        });
    }

    fn add_if_any(&mut self, kind: LineKind, amount: i64, quantity: Option<i64>) {
        if amount > 0 {
            self.add(kind, amount, quantity);
        }
    }
}

/// The fare of a ride by the formula above. `ridden.waited_seconds` are the seconds to be charged, without the free
/// ones.
pub(crate) fn ride_fare(
    tariff: &Tariff,
    currency: Currency,
    surge_permille: u16,
    ridden: Ridden,
) -> Fare {
    let metres = up_to(ridden.metres, METRES_MAX);
    let seconds = up_to(ridden.seconds, SECONDS_MAX);
    let waited = up_to(ridden.waited_seconds, SECONDS_MAX);
    let surge = i64::from(surge_permille.clamp(SURGE_NONE, SURGE_MAX));
    let mut fare = Fare::empty(currency);

    let distance = share(tariff.per_km.units(), metres, 1_000);
    let time = share(tariff.per_minute.units(), seconds, 60);
    fare.add(LineKind::Base, tariff.base.units(), None);
    fare.add(LineKind::Distance, distance, Some(metres));
    fare.add(LineKind::Time, time, Some(seconds));
    let raised = share(fare.total, surge - i64::from(SURGE_NONE), 1_000);
    let waiting = share(tariff.waiting_per_minute.units(), waited, 60);
    fare.add_if_any(LineKind::Waiting, waiting, Some(waited));
    fare.add_if_any(LineKind::Surge, raised, Some(surge));

    let missing = tariff.minimum.units() - fare.total;
    fare.add_if_any(LineKind::Minimum, missing, None);
    let step = i64::from(tariff.rounding.get());
    let odd = fare.total % step;
    if odd > 0 {
        fare.add(LineKind::Rounding, step - odd, None);
    }
    fare
}

/// A fare of one line, for a trip without a ride.
pub(crate) fn fee(kind: LineKind, amount: Amount, currency: Currency) -> Fare {
    let mut fare = Fare::empty(currency);
    fare.add(kind, amount.units(), None);
    fare
}

fn up_to(number: u64, max: u64) -> i64 {
    i64::try_from(number.min(max)).expect("the bounds are small")
}

/// `price × part / whole`, rounded halves up. The arguments must not be negative.
fn share(price: i64, part: i64, whole: i64) -> i64 {
    (price * part + whole / 2) / whole
}

#[cfg(test)]
mod tests;
