"""A batch of a ``Graph``: what ``NeighborSampler`` does there between its checks and the MiniBatch it returns."""

from collections import deque
from functools import partial

import numpy as np

from graphsage.base.checks import as_fanouts, as_ids, as_pairs, refuse_giants
from graphsage.base.told import of_kind
from graphsage.graph.build import row_extremes
from graphsage.graph.graph import Graph
from graphsage.sampling.draws import entries
from graphsage.sampling.exclusion import excluded_between
from graphsage.sampling.hops import sample_unique
from graphsage.sampling.localids import LocalIds
from graphsage.sampling.minibatch import MiniBatch
from graphsage.sampling.parts import sample_in_parts
from graphsage.sampling.times import as_node_times


class UniqueForm:
    """Batches of a graph in which each node is there once, or once a tree. sampler: its settings, checked.

    slots: the ``Graph`` whose rows are drawn, here.
    """

    def __init__(self, sampler):
        graph = self.graph = sampler.graph
        self.slots = self.slots_of(graph)
        self.fanouts, self.draw = sampler.fanouts, sampler.draw
        self.isolated, self.edge_ids = sampler.isolated, sampler.edge_ids
        self.hop_fanouts = np.array(sampler.fanouts, np.int64)
        self.max_degree, _ = row_extremes(graph.indptr)
        self.free = {False: deque(), True: deque()}  # scratch arrays not in use, of a form; append and pop are atomic

    @staticmethod
    def slots_of(graph):
        """``graph``, if it is a ``Graph``."""
        return of_kind("graph", graph, Graph)

    @staticmethod
    def fanouts_of(graph, fanouts):
        """Fanouts of the caller's, checked."""
        return as_fanouts("fanouts", fanouts, allow_all=True)

    @staticmethod
    def node_times_of(graph, node_times):
        """Times of the nodes, checked: an array, or None."""
        return as_node_times(node_times, graph)

    def seeds_of(self, seeds):
        """The caller's seeds as int64 array."""
        return as_ids("seeds", seeds, self.graph.num_nodes)

    def node_times_given(self, node_times):
        """The caller's ``node_times`` of which ``node_times_of`` made these."""
        return node_times

    def times_of(self, times, seeds):
        """The caller's times, an entry a seed."""
        return times

    def excluded(self, exclude, rows):
        """What the kernels take as ``excluded``."""
        return excluded_between(as_pairs("exclude", exclude, self.slots.num_nodes), rows)

    def sample(self, num_threads, rows, excluded, bounds, seeds, key, disjoint, open_end):
        """The MiniBatch. rows: ``Rows``; bounds: the last time that each seed's tree knows, or None."""
        scratch = self._scratch(len(seeds), disjoint)
        kernel = sample_unique if num_threads == 1 else partial(sample_in_parts, num_threads)
        batch = self._run(kernel, rows, excluded, bounds, seeds, key, scratch, open_end)
        self.free[disjoint].append(scratch)  # not after an exception: what was interrupted may be half-used
        return batch

    def _run(self, kernel, rows, excluded, bounds, seeds, key, scratch, open_end):
        hop_offsets = np.empty(len(self.fanouts) + 2, np.int64)
        seed_index = np.empty(len(seeds), np.int64)
        ids, work = scratch.ids, scratch.work(open_end)
        where = ids.keys, ids.local, ids.base()
        graph, draw = (rows.indptr, rows.indices, excluded), self.draw.parameters(self.isolated == "self", rows, key)
        forest = scratch.forest(None if bounds is None else (rows.times, bounds))
        num_edges = kernel(
            graph, draw, seeds, self.hop_fanouts, open_end, key, forest, where, work, hop_offsets, seed_index
        )
        ids.used += int(hop_offsets[-1])
        edges = self.edges_at(rows, scratch.positions[:num_edges]) if self.edge_ids else {}
        arrays = _opened if open_end else _closed
        return MiniBatch(seed_index=seed_index, **arrays(scratch, num_edges, hop_offsets), **edges)

    def edges_at(self, rows, positions):
        """The MiniBatch's edge_ids and edge_reversed; a stand-in, at a position < 0, is no edge."""
        return edges_at(self.slots, rows, positions, self.isolated == "self")
    def _scratch(self, num_seeds, disjoint):
        """Scratch arrays that hold any batch of ``num_seeds`` seeds, taken from the free ones where one fits."""
        try:
            scratch = self.free[disjoint].pop()
        except IndexError:
            scratch = None
        if scratch is None or scratch.num_seeds < num_seeds:  # what holds more seeds holds fewer
            num_nodes, num_edges = self._bounds(num_seeds, disjoint)
            if self.draw.replace or disjoint:  # else a batch is no larger than the graph
                refuse_giants(f"a batch of {num_seeds} seeds with fanouts {list(self.fanouts)}", 12 * num_edges)
            # a row that is no longer than k needs no scratch, and k may be huge
            table_size = self.draw.scratch(min(max(self.fanouts), self.max_degree))
            scratch = _Scratch(num_seeds, self.graph.num_nodes, num_nodes, num_edges, table_size, disjoint)
        return scratch

    def _bounds(self, num_seeds, disjoint):
        """Most nodes and edges a batch can have: fanouts multiply, but no node is expanded or counted twice in a tree."""
        trees = num_seeds if disjoint else 1
        total = self.graph.num_nodes * trees
        frontier = num_nodes = min(num_seeds, total)
        num_edges = 0
        draw = self.draw.replace, True
        for k in self.fanouts:
            drawn = frontier * max(int(entries(draw, self.max_degree, k)), 1)
            num_edges += drawn
            frontier = min(drawn, total)
            num_nodes = min(num_nodes + drawn, total)
        # each row is expanded once: its degree, a stand-in, or k draws with replacement
        every_row = self.graph.num_edges * trees + total * (max(1, *self.fanouts) if self.draw.replace else 1)
        num_edges = min(num_edges, every_row)
        return num_nodes, num_edges


