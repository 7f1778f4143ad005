"""Batch: what a loader yields."""

import warnings
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Self

import numpy as np
import torch

from graphsage.base.checks import as_array, as_count, one_of
from graphsage.base.told import of_kind
from graphsage.loading.movable import Movable, cast, mapped
from graphsage.sampling.minibatch import MiniBatch
from graphsage.tensors.csr_matrix import CSRMatrix
from graphsage.tensors.device import as_device
from graphsage.tensors.reductions import REDUCTIONS
from graphsage.tensors.rows_on_disk import each_once
from graphsage.tensors.store import FeatureStore


@dataclass(frozen=True, eq=False, kw_only=True)
class Batch(Movable):
    """B seeds with the topology around them, features and labels: what a loader yields, and ``Batch.of`` makes of a MiniBatch.

    minibatch: the topology in numpy arrays (global ids, edge ids, ...).
    blocks: CSRMatrix [num_dst, num_src] a layer, input side first, with the ``nodes`` that its columns are; a reduced batch
        has none for the first layer.
    seeds: int64[B], the nodes asked about, in the order they were asked for, repeats included. places: int64[B], where each
        stands among the loader's items. seed_index: int64[B], row of each seed in the last block's output.
    y: the seeds' labels, int64[B], -1 where a seed has none; of a multilabel dataset float32[B, C], a row of -1; of a
        regression float32[B, T], a row of NaN; None where there are no labels. epoch, step: the batch's position.
    x: features of all the batch's nodes, float32 [n_L, F] or CSRMatrix, in the order of ``minibatch.nodes``.

    A reduced batch (a loader with ``reduce``) has x_self and x_neigh [n_{L-1}, F] in place of x, tensors or CSRMatrix: the
    first layer's aggregation is done. reduce: the aggregator that made x_neigh, else None.
    A link batch (``LinkLoader``) asks about M pairs of nodes. pairs: int64[2, M], the rows of ``seeds`` that are source and
    target of each; the seeds are their ends, each once (with times, once a time); None in a node batch. The first P pairs are
    true links, and ``places`` are theirs; the K negatives of link i are pairs P + i * K and on. y: float32[M], 1 for a true
    link, else 0.

    pending: what the features are still to be read for, (global ids, CSRMatrix [ids, N] or None); None once they are there.
    """

    seeds: torch.Tensor  # first: Lightning takes the length of the first tensor for the batch size
    places: torch.Tensor
    seed_index: torch.Tensor
    y: torch.Tensor | None
    epoch: int
    step: int
    minibatch: MiniBatch
    blocks: list[CSRMatrix]
    x_self: torch.Tensor | CSRMatrix | None = None
    x_neigh: torch.Tensor | CSRMatrix | None = None
    pairs: torch.Tensor | None = None
    reduce: str | None = None
    pending: tuple | None = None
    x: torch.Tensor | CSRMatrix | None = field(default_factory=lambda: None)  # no class attribute: see __getattr__

    def __post_init__(self):
        if self.x is None:
            del self.__dict__["x"]

    def __getattr__(self, name):
        """What is asked for and not there."""
        if name != "x":
            raise AttributeError(f"a Batch has no attribute {name!r}")
        if self.reduce is None:
            raise TypeError("the features of this batch are not read yet: take it from its loader's iterator")
        raise TypeError(
            f"this batch is reduced (its loader has reduce={self.reduce!r}): it has x_self and x_neigh, but no x: "
            "make the loader with reduce=None"
        )

    @property
    def num_positives(self) -> int:
        """P of a link batch; 0 of a node batch."""
        return 0 if self.pairs is None else len(self.places)

    @classmethod
    @torch.inference_mode(False)
    def of(
        cls, minibatch: MiniBatch, features: Any, labels: Any = None, *, reduce: str | None = None,
        device: str | torch.device = "cpu", epoch: int = 0, step: int = 0,
    ) -> Self:  # fmt: skip
        """The Batch of a ``MiniBatch``, as a loader makes it: for whoever draws by ``NeighborSampler.sample`` himself.

        features: of all N nodes of the graph, as in ``NodeDataset``; those of a dataset, and a ``FeatureStore``, are not read
            through once more for each batch. labels: of all N nodes, [N] integers or [N, C]; None: the batch has no y.
        reduce: the aggregator ("mean", "sum", "max", "gcn") that makes x_neigh of an open MiniBatch; None for a closed one.
        epoch, step: what is told of its position. ``places`` count the seeds from 0.

        TypeError or ValueError, one sentence, for another thing than a MiniBatch, where open and ``reduce`` do not go together,
        and where features or labels are of fewer nodes than the batch has.
        """
        of_kind("minibatch", minibatch, MiniBatch)
        _check_reduce(minibatch, reduce if reduce is None else one_of("reduce", reduce, tuple(REDUCTIONS)))
        store, device = features if isinstance(features, FeatureStore) else FeatureStore(features), as_device(device)
        _check_rows(minibatch, len(store))
        seeds = minibatch.nodes[minibatch.seed_index].astype(np.int64)
        y = None if labels is None else label_tensor(checked_labels(labels, len(store))[seeds])
        asked = {"seeds": torch.from_numpy(seeds), "places": torch.arange(len(seeds), device="cpu"), "y": y}
        position = {"epoch": as_count("epoch", epoch), "step": as_count("step", step)}
        draft = drafted(minibatch, len(store), reduce, **asked, **position)
        if store.device.type == "cpu":
            return draft.filled(store).to(device)
        return draft.to(device).filled(store)

    def having(self, **changes: Any) -> Self:
        """The same batch but for ``changes``: ``dataclasses.replace`` would ask a reduced batch for its x."""
        return replace(self, **{"x": vars(self).get("x"), **changes})

    def filled(self, store: FeatureStore) -> Self:
        """The batch with features of ``store``, on its device."""
        store, nodes, reads = store.gathered(*self.pending)
        rows = store.rows(nodes)
        if self.reduce is None:
            return self.having(x=rows, pending=None)
        x_neigh = store.reduce(self.reduce, reads, nodes)
        return self.having(x_self=ready(rows), x_neigh=ready(x_neigh), pending=None)

    def rows_asked(self) -> dict[None, np.ndarray]:
        """{None: the rows of features that ``filled`` asks for, each once}."""
        nodes, reads = self.pending
        if reads is None:
            return {None: nodes.numpy()}
        return {None: each_once(torch.cat([nodes, reads.indices.to(nodes.dtype)]).numpy())}

    def cast(self, dtype: torch.dtype) -> Self:
        """The same batch with features of ``dtype``."""
        names = ("x",) if self.reduce is None else ("x_self", "x_neigh")
        return self.having(**{name: mapped(getattr(self, name), partial(cast, dtype=dtype)) for name in names})

    def __repr__(self):
        kind = "" if self.pairs is None else f", pairs={self.pairs.shape[1]}"
        kind += "" if self.reduce is None else f", reduce={self.reduce!r}"
        where = f"epoch={self.epoch}, step={self.step}, device={str(self.seeds.device)!r}"
        return f"Batch(seeds={len(self.seeds)}, edges={self.minibatch.num_sampled_edges}, {where}{kind})"


