//! The solution of a graph, and how far from the best one it may be.

use serde::{Deserialize, Serialize};

use super::graph::{Edge, Graph};

/// How a solution was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Solver {
    /// By exact search: no solution matches more rows, and none with as many matches costs less.
    Exact,
    /// The budget was used up, and at least some rows took the cheapest edge that was left to them.
    Greedy,
}

/// The matches of a graph.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Solution {
    /// By row: its column, if the row is matched.
    pub columns: Vec<Option<u32>>,
    /// The number of matched rows.
    pub matched: usize,
    /// An upper bound of the number of rows that can be matched.
    pub matched_max: usize,
    /// The sum of the matches' costs.
    pub cost: i64,
    /// A lower bound of the cost of as many matches.
    pub cost_min: i64,
    pub solver: Solver,
    /// How many times an edge was visited.
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

    /// How much cheaper as many matches could be at most; 0 if the solution is exact.
    pub fn gap(&self) -> i64 {
        self.cost - self.cost_min
    }
}

/// Bounds that no solution can beat.
pub(super) struct LowerBounds<'g> {
    graph: &'g Graph,
    pub(super) matched_max: usize,
    /// By column, none negative. Any prices give a valid bound; those of a search that got far give the best one.
    pub(super) prices: Vec<i64>,
}

impl<'g> LowerBounds<'g> {
    /// The bounds that follow from the graph alone.
    pub(super) fn of(graph: &'g Graph) -> Self {
        Self {
            graph,
            matched_max: graph.rows().min(graph.columns()),
            prices: vec![0; graph.columns()],
        }
    }

    /// The least cost of so many matches: the better bound of the prices and of no prices.
    fn cost_min(&self, matches: usize) -> i64 {
        let free = vec![0; self.prices.len()];
        let with_prices = self.cost_min_at(&self.prices, matches);
        with_prices.max(self.cost_min_at(&free, matches))
    }

    /// The bound from prices, by duality. Each row pays at least its smallest sum of cost and price. So `matches` rows
    /// pay at least the sum of the smallest of these, of which at most the sum of all prices is not cost.
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
