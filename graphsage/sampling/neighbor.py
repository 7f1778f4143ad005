"""NeighborSampler: the unique form. Each node of a batch once, all hops as one CSR."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import overload

import numpy as np
from numpy.typing import ArrayLike

from graphsage.base import rng
from graphsage.base.checks import as_count, as_flag, one_of
from graphsage.base.threads import default_threads, ordered_map
from graphsage.base.told import of_kind
from graphsage.config.groups import ISOLATED, SampleConfig
from graphsage.graph.graph import Graph
from graphsage.graph.typed_graph import Relation, TypedGraph
from graphsage.sampling.arranged import arranged
from graphsage.sampling.draws import Draw, as_draw, refuse_unfit
from graphsage.sampling.items import Items, SeedPlan, seeds_of
from graphsage.sampling.minibatch import MiniBatch
from graphsage.sampling.times import bounds_of
from graphsage.sampling.typed_batch import TypedMiniBatch
from graphsage.sampling.typed_form import TypedForm
from graphsage.sampling.unique_form import UniqueForm

STREAMS = {"train": rng.SAMPLE, "evaluate": rng.EVALUATE, "predict": rng.PREDICT}


class NeighborSampler:
    """Neighbour sampling (Hamilton et al. 2017, section 3.1), each node expanded once, at its first hop.

    graph: ``Graph`` with N nodes, or a ``TypedGraph``. fanouts: neighbours drawn a hop, seeds' side first; -1 takes all. Of a
        ``TypedGraph``: of each relation so many, or {relation: fanouts}, of which 0 leaves it out in that hop.
    replace: draw with replacement (a neighbour may count twice in a row) or without (min(fanout, degree) distinct edges).
    draw: the rule by which a row's edges are chosen: "uniform", "weighted", "recent", "labor", or a record of that name
        (``Uniform(replace)``, ``Weighted(replace)``, ``Recent()``, ``Labor(per, weighted)``).
    seed: 0 <= seed < 2^64; the batch is a function of (seed, epoch, step, seeds) alone, whatever the thread or order.
    isolated: "empty" gives an isolated node an empty row, "self" makes it its own neighbour.
    edge_ids: True records the edge id of each sampled edge, and which way it was walked if the graph is undirected.
    weights: "ignore" lets a draw that does not read weights sample a weighted graph; else it is refused.
    disjoint: True expands each seed by itself, repeats too: B neighbourhoods that share nothing (``MiniBatch.tree``). So does
        every call of ``sample`` with times.
    node_times: [N], when each node came to be (or None): no edge is known before the node it comes from is. Of a
        ``TypedGraph``: {type: [n]}; nodes of types that are not named were always there.
    strictly_before: True leaves out what has the very time of the seed, too.
    stream: "train", "evaluate" or "predict": batches of one stream share no random number with those of another.
    num_threads: batches prepared at once by ``batches`` and ``NeighborLoader`` (0: on the calling thread; None: half of the
        cores, at most 4).
    """

    graph: Graph | TypedGraph
    fanouts: tuple[int, ...] | Mapping[Relation, tuple[int, ...]]
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
        graph: Graph | TypedGraph,
        fanouts: Sequence[int] | Mapping[Relation, Sequence[int]] = SampleConfig.fanouts,
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
        form = TypedForm if isinstance(graph, TypedGraph) else getattr(graph, "sampling_form", UniqueForm)
        slots = form.slots_of(graph)
        fanouts = form.fanouts_of(graph, fanouts)
        draw = as_draw(draw, as_flag("replace", replace))
        refuse_unfit(draw, slots, weights)
        node_times = form.node_times_of(graph, node_times)
        if as_flag("strictly_before", strictly_before) and slots.times is None and node_times is None:
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
        )
        self.__dict__["_form"] = form(self)
        self.__dict__["_rows"] = self._timed_rows if draw.by_time else arranged(slots, False, draw.by_weight)

    def __repr__(self):
        fanouts = list(self.fanouts) if isinstance(self.fanouts, tuple) else self.fanouts
        return f"NeighborSampler(fanouts={fanouts}, draw={self.draw}, seed={self.seed}, graph={self.graph})"

    def __setattr__(self, name, value):
        raise AttributeError(f"{name} cannot be set: buffers are sized for a sampler's settings; make another NeighborSampler")

    def __reduce__(self):
        # made anew from its settings: scratch arrays can be large, and what was let pass once (weights) passes again
        settings = {name: getattr(self, name) for name in NeighborSampler.__annotations__ if name != "graph"}
        settings["node_times"] = self._form.node_times_given(self.node_times)
        return partial(type(self), weights="ignore", **settings), (self.graph,)

    @overload
    def sample(
        self, seeds: Mapping[str, ArrayLike], epoch: int = 0, step: int = 0, *, times: Mapping[str, ArrayLike] | None = None,
        exclude: Mapping[Relation, ArrayLike] | None = None, num_threads: int = 1,
    ) -> TypedMiniBatch: ...  # fmt: skip

    @overload
    def sample(
        self, seeds: ArrayLike | Items, epoch: int = 0, step: int = 0, *, times: ArrayLike | None = None,
        exclude: ArrayLike | None = None, num_threads: int = 1,
    ) -> MiniBatch: ...  # fmt: skip

    def sample(
        self, seeds: ArrayLike | Items | Mapping[str, ArrayLike], epoch: int = 0, step: int = 0, *,
        times: ArrayLike | Mapping[str, ArrayLike] | None = None,
        exclude: ArrayLike | Mapping[Relation, ArrayLike] | None = None, num_threads: int = 1,
    ) -> MiniBatch | TypedMiniBatch:  # fmt: skip
        """MiniBatch around ``seeds`` (integers [B], B >= 1, repeats legal; or ``Items``). Safe to call from several threads.

        times: [B], of each seed, numbers or dates as those of the graph (or the ``time`` of ``Items``): no edge later than its
            seed's time is drawn, at any hop, and no node that came later. The batch is disjoint. None: edges of all times.
        exclude: [m, 2], pairs of nodes: no edge between the two of a pair, in either direction, is drawn at any hop. Rows are
            drawn as if those edges were not there; a row that has no others is an isolated one.
        num_threads: that draw this one batch, the same one for any number. Pays for a single large batch; for many,
            ``batches`` and ``NeighborLoader`` keep several under way.

        Of a ``TypedGraph``: seeds and times are {type: ...}, exclude is {relation: pairs (source, destination)} and holds for
        the reverse relation too; a ``TypedMiniBatch``, always by one thread.
        """
        return self._sample(seeds, epoch, step, times, exclude, num_threads, open_end=False)

    def sample_open(
        self, seeds: ArrayLike | Items, epoch: int = 0, step: int = 0, *, times: ArrayLike | None = None,
        exclude: ArrayLike | None = None, num_threads: int = 1,
    ) -> MiniBatch:  # fmt: skip
        """The same draws as an open MiniBatch: the last hop, the largest one, gets no local ids. About a fifth faster."""
        return self._sample(seeds, epoch, step, times, exclude, num_threads, open_end=True)

    def _sample(self, seeds, epoch, step, times, exclude, num_threads, *, open_end):
        form, times = self._form, seeds.time if times is None and isinstance(seeds, Items) else times
        found = form.seeds_of(seeds_of(seeds))
        if not len(found):
            raise ValueError("seeds is empty: a batch needs at least one seed")
        epoch, step = as_count("epoch", epoch, most=2**64 - 1), as_count("step", step, most=2**64 - 1)
        as_count("num_threads", num_threads, least=1)
        timed = times is not None
        rows = self._timed_rows if timed else self._rows
        bounds = bounds_of(form.times_of(times, found), len(found), rows.times, self.strictly_before) if timed else None
        excluded = None if exclude is None else form.excluded(exclude, rows)
        key = rng.stream_key(self.seed, STREAMS[self.stream], epoch, step, rng.REPLICA)
        found = found.copy()  # contiguous and writable: the type that the kernels are compiled for
        return form.sample(num_threads, rows, excluded, bounds, found, key, timed or self.disjoint, open_end)

    @cached_property
    def _timed_rows(self):
        """The graph's rows in the order of time, for seeds with times and for draws by time."""
        if self._form.slots.times is None and self.node_times is None:
            rule = "pass Graph.from_edges(..., times=) or NeighborSampler(..., node_times=); of tables: a column time of edges"
            raise ValueError(f"the graph has no times to draw by: {rule}")
        return arranged(self._form.slots, True, self.draw.by_weight, self.node_times)

    def batches(self, plan: SeedPlan, *, epoch: int = 0) -> Iterator[MiniBatch]:
        """Yield the MiniBatch of each step of a ``SeedPlan``'s epoch, in order, prepared by ``num_threads`` threads."""
        of_kind("plan", plan, SeedPlan)
        return ordered_map(
            lambda step: self.sample(plan.items[plan.places(epoch, step)], epoch, step),
            plan.steps,
            self.num_threads,
        )
