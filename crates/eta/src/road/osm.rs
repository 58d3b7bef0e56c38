//! The streets of an extract of OpenStreetMap.
//!
//! The file is read twice: which ways there are and where they meet, then where their nodes are. Nodes that no street
//! needs, which are most, are never kept.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use foldhash::fast::RandomState;
use osmpbf::{Element, ElementReader};

use super::graph::{CLOSED, RawStreet, RoadGraph, RoadGraphError};
use super::tags::{Drivable, drivable};
use domain::Coordinates;

/// Why a map cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OsmError {
    /// It cannot be read as an `*.osm.pbf` file.
    #[error("it cannot be read as an *.osm.pbf file: {0}")]
    Unreadable(#[from] osmpbf::Error),
    /// Its streets make no graph.
    #[error(transparent)]
    Graph(#[from] RoadGraphError),
}

/// A way, node by node.
struct OsmWay {
    kind: Drivable,
    nodes: Vec<i64>,
}

/// What is known of a node of the map.
#[derive(Default)]
struct OsmNode {
    /// How often streets use it; twice where one ends.
    uses: u32,
    place: Option<Coordinates>,
}

type Nodes = HashMap<i64, OsmNode, RandomState>;

/// The graph of the streets in a file.
pub(super) fn read(file: &Path) -> Result<RoadGraph, OsmError> {
    let ways = ways(file)?;
    let mut nodes = uses(&ways);
    locate(file, &mut nodes)?;
    let mut corners = HashMap::with_hasher(RandomState::default());
    let mut drawn = Vec::new();
    for way in &ways {
        draw(way, &nodes, &mut corners, &mut drawn);
    }
    Ok(RoadGraph::of(corners.len(), drawn)?)
}

fn open(file: &Path) -> Result<ElementReader<BufReader<File>>, osmpbf::Error> {
    let file = File::open(file).map_err(osmpbf::Error::from)?;
    Ok(ElementReader::new(BufReader::new(file)))
}

fn ways(file: &Path) -> Result<Vec<OsmWay>, osmpbf::Error> {
    let mut ways = Vec::new();
    open(file)?.for_each(|element| match element {
        Element::Way(way) => {
            if let Some(kind) = drivable(way.tags()) {
                let nodes = way.refs().collect();
                ways.push(OsmWay { kind, nodes });
            }
        }
        Element::Node(_) | Element::DenseNode(_) | Element::Relation(_) => {}
    })?;
    Ok(ways)
}

fn uses(ways: &[OsmWay]) -> Nodes {
    let mut nodes = Nodes::default();
    for way in ways {
        let ends = [way.nodes.first(), way.nodes.last()].into_iter().flatten();
        for node in way.nodes.iter().chain(ends) {
            nodes.entry(*node).or_default().uses += 1;
        }
    }
    nodes
}

fn locate(file: &Path, nodes: &mut Nodes) -> Result<(), osmpbf::Error> {
    open(file)?.for_each(|element| {
        let (id, lat, lon) = match element {
            Element::Node(node) => (node.id(), node.lat(), node.lon()),
            Element::DenseNode(node) => (node.id(), node.lat(), node.lon()),
            Element::Way(_) | Element::Relation(_) => return,
        };
        if let Some(node) = nodes.get_mut(&id) {
            node.place = Coordinates::new(lat, lon).ok();
        }
    })
}

/// The streets of a way: one from each corner to the next, a corner being where streets meet or end. Where the extract
/// was cut through a way, a node has no place; the way has a gap there.
fn draw(
    way: &OsmWay,
    nodes: &Nodes,
    corners: &mut HashMap<i64, u32, RandomState>,
    drawn: &mut Vec<RawStreet>,
) {
    let mut begun: Option<(u32, Vec<Coordinates>)> = None;
    for id in &way.nodes {
        let Some((uses, place)) = nodes
            .get(id)
            .and_then(|node| Some((node.uses, node.place?)))
        else {
            begun = None;
            continue;
        };
        if let Some((_, shape)) = &mut begun {
            shape.push(place);
        }
        if uses < 2 {
            continue;
        }
        // Numbers of nodes are four bytes wide; `Graph::of` refuses more.
        let next = corners.len() as u32;
        let corner = *corners.entry(*id).or_insert(next);
        if let Some((from, shape)) = begun.replace((corner, vec![place])) {
            drawn.push(street(way.kind, from, corner, shape));
        }
    }
}

fn street(kind: Drivable, from: u32, to: u32, shape: Vec<Coordinates>) -> RawStreet {
    let metres: f64 = shape
        .windows(2)
        .map(|ends| ends[0].metres_to(ends[1]))
        .sum();
    // Saturates at 49 days.
    let ms = ((metres * 3_600.0 / kind.kmh).round() as u32).min(CLOSED - 1);
    RawStreet {
        from,
        to,
        shape,
        metres,
        forward_ms: if kind.forward { ms } else { CLOSED },
        backward_ms: if kind.backward { ms } else { CLOSED },
    }
}
