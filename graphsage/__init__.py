"""Neighbour-sampled minibatch training of graph neural networks.

``import graphsage as gs`` is light: numba and torch are imported when a name that needs them is first used (PEP 562).
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # for editors and type checkers, which do not run ``__getattr__``
    from graphsage import interop as interop
    from graphsage.config.settings import (
        ModelConfig as ModelConfig,
        RunConfig as RunConfig,
        SampleConfig as SampleConfig,
        TrainConfig as TrainConfig,
    )
    from graphsage.data.catalogue import load_dataset as load_dataset
    from graphsage.data.dataset import NodeDataset as NodeDataset
    from graphsage.data.described.describe import describe as describe
    from graphsage.data.several import JoinedDataset as JoinedDataset, join_datasets as join_datasets
    from graphsage.graph.features import SparseFeatures as SparseFeatures, row_normalize as row_normalize
    from graphsage.graph.graph import Graph as Graph
    from graphsage.loading.batch import Batch as Batch
    from graphsage.loading.node_loader import NeighborLoader as NeighborLoader
    from graphsage.nn.aggregators import Aggregator as Aggregator
    from graphsage.nn.inference import inference as inference
    from graphsage.nn.model import GraphSAGE as GraphSAGE
    from graphsage.runs.progress_bar import Progress as Progress
    from graphsage.runs.tensorboard import TensorBoard as TensorBoard
    from graphsage.runs.trainer import Trainer as Trainer
    from graphsage.sampling.items import Items as Items, SeedPlan as SeedPlan
    from graphsage.sampling.minibatch import MiniBatch as MiniBatch
    from graphsage.sampling.neighbor import NeighborSampler as NeighborSampler
    from graphsage.sampling.tree import multihop_sampling as multihop_sampling
    from graphsage.trained.predictions import Predictions as Predictions
    from graphsage.trained.save import (
        load_model as load_model,
        load_trained as load_trained,
        save_model as save_model,
        save_trained as save_trained,
    )
    from graphsage.trained.trained import Trained as Trained
    from graphsage.training.callbacks import Callback as Callback
    from graphsage.training.records import TrainResult as TrainResult

_HOME = {
    "Graph": "graphsage.graph.graph",
    "SparseFeatures": "graphsage.graph.features",
    "row_normalize": "graphsage.graph.features",
    "ModelConfig": "graphsage.config.groups",
    "SampleConfig": "graphsage.config.groups",
    "TrainConfig": "graphsage.config.settings",
    "RunConfig": "graphsage.config.settings",
    "multihop_sampling": "graphsage.sampling.tree",
    "NeighborSampler": "graphsage.sampling.neighbor",
    "MiniBatch": "graphsage.sampling.minibatch",
    "Items": "graphsage.sampling.items",
    "SeedPlan": "graphsage.sampling.items",
    "NodeDataset": "graphsage.data.dataset",
    "JoinedDataset": "graphsage.data.several",
    "join_datasets": "graphsage.data.several",
    "load_dataset": "graphsage.data.catalogue",
    "describe": "graphsage.data.described.describe",
    "Batch": "graphsage.loading.batch",
    "NeighborLoader": "graphsage.loading.node_loader",
    "GraphSAGE": "graphsage.nn.model",
    "Aggregator": "graphsage.nn.aggregators",
    "inference": "graphsage.nn.inference",
    "Trainer": "graphsage.runs.trainer",
    "TrainResult": "graphsage.training.records",
    "Callback": "graphsage.training.callbacks",
    "Progress": "graphsage.runs.progress_bar",
    "TensorBoard": "graphsage.runs.tensorboard",
    "Trained": "graphsage.trained.trained",
    "Predictions": "graphsage.trained.predictions",
    "load_trained": "graphsage.trained.save",
    "save_trained": "graphsage.trained.save",
    "load_model": "graphsage.trained.save",
    "save_model": "graphsage.trained.save",
}

__all__ = sorted(_HOME)
__version__: str


def _loaded(name: str) -> Any:
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


if not TYPE_CHECKING:  # a type checker would take any name for one of ours
    __getattr__ = _loaded


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})