def edges_at(graph, rows, positions, stand_in):
    """{"edge_ids"} at ``positions`` of ``rows``, and {"edge_reversed"} where ``graph`` has them. stand_in: may some be none?"""
    drawn = positions >= 0 if stand_in else slice(None)
    at = positions[drawn] if rows.origin is None else rows.origin[positions[drawn]]
    ids = np.full(len(positions), -1)
    ids[drawn] = at if graph.edge_ids is None else graph.edge_ids[at]
    if graph.edge_reversed is None:
        return {"edge_ids": ids}
    flags = np.zeros(len(positions), bool)
    flags[drawn] = graph.edge_reversed[at]
    return {"edge_ids": ids, "edge_reversed": flags}


def _closed(scratch, num_edges, hop_offsets):
    return {
        "nodes": scratch.nodes[: hop_offsets[-1]].copy(),
        "hop_offsets": hop_offsets,
        "indptr": scratch.indptr[: hop_offsets[-2] + 1].copy(),
        "indices": scratch.indices[:num_edges].copy(),
        **scratch.tree(hop_offsets[-1]),
    }


def _opened(scratch, num_edges, hop_offsets):
    num_rows, num_inner = hop_offsets[-2], hop_offsets[-3]
    return {
        "nodes": scratch.nodes[:num_rows].copy(),
        "hop_offsets": hop_offsets[:-1],
        "indptr": scratch.indptr[: num_rows + 1].copy(),
        "indices": scratch.indices[: scratch.indptr[num_inner]].copy(),
        "neighbors": scratch.neighbors[:num_edges].copy(),
        **scratch.tree(num_rows),
    }


class _Scratch:
    """Working arrays of one call. Large, but memory that no batch touches costs nothing."""

    def __init__(self, num_seeds, total_nodes, num_nodes, num_edges, table_size, disjoint):
        self.num_seeds = num_seeds
        self.disjoint = disjoint
        self.ids = LocalIds(total_nodes, num_nodes, disjoint)
        self.nodes = np.empty(num_nodes + 1, np.int32)  # the kernel writes one ahead
        self.indptr = np.empty(num_nodes + 1, np.int64)
        self.neighbors = np.empty(num_edges, np.int32)
        self.indices = np.empty(num_edges, np.int32)
        self.positions = np.empty(num_edges, np.int64)
        self.table = np.empty(table_size, np.int64)
        self.trees = np.empty(num_nodes + 1 if disjoint else 0, np.int32)
        self.owners = np.empty(num_edges if disjoint else 0, np.int32)

    def work(self, open_end):
        """The arrays that a kernel writes: see ``sample_unique``. A closed batch needs no ids beside its local ones."""
        neighbors = self.neighbors if open_end else self.indices
        return self.nodes, self.indptr, neighbors, self.indices, self.positions, self.table

    def forest(self, until):
        """The kernels' ``forest``; until: None, or (times of the edges, bounds of the trees)."""
        return (self.trees, self.owners, until) if self.disjoint else None

    def tree(self, num_nodes):
        """The MiniBatch's ``tree`` of ``num_nodes`` nodes, if it has one."""
        return {"tree": self.trees[:num_nodes].copy()} if self.disjoint else {}
