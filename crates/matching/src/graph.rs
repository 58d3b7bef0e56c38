//! The problem as a graph: which rows may be matched with which columns, and at what cost.

use serde::{Deserialize, Serialize};

/// The most rows, and the most columns, of a graph.
pub const SIDE_MAX: usize = 1 << 20;
/// The largest cost of an edge, and the largest gain: 8.7 years, in milliseconds. The sum over the most rows fits into
/// an `i64`, with room for the sums of a search.
pub const COST_MAX: i64 = 1 << 38;

/// A column that a row may be matched with. It is stored as `[column, cost]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(u32, i64)", into = "(u32, i64)")]
pub struct Edge {
    pub column: u32,
    /// The cost of the match, which may be negative. Less is better.
    pub cost: i64,
}

impl From<(u32, i64)> for Edge {
    fn from((column, cost): (u32, i64)) -> Self {
        Self { column, cost }
    }
}

impl From<Edge> for (u32, i64) {
    fn from(Edge { column, cost }: Edge) -> Self {
        (column, cost)
    }
}

/// Rows, columns and the edges between them. A match that is not feasible has no edge.
///
/// A row's edges are sorted by cost, then by column, in whatever order they came. So equal problems are equal graphs,
/// and a search may stop early. A graph is stored as `{"columns": 3, "rows": [[[2, 80], [0, 120]], []]}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "StoredGraph", into = "StoredGraph")]
pub struct Graph {
    columns: u32,
    /// The index of each row's first edge, and finally the number of edges.
    starts: Vec<usize>,
    edges: Vec<Edge>,
}

/// Why the input is not a valid graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GraphError {
    /// There are more rows or columns than [`SIDE_MAX`].
    #[error("there are more than {SIDE_MAX} rows or columns")]
    TooLarge,
    /// A row has an edge to a column that does not exist.
    #[error("row {row} names column {column}, which there is not")]
    UnknownColumn { row: usize, column: u32 },
    /// A row has two edges to one column.
    #[error("row {row} names column {column} twice")]
    ColumnTwice { row: usize, column: u32 },
    /// An edge costs or gains more than [`COST_MAX`].
    #[error("row {row} has an edge of {cost}, beyond {COST_MAX}")]
    CostBeyondMax { row: usize, cost: i64 },
}

impl Graph {
    /// Makes a graph from the number of columns and each row's edges. That is fastest if the edges come cheapest first.
    pub fn new<Row>(columns: u32, rows: impl IntoIterator<Item = Row>) -> Result<Self, GraphError>
    where
        Row: IntoIterator<Item = Edge>,
    {
        if columns as usize > SIDE_MAX {
            return Err(GraphError::TooLarge);
        }
        let mut graph = Self {
            columns,
            starts: vec![0],
            edges: Vec::new(),
        };
        // By column: the number of rows so far when a row last named it.
        let mut named = vec![0; columns as usize];
        for row in rows {
            let start = graph.edges.len();
            graph.edges.extend(row);
            graph.starts.push(graph.edges.len());
            if graph.rows() > SIDE_MAX {
                return Err(GraphError::TooLarge);
            }
            check(&graph.edges[start..], graph.rows(), &mut named)?;
            let order = |edge: &Edge| (edge.cost, edge.column);
            let row = &mut graph.edges[start..];
            if !row.is_sorted_by_key(order) {
                row.sort_unstable_by_key(order);
            }
        }
        Ok(graph)
    }

    /// The number of rows.
    pub(crate) fn rows(&self) -> usize {
        self.starts.len() - 1
    }

    /// The number of columns.
    pub(crate) fn columns(&self) -> usize {
        self.columns as usize
    }

    /// The number of edges.
    pub fn edges(&self) -> usize {
        self.edges.len()
    }

    /// A row's edges, cheapest first.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    pub(crate) fn row(&self, row: usize) -> &[Edge] {
        &self.edges[self.starts[row]..self.starts[row + 1]]
    }
}

impl Graph {
    /// The graph with some of the edges only. Its rows and columns stay.
    pub(super) fn only(&self, is_wanted: impl Fn(usize, usize) -> bool) -> Self {
        let mut part = Self {
            columns: self.columns,
            starts: Vec::with_capacity(self.starts.len()),
            edges: Vec::with_capacity(self.edges.len()),
        };
        part.starts.push(0);
        for row in 0..self.rows() {
            let edges = self.row(row).iter();
            let wanted = edges.filter(|edge| is_wanted(row, edge.column as usize));
            part.edges.extend(wanted);
            part.starts.push(part.edges.len());
        }
        part
    }

