//! Finds the driving times from many points to one goal. The search (Dijkstra's) goes backwards from the goal until all
//! points are reached or the time is exceeded.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::graph::{CLOSED, RoadGraph};
use super::snap::OnStreet;

/// Marks a node that was reached without an arc: the goal lies on a street that begins there.
pub(super) const NO_ARC: u32 = u32::MAX;

/// The buffers of a search, which later searches reuse. A label with an older search's number counts as empty.
#[derive(Debug)]
pub(super) struct SearchScratch {
    search: u32,
    nodes: Vec<Label>,
    /// The milliseconds in the upper half, the node in the lower half.
    open: BinaryHeap<Reverse<u64>>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Label {
    /// The search that reached the node last.
    reached: u32,
    /// The search that needs the node's time.
    wanted: u32,
    /// The time from the node to the goal.
    ms: u32,
    /// The first arc of the route from the node to the goal.
    arc: u32,
}

/// A way to leave a point on a street.
#[derive(Debug, Clone, Copy)]
pub(super) struct Exit {
    pub node: u32,
    /// The time to the node, in milliseconds.
    pub ms: u32,
    /// The direction of the street. `None` for a point that is at a node.
    pub direction: Option<u32>,
}

/// The exits of a point: its node if it is at one, and otherwise the ends of its street.
pub(super) fn exits(graph: &RoadGraph, at: OnStreet) -> impl Iterator<Item = Exit> {
    let street = graph.streets[at.street as usize];
    let exit = |node, ms, direction| Exit {
        node,
        ms,
        direction,
    };
    let corner = at.corner(graph).map(|node| exit(node, 0, None));
    let direction = 2 * at.street;
    let forward = part(street.forward_ms, 1.0 - at.share);
    let backward = part(street.backward_ms, at.share);
    let along = [
        exit(street.to, forward, Some(direction)),
        exit(street.from, backward, Some(direction + 1)),
    ];
    let along = along
        .into_iter()
        .filter(move |exit| corner.is_none() && exit.ms != CLOSED);
    corner.into_iter().chain(along)
}

/// The nodes from which a point on a street is entered, and the time from each to the point.
fn entries(graph: &RoadGraph, at: OnStreet) -> impl Iterator<Item = (u32, u32)> {
    let street = graph.streets[at.street as usize];
    let corner = at.corner(graph).map(|node| (node, 0));
    let forward = (street.from, part(street.forward_ms, at.share));
    let backward = (street.to, part(street.backward_ms, 1.0 - at.share));
    let along = [forward, backward].into_iter();
    let along = along.filter(move |(_, ms)| corner.is_none() && *ms != CLOSED);
    corner.into_iter().chain(along)
}

/// The time between two points on the same street and the direction, if that direction may be driven.
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
    let direction = 2 * from.street;
    let forward = (ahead >= 0.0).then(|| (part(street.forward_ms, ahead), direction));
    let backward = (ahead <= 0.0).then(|| (part(street.backward_ms, -ahead), direction + 1));
    let open = forward
        .into_iter()
        .chain(backward)
        .filter(|(ms, _)| *ms != CLOSED);
    open.min()
}

/// A share of the time of a whole street. A closed direction stays closed.
fn part(ms: u32, share: f64) -> u32 {
    if ms == CLOSED {
        return CLOSED;
    }
    // The share is from 0 to 1, so the result fits.
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

    /// The time from each of the points to `goal`, in milliseconds. `None` if it is more than `ms_max`, or if the point
    /// is `None`.
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
            // A node that the search has not settled is further away than `ms_max`, and so is any time found for it so
            // far.
            around.chain(direct).min().filter(|ms| *ms <= ms_max)
        });
        times.collect()
    }

    /// The time from a node to the goal; `None` if the node was not reached.
    pub(super) fn ms(&self, node: u32) -> Option<u32> {
        let label = self.nodes[node as usize];
        (label.reached == self.search).then_some(label.ms)
    }

    /// The arc from a node that was reached towards the goal; [`NO_ARC`] if the goal is on a street of the node.
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
                continue; // a shorter time was found since
            }
            missing -= u32::from(label.wanted == self.search);
            let (first, arcs) = graph.into(node);
            for (number, arc) in (first as u32..).zip(arcs) {
                // Times beyond 49 days are of no interest.
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
