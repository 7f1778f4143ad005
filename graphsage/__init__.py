"""Neighbour-sampled minibatch training of graph neural networks.

``import graphsage as gs`` is light: numba and torch are imported when a name that needs them is first used (PEP 562).
"""

from importlib import import_module

_HOME = {
    "keep_memory": "graphsage.base.memory",
    "Graph": "graphsage.graph.graph",
    "TypedGraph": "graphsage.graph.typed_graph",
    "SparseFeatures": "graphsage.graph.features",
    "row_normalize": "graphsage.graph.features",
    "degree_features": "graphsage.graph.degree_features",
    "ModelConfig": "graphsage.config.groups",
    "SampleConfig": "graphsage.config.groups",
    "TableConfig": "graphsage.config.table_config",
    "LinkConfig": "graphsage.config.link_config",
    "TrainConfig": "graphsage.config.settings",
    "RunConfig": "graphsage.config.settings",
    "multihop_sampling": "graphsage.sampling.tree",
    "WalkConfig": "graphsage.config.walk_config",
    "WalkPairs": "graphsage.sampling.walk_pairs",
    "random_walks": "graphsage.sampling.walks",
    "NeighborSampler": "graphsage.sampling.neighbor",
    "Uniform": "graphsage.sampling.draws.uniform",
    "Weighted": "graphsage.sampling.draws.weighted",
    "Recent": "graphsage.sampling.draws.recent",
    "Labor": "graphsage.sampling.draws.labor",
    "Negatives": "graphsage.sampling.negatives",
    "MiniBatch": "graphsage.sampling.minibatch",
    "TypedMiniBatch": "graphsage.sampling.typed_batch",
    "Items": "graphsage.sampling.items",
    "SeedPlan": "graphsage.sampling.items",
    "NodeDataset": "graphsage.data.dataset",
    "TypedDataset": "graphsage.data.typed_dataset",
    "JoinedDataset": "graphsage.data.several",
    "JoinedTypedDataset": "graphsage.data.typed_several",
    "join_datasets": "graphsage.data.several",
    "split_by_time": "graphsage.data.split_by_time",
    "LinkDataset": "graphsage.data.links",
    "TypedLinkDataset": "graphsage.data.typed_links",
    "split_links": "graphsage.data.split_links",
    "load_dataset": "graphsage.data.catalogue",
    "from_tables": "graphsage.data.tables.frames",
    "describe": "graphsage.data.described.describe",
    "Batch": "graphsage.loading.batch",
    "TypedBatch": "graphsage.loading.typed_tensors",
    "NeighborLoader": "graphsage.loading.node_loader",
    "LinkLoader": "graphsage.loading.link_loader",
    "GraphSAGE": "graphsage.nn.model",
    "TypedGraphSAGE": "graphsage.nn.typed_model",
    "LinkPredictor": "graphsage.nn.link_predictor",
    "Aggregator": "graphsage.nn.aggregators",
    "inference": "graphsage.nn.inference",
    "Metric": "graphsage.training.metric",
    "Trainer": "graphsage.runs.trainer",
    "TrainResult": "graphsage.training.records",
    "Callback": "graphsage.training.callbacks",
    "suggested": "graphsage.runs.suggested",
    "Progress": "graphsage.runs.progress_bar",
    "TensorBoard": "graphsage.runs.tensorboard",
    "list_runs": "graphsage.runs.list_runs",
    "RunRecord": "graphsage.runs.run_record",
    "tune": "graphsage.runs.search",
    "TuneResult": "graphsage.runs.search",
    "Trained": "graphsage.trained.trained",
    "TrainedEncoder": "graphsage.trained.trained_encoder",
    "TrainedLinks": "graphsage.trained.trained_links",
    "TrainedTyped": "graphsage.trained.trained_typed",
    "TrainedTypedLinks": "graphsage.trained.trained_typed_links",
    "Predictions": "graphsage.trained.predictions",
    "load_trained": "graphsage.trained.save",
    "save_trained": "graphsage.trained.save",
    "load_model": "graphsage.trained.save",
    "save_model": "graphsage.trained.save",
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
