//! Where columns are short: which rows must compete, since not all of them can be matched.
//!
//! A matching with the most matches is made, of any cost: rows look for a free column in turns, depth first, no two of
//! them over the same column in one round. In the last round none of those that are left finds one. The rows and
//! columns they have come by then are the shortage: these rows have edges to these columns only, and every matching
//! with the most matches gives each of these columns to one of these rows, and a column to every row that is not among
//! them (Dulmage and Mendelsohn's decomposition). So the problem falls into two parts in each of which one side is
//! matched completely.

use super::budget::{Budget, UsedUp};
use super::graph::Graph;

const NOBODY: u32 = u32::MAX;

/// Rows and columns with the rows' edges only among themselves, and fewer columns than rows.
pub(super) struct Shortage {
    /// By row.
    pub(super) rows: Vec<bool>,
    /// By column.
    pub(super) columns: Vec<bool>,
    /// How many matches there are at most, in the whole graph.
    pub(super) matches: usize,
}

impl Shortage {
    /// Whether there is one.
    pub(super) fn is_any(&self) -> bool {
        self.rows.contains(&true)
    }
}

/// A matching in the making.
struct Growing<'g> {
    graph: &'g Graph,
    budget: &'g mut Budget,
    row_of: Vec<u32>,
    /// By row: before which of its edges no column is free any more.
    fresh: Vec<u32>,
    /// By row: before which of its edges every column has been come by in this round.
    next: Vec<u32>,
    /// By column: in which round it was come by last.
    round_of: Vec<u32>,
    round: u32,
    /// The rows from the one that looks to the one that could give up a column, each with the column it would take.
    path: Vec<(u32, u32)>,
}

/// Finds the shortage.
pub(super) fn shortage(graph: &Graph, budget: &mut Budget) -> Result<Shortage, UsedUp> {
    let mut growing = Growing {
        graph,
        budget,
        row_of: vec![NOBODY; graph.columns()],
        fresh: vec![0; graph.rows()],
        next: vec![0; graph.rows()],
        round_of: vec![0; graph.columns()],
        round: 0,
        path: Vec::new(),
    };
    let mut left: Vec<u32> = (0..).take(graph.rows()).collect();
    left.retain(|row| !graph.row(*row as usize).is_empty());
    loop {
        growing.round += 1;
        growing.next.fill(0);
        let before = left.len();
        let mut still = Vec::new();
        for row in left {
            if !growing.grow(row)? {
                still.push(row);
            }
        }
        left = still;
        if left.is_empty() || left.len() == before {
            return Ok(growing.come_by(&left));
        }
    }
}

impl Growing<'_> {
    /// Whether one row more could be matched.
    fn grow(&mut self, row: u32) -> Result<bool, UsedUp> {
        self.path.clear();
        let mut row = row;
        loop {
            self.budget.check()?;
            if let Some(column) = self.free(row) {
                self.row_of[column as usize] = row;
                for (row, column) in self.path.drain(..) {
                    self.row_of[column as usize] = row;
                }
                return Ok(true);
            }
            if let Some(column) = self.unseen(row) {
                self.path.push((row, column));
                row = self.row_of[column as usize];
            } else if let Some((before, _)) = self.path.pop() {
                row = before;
            } else {
                return Ok(false);
            }
        }
    }

    /// A column of the row that nobody has.
    fn free(&mut self, row: u32) -> Option<u32> {
        let fresh = &mut self.fresh[row as usize];
        for edge in &self.graph.row(row as usize)[*fresh as usize..] {
            self.budget.visits += 1;
            *fresh += 1;
            if self.row_of[edge.column as usize] == NOBODY {
                self.round_of[edge.column as usize] = self.round;
                return Some(edge.column);
            }
        }
        None
    }

    /// A column of the row that was not come by in this round.
    fn unseen(&mut self, row: u32) -> Option<u32> {
        let next = &mut self.next[row as usize];
        for edge in &self.graph.row(row as usize)[*next as usize..] {
            self.budget.visits += 1;
            *next += 1;
            let seen = &mut self.round_of[edge.column as usize];
            if *seen != self.round {
                *seen = self.round;
                return Some(edge.column);
            }
        }
        None
    }

    /// What the rows that are left came by in the last round, in which nothing was found.
    fn come_by(&self, left: &[u32]) -> Shortage {
        let mut shortage = Shortage {
            rows: vec![false; self.graph.rows()],
            columns: vec![false; self.graph.columns()],
            matches: self.row_of.iter().filter(|row| **row != NOBODY).count(),
        };
        if left.is_empty() {
            return shortage;
        }
        for row in left {
            shortage.rows[*row as usize] = true;
        }
        for (column, round) in self.round_of.iter().enumerate() {
            if *round == self.round {
                shortage.columns[column] = true;
                shortage.rows[self.row_of[column] as usize] = true;
            }
        }
        shortage
    }
}
