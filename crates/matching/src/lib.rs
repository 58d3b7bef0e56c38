//! The assignment: matches all waiting riders with drivers at once, over a sparse graph.
//!
//! Rows are riders and columns are drivers. An edge says that this driver may be offered the rider's trip, and at what
//! cost. A `Graph` is plain data that can be stored with a decision and solved again. `solve` finds a matching with the
//! most matches, and among those the cheapest one, in whole numbers. It uses no clock, no randomness, no threads and no
//! other crate of ours, so the same graph has the same `Solution` on every machine. The order of rows and columns alone
//! decides between equally good answers: rows are settled in order, and of columns with the same cost the lower one
//! comes first.
//!
//! First, `shortage` finds the rows that compete for too few columns. Outside of the shortage every row can be matched,
//! and inside it every column. So `exact` solves the first part for the rows and the second part, transposed, for the
//! columns. Neither part has to weigh a match against its cost, or to search everything to learn that a row stays
//! unmatched. Unconnected parts of the graph need no treatment of their own, since no search leaves its part.
//!
//! The budget for the best answer is a number of edge visits, not a time. With a time the answer would depend on the
//! machine and its load, and neither a simulation nor a stored decision could be repeated. When the budget is used up,
//! the remaining rows are matched greedily, and the solution says so.
//!
//! The caller decides what a cost means, when to solve, and which further candidates unmatched rows get.

#![warn(unreachable_pub)]

mod budget;
mod exact;
mod graph;
mod greedy;
mod shortage;
mod solution;

#[cfg(test)]
mod tests;

pub use graph::{COST_MAX, Edge, Graph, GraphError, SIDE_MAX};
pub use solution::{Solution, Solver};

use budget::{Budget, UsedUp};
use exact::{Matching, cheapest};
use shortage::shortage;
use solution::LowerBounds;

/// Matches as many rows as possible at the least cost. The rows that are left after so many edge visits are matched
/// greedily.
///
/// On average an edge was visited up to six times where drivers were plenty or scarce, and up to sixty times where
/// there were about as many drivers as riders; docs/performance.md has the times. The greedy part visits no edge twice.
pub fn solve(graph: &Graph, visits_max: u64) -> Solution {
    let mut attempt = Attempt::of(graph, visits_max);
    let solver = match attempt.exact() {
        Ok(()) => Solver::Exact,
        Err(UsedUp) => {
            attempt.budget.visits += greedy::fill(graph, &mut attempt.taken);
            Solver::Greedy
        }
    };
    let Attempt {
        budget,
        taken,
        bounds,
        ..
    } = attempt;
    Solution::new(&taken, solver, budget.visits, &bounds)
}

/// A solution in progress.
struct Attempt<'g> {
    graph: &'g Graph,
    budget: Budget,
    /// By row: the matched edge.
    taken: Vec<Option<Edge>>,
    bounds: LowerBounds<'g>,
}

impl<'g> Attempt<'g> {
    fn of(graph: &'g Graph, visits_max: u64) -> Self {
        Self {
            graph,
            budget: Budget {
                visits: 0,
                visits_max,
            },
            taken: vec![None; graph.rows()],
            bounds: LowerBounds::of(graph),
        }
    }

    fn exact(&mut self) -> Result<(), UsedUp> {
        let short = shortage(self.graph, &mut self.budget)?;
        self.bounds.matched_max = short.matches;
        if !short.is_any() {
            return self.rows_of(self.graph);
        }
        let ample = |row: usize, column: usize| !short.rows[row] && !short.columns[column];
        self.rows_of(&self.graph.only(ample))?;
        let competing = self.graph.only(|row, _| short.rows[row]);
        self.columns_of(&competing.transposed())
    }

    /// Matches every row of that part.
    fn rows_of(&mut self, part: &Graph) -> Result<(), UsedUp> {
        let (Matching { taken, prices }, outcome) = cheapest(part, &mut self.budget);
        self.taken = taken;
        self.bounds.prices = prices;
        outcome
    }

    /// Matches every column of a part that is given transposed.
    fn columns_of(&mut self, transposed: &Graph) -> Result<(), UsedUp> {
        let (Matching { taken, .. }, outcome) = cheapest(transposed, &mut self.budget);
        for (column, edge) in (0..).zip(taken) {
            if let Some(Edge { column: row, cost }) = edge {
                self.taken[row as usize] = Some(Edge { column, cost });
            }
        }
        outcome
    }
}
