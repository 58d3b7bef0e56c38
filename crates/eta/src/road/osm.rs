//! Reads the streets of an OpenStreetMap extract.
//!
//! The file is read twice: first the ways, which tell where streets meet, then the locations of their nodes. Most nodes
//! belong to no street and are never stored.

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
    /// The file cannot be read as `*.osm.pbf`.
    #[error("it cannot be read as an *.osm.pbf file: {0}")]
    Unreadable(#[from] osmpbf::Error),
    /// The streets do not make a graph.
    #[error(transparent)]
    Graph(#[from] RoadGraphError),
}

/// A way of OpenStreetMap that cars may drive, with its nodes in order.
struct OsmWay {
    kind: Drivable,
    nodes: Vec<i64>,
}

/// A node of OpenStreetMap that streets use.
#[derive(Default)]
struct OsmNode {
    /// How often streets use the node. The end of a street counts twice.
    uses: u32,
    location: Option<Coordinates>,
}

type Nodes = HashMap<i64, OsmNode, RandomState>;

/// Reads a graph of streets from a file.
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
            node.location = Coordinates::new(lat, lon).ok();
        }
    })
}

/// Adds the streets of a way: one from each corner to the next. A corner is a node where streets meet or end. Where the
/// extract cuts through a way, a node has no location, and the way has a gap.
fn draw(
    way: &OsmWay,
    nodes: &Nodes,
    corners: &mut HashMap<i64, u32, RandomState>,
    drawn: &mut Vec<RawStreet>,
) {
    let mut begun: Option<(u32, Vec<Coordinates>)> = None;
    for id in &way.nodes {
        let Some((uses, location)) = nodes
            .get(id)
            .and_then(|node| Some((node.uses, node.location?)))
        else {
            begun = None;
            continue;
        };
        if let Some((_, shape)) = &mut begun {
            shape.push(location);
        }
        if uses < 2 {
            continue;
        }
        // Node numbers have 32 bits; `RoadGraph::of` refuses more nodes.
        let next = corners.len() as u32;
        let corner = *corners.entry(*id).or_insert(next);
        if let Some((from, shape)) = begun.replace((corner, vec![location])) {
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
