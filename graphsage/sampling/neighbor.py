"""NeighborSampler: the unique form. Each node of a batch once, all hops as one CSR."""

from collections import deque
from functools import partial

import numpy as np

from graphsage.base import rng
from graphsage.base.checks import as_count, as_fanouts, as_flag, as_ids, one_of, refuse_giants
from graphsage.base.threads import default_threads, ordered_map
from graphsage.config.settings import ISOLATED, SampleConfig
from graphsage.graph.graph import Graph
from graphsage.sampling.draws.positions import set_size
from graphsage.sampling.hops import sample_unique
from graphsage.sampling.localids import LocalIds
from graphsage.sampling.minibatch import MiniBatch, OpenMiniBatch
from graphsage.sampling.parts import sample_in_parts

STREAMS = {"train": rng.SAMPLE, "evaluate": rng.EVALUATE, "predict": rng.PREDICT}


class NeighborSampler:
    """Uniform neighbour sampling (Hamilton et al. 2017, section 3.1), each node expanded once, at its first hop.

    graph: ``Graph`` with N nodes. fanouts: neighbours drawn a hop, seeds' side first; -1 takes all.
    replace: draw with replacement (a neighbour may count twice in a row) or without (min(fanout, degree) distinct edges).
    seed: 0 <= seed < 2^64; the batch is a function of (seed, epoch, step, seeds) alone, whatever the thread or order.
    isolated: "empty" gives an isolated node an empty row, "self" makes it its own neighbour.
    edge_ids: True records the edge id of each sampled edge, and which way it was walked if the graph is undirected.
    weights: "ignore" samples a weighted graph uniformly; else it is refused.
    stream: "train", "evaluate" or "predict": batches of one stream share no random number with those of another.
    num_threads: batches prepared at once by ``batches`` and ``NeighborLoader`` (0: on the calling thread; None: half of the
        cores, at most 4).
    """

    def __init__(
        self,
        graph,
        fanouts=SampleConfig.fanouts,
        *,
        replace=SampleConfig.replace,
        seed=0,
        isolated=SampleConfig.isolated,
        edge_ids=False,
        weights=SampleConfig.weights,
        num_threads=SampleConfig.num_threads,
        stream="train",
    ):
        if not isinstance(graph, Graph):
            raise TypeError(f"graph must be a Graph (see Graph.from_edges and its siblings), got {type(graph).__name__}")
        graph.refuse_weights(weights)
        fanouts = as_fanouts("fanouts", fanouts, allow_all=True)
        self.__dict__.update(
            graph=graph,
            fanouts=fanouts,
            replace=as_flag("replace", replace),
            seed=as_count("seed", seed, most=2**64 - 1),
            isolated=one_of("isolated", isolated, ISOLATED),
            edge_ids=as_flag("edge_ids", edge_ids),
            num_threads=default_threads() if num_threads is None else as_count("num_threads", num_threads),
            stream=one_of("stream", stream, tuple(STREAMS)),
            _max_degree=int(graph.degrees.max(initial=0)),
            _hop_fanouts=np.array(fanouts, np.int64),
            _free=deque(),  # scratch arrays not in use; append and pop are atomic
        )

    def __setattr__(self, name, value):
        raise AttributeError(f"{name} cannot be set: buffers are sized for a sampler's settings; make another NeighborSampler")

    def sample(self, seeds, *, epoch=0, step=0, num_threads=1):
        """MiniBatch around ``seeds`` (integers [B], B >= 1, repeats legal). Safe to call from several threads.

        num_threads: that draw this one batch, the same one for any number. Pays for a single large batch; for many,
        ``batches`` and ``NeighborLoader`` keep several under way.
        """
        return self._sample(seeds, epoch, step, num_threads, open_end=False)

    def sample_open(self, seeds, *, epoch=0, step=0, num_threads=1):
        """The same draws as an ``OpenMiniBatch``: the last hop, the largest one, gets no local ids. About a third faster."""
        return self._sample(seeds, epoch, step, num_threads, open_end=True)

    def _sample(self, seeds, epoch, step, num_threads, *, open_end):
        seeds = as_ids("seeds", seeds, self.graph.num_nodes)
        if not len(seeds):
            raise ValueError("seeds is empty: a batch needs at least one seed")
        epoch, step = as_count("epoch", epoch, most=2**64 - 1), as_count("step", step, most=2**64 - 1)
        as_count("num_threads", num_threads, least=1)
        key = rng.stream_key(self.seed, STREAMS[self.stream], epoch, step, rng.REPLICA)
        scratch = self._scratch(len(seeds))
        draw = sample_unique if num_threads == 1 else partial(sample_in_parts, num_threads)
        seeds = seeds.copy()  # contiguous and writable: the type that the kernels are compiled for
        batch = self._run(draw, seeds, key, scratch, open_end)
        self._free.append(scratch)  # not after an exception: what was interrupted may be half-used
        return batch

    def batches(self, plan, *, epoch=0):
        """Yield the MiniBatch of each step of a ``SeedPlan``'s epoch, in order, prepared by ``num_threads`` threads."""
        return ordered_map(
            lambda step: self.sample(plan.seeds(epoch, step), epoch=epoch, step=step),
            range(plan.num_steps),
            self.num_threads,
        )

    def _run(self, draw, seeds, key, scratch, open_end):
        hop_offsets = np.empty(len(self.fanouts) + 2, np.int64)
        seed_index = np.empty(len(seeds), np.int64)
        ids = scratch.ids
        num_edges = draw(
            self.graph.indptr,
            self.graph.indices,
            seeds,
            self._hop_fanouts,
            self.replace,
            self.isolated == "self",
            open_end,
            key,
            scratch.table,
            ids.keys,
            ids.local,
            ids.base(),
            scratch.nodes,
            scratch.indptr,
            scratch.neighbors if open_end else scratch.indices,
            scratch.indices,
            scratch.positions,
            hop_offsets,
            seed_index,
        )
        ids.used += int(hop_offsets[-1])
        edges = self._edges_at(scratch.positions[:num_edges]) if self.edge_ids else {}
        record = _open if open_end else _closed
        return record(scratch, num_edges, hop_offsets=hop_offsets, seed_index=seed_index, **edges)

    def _edges_at(self, positions):
        """The MiniBatch's edge_ids and edge_reversed; a stand-in, at a position < 0, is no edge."""
        graph = self.graph
        drawn = slice(None) if self.isolated == "empty" else positions >= 0
        ids = np.full(len(positions), -1)
        ids[drawn] = positions[drawn] if graph.edge_ids is None else graph.edge_ids[positions[drawn]]
        if graph.edge_reversed is None:
            return {"edge_ids": ids}
        flags = np.zeros(len(positions), bool)
        flags[drawn] = graph.edge_reversed[positions[drawn]]
        return {"edge_ids": ids, "edge_reversed": flags}

    def _scratch(self, num_seeds):
        """Scratch arrays that hold any batch of ``num_seeds`` seeds, taken from the free ones where one fits."""
        num_nodes, num_edges = self._bounds(num_seeds)
        try:
            scratch = self._free.pop()
        except IndexError:
            scratch = None
        if scratch is None or scratch.too_small(num_nodes, num_edges):
            if self.replace:  # else a batch is no larger than the graph
                refuse_giants(f"a batch of {num_seeds} seeds with fanouts {list(self.fanouts)}", 12 * num_edges)
            scratch = _Scratch(self.graph.num_nodes, num_nodes, num_edges, set_size(min(max(self.fanouts), self._max_degree)))
        return scratch

    def _bounds(self, num_seeds):
        """Most nodes and edges a batch can have: fanouts multiply, but no node is expanded or counted twice."""
        total = self.graph.num_nodes
        frontier = num_nodes = min(num_seeds, total)
        num_edges = 0
        for k in self.fanouts:
            most = self._max_degree if k < 0 else k if self.replace else min(k, self._max_degree)
            drawn = frontier * max(most, 1)
            num_edges += drawn
            frontier = min(drawn, total)
            num_nodes = min(num_nodes + drawn, total)
        # each row is expanded once: its degree, a stand-in, or k draws with replacement
        every_row = self.graph.num_edges + total * (max(1, *self.fanouts) if self.replace else 1)
        num_edges = min(num_edges, every_row)
        return num_nodes, num_edges


