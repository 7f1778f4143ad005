"""NeighborLoader: seeds in, batches of tensors out, prepared on threads while the caller trains."""

import math
from collections.abc import Iterator
from copy import copy
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import ArrayLike

from graphsage.base.checks import as_count, as_integers, of_mask, one_of
from graphsage.base.threads import default_threads, ordered_map
from graphsage.base.told import of_kind, told
from graphsage.config.groups import FEATURES_ON
from graphsage.data.dataset import NodeDataset
from graphsage.loading.batch import Batch
from graphsage.loading.parcel import Parcel
from graphsage.sampling.items import SeedPlan
from graphsage.sampling.minibatch import MiniBatch
from graphsage.tensors.csr_matrix import CSRMatrix
from graphsage.tensors.device import as_device
from graphsage.tensors.reductions import REDUCTIONS
from graphsage.tensors.store import FeatureStore, free_memory


class NeighborLoader:
    """Iterable of batches; one iteration is one epoch, and the next iteration is the next epoch.

    dataset: ``NodeDataset``. sampler: ``NeighborSampler`` on its graph, or whatever answers ``sample(items, epoch, step)`` with
        a ``MiniBatch``. Its ``seed`` (default: 0) orders the nodes, its ``num_threads`` prepare batches.
    batch_size, batches_per_epoch, shuffle, drop_last: as in ``SeedPlan``. nodes: those to go through (default: to train on).
    reduce: an aggregator's name ("mean", "sum", "max", "gcn") yields reduced batches, in which the raw features of the last
        hop are reduced straight from the feature matrix; the sampler then needs ``sample_open``.
        ``GraphSAGE.first_layer_reduction`` names the one that a model needs.
    device: where the tensors of the batches are.
    features_on: where dense features are kept and read: "device", "cpu", or "auto": on the device if that is a GPU and
        they take at most half of its free memory. Sparse ones are always on the CPU.
    store: a ``FeatureStore`` of the dataset's features to share; the two settings before and after this one are then its own.
    feature_dtype: "bfloat16" keeps dense features in half the memory, at 8 significant bits.

    An exception in a thread is raised in the loop; leaving the loop early leaves no thread behind.
    """

    def __init__(
        self,
        dataset: NodeDataset,
        sampler: Any,
        batch_size: int | None,
        batches_per_epoch: int | None = None,
        reduce: str | None = None,
        *,
        nodes: ArrayLike | None = None,
        shuffle: bool = True,
        drop_last: bool = False,
        store: FeatureStore | None = None,
        device: str | torch.device = "cpu",
        features_on: str = "auto",
        feature_dtype: str = "float32",
    ) -> None:
        _check_sampler(sampler, of_kind("dataset", dataset, NodeDataset).graph, reduce)
        self.sampler = sampler
        nodes = dataset.train if nodes is None else of_mask("nodes", nodes, dataset.num_nodes)
        order = {"shuffle": shuffle, "drop_last": drop_last}
        self.plan = SeedPlan(nodes, batch_size, batches_per_epoch, getattr(sampler, "seed", 0), **order)
        self.reduce = reduce if reduce is None else one_of("reduce", reduce, tuple(REDUCTIONS))
        self.device = as_device(device)
        self.next_epoch = 0
        if store is None:
            place = _feature_device(dataset.features, self.device, features_on, feature_dtype)
            store = FeatureStore(dataset.features, device=place, dtype=feature_dtype)
        self.store = _checked_store(store, dataset)
        self.labels = torch.tensor(dataset.labels, dtype=torch.int64 if dataset.task == "multiclass" else torch.float32)
        self._same_each_epoch = batch_size is None and all(k == -1 for k in getattr(sampler, "fanouts", [0]))
        self._kept = None

    def __len__(self) -> int:
        """Batches an epoch."""
        return len(self.plan.steps)

    def __repr__(self):
        size = "full" if self.plan.batch_size is None else self.plan.batch_size
        return f"NeighborLoader(batches={len(self)}, batch_size={size}, nodes={len(self.plan.items)}, sampler={self.sampler})"

    def __iter__(self) -> Iterator[Batch]:
        # runs when the first batch is asked for: Lightning makes iterators that it throws away, and they are no epochs
        epoch, self.next_epoch = self.next_epoch, self.next_epoch + 1
        yield from self.epoch(epoch)

    def over(self, nodes: ArrayLike) -> Self:
        """A loader like this one, with the same features in memory, that goes through all of ``nodes`` once an epoch."""
        other, nodes = copy(self), as_integers("nodes", of_mask("nodes", nodes, len(self.labels)))
        other.plan = SeedPlan(nodes, self.plan.batch_size, None, self.plan.seed, shuffle=self.plan.shuffle)
        other.next_epoch, other._kept = 0, None
        return other

    def epoch(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of one epoch from step ``start``, in order; the same ones whenever it is asked for."""
        steps = self.plan.steps[as_count("start", start, most=len(self)) :]
        if self._same_each_epoch and steps:
            yield self._full_batch(epoch)
            return
        num_threads = getattr(self.sampler, "num_threads", None)
        num_threads = default_threads() if num_threads is None else num_threads
        prepared = ordered_map(lambda step: self.prepare(epoch, step), steps, num_threads)
        try:
            for draft in prepared:
                yield self._finished(draft)
        finally:
            prepared.close()

    def prepare(self, epoch: int, step: int) -> Batch | Parcel:
        """One batch as far as threads make it: all of it, on the CPU, unless features are read on a GPU."""
        draft = self._draft(epoch, step)
        if self.store.device.type == "cpu":
            draft = draft.filled(self.store)
        return Parcel(draft) if self.device.type == "cuda" else draft

    def _finished(self, draft):
        """On the device, with features."""
        draft = draft.to(self.device)
        return draft if draft.pending is None else draft.filled(self.store)

    def _draft(self, epoch, step):
        """The batch without features."""
        places = self.plan.places(epoch, step)
        items, is_open = self.plan.items[places], self.reduce is not None
        minibatch = (self.sampler.sample_open if is_open else self.sampler.sample)(items, epoch=epoch, step=step)
        _check_answer(minibatch, len(places), is_open)
        blocks = [CSRMatrix.from_numpy(b.indptr, b.indices, None, b.num_src) for b in minibatch.blocks]
        # the first layer's input needs no gradient, so its block needs no transpose
        first, rest = (0, blocks) if is_open else (1, blocks[1:])
        seeds = torch.from_numpy(np.array(items.seeds))
        return Batch(
            minibatch=minibatch,
            blocks=blocks[:first] + [block.with_transpose(for_values=False) for block in rest],
            seeds=seeds,
            places=torch.from_numpy(places.copy()),  # the plan keeps its order
            seed_index=torch.from_numpy(minibatch.seed_index),
            y=self.labels[seeds],
            epoch=epoch,
            step=step,
            reduce=self.reduce,
            pending=(torch.from_numpy(minibatch.nodes), self._reads(minibatch) if is_open else None),
        )

    def _reads(self, minibatch):
        return CSRMatrix.from_numpy(minibatch.indptr, minibatch.neighbors, None, len(self.store))

    def _full_batch(self, epoch):
        """All neighbours of all nodes: drawn once, as nothing is drawn."""
        if self._kept is None:
            self._kept = self._finished(self.prepare(0, 0))
        return self._kept.having(epoch=epoch)


def _check_sampler(sampler, graph, reduce):
    method = "sample" if reduce is None else "sample_open"
    if isinstance(sampler, type) or not callable(getattr(sampler, method, None)):
        raise TypeError(f"sampler must be a NeighborSampler or have {method}(items, epoch, step), got {told(sampler)}")
    if getattr(sampler, "graph", graph) is not graph:
        raise ValueError(f"the sampler must be on dataset.graph, {graph}; it is on another, {sampler.graph}")


def _checked_store(store, dataset):
    if of_kind("store", store, FeatureStore).features.shape != (dataset.num_nodes, dataset.num_features):
        shape = f"[{dataset.num_nodes}, {dataset.num_features}]"
        raise ValueError(f"store must hold the dataset's features, {shape}; it has {list(store.features.shape)}")
    return store


def _check_answer(minibatch, num_seeds, is_open):
    """What a sampler of the caller's own returned would else be wrong numbers."""
    if not isinstance(minibatch, MiniBatch) or minibatch.is_open != is_open or len(minibatch.seed_index) != num_seeds:
        method, kind = ("sample_open", "an open") if is_open else ("sample", "a closed")
        raise ValueError(f"{method} of the sampler must return {kind} MiniBatch of {num_seeds} seeds, got {minibatch!r}")


def _feature_device(features, device, features_on, dtype):
    one_of("features_on", features_on, FEATURES_ON)
    if features_on == "auto":
        num_bytes = math.prod(features.shape) * (2 if dtype == "bfloat16" else 4)
        has_room = device.type == "cuda" and num_bytes <= free_memory(device) // 2
        return device if has_room else "cpu"
    return device if features_on == "device" else "cpu"
