"""NeighborLoader: seeds in, batches of tensors out, prepared on threads while the caller trains."""

import math
from copy import copy
from dataclasses import dataclass, fields, replace
from itertools import accumulate

import torch

from graphsage.base.checks import as_count, one_of
from graphsage.base.threads import ordered_map
from graphsage.config.settings import FEATURES_ON
from graphsage.sampling.minibatch import MiniBatch, OpenMiniBatch
from graphsage.sampling.neighbor import NeighborSampler
from graphsage.sampling.plan import SeedPlan
from graphsage.tensors.csr_matrix import CSRMatrix, to_device
from graphsage.tensors.reductions import REDUCTIONS
from graphsage.tensors.store import FeatureStore, free_memory

ALIGNED = 64  # bytes: where a tensor of a parcel may begin


@dataclass(frozen=True, eq=False, kw_only=True)
class _Tensors:
    """What both kinds of batch hold.

    minibatch: the topology in numpy arrays (global ids, edge ids, ...).
    blocks: CSRMatrix [num_dst, num_src] a layer, input side first; a ``ReducedBatch`` has none for the first layer.
    seed_index: int64[B], row of each seed in the last block's output. y: the seeds' labels, int64[B], -1 where a seed has
    none; of a multilabel dataset float32[B, C], a row of -1; of a regression float32[B, T], a row of NaN. epoch, step: the
    batch's position.
    """

    minibatch: MiniBatch | OpenMiniBatch
    blocks: list[CSRMatrix]
    seed_index: torch.Tensor
    y: torch.Tensor
    epoch: int
    step: int

    def to(self, device):
        """The same batch with its tensors on ``device``."""
        return self._map(lambda tensor: to_device(tensor, device))

    def pin_memory(self):
        """The same batch in page-locked memory, from which copies to a GPU run in the background."""
        return self._map(lambda tensor: tensor.pin_memory())

    def _map(self, function):
        return replace(self, **{f.name: _mapped(getattr(self, f.name), function) for f in fields(self)})


@dataclass(frozen=True, eq=False, kw_only=True)
class Batch(_Tensors):
    """x: features of all the batch's nodes, float32 [n_L, F] or CSRMatrix, in the order of ``minibatch.nodes``."""

    x: torch.Tensor | CSRMatrix
    reduce = None


