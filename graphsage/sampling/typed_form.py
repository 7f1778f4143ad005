"""A batch of a ``TypedGraph``: what ``NeighborSampler`` does there between its checks and the batch it returns."""

from collections import deque
from collections.abc import Mapping

import numpy as np

from graphsage.base.checks import as_array, as_fanouts, as_ids, as_list, read_only, refuse_giants
from graphsage.base.told import shown, told
from graphsage.graph.build import of_length
from graphsage.graph.relation_names import typed_pairs
from graphsage.graph.time_axis import earliest
from graphsage.sampling.draws import entries
from graphsage.sampling.exclusion import excluded_at
from graphsage.sampling.localids import LocalIds
from graphsage.sampling.times import times_by_type
from graphsage.sampling.typed_batch import TypedMiniBatch
from graphsage.sampling.typed_hops import part_relations, part_types, sample_typed


class TypedForm:
    """Batches of a typed graph. sampler: its settings, checked. slots: the ``Graph`` whose rows are drawn."""

    def __init__(self, sampler):
        graph = self.graph = sampler.graph
        self.slots, self.draw, self.edge_ids = graph.rows, sampler.draw, sampler.edge_ids
        if sampler.isolated != "empty":
            raise ValueError("isolated='self' is of graphs with one type: of a relation without neighbours a row stays empty")
        fanouts = sampler.fanouts
        by_relation = fanouts if isinstance(fanouts, Mapping) else dict.fromkeys(graph.relations, fanouts)
        self.num_hops = len(next(iter(by_relation.values()), fanouts))
        self.fanouts = np.array([by_relation[name] for name in graph.relations], np.int64).reshape(-1, self.num_hops).T.copy()
        of_type = dict(zip(graph.types, range(len(graph.types))))
        self.ends = [(of_type[name[0]], of_type[name[2]]) for name in graph.relations]
        lows = [(graph.starts[dst], graph.starts[dst + 1]) for _, dst in self.ends]
        self.relations = np.array([(first, *low) for first, low in zip(graph.firsts, lows)], np.int64).reshape(-1, 3)
        degrees = np.maximum.reduceat(np.append(self.slots.degrees, 0), graph.firsts[:-1]) if len(self.ends) else []
        empty = np.diff(graph.firsts) == 0
        self.max_degrees = np.where(empty, 0, degrees).tolist()
        self.free = {False: deque(), True: deque()}

    @staticmethod
    def slots_of(graph):
        """The rows of a ``TypedGraph``, one a node and relation."""
        return graph.rows

    @staticmethod
    def fanouts_of(graph, fanouts):
        """Fanouts of the caller's, checked: a tuple for all relations, or {relation: tuple}."""
        if not isinstance(fanouts, Mapping):
            return as_fanouts("fanouts", fanouts, allow_all=True)
        if not fanouts and not graph.relations:
            raise ValueError("fanouts is empty, and the graph has no relation to name: give one number a hop")
        named = [graph.relations[graph.index_of(name)] for name in fanouts]
        if twice := [name for name in named if named.count(name) > 1]:
            raise ValueError(f"fanouts has {twice[0]} twice: leave it in once")
        if missing := [name for name in graph.relations if name not in named]:
            raise ValueError(f"fanouts has no {missing[0]}: give it one number a hop, 0 to leave it out")
        hops = {name: _fanouts_or_0(f"fanouts[{name}]", values) for name, values in zip(named, fanouts.values())}
        lengths = {len(values) for values in hops.values()}
        if len(lengths) > 1:
            raise ValueError(f"fanouts must have as many hops for each relation, got {sorted(lengths)}")
        return {name: hops[name] for name in graph.relations}

    @staticmethod
    def node_times_of(graph, node_times):
        """{type: times of its nodes} of the caller's, as one array; types that are not named were always there."""
        if node_times is None:
            return None
        counts = graph.num_nodes
        given = dict(_typed("node_times", node_times, counts))
        if not given:
            return None
        found = times_by_type("node_times", given, counts, graph.rows.times)
        dtype = next(iter(found.values())).dtype
        parts = [found.get(name, np.full(count, earliest(dtype), dtype)) for name, count in counts.items()]
        return read_only(np.concatenate(parts))

    def node_times_given(self, node_times):
        """The caller's ``node_times`` of which ``node_times_of`` made these."""
        return None if node_times is None else dict(zip(self.graph.types, np.split(node_times, self.graph.starts[1:-1])))

    def seeds_of(self, seeds):
        """{type: ids} of the caller's as one int64 array of numbers, in the order of the graph's types."""
        found = dict(_typed("seeds", seeds, self.graph.num_nodes))
        asked = [(name, count, start) for name, count, start in self._of_types() if name in found]
        parts = [as_ids(f"seeds[{name!r}]", found[name], count, kind=name) + start for name, count, start in asked]
        return np.concatenate([np.empty(0, np.int64), *parts])

    def _of_types(self):
        """(name, number of nodes, number of the first) of each type."""
        return zip(self.graph.types, self.graph.num_nodes.values(), self.graph.starts)

    def times_of(self, times, seeds):
        """{type: times of its seeds} of the caller's as one array. seeds: the numbers that ``seeds_of`` gave."""
        found = dict(_typed("times", times, self.graph.num_nodes))
        counts = dict(zip(self.graph.types, np.diff(np.searchsorted(seeds, self.graph.starts)).tolist()))
        if missing := [name for name, count in counts.items() if count and name not in found]:
            raise ValueError(f"times has no {missing[0]!r}, of which there are seeds: give each seed its time")
        given = {name: as_array(f"times[{name!r}]", found[name]) for name in counts if name in found}
        return np.concatenate([of_length(f"times[{name!r}]", of, counts[name], "seed") for name, of in given.items()])

    def excluded(self, exclude, rows):
        """What the kernels take as ``excluded``: of {relation: [m, 2], (source, destination)}, both ways round."""
        if not isinstance(exclude, Mapping):
            raise TypeError(f"exclude must be a dict {{relation: pairs (source, destination)}}, got {told(exclude)}")
        parts = [np.empty((0, 2), np.int64)]
        for name, pairs in exclude.items():
            name = self.graph.relations[self.graph.index_of(name)]
            pairs = typed_pairs(f"exclude[{name}]", pairs, self.graph.num_nodes, name)
            for relation, ends in self._both_ways(name, pairs):
                at = self.graph.index_of(relation)
                first = self.graph.firsts[at] + ends[:, 1], self.graph.starts[self.ends[at][0]] + ends[:, 0]
                parts.append(np.stack(first, 1))
        return excluded_at(np.concatenate(parts), rows)

    def _both_ways(self, name, pairs):
        yield name, pairs
        others = [turned for turned, origin in self.graph.reverse_of.items() if origin == name]
        for other in [*others, *([self.graph.reverse_of[name]] if name in self.graph.reverse_of else [])]:
            yield other, pairs[:, ::-1]

    def sample(self, num_threads, rows, excluded, bounds, seeds, key, disjoint, open_end):
        """The TypedMiniBatch, by one thread whatever ``num_threads``."""
        if open_end:
            raise ValueError("a batch of a typed graph has local ids at each hop: use sample()")
        scratch = self._scratch(len(seeds), disjoint)
        batch = self._run(rows, excluded, bounds, seeds, key, scratch)
        self.free[disjoint].append(scratch)  # not after an exception: what was interrupted may be half-used
        return batch

    def _run(self, rows, excluded, bounds, seeds, key, scratch):
        hop_offsets, index = np.empty(self.num_hops + 2, np.int64), np.empty(len(seeds), np.int64)
        row_ends = np.empty(self.fanouts.shape, np.int64)
        ids = scratch.ids
        forest, of_slots = scratch.forests(None if bounds is None else (rows.times, bounds))
        draw, where = self.draw.parameters(False, rows, key), (ids.keys, ids.local, ids.base())
        graph = rows.indptr, rows.indices, excluded
        num_edges = sample_typed(
            graph, draw, seeds, self.fanouts, self.relations, key, forest, where, scratch.work(),
            (scratch.slots, of_slots), hop_offsets, row_ends, index,
        )  # fmt: skip
        ids.used += int(hop_offsets[-1])
        return self._parted(rows, scratch, seeds, hop_offsets, row_ends, index, num_edges)

    def _parted(self, rows, scratch, seeds, hop_offsets, row_ends, index, num_edges):
        """The batch of what a kernel has written, by type and by relation."""
        types, count = self.graph.types, hop_offsets[-1]
        counts = np.empty((len(types), self.num_hops + 2), np.int64)
        ids, spots = np.empty(count, np.int32), np.empty(count, np.int32)
        part_types(scratch.nodes[:count], self.graph.starts, hop_offsets, counts, ids, spots)
        ends = np.cumsum(counts[:, -1])
        firsts = ends - counts[:, -1]
        num_rows = int(row_ends[-1, -1]) if row_ends.size else 0
        indptr, indices = np.empty(num_rows + len(self.ends), np.int64), np.empty(num_edges, np.int32)
        at = np.empty(num_edges, np.int64)
        sources = firsts[[src for src, _ in self.ends]] if self.ends else np.empty(0, np.int64)
        part_relations(row_ends, scratch.row_ptr, scratch.indices, scratch.positions, spots, sources, indptr, indices, at)
        of_rows = np.cumsum([counts[dst, -2] + 1 for _, dst in self.ends], dtype=np.int64)[:-1]
        of_relations = _split(self.graph.relations, indptr, of_rows)
        of_edges = np.cumsum([part[-1] for part in of_relations.values()], dtype=np.int64)[:-1]
        of_seeds = np.searchsorted(seeds, self.graph.starts[1:-1])
        of_index = _split(types, spots[index].astype(np.int64), of_seeds)
        return TypedMiniBatch(
            nodes=_split(types, ids, ends[:-1]),
            seed_index={name: part - first for (name, part), first in zip(of_index.items(), firsts) if len(part)},
            hop_offsets=dict(zip(types, counts)),
            indptr=of_relations,
            indices=_split(self.graph.relations, indices, of_edges),
            edge_ids=_split(self.graph.relations, self._ids_at(rows, at), of_edges) if self.edge_ids else None,
            tree=_split(types, _placed(scratch.trees[:count], spots), ends[:-1]) if scratch.disjoint else None,
        )

    def _ids_at(self, rows, at):
        return self.graph.edge_ids[at if rows.origin is None else rows.origin[at]]

    def _scratch(self, num_seeds, disjoint):
        """Scratch arrays that hold any batch of ``num_seeds`` seeds, taken from the free ones where one fits."""
        try:
            scratch = self.free[disjoint].pop()
        except IndexError:
            scratch = None
        if scratch is None or scratch.num_seeds < num_seeds:
            sizes = num_nodes, num_rows, num_edges = self._bounds(num_seeds, disjoint)
            refuse_giants(f"a batch of {num_seeds} seeds with these fanouts", 12 * num_edges + 12 * num_rows + 8 * num_nodes)
            widest = min(int(self.fanouts.max(initial=0)), max(self.max_degrees, default=0))
            scratch = _Scratch(num_seeds, int(self.graph.starts[-1]), *sizes, self.draw.scratch(max(widest, 1)), disjoint)
        return scratch

    def _bounds(self, num_seeds, disjoint):
        """Most nodes, rows and edges a batch can have: fanouts multiply, but no node is expanded or counted twice in a tree."""
        trees = num_seeds if disjoint else 1
        totals = [count * trees for count in self.graph.num_nodes.values()]
        frontier = [min(num_seeds, total) for total in totals]
        nodes, num_rows, num_edges = list(frontier), 0, 0
        for fanouts in self.fanouts.tolist():
            found = [0] * len(totals)
            for (src, dst), k, degree in zip(self.ends, fanouts, self.max_degrees):
                drawn = frontier[dst] * int(entries((self.draw.replace, False), degree, k))
                num_rows, num_edges, found[src] = num_rows + frontier[dst], num_edges + drawn, found[src] + drawn
            frontier = [min(pair) for pair in zip(found, totals)]
            nodes = [min(known + new, total) for known, new, total in zip(nodes, frontier, totals)]
        return sum(nodes), min(num_rows, sum(totals[dst] for _, dst in self.ends)), num_edges


