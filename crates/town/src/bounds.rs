//! Numbers of the town file with bounds in their types, so that the parser can name the field that is out of bounds.

use serde::Deserialize;

/// A whole number from `MIN` to `MAX`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "i64")]
pub(super) struct Within<const MIN: u32, const MAX: u32>(u32);

#[derive(Debug, thiserror::Error)]
#[error("must be from {0} to {1}")]
pub(super) struct Beyond(u32, u32);

impl<const MIN: u32, const MAX: u32> Within<MIN, MAX> {
    pub(super) const fn get(self) -> u32 {
        self.0
    }
}

impl<const MIN: u32, const MAX: u32> TryFrom<i64> for Within<MIN, MAX> {
    type Error = Beyond;

    fn try_from(number: i64) -> Result<Self, Self::Error> {
        match u32::try_from(number) {
            Ok(number) if (MIN..=MAX).contains(&number) => Ok(Self(number)),
            Ok(_) | Err(_) => Err(Beyond(MIN, MAX)),
        }
    }
}

/// A factor from 1.0 to 5.0.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "f64")]
pub(super) struct Factor(f64);

#[derive(Debug, thiserror::Error)]
#[error("must be from 1.0 to 5.0")]
pub(super) struct FactorError;

impl Factor {
    pub(super) const fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Factor {
    type Error = FactorError;

    fn try_from(number: f64) -> Result<Self, Self::Error> {
        if (1.0..=5.0).contains(&number) {
            Ok(Self(number))
        } else {
            Err(FactorError)
        }
    }
}
