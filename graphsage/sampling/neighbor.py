"""NeighborSampler: the unique form. Each node of a batch once, all hops as one CSR."""

from collections import deque
from collections.abc import Iterator, Sequence
from functools import cached_property, partial

import numpy as np
from numpy.typing import ArrayLike

from graphsage.base import rng
from graphsage.base.checks import as_count, as_fanouts, as_flag, as_ids, as_pairs, one_of, refuse_giants
from graphsage.base.threads import default_threads, ordered_map
from graphsage.base.told import of_kind
from graphsage.config.groups import ISOLATED, SampleConfig
from graphsage.graph.graph import Graph
from graphsage.sampling.arranged import arranged
from graphsage.sampling.draws import Draw, as_draw, entries, refuse_unfit
from graphsage.sampling.exclusion import excluded_between
from graphsage.sampling.hops import sample_unique
from graphsage.sampling.items import Items, SeedPlan, seeds_of
from graphsage.sampling.localids import LocalIds
from graphsage.sampling.minibatch import MiniBatch
from graphsage.sampling.parts import sample_in_parts
from graphsage.sampling.times import as_node_times, bounds_of

STREAMS = {"train": rng.SAMPLE, "evaluate": rng.EVALUATE, "predict": rng.PREDICT}


class NeighborSampler:
    """Neighbour sampling (Hamilton et al. 2017, section 3.1), each node expanded once, at its first hop.

    graph: ``Graph`` with N nodes. fanouts: neighbours drawn a hop, seeds' side first; -1 takes all.
    replace: draw with replacement (a neighbour may count twice in a row) or without (min(fanout, degree) distinct edges).
    draw: the rule by which a row's edges are chosen: "uniform", "weighted", "recent", "labor", or a record of that name
        (``Uniform(replace)``, ``Weighted(replace)``, ``Recent()``, ``Labor(per, weighted)``).
    seed: 0 <= seed < 2^64; the batch is a function of (seed, epoch, step, seeds) alone, whatever the thread or order.
    isolated: "empty" gives an isolated node an empty row, "self" makes it its own neighbour.
    edge_ids: True records the edge id of each sampled edge, and which way it was walked if the graph is undirected.
    weights: "ignore" lets a draw that does not read weights sample a weighted graph; else it is refused.
    disjoint: True expands each seed by itself, repeats too: B neighbourhoods that share nothing (``MiniBatch.tree``). So does
        every call of ``sample`` with times.
    node_times: [N], when each node came to be (or None): no edge is known before the node it comes from is.
    strictly_before: True leaves out what has the very time of the seed, too.
    stream: "train", "evaluate" or "predict": batches of one stream share no random number with those of another.
    num_threads: batches prepared at once by ``batches`` and ``NeighborLoader`` (0: on the calling thread; None: half of the
        cores, at most 4).
    """

    graph: Graph
    fanouts: tuple[int, ...]
    draw: Draw
    replace: bool
    seed: int
    isolated: str
    edge_ids: bool
    disjoint: bool
    node_times: np.ndarray | None
    strictly_before: bool
    stream: str
    num_threads: int

    def __init__(
        self,
        graph: Graph,
        fanouts: Sequence[int] = SampleConfig.fanouts,
        *,
        replace: bool = SampleConfig.replace,
        seed: int = 0,
        isolated: str = SampleConfig.isolated,
        edge_ids: bool = False,
        weights: str = SampleConfig.weights,
        num_threads: int | None = SampleConfig.num_threads,
        draw: str | Draw = SampleConfig.draw,
        disjoint: bool = False,
        node_times: ArrayLike | None = None,
        strictly_before: bool = SampleConfig.strictly_before,
        stream: str = "train",
    ) -> None:
        of_kind("graph", graph, Graph)
        fanouts = as_fanouts("fanouts", fanouts, allow_all=True)
        draw = as_draw(draw, as_flag("replace", replace))
        refuse_unfit(draw, graph, weights)
        node_times = as_node_times(node_times, graph)
        if as_flag("strictly_before", strictly_before) and graph.times is None and node_times is None:
            raise ValueError("strictly_before=True is about times, and neither the graph nor node_times has any")
        self.__dict__.update(
            graph=graph,
            fanouts=fanouts,
            draw=draw,
            replace=draw.replace,
            stream=one_of("stream", stream, tuple(STREAMS)),
            seed=as_count("seed", seed, most=2**64 - 1),
            isolated=one_of("isolated", isolated, ISOLATED),
            edge_ids=as_flag("edge_ids", edge_ids),
            disjoint=as_flag("disjoint", disjoint),
            node_times=node_times,
            strictly_before=bool(strictly_before),
            num_threads=default_threads() if num_threads is None else as_count("num_threads", num_threads),
            _max_degree=int(graph.degrees.max(initial=0)),
            _hop_fanouts=np.array(fanouts, np.int64),
            _free={False: deque(), True: deque()},  # scratch arrays not in use, of a form; append and pop are atomic
        )
        self.__dict__["_rows"] = self._timed_rows if draw.by_time else arranged(graph, False, draw.by_weight)

    def __repr__(self):
        return f"NeighborSampler(fanouts={list(self.fanouts)}, draw={self.draw}, seed={self.seed}, graph={self.graph})"

    def __setattr__(self, name, value):
        raise AttributeError(f"{name} cannot be set: buffers are sized for a sampler's settings; make another NeighborSampler")

    def __reduce__(self):
        # made anew from its settings: scratch arrays can be large, and what was let pass once (weights) passes again
        settings = {name: getattr(self, name) for name in NeighborSampler.__annotations__ if name != "graph"}
        return partial(type(self), weights="ignore", **settings), (self.graph,)

    def sample(
        self, seeds: ArrayLike | Items, epoch: int = 0, step: int = 0, *, times: ArrayLike | None = None,
        exclude: ArrayLike | None = None, num_threads: int = 1,
    ) -> MiniBatch:  # fmt: skip
        """MiniBatch around ``seeds`` (integers [B], B >= 1, repeats legal; or ``Items``). Safe to call from several threads.

        times: [B], of each seed, numbers or dates as those of the graph (or the ``time`` of ``Items``): no edge later than its
            seed's time is drawn, at any hop, and no node that came later. The batch is disjoint. None: edges of all times.
        exclude: [m, 2], pairs of nodes: no edge between the two of a pair, in either direction, is drawn at any hop. Rows are
            drawn as if those edges were not there; a row that has no others is an isolated one.
        num_threads: that draw this one batch, the same one for any number. Pays for a single large batch; for many,
            ``batches`` and ``NeighborLoader`` keep several under way.
        """
        return self._sample(seeds, epoch, step, times, exclude, num_threads, open_end=False)

    def sample_open(
        self, seeds: ArrayLike | Items, epoch: int = 0, step: int = 0, *, times: ArrayLike | None = None,
        exclude: ArrayLike | None = None, num_threads: int = 1,
    ) -> MiniBatch:  # fmt: skip
        """The same draws as an open MiniBatch: the last hop, the largest one, gets no local ids. About a third faster."""
        return self._sample(seeds, epoch, step, times, exclude, num_threads, open_end=True)

    def _sample(self, seeds, epoch, step, times, exclude, num_threads, *, open_end):
        times = seeds.time if times is None and isinstance(seeds, Items) else times
        seeds = as_ids("seeds", seeds_of(seeds), self.graph.num_nodes)
        if not len(seeds):
            raise ValueError("seeds is empty: a batch needs at least one seed")
        epoch, step = as_count("epoch", epoch, most=2**64 - 1), as_count("step", step, most=2**64 - 1)
        as_count("num_threads", num_threads, least=1)
        timed = times is not None
        rows = self._timed_rows if timed else self._rows
        bounds = bounds_of(times, len(seeds), rows.times, self.strictly_before) if timed else None
        if exclude is not None:
            exclude = excluded_between(as_pairs("exclude", exclude, self.graph.num_nodes), rows)
        key = rng.stream_key(self.seed, STREAMS[self.stream], epoch, step, rng.REPLICA)
        scratch = self._scratch(len(seeds), timed or self.disjoint)
        kernel = sample_unique if num_threads == 1 else partial(sample_in_parts, num_threads)
        seeds = seeds.copy()  # contiguous and writable: the type that the kernels are compiled for
        batch = self._run(kernel, rows, exclude, bounds, seeds, key, scratch, open_end)
        self._free[scratch.disjoint].append(scratch)  # not after an exception: what was interrupted may be half-used
        return batch

    @cached_property
    def _timed_rows(self):
        """The graph's rows in the order of time, for seeds with times and for draws by time."""
        if self.graph.times is None and self.node_times is None:
            rule = "pass Graph.from_edges(..., times=) or NeighborSampler(..., node_times=); of tables: a column time of edges"
            raise ValueError(f"the graph has no times to draw by: {rule}")
        return arranged(self.graph, True, self.draw.by_weight, self.node_times)

    def batches(self, plan: SeedPlan, *, epoch: int = 0) -> Iterator[MiniBatch]:
        """Yield the MiniBatch of each step of a ``SeedPlan``'s epoch, in order, prepared by ``num_threads`` threads."""
        of_kind("plan", plan, SeedPlan)
        return ordered_map(
            lambda step: self.sample(plan.items[plan.places(epoch, step)], epoch, step),
            plan.steps,
            self.num_threads,
        )

    def _run(self, kernel, rows, excluded, bounds, seeds, key, scratch, open_end):
        hop_offsets = np.empty(len(self.fanouts) + 2, np.int64)
        seed_index = np.empty(len(seeds), np.int64)
        ids, work = scratch.ids, scratch.work(open_end)
        where = ids.keys, ids.local, ids.base()
        graph, draw = (rows.indptr, rows.indices, excluded), self.draw.parameters(self.isolated == "self", rows, key)
        forest = scratch.forest(None if bounds is None else (rows.times, bounds))
        num_edges = kernel(
            graph, draw, seeds, self._hop_fanouts, open_end, key, forest, where, work, hop_offsets, seed_index
        )
        ids.used += int(hop_offsets[-1])
        edges = self._edges_at(rows, scratch.positions[:num_edges]) if self.edge_ids else {}
        arrays = _opened if open_end else _closed
        return MiniBatch(seed_index=seed_index, **arrays(scratch, num_edges, hop_offsets), **edges)

    def _edges_at(self, rows, positions):
        """The MiniBatch's edge_ids and edge_reversed; a stand-in, at a position < 0, is no edge."""
        graph = self.graph
        drawn = slice(None) if self.isolated == "empty" else positions >= 0
        at = positions[drawn] if rows.origin is None else rows.origin[positions[drawn]]
        ids = np.full(len(positions), -1)
        ids[drawn] = at if graph.edge_ids is None else graph.edge_ids[at]
        if graph.edge_reversed is None:
            return {"edge_ids": ids}
        flags = np.zeros(len(positions), bool)
        flags[drawn] = graph.edge_reversed[at]
        return {"edge_ids": ids, "edge_reversed": flags}

    def _scratch(self, num_seeds, disjoint):
        """Scratch arrays that hold any batch of ``num_seeds`` seeds, taken from the free ones where one fits."""
        try:
            scratch = self._free[disjoint].pop()
        except IndexError:
            scratch = None
        if scratch is None or scratch.num_seeds < num_seeds:  # what holds more seeds holds fewer
            num_nodes, num_edges = self._bounds(num_seeds, disjoint)
            if self.replace or disjoint:  # else a batch is no larger than the graph
                refuse_giants(f"a batch of {num_seeds} seeds with fanouts {list(self.fanouts)}", 12 * num_edges)
            # a row that is no longer than k needs no scratch, and k may be huge
            table_size = self.draw.scratch(min(max(self.fanouts), self._max_degree))
            scratch = _Scratch(num_seeds, self.graph.num_nodes, num_nodes, num_edges, table_size, disjoint)
        return scratch

    def _bounds(self, num_seeds, disjoint):
        """Most nodes and edges a batch can have: fanouts multiply, but no node is expanded or counted twice in a tree."""
        trees = num_seeds if disjoint else 1
        total = self.graph.num_nodes * trees
        frontier = num_nodes = min(num_seeds, total)
        num_edges = 0
        draw = self.replace, True
        for k in self.fanouts:
            drawn = frontier * max(int(entries(draw, self._max_degree, k)), 1)
            num_edges += drawn
            frontier = min(drawn, total)
            num_nodes = min(num_nodes + drawn, total)
        # each row is expanded once: its degree, a stand-in, or k draws with replacement
        every_row = self.graph.num_edges * trees + total * (max(1, *self.fanouts) if self.replace else 1)
        num_edges = min(num_edges, every_row)
        return num_nodes, num_edges


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
