"""What ``multihop_sampling`` can read neighbours from, behind one face: Graph, dict, networkx, scipy sparse."""

from collections.abc import Mapping

import numpy as np

from graphsage.checks import as_ids
from graphsage.csr import indptr_of, label_array, neighbor_list
from graphsage.graph import Graph


def table_of(neighbor_table, weights):
    """The table behind ``neighbor_table``; weighted graphs only with ``weights="ignore"``."""
    if isinstance(neighbor_table, Mapping):
        return DictTable(neighbor_table)
    if hasattr(neighbor_table, "is_directed") and hasattr(neighbor_table, "adj"):
        return DictTable(_NetworkxRows(neighbor_table))
    if hasattr(neighbor_table, "tocsr"):
        neighbor_table = Graph.from_scipy(neighbor_table)
    if not isinstance(neighbor_table, Graph):
        raise TypeError(
            "neighbor_table must be a Graph, an adjacency dict, a networkx graph or a scipy sparse matrix, "
            f"got {type(neighbor_table).__name__}"
        )
    neighbor_table.refuse_weights(weights)
    return GraphTable(neighbor_table)


class GraphTable:
    """All rows of a Graph at once; ids are row numbers."""

    def __init__(self, graph):
        self.graph = graph

    def seeds(self, name, seeds):
        return as_ids(name, seeds, self.graph.num_nodes).copy()

    def next_rows(self, ids):
        """(indptr, indices, rows, names): the row of each id, and what a sampled number stands for (None: itself)."""
        return self.graph.indptr, self.graph.indices, ids, None


class DictTable:
    """A dict's rows, read only where the frontier touches them; ids are the dict's own names."""

    def __init__(self, adjacency):
        self.adjacency = adjacency

    def seeds(self, name, seeds):
        seeds = list(seeds.tolist() if hasattr(seeds, "tolist") else seeds)
        for at, seed in enumerate(seeds):
            self._refuse_unknown(f"{name}[{at}]", seed)
        return label_array(seeds)

    def next_rows(self, ids):
        """As in GraphTable: a CSR of the distinct ids' rows, whose numbers stand for entries of ``names``.

        names = [the distinct ids, then all their neighbours]: row number v stands for its own id, as an isolated node needs.
        """
        row_of = {name: None for name in ids.tolist()}
        touched = list(row_of)
        lists = [self._neighbors(name) for name in touched]
        row_of = {name: row for row, name in enumerate(touched)}
        indptr = indptr_of([len(names) for names in lists])
        indices = np.arange(len(touched), len(touched) + indptr[-1], dtype=np.int32)
        rows = np.fromiter((row_of[name] for name in ids.tolist()), np.int64, len(ids))
        return indptr, indices, rows, label_array(touched + [name for names in lists for name in names])

    def _neighbors(self, name):
        self._refuse_unknown("a neighbour", name)
        return neighbor_list(name, self.adjacency[name])

    def _refuse_unknown(self, what, name):
        try:
            known = name in self.adjacency
        except TypeError:
            raise TypeError(f"{what} must be a node's name, got {name!r}") from None
        if not known:
            raise ValueError(f"{what} = {name!r} is not a key of neighbor_table ({len(self.adjacency)} nodes)")


class _NetworkxRows:
    """A networkx graph as a mapping of node to neighbours: predecessors, or both ends of undirected edges."""

    def __init__(self, graph):
        self.graph = graph
        self.rows = graph.pred if graph.is_directed() else graph.adj

    def __contains__(self, name):
        return name in self.rows

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, name):
        row = self.rows[name]
        if not self.graph.is_multigraph():
            return list(row)
        return [neighbor for neighbor, parallel in row.items() for _ in parallel]
