//! Compares the roads with plain ways to compute the same.

use jiff::Timestamp;

use super::*;
use domain::Coordinates;

const AT: Timestamp = Timestamp::UNIX_EPOCH;
const LONG: u32 = 1_000_000;

/// The point so many thousandths of a degree north and east. Each is 111 m, on the equator.
fn at(north: f64, east: f64) -> Coordinates {
    Coordinates::new(north / 1_000.0, east / 1_000.0).expect("on earth")
}

fn edge(from: u32, to: u32, ms: u32) -> RoadEdge {
    RoadEdge {
        from,
        to,
        metres: 100.0,
        ms,
    }
}

fn roads(nodes: &[Coordinates], edges: &[RoadEdge]) -> Roads {
    Roads::of(
        RoadGraph::new(nodes, edges).expect("a graph"),
        Traffic::FREE,
    )
}

/// The seconds from each of the drivers to the pick-up.
fn times(
    roads: &Roads,
    pick_up: Coordinates,
    drivers: &[Coordinates],
    within_s: u32,
) -> DrivingTimes {
    let ask = EtaQuery {
        pick_up,
        drivers,
        within_s,
    };
    roads.times(&ask, AT).expect("the pick-up is on the map")
}

/// A one-way ring of four corners, a minute apart. Only the street between 0 and 1 is open in both directions.
fn ring() -> Roads {
    let nodes = [at(0.0, 0.0), at(0.0, 10.0), at(10.0, 10.0), at(10.0, 0.0)];
    let edges = [(0, 1), (1, 2), (2, 3), (3, 0), (1, 0)].map(|(from, to)| edge(from, to, 60_000));
    roads(&nodes, &edges)
}

#[test]
fn a_one_way_is_not_driven_against() {
    let roads = ring();
    assert_eq!((roads.graph().nodes(), roads.graph().streets()), (4, 4));
    let corners = [at(0.0, 0.0), at(0.0, 10.0), at(10.0, 10.0), at(10.0, 0.0)];
    assert_eq!(
        times(&roads, corners[0], &corners, LONG),
        [Some(0), Some(60), Some(120), Some(60)]
    );
    assert_eq!(
        times(&roads, corners[2], &corners, LONG),
        [Some(120), Some(60), Some(0), Some(180)]
    );
}

#[test]
fn on_one_street_the_direction_decides() {
    let roads = ring();
    // On the one-way from 1 to 2: ahead is near, behind is once around.
    let (early, late) = (at(2.5, 10.0), at(7.5, 10.0));
    assert_eq!(times(&roads, late, &[early], LONG), [Some(30)]);
    assert_eq!(times(&roads, early, &[late], LONG), [Some(210)]);
    // On the street of both directions it does not.
    let (west, east) = (at(0.0, 2.5), at(0.0, 7.5));
    assert_eq!(
        times(&roads, west, &[east, east], LONG),
        [Some(30), Some(30)]
    );
    assert_eq!(times(&roads, east, &[west], LONG), [Some(30)]);
}

#[test]
fn who_takes_too_long_or_is_off_the_map_has_no_time() {
    let roads = ring();
    let drivers = [at(10.0, 10.0), at(10.0, 0.0), at(100.0, 0.0), at(0.0, 10.0)];
    let found = times(&roads, at(0.0, 0.0), &drivers, 60);
    assert_eq!(found, [None, Some(60), None, Some(60)]);
    assert_eq!(times(&roads, at(0.0, 0.0), &drivers, 59), [None; 4]);
    let ask = EtaQuery {
        pick_up: at(100.0, 0.0),
        drivers: &drivers,
        within_s: LONG,
    };
    assert_eq!(roads.times(&ask, AT), None);
    let unanswered = roads.try_to_pick_up(&[ask], AT);
    assert_eq!(unanswered, [Err(Unanswered::OffTheMap)]);
    assert_eq!(times(&roads, at(0.0, 0.0), &[], LONG), []);
}

