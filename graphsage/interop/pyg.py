"""Data from PyTorch Geometric, and batches for it. It is not installed with this package: ``pip install torch-geometric``."""

from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np
import torch

from graphsage.base.checks import as_array
from graphsage.base.foreign import as_scipy, is_sparse
from graphsage.base.told import names_of, shown, told
from graphsage.data.dataset import NodeDataset
from graphsage.graph.features import SparseFeatures
from graphsage.graph.graph import Graph
from graphsage.interop.arrays import closed, refuse_stand_ins
from graphsage.interop.pyg_parts import labels_of, names_of_nodes, split_of, values_at
from graphsage.interop.pyg_typed import dataset_of, hetero_of, is_hetero_data, is_typed
from graphsage.loading.batch import Batch
from graphsage.sampling.minibatch import MiniBatch

DROP_INS = {
    "NeighborLoader": "graphsage.interop.pyg_loaders",
    "LinkNeighborLoader": "graphsage.interop.pyg_loaders",
    "NeighborSampler": "graphsage.interop.pyg_sampler",
    "PyGLayer": "graphsage.interop.pyg_layer",
}


def to_pyg(batch: Any, edge_attr: Any = None, edge_weight: Any = None) -> Any:
    """``torch_geometric.data.Data`` of a MiniBatch or Batch, ``HeteroData`` of what is typed, in PyG's own conventions.

    edge_index: int64 [2, S], from the sampled neighbour to the node that aggregates it; n_id: global ids of its nodes;
    seed_index: rows of the seeds (``model(x, edge_index)[data.seed_index]`` are their outputs, repeats included);
    num_sampled_nodes, num_sampled_edges: a hop each, for ``trim_to_layer``; e_id: edge ids, if they were asked for, and
    edge_reversed, True where an undirected edge was walked backwards. edge_attr, edge_weight: what the caller has of each edge,
    [E, ...] by edge id; the batch then has that of its edges. A stand-in for a missing neighbour (isolated="self") has no id:
    refused.
    batch: of the disjoint form, the place of the seed that each node was drawn for.
    batch_size: the number of distinct seeds, which are the first nodes; from a Batch also x, and y, the labels of the
    distinct seeds: ``out[:batch_size]`` goes with ``y``, and ``out[seed_index]`` with ``y[seed_index]``, where a seed
    that was asked for twice counts twice. Of a batch of links, in place of y: edge_label_index, int64 [2, M] rows of the ends,
    and edge_label, float32 [M], 1 of a link. All on the batch's device. A reduced batch has no x and is refused.

    Of a TypedMiniBatch or TypedBatch ``HeteroData`` with the same by type and relation; a type without features has n_id
    alone, and edge_attr and edge_weight are {relation: ...}. Of a ``TypedGraph`` or ``TypedDataset`` the whole: edge_index,
    edge_weight and time of each relation, edges in the order of their ids; x (dense; of a type without features num_nodes
    alone), node_ids and time of each type; of the target y, train_mask, val_mask and test_mask. ``from_pyg`` makes the same
    of it again.
    """
    if is_typed(batch):
        return hetero_of(batch, edge_attr, edge_weight)
    x = batch.x if isinstance(batch, Batch) else None  # a reduced batch has none, and says what to do
    minibatch = closed(batch)
    try:
        from torch_geometric.data import Data
    except ImportError as error:
        raise ImportError("to_pyg needs torch-geometric: pip install torch-geometric") from error
    data = Data(
        edge_index=torch.from_numpy(edge_index_of(minibatch)),
        n_id=torch.from_numpy(minibatch.nodes.astype(np.int64)),
        seed_index=torch.from_numpy(minibatch.seed_index),
        num_nodes=len(minibatch.nodes),
        batch_size=int(minibatch.hop_offsets[1]),
        num_sampled_nodes=np.diff(minibatch.hop_offsets).tolist(),
        num_sampled_edges=np.diff(minibatch.indptr[minibatch.hop_offsets[:-1]]).tolist(),
    )
    if minibatch.tree is not None:
        data.batch = torch.from_numpy(minibatch.tree.astype(np.int64))
    _add_edges(data, minibatch, edge_attr=edge_attr, edge_weight=edge_weight)
    if batch is minibatch:
        return data
    data.x = x if isinstance(x, torch.Tensor) else x.to_dense()
    if batch.pairs is not None:
        data.edge_label_index, data.edge_label = batch.seed_index[batch.pairs], batch.y
    elif batch.y is not None:
        data.y = batch.y.new_empty(data.batch_size, *batch.y.shape[1:])
        data.y[batch.seed_index] = batch.y  # repeats of a seed all carry its label
    return data.to(batch.seeds.device)


