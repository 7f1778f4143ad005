"""What a Trainer is put together from, and what must fit for that."""

from dataclasses import replace

from graphsage.config.groups import WEIGHT_DECAY
from graphsage.config.settings import TrainConfig, check_depth
from graphsage.graph.features import SparseFeatures
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
    """The loader of ``nodes`` (default: the training nodes) as ``model`` needs its batches."""
    return NeighborLoader(
        dataset,
        _sampler(model, dataset.graph, config),
        config.batch_size,
        config.batches_per_epoch,
        nodes=nodes,
        store=store,
        reduce=getattr(model, "first_layer_reduction", None),
        device=device,
        features_on=config.features_on,
        feature_dtype=config.feature_dtype,
    )


def _sampler(model, graph, config):
    return NeighborSampler(
        graph,
        _fanouts(model, config),
        replace=config.replace,
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


def check(model, dataset, config, *, has_own_loss):
    """Refuse what would fail later, in words of tensors."""
    if not isinstance(config, TrainConfig):
        raise TypeError(f"config must be a TrainConfig, got {type(config).__name__}")
    if not len(dataset.train):
        raise ValueError(f"{dataset.name or 'the dataset'} has no training nodes: there is nothing to learn from")
    if not len(dataset.val):
        _check_without_validation(config)
    if has_own_loss and (config.label_smoothing or config.class_weights != "none"):
        raise ValueError("label_smoothing and class_weights are not used by a loss of your own: leave them out")
    if has_layers(model):
        _check_widths(model, dataset)


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