#[test]
fn the_way_to_the_street_counts() {
    let roads = ring();
    // 111 m beside the middle of a street of one minute: half of it, and the leg at 12.8 km/h.
    let found = times(&roads, at(0.0, 10.0), &[at(-1.0, 5.0)], LONG);
    assert_eq!(found, [Some(30 + 32)]);
}

#[test]
fn traffic_stretches_the_streets_and_the_bound_alike() {
    let graph = |ms| {
        RoadGraph::new(
            &[at(0.0, 0.0), at(0.0, 10.0)],
            &[edge(0, 1, ms), edge(1, 0, ms)],
        )
    };
    let slow = Traffic::parse("0.5", "UTC").expect("a factor");
    let roads = Roads::of(graph(60_000).expect("a graph"), slow);
    assert_eq!(
        times(&roads, at(0.0, 0.0), &[at(0.0, 10.0)], 120),
        [Some(120)]
    );
    assert_eq!(times(&roads, at(0.0, 0.0), &[at(0.0, 10.0)], 119), [None]);
    let route = roads.route(at(0.0, 0.0), at(0.0, 10.0), AT);
    assert_eq!(route.map(|route| route.ms()), Some(120_000));
}

#[test]
fn a_dead_end_for_ever_is_no_place_to_be_put_on() {
    // From 2 there is no way back; a place near it belongs to the street before.
    let nodes = [at(0.0, 0.0), at(0.0, 5.0), at(0.0, 9.0)];
    let edges = [edge(0, 1, 60_000), edge(1, 0, 60_000), edge(1, 2, 60_000)];
    let roads = roads(&nodes, &edges);
    assert_eq!((roads.graph().nodes(), roads.graph().streets()), (2, 1));
    let lonely = RoadGraph::new(&nodes, &[edge(0, 1, 1), edge(1, 2, 1)]);
    assert_eq!(lonely.map(|_| ()), Err(RoadGraphError::Empty));
    assert_eq!(
        RoadGraph::new(&[], &[]).map(|_| ()),
        Err(RoadGraphError::Empty)
    );
    let nowhere = RoadGraph::new(&nodes, &[edge(0, 1, 1), edge(1, 3, 1)]);
    assert_eq!(nowhere.map(|_| ()), Err(RoadGraphError::UnknownNode(1)));
}

/// A random town: some edges occur twice, and some lead back to their own node.
fn random_town(random: &mut fastrand::Rng) -> (Vec<Coordinates>, Vec<RoadEdge>) {
    let nodes = random.usize(2..12);
    let places = (0..nodes).map(|_| at(random.f64() * 5.0, random.f64() * 5.0));
    let places: Vec<Coordinates> = places.collect();
    let edges = (0..random.usize(1..40)).map(|_| {
        let node = |random: &mut fastrand::Rng| random.u32(0..nodes as u32);
        edge(node(random), node(random), 1_000 * random.u32(0..100))
    });
    let edges = edges.collect();
    (places, edges)
}

/// The times between all nodes, by Floyd and Warshall.
fn between_all(nodes: usize, edges: &[RoadEdge]) -> Vec<Vec<Option<u32>>> {
    let mut ms = vec![vec![None; nodes]; nodes];
    for (node, row) in ms.iter_mut().enumerate() {
        row[node] = Some(0);
    }
    let sooner = |a: Option<u32>, b: Option<u32>| a.into_iter().chain(b).min();
    for edge in edges {
        let known = &mut ms[edge.from as usize][edge.to as usize];
        *known = sooner(*known, Some(edge.ms));
    }
    for by in 0..nodes {
        for from in 0..nodes {
            for to in 0..nodes {
                let around = ms[from][by].zip(ms[by][to]).map(|(a, b)| a + b);
                ms[from][to] = sooner(ms[from][to], around);
            }
        }
    }
    ms
}

