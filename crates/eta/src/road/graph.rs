//! The graph of streets: nodes where streets meet, and all arcs in one vector, sorted by the node that they lead to.
//!
//! A street lies between two nodes and has a shape. Nothing joins it between its ends, so a search visits nodes only.
//! The graph has only the largest part in which every node can be reached from every other one, so a car on the graph
//! can get everywhere on it.

use std::collections::HashMap;

use super::part::largest_part;
use super::plane::{Plane, PlanePoint};
use domain::Coordinates;

/// Stands for the time of a direction that must not be driven.
pub(super) const CLOSED: u32 = u32::MAX;

/// A directed edge from one node to another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RoadEdge {
    pub from: u32,
    pub to: u32,
    pub metres: f64,
    /// The driving time in free traffic, in milliseconds.
    pub ms: u32,
}

/// Why a graph cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RoadGraphError {
    /// The edge with this index begins or ends at a node that does not exist.
    #[error("edge {0} begins or ends at a node that does not exist")]
    UnknownNode(usize),
    /// No streets are left.
    #[error("it has no streets on which a car could go there and back")]
    Empty,
    /// There are more nodes or points than 32 bits can count.
    #[error("it has more than four thousand million nodes or points")]
    TooLarge,
}

/// A street that is not yet part of a graph.
#[derive(Debug, Clone)]
pub(super) struct RawStreet {
    pub from: u32,
    pub to: u32,
    pub shape: Vec<Coordinates>,
    pub metres: f64,
    pub forward_ms: u32,
    pub backward_ms: u32,
}

/// A street. Its shape is `points[first..end]`, with the first point at node `from` and the last one at node `to`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Street {
    pub from: u32,
    pub to: u32,
    pub first: u32,
    pub end: u32,
    pub metres: f64,
    pub forward_ms: u32,
    pub backward_ms: u32,
}

/// A direction of a street, for searches that go backwards.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arc {
    /// The node where the direction begins.
    pub from: u32,
    pub ms: u32,
    /// Twice the street's number, plus one for the direction from `to` to `from`.
    pub direction: u32,
}

/// A graph of streets.
#[derive(Debug)]
pub struct RoadGraph {
    pub(super) plane: Plane,
    pub(super) streets: Vec<Street>,
    left_out: usize,
    pub(super) points: Vec<PlanePoint>,
    /// The distance of each point from the beginning of its street along the street, in metres of the plane.
    pub(super) along: Vec<f64>,
    /// The arcs that lead to node n are `arcs[first_into[n]..first_into[n + 1]]`.
    first_into: Vec<u32>,
    arcs: Vec<Arc>,
}

impl RoadGraph {
    /// Makes a graph of straight edges. An edge and its opposite are one street, so that a car on it may go in both
    /// directions.
    pub fn new(nodes: &[Coordinates], edges: &[RoadEdge]) -> Result<Self, RoadGraphError> {
        let node = |number: u32| usize::try_from(number).ok().and_then(|n| nodes.get(n));
        let streets = edges.iter().enumerate().map(|(number, edge)| {
            let ends = node(edge.from).zip(node(edge.to));
            let (from, to) = ends.ok_or(RoadGraphError::UnknownNode(number))?;
            Ok(RawStreet {
                from: edge.from,
                to: edge.to,
                shape: vec![*from, *to],
                metres: edge.metres,
                forward_ms: edge.ms.min(CLOSED - 1),
                backward_ms: CLOSED,
            })
        });
        let streets = streets.collect::<Result<Vec<RawStreet>, RoadGraphError>>()?;
        Self::of(nodes.len(), streets)
    }

    /// Makes a graph of these streets between so many nodes.
    pub(super) fn of(nodes: usize, drawn: Vec<RawStreet>) -> Result<Self, RoadGraphError> {
        u32::try_from(nodes).map_err(|_| RoadGraphError::TooLarge)?;
        let merged = merge(drawn);
        let directions = merged.iter().flat_map(|street| {
            let forward = (street.forward_ms != CLOSED).then_some((street.from, street.to));
            let backward = (street.backward_ms != CLOSED).then_some((street.to, street.from));
            forward.into_iter().chain(backward)
        });
        let is_kept = largest_part(nodes, &directions.collect::<Vec<_>>());
        let kept = |node: u32| is_kept[node as usize];
        let all = merged.len();
        let streets = merged.into_iter();
        let streets = streets.filter(|street| kept(street.from) && kept(street.to));
        let streets: Vec<RawStreet> = streets.collect();
        let shape = streets.first().ok_or(RoadGraphError::Empty)?.shape.iter();
        let plane = Plane::around(shape.chain(streets.iter().flat_map(|street| &street.shape)));
        let points: usize = streets.iter().map(|street| street.shape.len()).sum();
        u32::try_from(points.max(2 * streets.len())).map_err(|_| RoadGraphError::TooLarge)?;
        let laid_out = Self::lay_out(plane, &streets, &is_kept);
        let left_out = all - streets.len();
        Ok(Self {
            left_out,
            ..laid_out
        })
    }

