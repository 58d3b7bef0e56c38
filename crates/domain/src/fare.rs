//! What a trip costs: whole numbers of a currency's minor unit, and no other arithmetic.
//!
//! A ride's fare is the sum of its lines. Each line is rounded on its own, halves up, to the minor unit:
//!
//! ```text
//! base      = base
//! distance  = per_km × metres / 1000
//! time      = per_minute × seconds / 60
//! waiting   = waiting_per_minute × waited seconds / 60
//! surge     = (base + distance + time) × (permille − 1000) / 1000
//! minimum   = what is missing to the minimum, after all of the above
//! rounding  = what is missing to a multiple of the rounding, after all of the above
//! ```
//!
//! Nothing can overflow: amounts are at most [`AMOUNT_MAX`], and what is ridden counts up to [`METRES_MAX`], [`SECONDS_MAX`] and
//! [`SURGE_MAX`]. The largest product of these, for the surge, is below 3 × 10¹⁷.

mod high;

use std::fmt;
use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use super::text::Reason;

pub use high::{HIGH_FARE_PERMILLE, HighFare};

/// The largest amount that can be set, in minor units.
pub const AMOUNT_MAX: i64 = 1_000_000_000;
/// The longest distance that is charged: 10,000 km.
pub const METRES_MAX: u64 = 10_000_000;
/// The longest time that is charged: 30 days.
pub const SECONDS_MAX: u64 = 2_592_000;
/// The surge that leaves a price as it is, in thousandths.
pub const SURGE_NONE: u16 = 1_000;
/// The highest surge: five times the price.
pub const SURGE_MAX: u16 = 5_000;

/// A currency by its code: three capital letters, as in ISO 4217.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

/// A text that is no currency's code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("A currency is three capital letters, such as EUR.")]
pub struct CurrencyError;

impl Currency {
    /// The currency of that code.
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

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A price that somebody has set, in minor units: 0 to [`AMOUNT_MAX`].
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(try_from = "i64", into = "i64")]
pub struct Amount(i64);

/// A number that is no amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("An amount is 0 to {AMOUNT_MAX}, in the currency's minor unit.")]
pub struct AmountError;

impl Amount {
    /// Where a sum begins.
    pub const ZERO: Self = Self(0);

    /// So many minor units.
    pub fn new(units: i64) -> Result<Self, AmountError> {
        if (0..=AMOUNT_MAX).contains(&units) {
            Ok(Self(units))
        } else {
            Err(AmountError)
        }
    }

    /// How many minor units.
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

/// What rides of one class cost; what is left out costs nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tariff {
    /// For every ride.
    pub base: Amount,
    /// For every kilometre, by the metre.
    pub per_km: Amount,
    /// For every minute from the start to the end, by the second.
    pub per_minute: Amount,
    /// The least that a ride costs.
    pub minimum: Amount,
    /// The total is rounded up to a multiple of this; 1: it is not.
    pub rounding: NonZeroU32,
    /// For every minute at the pick-up beyond the free waiting time, by the second.
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

/// What was driven and waited, or is expected to be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ridden {
    /// From the start to the end.
    pub metres: u64,
    /// From the start to the end.
    pub seconds: u64,
    /// At the pick-up.
    pub waited_seconds: u64,
}

/// What a line of a fare is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LineKind {
    /// Every ride.
    Base,
    /// The distance; the quantity is in metres.
    Distance,
    /// The time of the ride; the quantity is in seconds.
    Time,
    /// Waiting at the pick-up; the quantity is the seconds that are charged.
    Waiting,
    /// High demand; the quantity is in permille of the price, 1000 being none.
    Surge,
    /// What is added up to the minimum.
    Minimum,
    /// What is added up to a round total.
    Rounding,
    /// The rider cancelled late.
    Cancellation,
    /// The rider did not come.
    NoShow,
    /// An operator has decided.
    Set,
}

/// One line of a fare.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Line {
    /// What it is for.
    pub kind: LineKind,
    /// In minor units.
    pub amount: i64,
    /// Of how much, where the kind has a measure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<i64>,
}

/// What is to be paid: the lines, which sum up to the total. The fare of a ride always has base, distance and time,
/// and the other lines where they cost something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Fare {
    /// Whose minor unit the amounts are in.
    #[schema(value_type = String, min_length = 3, max_length = 3)]
    pub currency: Currency,
    /// What it is made of.
    pub lines: Vec<Line>,
    /// Their sum.
    pub total: i64,
}

/// That an operator has set another fare than was computed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SetFare {
    /// What the rules came to, which may be nothing.
    pub computed: Option<Fare>,
    /// Why it is another one.
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

/// What a ride costs, by the formula above; `ridden.waited_seconds` are those to be charged, without the free ones.
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

/// A fare of one line, for what is no ride.
pub(crate) fn fee(kind: LineKind, amount: Amount, currency: Currency) -> Fare {
    let mut fare = Fare::empty(currency);
    fare.add(kind, amount.units(), None);
    fare
}

fn up_to(number: u64, max: u64) -> i64 {
    i64::try_from(number.min(max)).expect("the bounds are small")
}

/// `price × part / whole`, halves up; nothing is negative.
fn share(price: i64, part: i64, whole: i64) -> i64 {
    (price * part + whole / 2) / whole
}

#[cfg(test)]
mod tests;
