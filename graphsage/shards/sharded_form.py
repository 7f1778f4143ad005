"""A batch of a graph in shards: each hop's rows are drawn by their owners, local ids are given here. The same batch."""

from functools import partial

import numpy as np

from graphsage.sampling.parts import place_seeds, relabel_hop
from graphsage.sampling.unique_form import UniqueForm
from graphsage.shards.drawing import question


class ShardedForm(UniqueForm):
    """``UniqueForm`` of a ``ShardedGraph``."""

    def __init__(self, sampler):
        super().__init__(sampler)
        given, known = sampler.node_times, self.graph.node_times
        if given is not None and not np.array_equal(given, known if known is not None else ()):
            raise ValueError("node_times of a graph in shards must be those of its dataset, which its owners know")
        self.has_node_times = given is not None

    @staticmethod
    def slots_of(graph):
        """The rows that this process has: what draws read of them is made here as with the owners."""
        return graph.own

    def excluded(self, exclude, rows):
        """ValueError: nobody knows where in their rows the edges of pairs stand."""
        raise ValueError("exclude is not known to graphs in shards: train on links of the whole dataset")

    def sample(self, num_threads, rows, excluded, bounds, seeds, key, disjoint, open_end):
        """The MiniBatch, as ``UniqueForm.sample`` gives it of the whole graph."""
        scratch = self._scratch(len(seeds), disjoint)
        by_time = bounds is not None or self.draw.by_time
        how = {"stand_in": self.isolated == "self", "edge_ids": self.edge_ids, "node_times": self.has_node_times}
        asked = question(self.draw, key, by_time=by_time, **how)
        kernel = partial(sample_from_owners, partial(self._asked, asked, bounds))
        batch = self._run(kernel, rows, excluded, bounds, seeds, key, scratch, open_end)
        self.free[disjoint].append(scratch)
        return batch

    def edges_at(self, rows, positions):
        """The MiniBatch's edge_ids and edge_reversed, of the codes that owners gave."""
        found = {"edge_ids": positions >> 1}
        return found if self.slots.edge_reversed is None else found | {"edge_reversed": (positions & 1 == 1) & (positions >= 0)}

    def _asked(self, asked, bounds, hop, k, nodes, trees):
        """(counts of the rows ``nodes``, [neighbours, and codes of edges where ids are asked for]), in their order."""
        if not len(nodes):  # all of them were expanded before
            return np.empty(0, np.int64), [np.empty(0, np.int32)]
        values = asked | {"hop": hop, "k": k}
        beside, whole = ([], []) if trees is None else ([trees], [] if bounds is None else [bounds])
        return self.graph.owners.ask_rows("draw", nodes, values, *beside, whole=whole)


def sample_from_owners(ask, graph, draw, seeds, fanouts, open_end, key, forest, ids, work, hop_offsets, seed_index):
    """``sample_unique`` whose rows others draw: the same arguments, results and number of edges, but codes for positions."""
    (keys, local, base), (nodes, row_ptr, neighbors, cols, positions, _) = ids, work
    count = place_seeds(seeds, keys, local, base, nodes, forest, seed_index)
    hop_offsets[:2] = 0, count
    row_ptr[0] = first = done = 0
    for hop, k in enumerate(fanouts.tolist()):
        end, trees = count, None if forest is None else forest[0][first:count]
        counts, (found, *codes) = ask(hop, k, nodes[first:end], trees)
        row_ptr[first + 1 : end + 1] = done + np.cumsum(counts)
        last = int(row_ptr[end])
        neighbors[done:last] = found
        for of_edges in codes:
            positions[done:last] = of_edges
        if forest is not None:
            forest[1][done:last] = np.repeat(trees, counts)
        if not (open_end and hop == len(fanouts) - 1):
            count = relabel_hop(neighbors, cols, keys, local, base, nodes, forest, count, done, last)
        first, done = end, last
        hop_offsets[hop + 2] = count
    return done