/// The nodes of the largest part, the first of equally large ones as the graph has it: told by who can be reached on
/// it.
fn part(graph: &RoadGraph, places: &[Coordinates]) -> Vec<usize> {
    let ends: Vec<u32> = graph
        .streets
        .iter()
        .flat_map(|street| [street.first, street.end - 1])
        .collect();
    let is_end = |place: &Coordinates| {
        let point = graph.plane.point(*place);
        ends.iter()
            .any(|end| graph.points[*end as usize].metres_to(point) < 1e-6)
    };
    (0..places.len())
        .filter(|node| is_end(&places[*node]))
        .collect()
}

#[test]
fn it_agrees_with_floyd_and_warshall_in_any_town() {
    let mut random = fastrand::Rng::with_seed(20_261_126);
    let mut compared = 0;
    for _ in 0..2_000 {
        let (places, edges) = random_town(&mut random);
        let Ok(graph) = RoadGraph::new(&places, &edges) else {
            continue;
        };
        let truth = between_all(places.len(), &edges);
        let kept = part(&graph, &places);
        let roads = Roads::of(graph, Traffic::FREE);
        // Twice in the list, since two drivers may stand in one place.
        let drivers: Vec<Coordinates> =
            kept.iter().chain(&kept).map(|node| places[*node]).collect();
        for goal in &kept {
            let within_s = random.u32(0..200);
            let found = times(&roads, places[*goal], &drivers, within_s);
            for (from, found) in kept.iter().chain(&kept).zip(found) {
                let expected = truth[*from][*goal].map(|ms| ms / 1_000);
                let expected = expected.filter(|seconds| *seconds <= within_s);
                assert_eq!(
                    found, expected,
                    "from {from} to {goal} within {within_s} s: {edges:?}"
                );
                compared += 1;
            }
        }
    }
    assert!(compared > 20_000, "{compared}");
}

#[test]
fn a_route_takes_as_long_as_its_search_says_and_never_goes_back_in_time() {
    let mut random = fastrand::Rng::with_seed(3);
    let mut compared = 0;
    for _ in 0..1_000 {
        let (places, edges) = random_town(&mut random);
        let Ok(graph) = RoadGraph::new(&places, &edges) else {
            continue;
        };
        let roads = Roads::of(graph, Traffic::FREE);
        let mut anywhere = || at(random.f64() * 5.0, random.f64() * 5.0);
        let (from, to) = (anywhere(), anywhere());
        let route = roads.route(from, to, AT).expect("a town without ways out");
        let found = times(&roads, to, &[from], LONG)[0].expect("a town without ways out");
        let seconds = route.ms() as f64 / 1_000.0;
        assert!(
            (f64::from(found) - seconds).abs() <= 1.01,
            "{found} {seconds} {edges:?}"
        );
        let is_in_order = route.stops.is_sorted_by_key(|stop| stop.after_ms);
        assert!(is_in_order, "{route:?}");
        let ends = route.stops.first().zip(route.stops.last());
        assert_eq!(ends.map(|(a, b)| (a.place, b.place)), Some((from, to)));
        compared += 1;
    }
    assert!(compared > 500, "{compared}");
}

#[test]
fn a_route_follows_the_shape_of_its_streets() {
    let roads = ring();
    let route = roads
        .route(at(2.5, 10.0), at(10.0, 5.0), AT)
        .expect("a way");
    let stops: Vec<(i64, i64, u64)> = route
        .stops
        .iter()
        .map(|stop| {
            let thousandths = |degrees: f64| (degrees * 10_000.0).round() as i64;
            (
                thousandths(stop.place.lat()),
                thousandths(stop.place.lon()),
                stop.after_ms,
            )
        })
        .collect();
    assert_eq!(stops, [(25, 100, 0), (100, 100, 45_000), (100, 50, 75_000)]);
    assert!((route.metres - 125.0).abs() < 1e-6);
}
