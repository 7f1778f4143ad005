"""``torch_geometric.sampler.NeighborSampler`` on the draws of this package: what loaders of PyG ask for a batch."""

from collections.abc import Sequence
from copy import copy
from dataclasses import replace as changed
from itertools import count
from typing import Any, Self

import numpy as np
import torch
from torch_geometric.data import Data
from torch_geometric.sampler import (
    BaseSampler,
    EdgeSamplerInput,
    NegativeSampling,
    NodeSamplerInput,
    NumNeighbors,
    SamplerOutput,
)
from torch_geometric.sampler.neighbor_sampler import edge_sample, node_sample

from graphsage.base import rng
from graphsage.base.checks import as_fanouts, as_flag, one_of
from graphsage.graph.build import checked_weights
from graphsage.graph.graph import Graph
from graphsage.interop.pyg import edge_index_of
from graphsage.sampling import neighbor
from graphsage.sampling.minibatch import MiniBatch

SUBGRAPHS = ("directional", "bidirectional", "induced")


class NeighborSampler(BaseSampler):
    """In place of ``torch_geometric.sampler.NeighborSampler``: for PyG's own ``NodeLoader`` and ``LinkLoader``.

    data: ``torch_geometric.data.Data`` with an edge_index [2, E]. num_neighbors: neighbours drawn a hop; -1 takes all.
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
        _check_data(data)
        self.num_nodes = data.num_nodes
        self.node_time, self.edge_time = _times_of(data, time_attr)
        weights = None if weight_attr is None else _edge_values(data, weight_attr)
        graph = Graph.from_edges(*_edges_of(data), self.num_nodes, weights=weights, times=numpy_of(self.edge_time))
        self.num_neighbors = num_neighbors if isinstance(num_neighbors, NumNeighbors) else NumNeighbors(num_neighbors)
        fanouts = as_fanouts("num_neighbors", self.num_neighbors.values, allow_all=True)
        self.disjoint = as_flag("disjoint", disjoint) or self.is_temporal
        self.sampler = _sampler(
            graph, fanouts, seed, replace=replace, draw=draw, disjoint=self.disjoint,
            node_times=numpy_of(self.node_time),
        )  # fmt: skip
        self._neighbors_of = _sampler(graph, [-1], seed) if self.subgraph_type == "induced" else None
        self.place = None

    def __repr__(self):
        return f"{type(self).__name__}({self.sampler})"

    @property
    def is_temporal(self) -> bool:
        """Are edges or nodes known from some time on?"""
        return self.node_time is not None or self.edge_time is not None

    def at(self, epoch: int, step: int) -> Self:
        """The same sampler, whose draws are those of (epoch, step): functions of (seed, epoch, step) and what is asked."""
        other = copy(self)
        other.place = epoch, step
        return other

    def sample_from_nodes(self, inputs: NodeSamplerInput, **kwargs: Any) -> SamplerOutput:
        """The neighbourhood of ``inputs.node``, up to ``inputs.time`` (of nodes that have times: up to theirs)."""
        return self._turned(node_sample(inputs, self._placed()._sample))

    def sample_from_edges(self, inputs: EdgeSamplerInput, neg_sampling: NegativeSampling | None = None) -> SamplerOutput:
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
            seed_time = self.node_time[seed]
        batch = self.sampler.sample(numpy_of(seed), *self.place, times=numpy_of(seed_time))
        if self._neighbors_of is None:
            return _output(each_seed(batch))
        return changed(_output(each_seed(self._induced(batch))), num_sampled_nodes=None, num_sampled_edges=None)

    def _induced(self, batch):
        """All edges between the batch's nodes: of all their neighbours, those that are nodes of the batch."""
        whole = self._neighbors_of.sample(batch.nodes)
        num_nodes = len(batch.nodes)
        inside = whole.indices < num_nodes  # as these were asked for, in this order, they come first
        indptr = np.concatenate([[0], np.cumsum(inside)])[whole.indptr]
        return changed(batch, indptr=indptr, indices=whole.indices[inside], edge_ids=whole.edge_ids[inside])


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


def numpy_of(values):
    """A tensor, wherever it is, as an array; anything else as it is."""
    if not isinstance(values, torch.Tensor):
        return values
    values = values.detach().as_subclass(torch.Tensor).cpu()
    return (values.float() if values.dtype == torch.bfloat16 else values).numpy()


def _check_data(data):
    if not isinstance(data, Data):
        kind = type(data).__name__
        hint = ": several types of nodes are not supported yet" if kind == "HeteroData" else ""
        raise TypeError(f"data must be a torch_geometric.data.Data, got {kind}{hint}")
    if "adj_t" in data or data.edge_index is None:
        raise ValueError("data must have its edges in edge_index, a tensor [2, edges], and no adj_t")


def _edges_of(data):
    edges = numpy_of(data.edge_index)
    if edges.ndim != 2 or len(edges) != 2:
        raise ValueError(f"edge_index must have shape [2, edges], got {list(edges.shape)}")
    return edges


def _edge_values(data, name):
    if name not in data or not data.is_edge_attr(name):
        raise ValueError(f"weight_attr must name an attribute of the edges, got {name!r}: data has {data.edge_attrs()}")
    return numpy_of(data[name])


def _times_of(data, name):
    """(times of the nodes, times of the edges), a tensor at most one of them: which, PyG decides by the length."""
    if name is None:
        return None, None
    if name not in data or not (data.is_node_attr(name) or data.is_edge_attr(name)):
        raise ValueError(f"time_attr must name an attribute of nodes or edges, got {name!r}: data has {data.keys()}")
    times = torch.as_tensor(data[name], device="cpu")
    return (times, None) if data.is_node_attr(name) else (None, times)


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


# ---- what is answered


def each_seed(batch: MiniBatch) -> MiniBatch:
    """``batch`` with a node for each of its B seeds, first and in the order asked for, as PyG has them.

    Where a seed was asked for twice, each copy has the same row. Its neighbours point to the first one.
    """
    num_distinct, num_seeds = int(batch.hop_offsets[1]), len(batch.seed_index)
    if num_distinct == num_seeds:
        return batch
    old = np.concatenate([batch.seed_index, np.arange(num_distinct, len(batch.nodes))])  # local id of each node before
    new = np.empty(len(batch.nodes), np.int64)
    new[old[::-1]] = np.arange(len(old))[::-1]
    rows = old[: len(batch.indptr) - 1 + num_seeds - num_distinct]
    indptr = np.concatenate([[0], np.cumsum(np.diff(batch.indptr)[rows])])
    at = np.arange(indptr[-1]) + np.repeat(batch.indptr[rows] - indptr[:-1], np.diff(indptr))
    hop_offsets = batch.hop_offsets + (num_seeds - num_distinct)
    hop_offsets[0] = 0
    return changed(
        batch, nodes=batch.nodes[old], seed_index=np.arange(num_seeds), hop_offsets=hop_offsets, indptr=indptr,
        indices=new[batch.indices[at]], edge_ids=batch.edge_ids[at],
    )  # fmt: skip


def _output(batch):
    edge_index = torch.from_numpy(edge_index_of(batch))
    return SamplerOutput(
        node=torch.from_numpy(batch.nodes.astype(np.int64)),
        row=edge_index[0],
        col=edge_index[1],
        edge=torch.from_numpy(batch.edge_ids),
        batch=None if batch.tree is None else torch.from_numpy(batch.tree.astype(np.int64)),
        num_sampled_nodes=np.diff(batch.hop_offsets).tolist(),
        num_sampled_edges=np.diff(batch.indptr[batch.hop_offsets[:-1]]).tolist(),
    )
