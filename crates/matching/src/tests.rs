//! Compares solutions with an exhaustive search, on small graphs.

use proptest::prelude::*;

use super::*;

const NO_LIMIT: u64 = u64::MAX;

fn graph(columns: u32, rows: &[&[(u32, i64)]]) -> Graph {
    let rows = rows.iter().map(|row| row.iter().copied().map(Edge::from));
    Graph::new(columns, rows).expect("a graph")
}

fn columns(graph: &Graph) -> Vec<Option<u32>> {
    solve(graph, NO_LIMIT).columns
}

/// The rows without a column.
fn unmatched(solution: &Solution) -> impl Iterator<Item = usize> {
    let rows = solution.columns.iter().enumerate();
    rows.filter_map(|(row, column)| column.is_none().then_some(row))
}

/// By number of matches: their least cost, found by trying all matchings one by one.
fn tried(graph: &Graph) -> Vec<i64> {
    let mut least = vec![None::<i64>; graph.rows() + 1];
    try_from_row(graph, 0, &mut Vec::new(), &mut least);
    least.into_iter().map_while(|cost| cost).collect()
}

fn try_from_row(graph: &Graph, row: usize, taken: &mut Vec<Edge>, least: &mut [Option<i64>]) {
    if row == graph.rows() {
        let cost = taken.iter().map(|edge| edge.cost).sum();
        let known = &mut least[taken.len()];
        *known = Some(known.map_or(cost, |known| known.min(cost)));
        return;
    }
    try_from_row(graph, row + 1, taken, least);
    for edge in graph.row(row) {
        if taken.iter().all(|it| it.column != edge.column) {
            taken.push(*edge);
            try_from_row(graph, row + 1, taken, least);
            taken.pop();
        }
    }
}

/// Panics unless each match is an edge, no column is taken twice, and the sums are right.
fn check(graph: &Graph, solution: &Solution) {
    assert_eq!(solution.columns.len(), graph.rows());
    let mut is_taken = vec![false; graph.columns()];
    let (mut matched, mut cost) = (0, 0);
    for (row, column) in solution.columns.iter().enumerate() {
        let Some(column) = *column else { continue };
        assert!(!is_taken[column as usize], "{column} is taken twice");
        is_taken[column as usize] = true;
        let edge = graph.row(row).iter().find(|edge| edge.column == column);
        cost += edge.expect("the match is an edge").cost;
        matched += 1;
    }
    assert_eq!((solution.matched, solution.cost), (matched, cost));
    assert_eq!(unmatched(solution).count(), graph.rows() - matched);
    assert!(matched <= solution.matched_max);
}

/// Graphs of up to six rows and columns with such costs.
fn graphs(costs: impl Strategy<Value = i64> + Clone) -> impl Strategy<Value = Graph> {
    let sides = (0..=6_usize, 0..=6_usize, 0..=3_u8);
    sides.prop_flat_map(move |(rows, columns, one_in)| {
        let edge = (0..=one_in, costs.clone());
        let row = prop::collection::vec(edge, columns);
        prop::collection::vec(row, rows).prop_map(move |rows| {
            let rows = rows.into_iter().map(|row| {
                let edges = (0..).zip(row).filter(|(_, (drawn, _))| *drawn == 0);
                edges.map(|(column, (_, cost))| Edge { column, cost })
            });
            Graph::new(columns as u32, rows).expect("a graph")
        })
    })
}