def drafted(minibatch, num_nodes, reduce, **asked):
    """The Batch of ``minibatch`` whose features are pending. num_nodes: N. asked: its other fields, from seeds to step."""
    known = minibatch.nodes
    blocks = [CSRMatrix.from_numpy(b.indptr, b.indices, None, b.num_src, nodes=known[: b.num_src]) for b in minibatch.blocks]
    # the first layer's input needs no gradient, so its block needs no transpose
    first, rest = (1, blocks[1:]) if reduce is None else (0, blocks)
    reads = None if reduce is None else CSRMatrix.from_numpy(minibatch.indptr, minibatch.neighbors, None, num_nodes)
    return Batch(
        minibatch=minibatch,
        blocks=blocks[:first] + [block.with_transpose(for_values=False) for block in rest],
        seed_index=torch.from_numpy(minibatch.seed_index),
        reduce=reduce,
        pending=(torch.from_numpy(known), reads),
        **asked,
    )


def label_tensor(labels):
    """Labels as losses take them: int64 of class numbers [N], float32 of anything else. Shared where they are that already."""
    is_class = labels.ndim == 1 and labels.dtype.kind in "iu"
    array = np.ascontiguousarray(labels, np.int64 if is_class else np.float32)
    with warnings.catch_warnings():  # torch warns of read-only memory; nothing here writes to it
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        return torch.from_numpy(array)


def checked_labels(labels, num_nodes):
    labels = as_array("labels", labels)
    if labels.dtype.kind not in "biuf" or labels.ndim not in (1, 2) or len(labels) != num_nodes:
        rule = f"labels must be numbers of shape [{num_nodes}] or [{num_nodes}, columns], a row for each row of features"
        raise ValueError(f"{rule}; got {labels.dtype} {list(labels.shape)}")
    return labels


def _check_reduce(minibatch, reduce):
    if minibatch.is_open and reduce is None:
        rule = "name the first layer's aggregator, as reduce='mean', or draw it with sample"
        raise ValueError(f"an open MiniBatch has no local ids for its last hop: {rule}")
    if not minibatch.is_open and reduce is not None:
        raise ValueError(f"reduce={reduce!r} is for an open MiniBatch, and this one is closed: draw it with sample_open")


def _check_rows(minibatch, num_nodes):
    last = max(int(ids.max(initial=-1)) for ids in (minibatch.nodes, minibatch.neighbors) if ids is not None)
    if last >= num_nodes:
        rule = "features must have a row for each node of the graph"
        raise ValueError(f"{rule}: they have {num_nodes}, and the batch has node {last}")


def ready(x):
    """Sparse rows with the transpose that the weights' gradient needs."""
    return x.with_transpose() if isinstance(x, CSRMatrix) else x
