"""TypedBatch: what a loader yields of a typed graph."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Self

import numpy as np
import torch

from graphsage.base.checks import as_count
from graphsage.base.told import of_kind, told
from graphsage.graph.typed_graph import Relation
from graphsage.loading.batch import checked_labels, label_tensor, ready
from graphsage.loading.movable import Movable, cast, mapped
from graphsage.sampling.typed_batch import TypedMiniBatch
from graphsage.tensors.csr_matrix import CSRMatrix
from graphsage.tensors.device import as_device
from graphsage.tensors.store import FeatureStore


@dataclass(frozen=True, eq=False, kw_only=True)
class TypedBatch(Movable):
    """B seeds of a type with the typed topology around them, features and labels: what ``NeighborLoader`` yields of a
    ``TypedDataset``, and ``TypedBatch.of`` makes of a ``TypedMiniBatch``.

    minibatch: the topology in numpy arrays, by type and relation.
    blocks: a layer, input side first, {relation: CSRMatrix [num_dst, num_src]}, with the ``nodes`` that its columns are; rows
        are the first nodes of the relation's last type, columns the first ones of its first type.
    target: the type of the seeds. seeds: int64[B], ids within that type, in the order they were asked for, repeats included.
        places: int64[B], where each stands among the loader's items. seed_index: int64[B], row of each seed in the last
        layer's output of that type.
    y: the seeds' labels as in ``Batch``; None where there are none. epoch, step: the batch's position.
    x: {type: features of the batch's nodes of that type, float32 [n_t, F_t] or CSRMatrix}, in the order of ``minibatch.nodes``.

    Of seeds of several types, as a batch of links has them, target is None, and seeds and seed_index are {type: int64}. Then
    pairs: int64[2, M], the rows of the seeds that are source and target of each pair; relation: of the pairs.
    pending: {type: ids} of features that are still to be read.
    """

    seeds: torch.Tensor | Mapping[str, torch.Tensor]  # first: Lightning takes the length of the first tensor for the batch size
    places: torch.Tensor
    seed_index: torch.Tensor | Mapping[str, torch.Tensor]
    y: torch.Tensor | None
    epoch: int
    step: int
    target: str | None
    minibatch: TypedMiniBatch
    blocks: list[dict[Relation, CSRMatrix]]
    x: Mapping[str, torch.Tensor | CSRMatrix] = field(default_factory=dict)
    pairs: torch.Tensor | None = None
    relation: Relation | None = None
    pending: Mapping[str, torch.Tensor] = field(default_factory=dict)

    reduce = None  # no loader reduces features of typed graphs

    @property
    def num_positives(self) -> int:
        """P of a link batch; 0 of a node batch."""
        return 0 if self.pairs is None else len(self.places)

    @classmethod
    @torch.inference_mode(False)
    def of(
        cls, minibatch: TypedMiniBatch, features: Mapping[str, Any], labels: Any = None, *,
        device: str | torch.device = "cpu", epoch: int = 0, step: int = 0,
    ) -> Self:  # fmt: skip
        """The batch of a ``TypedMiniBatch``, as a loader makes it: for whoever draws by ``NeighborSampler.sample`` himself.

        features: {type: of all its nodes}, or {type: ``FeatureStore``}; of every type. labels: of
            all nodes of the seeds' type, [n] or [n, C]; None: the batch has no y. epoch, step: what is told of its position.

        TypeError or ValueError, one sentence, for what does not fit the batch.
        """
        of_kind("minibatch", minibatch, TypedMiniBatch)
        stores, device = _stores_of(minibatch, features), as_device(device)
        seeds = {kind: minibatch.nodes[kind][index].astype(np.int64) for kind, index in minibatch.seed_index.items()}
        y = None if labels is None else _labels_of(seeds, labels, stores)
        asked = {"places": torch.arange(sum(map(len, seeds.values())), device="cpu"), "y": y}
        position = {"epoch": as_count("epoch", epoch), "step": as_count("step", step)}
        draft = _drafted(minibatch, seeds, **asked, **position)
        return draft.filled(stores).to(device).filled(stores)

    def filled(self, stores: Mapping[str, FeatureStore]) -> Self:
        """The batch with the features that lie where it is: those of a GPU are read once the batch is there."""
        device = self.places.device.type
        there = [kind for kind in self.pending if stores[kind].device.type == device]
        rows = {kind: ready(stores[kind].rows(self.pending[kind])) for kind in there}
        left = {kind: ids for kind, ids in self.pending.items() if kind not in rows}
        return self.having(x={**self.x, **rows}, pending=left)

    def rows_asked(self) -> dict[str, np.ndarray]:
        """{type: the rows of features that ``filled`` asks for, each once}."""
        return {kind: ids.numpy() for kind, ids in self.pending.items()}

    def cast(self, dtype: torch.dtype) -> Self:
        """The same batch with features of ``dtype``."""
        return self.having(x=mapped(self.x, partial(cast, dtype=dtype)))

    def __repr__(self):
        counts = {kind: len(ids) for kind, ids in self.seeds.items()} if self.target is None else len(self.seeds)
        kind = f", target={self.target!r}" if self.pairs is None else f", pairs={self.pairs.shape[1]}"
        where = f"epoch={self.epoch}, step={self.step}, device={str(self.places.device)!r}"
        return f"TypedBatch(seeds={counts}, edges={self.minibatch.num_sampled_edges}, {where}{kind})"


def typed_draft(sampler, items, how, **asked):
    """The TypedBatch of what ``sampler`` draws around ``items``, {type: Items}; features are pending.

    how: keywords of ``sample``. asked: fields of the batch that say what is asked. Seeds of a single type are its target, but
    in a batch of pairs.
    """
    seeds = {kind: part.seeds for kind, part in items.items()}
    times = {kind: part.time for kind, part in items.items() if part.time is not None}
    position = {name: asked[name] for name in ("epoch", "step")}
    minibatch = sampler.sample(seeds, **position, **({"times": times} if times else {}), **how)
    _check_answer(minibatch, seeds)
    return _drafted(minibatch, seeds, **asked)


def _check_answer(minibatch, seeds):
    """What a sampler of the caller's own returned would else be wrong numbers."""
    counts = {kind: len(ids) for kind, ids in seeds.items() if len(ids)}
    if isinstance(minibatch, TypedMiniBatch) and {kind: len(i) for kind, i in minibatch.seed_index.items()} == counts:
        return
    raise ValueError(f"sample of the sampler must return a TypedMiniBatch of the seeds {counts}, got {minibatch!r}")


def _drafted(minibatch, seeds, **asked):
    """The TypedBatch of ``minibatch`` whose features are pending. seeds: {type: int64}. asked: its other fields."""
    target = next(iter(seeds)) if len(seeds) == 1 and asked.get("pairs") is None else None
    seeds = {kind: torch.from_numpy(np.array(ids)) for kind, ids in seeds.items()}
    index = {kind: torch.from_numpy(rows) for kind, rows in minibatch.seed_index.items()}
    return TypedBatch(
        minibatch=minibatch,
        blocks=[{name: _block(minibatch, name, block) for name, block in of.items()} for of in minibatch.blocks],
        target=target,
        seeds=seeds if target is None else seeds[target],
        seed_index=index if target is None else index[target],
        pending={kind: torch.from_numpy(ids) for kind, ids in minibatch.nodes.items()},
        **asked,
    )


def _block(minibatch, name, block):
    """With its transpose at every layer: what the first one reads was projected by weights that learn."""
    nodes = minibatch.nodes[name[0]][: block.num_src]
    return CSRMatrix.from_numpy(block.indptr, block.indices, None, block.num_src, nodes=nodes).with_transpose(for_values=False)


def _stores_of(minibatch, features):
    if not isinstance(features, Mapping):
        raise TypeError(f"features must be a dict {{type: features}}, as the batch has types of nodes; got {told(features)}")
    missing = next((kind for kind in minibatch.nodes if kind not in features), None)
    if missing is not None:
        raise ValueError(f"features has no {missing!r}: give SparseFeatures.identity(n) where there are none")
    stores = {kind: of if isinstance(of, FeatureStore) else FeatureStore(of) for kind, of in features.items()}
    for kind, ids in minibatch.nodes.items():
        if len(ids) and ids.max() >= len(stores[kind]):
            raise ValueError(f"features[{kind!r}] has {len(stores[kind])} rows, and the batch has node {ids.max()} there")
    return {kind: stores[kind] for kind in minibatch.nodes}


def _labels_of(seeds, labels, stores):
    """The seeds' labels, of those of all nodes of their type."""
    if len(seeds) > 1:
        raise ValueError(f"labels are of one type, and the batch has seeds of {', '.join(map(repr, seeds))}: leave them out")
    ((kind, ids),) = seeds.items()
    return label_tensor(checked_labels(labels, len(stores[kind]))[ids])
