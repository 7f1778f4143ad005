"""What ``multihop_sampling`` can read neighbours from, behind one face: Graph, dict, networkx, scipy sparse."""

from collections.abc import Mapping

import numpy as np

from graphsage.base.checks import as_ids, read_only
from graphsage.base.foreign import is_networkx, is_sparse
from graphsage.base.told import maker, told
from graphsage.graph.build import indptr_of, is_in, label_array, name_sequence, names_in, refuse_dangling
from graphsage.graph.graph import Graph
from graphsage.sampling.arranged import Rows, arranged
from graphsage.sampling.draws import refuse_unfit

NO_INDICES = read_only(np.empty(0, np.int32))  # makes the kernel leave positions as it drew them


def table_of(neighbor_table, draw, weights):
    """The table behind ``neighbor_table`` for a ``draw``; weighted graphs only if it reads weights, or with "ignore"."""
    if isinstance(neighbor_table, Mapping):
        refuse_unfit(draw, None, weights)
        return DictTable(neighbor_table)
    if is_networkx(neighbor_table):
        refuse_unfit(draw, None, weights)
        return DictTable(_NetworkxRows(neighbor_table))
    if is_sparse(neighbor_table):
        neighbor_table = Graph.from_scipy(neighbor_table)
    if not isinstance(neighbor_table, Graph):
        raise TypeError(
            "neighbor_table must be a Graph, an adjacency dict, a networkx graph or a scipy sparse matrix, "
            f"got {told(neighbor_table)}{maker('Graph', 'neighbor_table', neighbor_table)}"
        )
    refuse_unfit(draw, neighbor_table, weights)
    return GraphTable(neighbor_table, arranged(neighbor_table, False, draw.by_weight))


class GraphTable:
    """All rows of a Graph at once; ids are row numbers."""

    def __init__(self, graph, rows):
        self.graph = graph
        self.rows = rows

    def seeds(self, name, seeds):
        return as_ids(name, seeds, self.graph.num_nodes).copy()

    def next_rows(self, ids):
        """(``Rows``, number of the row of each id)."""
        return self.rows, ids

    def names(self, rows, k, drawn):
        """The ids that were drawn: int64[len(rows) * k]."""
        return drawn


class DictTable:
    """A dict's rows, read only where the frontier touches them; ids are the dict's own names."""

    def __init__(self, adjacency):
        self.adjacency = adjacency

    def seeds(self, name, seeds):
        seeds = names_in(name, seeds)
        for at, seed in enumerate(seeds):
            if not is_in(seed, self.adjacency):
                nodes = len(self.adjacency)
                raise ValueError(f"{name}[{at}] = {seed!r} is not a key of neighbor_table ({nodes} nodes)")
        return label_array(seeds)

    def next_rows(self, ids):
        """As in GraphTable, of the distinct ids' rows; without ``indices``, so that positions are drawn.

        Of a hub's neighbours only those that are drawn are looked at.
        """
        row_of = {name: row for row, name in enumerate(dict.fromkeys(ids.tolist()))}
        self._touched = list(row_of)
        self._lists = [name_sequence(f"adjacency[{name!r}]", self.adjacency[name]) for name in self._touched]
        self._indptr = indptr_of([len(names) for names in self._lists])
        rows = np.fromiter((row_of[name] for name in ids.tolist()), np.int64, len(ids))
        # read-only, as a Graph's are: the kernel is compiled for one type of table
        return Rows(read_only(self._indptr), NO_INDICES), rows

    def names(self, rows, k, drawn):
        """As in GraphTable; ``drawn`` holds positions, and an isolated id stands in for its neighbours."""
        rows = np.repeat(rows, k)
        places = zip(rows.tolist(), (drawn - self._indptr[rows]).tolist())
        return label_array([self._name(row, place) for row, place in places])

    def _name(self, row, place):
        names = self._lists[row]
        if not len(names):
            return self._touched[row]
        name = names[place]
        refuse_dangling(self._touched[row], [name], self.adjacency)
        return name.item() if isinstance(name, np.generic) else name


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
