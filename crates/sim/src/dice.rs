//! Randomness that depends on the seed alone.
//!
//! Each question has its own dice, seeded by the seed, the question, and the people it is about. So what a rider or
//! driver does depends neither on the order in which others are asked nor on the policy: every policy meets the same
//! people. Only whole numbers are drawn, because a logarithm may differ between machines.

use rand_pcg::Pcg64Mcg;
use rand_pcg::rand_core::Rng;

/// The questions that are decided at random.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    /// When and where a request is made, and where it goes to.
    Request = 1,
    /// Where a driver is at the start of the day.
    Start,
    /// Whether and when a driver answers an offer.
    Answer,
    /// Whether a driver accepts.
    Accept,
    /// How long a device takes to acknowledge an offer.
    Device,
    /// When a driver loses the network, and for how long.
    Network,
    /// How patient a rider is, and whether they cancel or do not show up.
    Rider,
    /// Whether a driver gives a trip back.
    GiveBack,
    /// Whether a driver follows a hint.
    Hint,
    /// Which of two drivers is quicker.
    Tie,
    /// Whether a driver's device is dead.
    Dead,
}

/// A random number generator for one question.
#[derive(Debug, Clone)]
pub(crate) struct Dice(Pcg64Mcg);

impl Dice {
    /// The dice for a question about two things, such as a trip and a driver.
    pub(crate) fn of(seed: u64, question: Question, about: [u64; 2]) -> Self {
        let mut state = mix(seed ^ mix(question as u64));
        for part in about {
            state = mix(state ^ mix(part.wrapping_add(1)));
        }
        let low = u128::from(mix(state.wrapping_add(1)));
        Self(Pcg64Mcg::new(u128::from(state) << 64 | low))
    }

    /// A uniformly distributed number.
    pub(crate) fn any(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number from 0 to `limit`, without `limit`; 0 where `limit` is 0.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        let product = u128::from(self.any()) * u128::from(limit);
        (product >> 64) as u64
    }

    /// True with that probability, in permille.
    pub(crate) fn permille(&mut self, of: u32) -> bool {
        self.below(1_000) < u64::from(of)
    }

    /// An exponentially distributed duration with that mean.
    pub(crate) fn exponential(&mut self, mean_ms: i64) -> i64 {
        // Von Neumann's method, which only compares uniform numbers: of a falling run, the first number is kept if the
        // run's length is odd.
        let mut whole: i128 = 0;
        loop {
            let first = self.any() >> 32;
            let (mut last, mut length) = (first, 1_u32);
            loop {
                let next = self.any() >> 32;
                if next > last {
                    break;
                }
                (last, length) = (next, length + 1);
            }
            if length % 2 == 1 {
                let units = (whole << 32) + i128::from(first);
                return ((units * i128::from(mean_ms)) >> 32) as i64;
            }
            whole += 1;
        }
    }

    /// A number around 0 with the standard deviation `spread`: the sum of twelve uniform numbers.
    pub(crate) fn around(&mut self, spread: i64) -> i64 {
        let sum: i128 = (0..12).map(|_| i128::from(self.any() >> 32)).sum();
        let centred = sum - (6_i128 << 32);
        ((centred * i128::from(spread)) >> 32) as i64
    }

    /// An index drawn in proportion to the weights; 0 where all weights are 0.
    pub(crate) fn weighted(&mut self, weights: &[u32]) -> usize {
        let total = weights.iter().map(|weight| u64::from(*weight)).sum();
        let mut left = self.below(total);
        for (index, weight) in weights.iter().enumerate() {
            match left.checked_sub(u64::from(*weight)) {
                Some(rest) => left = rest,
                None => return index,
            }
        }
        0
    }
}

/// Mixes a number over all 64 bits (the finaliser of SplitMix64).
const fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean(mut draw: impl FnMut(u64) -> i64) -> i64 {
        (0..100_000).map(&mut draw).sum::<i64>() / 100_000
    }

    #[test]
    fn the_same_question_has_the_same_answer_and_another_has_another() {
        let any = |seed, question, about| Dice::of(seed, question, about).any();
        let first = any(1, Question::Accept, [2, 3]);
        assert_eq!(any(1, Question::Accept, [2, 3]), first);
        assert_ne!(any(2, Question::Accept, [2, 3]), first);
        assert_ne!(any(1, Question::Answer, [2, 3]), first);
        assert_ne!(any(1, Question::Accept, [3, 2]), first);
        // A different random stream would change every report.
        assert_eq!(first, 16_118_315_564_517_892_874);
    }

    #[test]
    fn what_is_drawn_has_the_mean_it_is_said_to_have() {
        let mut dice = Dice::of(7, Question::Rider, [0, 0]);
        assert!((990..1_010).contains(&mean(|_| dice.exponential(1_000))));
        let mut dice = Dice::of(8, Question::Rider, [0, 0]);
        assert!((-10..10).contains(&mean(|_| dice.around(1_000))));
        let mut dice = Dice::of(9, Question::Rider, [0, 0]);
        assert!((247..253).contains(&mean(|_| i64::from(dice.permille(250)) * 1_000)));
        let mut dice = Dice::of(9, Question::Rider, [0, 0]);
        assert_eq!(mean(|_| dice.weighted(&[0, 5, 0]) as i64), 1);
    }
}
