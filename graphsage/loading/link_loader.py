"""LinkLoader: pairs of nodes in, batches of tensors out. What it shares with ``NeighborLoader`` is there."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import ArrayLike

from graphsage.base import rng
from graphsage.base.checks import as_flag, as_pairs
from graphsage.base.told import of_kind, told
from graphsage.data.dataset import NodeDataset
from graphsage.data.link_parts import LinkParts
from graphsage.data.links import LinkDataset, is_directed
from graphsage.data.typed_links import TypedLinkDataset
from graphsage.loading.node_loader import NeighborLoader, check_node_times, check_sampler
from graphsage.sampling.items import Items, SeedPlan
from graphsage.sampling.negatives import Negatives
from graphsage.sampling.neighbor import STREAMS
from graphsage.tensors.store import FeatureStore

MANY = 4  # batches: what one of so many hides is no matter


class LinkLoader(NeighborLoader):
    """Iterable of link batches: true links, negatives drawn for each of them, and the neighbourhoods of all their ends.

    dataset: ``LinkDataset``; of a ``TypedLinkDataset``, batches are ``TypedBatch``. sampler: ``NeighborSampler`` on its
        graph, or whatever answers ``sample(items, epoch, step, exclude=pairs)``. Its ``seed`` orders the links and draws the
        negatives; each of its streams has negatives of its own.
    batch_size: links a batch, P; the batch asks about P * (1 + K) pairs. The other settings are those of ``NeighborLoader``.
    negatives: ``Negatives``, which avoid ``dataset.known``; None asks about the items alone, whose ``label`` (or 1) is y.
    items: links to go through, integers [n, 2] or ``Items`` (default: to train on).
    positives: in place of items, whatever has a ``plan``, a ``SeedPlan`` that counts the steps, and answers
        ``pairs_of(epoch, step)`` with ``Items`` of one pair or more. batch_size must then be None, and dataset may be a
        ``NodeDataset``, whose edges are what is known.
    exclude: True hides the links that a batch asks about from all its neighbourhoods, in both directions: no edge
        between the two nodes is a message, at any hop. Negatives are hidden alike where they may be edges (allow_true, or the
        reverse of one in a directed graph).

    Items with times are asked about as of then: neighbourhoods are disjoint and have what was strictly before alone (the
    sampler needs ``strictly_before=True``). Nothing is excluded there, as a link is never before itself.

    Repeated links are asked about as often, and draw negatives of their own; an end without neighbours is an isolated node.
    """

    _asks = "pairs"
    labels = None  # y says what is true of pairs
    hides = 0.0  # about the share of the messages that a batch does not see; 0 where that is small

    def __init__(
        self,
        dataset: LinkDataset | TypedLinkDataset | NodeDataset,
        sampler: Any,
        batch_size: int | None,
        batches_per_epoch: int | None = None,
        reduce: str | None = None,
        *,
        negatives: Negatives | None = Negatives(),  # noqa: B008 (frozen)
        items: ArrayLike | Items | None = None,
        positives: Any = None,
        exclude: bool = True,
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
        if positives is None or not isinstance(dataset, NodeDataset):
            of_kind("dataset", dataset, TypedLinkDataset if isinstance(dataset, TypedLinkDataset) else LinkDataset)
        check_sampler(sampler, dataset.graph, reduce)
        self._links = dataset if isinstance(dataset, LinkParts) else _AllEdges(dataset)
        check_node_times(sampler, self._links.has_times, self._links.node_times)
        self.known, self.directed = self._links.known, self._links.directed
        self.negatives = None if negatives is None else of_kind("negatives", negatives, Negatives)
        self.exclude, self._positives = as_flag("exclude", exclude), positives
        if positives is None:
            items = self._checked(dataset.train if items is None else items, sampler)
            order = {"shuffle": shuffle, "drop_last": drop_last, "least": least}
            plan = SeedPlan(items, batch_size, batches_per_epoch, getattr(sampler, "seed", 0), **order)
            self.hides = _share_hidden(plan, dataset) if self.exclude else 0.0
        else:
            plan = _plan_of(positives, items, batch_size, batches_per_epoch)
        self._set_up(sampler, plan, reduce, repeat, (rank, num_ranks))
        self._read_from(dataset.features, store, device, features_on, feature_dtype, feature_cache)

    def over(self, items: ArrayLike | Items) -> Self:
        """A loader like this one, with the same features in memory, that goes through all of ``items`` once an epoch."""
        other = self._over(self._checked(items, self.sampler))
        other._positives = None
        return other

    def pairs_of(self, epoch: int, step: int) -> Items:
        """The links of a step, in their order."""
        if self._positives is None:
            return self._plan.items[self._plan.places(epoch, step)]
        ranks, own = self._plan.num_ranks, self._positives.plan.num_ranks
        if ranks != own:
            raise ValueError(f"the positives are planned for num_ranks = {own}, and the loader has {ranks}: they must agree")
        return self._positives.pairs_of(epoch, step)

    def _checked(self, items, sampler):
        """``items`` as Items of pairs that ``sampler`` can be asked about."""
        pairs = self._links.checked_pairs("items", items.seeds if isinstance(items, Items) else items)
        if not len(pairs):
            raise ValueError("items is empty: an epoch needs at least one link (default: those to train on)")
        items = items if isinstance(items, Items) else Items(pairs)
        if items.label is not None:
            _check_labels(items.label, self.negatives)
        if self._links.has_times and items.time is None:
            raise ValueError("links of this dataset are asked about as of a time: give each its time")
        if items.time is not None and not getattr(sampler, "strictly_before", True):
            rule = "links with times are asked about strictly before them, or each would see itself"
            raise ValueError(f"{rule}: make the sampler with strictly_before=True")
        return items

    @property
    def _same_each_epoch(self):
        return super()._same_each_epoch and self.negatives is None and self._positives is None

    def _asked(self, epoch, step):
        links = self.pairs_of(epoch, step)
        pairs, y = self._pairs(links, epoch, step)
        seeds, rows = _ends(pairs, _each(links.time, len(links), len(pairs)), self._links)
        hidden = pairs if self._may_be_edges else links.seeds
        how = {"exclude": self._links.hidden(hidden)} if self.exclude and links.time is None else {}
        is_planned = self._positives is None
        places = self._plan.places(epoch, step) if is_planned else np.arange(len(links))
        own = {name: torch.from_numpy(array) for name, array in {"places": places.copy(), "pairs": rows, "y": y}.items()}
        return seeds, how, own if isinstance(seeds, Items) else {**own, "relation": self._links.relation}

    def _pairs(self, links, epoch, step):
        """(int64 [M, 2]: the links and their negatives, float32[M])."""
        if self.negatives is None:
            label = np.ones(len(links)) if links.label is None else links.label
            return links.seeds, label.astype(np.float32)
        stream = list(STREAMS).index(getattr(self.sampler, "stream", "train"))
        key = rng.stream_key(self._plan.seed, rng.NEGATIVE, stream, epoch, step, rng.REPLICA)
        drawn = self.negatives.draw(links.seeds, self.known, self.directed, key).reshape(-1, 2)
        y = np.zeros(len(links) + len(drawn), np.float32)
        y[: len(links)] = 1
        return np.concatenate([links.seeds, drawn]), y

    @property
    def _may_be_edges(self):
        """May a negative, or its reverse, be among the messages?"""
        if self.negatives is None:
            return False
        return self.negatives.allow_true or self.directed and not self._links.is_apart


def _plan_of(positives, items, batch_size, batches_per_epoch):
    """The plan of ``positives``, if it is one and nothing else says what to go through."""
    if not isinstance(getattr(positives, "plan", None), SeedPlan) or not callable(getattr(positives, "pairs_of", None)):
        raise TypeError(f"positives must have a plan (SeedPlan) and pairs_of(epoch, step), got {told(positives)}")
    for name, value in (("items", items), ("batch_size", batch_size), ("batches_per_epoch", batches_per_epoch)):
        if value is not None:
            raise ValueError(f"{name} must be None where positives are given: their plan says what is asked when")
    return positives.plan


def _share_hidden(plan, dataset):
    """The share of the messages that a batch hides, 0 where it is small; raise where one batch hides all of them."""
    items, size = plan.items, plan.batch_size or len(plan.items)
    if items.time is not None or len(items) > MANY * size:
        return 0.0
    share = dataset.share_seen(items.seeds)
    if share == 1 and size >= len(items) and plan.batches_per_epoch is None:
        rule = f"a {'full batch' if plan.batch_size is None else f'batch of {size:,}'} asks about all links"
        how = f"give a batch_size well below {len(items):,}, split_links(..., disjoint_train=), or exclude=False"
        raise ValueError(f"{rule}, so that exclude=True leaves no message: {how}")
    return float(share * (1 - (1 - 1 / len(items)) ** size if plan.batches_per_epoch else min(1, size / len(items))))


def _check_labels(label, negatives):
    """Refuse labels of items that are no numbers, one an item, or have negatives beside them."""
    if negatives is not None:
        raise ValueError("items with labels are asked about alone: pass negatives=None, or leave the labels out")
    if label.ndim != 1 or label.dtype.kind not in "biuf":
        raise ValueError(f"label must be a number an item, got {label.dtype} of shape {label.shape}")


class _AllEdges(LinkParts):
    """A ``NodeDataset`` whose edges are all known, and none of which is asked about."""

    has_times = False

    def __init__(self, dataset):
        self.known, self.directed = dataset.graph, is_directed(dataset.graph)

    def checked_pairs(self, name, pairs):
        """``pairs`` as int64 [n, 2] of nodes."""
        return as_pairs(name, pairs, self.known.num_nodes)

    def hidden(self, pairs):
        """As ``LinkDataset`` has it."""
        return pairs


def _each(times, num_links, num_pairs):
    """The time of each pair: its own, or that of the link that it is a negative of."""
    if times is None:
        return None
    return np.concatenate([times, np.repeat(times, num_pairs // num_links - 1)])


def _ends(pairs, times, links):
    """(``Items`` of the distinct ends, of types {type: Items}; int64 [2, M] rows of them); with times each end once a time."""
    if links.is_apart:
        found = [_distinct(side, times) for side in pairs.T]
        return dict(zip(links.ends, (items for items, _ in found))), np.stack([rows for _, rows in found])
    items, rows = _distinct(pairs.T.ravel(), None if times is None else np.tile(times, 2))
    return {links.ends[0]: items} if isinstance(links, TypedLinkDataset) else items, rows.reshape(2, -1)


def _distinct(ends, times):
    """(``Items`` of the distinct ones of ``ends`` [m], int64[m] rows of them)."""
    codes = ends
    if times is not None:
        moments, moment = np.unique(times, return_inverse=True)
        codes = codes * len(moments) + moment
    _, first, rows = np.unique(codes, return_index=True, return_inverse=True)
    return Items(ends[first], time=None if times is None else times[first]), rows
