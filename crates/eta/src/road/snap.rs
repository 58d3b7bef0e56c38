//! Finds the nearest point on a street.

use rstar::RTree;
use rstar::primitives::{GeomWithData, Line};

use super::graph::RoadGraph;
use super::plane::{Metres, PlanePoint};
use domain::Coordinates;

/// A straight piece of a street, with its street and the number of its first point.
type StreetPiece = GeomWithData<Line<Metres>, (u32, u32)>;

/// A point this near to the end of a street, in metres, is at the corner.
const CORNER_M: f64 = 2.0;

/// The spatial index of all streets.
#[derive(Debug)]
pub(super) struct Streets(RTree<StreetPiece>);

/// A point on a street.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct OnStreet {
    pub street: u32,
    /// The share of the street before the point, from 0 to 1.
    pub share: f64,
    /// The distance from the queried coordinates, in metres.
    pub leg_m: f64,
    pub point: PlanePoint,
}

impl Streets {
    pub(super) fn of(graph: &RoadGraph) -> Self {
        let pieces = (0_u32..).zip(&graph.streets).flat_map(|(number, street)| {
            (street.first..street.end - 1).map(move |first| {
                let ends = [first, first + 1].map(|point| graph.points[point as usize].0);
                StreetPiece::new(Line::new(ends[0], ends[1]), (number, first))
            })
        });
        Self(RTree::bulk_load(pieces.collect()))
    }

    /// The nearest point on a street. `None` if no street is within so many metres.
    pub(super) fn nearest(
        &self,
        graph: &RoadGraph,
        at: Coordinates,
        metres_max: f64,
    ) -> Option<OnStreet> {
        let queried = graph.plane.point(at);
        let (street, first) = self.0.nearest_neighbor(&queried.0)?.data;
        let (a, b) = (first as usize, first as usize + 1);
        let share = graph.points[a].nearest_share(graph.points[b], queried);
        let point = graph.points[a].towards(graph.points[b], share);
        let leg_m = point.metres_to(queried);
        let along = graph.along[a] + share * (graph.along[b] - graph.along[a]);
        let whole = graph.along[graph.streets[street as usize].end as usize - 1];
        let share = if along <= CORNER_M.min(whole / 2.0) {
            0.0
        } else if whole - along <= CORNER_M {
            1.0
        } else {
            along / whole
        };
        let found = OnStreet {
            street,
            share,
            leg_m,
            point,
        };
        (leg_m <= metres_max).then_some(found)
    }
}

impl OnStreet {
    /// The node of the point, if it is at an end of its street.
    pub(super) fn corner(self, graph: &RoadGraph) -> Option<u32> {
        let street = graph.streets[self.street as usize];
        let at_begin = (self.share <= 0.0).then_some(street.from);
        at_begin.or((self.share >= 1.0).then_some(street.to))
    }
}
