"""``torch_geometric.sampler.NeighborSampler`` on the draws of this package: what loaders of PyG ask for a batch."""

from collections.abc import Sequence
from copy import copy
from dataclasses import replace as changed
from itertools import count
from typing import Any, Self

import numpy as np
import torch
from torch_geometric.sampler import (
    BaseSampler,
    EdgeSamplerInput,
    HeteroSamplerOutput,
    NegativeSampling,
    NodeSamplerInput,
    NumNeighbors,
    SamplerOutput,
)
from torch_geometric.sampler.neighbor_sampler import edge_sample, node_sample

from graphsage.base import rng
from graphsage.base.checks import as_flag, one_of
from graphsage.graph.build import checked_weights
from graphsage.interop.pyg_kinds import kind_of, numpy_of
from graphsage.sampling import neighbor

SUBGRAPHS = ("directional", "bidirectional", "induced")


class NeighborSampler(BaseSampler):
    """In place of ``torch_geometric.sampler.NeighborSampler``: for PyG's own ``NodeLoader`` and ``LinkLoader``.

    data: ``torch_geometric.data.Data`` with an edge_index [2, E], or ``HeteroData`` with one a relation.
    num_neighbors: neighbours drawn a hop; -1 takes all. Of ``HeteroData``: of each relation so many, or {relation: numbers}, of
        which 0 leaves it out in that hop.
    subgraph_type, replace, disjoint, temporal_strategy, time_attr, weight_attr: as PyG documents them. Edges that are weighted
        and have times are drawn by weight among those that are known. is_sorted, share_memory: without effect.
    seed: of the draws. Each call is a step of its own, named by a number of torch's generator, so that ``torch.manual_seed``
        fixes the batches and every worker process draws others; ``at`` names the step.

    A node is expanded once a batch, at the hop it first appears. A seed that is asked for twice is there twice, each time with
    the same neighbours (in the disjoint form with others).
    """

    def __init__(
        self, data: Any, num_neighbors: Sequence[int] | NumNeighbors, subgraph_type: Any = "directional", replace: bool = False,
        disjoint: bool = False, temporal_strategy: str = "uniform", time_attr: str | None = None,
        weight_attr: str | None = None, is_sorted: bool = False, share_memory: bool = False, directed: bool = True,
        sample_direction: str = "forward", *, seed: int = 0,
    ) -> None:  # fmt: skip
        self.subgraph_type = _subgraph_type(subgraph_type, directed, disjoint or time_attr is not None)
        draw = _draw(temporal_strategy, time_attr, weight_attr, replace)
        if sample_direction != "forward":
            raise ValueError(f"sample_direction must be 'forward', got {sample_direction!r}: turn edge_index round instead")
        self.kind = kind_of(data, time_attr, weight_attr)
        self.num_neighbors = num_neighbors if isinstance(num_neighbors, NumNeighbors) else NumNeighbors(num_neighbors)
        self.disjoint = as_flag("disjoint", disjoint) or self.is_temporal
        self.sampler = _sampler(
            self.kind.graph, self.kind.fanouts(self.num_neighbors), seed, replace=replace, draw=draw, disjoint=self.disjoint,
            node_times=numpy_of(self.node_time),
        )  # fmt: skip
        self._neighbors_of = _sampler(self.kind.graph, [-1], seed) if self.subgraph_type == "induced" else None
        self.place = None

    def __repr__(self):
        return f"{type(self).__name__}({self.sampler})"

    @property
    def num_nodes(self) -> int | dict[str, int]:
        """N; of several types {type: number of nodes}."""
        return self.kind.num_nodes

    @property
    def node_time(self) -> Any:
        """[N] times of the nodes, or {type: times}; None where they have none."""
        return self.kind.node_time

    @property
    def edge_time(self) -> Any:
        """[E] times of the edges, or {relation: times}; None where they have none."""
        return self.kind.edge_time

    @property
    def is_temporal(self) -> bool:
        """Are edges or nodes known from some time on?"""
        return self.node_time is not None or self.edge_time is not None

    def at(self, epoch: int, step: int) -> Self:
        """The same sampler, whose draws are those of (epoch, step): functions of (seed, epoch, step) and what is asked."""
        other = copy(self)
        other.place = epoch, step
        return other

    def sample_from_nodes(self, inputs: NodeSamplerInput, **kwargs: Any) -> SamplerOutput | HeteroSamplerOutput:
        """The neighbourhood of ``inputs.node``, up to ``inputs.time`` (of nodes that have times: up to theirs)."""
        return self._turned(node_sample(inputs, self._placed()._sample))

    def sample_from_edges(
        self, inputs: EdgeSamplerInput, neg_sampling: NegativeSampling | None = None
    ) -> SamplerOutput | HeteroSamplerOutput:
        """The neighbourhood of both ends of links, and of random nodes by ``neg_sampling``, as PyG takes them."""
        here = self._placed()
        if neg_sampling is not None:
            neg_sampling = _KeyedNegatives(neg_sampling, (self.sampler.seed, rng.NEGATIVE, *here.place, rng.REPLICA))
        ends = self.num_nodes, self.disjoint, self.node_time
        return self._turned(edge_sample(inputs, here._sample, *ends, neg_sampling))

    def _placed(self):
        return self if self.place is not None else self.at(0, int(torch.randint(2**63 - 1, (), device="cpu")))

    def _turned(self, out):
        return out.to_bidirectional() if self.subgraph_type == "bidirectional" else out

    def _sample(self, seed, seed_time=None):
        if seed_time is None and self.edge_time is not None:
            raise ValueError("the time_attr is of edges: input_time must say of each input node when it is asked about")
        if seed_time is None and self.node_time is not None:
            seed_time = self.kind.own_times(seed)
        batch = self.sampler.sample(numpy_of(seed), *self.place, times=numpy_of(seed_time))
        if self._neighbors_of is None:
            return self.kind.output(batch)
        batch = self.kind.between(batch, self._neighbors_of.sample(batch.nodes))
        return changed(self.kind.output(batch), num_sampled_nodes=None, num_sampled_edges=None)


