//! The answer, and how far from the best it may be.

use serde::{Deserialize, Serialize};

use super::graph::{Edge, Graph};

/// Who found an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Solver {
    /// No answer matches more rows, and none that matches as many costs less.
    Exact,
    /// The budget was used up, and at least some rows took the cheapest edge that was left.
    Greedy,
}

/// Which row has which column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Solution {
    /// By row: its column, unless it stays unmatched.
    pub columns: Vec<Option<u32>>,
    /// How many rows have a column.
    pub matched: usize,
    /// More than this many could not have one.
    pub matched_max: usize,
    /// What the matches cost together.
    pub cost: i64,
    /// As many matches could not cost less than this.
    pub cost_min: i64,
    /// Who found it.
    pub solver: Solver,
    /// How many times an edge was looked at.
    pub visits: u64,
}

impl Solution {
    pub(super) fn new(
        taken: &[Option<Edge>],
        solver: Solver,
        visits: u64,
        bounds: &LowerBounds<'_>,
    ) -> Self {
        let matched = taken.iter().flatten().count();
        let cost = taken.iter().flatten().map(|edge| edge.cost).sum();
        let cost_min = match solver {
            Solver::Exact => cost,
            Solver::Greedy => bounds.cost_min(matched),
        };
        Self {
            columns: taken.iter().map(|edge| edge.map(|it| it.column)).collect(),
            matched,
            matched_max: bounds.matched_max,
            cost,
            cost_min,
            solver,
            visits,
        }
    }

    /// How much cheaper as many matches could be, at most; nothing where the answer is exact.
    pub fn gap(&self) -> i64 {
        self.cost - self.cost_min
    }
}

/// What no answer can be better than.
pub(super) struct LowerBounds<'g> {
    graph: &'g Graph,
    pub(super) matched_max: usize,
    /// By column, none of them below zero; any will do, and those of a search that was far give the most.
    pub(super) prices: Vec<i64>,
}

impl<'g> LowerBounds<'g> {
    /// As they can be told from the graph alone.
    pub(super) fn of(graph: &'g Graph) -> Self {
        Self {
            graph,
            matched_max: graph.rows().min(graph.columns()),
            prices: vec![0; graph.columns()],
        }
    }

    /// What so many matches cost at least: with the prices, or without them.
    fn cost_min(&self, matches: usize) -> i64 {
        let free = vec![0; self.prices.len()];
        let with_prices = self.cost_min_at(&self.prices, matches);
        with_prices.max(self.cost_min_at(&free, matches))
    }

    /// Let columns have these prices. Then so many matches pay at least what the so many rows pay that pay least, each
    /// where it pays least; and of that the prices are at most all prices.
    fn cost_min_at(&self, prices: &[i64], matches: usize) -> i64 {
        let rows = (0..self.graph.rows()).map(|row| self.graph.row(row).iter());
        let mut pays: Vec<i64> = rows
            .filter_map(|edges| {
                let paid = edges.map(|edge| edge.cost + prices[edge.column as usize]);
                paid.min()
            })
            .collect();
        pays.sort_unstable();
        let least: i64 = pays.iter().take(matches).sum();
        least - prices.iter().sum::<i64>()
    }
}
