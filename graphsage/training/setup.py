"""What a Trainer is put together from, and what must fit for that."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.parameter import is_lazy

from graphsage.base.checks import as_ids
from graphsage.base.told import told
from graphsage.config.groups import WEIGHT_DECAY
from graphsage.config.settings import TrainConfig, check_depth
from graphsage.data.asked_times import refuse_untimed
from graphsage.data.degree_columns import lacks_features, refuse_degrees, with_degrees
from graphsage.data.label_columns import refuse_label_reuse
from graphsage.data.labels import is_labelled
from graphsage.data.remarks import no_label
from graphsage.data.typed_dataset import TypedDataset
from graphsage.graph.features import SparseFeatures
from graphsage.nn.layered import has_layers
from graphsage.nn.linear import by_columns
from graphsage.nn.link_predictor import LinkPredictor
from graphsage.nn.model import GraphSAGE
from graphsage.nn.typed_model import TypedGraphSAGE
from graphsage.sampling.neighbor import NeighborSampler
from graphsage.training.correct_and_smooth import refuse_for, refuse_unchosen
from graphsage.training.module_outputs import check_width
from graphsage.training.relation_hops import fanouts_of
from graphsage.training.until import rows_of

FIRST_WEIGHTS = ("weight", "weight_self", "weight_neigh", "weight_residual")


def normalizes(config, dataset):
    """Are feature rows divided by their sums? As configured; by default for sparse features (counts of words).

    Features of tables come scaled, each column by itself: a row's sum would mix numbers and words.
    """
    if isinstance(dataset.features, Mapping):
        is_sparse = any(isinstance(of, SparseFeatures) and not of.is_identity for of in dataset.features.values())
        if not is_sparse and config.normalize_features:
            config.refuse_set("normalize_features", "where no type has sparse features, as dense ones stay: leave it out")
        return is_sparse and dataset.schema is None if config.normalize_features is None else config.normalize_features
    is_sparse = isinstance(dataset.features, SparseFeatures) and dataset.schema is None
    is_sparse = is_sparse and not (config.featureless == "degrees" and lacks_features(dataset))
    return is_sparse if config.normalize_features is None else config.normalize_features


def featured(config, dataset):
    """``dataset`` (``NodeDataset``) with degrees for features where it has none and ``config`` asks for them; else itself."""
    if config.featureless != "degrees" or not lacks_features(dataset):
        return dataset
    refuse_degrees(dataset, inductive=config.inductive)
    return with_degrees(dataset)


def for_task(config, task, dataset):
    """``config`` with the weight decay that suits the task, where it names none, what becomes of edge weights, and
    ``featureless`` as it is, where there are features.

    Each of many labels is rare, and pulling the weights to 0 tells a model to say no to all of them; of links,
    it makes all nodes alike: see docs/decisions.md. An optimizer of the caller's own has its own. Weights that came with tables
    are passed over by a draw without them.
    """
    if config.weights == "auto" and dataset.schema is not None:
        config = replace(config, weights="ignore")
    if config.featureless != "identity" and not lacks_features(dataset):
        config = replace(config, featureless="identity")
    if config.weight_decay is not None or callable(config.optimizer):
        return config
    decay = 0.0 if task in ("multilabel", "links") else WEIGHT_DECAY
    return replace(config, weight_decay=decay)


def unread_weights_line(dataset, sampler):
    """A sentence where tables have weights that the draw does not read, or ""."""
    if dataset.schema is None or rows_of(dataset.graph).weights is None or sampler.draw.by_weight:
        return ""
    return "Edges have weights, which this draw does not read (--draw weighted draws by them)"


def loading_options(model, config, device, store=None):
    """What every loader of a training is made with."""
    return {
        "rank": 0,
        "num_ranks": 1,  # the steps are those of the whole training; its ranks share them out
        "store": store,
        "reduce": None if config.label_reuse else getattr(model, "first_layer_reduction", None),
        "device": device,
        "features_on": config.features_on,
        "feature_dtype": config.feature_dtype,
        "feature_cache": config.feature_cache,
    }


def least_seeds(model):
    """Seeds that a batch needs in training: two for BatchNorm, which has no variance of one."""
    return 2 if any(isinstance(module, _BatchNorm) for module in model.modules()) else 1


def joined_line(plan):
    """What is told of a last batch that BatchNorm would refuse; "" where there is none."""
    if plan.batch_size is None or plan.batches_per_epoch is not None or not 0 < len(plan.items) % plan.batch_size < plan.least:
        return ""
    return "BatchNorm needs 2 seeds a batch: the last seed of each epoch joins the batch before it"


def unreduced_line(model):
    """What is told of an input layer that keeps a loader from reducing the raw features of the last hop; "" else."""
    if isinstance(model, TypedGraphSAGE):  # no loader reduces what it reads
        return ""
    reduction = model.layers[0].aggregator.reduction if has_layers(model) and model.input_layer is not None else None
    if reduction is None or model.first_layer_reduction is not None:
        return ""
    kind = model.arguments["input_layer"]
    return (
        f"input_layer={kind!r} comes before the first layer's {reduction}, so batches hold the features of all their nodes; "
        "the loader reduces those of the last hop with input_layer='linear' and mean, sum or gcn"
    )


def lay_first_weights(encoder, store):
    """The weights that sparse features on the CPU are multiplied by lie by columns; nothing else changes."""
    if encoder is None or not getattr(store, "is_sparse", False) or next(encoder.parameters()).device.type != "cpu":
        return
    first = encoder.layers[0] if encoder.input_layer is None else encoder.input_layer
    for name, weight in first.named_parameters(recurse=False):
        if weight.ndim == 2 and name in FIRST_WEIGHTS:
            by_columns(weight)


def own_dtype(model):
    """The dtype of a module of the caller's own, where its weights have one that is not float32."""
    dtypes = {weight.dtype for weight in model.parameters() if weight.is_floating_point()}
    return dtypes.pop() if len(dtypes) == 1 and dtypes != {torch.float32} and not has_layers(model) else None


