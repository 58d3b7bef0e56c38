//! The variants of policies that can be compared, by their words.

use std::str::FromStr;

use domain::Policy;

/// A policy, and how it differs from the live service's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// The word, as in the table's header.
    pub word: String,
    pub policy: Policy,
    /// Under `broadcast`, the longest time to the pick-up by straight line for drivers who hear of a request, in
    /// seconds.
    pub reach_s: Option<u32>,
    /// Drivers are ranked by straight line, even with a map.
    pub is_straight: bool,
    /// A fixed batching window, in milliseconds.
    pub window_ms: Option<u32>,
    /// Drivers who will soon be free are candidates too.
    pub with_ending: bool,
    /// Idle drivers get hints.
    pub with_hints: bool,
}

/// A word that names no variant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "broadcast, broadcast:MINUTES, nearest, nearest:straight, batch, batch:SECONDS or all; then, as one likes, +hints and, under batch, +free-only"
)]
pub struct NoVariant;

impl Variant {
    /// The variants that `all` stands for.
    pub fn all() -> Vec<Self> {
        let words = ["broadcast", "nearest", "batch", "batch+hints"];
        words.iter().filter_map(|word| word.parse().ok()).collect()
    }

    /// The variants that the words name, without duplicates.
    pub fn of(words: &[String]) -> Result<Vec<Self>, NoVariant> {
        let mut variants: Vec<Self> = Vec::new();
        for word in words {
            let named = if word == "all" {
                Self::all()
            } else {
                vec![word.parse()?]
            };
            for variant in named {
                if !variants.contains(&variant) {
                    variants.push(variant);
                }
            }
        }
        Ok(variants)
    }
}

impl FromStr for Variant {
    type Err = NoVariant;

    fn from_str(word: &str) -> Result<Self, NoVariant> {
        let mut parts = word.split('+');
        let base = parts.next().unwrap_or_default();
        let (policy, detail) = match base.split_once(':') {
            Some((policy, detail)) => (policy, Some(detail)),
            None => (base, None),
        };
        let policy = Policy::parse(policy).ok_or(NoVariant)?;
        let mut variant = Self {
            word: word.to_owned(),
            policy,
            reach_s: None,
            is_straight: false,
            window_ms: None,
            with_ending: policy == Policy::Batch,
            with_hints: false,
        };
        let number = |detail: &str, max: u32| {
            let number = detail
                .parse()
                .ok()
                .filter(|number| (1..=max).contains(number));
            number.ok_or(NoVariant)
        };
        match (policy, detail) {
            (_, None) => {}
            (Policy::Broadcast, Some(minutes)) => {
                variant.reach_s = Some(60 * number(minutes, 1_440)?);
            }
            (Policy::Nearest, Some("straight")) => variant.is_straight = true,
            (Policy::Nearest, Some(_)) => return Err(NoVariant),
            (Policy::Batch, Some(seconds)) => {
                variant.window_ms = Some(1_000 * number(seconds, 10)?);
            }
        }
        for part in parts {
            match part {
                "hints" => variant.with_hints = true,
                "free-only" if policy == Policy::Batch => variant.with_ending = false,
                _ => return Err(NoVariant),
            }
        }
        Ok(variant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_name_variants() {
        let variant = |word: &str| word.parse::<Variant>();
        let batch = variant("batch:5+free-only+hints").expect("a variant");
        assert_eq!(batch.window_ms, Some(5_000));
        assert!(batch.with_hints && !batch.with_ending);
        assert_eq!(variant("broadcast:10").map(|it| it.reach_s), Ok(Some(600)));
        for wrong in [
            "",
            "random",
            "nearest:5",
            "batch:0",
            "batch:x",
            "nearest+free-only",
            "batch+",
        ] {
            assert_eq!(variant(wrong), Err(NoVariant), "{wrong}");
        }
        let words = ["all", "batch"].map(str::to_owned);
        assert_eq!(Variant::of(&words).map(|all| all.len()), Ok(4));
    }
}
