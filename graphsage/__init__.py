"""Neighbour-sampled minibatch training of graph neural networks.

``import graphsage as gs`` is light: numba and torch are imported when a name that needs them is first used (PEP 562).
"""

from importlib import import_module

_HOME = {
    "Graph": "graphsage.graph",
    "SparseFeatures": "graphsage.features",
    "row_normalize": "graphsage.features",
    "ModelConfig": "graphsage.config",
    "SampleConfig": "graphsage.config",
    "TrainConfig": "graphsage.config",
    "RunConfig": "graphsage.config",
    "multihop_sampling": "graphsage.sampling.tree",
    "NeighborSampler": "graphsage.sampling.neighbor",
    "MiniBatch": "graphsage.sampling.minibatch",
    "SeedPlan": "graphsage.sampling.plan",
    "NodeDataset": "graphsage.data.dataset",
    "JoinedDataset": "graphsage.data.several",
    "join_datasets": "graphsage.data.several",
    "load_dataset": "graphsage.data.catalogue",
    "describe": "graphsage.data.describe",
    "Batch": "graphsage.loader",
    "NeighborLoader": "graphsage.loader",
    "GraphSAGE": "graphsage.nn.model",
    "Aggregator": "graphsage.nn.aggregators",
    "inference": "graphsage.nn.inference",
    "Trainer": "graphsage.training.trainer",
    "TrainResult": "graphsage.training.records",
    "Callback": "graphsage.training.callbacks",
    "Progress": "graphsage.training.progress",
    "TensorBoard": "graphsage.training.tensorboard",
    "Trained": "graphsage.training.trained",
    "Predictions": "graphsage.training.predictions",
    "load_trained": "graphsage.training.save",
    "save_trained": "graphsage.training.save",
    "load_model": "graphsage.training.save",
    "save_model": "graphsage.training.save",
}

__all__ = sorted(_HOME)


def __getattr__(name):
    if name == "__version__":
        from importlib.metadata import version

        return version("graphsage")
    if name == "interop":
        return import_module("graphsage.interop")
    if name not in _HOME:
        raise AttributeError(f"module 'graphsage' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted({*globals(), *__all__, "__version__"})
