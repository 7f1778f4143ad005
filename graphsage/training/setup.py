"""What a Trainer is put together from, and what must fit for that."""

from dataclasses import replace

import numpy as np
import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.parameter import is_lazy

from graphsage.base.checks import as_ids
from graphsage.base.told import of_kind, told
from graphsage.config.groups import WEIGHT_DECAY
from graphsage.config.settings import TrainConfig, check_depth
from graphsage.data.dataset import NodeDataset
from graphsage.data.labels import is_labelled
from graphsage.data.remarks import no_label
from graphsage.graph.features import SparseFeatures
from graphsage.graph.subgraph import edges_among
from graphsage.loading.node_loader import NeighborLoader
from graphsage.nn.layered import has_layers
from graphsage.sampling.neighbor import NeighborSampler
from graphsage.training.module_outputs import check_width


def normalizes(config, dataset):
    """Are feature rows divided by their sums? As configured; by default for sparse features (counts of words).

    Features of tables come scaled, each column by itself: a row's sum would mix numbers and words.
    """
    is_sparse = isinstance(dataset.features, SparseFeatures) and dataset.schema is None
    return is_sparse if config.normalize_features is None else config.normalize_features


def for_task(config, task):
    """``config`` with the weight decay that suits the task, where it names none.

    Each of many labels is rare, and pulling the weights to 0 tells a model to say no to all of them: see docs/decisions.md.
    """
    decay = 0.0 if task == "multilabel" else WEIGHT_DECAY
    return config if config.weight_decay is not None else replace(config, weight_decay=decay)


def make_loader(model, dataset, config, device, *, nodes=None, store=None):
    """The loader of ``nodes`` (default: the training nodes) as ``model`` needs its batches.

    inductive: its batches see the edges between training nodes alone.
    """
    if config.inductive:
        dataset = replace(dataset, graph=edges_among(dataset.graph, dataset.train))
    loader = NeighborLoader(
        dataset,
        _sampler(model, dataset.graph, config),
        config.batch_size,
        config.batches_per_epoch,
        nodes=nodes,
        least=_least_seeds(model),
        rank=0,
        num_ranks=1,  # a Trainer trains alone: what other processes learn does not reach it
        store=store,
        reduce=getattr(model, "first_layer_reduction", None),
        device=device,
        features_on=config.features_on,
        feature_dtype=config.feature_dtype,
    )
    loader.cast_to = _own_dtype(model)
    return loader


def _least_seeds(model):
    """Seeds that a batch needs in training: two for BatchNorm, which has no variance of one."""
    return 2 if any(isinstance(module, _BatchNorm) for module in model.modules()) else 1


def first_lines(model, plan):
    """What is told at the beginning of how batches are made, where that is not as usual; "" where it is."""
    return _joined_line(plan), _unreduced_line(model)


def _joined_line(plan):
    """Of a last batch that BatchNorm would refuse."""
    if plan.batch_size is None or plan.batches_per_epoch is not None or not 0 < len(plan.items) % plan.batch_size < plan.least:
        return ""
    return "BatchNorm needs 2 seeds a batch: the last seed of each epoch joins the batch before it"


def _unreduced_line(model):
    """Of an input layer that keeps the loader from reducing the raw features of the last hop."""
    reduction = model.layers[0].aggregator.reduction if has_layers(model) and model.input_layer is not None else None
    if reduction is None or model.first_layer_reduction is not None:
        return ""
    kind = model.arguments["input_layer"]
    return (
        f"input_layer={kind!r} comes before the first layer's {reduction}, so batches hold the features of all their nodes; "
        "the loader reduces those of the last hop with input_layer='linear' and mean, sum or gcn"
    )


def _own_dtype(model):
    """The dtype of a module of the caller's own, where its weights have one that is not float32."""
    dtypes = {weight.dtype for weight in model.parameters() if weight.is_floating_point()}
    return dtypes.pop() if len(dtypes) == 1 and dtypes != {torch.float32} and not has_layers(model) else None