@dataclass(frozen=True, eq=False, kw_only=True)
class ReducedBatch(_Tensors):
    """The first layer's aggregation is done: x_self and x_neigh [n_{L-1}, F], tensors or CSRMatrix, stand for x.

    reduce: the aggregator that made x_neigh.
    """

    x_self: torch.Tensor | CSRMatrix
    x_neigh: torch.Tensor | CSRMatrix
    reduce: str

    @property
    def x(self):
        raise TypeError(
            f"this is a ReducedBatch (its loader has reduce={self.reduce!r}), which has x_self and x_neigh but no x: "
            "make the loader with reduce=None"
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class _Draft(_Tensors):
    """A batch without its features. nodes: global ids. reads: CSRMatrix [nodes, N] of the features to be reduced, or None."""

    nodes: torch.Tensor
    reduce: str | None
    reads: CSRMatrix | None

    def filled(self, store):
        """The Batch or ReducedBatch with features of ``store``, on its device."""
        shared = {f.name: getattr(self, f.name) for f in fields(_Tensors)}
        if self.reduce is None:
            return Batch(x=store.rows(self.nodes), **shared)
        x_self, x_neigh = store.rows(self.nodes), store.reduce(self.reduce, self.reads, self.nodes)
        return ReducedBatch(x_self=_ready(x_self), x_neigh=_ready(x_neigh), reduce=self.reduce, **shared)


class _Parcel:
    """A batch in one piece of page-locked memory: each copy to a GPU costs the training loop 40 us, whatever its size."""

    def __init__(self, batch, *, pin_memory=True):
        tensors = []
        batch._map(lambda tensor: tensors.append(tensor) or tensor)
        sizes = [ALIGNED * -(-tensor.nbytes // ALIGNED) for tensor in tensors]
        self.starts = [0, *accumulate(sizes)]
        self.buffer = torch.empty(self.starts[-1], dtype=torch.uint8, pin_memory=pin_memory)
        self.batch = batch
        for tensor, start in zip(tensors, self.starts):
            _view(self.buffer, start, tensor).copy_(tensor)

    def to(self, device):
        """The batch on ``device``; its tensors are views of one copy."""
        buffer, starts = to_device(self.buffer, device), iter(self.starts)
        return self.batch._map(lambda tensor: _view(buffer, next(starts), tensor))


def _view(buffer, start, tensor):
    """What lies at ``start`` as a tensor like ``tensor``."""
    return buffer[start : start + tensor.nbytes].view(tensor.dtype).view(tensor.shape)


class NeighborLoader:
    """Iterable of batches; one iteration is one epoch, and the next iteration is the next epoch.

    dataset: ``NodeDataset``. sampler: ``NeighborSampler`` on its graph; seed and threads are the sampler's.
    batch_size, batches_per_epoch: as in ``SeedPlan``. nodes: the nodes to go through (default: the training nodes).
    reduce: None yields ``Batch``; an aggregator's name ("mean", "sum", "max", "gcn") yields ``ReducedBatch``, in which
        the raw features of the last hop are reduced straight from the feature matrix.
        ``GraphSAGE.first_layer_reduction`` names the one that a model needs.
    device: where the tensors of the batches are.
    features_on: where dense features are kept and read: "device", "cpu", or "auto": on the device if that is a GPU and
        they take at most half of its free memory. Sparse ones are always on the CPU.
    feature_dtype: "bfloat16" keeps dense features in half the memory, at 8 significant bits.

    An exception in a thread is raised in the loop; leaving the loop early leaves no thread behind.
    """

    def __init__(
        self,
        dataset,
        sampler,
        batch_size,
        batches_per_epoch=None,
        reduce=None,
        *,
        nodes=None,
        device="cpu",
        features_on="auto",
        feature_dtype="float32",
    ):
        if not isinstance(sampler, NeighborSampler):
            raise TypeError(f"sampler must be a NeighborSampler, got {type(sampler).__name__}")
        if sampler.graph is not dataset.graph:
            raise ValueError(f"the sampler must be on dataset.graph, {dataset.graph}; it is on another, {sampler.graph}")
        self.sampler = sampler
        self.plan = SeedPlan(dataset.train if nodes is None else nodes, batch_size, batches_per_epoch, sampler.seed)
        self.reduce = reduce if reduce is None else one_of("reduce", reduce, tuple(REDUCTIONS))
        self.device = torch.device(device)
        self.next_epoch = 0
        place = _feature_device(dataset.features, self.device, features_on, feature_dtype)
        self.store = FeatureStore(dataset.features, device=place, dtype=feature_dtype)
        self.labels = torch.tensor(dataset.labels, dtype=torch.int64 if dataset.task == "multiclass" else torch.float32)
        self._same_each_epoch = batch_size is None and all(k == -1 for k in sampler.fanouts)
        self._kept = None

    def __len__(self):
        """Batches an epoch."""
        return self.plan.num_steps

    def __iter__(self):
        # runs when the first batch is asked for: Lightning makes iterators that it throws away, and they are no epochs
        epoch, self.next_epoch = self.next_epoch, self.next_epoch + 1
        yield from self.epoch(epoch)

    def over(self, nodes):
        """A loader like this one, with the same features in memory, that goes through ``nodes`` once an epoch."""
        other = copy(self)
        other.plan = SeedPlan(nodes, self.plan.batch_size, None, self.sampler.seed)
        other.next_epoch, other._kept = 0, None
        return other

    def epoch(self, epoch, start=0):
        """Yield the batches of one epoch from step ``start``, in order; the same ones whenever it is asked for."""
        steps = range(as_count("start", start, most=len(self)), len(self))
        if self._same_each_epoch and steps:
            yield self._full_batch(epoch)
            return
        prepared = ordered_map(lambda step: self.prepare(epoch, step), steps, self.sampler.num_threads)
        try:
            for draft in prepared:
                yield self._finished(draft)
        finally:
            prepared.close()

    def prepare(self, epoch, step):
        """One batch as far as threads make it: all of it, on the CPU, unless features are read on a GPU."""
        draft = self._draft(epoch, step)
        if self.store.device.type == "cpu":
            draft = draft.filled(self.store)
        return _Parcel(draft) if self.device.type == "cuda" else draft

    def _finished(self, draft):
        """On the device, with features."""
        draft = draft.to(self.device)
        return draft.filled(self.store) if isinstance(draft, _Draft) else draft

    def _draft(self, epoch, step):
        seeds = self.plan.seeds(epoch, step)
        is_open = self.reduce is not None
        sample = self.sampler.sample_open if is_open else self.sampler.sample
        minibatch = sample(seeds, epoch=epoch, step=step)
        blocks = [CSRMatrix.from_numpy(b.indptr, b.indices, None, b.num_src) for b in minibatch.blocks]
        # the first layer's input needs no gradient, so its block needs no transpose
        first, rest = (0, blocks) if is_open else (1, blocks[1:])
        return _Draft(
            minibatch=minibatch,
            blocks=blocks[:first] + [block.with_transpose(for_values=False) for block in rest],
            seed_index=torch.from_numpy(minibatch.seed_index),
            y=self.labels[torch.from_numpy(seeds.copy())],
            epoch=epoch,
            step=step,
            nodes=torch.from_numpy(minibatch.nodes),
            reduce=self.reduce,
            reads=self._reads(minibatch) if is_open else None,
        )

    def _reads(self, minibatch):
        return CSRMatrix.from_numpy(minibatch.indptr, minibatch.neighbors, None, self.sampler.graph.num_nodes)

    def _full_batch(self, epoch):
        """All neighbours of all nodes: drawn once, as nothing is drawn."""
        if self._kept is None:
            self._kept = self._finished(self.prepare(0, 0))
        return replace(self._kept, epoch=epoch)


def _feature_device(features, device, features_on, dtype):
    one_of("features_on", features_on, FEATURES_ON)
    if features_on == "auto":
        num_bytes = math.prod(features.shape) * (2 if dtype == "bfloat16" else 4)
        has_room = device.type == "cuda" and num_bytes <= free_memory(device) // 2
        return device if has_room else "cpu"
    return device if features_on == "device" else "cpu"


def _ready(x):
    """Sparse rows with the transpose that the weights' gradient needs."""
    return x.with_transpose() if isinstance(x, CSRMatrix) else x


def _mapped(value, function):
    if isinstance(value, torch.Tensor):
        return function(value)
    if isinstance(value, CSRMatrix):
        return value.map(function)
    if isinstance(value, list):
        return [_mapped(item, function) for item in value]
    return value
