//! How long it takes from many places to one: a search that goes from the one against the streets (Dijkstra), until all
//! are reached or the time is over.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::graph::{CLOSED, RoadGraph};
use super::snap::OnStreet;

/// Reached without an arc: the goal lies on a street that begins there.
pub(super) const NO_ARC: u32 = u32::MAX;

/// What one search writes down; the next one goes on in the same memory. What carries an older number counts as blank.
#[derive(Debug)]
pub(super) struct SearchScratch {
    search: u32,
    nodes: Vec<Label>,
    /// Milliseconds in the upper half, the node in the lower.
    open: BinaryHeap<Reverse<u64>>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Label {
    /// Which search has reached the node.
    reached: u32,
    /// Which search looks for it.
    wanted: u32,
    /// From the node to the goal.
    ms: u32,
    /// The arc to begin with.
    arc: u32,
}

/// How one leaves a place on a street.
#[derive(Debug, Clone, Copy)]
pub(super) struct Exit {
    /// To which node.
    pub node: u32,
    /// After how many milliseconds.
    pub ms: u32,
    /// In which direction of the street; in none by who stands at the corner.
    pub way: Option<u32>,
}

/// From a corner by any of its streets, from elsewhere by the directions of the street.
pub(super) fn exits(graph: &RoadGraph, at: OnStreet) -> impl Iterator<Item = Exit> {
    let street = graph.streets[at.street as usize];
    let exit = |node, ms, way| Exit { node, ms, way };
    let corner = at.corner(graph).map(|node| exit(node, 0, None));
    let way = 2 * at.street;
    let forward = part(street.forward_ms, 1.0 - at.share);
    let backward = part(street.backward_ms, at.share);
    let along = [
        exit(street.to, forward, Some(way)),
        exit(street.from, backward, Some(way + 1)),
    ];
    let along = along
        .into_iter()
        .filter(move |exit| corner.is_none() && exit.ms != CLOSED);
    corner.into_iter().chain(along)
}

/// From which nodes one comes to a place on their street, and how long that takes.
fn entries(graph: &RoadGraph, at: OnStreet) -> impl Iterator<Item = (u32, u32)> {
    let street = graph.streets[at.street as usize];
    let corner = at.corner(graph).map(|node| (node, 0));
    let forward = (street.from, part(street.forward_ms, at.share));
    let backward = (street.to, part(street.backward_ms, 1.0 - at.share));
    let along = [forward, backward].into_iter();
    let along = along.filter(move |(_, ms)| corner.is_none() && *ms != CLOSED);
    corner.into_iter().chain(along)
}

/// Along the street that both are on, where its direction allows that: how long, and in which direction.
pub(super) fn along_the_street(
    graph: &RoadGraph,
    from: OnStreet,
    to: OnStreet,
) -> Option<(u32, u32)> {
    if from.street != to.street {
        return None;
    }
    let street = graph.streets[from.street as usize];
    let ahead = to.share - from.share;
    let way = 2 * from.street;
    let forward = (ahead >= 0.0).then(|| (part(street.forward_ms, ahead), way));
    let backward = (ahead <= 0.0).then(|| (part(street.backward_ms, -ahead), way + 1));
    let open = forward
        .into_iter()
        .chain(backward)
        .filter(|(ms, _)| *ms != CLOSED);
    open.min()
}

/// So much of the time for a whole street; a closed one stays closed.
fn part(ms: u32, share: f64) -> u32 {
    if ms == CLOSED {
        return CLOSED;
    }
    // The share is from 0 to 1, so this is no more than it was.
    (f64::from(ms) * share).round() as u32
}

impl SearchScratch {
    pub(super) fn new(graph: &RoadGraph) -> Self {
        Self {
            search: 0,
            nodes: vec![Label::default(); graph.nodes()],
            open: BinaryHeap::new(),
        }
    }

    /// For each of the places how long it takes to `goal`, in milliseconds; nothing where it takes longer than
    /// `ms_max`, and for what is no place.
    pub(super) fn times(
        &mut self,
        graph: &RoadGraph,
        goal: OnStreet,
        from: &[Option<OnStreet>],
        ms_max: u32,
    ) -> Vec<Option<u32>> {
        self.begin(graph, goal);
        let mut missing = 0_u32;
        for exit in from.iter().flatten().flat_map(|at| exits(graph, *at)) {
            let label = &mut self.nodes[exit.node as usize];
            missing += u32::from(label.wanted != self.search);
            label.wanted = self.search;
        }
        self.run(graph, missing, ms_max);
        let times = from.iter().map(|at| {
            let at = (*at)?;
            let around =
                exits(graph, at).filter_map(|exit| exit.ms.checked_add(self.ms(exit.node)?));
            let direct = along_the_street(graph, at, goal).map(|(ms, _)| ms);
            // What the search has not come to is further away than `ms_max`, and so is every time that was found for it
            // so far.
            around.chain(direct).min().filter(|ms| *ms <= ms_max)
        });
        times.collect()
    }

    /// From a node to the goal; nothing for one that was not reached.
    pub(super) fn ms(&self, node: u32) -> Option<u32> {
        let label = self.nodes[node as usize];
        (label.reached == self.search).then_some(label.ms)
    }

    /// The arc that leads from a node, which was reached, towards the goal; [`NO_ARC`] where its street does.
    pub(super) fn arc(&self, node: u32) -> u32 {
        self.nodes[node as usize].arc
    }

    fn begin(&mut self, graph: &RoadGraph, goal: OnStreet) {
        self.search = self.search.checked_add(1).unwrap_or_else(|| {
            self.nodes.fill(Label::default());
            1
        });
        self.open.clear();
        for (node, ms) in entries(graph, goal) {
            self.reach(node, ms, NO_ARC);
        }
    }

    fn run(&mut self, graph: &RoadGraph, mut missing: u32, ms_max: u32) {
        while missing > 0
            && let Some(Reverse(next)) = self.open.pop()
        {
            let (ms, node) = ((next >> 32) as u32, next as u32);
            if ms > ms_max {
                break;
            }
            let label = self.nodes[node as usize];
            if ms > label.ms {
                continue; // it was reached sooner meanwhile
            }
            missing -= u32::from(label.wanted == self.search);
            let (first, arcs) = graph.into(node);
            for (number, arc) in (first as u32..).zip(arcs) {
                // Beyond 49 days nothing is worth knowing.
                if let Some(ms) = ms.checked_add(arc.ms) {
                    self.reach(arc.from, ms, number);
                }
            }
        }
    }

    fn reach(&mut self, node: u32, ms: u32, arc: u32) {
        let label = &mut self.nodes[node as usize];
        if label.reached != self.search || ms < label.ms {
            label.reached = self.search;
            label.ms = ms;
            label.arc = arc;
            self.open
                .push(Reverse(u64::from(ms) << 32 | u64::from(node)));
        }
    }
}
