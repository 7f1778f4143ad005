"""WalkTask: nodes that meet on short random walks get alike embeddings; no labels are read."""

from dataclasses import replace
from functools import partial

import numpy as np
import torch.nn.functional as F

from graphsage.base.checks import as_ids
from graphsage.config.link_config import LinkConfig
from graphsage.config.walk_config import WalkConfig
from graphsage.data.dataset import NodeDataset
from graphsage.data.links import LinkDataset
from graphsage.graph.subgraph import edges_among
from graphsage.loading.link_loader import LinkLoader
from graphsage.sampling.negatives import Negatives
from graphsage.sampling.walk_pairs import WalkPairs, can_walk
from graphsage.tensors.device import pick_device
from graphsage.training.link_evaluation import LinkEvaluator, candidates_of
from graphsage.training.link_objective import LinkObjective
from graphsage.training.link_task import encoder_of
from graphsage.training.setup import (
    check_config,
    check_kinds,
    check_weights,
    for_task,
    loading_options,
    make_sampler,
    normalizes,
    own_dtype,
)
from graphsage.training.task import Task
from graphsage.training.tasks import metric_for, metrics_of

MOST_NODES = 1000  # whose walks are validated on: a hundred candidates for each of their pairs
CANDIDATES = 100


def walk_loss(positive, negatives, weight=1.0):
    """-log s(z_u . z_v) - Q E log s(-z_u . z_n) (Hamilton et al. 2017, eq. 1), of logits [n] and [n, K]: the mean over pairs.

    E is the mean of the K drawn, so that K says how well it is estimated, and Q (``weight``) what it weighs.
    """
    return F.softplus(-positive).mean() + weight * F.softplus(negatives).mean()  # softplus(x) = -log s(-x)


class WalkObjective(LinkObjective):
    """The loss of pairs of walks, or the caller's own."""

    def __init__(self, model, settings, own, weight):
        super().__init__(model, settings, own)
        self._of_sides = partial(walk_loss, weight=weight)


class WalkEvaluator(LinkEvaluator):
    """Scores of pairs of walks, each beside candidates that are drawn as the negatives are."""

    def candidates(self, pairs):
        """What ``pairs`` are ranked among."""
        negatives = Negatives(self.settings.candidates, "degree", allow_true=True)
        return candidates_of(self.dataset, pairs, self.settings, self.config.seed, negatives)


class WalkTask(Task):
    """Which nodes meet on walks: a ``NodeDataset`` without a look at its labels."""

    data, settings_kind = NodeDataset, WalkConfig

    def __init__(self, model, dataset, config, settings=None, *, loss=None, store=None, progress=None):
        self.settings, self.given = settings, dataset
        check_kinds(model, loss)
        check_config(config)
        check_weights(model)
        for name in ("label_smoothing", "class_weights", "label_reuse", "correct_and_smooth", "featureless"):
            config.refuse_set(name, "without labels: leave it out")
        config.refuse_set("strictly_before", "by walks, which read no times: leave it out")
        self.config = config = for_task(config, "links", dataset)
        self.device = pick_device(config.device)
        self.model, self.encoder = model.to(self.device), encoder_of(model, dataset)
        self.dataset = dataset.row_normalized() if store is None and normalizes(config, dataset) else dataset
        self.metric = metric_for(config.metric, "unsupervised")
        self.loader = self._make_loader(store)
        self.objective, self.evaluator = self._as_links(loss, progress)

    def _make_loader(self, store):
        """Walks start from all nodes; inductive ones from the training nodes, along the edges between them."""
        dataset, config, settings = self.dataset, self.config, self.settings
        nodes = dataset.train if config.inductive else None
        if config.inductive:
            dataset = replace(dataset, graph=edges_among(dataset.graph, dataset.train))
        positives = self.pairs(dataset.graph, nodes, config.batch_size, config.batches_per_epoch)
        negatives = Negatives(settings.walk_negatives, "degree", allow_true=True)
        how = {"negatives": negatives, "positives": positives, "exclude": False}
        sampler = make_sampler(self.model, dataset.graph, config)
        loader = LinkLoader(dataset, sampler, None, **how, **loading_options(self.model, config, self.device, store))
        loader.cast_to = own_dtype(self.model)
        return loader

    def _as_links(self, loss, progress):
        """(objective, evaluator): pairs of walks are asked about as links are, on all edges."""
        asked = LinkConfig(negatives=self.settings.walk_negatives, candidates=CANDIDATES)
        parts = dict.fromkeys(("train", "val", "test"), np.empty((0, 2), np.int64))
        links = LinkDataset(graph=self.dataset.graph, features=self.dataset.features, **parts)
        evaluator = WalkEvaluator(self.model, self.encoder, self.loader, links, self.config, asked, progress)
        return WalkObjective(self.model, asked, loss, self.settings.negative_weight), evaluator

    def pairs(self, graph, nodes, batch_size, batches_per_epoch=None, stream="train"):
        """``WalkPairs`` as the settings have them."""
        settings = self.settings
        weights = "ignore" if settings.walk_draw == "uniform" else "refuse"
        how = {"p": settings.walk_p, "q": settings.walk_q, "draw": settings.walk_draw, "weights": weights}
        how |= {"length": settings.walk_length, "walks_per_node": settings.walks_per_node}
        return WalkPairs(graph, batch_size, batches_per_epoch, nodes=nodes, seed=self.config.seed, stream=stream, **how)

    @property
    def validated(self):
        """The validation nodes (all, where there are none), or a part of them."""
        nodes = self.dataset.val if len(self.dataset.val) else np.arange(self.dataset.num_nodes)
        most = self.config.evaluate_nodes or MOST_NODES
        return nodes if len(nodes) <= most else nodes[np.linspace(0, len(nodes) - 1, most).astype(int)]

    def evaluate(self, what, *, sampled=False):
        """On pairs of walks from nodes: see ``Trainer.evaluate``."""
        nodes = as_ids("nodes", what, self.dataset.num_nodes)
        nodes = nodes[can_walk(self.dataset.graph, self.settings.walk_draw)[nodes]]
        if not len(nodes):
            return None, None
        items = self.pairs(self.dataset.graph, nodes, None, stream="evaluate").pairs_of(0, 0)
        scores = self.evaluator.outputs(items, sampled=sampled)
        return self.metric.score(scores), self.objective.loss(scores.to(self.device)).item()

    @property
    def how_to_validate(self):
        """As planned."""
        return {} if self.evaluator.plan.exact else {"sampled": True}

    def outputs(self):
        """Embeddings of all nodes, where they are exact."""
        return self.evaluator.exact()

    def scores(self):
        """Each metric, of what was evaluated last."""
        judges = {**metrics_of("unsupervised"), self.metric.name: self.metric}
        return {name: metric.score(self.evaluator.scores) for name, metric in judges.items()}
