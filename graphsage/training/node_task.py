"""NodeTask: classes, labels or numbers of nodes."""

from dataclasses import replace

import numpy as np
import torch

from graphsage.data.asked_times import refuse_untimed
from graphsage.data.dataset import NodeDataset
from graphsage.data.label_columns import with_label_columns
from graphsage.graph.subgraph import edges_among
from graphsage.loading.label_loader import LabelLoader
from graphsage.loading.node_loader import NeighborLoader
from graphsage.nn.layered import has_layers
from graphsage.tensors.device import pick_device
from graphsage.training.correct_and_smooth import chosen_strengths, corrected_and_smoothed
from graphsage.training.evaluation import Evaluator
from graphsage.training.label_task import LabelTask
from graphsage.training.objective import Objective
from graphsage.training.setup import (
    check,
    check_config,
    featured,
    for_task,
    joined_line,
    least_seeds,
    loading_options,
    make_sampler,
    normalizes,
    own_dtype,
)
from graphsage.training.tasks import pick_metric, try_metric
from graphsage.training.until import time_line


class NodeTask(LabelTask):
    """A ``NodeDataset``'s own task, by its labels."""

    data = NodeDataset

    def __init__(self, model, dataset, config, settings=None, *, loss=None, store=None, progress=None):
        check_config(config)
        given, dataset = dataset, featured(config, dataset)
        check(model, dataset, config, has_own_loss=loss is not None)
        self.config = config = for_task(config, dataset.task, given)
        self.device = pick_device(config.device)
        self.model, self.encoder = model.to(self.device), model if has_layers(model) else None
        self.dataset = dataset.row_normalized() if store is None and normalizes(config, dataset) else dataset
        self.plain = self.dataset  # without columns of labels
        if config.label_reuse:
            self.dataset = with_label_columns(self.dataset, dataset.labels, dataset.num_classes)
        self.metric = pick_metric(config.metric, dataset)
        try_metric(self.metric, dataset)
        self.objective = Objective(model, dataset, config, self.device, self.metric, loss)
        self.loader = make_loader(model, self.dataset, config, self.device, store)
        self.evaluator = Evaluator(model, self.loader, self.dataset, config, progress)

    def lines(self):
        """How much an inductive training sees, until when, how it is validated, and which batch took a last seed in."""
        if self.config.inductive:
            seen, whole = self.loader.sampler.graph.num_edges, self.dataset.graph.num_edges
            among = f"those among its {len(self.dataset.train):,} nodes"
            yield f"Inductive: training sees {seen:,} of {whole:,} edges, {among}"
        yield from filter(None, [time_line(self.dataset, self.config.strictly_before)])
        yield from super().lines()
        if self.config.featureless == "degrees":
            yield "No features: degrees stand for them, so that the model may be asked about other graphs, too"
        if self.config.label_reuse:
            share = f"{self.config.label_reuse:.0%}"
            yield f"Labels of training nodes are inputs: {share} of each batch's nodes hide theirs, and are asked"
        yield from filter(None, [joined_line(self.loader.plan)])

    def evaluator_on(self, dataset):
        """The ``Evaluator`` that asks the model about another dataset; ValueError, one sentence, where it cannot."""
        own, name = self.plain, dataset.name or "the dataset"
        dataset = replace(dataset, times=None) if own.times is None and dataset.times is not None else dataset
        dataset = featured(self.config, dataset)
        if self.config.label_reuse:
            advice = "load_trained of the run's folder predicts on it, or leave out label_reuse"
            raise ValueError(f"label_reuse shows labels of the training's dataset, and {name} is another: {advice}")
        if dataset.num_features != own.num_features:
            raise ValueError(f"the model takes {own.num_features} features a node, but {name} has {dataset.num_features}")
        if self.objective.head.correct_and_smooth is not None:
            advice = "load_trained of the run's folder predicts on it, or leave out correct_and_smooth"
            raise ValueError(f"correct_and_smooth spreads labels of the training's dataset, and {name} is another: {advice}")
        if own.times is not None:
            refuse_untimed(dataset, ", and the model was trained on nodes that were asked at theirs")
        dataset = dataset.row_normalized() if normalizes(self.config, own) else dataset
        config = replace(self.config, inductive=False)
        loader = make_loader(self.model, dataset, config, self.device, nodes=np.arange(dataset.num_nodes))
        found = Evaluator(self.model, loader, dataset, config, None)
        found.task, found.num_outputs = own.task, own.num_outputs
        return found

    def raw_outputs(self, nodes, *, sampled=False):
        """As ``Evaluator.outputs``; after ``finish`` corrected and smoothed where that is asked for: logits [M, C]."""
        strengths = self.objective.head.correct_and_smooth
        if strengths is None:
            return super().raw_outputs(nodes, sampled=sampled)
        found = corrected_and_smoothed(self._all_logits(sampled), self.dataset, self.dataset.labels, strengths)
        return torch.from_numpy(found)[torch.tensor(nodes, device="cpu")]

    def _all_logits(self, sampled=False):
        return self.objective.head.read(self.evaluator.outputs(np.arange(self.dataset.num_nodes), sampled=sampled))

    def finish(self):
        """Correct and Smooth: its strengths, which ``raw_outputs`` then reads and a ``GraphSAGE`` takes along."""
        if not self.config.correct_and_smooth or not len(self.dataset.val):
            return
        before, val = self._all_logits(), torch.tensor(self.dataset.val, device="cpu")
        chosen = chosen_strengths(before, self.dataset, self.dataset.labels, self.metric)
        after = torch.from_numpy(corrected_and_smoothed(before, self.dataset, self.dataset.labels, chosen))
        self.objective.read_by(replace(self.objective.head, correct_and_smooth=chosen))
        labels = self.loader.labels[val]
        scores = [self.metric.shown(self.metric.score(found[val], labels)).strip() for found in (before, after)]
        how = "correct {} and smooth {}".format(*chosen)
        yield f"Correct and Smooth: {how} are best on validation, {self.metric.label} {scores[0]} before and {scores[1]} after"

    def outputs(self):
        """Exact ones, where the test made them or would have; those of ``raw_outputs`` where they are more."""
        if self.objective.head.correct_and_smooth is not None:
            return self.raw_outputs(np.arange(self.dataset.num_nodes))
        return super().outputs()


def make_loader(model, dataset, config, device, store=None, nodes=None):
    """The loader of the training nodes (or ``nodes``) as ``model`` needs its batches.

    inductive: its batches see the edges between training nodes alone.
    """
    if config.inductive:
        dataset = replace(dataset, graph=edges_among(dataset.graph, dataset.train))
    until = {"node_times": dataset.node_times, "strictly_before": config.strictly_before}
    sampler = make_sampler(model, dataset.graph, config, **until)
    options = loading_options(model, config, device, store) | {"nodes": nodes}
    kind = LabelLoader if config.label_reuse else NeighborLoader
    loader = kind(dataset, sampler, config.batch_size, config.batches_per_epoch, least=least_seeds(model), **options)
    if config.label_reuse:
        loader.share, loader.first_label = config.label_reuse, dataset.num_features - dataset.num_classes
    loader.cast_to = own_dtype(model)
    return loader