def _closed(scratch, num_edges, *, hop_offsets, **fields):
    return MiniBatch(
        nodes=scratch.nodes[: hop_offsets[-1]].copy(),
        hop_offsets=hop_offsets,
        indptr=scratch.indptr[: hop_offsets[-2] + 1].copy(),
        indices=scratch.indices[:num_edges].copy(),
        **fields,
    )


def _open(scratch, num_edges, *, hop_offsets, **fields):
    num_rows, num_inner = hop_offsets[-2], hop_offsets[-3]
    return OpenMiniBatch(
        nodes=scratch.nodes[:num_rows].copy(),
        hop_offsets=hop_offsets[:-1],
        indptr=scratch.indptr[: num_rows + 1].copy(),
        indices=scratch.indices[: scratch.indptr[num_inner]].copy(),
        neighbors=scratch.neighbors[:num_edges].copy(),
        **fields,
    )


class _Scratch:
    """Working arrays of one call. Large, but memory that no batch touches costs nothing."""

    def __init__(self, total_nodes, num_nodes, num_edges, table_size):
        self.ids = LocalIds(total_nodes, num_nodes)
        self.nodes = np.empty(num_nodes + 1, np.int32)  # the kernel writes one ahead
        self.indptr = np.empty(num_nodes + 1, np.int64)
        self.neighbors = np.empty(num_edges, np.int32)
        self.indices = np.empty(num_edges, np.int32)
        self.positions = np.empty(num_edges, np.int64)
        self.table = np.empty(table_size, np.int64)

    def too_small(self, num_nodes, num_edges):
        return len(self.nodes) <= num_nodes or len(self.indices) < num_edges