def make_sampler(model, graph, config, **more):
    """The sampler of the training batches; more: further arguments of ``NeighborSampler``."""
    return NeighborSampler(
        graph,
        fanouts_of(graph, _fanouts(model, config), config.relation_fanouts),
        replace=config.replace,
        draw=config.draw,
        seed=config.seed,
        isolated=config.isolated,
        weights=config.weights,
        num_threads=config.num_threads,
        **more,
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


def check_kinds(model, loss):
    """Refuse what is no module or loss at all: swapped, of another library, or a class in place of its object."""
    if not isinstance(model, nn.Module):
        raise TypeError(f"model must be a GraphSAGE or another torch.nn.Module, got {told(model)}")
    if loss is not None and (isinstance(loss, type) or not callable(loss)):
        raise TypeError(f"loss must be a function(outputs, y), or None for that of the task; got {told(loss)}")


def check(model, dataset, config, *, has_own_loss):
    """Refuse what would fail later, in words of tensors."""
    check_config(config)
    if isinstance(model, LinkPredictor):
        ways = "a LinkDataset (split_links makes one), or task=WalkConfig() to learn embeddings without labels"
        raise ValueError(f"a LinkPredictor scores pairs, and labels are of nodes: give {ways}")
    targets = _targets(model, dataset)
    refuse_unlabelled(targets)
    check_parts(dataset, config, "nodes")
    if config.strictly_before:
        refuse_untimed(targets, ", and strictly_before=True is about those")
    if has_own_loss and (config.label_smoothing or config.class_weights != "none"):
        raise ValueError("label_smoothing and class_weights are not used by a loss of your own: leave them out")
    if config.correct_and_smooth:
        if has_own_loss:
            raise ValueError("correct_and_smooth wants logits, which a loss of your own need not learn: leave one out")
        refuse_for(dataset, dataset.task)
        refuse_unchosen(dataset)
    if config.label_reuse:
        refuse_label_reuse(dataset, dataset.task)
    check_weights(model)
    _check_norm(model, dataset, config)
    if has_layers(model):
        if targets is dataset:
            check_features(model, dataset, label_columns(config, dataset))
        else:
            check_form(model.target, model.relations, model.in_features, dataset)
        check_width(model.out_features, dataset.task, dataset.num_outputs)


def _targets(model, dataset):
    """The ``NodeDataset`` of the nodes that have labels; ValueError where the model is of the other kind of graph."""
    is_typed = isinstance(dataset, TypedDataset)
    if isinstance(model, GraphSAGE) and is_typed:
        ways = "give a TypedGraphSAGE, or dataset.merged() for a model that knows no types"
        raise ValueError(f"a GraphSAGE is of one type of nodes, and the dataset has {len(dataset.graph.types)}: {ways}")
    if isinstance(model, TypedGraphSAGE) and not is_typed:
        raise ValueError("a TypedGraphSAGE is of several types of nodes, and the dataset has one: give a GraphSAGE")
    return dataset.targets if is_typed else dataset


def check_config(config):
    """TypeError for anything but a ``TrainConfig``."""
    if not isinstance(config, TrainConfig):
        raise TypeError(f"config must be a TrainConfig, got {type(config).__name__}")


def check_parts(dataset, config, of):
    """There is something to train on, and to validate on where the settings ask for it. of: what the parts are made of."""
    if not len(dataset.train):
        raise ValueError(f"{dataset.name or 'the dataset'} has no training {of}: there is nothing to learn from")
    if len(dataset.val):
        return
    if config.patience is not None:
        raise ValueError(f"patience needs validation {of}, and the dataset has none: leave it out")
    if config.schedule == "plateau":
        raise ValueError(f"schedule='plateau' needs validation {of}, and the dataset has none: use cosine or step")


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


def check_weights(model):
    """The model has weights that can be trained."""
    if next(model.parameters(), None) is None:
        raise ValueError(f"{type(model).__name__} has no weights: there is nothing to train")
    if any(weight.is_meta for weight in model.parameters()):
        raise ValueError("the model is on meta, where weights have no values: make it on the CPU")
    if any(not is_lazy(tensor) and tensor.is_inference() for tensor in (*model.parameters(), *model.buffers())):
        raise ValueError("the model was made inside torch.inference_mode(), so it cannot be trained: make it outside")


def _check_norm(model, dataset, config):
    if least_seeds(model) == 1:
        return
    for name, count in (("batch_size", config.batch_size), ("the number of training nodes", len(dataset.train))):
        if count == 1:
            raise ValueError(f"the model has BatchNorm, which needs at least 2 seeds a batch: {name} must be 2 or more, got 1")


def label_columns(config, dataset):
    """How many columns of labels a training by ``config`` (``TrainConfig``) puts beside the features."""
    return dataset.num_classes if config.label_reuse else 0


def check_form(target, relations, in_features, dataset):
    """A model of this target, relations and {type: features} may be asked about ``dataset`` (``TypedDataset``)."""
    name = dataset.name or "the dataset"
    if target != dataset.target:
        raise ValueError(f"the model gives outputs of {target}, but the labels of {name} are of {dataset.target}")
    check_types(relations, in_features, dataset)


def check_types(relations, in_features, dataset):
    """The types and relations of ``dataset`` are those of a model of these relations and {type: features}."""
    name = dataset.name or "the dataset"
    if unlike := set(relations) ^ set(dataset.graph.relations):
        one = min(unlike)
        has, lacks = ("the model", name) if one in relations else (name, "the model")
        raise ValueError(f"{has} has the relation {','.join(one)}, and {lacks} has not")
    for kind, width in dataset.num_features.items():
        if in_features.get(kind) != width:
            raise ValueError(f"the model takes {in_features.get(kind, 'no')} features of each {kind}, but {name} has {width}")


def check_features(encoder, dataset, labels=0):
    """The layers of ``encoder`` take as many features as the dataset has, and ``labels`` columns more."""
    if encoder.in_features != dataset.num_features + labels:
        more = f" and label_reuse adds {labels}" if labels else ""
        raise ValueError(
            f"the model takes {encoder.in_features} features a node, but the dataset has {dataset.num_features}{more}"
        )
