//! Numbers that count the events of a stream and the messages of a room.

use std::fmt;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// A number from 0 to 2^53 - 1. Every JSON reader keeps it exactly, and the databases can add to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sequence(i64);

/// The number is out of the range of sequences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("A whole number from 0 to {} is required.", Sequence::MAX.0)]
pub struct NotASequence;

impl Sequence {
    /// The last number, which no count ever reaches.
    pub const MAX: Self = Self((1 << 53) - 1);

    /// The sequence of that number, if it is in the range.
    pub fn parse(number: i64) -> Result<Self, NotASequence> {
        let is_one = (0..=Self::MAX.0).contains(&number);
        is_one.then_some(Self(number)).ok_or(NotASequence)
    }

    /// The number as rows and the wire have it.
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl FromStr for Sequence {
    type Err = NotASequence;

    fn from_str(text: &str) -> Result<Self, NotASequence> {
        Self::parse(text.parse().map_err(|_| NotASequence)?)
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Reads a client's position in a stream. A number beyond the range is read as [`Sequence::MAX`], which was never
/// reached.
impl<'de> Deserialize<'de> for Sequence {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SequenceVisitor;

        impl Visitor<'_> for SequenceVisitor {
            type Value = Sequence;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number from 0 on")
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Sequence, E> {
                let number = i64::try_from(number).unwrap_or(i64::MAX);
                Ok(Sequence(number).min(Sequence::MAX))
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Sequence, E> {
                let number = u64::try_from(number);
                self.visit_u64(number.map_err(|_| E::custom(NotASequence))?)
            }

            /// JSON readers pass a number that does not fit into 64 bits as a float.
            fn visit_f64<E: Error>(self, number: f64) -> Result<Sequence, E> {
                let is_beyond = number >= 9_007_199_254_740_992.0;
                is_beyond
                    .then_some(Sequence::MAX)
                    .ok_or_else(|| E::custom(NotASequence))
            }
        }

        deserializer.deserialize_any(SequenceVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sequence_goes_from_0_to_the_last_number_that_json_keeps_whole() {
        for (text, number) in [
            ("0", Some(0)),
            ("7", Some(7)),
            ("9007199254740991", Some(9_007_199_254_740_991)),
            ("9007199254740992", None),
            ("9223372036854775807", None),
            ("9223372036854775808", None),
            ("-1", None),
            ("x", None),
            ("", None),
        ] {
            let read = text.parse::<Sequence>().ok();
            assert_eq!(read.map(Sequence::get), number, "{text}");
        }
    }

    #[test]
    fn a_place_beyond_the_range_is_one_that_was_never_reached() {
        for (text, number) in [
            ("0", Some(0)),
            ("9007199254740991", Some(Sequence::MAX.get())),
            ("9007199254740992", Some(Sequence::MAX.get())),
            ("9223372036854775807", Some(Sequence::MAX.get())),
            ("18446744073709551615", Some(Sequence::MAX.get())),
            ("1e300", Some(Sequence::MAX.get())),
            ("-1", None),
            ("-9223372036854775808", None),
            ("-1e300", None),
            ("1.5", None),
            ("\"1\"", None),
            ("null", None),
        ] {
            let read = serde_json::from_str::<Sequence>(text).ok();
            assert_eq!(read.map(Sequence::get), number, "{text}");
        }
    }
}
