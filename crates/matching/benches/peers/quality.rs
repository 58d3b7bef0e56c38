//! Measures what is lost by considering only the nearest drivers, before and after unmatched riders get twice as many
//! candidates.

use matching::{Solution, solve};

use crate::peers::Found;
use crate::town::Batch;

/// The solutions of one batch.
pub struct Quality {
    pub riders: usize,
    pub drivers: usize,
    pub k: usize,
    pub first: Answer,
    pub widened: Answer,
    /// The greedy solution, with the same candidates.
    pub greedy: Answer,
    /// The best solution of the whole matrix, if it was computed.
    pub best: Option<Answer>,
}

/// The size and the cost of a solution.
#[derive(Clone, Copy)]
pub struct Answer {
    pub matched: usize,
    pub cost: i64,
}

impl Answer {
    /// How much more the average match costs than in another solution, in percent.
    pub fn dearer_than(self, other: Self) -> f64 {
        100.0 * (self.mean() / other.mean() - 1.0)
    }

    /// The average cost of a match.
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
    /// Solves a batch with so many candidates, and again with twice as many for unmatched riders.
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
