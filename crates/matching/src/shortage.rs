//! Finds the shortage: the rows that compete for too few columns, so that not all of them can be matched.
//!
//! First a matching with the most matches is made, at any cost. In rounds, each unmatched row searches depth first for
//! an unmatched column, and no column is passed twice in one round. In the last round no remaining row finds one. The
//! rows and columns passed in that round are the shortage. These rows have edges to these columns only. Every matching
//! with the most matches gives each of these columns to one of these rows, and matches every other row (the
//! decomposition of Dulmage and Mendelsohn). So the problem falls into two parts, and in each of them one side is
//! matched completely.

use super::budget::{Budget, UsedUp};
use super::graph::Graph;

/// Stands for the row of an unmatched column.
const UNMATCHED: u32 = u32::MAX;

/// Rows, and the fewer columns to which all edges of these rows lead.
pub(super) struct Shortage {
    /// By row: whether it belongs to the shortage.
    pub(super) rows: Vec<bool>,
    /// By column: whether it belongs to the shortage.
    pub(super) columns: Vec<bool>,
    /// The most matches that the whole graph allows.
    pub(super) matches: usize,
}

impl Shortage {
    /// Whether the graph has a shortage.
    pub(super) fn is_any(&self) -> bool {
        self.rows.contains(&true)
    }
}

/// A matching that grows row by row.
struct Growing<'g> {
    graph: &'g Graph,
    budget: &'g mut Budget,
    row_of: Vec<u32>,
    /// By row: the index of its first edge whose column may still be unmatched.
    fresh: Vec<u32>,
    /// By row: the index of its first edge whose column may not have been passed in this round.
    next: Vec<u32>,
    /// By column: the last round in which it was passed.
    round_of: Vec<u32>,
    round: u32,
    /// The rows of the present search, from the unmatched one on, each with the column that it would take.
    path: Vec<(u32, u32)>,
}

/// Finds the shortage of a graph.
pub(super) fn shortage(graph: &Graph, budget: &mut Budget) -> Result<Shortage, UsedUp> {
    let mut growing = Growing {
        graph,
        budget,
        row_of: vec![UNMATCHED; graph.columns()],
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
            return Ok(growing.passed(&left));
        }
    }
}

impl Growing<'_> {
    /// Searches for a column for one more row. Returns whether there was one.
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

    /// An unmatched column of the row.
    fn free(&mut self, row: u32) -> Option<u32> {
        let fresh = &mut self.fresh[row as usize];
        for edge in &self.graph.row(row as usize)[*fresh as usize..] {
            self.budget.visits += 1;
            *fresh += 1;
            if self.row_of[edge.column as usize] == UNMATCHED {
                self.round_of[edge.column as usize] = self.round;
                return Some(edge.column);
            }
        }
        None
    }

    /// A column of the row that was not passed in this round.
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

    /// The rows and columns that were passed in the last round, in which the remaining rows found no column.
    fn passed(&self, left: &[u32]) -> Shortage {
        let mut shortage = Shortage {
            rows: vec![false; self.graph.rows()],
            columns: vec![false; self.graph.columns()],
            matches: self.row_of.iter().filter(|row| **row != UNMATCHED).count(),
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
