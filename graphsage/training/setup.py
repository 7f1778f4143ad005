"""What a Trainer is put together from, and what must fit for that."""

from dataclasses import replace

from torch import nn

from graphsage.base.told import of_kind, told
from graphsage.config.settings import TrainConfig, check_depth
from graphsage.data.dataset import NodeDataset
from graphsage.data.labels import is_labelled
from graphsage.data.remarks import no_label
from graphsage.graph.features import SparseFeatures
from graphsage.graph.subgraph import edges_among
from graphsage.loading.node_loader import NeighborLoader
from graphsage.nn.layered import has_layers
from graphsage.sampling.neighbor import NeighborSampler


def normalizes(config, dataset):
    """Are feature rows divided by their sums? As configured; by default for sparse features (counts of words).

    Features of tables come scaled, each column by itself: a row's sum would mix numbers and words.
    """
    is_sparse = isinstance(dataset.features, SparseFeatures) and dataset.schema is None
    return is_sparse if config.normalize_features is None else config.normalize_features


def make_loader(model, dataset, config, device, *, nodes=None, store=None):
    """The loader of ``nodes`` (default: the training nodes) as ``model`` needs its batches.

    inductive: its batches see the edges between training nodes alone.
    """
    if config.inductive:
        dataset = replace(dataset, graph=edges_among(dataset.graph, dataset.train))
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


def check_kinds(model, dataset, loss):
    """Refuse what is no module, dataset or loss at all: swapped, of another library, or a class in place of its object."""
    if not isinstance(model, nn.Module):
        raise TypeError(f"model must be a GraphSAGE or another torch.nn.Module, got {told(model)}")
    of_kind("dataset", dataset, NodeDataset)
    if loss is not None and not callable(loss):
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
    if has_layers(model):
        _check_widths(model, dataset)


def refuse_unlabelled(dataset):
    """ValueError where no node has a label."""
    if not is_labelled(dataset.labels).any():
        raise ValueError(no_label(dataset))


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
    if dataset.task == "multiclass" and model.out_features < dataset.num_classes:
        raise ValueError(
            f"the model tells {model.out_features} classes apart, but the dataset has {dataset.num_classes}"
        )
    if dataset.task != "multiclass" and model.out_features != dataset.num_outputs:
        raise ValueError(
            f"the model gives {model.out_features} numbers a node, but the {dataset.task} dataset has {dataset.num_outputs}"
        )
