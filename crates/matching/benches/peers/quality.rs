//! What it costs to look at the nearest drivers only, before and after those who stay unmatched have been given twice
//! as many candidates.

use matching::{Solution, solve};

use crate::peers::Found;
use crate::town::Batch;

/// The answers to one batch.
pub struct Quality {
    pub riders: usize,
    pub drivers: usize,
    pub k: usize,
    pub first: Answer,
    pub widened: Answer,
    /// Greedily, with the same candidates.
    pub greedy: Answer,
    /// The best of the whole matrix.
    pub best: Option<Answer>,
}

/// How many riders have a driver, and what that costs.
#[derive(Clone, Copy)]
pub struct Answer {
    pub matched: usize,
    pub cost: i64,
}

impl Answer {
    /// How much more a match costs on average than there, in percent.
    pub fn dearer_than(self, other: Self) -> f64 {
        100.0 * (self.mean() / other.mean() - 1.0)
    }

    /// What a match costs on average.
    pub fn mean(self) -> f64 {
        self.cost as f64 / self.matched as f64
    }
}

impl From<&Solution> for Answer {
    fn from(Solution { matched, cost, .. }: &Solution) -> Self {
        let (matched, cost) = (*matched, *cost);
        Self { matched, cost }
    }
}

impl Quality {
    /// With so many candidates, and twice as many for those unmatched.
    pub fn of(batch: &Batch, k: usize, matrix: Option<&[Found]>) -> Self {
        let graph = batch.graph(|rider| batch.candidates(rider, k));
        let first = solve(&graph, u64::MAX);
        let widened = batch.graph(|rider| {
            let is_matched = first.columns[rider].is_some();
            batch.candidates(rider, if is_matched { k } else { 2 * k })
        });
        let best = matrix.and_then(<[Found]>::first);
        Self {
            riders: batch.riders.len(),
            drivers: batch.drivers.len(),
            k,
            widened: Answer::from(&solve(&widened, u64::MAX)),
            greedy: Answer::from(&solve(&graph, 0)),
            first: Answer::from(&first),
            best: best.map(|&Found { matched, cost, .. }| Answer { matched, cost }),
        }
    }
}
