"""Solves an assignment with independent solvers and prints what each found, as JSON: {solver: {matched, cost, cpu_ms}}.

peers.py edges FILE RUNS                 a graph as the crate matching writes it, by solvers that take edges
peers.py filled FILE RUNS                the same by solvers of whole matrices, where a missing edge costs more than all others
peers.py matrix FILE ROWS COLUMNS RUNS   a whole matrix of 32-bit costs, row by row

cpu_ms is the median of that many runs of the solver alone; making its input is not counted.
"""

import json
import statistics
import sys
import time

import lap
import numpy as np
from ortools.graph.python import min_cost_flow
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import min_weight_full_bipartite_matching


class Graph:
    def __init__(self, file):
        with open(file, encoding="utf-8") as text:
            written = json.load(text)
        self.rows = len(written["rows"])
        self.columns = written["columns"]
        self.row = np.repeat(np.arange(self.rows), [len(row) for row in written["rows"]])
        edges = np.array([edge for row in written["rows"] for edge in row], dtype=np.int64).reshape(-1, 2)
        self.column, self.cost = edges[:, 0], edges[:, 1]
        # What it costs to stay unmatched: more than any matches together.
        self.penalty = 1 + (self.rows + 1) * int(self.cost.max(initial=0))

    def matrix(self):
        matrix = np.full((self.rows, self.columns), self.penalty, dtype=np.float64)
        matrix[self.row, self.column] = self.cost
        return matrix


def timed(runs, prepare, solve):
    """The last result, and the median time of solving what was prepared anew."""
    took = []
    for _ in range(runs):
        prepared = prepare()
        begun = time.process_time()
        result = solve(prepared)
        took.append(1000 * (time.process_time() - begun))
    return prepared, result, statistics.median(took)


def scipy_sparse(graph, runs):
    # A column of its own for each row, where it stays unmatched. A cost of nothing would be no edge, so each is one more.
    own = np.arange(graph.rows)
    costs = np.concatenate([graph.cost, np.full(graph.rows, graph.penalty)]) + 1
    rows = np.concatenate([graph.row, own])
    columns = np.concatenate([graph.column, graph.columns + own])
    shape = (graph.rows, graph.columns + graph.rows)
    matrix = csr_matrix((costs.astype(np.float64), (rows, columns)), shape=shape)
    _, (rows, columns), cpu_ms = timed(runs, lambda: matrix, min_weight_full_bipartite_matching)
    is_matched = columns < graph.columns
    cost = matrix[rows[is_matched], columns[is_matched]].sum() - is_matched.sum()
    return {"matched": int(is_matched.sum()), "cost": int(cost), "cpu_ms": cpu_ms}


def flow(graph):
    source = graph.rows + graph.columns
    sink = source + 1
    rows, columns = np.arange(graph.rows), graph.rows + np.arange(graph.columns)
    tails = [np.full(graph.rows, source), graph.row, columns, rows]
    heads = [rows, graph.rows + graph.column, np.full(graph.columns, sink), np.full(graph.rows, sink)]
    costs = [np.zeros(graph.rows), graph.cost, np.zeros(graph.columns), np.full(graph.rows, graph.penalty)]
    solver = min_cost_flow.SimpleMinCostFlow()
    tails, heads, costs = (np.concatenate(parts).astype(np.int64) for parts in (tails, heads, costs))
    solver.add_arcs_with_capacity_and_unit_cost(tails, heads, np.ones(len(tails), dtype=np.int64), costs)
    solver.set_nodes_supplies(np.array([source, sink]), np.array([graph.rows, -graph.rows]))
    return solver, len(tails)


def ortools_flow(graph, runs):
    (solver, arcs), status, cpu_ms = timed(runs, lambda: flow(graph), lambda prepared: prepared[0].solve())
    if status != solver.OPTIMAL:
        sys.exit(f"OR-tools ended with status {status}")
    unmatched = int(solver.flows(np.arange(arcs - graph.rows, arcs)).sum())
    cost = solver.optimal_cost() - unmatched * graph.penalty
    return {"matched": graph.rows - unmatched, "cost": int(cost), "cpu_ms": cpu_ms}


def of_matrix(matrix, rows, columns, penalty, cpu_ms):
    costs = matrix[rows, columns]
    is_matched = costs < penalty
    return {"matched": int(is_matched.sum()), "cost": int(costs[is_matched].sum()), "cpu_ms": cpu_ms}


def scipy_dense(matrix, penalty, runs):
    _, (rows, columns), cpu_ms = timed(runs, lambda: matrix, linear_sum_assignment)
    return of_matrix(matrix, rows, columns, penalty, cpu_ms)


def lap_dense(matrix, penalty, runs):
    # It takes a million for infinite. Halving is exact.
    smaller = matrix / 2.0 ** max(0, np.ceil(np.log2(matrix.max(initial=1) / 500_000)))
    _, (_, columns, _), cpu_ms = timed(runs, lambda: smaller, lambda it: lap.lapjv(it, extend_cost=True))
    rows = np.flatnonzero(columns >= 0)
    return of_matrix(matrix, rows, columns[rows], penalty, cpu_ms)


def main(kind, file, *numbers):
    *shape, runs = map(int, numbers)
    if kind == "edges":
        graph = Graph(file)
        found = {"scipy sparse": scipy_sparse(graph, runs), "OR-tools": ortools_flow(graph, runs)}
    else:
        if kind == "filled":
            graph = Graph(file)
            matrix, penalty = graph.matrix(), graph.penalty
        else:
            matrix, penalty = np.fromfile(file, dtype="<i4").reshape(shape).astype(np.float64), np.inf
        found = {"scipy dense": scipy_dense(matrix, penalty, runs), "lap": lap_dense(matrix, penalty, runs)}
    print(json.dumps(found))


main(*sys.argv[1:])
