//! Finds the largest strongly connected part of a graph.

/// For each node, whether it belongs to the largest strongly connected part. Kosaraju's algorithm: forward searches
/// give an order of the nodes, and backward searches in the reverse order give the parts. It does not recurse, since a
/// chain of streets may have a million nodes.
pub(super) fn largest_part(nodes: usize, edges: &[(u32, u32)]) -> Vec<bool> {
    let forwards = NeighbourRow::new(nodes, edges.iter().copied());
    let backwards = NeighbourRow::new(nodes, edges.iter().map(|(from, to)| (*to, *from)));
    let order = ended(nodes, &forwards);
    let mut part_of = vec![None; nodes];
    let mut sizes = Vec::new();
    for begin in order.into_iter().rev() {
        if part_of[begin as usize].is_some() {
            continue;
        }
        let part = Some(sizes.len());
        let mut size = 0_usize;
        let mut open = vec![begin];
        part_of[begin as usize] = part;
        while let Some(node) = open.pop() {
            size += 1;
            for next in backwards.of(node) {
                if part_of[*next as usize].is_none() {
                    part_of[*next as usize] = part;
                    open.push(*next);
                }
            }
        }
        sizes.push(size);
    }
    // Of equally large parts the first one, so that a file always gives the same graph.
    let largest = (0..sizes.len()).rev().max_by_key(|part| sizes[*part]);
    part_of.into_iter().map(|part| part == largest).collect()
}

/// The nodes in the order in which depth-first searches from all nodes finish them.
fn ended(nodes: usize, edges: &NeighbourRow) -> Vec<u32> {
    let mut is_known = vec![false; nodes];
    let mut order = Vec::with_capacity(nodes);
    let mut open: Vec<(u32, usize)> = Vec::new();
    for begin in 0..nodes as u32 {
        if std::mem::replace(&mut is_known[begin as usize], true) {
            continue;
        }
        open.push((begin, 0));
        while let Some((node, tried)) = open.last_mut() {
            match edges.of(*node).get(*tried) {
                Some(next) => {
                    *tried += 1;
                    if !std::mem::replace(&mut is_known[*next as usize], true) {
                        open.push((*next, 0));
                    }
                }
                None => {
                    order.push(*node);
                    open.pop();
                }
            }
        }
    }
    order
}

/// The neighbours of all nodes in one vector.
struct NeighbourRow {
    first: Vec<usize>,
    neighbours: Vec<u32>,
}

impl NeighbourRow {
    fn new(nodes: usize, edges: impl Iterator<Item = (u32, u32)> + Clone) -> Self {
        let mut first = vec![0; nodes + 1];
        for (from, _) in edges.clone() {
            first[from as usize + 1] += 1;
        }
        for node in 0..nodes {
            first[node + 1] += first[node];
        }
        let mut free = first.clone();
        let mut neighbours = vec![0; first[nodes]];
        for (from, to) in edges {
            neighbours[free[from as usize]] = to;
            free[from as usize] += 1;
        }
        Self { first, neighbours }
    }

    fn of(&self, node: u32) -> &[u32] {
        let node = node as usize;
        &self.neighbours[self.first[node]..self.first[node + 1]]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_agrees_with_asking_for_every_pair() {
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..500 {
            let nodes = random.usize(1..9);
            let count = random.usize(0..20);
            let node = |random: &mut fastrand::Rng| random.u32(0..nodes as u32);
            let edges: Vec<(u32, u32)> = (0..count)
                .map(|_| (node(&mut random), node(&mut random)))
                .collect();
            let mut reach = vec![vec![false; nodes]; nodes];
            for (node, row) in reach.iter_mut().enumerate() {
                row[node] = true;
            }
            for (from, to) in &edges {
                reach[*from as usize][*to as usize] = true;
            }
            for by in 0..nodes {
                for from in 0..nodes {
                    for to in 0..nodes {
                        reach[from][to] |= reach[from][by] && reach[by][to];
                    }
                }
            }
            let reach = &reach;
            let part = |node: usize| (0..nodes).filter(move |n| reach[node][*n] && reach[*n][node]);
            let most = (0..nodes).map(|node| part(node).count()).max();
            let found = largest_part(nodes, &edges);
            let one = (0..nodes)
                .find(|node| found[*node])
                .expect("no graph is without a part");
            let expected: Vec<bool> = (0..nodes)
                .map(|n| part(one).any(|other| other == n))
                .collect();
            assert_eq!(found, expected, "{edges:?}");
            assert_eq!(Some(part(one).count()), most, "{edges:?}");
        }
    }
}
