//! Finds the cheapest matching of all rows by shortest augmenting paths. Each row must have a column to match.
//!
//! Every column has a price, which begins at zero, and a row pays the cost of its edge plus that price. Two things hold
//! between any two steps: no matched row could pay less elsewhere, and every unmatched column has the price zero. So
//! the matches are the cheapest for the rows settled so far. The next row is settled by the cheapest chain of changes
//! that ends at an unmatched column: the new row takes a column, whose row takes another one, and so on.
//!
//! A row's edges are sorted and prices are never negative, so a search leaves a row at the first edge whose cost alone
//! is too high. Further edges cost nothing. With dense costs, rows usually bid for columns before any search. On sparse
//! graphs that saved nothing, so each row only takes its cheapest column at first if that is still unmatched.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::budget::{Budget, UsedUp};
use super::graph::{Edge, Graph};

/// Stands for the row of an unmatched column.
const UNMATCHED: u32 = u32::MAX;

/// The matched edges, and the prices of the columns.
pub(super) struct Matching {
    /// By row: the edge to its column. Rows without an edge have none, and neither have rows that the budget left out.
    pub(super) taken: Vec<Option<Edge>>,
    /// By column.
    pub(super) prices: Vec<i64>,
}

/// The search for a matching, and what is settled so far.
struct Settling<'g> {
    graph: &'g Graph,
    budget: &'g mut Budget,
    /// By row: the edge to its column.
    taken: Vec<Option<Edge>>,
    /// By column: its row and its price.
    held: Vec<Held>,
    search: PathSearch,
}

#[derive(Clone, Copy)]
struct Held {
    price: i64,
    row: u32,
}

/// The memory of a search, which is empty between two searches.
struct PathSearch {
    /// By column: the cheapest chain that reaches it.
    reached: Vec<Reached>,
    touched: Vec<u32>,
    /// Columns whose distance is final, each with that distance.
    settled: Vec<(u32, i64)>,
    queue: BinaryHeap<Reverse<(i64, u32)>>,
}

/// The last step of the cheapest chain to a column.
#[derive(Clone, Copy)]
struct Reached {
    /// The cost of the chain.
    distance: i64,
    /// The cost of its last edge.
    cost: i64,
    /// The row that would take the column.
    row: u32,
}

const UNREACHED: Reached = Reached {
    distance: i64::MAX,
    cost: 0,
    row: UNMATCHED,
};

/// Matches the rows that have edges, as far as the budget goes. Each of them can be matched.
pub(super) fn cheapest(graph: &Graph, budget: &mut Budget) -> (Matching, Result<(), UsedUp>) {
    let unmatched = Held {
        price: 0,
        row: UNMATCHED,
    };
    let mut settling = Settling {
        graph,
        budget,
        taken: vec![None; graph.rows()],
        held: vec![unmatched; graph.columns()],
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

    /// Matches each row with its cheapest column, unless an earlier row has it. Returns the other rows.
    fn cheapest_columns(&mut self) -> Result<Vec<u32>, UsedUp> {
        let mut left = Vec::new();
        for row in (0..).take(self.graph.rows()) {
            let Some(edge) = self.graph.row(row as usize).first() else {
                continue;
            };
            self.budget.check()?;
            self.budget.visits += 1;
            let held = &mut self.held[edge.column as usize];
            if held.row == UNMATCHED {
                held.row = row;
                self.taken[row as usize] = Some(*edge);
            } else {
                left.push(row);
            }
        }
        Ok(left)
    }

    /// Settles one more row by the cheapest chain of changes.
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

    /// The column at which the cheapest chain ends, and the cost of the chain.
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

    /// The cost and the price that a matched row pays.
    fn pays(&self, row: u32) -> i64 {
        let edge = self.taken[row as usize].expect("a column's row is matched");
        edge.cost + self.held[edge.column as usize].price
    }

    /// Visits the columns that a row could take instead, as long as they cost less than the best end found.
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
            if holder == UNMATCHED {
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
    /// Settles the nearest unsettled column, if it is nearer than `limit`.
    fn next(&mut self, limit: i64) -> Option<(u32, i64)> {
        while let Some(Reverse((distance, column))) = self.queue.pop() {
            if distance >= limit {
                return None;
            }
            // Otherwise a cheaper chain to it was found later, and it is settled already.
            if self.reached[column as usize].distance == distance {
                self.settled.push((column, distance));
                return Some((column, distance));
            }
        }
        None
    }
}
