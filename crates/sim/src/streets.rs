//! The routes that cars drive and their durations: straight lines, or by road where the scenario has a map.

use std::collections::HashMap;
use std::path::Path;

use jiff::Timestamp;
use serde::Deserialize;

use super::error::{SimError, unreadable, wrong};
use domain::Coordinates;
use eta::road::{RoadEdge, RoadGraph, Roads};
use eta::{EtaAnswer, EtaQuery, Provider, Straight, Traffic, Via};

/// The streets of a scenario.
#[derive(Debug)]
pub struct ScenarioStreets {
    roads: Option<Roads>,
    straight: Straight,
    /// The intersections, as far as the map file lists them.
    corners: Vec<Coordinates>,
}

/// A drive along a route.
#[derive(Debug, Clone, PartialEq)]
pub struct Leg {
    /// The points of the route, each with the time after the start in milliseconds. There is at least one.
    stops: Vec<(Coordinates, i64)>,
}

impl Leg {
    /// The duration in milliseconds.
    pub fn ms(&self) -> i64 {
        self.stops.last().map_or(0, |(_, ms)| *ms)
    }

    /// The position after that time. Before the start and after the end it is the first and the last point.
    pub fn place(&self, after_ms: i64) -> Option<Coordinates> {
        let next = self.stops.partition_point(|(_, ms)| *ms <= after_ms);
        let Some((to, to_ms)) = self.stops.get(next) else {
            return self.stops.last().map(|(place, _)| *place);
        };
        let Some((from, from_ms)) = next
            .checked_sub(1)
            .and_then(|before| self.stops.get(before))
        else {
            return Some(*to);
        };
        let share = (after_ms - from_ms) as f64 / (to_ms - from_ms) as f64;
        let between = |from: f64, to: f64| from + (to - from) * share;
        let place = Coordinates::new(between(from.lat(), to.lat()), between(from.lon(), to.lon()));
        Some(place.unwrap_or(*to))
    }
}

impl ScenarioStreets {
    /// Without a map: cars drive straight, at the speed of [`Straight::CITY`].
    pub const STRAIGHT: Self = Self {
        roads: None,
        straight: Straight::CITY,
        corners: Vec::new(),
    };

    /// Loads a map: `*.osm.pbf`, or the node-link JSON that OSMnx writes. `slower_permille` says how much longer drives
    /// take than in free traffic: 2,500 is two and a half times.
    pub fn load(file: &Path, slower_permille: u32) -> Result<Self, SimError> {
        let factor = 1_000.0 / f64::from(slower_permille.max(1));
        let traffic = Traffic::parse(&factor.to_string(), "UTC")
            .map_err(|error| wrong("roads.slower_permille", error))?;
        let (roads, corners) = if file
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            let text = std::fs::read_to_string(file).map_err(|error| unreadable(file, error))?;
            let (graph, corners) = node_link(&text).map_err(|error| unreadable(file, error))?;
            (Roads::of(graph, traffic), corners)
        } else {
            let roads = Roads::load(file, traffic).map_err(|error| unreadable(file, error))?;
            (roads, Vec::new())
        };
        Ok(Self {
            roads: Some(roads),
            straight: Straight::CITY,
            corners,
        })
    }

    /// That place if the map covers it, otherwise the nearest intersection; `None` if the map file lists no
    /// intersections.
    pub fn on_map(&self, place: Coordinates) -> Option<Coordinates> {
        let Some(roads) = &self.roads else {
            return Some(place);
        };
        if roads.route(place, place, Timestamp::UNIX_EPOCH).is_some() {
            return Some(place);
        }
        let metres = |corner: &&Coordinates| place.metres_to(**corner);
        let mut corners = self.corners.iter().filter(|corner| {
            let route = roads.route(**corner, **corner, Timestamp::UNIX_EPOCH);
            route.is_some()
        });
        let first = corners.next()?;
        let nearest = corners.fold(first, |best, corner| {
            if metres(&corner) < metres(&best) {
                corner
            } else {
                best
            }
        });
        Some(*nearest)
    }

    /// The drive from one place to another. Where the map has no route, it is a straight line.
    pub fn leg(&self, from: Coordinates, to: Coordinates, at: Timestamp) -> Leg {
        let route = self
            .roads
            .as_ref()
            .and_then(|roads| roads.route(from, to, at));
        match route {
            Some(route) => {
                let stops = route.stops.into_iter();
                let ms = |ms: u64| i64::try_from(ms).unwrap_or(i64::MAX);
                Leg {
                    stops: stops.map(|stop| (stop.place, ms(stop.after_ms))).collect(),
                }
            }
            None => Leg {
                stops: vec![(from, 0), (to, self.straight_ms(from, to))],
            },
        }
    }

    /// The duration of a straight drive, in milliseconds.
    fn straight_ms(&self, from: Coordinates, to: Coordinates) -> i64 {
        let metres = from.metres_to(to);
        (metres * self.straight.detour / self.straight.speed_mps * 1_000.0).round() as i64
    }

    /// The durations from each place to `to`, in whole seconds; `None` where it is longer than `within_s`.
    pub fn seconds(
        &self,
        from: &[Coordinates],
        to: Coordinates,
        within_s: u32,
        at: Timestamp,
    ) -> Vec<Option<u32>> {
        let query = EtaQuery {
            pick_up: to,
            drivers: from,
            within_s,
        };
        let answers = self.to_pick_up(&[query], at).into_iter();
        answers.flat_map(|answer| answer.seconds).collect()
    }
}

