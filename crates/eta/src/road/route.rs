//! Routes by road, which simulated cars follow.

use jiff::Timestamp;

use super::Roads;
use super::graph::CLOSED;
use super::plane::PlanePoint;
use super::search::{Exit, NO_ARC, along_the_street, exits};
use super::snap::OnStreet;
use domain::Coordinates;

/// A route by road.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// The points at which the route bends, from beginning to end.
    pub stops: Vec<RoutePlace>,
    /// The length, including the legs to the first street and from the last one.
    pub metres: f64,
}

/// A point of a route, and when it is passed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RoutePlace {
    pub place: Coordinates,
    /// The time since the beginning, in milliseconds.
    pub after_ms: u64,
}

impl Route {
    /// The driving time, in milliseconds.
    pub fn ms(&self) -> u64 {
        self.stops.last().map_or(0, |stop| stop.after_ms)
    }
}

/// A route that grows at its end. Times are in milliseconds, not yet rounded.
struct Trace<'r> {
    roads: &'r Roads,
    factor: f64,
    stops: Vec<RoutePlace>,
    ms: f64,
    metres: f64,
}

impl Roads {
    /// The fastest route for a car that sets out at that time. `None` if one of its ends is off the map.
    pub fn route(&self, from: Coordinates, to: Coordinates, at: Timestamp) -> Option<Route> {
        let (begin, goal) = (self.on_street(from)?, self.on_street(to)?);
        let stop = RoutePlace {
            place: from,
            after_ms: 0,
        };
        let mut trace = Trace {
            roads: self,
            factor: self.traffic.factor(at),
            stops: vec![stop],
            ms: self.leg_ms(begin),
            metres: begin.leg_m,
        };
        trace.stop(begin.point);
        self.search(|scratch| {
            let ms = scratch.times(&self.graph, goal, &[Some(begin)], CLOSED - 1)[0]?;
            if let Some((_, direction)) =
                along_the_street(&self.graph, begin, goal).filter(|direct| direct.0 == ms)
            {
                trace.drive(direction, begin.share, goal.share);
                return Some(());
            }
            let quickest = |exit: &Exit| {
                let rest = scratch.ms(exit.node);
                rest.and_then(|rest| exit.ms.checked_add(rest)) == Some(ms)
            };
            let exit = exits(&self.graph, begin).find(quickest)?;
            if let Some(direction) = exit.direction {
                trace.drive(direction, begin.share, end_of(direction));
            }
            let mut node = exit.node;
            while scratch.arc(node) != NO_ARC {
                let arc = self.graph.arc(scratch.arc(node));
                trace.drive(
                    arc.direction,
                    1.0 - end_of(arc.direction),
                    end_of(arc.direction),
                );
                node = self.head(arc.direction);
            }
            if goal.corner(&self.graph).is_none() {
                let is_forward = self.enters_forward(goal, node, scratch.ms(node));
                let direction = 2 * goal.street + u32::from(!is_forward);
                trace.drive(direction, 1.0 - end_of(direction), goal.share);
            }
            Some(())
        })?;
        trace.ms += self.leg_ms(goal);
        trace.metres += goal.leg_m;
        trace.stop_at(to);
        Some(Route {
            stops: trace.stops,
            metres: trace.metres,
        })
    }

    /// The node that a direction of a street leads to.
    fn head(&self, direction: u32) -> u32 {
        let street = self.graph.streets[direction as usize / 2];
        if direction.is_multiple_of(2) {
            street.to
        } else {
            street.from
        }
    }

    /// Whether a route enters the goal's street at its beginning, given the last node and the time from there to the
    /// goal.
    fn enters_forward(&self, goal: OnStreet, node: u32, ms: Option<u32>) -> bool {
        let street = self.graph.streets[goal.street as usize];
        let takes = f64::from(street.forward_ms) * goal.share;
        street.from == node && street.forward_ms != CLOSED && ms == Some(takes.round() as u32)
    }
}

/// The end of a direction, as a share of its street.
fn end_of(direction: u32) -> f64 {
    if direction.is_multiple_of(2) {
        1.0
    } else {
        0.0
    }
}

impl Trace<'_> {
    /// Drives along a direction of a street, from one share of it to another.
    fn drive(&mut self, direction: u32, from: f64, to: f64) {
        let graph = &self.roads.graph;
        let street = graph.streets[direction as usize / 2];
        let is_forward = direction.is_multiple_of(2);
        let street_ms = if is_forward {
            street.forward_ms
        } else {
            street.backward_ms
        };
        let (first, end) = (street.first as usize, street.end as usize);
        let whole = graph.along[end - 1];
        let share_of = |point: usize| {
            if whole > 0.0 {
                graph.along[point] / whole
            } else {
                0.0
            }
        };
        let between = |share: f64| share > from.min(to) && share < from.max(to);
        let mut inner: Vec<usize> = (first..end)
            .filter(|point| between(share_of(*point)))
            .collect();
        if !is_forward {
            inner.reverse();
        }
        let (begun_ms, begun_m) = (self.ms, self.metres);
        let gone = |share: f64| (share - from).abs();
        for point in inner {
            self.ms = begun_ms + f64::from(street_ms) * gone(share_of(point)) / self.factor;
            self.stop(graph.points[point]);
        }
        self.ms = begun_ms + f64::from(street_ms) * gone(to) / self.factor;
        self.metres = begun_m + street.metres * gone(to);
        self.stop(graph.point_on(street, to));
    }

    fn stop(&mut self, at: PlanePoint) {
        if let Some(place) = self.roads.graph.plane.place(at) {
            self.stop_at(place);
        }
    }

    fn stop_at(&mut self, place: Coordinates) {
        let after_ms = self.ms.round() as u64;
        let stop = RoutePlace { place, after_ms };
        if self.stops.last() != Some(&stop) {
            self.stops.push(stop);
        }
    }
}
