"""Batches for PyTorch Geometric, which is not installed with this package: ``pip install torch-geometric``."""

from importlib import import_module
from typing import Any

import numpy as np
import torch

from graphsage.loading.batch import Batch
from graphsage.sampling.minibatch import MiniBatch

DROP_INS = {
    "NeighborLoader": "graphsage.interop.pyg_loaders",
    "LinkNeighborLoader": "graphsage.interop.pyg_loaders",
    "NeighborSampler": "graphsage.interop.pyg_sampler",
}


def to_pyg(batch: Batch | MiniBatch, edge_attr: Any = None) -> Any:
    """``torch_geometric.data.Data`` of a MiniBatch or Batch, in PyG's own conventions.

    edge_index: int64 [2, S], from the sampled neighbour to the node that aggregates it; n_id: global ids of its nodes;
    seed_index: rows of the seeds (``model(x, edge_index)[data.seed_index]`` are their outputs, repeats included);
    num_sampled_nodes, num_sampled_edges: a hop each, for ``trim_to_layer``; e_id: edge ids, if they were asked for, and
    edge_reversed, True where an undirected edge was walked backwards. edge_attr: what the caller has of each edge, [E, ...] by
    edge id; the batch then has that of its edges. A stand-in for a missing neighbour (isolated="self") has no id: refused.
    batch: of the disjoint form, the place of the seed that each node was drawn for.
    batch_size: the number of distinct seeds, which are the first nodes; from a Batch also x, and y, the labels of the
    distinct seeds: ``out[:batch_size]`` goes with ``y``, and ``out[seed_index]`` with ``y[seed_index]``, where a seed
    that was asked for twice counts twice. All on the batch's device. A reduced batch has no x and is refused.
    """
    try:
        from torch_geometric.data import Data
    except ImportError as error:
        raise ImportError("to_pyg needs torch-geometric: pip install torch-geometric") from error
    if isinstance(batch, MiniBatch):
        minibatch = batch
    else:
        x, minibatch = batch.x, batch.minibatch  # a reduced batch has none, and says what to do
    if minibatch.is_open:
        raise TypeError("an open MiniBatch has no local ids for its last hop: draw it with sample, not with sample_open")
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
    _add_edges(data, minibatch, edge_attr)
    if batch is minibatch:
        return data
    data.x = x if isinstance(x, torch.Tensor) else x.to_dense()
    data.y = batch.y.new_empty(data.batch_size)
    data.y[batch.seed_index] = batch.y  # repeats of a seed all carry its label
    return data.to(batch.y.device)


def _add_edges(data, minibatch, edge_attr):
    """What is known of single edges, by their ids."""
    if minibatch.edge_ids is None:
        if edge_attr is not None:
            raise ValueError("edge_attr needs edge ids: draw with NeighborSampler(..., edge_ids=True)")
        return
    if minibatch.edge_ids.min(initial=0) < 0:
        rule = "draw with isolated='empty', or with edge_ids=False"
        raise ValueError(f"an isolated node that stands in for its own neighbour has no edge id: {rule}")
    data.e_id = torch.from_numpy(minibatch.edge_ids)
    if minibatch.edge_reversed is not None:
        data.edge_reversed = torch.from_numpy(minibatch.edge_reversed)
    if edge_attr is not None:
        edge_attr = edge_attr if isinstance(edge_attr, torch.Tensor) else torch.as_tensor(edge_attr, device="cpu")
        data.edge_attr = edge_attr[data.e_id.to(edge_attr.device)]


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
