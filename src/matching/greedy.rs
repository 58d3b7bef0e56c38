//! The cheapest edges first, where there is no time for the best answer.

use super::graph::{Edge, Graph};

/// Matches rows that are still without a column, cheapest edge first, then by row, then by column; gives how many edges were looked at.
pub(super) fn fill(graph: &Graph, taken: &mut [Option<Edge>]) -> u64 {
    let mut is_taken = vec![false; graph.columns()];
    for edge in taken.iter().flatten() {
        is_taken[edge.column as usize] = true;
    }
    let mut visits = 0;
    let mut edges: Vec<(i64, usize, u32)> = Vec::new();
    for (row, _) in taken
        .iter()
        .enumerate()
        .filter(|(_, taken)| taken.is_none())
    {
        visits += graph.row(row).len() as u64;
        let free = graph.row(row).iter();
        let free = free.filter(|edge| !is_taken[edge.column as usize]);
        edges.extend(free.map(|edge| (edge.cost, row, edge.column)));
    }
    edges.sort_unstable();
    for (cost, row, column) in edges {
        if taken[row].is_none() && !is_taken[column as usize] {
            taken[row] = Some(Edge { column, cost });
            is_taken[column as usize] = true;
        }
    }
    visits
}
