"""TypedTask: classes, labels or numbers of the nodes of one type, in a graph of several."""

from dataclasses import replace

import numpy as np

from graphsage.data.asked_times import refuse_untimed
from graphsage.data.typed_dataset import TypedDataset
from graphsage.loading.node_loader import NeighborLoader
from graphsage.nn.layered import has_layers
from graphsage.tensors.device import pick_device
from graphsage.training.evaluation import Evaluator
from graphsage.training.label_task import LabelTask
from graphsage.training.objective import Objective
from graphsage.training.setup import (
    check,
    check_config,
    check_form,
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

OF_ONE_TYPE = {  # settings that a typed graph has no use for: why
    "inductive": "where nodes of other types have no part of a split to be seen in",
    "label_reuse": "where labels are of one type's nodes, which seldom are neighbours",
    "correct_and_smooth": "where labels are of one type's nodes, along whose edges they would be spread",
    "featureless": "where a type without features has a learned embedding",
}


class TypedTask(LabelTask):
    """The labels of a ``TypedDataset``'s target type."""

    data = TypedDataset

    def __init__(self, model, dataset, config, settings=None, *, loss=None, store=None, progress=None):
        check_config(config)
        refuse_of_one_type(config)
        check(model, dataset, config, has_own_loss=loss is not None)
        self.config = config = for_task(config, dataset.task, dataset)
        self.device = pick_device(config.device)
        self.model, self.encoder = model.to(self.device), model if has_layers(model) else None
        self.dataset = self.plain = dataset.row_normalized() if store is None and normalizes(config, dataset) else dataset
        self.metric = pick_metric(config.metric, dataset.targets)
        try_metric(self.metric, dataset.targets)
        self.objective = Objective(model, dataset, config, self.device, self.metric, loss)
        self.loader = make_typed_loader(model, self.dataset, config, self.device, store)
        self.evaluator = Evaluator(model, self.loader, self.dataset, config, progress)

    def lines(self):
        """Until when training sees edges, how it is validated, and which batch took a last seed in."""
        yield from filter(None, [time_line(self.dataset, self.config.strictly_before)])
        yield from super().lines()
        yield from filter(None, [joined_line(self.loader.plan)])

    def evaluator_on(self, dataset):
        """The ``Evaluator`` that asks the model about another dataset; ValueError, one sentence, where it cannot."""
        own = self.dataset
        dataset = replace(dataset, times=None) if own.times is None and dataset.times is not None else dataset
        check_form(own.target, own.graph.relations, own.num_features, dataset)
        if own.times is not None:
            refuse_untimed(dataset.targets, ", and the model was trained on nodes that were asked at theirs")
        dataset = dataset.row_normalized() if normalizes(self.config, own) else dataset
        nodes = np.arange(dataset.targets.num_nodes)
        loader = make_typed_loader(self.model, dataset, self.config, self.device, nodes=nodes)
        found = Evaluator(self.model, loader, dataset, self.config, None)
        found.task, found.num_outputs = own.task, own.num_outputs
        return found


def refuse_of_one_type(config):
    """ValueError for settings that are of graphs with one type of nodes."""
    for name, why in OF_ONE_TYPE.items():
        config.refuse_set(name, f"in a graph of several types, {why}: leave it out")


def make_typed_loader(model, dataset, config, device, store=None, nodes=None):
    """The loader of the training nodes (or ``nodes``), {relation: CSRMatrix} a layer."""
    until = {"node_times": dataset.node_times, "strictly_before": config.strictly_before}
    sampler = make_sampler(model, dataset.graph, config, **until)
    options = loading_options(model, config, device, store) | {"nodes": nodes}
    loader = NeighborLoader(dataset, sampler, config.batch_size, config.batches_per_epoch, least=least_seeds(model), **options)
    loader.cast_to = own_dtype(model)
    return loader