def _add_edges(data, minibatch, **of_edges):
    """What is known of single edges, by their ids."""
    of_edges = {name: values for name, values in of_edges.items() if values is not None}
    if minibatch.edge_ids is None:
        for name in of_edges:
            raise ValueError(f"{name} needs edge ids: draw with NeighborSampler(..., edge_ids=True)")
        return
    refuse_stand_ins(minibatch.edge_ids)
    data.e_id = torch.from_numpy(minibatch.edge_ids)
    if minibatch.edge_reversed is not None:
        data.edge_reversed = torch.from_numpy(minibatch.edge_reversed)
    for name, values in of_edges.items():
        data[name] = values_at(name, values, data.e_id)


def __getattr__(name: str) -> Any:
    """The classes of the drop-in are made of PyG's, which is imported when one of them is first asked for."""
    if name not in DROP_INS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(DROP_INS[name]), name)
    except ImportError as error:
        raise ImportError(f"{__name__}.{name} needs torch-geometric: pip install torch-geometric") from error


def edge_index_of(minibatch: MiniBatch) -> np.ndarray:
    """int64 [2, S]: (source, target) of each edge, in local ids."""
    rows = np.repeat(np.arange(len(minibatch.indptr) - 1), np.diff(minibatch.indptr))
    return np.stack([minibatch.indices.astype(np.int64), rows])


# ---- from


def from_pyg(data: Any, *, split: int | None = None, name: str | None = None, target: str | None = None) -> NodeDataset | Any:
    """The ``NodeDataset`` of a ``torch_geometric.data.Data`` of N nodes, the ``TypedDataset`` of a ``HeteroData``.

    edge_index [2, E]: node edge_index[1, i] aggregates from edge_index[0, i], and i is the edge's id; edge_weight [E] becomes
        the graph's weights. Else adj_t, a sparse tensor of torch whose rows hold the neighbours.
    x: features [N, F], dense or sparse; without it a column for each node (``SparseFeatures.identity``).
    y: labels, as ``NodeDataset`` takes them; class numbers [N, 1] too. Without it no node has a label.
    train_mask, val_mask, test_mask: bool [N], or [N, S] of S splits, of which ``split`` chooses one (None: the first). Without
        any of them the labelled nodes are split at random: half, a quarter, a quarter, the same for every run.
    node_ids, or n_id: the names of the nodes, if it has any.

    Of a ``HeteroData`` all that by type and relation, x of some types or none, num_nodes of those without; and time, of nodes
    and of edges. target: the type whose y are the labels, where several have y. A relation that ``ToUndirected`` has turned
    round ("rev_...") is known as the reverse of the other: its edges are hidden where those are.

    Tensors may be on any device and need a gradient. What else the data hold (edge_attr, pos, ...) is left out. TypeError or
    ValueError, one sentence, for what does not fit together.
    """
    if is_hetero_data(data):
        return dataset_of(data, split, name, target)
    if target is not None:
        raise ValueError(f"target names a type of HeteroData, and data has one type of nodes: got {shown(target)}")
    _check_data(data)
    num_nodes = data.num_nodes
    if num_nodes is None:
        raise ValueError("data has no num_nodes, and neither x nor edge_index to tell it: set data.num_nodes")
    labels = labels_of(data, num_nodes)
    return NodeDataset(
        graph=_graph_of(data, num_nodes),
        features=SparseFeatures.identity(num_nodes) if data.x is None else data.x,
        labels=labels,
        **split_of(data, labels, num_nodes, split),
        name=name,
    )


def is_pyg_data(data: Any) -> bool:
    """Is it a ``Data`` or ``HeteroData`` of torch_geometric? It is not imported to know that."""
    return {"Data", "torch_geometric"} <= set(names_of(data)) or is_hetero_data(data)


def _check_data(data):
    if is_pyg_data(data):
        return
    hint = ": give one of its graphs, as data[0]" if {"Dataset", "torch_geometric"} <= set(names_of(data)) else ""
    raise TypeError(f"data must be a torch_geometric.data.Data or HeteroData, got {told(data)}{hint}")


def _graph_of(data, num_nodes):
    names = names_of_nodes(data)
    if data.edge_index is not None:
        edges = as_array("edge_index", data.edge_index)
        if edges.ndim != 2 or len(edges) != 2:
            raise ValueError(f"edge_index must have shape [2, edges], got {list(edges.shape)}")
        weights = getattr(data, "edge_weight", None)
        return Graph.from_edges(*edges, num_nodes, weights=weights, node_ids=names)
    rows = getattr(data, "adj_t", None)
    if rows is None or not is_sparse(rows):
        raise ValueError("data has no edge_index: set it to an int tensor [2, edges], or adj_t to a sparse tensor of torch")
    return replace(Graph.from_scipy(as_scipy("adj_t", rows)), node_ids=names)
