//! Who is matched with whom: one assignment for all that wait, over a sparse graph.
//!
//! Rows are riders, columns are drivers; an edge says that this driver may be offered to that rider, and at what cost.
//! A `Graph` is plain data that can be stored with a decision and solved again; `solve` gives most matches first, and
//! of those the cheapest, in whole numbers. It knows no clock, no randomness, no thread and no other module, so the
//! same graph has the same `Solution` on every machine. Which of several best answers it is follows from the order of
//! rows and columns alone: rows have their turns in order, and of columns that cost a row the same the lower one comes
//! first.
//!
//! How it is done: `shortage` finds the rows that compete for too few columns. Outside of it every row can be matched,
//! and inside every column; so `exact` solves the first part for the rows and the second, turned round, for the
//! columns. Neither has to weigh a match against its cost, nor to search all there is before it knows that somebody
//! must stay behind. Parts of the graph that hang together by no edge need no care of their own, since no search leaves
//! them.
//!
//! What may be spent on the best answer is a number of edges to look at, not a time: a time would make the answer
//! depend on the machine and on what else it does, and neither a simulation nor a stored decision could be repeated.
//! When it is used up the rows that are left get their column greedily, and the solution says so.
//!
//! Candidates for those who stay unmatched, the meaning of a cost, and when to solve at all are the caller's.

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

/// Matches as many rows as can be, at the least cost; greedily what is left when so many edges have been looked at.
///
/// An edge was looked at up to six times on average where drivers were plenty or short, and up to sixty times where
/// there were about as many as riders; docs/performance.md has the times. The greedy rest looks at no edge twice.
pub fn solve(graph: &Graph, visits_max: u64) -> Solution {
    let mut attempt = Attempt {
        graph,
        budget: Budget {
            visits: 0,
            visits_max,
        },
        taken: vec![None; graph.rows()],
        bounds: LowerBounds::of(graph),
    };
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

/// What has been found so far.
struct Attempt<'g> {
    graph: &'g Graph,
    budget: Budget,
    /// By row.
    taken: Vec<Option<Edge>>,
    bounds: LowerBounds<'g>,
}

impl Attempt<'_> {
    fn exact(&mut self) -> Result<(), UsedUp> {
        let short = shortage(self.graph, &mut self.budget)?;
        self.bounds.matched_max = short.matches;
        if !short.is_any() {
            return self.rows_of(self.graph);
        }
        let ample = |row: usize, column: usize| !short.rows[row] && !short.columns[column];
        self.rows_of(&self.graph.only(ample))?;
        let competing = self.graph.only(|row, _| short.rows[row]);
        self.columns_of(&competing.turned())
    }

    /// Every row of that part gets a column.
    fn rows_of(&mut self, part: &Graph) -> Result<(), UsedUp> {
        let (Matching { taken, prices }, outcome) = cheapest(part, &mut self.budget);
        self.taken = taken;
        self.bounds.prices = prices;
        outcome
    }

    /// Every column of that part, which are its rows, gets a row.
    fn columns_of(&mut self, turned: &Graph) -> Result<(), UsedUp> {
        let (Matching { taken, .. }, outcome) = cheapest(turned, &mut self.budget);
        for (column, edge) in (0..).zip(taken) {
            if let Some(Edge { column: row, cost }) = edge {
                self.taken[row as usize] = Some(Edge { column, cost });
            }
        }
        outcome
    }
}