def _sampler(model, graph, config):
    return NeighborSampler(
        graph,
        _fanouts(model, config),
        replace=config.replace,
        draw=config.draw,
        seed=config.seed,
        isolated=config.isolated,
        weights=config.weights,
        num_threads=config.num_threads,
    )


def _fanouts(model, config):
    depth = getattr(model, "num_layers", None)
    if config.batch_size is None:
        if depth is None:
            raise ValueError("a full batch of a model without num_layers is of unknown depth: give the model that attribute")
        return (-1,) * depth
    if depth is not None:
        check_depth(depth, config.fanouts)
    return config.fanouts


def check_kinds(model, dataset, loss):
    """Refuse what is no module, dataset or loss at all: swapped, of another library, or a class in place of its object."""
    if not isinstance(model, nn.Module):
        raise TypeError(f"model must be a GraphSAGE or another torch.nn.Module, got {told(model)}")
    of_kind("dataset", dataset, NodeDataset)
    if loss is not None and (isinstance(loss, type) or not callable(loss)):
        raise TypeError(f"loss must be a function(outputs, y), or None for that of the task; got {told(loss)}")


def check(model, dataset, config, *, has_own_loss):
    """Refuse what would fail later, in words of tensors."""
    if not isinstance(config, TrainConfig):
        raise TypeError(f"config must be a TrainConfig, got {type(config).__name__}")
    refuse_unlabelled(dataset)
    if not len(dataset.train):
        raise ValueError(f"{dataset.name or 'the dataset'} has no training nodes: there is nothing to learn from")
    if not len(dataset.val):
        _check_without_validation(config)
    if has_own_loss and (config.label_smoothing or config.class_weights != "none"):
        raise ValueError("label_smoothing and class_weights are not used by a loss of your own: leave them out")
    _check_module(model, dataset, config)
    if has_layers(model):
        _check_widths(model, dataset)


def refuse_unlabelled(dataset):
    """ValueError where no node has a label."""
    if not is_labelled(dataset.labels).any():
        raise ValueError(no_label(dataset))


def labelled(name, nodes, dataset):
    """int64 ids of ``nodes``, if all of them have a label; ValueError with the first that has none."""
    nodes = as_ids(name, nodes, dataset.num_nodes)
    without = np.flatnonzero(~is_labelled(dataset.labels)[nodes])
    if without.size:
        first = f"{name}[{without[0]}] = {nodes[without[0]]} has no label, as {len(without):,} of {len(nodes):,}"
        raise ValueError(f"{first}: there is nothing to compare its outputs with; predict gives them")
    return nodes


def _check_module(model, dataset, config):
    if next(model.parameters(), None) is None:
        raise ValueError(f"{type(model).__name__} has no weights: there is nothing to train")
    if any(weight.is_meta for weight in model.parameters()):
        raise ValueError("the model is on meta, where weights have no values: make it on the CPU")
    if any(not is_lazy(tensor) and tensor.is_inference() for tensor in (*model.parameters(), *model.buffers())):
        raise ValueError("the model was made inside torch.inference_mode(), so it cannot be trained: make it outside")
    if _least_seeds(model) == 1:
        return
    for name, count in (("batch_size", config.batch_size), ("the number of training nodes", len(dataset.train))):
        if count == 1:
            raise ValueError(f"the model has BatchNorm, which needs at least 2 seeds a batch: {name} must be 2 or more, got 1")


def _check_without_validation(config):
    if config.patience is not None:
        raise ValueError("patience needs validation nodes, and the dataset has none: leave it out")
    if config.schedule == "plateau":
        raise ValueError("schedule='plateau' needs validation nodes, and the dataset has none: use cosine or step")


def _check_widths(model, dataset):
    if model.in_features != dataset.num_features:
        raise ValueError(
            f"the model takes {model.in_features} features a node, but the dataset has {dataset.num_features}"
        )
    check_width(model.out_features, dataset.task, dataset.num_outputs)
