"""TrainedLinks: a trained model of links with all that it takes to ask it: pairs, the best partners of a node, embeddings."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike

from graphsage.base.checks import as_count, as_ids, as_pairs, one_of
from graphsage.base.told import of_kind
from graphsage.config.groups import SELECTIVE
from graphsage.config.link_config import LinkConfig
from graphsage.config.settings import TrainConfig
from graphsage.data.dataset import NodeDataset
from graphsage.data.links import LinkDataset
from graphsage.data.split_links import split_links
from graphsage.nn.link_predictor import LinkPredictor
from graphsage.tensors.ambient import plain_modes
from graphsage.trained.partners import CHUNK_VALUES, Partners, best_partners, known_partners
from graphsage.trained.trained_model import TrainedModel
from graphsage.training.link_task import LinkTask

KNOWN = ("leave out", "offer")
#: What ``score`` gives, for people.
MEANING = {
    "binary": "Probability: the share of links to expect among pairs of that score, if links and pairs that are none were "
    "equally many; of all pairs of a graph far fewer are links",
    "ranking": "Probability: sigmoid of a score that was trained to rank links above pairs that are none: it orders, no more",
}


@dataclass(frozen=True, kw_only=True)
class TrainedLinks(TrainedModel):
    """A trained model of links and what its training knew of the data. ``load_trained`` reads one.

    model: ``LinkPredictor`` in evaluation mode. directed: is (a, b) another link than (b, a)? links: ``LinkConfig``, how it was
    trained and judged. seed: of the training. how_split: the keywords of ``split_links`` that made its parts, None where they
    were the caller's own. task: "links". The other fields are those of ``Trained``.

    The methods take any ``NodeDataset`` with as many features, whose labels are not read, and ask on all of its edges: links
    that were kept for validation and test are messages as well here. Of a ``LinkDataset`` those are all that it knows.
    ``evaluate`` alone asks about the kept links, on the messages without them. Keywords of all are those of ``Trained``:
    fanouts, seed, device, progress.

    Memory: as for ``Trained``; pairs and partners are scored a chunk at a time.
    """

    model: LinkPredictor
    directed: bool
    links: LinkConfig
    seed: int
    how_split: dict[str, Any] | None = None

    @property
    def ends(self) -> tuple[str, str] | None:
        """The types of sources and of targets; None of a graph with one type."""
        return None

    @property
    def _encoder(self):
        return self.model.encoder

    @property
    def embedding_width(self) -> int:
        """D, of ``embed``."""
        return self.model.encoder.out_features

    def embed(
        self, dataset: NodeDataset, nodes: ArrayLike | None = None, *, out: np.ndarray | None = None, **how: Any
    ) -> np.ndarray:
        """What the decoder reads of ``nodes`` (default: all, in the graph's order): float32 array [M, D], after the last layer.

        nodes: int [M] rows of the graph, in any order, repeats included. out: as in ``Trained.embed``.
        """
        return self._layers(self._whole(dataset), nodes, None, out=out, **how)

    @plain_modes()
    def score(self, dataset: NodeDataset, pairs: ArrayLike, **how: Any) -> np.ndarray:
        """The probability float32 [M] of each pair that it is a link: sigmoid of the decoder's logit.

        pairs: int [M, 2] rows of the graph, (source, target), in any order, repeats included; without direction both orders
        score the same. With link_loss="binary" links and pairs that are none weigh alike in training, whatever their numbers:
        p is the share of links to be expected where there are as many of either. Of all pairs of a graph most are none, and
        far fewer than p of them are links. With "ranking" only the order of scores means something.
        """
        dataset = self._whole(dataset)
        return self._logits(*self._of_pairs(dataset, self._as_pairs(dataset, pairs), how)).sigmoid().numpy()

    @plain_modes()
    @torch.no_grad()
    def top(
        self, dataset: NodeDataset, nodes: ArrayLike, k: int = 10, *, known: str = "leave out", progress: Any = None, **how: Any
    ) -> Partners:
        """The k best partners of each of ``nodes`` among all others, as ``Partners``: with a direction, as their targets.

        nodes: int [M] rows of the graph; none twice. known: "leave out": no partners that are linked with the node already;
        "offer": they are offered, too. Of equally good ones the lower row goes first. Fewer than k where no more are left.
        """
        dataset = self._whole(dataset)
        k, nodes = as_count("k", k, least=1), self._as_sources(dataset, nodes)
        if len(np.unique(nodes)) < len(nodes):
            raise ValueError("nodes must be listed once each: their partners would be the same")
        leaves_out = one_of("known", known, KNOWN) == "leave out"
        h_source, h = self._of_all(dataset, how)
        left_out = self._known(dataset) if leaves_out else self._itself
        return best_partners(self.model.score, h, nodes, k, left_out, progress, h_source=h_source, ends=self.ends)

    def _as_pairs(self, dataset, pairs):
        return as_pairs("pairs", pairs, dataset.num_nodes)

    def _as_sources(self, dataset, nodes):
        return as_ids("nodes", nodes, dataset.num_nodes)

    def _of_pairs(self, dataset, ends, how):
        """(embeddings of the sources and of the targets, int64 [M, 2] rows of them)."""
        nodes, places = np.unique(ends, return_inverse=True)
        h = torch.from_numpy(self.embed(dataset, nodes, **how)) if len(nodes) else torch.empty(0, self.embedding_width)
        return h, h, torch.from_numpy(places.reshape(-1, 2))

    def _of_all(self, dataset, how):
        """(embeddings of all sources, of all targets)."""
        h = torch.from_numpy(self.embed(dataset, **how))
        return h, h

    def _known(self, dataset):
        """function(node) -> the nodes that it is linked with already, and itself."""
        return known_partners(dataset.graph, self.directed)

    def _itself(self, node):
        return np.atleast_1d(node)

    def check(
        self, dataset: NodeDataset, *, embeds: bool = False, fanouts: Sequence[int] | None = None, seed: int = 0,
        device: str = "auto",
    ) -> None:  # fmt: skip
        """ValueError, one sentence, where the other methods would refuse the dataset or a keyword."""
        self._check(self._whole(dataset), fanouts=fanouts, seed=seed, device=device)

    def split(self, dataset: NodeDataset) -> LinkDataset:
        """``dataset`` with its links split as in the training: by the same rule and seed.

        ValueError where that had parts of the caller's own: any other split tests on links that were trained on.
        """
        if self.how_split is None:
            raise ValueError("the links of the training were not split by split_links: evaluate(the LinkDataset that it had)")
        return split_links(dataset, **self.how_split)

    def evaluate(
        self, dataset: LinkDataset, *, fanouts: Sequence[int] | None = None, device: str = "auto", progress: Any = None,
        room: Any = None,
    ) -> dict[str, Any]:  # fmt: skip
        """Loss and scores on the validation and test links: {"val": {"links": n, "loss": x, "mrr": y, ...}, "test": ...}.

        Each link is ranked among its candidates, which are those of the training for the split of the training (``split``).
        Parts without links are left out. fanouts: None is exact, but where links have times or the draw selects. room: as of
        ``Trained``.
        """
        config = TrainConfig(
            fanouts=self.fanouts if fanouts is None else fanouts, draw=self.draw, isolated=self.isolated, weights="ignore",
            replace=self.replace, seed=self.seed, device=device, metric=self.metric,
            normalize_features=self.normalized_features, **self._train_config(),
        )  # fmt: skip
        of_kind("dataset", dataset, self._of_links)
        task = LinkTask(deepcopy(self.model), dataset, config, self.links, progress=progress)
        task.evaluator.room = room or task.evaluator.room
        parts, how = {"val": dataset.val, "test": dataset.test}, {} if fanouts is None else {"sampled": True}
        return {part: _scores(task, links, how) for part, links in parts.items() if len(links)}

    _of_links = LinkDataset

    def _train_config(self):
        """Further settings of the training."""
        return {}

    def _whole(self, dataset):
        """A ``NodeDataset`` with all links as edges, and no labels that anybody reads."""
        if not isinstance(dataset, LinkDataset):
            return of_kind("dataset", dataset, NodeDataset)
        if self.draw in SELECTIVE:
            rule = "a LinkDataset keeps weights and times of its messages alone, and this model reads those of all links"
            raise ValueError(f"{rule}: give the NodeDataset that it was split from")
        none = np.empty(0, np.int64)
        return NodeDataset(
            graph=dataset.known, features=dataset.features, labels=np.full(dataset.num_nodes, -1), train=none, val=none,
            test=none, node_ids=dataset.node_ids, name=dataset.name, schema=dataset.schema,
        )  # fmt: skip

    @torch.no_grad()
    def _logits(self, h_source, h_target, places):
        """float32 [M] of pairs of rows, int64 [M, 2]."""
        size = max(1, CHUNK_VALUES // self.embedding_width)
        parts = [self.model.score(h_source[part[:, 0]], h_target[part[:, 1]]).float() for part in places.split(size)]
        return torch.cat(parts) if parts else torch.empty(0)


def split_as(dataset, links, seed):
    """The links of a ``NodeDataset`` or ``TypedDataset``, split by the shares of ``links`` (``LinkConfig``)."""
    how = {"val": links.val_share, "test": links.test_share, "by": links.split_by, "disjoint_train": links.disjoint_train}
    how |= {} if links.relation is None else {"relation": links.relation}
    return split_links(dataset, **how, seed=seed)


def _scores(task, links, how):
    _, loss = task.evaluate(links, **how)
    return {"links": len(links), "loss": loss, **task.scores()}
