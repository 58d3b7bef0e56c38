//! The cheapest way to match every row, where that can be done: shortest augmenting paths.
//!
//! Every column has a price, zero to begin with, and a row pays its edge and that price. What holds between any two
//! steps: a matched row could not pay less elsewhere, and a column that nobody has is free of charge. Then the matches
//! are the cheapest there are for the rows settled so far, and a row more is settled by the cheapest chain of changes
//! that ends at a column nobody has: the new row takes a column, whose row takes another, and so on.
//!
//! Since a row's edges are sorted and prices are never below zero, a search leaves a row at the first edge that is too
//! dear by its cost alone. How many more there are costs nothing. Letting rows bid for columns before any search, as is
//! usual with dense costs, saved nothing on such graphs; that each row first takes its cheapest column, where nobody
//! has it, is all that is left of it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::budget::{Budget, UsedUp};
use super::graph::{Edge, Graph};

/// No row has the column.
const NOBODY: u32 = u32::MAX;

/// The rows' edges, and what they pay for their columns.
pub(super) struct Matching {
    /// By row: the edge to its column; some have none yet where the budget was used up.
    pub(super) taken: Vec<Option<Edge>>,
    /// By column.
    pub(super) prices: Vec<i64>,
}

/// What is settled so far.
struct Settling<'g> {
    graph: &'g Graph,
    budget: &'g mut Budget,
    /// By row: the edge to its column.
    taken: Vec<Option<Edge>>,
    /// By column: who has it, and at what price.
    held: Vec<Held>,
    search: PathSearch,
}

#[derive(Clone, Copy)]
struct Held {
    price: i64,
    row: u32,
}

/// The memory of a search; empty between two of them.
struct PathSearch {
    /// By column: how it was reached at the least cost.
    reached: Vec<Reached>,
    touched: Vec<u32>,
    /// Columns whose cost is final, with it.
    settled: Vec<(u32, i64)>,
    queue: BinaryHeap<Reverse<(i64, u32)>>,
}

/// How a search came to a column.
#[derive(Clone, Copy)]
struct Reached {
    /// What the changes up to here cost.
    distance: i64,
    /// What the last edge costs.
    cost: i64,
    /// Which row would take the column.
    row: u32,
}

const UNREACHED: Reached = Reached {
    distance: i64::MAX,
    cost: 0,
    row: NOBODY,
};

/// Matches the rows that have edges, each of which can be matched, as far as the budget goes.
pub(super) fn cheapest(graph: &Graph, budget: &mut Budget) -> (Matching, Result<(), UsedUp>) {
    let nobody = Held {
        price: 0,
        row: NOBODY,
    };
    let mut settling = Settling {
        graph,
        budget,
        taken: vec![None; graph.rows()],
        held: vec![nobody; graph.columns()],
        search: PathSearch {
            reached: vec![UNREACHED; graph.columns()],
            touched: Vec::new(),
            settled: Vec::new(),
            queue: BinaryHeap::new(),
        },
    };
    let outcome = settling.run();
    let matching = Matching {
        taken: settling.taken,
        prices: settling.held.iter().map(|held| held.price).collect(),
    };
    (matching, outcome)
}

impl Settling<'_> {
    fn run(&mut self) -> Result<(), UsedUp> {
        for row in self.cheapest_columns()? {
            self.augment(row)?;
        }
        Ok(())
    }

    /// Gives each row its cheapest column, where no row before has it; gives the other rows.
    fn cheapest_columns(&mut self) -> Result<Vec<u32>, UsedUp> {
        let mut left = Vec::new();
        for row in (0..).take(self.graph.rows()) {
            let Some(edge) = self.graph.row(row as usize).first() else {
                continue;
            };
            self.budget.check()?;
            self.budget.visits += 1;
            let held = &mut self.held[edge.column as usize];
            if held.row == NOBODY {
                held.row = row;
                self.taken[row as usize] = Some(*edge);
            } else {
                left.push(row);
            }
        }
        Ok(left)
    }

    /// Settles one row more by the cheapest chain of changes.
    fn augment(&mut self, start: u32) -> Result<(), UsedUp> {
        let found = self.shortest(start);
        if let Ok(Some((end, distance))) = found {
            for (column, at) in self.search.settled.drain(..) {
                self.held[column as usize].price += distance - at;
            }
            self.change(end);
        }
        for column in self.search.touched.drain(..) {
            self.search.reached[column as usize] = UNREACHED;
        }
        self.search.settled.clear();
        self.search.queue.clear();
        found.map(drop)
    }

    /// Where the cheapest chain ends, and what it costs.
    fn shortest(&mut self, start: u32) -> Result<Option<(u32, i64)>, UsedUp> {
        let mut end = None;
        let (mut row, mut before) = (start, 0);
        loop {
            self.budget.check()?;
            self.look(row, before, &mut end);
            let limit = end.map_or(i64::MAX, |(_, distance)| distance);
            let Some((column, distance)) = self.search.next(limit) else {
                return Ok(end);
            };
            row = self.held[column as usize].row;
            before = distance - self.pays(row);
        }
    }

    /// What a matched row pays.
    fn pays(&self, row: u32) -> i64 {
        let edge = self.taken[row as usize].expect("a column's row is matched");
        edge.cost + self.held[edge.column as usize].price
    }

    /// Looks at what a row could have instead, if it costs less than the best end known.
    fn look(&mut self, row: u32, before: i64, end: &mut Option<(u32, i64)>) {
        let PathSearch {
            reached,
            touched,
            queue,
            ..
        } = &mut self.search;
        let mut limit = end.map_or(i64::MAX, |(_, distance)| distance);
        for edge in self.graph.row(row as usize) {
            self.budget.visits += 1;
            if before + edge.cost >= limit {
                break;
            }
            let column = edge.column as usize;
            let Held { price, row: holder } = self.held[column];
            let distance = before + edge.cost + price;
            let known = &mut reached[column];
            if distance >= limit || distance >= known.distance {
                continue;
            }
            if known.distance == i64::MAX {
                touched.push(edge.column);
            }
            *known = Reached {
                distance,
                cost: edge.cost,
                row,
            };
            if holder == NOBODY {
                *end = Some((edge.column, distance));
                limit = distance;
            } else {
                queue.push(Reverse((distance, edge.column)));
            }
        }
    }

    /// Carries out the chain of changes that ends with that column.
    fn change(&mut self, end: u32) {
        let mut column = end;
        loop {
            let Reached { row, cost, .. } = self.search.reached[column as usize];
            self.held[column as usize].row = row;
            match self.taken[row as usize].replace(Edge { column, cost }) {
                Some(left) => column = left.column,
                None => return,
            }
        }
    }
}

impl PathSearch {
    /// The nearest column that is not settled, which it now is; none as near as that.
    fn next(&mut self, limit: i64) -> Option<(u32, i64)> {
        while let Some(Reverse((distance, column))) = self.queue.pop() {
            if distance >= limit {
                return None;
            }
            // Otherwise it was reached at less cost later, and has had its turn.
            if self.reached[column as usize].distance == distance {
                self.settled.push((column, distance));
                return Some((column, distance));
            }
        }
        None
    }
}
