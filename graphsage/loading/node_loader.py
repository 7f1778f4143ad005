"""NeighborLoader: seeds in, batches of tensors out, prepared on threads while the caller trains."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from copy import copy
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import ArrayLike

from graphsage.base.checks import as_count, as_flag, as_ids, as_integers, of_mask, one_of
from graphsage.base.threads import default_threads, ordered_map
from graphsage.base.told import of_kind, told
from graphsage.data.dataset import NodeDataset
from graphsage.data.typed_dataset import TypedDataset
from graphsage.graph.typed_graph import TypedGraph
from graphsage.loading.batch import Batch, drafted, label_tensor
from graphsage.loading.counted_ahead import keep_most_asked
from graphsage.loading.parcel import Parcel
from graphsage.loading.process_rank import checked_ranks, process_rank
from graphsage.loading.stores import is_on_cpu, stores_of, stores_on_disk
from graphsage.loading.typed_tensors import TypedBatch, typed_draft
from graphsage.sampling.items import Items, SeedPlan
from graphsage.sampling.minibatch import MiniBatch
from graphsage.tensors.device import as_device
from graphsage.tensors.reductions import REDUCTIONS
from graphsage.tensors.store import FeatureStore


class NeighborLoader:
    """Iterable of batches; one iteration is one epoch, and the next iteration is the next epoch (``set_epoch``: another one).

    dataset: ``NodeDataset``. Where it has ``times``, each seed is asked at its own: batches are disjoint, without later edges.
        Of a ``TypedDataset``: seeds are of its target type, batches ``TypedBatch``, and ``store`` is {type: ``FeatureStore``}.
    sampler: ``NeighborSampler`` on its graph, or whatever answers ``sample(items, epoch, step)`` with a ``MiniBatch``. Its
        ``seed`` (default: 0) orders the nodes, its ``num_threads`` prepare batches.
    batch_size, batches_per_epoch, shuffle, drop_last, least: as in ``SeedPlan``. nodes: those to go through (default: to
        train on). ``least=2`` suits models with BatchNorm.
    repeat: True gives the same batches in each iteration, those of the epoch that was set (default: 0): to validate, or to
        overfit a few.
    rank, num_ranks: as in ``SeedPlan``: of several processes, each has its part of the epoch. Default: those of
        torch.distributed (Lightning, Accelerate and others initialise it), else of RANK and WORLD_SIZE, else one process.
    reduce: an aggregator's name ("mean", "sum", "max", "gcn") yields reduced batches, in which the raw features of the last
        hop are reduced straight from the feature matrix; the sampler then needs ``sample_open``.
        ``GraphSAGE.first_layer_reduction`` names the one that a model needs.
    device: where the tensors of the batches are.
    features_on: where dense features are kept and read: "device", "cpu", or "auto": on the device if that is a GPU and
        they take at most half of its free memory. Sparse ones are always on the CPU.
    store: a ``FeatureStore`` of the dataset's features to share; the settings before and after this one are then its own.
    feature_dtype: "bfloat16" keeps dense features in half the memory, at 8 significant bits.
    feature_cache: of dense features that stay on a disk, memory for the rows that coming batches ask for most, such as "2GB"
        or "10%" of all. Those batches are drawn ahead once, to count; they are the same with it.

    An exception in a thread is raised in the loop; leaving the loop early leaves no thread behind. ``state_dict`` and
    ``load_state_dict`` keep the place within an epoch: Lightning's checkpoints have it, and resume there.
    """

    _asks = "nodes"  # what its items are
    last_epoch, _counts_ahead = None, True  # the number of epochs, where somebody knows; whether its rows are worth keeping

    def __init__(
        self,
        dataset: NodeDataset | TypedDataset,
        sampler: Any,
        batch_size: int | None,
        batches_per_epoch: int | None = None,
        reduce: str | None = None,
        *,
        nodes: ArrayLike | None = None,
        shuffle: bool = True,
        drop_last: bool = False,
        least: int = 1,
        repeat: bool = False,
        rank: int | None = None,
        num_ranks: int | None = None,
        store: FeatureStore | Mapping[str, FeatureStore] | None = None,
        device: str | torch.device = "cpu",
        features_on: str = "auto",
        feature_dtype: str = "float32",
        feature_cache: int | str | None = None,
    ) -> None:
        is_typed = isinstance(dataset, TypedDataset)
        targets = dataset.targets if is_typed else of_kind("dataset", dataset, NodeDataset)
        check_sampler(sampler, dataset.graph, reduce)
        check_node_times(sampler, dataset.times is not None, dataset.node_times)
        self._times, self._target = targets.times, dataset.target if is_typed else None
        nodes = targets.train if nodes is None else of_mask("nodes", nodes, targets.num_nodes)
        order = {"shuffle": shuffle, "drop_last": drop_last, "least": least}
        plan = SeedPlan(self._items(nodes), batch_size, batches_per_epoch, getattr(sampler, "seed", 0), **order)
        self._set_up(sampler, plan, reduce, repeat, (rank, num_ranks))
        self._read_from(dataset.features, store, device, features_on, feature_dtype, feature_cache)
        self.labels = label_tensor(targets.labels)

    def _set_up(self, sampler, plan, reduce, repeat, ranks):
        """What draws which batches, and where the next one is."""
        self.sampler, self._ranks = sampler, checked_ranks(*ranks)
        self._plan = replace(plan, rank=ranks[0], num_ranks=ranks[1]) if self._ranks else plan
        self.repeat = as_flag("repeat", repeat)
        self.reduce = reduce if reduce is None else one_of("reduce", reduce, tuple(REDUCTIONS))
        self.set_epoch(0)
        self._kept, self.cast_to = None, None  # cast_to: the dtype of a module that wants features in another than float32

    def _items(self, nodes):
        """``nodes``, each to be asked at its own time where there are times."""
        return nodes if self._times is None else Items(nodes, time=self._times[as_ids("nodes", nodes, len(self._times))])

    def _read_from(self, features, store, device, features_on, feature_dtype, feature_cache):
        """Where features are, and where tensors go."""
        self.device = as_device(device)
        self.store = stores_of(features, store, self.device, features_on, feature_dtype, feature_cache)

    @property
    def _same_each_epoch(self):
        """Is there nothing to draw?"""
        fanouts = getattr(self.sampler, "fanouts", [1])
        hops = fanouts.values() if isinstance(fanouts, Mapping) else [fanouts]
        return self._plan.batch_size is None and all(k in (-1, 0) for of in hops for k in of)

    @property
    def plan(self) -> SeedPlan:
        """Which items are in which batch: the ``SeedPlan`` of this rank."""
        rank, num_ranks = self._ranks or process_rank()  # asked each time: a framework starts its processes late
        if (rank, num_ranks) != (self._plan.rank, self._plan.num_ranks):
            self._plan = replace(self._plan, rank=rank, num_ranks=num_ranks)
        return self._plan

    @plan.setter
    def plan(self, plan):
        self._plan = plan

    @property
    def batch_sampler(self) -> Any:
        """For Lightning, which asks a loader that has a ``sampler`` for it, and tells the sampler of that each epoch."""
        return SimpleNamespace(sampler=SimpleNamespace(set_epoch=self._told))

    def _told(self, epoch):
        """A framework is at ``epoch``: where that is the one of a loaded state, go on within it."""
        if epoch != self._resume[0] and not self.repeat:
            self.set_epoch(epoch)

    def __len__(self) -> int:
        """Batches an epoch, of this rank; all ranks have as many."""
        return len(self.plan.steps)

    def __repr__(self):
        size = "full" if self._plan.batch_size is None else self._plan.batch_size
        asked = f"{self._asks}={len(self._plan.items)}"
        return f"{type(self).__name__}(batches={len(self)}, batch_size={size}, {asked}, sampler={self.sampler})"

    def __iter__(self) -> Iterator[Batch]:  # or of TypedBatch: type checkers are told of the usual case
        # runs when the first batch is asked for: Lightning makes iterators that it throws away, and they are no epochs
        epoch, (resumed, start) = self.next_epoch, self._resume
        after = self.next_epoch = epoch + (not self.repeat)
        self._resume = (after, 0)
        with closing(self.epoch(epoch, start if resumed == epoch else 0)) as batches:
            for batch in batches:
                done = 1 + batch.step // self._plan.num_ranks
                self._place = (epoch, done) if done < len(self._plan.steps) else (after, 0)
                yield batch

    def __getattr__(self, name):
        hint = " for torch's tools: iterate it as it is; epoch(epoch, start) begins within one" if name == "dataset" else ""
        raise AttributeError(f"a {type(self).__name__} has no attribute {name!r}{hint}")

    def __getstate__(self):
        return {**self.__dict__, "_kept": None}

    def set_epoch(self, epoch: int) -> None:
        """Let the next iteration be this epoch, from its beginning."""
        self.next_epoch = as_count("epoch", epoch)
        self._place = self._resume = (self.next_epoch, 0)

    def state_dict(self) -> dict[str, int]:
        """The place after the batch that was handed out last: {"epoch", "step", "num_steps"}, steps counted over all ranks."""
        (epoch, done), plan = self._place, self.plan
        return {"epoch": epoch, "step": done * plan.num_ranks, "num_steps": plan.num_steps}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Let the next iteration go on from there; ValueError where that place is none of this loader's."""
        plan, step = self.plan, state["step"]
        if step and (state["num_steps"] != plan.num_steps or step % plan.num_ranks):
            was = f"step {step} of {state['num_steps']}"
            here = f"this loader has {plan.num_steps} steps on {plan.num_ranks} ranks"
            raise ValueError(f"the state is at {was}, and {here}: make it with the nodes, batch size and ranks of before")
        self.set_epoch(state["epoch"])
        self._place = self._resume = (self.next_epoch, step // plan.num_ranks)

    def over(self, nodes: ArrayLike) -> Self:
        """A loader like this one, with the same features in memory, that goes through all of ``nodes`` once an epoch."""
        return self._over(self._items(as_integers("nodes", of_mask("nodes", nodes, len(self.labels)))))

    def _over(self, items):
        """``over``, of items that were checked."""
        other, was = copy(self), self._plan
        least = min(was.least, max(1, len(items) // was.num_ranks))
        ranks = {"rank": was.rank, "num_ranks": was.num_ranks}
        other._plan = SeedPlan(items, was.batch_size, None, was.seed, shuffle=was.shuffle, least=least, **ranks)
        other.set_epoch(0)
        other._kept, other._counts_ahead = None, False  # nodes are asked once
        return other

    def epoch(self, epoch: int, start: int = 0, *, steps: Sequence[int] | None = None) -> Iterator[Batch]:
        """Yield the batches of one epoch from step ``start``, in order; the same ones whenever it is asked for.

        steps: those to yield instead, of all ranks' steps.
        """
        if steps is None:
            steps = self.plan.steps[as_count("start", start, most=len(self)) :]
        elif len(steps):
            start = steps[0] // self._plan.num_ranks
        if self._same_each_epoch and steps:
            yield self._full_batch(epoch)
            return
        num_threads = getattr(self.sampler, "num_threads", None)
        num_threads = default_threads() if num_threads is None else num_threads
        if on_disk := stores_on_disk(self.store):
            if self._counts_ahead:
                keep_most_asked(self, on_disk, epoch, start, num_threads)
            num_threads += num_threads > 0  # one waits for the disk
        prepared = ordered_map(lambda step: self.prepare(epoch, step), steps, num_threads)
        try:
            for draft in prepared:
                yield self._finished(draft)
        finally:
            prepared.close()

    @torch.inference_mode(False)  # what is kept for another iteration may be trained on there
    def prepare(self, epoch: int, step: int) -> Batch | TypedBatch | Parcel:
        """One batch as far as threads make it: all of it, on the CPU, unless features are read on a GPU."""
        draft = self._draft(epoch, step)
        if is_on_cpu(self.store):
            draft = self._filled(draft)
        return Parcel(draft) if self.device.type == "cuda" else draft

    @torch.inference_mode(False)
    def _finished(self, draft):
        """On the device, with features."""
        draft = draft if self.device.type == "cpu" and not draft.pending else draft.to(self.device)
        draft = self._filled(draft) if draft.pending else draft
        return draft if self.cast_to is None else draft.cast(self.cast_to)

    def _filled(self, draft):
        """With features."""
        return draft.filled(self.store)

    def rows_asked(self, epoch: int, step: int) -> dict[str | None, np.ndarray]:
        """{type: the rows of features that the batch asks for, each once}; None is the type of all nodes where there is one."""
        return self._draft(epoch, step).rows_asked()

    def _draft(self, epoch, step):
        """The batch without features."""
        items, how, own = self._asked(epoch, step)
        if isinstance(items, Mapping):
            return typed_draft(self.sampler, items, how, epoch=epoch, step=step, **own)
        is_open = self.reduce is not None
        minibatch = (self.sampler.sample_open if is_open else self.sampler.sample)(items, epoch=epoch, step=step, **how)
        _check_answer(minibatch, len(items), is_open)
        own["seeds"] = torch.from_numpy(np.array(items.seeds))
        return drafted(minibatch, len(self.store), self.reduce, epoch=epoch, step=step, **own)

    def _asked(self, epoch, step):
        """(items to sample around, or {type: items}; keywords of ``sample``; fields of the Batch that say what is asked)."""
        places = self._plan.places(epoch, step)
        items = self._plan.items[places]
        y = self.labels[torch.from_numpy(as_ids("seeds", items.seeds, len(self.labels)).copy())]
        own = {"places": torch.from_numpy(places.copy()), "y": y}  # a copy: the plan keeps its order
        return items if self._target is None else {self._target: items}, {}, own

    def _full_batch(self, epoch):
        """All neighbours of all nodes: drawn once, as nothing is drawn."""
        if self._kept is None:
            self._kept = self._finished(self.prepare(0, self._plan.rank))
        return self._kept.having(epoch=epoch)


def check_sampler(sampler, graph, reduce):
    """Refuse what cannot draw the batches, or draws on another graph."""
    method = "sample" if reduce is None else "sample_open"
    if isinstance(sampler, type) or not callable(getattr(sampler, method, None)):
        raise TypeError(f"sampler must be a NeighborSampler or have {method}(items, epoch, step), got {told(sampler)}")
    if isinstance(graph, TypedGraph) and reduce is not None:
        raise ValueError(f"reduce = {reduce!r} is for graphs with one type: leave it out")
    if getattr(sampler, "graph", graph) is not graph:
        raise ValueError(f"the sampler must be on dataset.graph, {graph}; it is on another, {sampler.graph}")


def check_node_times(sampler, has_times, node_times):
    """ValueError where what is asked as of a time would see nodes of later, as the sampler does not know their times."""
    if has_times and node_times is not None and getattr(sampler, "node_times", 0) is None:
        raise ValueError("the dataset has node_times, and the sampler none: make it with node_times=dataset.node_times")


def _check_answer(minibatch, num_seeds, is_open):
    """What a sampler of the caller's own returned would else be wrong numbers."""
    if not isinstance(minibatch, MiniBatch) or minibatch.is_open != is_open or len(minibatch.seed_index) != num_seeds:
        method, kind = ("sample_open", "an open") if is_open else ("sample", "a closed")
        raise ValueError(f"{method} of the sampler must return {kind} MiniBatch of {num_seeds} seeds, got {minibatch!r}")