impl Provider for ScenarioStreets {
    fn to_pick_up(&self, queries: &[EtaQuery<'_>], at: Timestamp) -> Vec<EtaAnswer> {
        let answer = |query: &EtaQuery<'_>| {
            let by_road = self.roads.as_ref().and_then(|roads| roads.times(query, at));
            let Some(mut seconds) = by_road else {
                let mut straight = self.straight.to_pick_up(&[*query], at);
                return straight.pop().unwrap_or(EtaAnswer {
                    seconds: Vec::new(),
                    via: Via::Straight,
                });
            };
            for of_one in &mut seconds {
                *of_one = of_one.filter(|seconds| *seconds <= query.within_s);
            }
            let via = Via::Road;
            EtaAnswer { seconds, via }
        };
        queries.iter().map(answer).collect()
    }
}

/// A graph as OSMnx writes it.
#[derive(Deserialize)]
struct NodeLink {
    nodes: Vec<StreetNode>,
    links: Vec<Link>,
}

#[derive(Deserialize)]
struct StreetNode {
    id: i64,
    x: f64,
    y: f64,
}

#[derive(Deserialize)]
struct Link {
    source: i64,
    target: i64,
    /// In metres.
    length: f64,
    /// In seconds, in free traffic.
    travel_time: f64,
}

fn node_link(text: &str) -> Result<(RoadGraph, Vec<Coordinates>), Box<dyn std::error::Error>> {
    let read: NodeLink = serde_json::from_str(text)?;
    let places = read
        .nodes
        .iter()
        .map(|node| Coordinates::new(node.y, node.x));
    let places: Vec<Coordinates> = places.collect::<Result<_, _>>()?;
    let numbers: HashMap<i64, u32> = read.nodes.iter().map(|node| node.id).zip(0..).collect();
    let edges = read.links.iter().map(|link| {
        let node = |id| {
            numbers
                .get(&id)
                .copied()
                .ok_or("a link names a node that there is not")
        };
        Ok::<_, &str>(RoadEdge {
            from: node(link.source)?,
            to: node(link.target)?,
            metres: link.length,
            ms: (link.travel_time * 1_000.0).round() as u32,
        })
    });
    let edges: Vec<RoadEdge> = edges.collect::<Result<_, _>>()?;
    Ok((RoadGraph::new(&places, &edges)?, places))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(lat: f64) -> Coordinates {
        Coordinates::new(lat, 11.0).expect("on earth")
    }

    #[test]
    fn a_car_is_on_its_way_and_nowhere_else() {
        let leg = ScenarioStreets::STRAIGHT.leg(place(48.0), place(48.01), Timestamp::UNIX_EPOCH);
        assert_eq!(leg.ms(), 312_736);
        assert_eq!(leg.place(-5), Some(place(48.0)));
        assert_eq!(leg.place(0), Some(place(48.0)));
        let half = leg.place(leg.ms() / 2).expect("somewhere");
        assert!((half.lat() - 48.005).abs() < 1e-6, "{half:?}");
        assert_eq!(leg.place(leg.ms()), Some(place(48.01)));
        assert_eq!(leg.place(i64::MAX), Some(place(48.01)));
    }

    #[test]
    fn a_graph_of_osmnx_is_read() {
        let text = r#"{"directed": true, "nodes": [{"id": 7, "x": 11.0, "y": 48.0}, {"id": 9, "x": 11.0, "y": 48.001}],
            "links": [{"source": 7, "target": 9, "length": 111.0, "travel_time": 10.0, "key": 0},
                      {"source": 9, "target": 7, "length": 111.0, "travel_time": 10.0, "key": 0}]}"#;
        let (graph, corners) = node_link(text).expect("it can be read");
        let streets = ScenarioStreets {
            roads: Some(Roads::of(graph, Traffic::FREE)),
            straight: Straight::CITY,
            corners,
        };
        assert_eq!(streets.on_map(place(48.001)), Some(place(48.001)));
        assert_eq!(streets.on_map(place(49.0)), Some(place(48.001)));
        let seconds = streets.seconds(&[place(48.0)], place(48.001), 60, Timestamp::UNIX_EPOCH);
        assert_eq!(seconds, [Some(10)]);
        let broken = text.replace("\"target\": 9", "\"target\": 8");
        assert!(node_link(&broken).is_err());
    }
}