    /// The graph with rows and columns exchanged.
    pub(super) fn transposed(&self) -> Self {
        let mut ends = vec![0; self.columns() + 1];
        for edge in &self.edges {
            ends[edge.column as usize + 1] += 1;
        }
        for column in 0..self.columns() {
            ends[column + 1] += ends[column];
        }
        let starts = ends.clone();
        let mut edges = vec![Edge { column: 0, cost: 0 }; self.edges.len()];
        for row in 0..self.rows() {
            for edge in self.row(row) {
                let end = &mut ends[edge.column as usize];
                edges[*end] = Edge {
                    column: row as u32,
                    cost: edge.cost,
                };
                *end += 1;
            }
        }
        for column in 0..self.columns() {
            edges[starts[column]..starts[column + 1]]
                .sort_unstable_by_key(|edge| (edge.cost, edge.column));
        }
        Self {
            columns: self.rows() as u32,
            starts,
            edges,
        }
    }
}

/// Checks the edges of the last one of so many rows.
fn check(edges: &[Edge], rows: usize, named: &mut [usize]) -> Result<(), GraphError> {
    let row = rows - 1;
    for &Edge { column, cost } in edges {
        let Some(named) = named.get_mut(column as usize) else {
            return Err(GraphError::UnknownColumn { row, column });
        };
        if *named == rows {
            return Err(GraphError::ColumnTwice { row, column });
        }
        if !(-COST_MAX..=COST_MAX).contains(&cost) {
            return Err(GraphError::CostBeyondMax { row, cost });
        }
        *named = rows;
    }
    Ok(())
}

/// A graph as it is stored.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredGraph {
    columns: u32,
    rows: Vec<Vec<Edge>>,
}

impl From<Graph> for StoredGraph {
    fn from(graph: Graph) -> Self {
        let rows = (0..graph.rows()).map(|row| graph.row(row).to_vec());
        Self {
            columns: graph.columns,
            rows: rows.collect(),
        }
    }
}

impl TryFrom<StoredGraph> for Graph {
    type Error = GraphError;

    fn try_from(StoredGraph { columns, rows }: StoredGraph) -> Result<Self, GraphError> {
        Self::new(columns, rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(columns: u32, rows: &[&[(u32, i64)]]) -> Result<Graph, GraphError> {
        let rows = rows.iter().map(|row| row.iter().copied().map(Edge::from));
        Graph::new(columns, rows)
    }

    #[test]
    fn it_is_the_same_in_whatever_order_the_edges_came() {
        let one = graph(3, &[&[(0, 120), (2, 80), (1, 80)]]).expect("a graph");
        let other = graph(3, &[&[(1, 80), (2, 80), (0, 120)]]).expect("a graph");
        assert_eq!(one, other);
        assert_eq!(
            one.row(0).first(),
            Some(&Edge {
                column: 1,
                cost: 80
            })
        );
    }

    #[test]
    fn it_is_stored_row_by_row_and_read_again() {
        let text = r#"{"columns":3,"rows":[[[2,80],[0,120]],[]]}"#;
        let read: Graph = serde_json::from_str(text).expect("a graph");
        assert_eq!((read.rows(), read.columns(), read.edges()), (2, 3, 2));
        assert_eq!(serde_json::to_string(&read).expect("JSON"), text);
    }

    #[test]
    fn what_cannot_be_solved_is_refused() {
        let unknown = GraphError::UnknownColumn { row: 1, column: 2 };
        assert_eq!(graph(2, &[&[], &[(2, 0)]]), Err(unknown));
        let twice = GraphError::ColumnTwice { row: 0, column: 1 };
        assert_eq!(graph(2, &[&[(1, 5), (0, 1), (1, 6)]]), Err(twice));
        for cost in [COST_MAX + 1, -COST_MAX - 1, i64::MIN] {
            let beyond = GraphError::CostBeyondMax { row: 0, cost };
            assert_eq!(graph(1, &[&[(0, cost)]]), Err(beyond));
        }
        assert_eq!(graph(u32::MAX, &[]), Err(GraphError::TooLarge));
        let text = r#"{"columns":1,"rows":[[[1,80]]]}"#;
        let refused = serde_json::from_str::<Graph>(text).expect_err("no such column");
        assert!(refused.to_string().contains("row 0 names column 1"));
    }
}