def _sampler(graph, fanouts, seed, **options):
    return neighbor.NeighborSampler(graph, fanouts, edge_ids=True, weights="ignore", seed=seed, num_threads=0, **options)


class _KeyedNegatives(NegativeSampling):
    """Negatives as ``given`` says, of which each call's are a function of ``place`` and of how many calls came before."""

    def __init__(self, given, place):
        self.__dict__.update(vars(given))
        self._keys = (rng.stream_key(*place, call) for call in count())

    def sample(self, num_samples, endpoint, num_nodes=None):
        key, weight = next(self._keys), self.src_weight if endpoint == "src" else self.dst_weight
        if weight is None:
            return torch.from_numpy(rng.draws_below(key, num_samples, num_nodes))
        sums = np.cumsum(checked_weights(numpy_of(weight)), dtype=np.float64)
        if len(sums) != num_nodes or not sums[-1]:
            raise ValueError(f"{endpoint}_weight must be {num_nodes} numbers, one a node, that are not all 0; got {len(sums)}")
        aims = rng.unit(rng.draws(key, num_samples)) * sums[-1]
        return torch.from_numpy(np.searchsorted(sums, aims, side="right"))


# ---- what is asked


def _subgraph_type(kind, directed, is_disjoint):
    kind = one_of("subgraph_type", getattr(kind, "value", kind), SUBGRAPHS) if as_flag("directed", directed) else "induced"
    if kind == "induced" and is_disjoint:
        raise ValueError("subgraph_type='induced' mixes the trees that disjoint=True and time_attr keep apart: leave one out")
    return kind


def _draw(temporal_strategy, time_attr, weight_attr, replace):
    """The name of the draw."""
    if one_of("temporal_strategy", temporal_strategy, ("uniform", "last")) == "uniform":
        return "uniform" if weight_attr is None else "weighted"
    if time_attr is None:
        raise ValueError("temporal_strategy='last' needs times: name them by time_attr")
    if replace or weight_attr is not None:
        raise ValueError("temporal_strategy='last' draws nothing: leave out replace=True and weight_attr")
    return "recent"