    fn lay_out(plane: Plane, drawn: &[RawStreet], is_kept: &[bool]) -> Self {
        let mut number = vec![0_u32; is_kept.len()];
        let mut nodes = 0_u32;
        for (number, _) in number.iter_mut().zip(is_kept).filter(|(_, kept)| **kept) {
            *number = nodes;
            nodes += 1;
        }
        let (mut points, mut along) = (Vec::new(), Vec::new());
        let mut streets = Vec::with_capacity(drawn.len());
        for street in drawn {
            let first = points.len() as u32;
            let mut so_far = 0.0;
            for place in &street.shape {
                let point = plane.point(*place);
                if let Some(before) = points.last().filter(|_| points.len() as u32 > first) {
                    so_far += point.metres_to(*before);
                }
                points.push(point);
                along.push(so_far);
            }
            streets.push(Street {
                from: number[street.from as usize],
                to: number[street.to as usize],
                first,
                end: points.len() as u32,
                metres: street.metres,
                forward_ms: street.forward_ms,
                backward_ms: street.backward_ms,
            });
        }
        let (first_into, arcs) = arcs(nodes as usize, &streets);
        Self {
            plane,
            streets,
            left_out: 0,
            points,
            along,
            first_into,
            arcs,
        }
    }

    /// The number of nodes.
    pub fn nodes(&self) -> usize {
        self.first_into.len() - 1
    }

    /// The number of streets.
    pub fn streets(&self) -> usize {
        self.streets.len()
    }

    /// The number of streets that were left out because a car could not get there and back.
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// The arcs that lead to a node, and the number of the first one.
    pub(super) fn into(&self, node: u32) -> (usize, &[Arc]) {
        let node = node as usize;
        let (first, end) = (self.first_into[node], self.first_into[node + 1]);
        let (first, end) = (first as usize, end as usize);
        (first, &self.arcs[first..end])
    }

    /// The point at a share of a street's length, from 0 to 1.
    pub(super) fn point_on(&self, street: Street, share: f64) -> PlanePoint {
        let (first, end) = (street.first as usize, street.end as usize);
        let along = &self.along[first..end];
        let gone = share * along[along.len() - 1];
        // A street has at least two points.
        let next = along
            .partition_point(|at| *at < gone)
            .clamp(1, along.len() - 1);
        let piece = along[next] - along[next - 1];
        let share = if piece > 0.0 {
            (gone - along[next - 1]) / piece
        } else {
            0.0
        };
        self.points[first + next - 1].towards(self.points[first + next], share)
    }

    /// The arc of that number.
    pub(super) fn arc(&self, number: u32) -> Arc {
        self.arcs[number as usize]
    }
}

/// Merges streets with the same shape, in whichever direction they were drawn. Each direction gets the shortest time.
fn merge(drawn: Vec<RawStreet>) -> Vec<RawStreet> {
    let mut index_of: HashMap<(u32, u32, Vec<[u64; 2]>), usize> = HashMap::new();
    let mut merged: Vec<RawStreet> = Vec::with_capacity(drawn.len());
    for mut street in drawn {
        if street.from > street.to {
            std::mem::swap(&mut street.from, &mut street.to);
            std::mem::swap(&mut street.forward_ms, &mut street.backward_ms);
            street.shape.reverse();
        }
        let shape = street.shape.iter();
        let shape = shape.map(|at| [at.lat().to_bits(), at.lon().to_bits()]);
        let key = (street.from, street.to, shape.collect());
        let index = *index_of.entry(key).or_insert(merged.len());
        match merged.get_mut(index) {
            Some(same) => {
                same.forward_ms = same.forward_ms.min(street.forward_ms);
                same.backward_ms = same.backward_ms.min(street.backward_ms);
            }
            None => merged.push(street),
        }
    }
    merged
}

/// The arcs of all directions, sorted by the node that they lead to, after the index of each node's first arc.
fn arcs(nodes: usize, streets: &[Street]) -> (Vec<u32>, Vec<Arc>) {
    let mut found: Vec<(u32, Arc)> = Vec::with_capacity(2 * streets.len());
    for (number, street) in (0_u32..).zip(streets) {
        let directions = [
            (street.from, street.to, street.forward_ms, 2 * number),
            (street.to, street.from, street.backward_ms, 2 * number + 1),
        ];
        for (from, to, ms, direction) in directions {
            // A street that returns to its own beginning leads nowhere.
            if ms != CLOSED && from != to {
                found.push((
                    to,
                    Arc {
                        from,
                        ms,
                        direction,
                    },
                ));
            }
        }
    }
    found.sort_by_key(|(to, arc)| (*to, arc.from, arc.ms));
    let mut first_into = vec![0_u32; nodes + 1];
    for (to, _) in &found {
        first_into[*to as usize + 1] += 1;
    }
    for node in 0..nodes {
        first_into[node + 1] += first_into[node];
    }
    (first_into, found.into_iter().map(|(_, arc)| arc).collect())
}