/// Graphs with few or many different costs, equal ones, gains, and the largest ones.
fn any_graph() -> impl Strategy<Value = Graph> {
    prop_oneof![
        graphs(0..=3_i64),
        graphs(Just(0_i64)),
        graphs(0..=900_000_i64),
        graphs(-50..=50_i64),
        graphs(prop_oneof![Just(-COST_MAX), Just(COST_MAX), Just(0_i64)]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn nothing_that_can_be_tried_is_better(graph in any_graph()) {
        let solution = solve(&graph, NO_LIMIT);
        check(&graph, &solution);
        let tried = tried(&graph);
        prop_assert_eq!(solution.matched + 1, tried.len());
        prop_assert_eq!(solution.cost, tried[solution.matched]);
        prop_assert_eq!(solution.solver, Solver::Exact);
        prop_assert_eq!(solution.gap(), 0);
        prop_assert_eq!(solution.matched_max, solution.matched);
    }

    /// Wherever the budget ends, the solution is valid, and not better than the best.
    #[test]
    fn what_a_budget_leaves_is_valid(graph in any_graph(), visits_max in 0..60_u64) {
        let solution = solve(&graph, visits_max);
        check(&graph, &solution);
        let tried = tried(&graph);
        prop_assert!(solution.matched < tried.len() && tried.len() <= solution.matched_max + 1);
        let best = tried[solution.matched];
        prop_assert!(solution.cost_min <= best && best <= solution.cost);
        if solution.solver == Solver::Exact {
            prop_assert_eq!((solution.matched + 1, solution.gap()), (tried.len(), 0));
        }
    }

    #[test]
    fn without_a_budget_no_edge_can_be_added(graph in any_graph()) {
        let solution = solve(&graph, 0);
        check(&graph, &solution);
        let is_taken = |column: u32| solution.columns.contains(&Some(column));
        for row in unmatched(&solution) {
            prop_assert!(graph.row(row).iter().all(|edge| is_taken(edge.column)));
        }
        let expected = if graph.edges() == 0 { Solver::Exact } else { Solver::Greedy };
        prop_assert_eq!(solution.solver, expected);
    }

    #[test]
    fn a_stored_graph_has_the_same_solution(graph in any_graph(), visits_max in 0..60_u64) {
        let text = serde_json::to_string(&graph).expect("JSON");
        let read: Graph = serde_json::from_str(&text).expect("a graph");
        prop_assert_eq!(&read, &graph);
        prop_assert_eq!(solve(&read, visits_max), solve(&graph, visits_max));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// No search could try these graphs. By duality, prices whose bound is the cost prove that no other matching of all
    /// rows is cheaper.
    #[test]
    fn prices_prove_a_large_matching(
        rows in prop::collection::vec(prop::collection::vec(0..1_000_i64, 40), 30),
    ) {
        let rows = rows.into_iter().map(|costs| {
            (0..).zip(costs).map(|(column, cost)| Edge { column, cost })
        });
        let graph = Graph::new(40, rows).expect("a graph");
        let mut attempt = Attempt::of(&graph, NO_LIMIT);
        attempt.exact().expect("a budget without a limit");
        prop_assert!(attempt.bounds.prices.iter().all(|price| *price >= 0));
        // Only of a greedy solution is the bound computed from prices.
        let proven = Solution::new(&attempt.taken, Solver::Greedy, 0, &attempt.bounds);
        prop_assert_eq!((proven.matched, proven.gap()), (30, 0));
    }
}

#[test]
fn a_match_more_is_worth_any_cost() {
    for cost in [-COST_MAX, COST_MAX] {
        let graph = graph(2, &[&[(0, 0), (1, COST_MAX)], &[(0, cost)]]);
        assert_eq!(columns(&graph), [Some(1), Some(0)]);
    }
}

#[test]
fn where_columns_are_short_the_cheapest_rows_have_them() {
    let graph = graph(3, &[&[(0, 30)], &[(0, 10)], &[(0, 20)], &[(2, 99), (0, 1)]]);
    let solution = solve(&graph, NO_LIMIT);
    assert_eq!(solution.columns, [None, Some(0), None, Some(2)]);
    assert_eq!(unmatched(&solution).collect::<Vec<_>>(), [0, 2]);
}

#[test]
fn of_equals_the_first_row_and_the_first_column_win() {
    let all: &[(u32, i64)] = &[(0, 7), (1, 7), (2, 7)];
    let enough = graph(3, &[all, all, all]);
    assert_eq!(columns(&enough), [0, 1, 2].map(Some));
    let short = graph(1, &[&[(0, 7)], &[(0, 7)]]);
    assert_eq!(columns(&short), [Some(0), None]);
    assert_eq!(solve(&short, 0).columns, [Some(0), None]);
}

#[test]
fn a_graph_without_edges_is_solved_at_once() {
    for empty in [graph(0, &[]), graph(5, &[]), graph(0, &[&[], &[]])] {
        let solution = solve(&empty, 0);
        check(&empty, &solution);
        assert_eq!((solution.solver, solution.visits), (Solver::Exact, 0));
    }
}

#[test]
fn the_greedy_answer_is_told_from_the_best_by_its_gap() {
    let graph = graph(2, &[&[(0, 1), (1, 2)], &[(0, 2), (1, 100)]]);
    let greedy = solve(&graph, 0);
    assert_eq!((greedy.cost, greedy.solver), (101, Solver::Greedy));
    // Each row's cheapest edge costs 3 together; the best answer is 4.
    assert_eq!((greedy.cost_min, greedy.gap()), (3, 98));
    let best = solve(&graph, NO_LIMIT);
    assert_eq!((best.cost, best.gap()), (4, 0));
}

#[test]
fn a_solution_can_be_stored() {
    let solution = solve(&graph(2, &[&[(1, 5)], &[]]), NO_LIMIT);
    let text = serde_json::to_string(&solution).expect("JSON");
    let expected = r#"{"columns":[1,null],"matched":1,"matched_max":1,"cost":5,"cost_min":5,"solver":"exact","visits":2}"#;
    assert_eq!(text, expected);
    let read: Solution = serde_json::from_str(&text).expect("a solution");
    assert_eq!(read, solution);
}

#[test]
fn the_greedy_part_counts_its_visits_too() {
    // The second row finds its first edge taken.
    let solution = solve(&graph(2, &[&[(0, 1)], &[(0, 2), (1, 3)]]), 0);
    assert_eq!((solution.solver, solution.visits), (Solver::Greedy, 3));
}