def _typed(name, given, counts):
    """The items of {type: ...} of the caller's."""
    if not isinstance(given, Mapping):
        raise TypeError(f"{name} must be a dict {{type: ...}}, as the graph has types of nodes; got {told(given)}")
    for kind in given:
        if kind not in counts:
            raise ValueError(f"{name} has {shown(kind)}, which is no type of nodes: there are {', '.join(map(repr, counts))}")
    return given.items()


def _fanouts_or_0(name, values):
    """Fanouts of which each may be 0."""
    listed = as_list(name, values, "integers, one a hop")
    is_0 = [isinstance(value, (int, np.integer)) and not isinstance(value, bool) and value == 0 for value in listed]
    checked = as_fanouts(name, [1 if nothing else value for nothing, value in zip(is_0, listed)], allow_all=True)
    return tuple(0 if nothing else value for nothing, value in zip(is_0, checked))


def _split(names, array, cuts):
    return dict(zip(names, np.split(array, cuts))) if names else {}


def _placed(values, spots):
    placed = np.empty_like(values)
    placed[spots] = values
    return placed


class _Scratch:
    """Working arrays of one call. Large, but memory that no batch touches costs nothing."""

    def __init__(self, num_seeds, total_nodes, num_nodes, num_rows, num_edges, table_size, disjoint):
        self.num_seeds, self.disjoint = num_seeds, disjoint
        self.ids = LocalIds(total_nodes, num_nodes, disjoint)
        self.nodes = np.empty(num_nodes + 1, np.int32)  # the kernel writes one ahead
        self.row_ptr, self.slots = np.empty(num_rows + 1, np.int64), np.empty(num_rows, np.int64)
        self.indices, self.positions = np.empty(num_edges, np.int32), np.empty(num_edges, np.int64)
        self.table = np.empty(table_size, np.int64)
        self.slot_trees = np.empty(num_rows if disjoint else 0, np.int32)
        self.trees = np.empty(num_nodes + 1 if disjoint else 0, np.int32)
        self.owners = np.empty(num_edges if disjoint else 0, np.int32)

    def work(self):
        """The arrays that the kernel writes: see ``sample_typed``."""
        return self.nodes, self.row_ptr, self.indices, self.indices, self.positions, self.table

    def forests(self, until):
        """The kernel's ``forest`` of nodes, and that of rows; until: None, or (times of the edges, bounds of the trees)."""
        if not self.disjoint:
            return None, None
        return (self.trees, self.owners, until), (self.slot_trees, self.owners, until)
