//! Greedy matching, cheapest edge first, for when the budget does not suffice for the best answer.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::graph::{Edge, Graph};

/// Matches the rows without a column, by cheapest edge, then by row, then by column; returns how many edges it visited.
pub(super) fn fill(graph: &Graph, taken: &mut [Option<Edge>]) -> u64 {
    let mut is_taken = vec![false; graph.columns()];
    for edge in taken.iter().flatten() {
        is_taken[edge.column as usize] = true;
    }
    // The next edge of each unmatched row that was not visited yet.
    let unmatched = (0..graph.rows()).filter(|row| taken[*row].is_none());
    let firsts = unmatched.filter_map(|row| next_edge(graph, row, 0));
    let mut next_edges: BinaryHeap<NextEdge> = firsts.collect();
    let mut visits = 0;
    while let Some(Reverse((_, row, index))) = next_edges.pop() {
        visits += 1;
        let edge = graph.row(row)[index];
        let is_taken = &mut is_taken[edge.column as usize];
        if *is_taken {
            next_edges.extend(next_edge(graph, row, index + 1));
        } else {
            *is_taken = true;
            taken[row] = Some(edge);
        }
    }
    visits
}

/// The cost, the row, and the index of the edge within the row.
type NextEdge = Reverse<(i64, usize, usize)>;

fn next_edge(graph: &Graph, row: usize, index: usize) -> Option<NextEdge> {
    let edge = graph.row(row).get(index)?;
    Some(Reverse((edge.cost, row, index)))
}
