//! The cheapest edges first, where there is no budget for the best answer.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::graph::{Edge, Graph};

/// Matches rows that are still without a column, cheapest edge first, then by row, then by column; gives how many edges were looked at.
pub(super) fn fill(graph: &Graph, taken: &mut [Option<Edge>]) -> u64 {
    let mut is_taken = vec![false; graph.columns()];
    for edge in taken.iter().flatten() {
        is_taken[edge.column as usize] = true;
    }
    // Of each row the next edge that is still to be looked at, as its cost, the row and the edge's place in it.
    let unmatched = (0..graph.rows()).filter(|row| taken[*row].is_none());
    let firsts = unmatched.filter_map(|row| wish(graph, row, 0));
    let mut wishes: BinaryHeap<Preference> = firsts.collect();
    let mut visits = 0;
    while let Some(Reverse((_, row, place))) = wishes.pop() {
        visits += 1;
        let edge = graph.row(row)[place];
        let is_taken = &mut is_taken[edge.column as usize];
        if *is_taken {
            wishes.extend(wish(graph, row, place + 1));
        } else {
            *is_taken = true;
            taken[row] = Some(edge);
        }
    }
    visits
}

type Preference = Reverse<(i64, usize, usize)>;

fn wish(graph: &Graph, row: usize, place: usize) -> Option<Preference> {
    let edge = graph.row(row).get(place)?;
    Some(Reverse((edge.cost, row, place)))
}
