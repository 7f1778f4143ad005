"""Batches for PyTorch Geometric, which is not installed with this package: ``pip install torch-geometric``."""

from typing import Any

import numpy as np
import torch

from graphsage.loading.batch import Batch
from graphsage.sampling.minibatch import MiniBatch


def to_pyg(batch: Batch) -> Any:
    """``torch_geometric.data.Data`` of a MiniBatch or Batch, in PyG's own conventions.

    edge_index: int64 [2, S], from the sampled neighbour to the node that aggregates it; n_id: global ids of its nodes;
    seed_index: rows of the seeds (``model(x, edge_index)[data.seed_index]`` are their outputs, repeats included);
    num_sampled_nodes, num_sampled_edges: a hop each, for ``trim_to_layer``; e_id: edge ids, if they were asked for.
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
        edge_index=torch.from_numpy(_edge_index(minibatch)),
        n_id=torch.from_numpy(minibatch.nodes.astype(np.int64)),
        seed_index=torch.from_numpy(minibatch.seed_index),
        num_nodes=len(minibatch.nodes),
        batch_size=int(minibatch.hop_offsets[1]),
        num_sampled_nodes=np.diff(minibatch.hop_offsets).tolist(),
        num_sampled_edges=np.diff(minibatch.indptr[minibatch.hop_offsets[:-1]]).tolist(),
    )
    if minibatch.edge_ids is not None:
        data.e_id = torch.from_numpy(minibatch.edge_ids)
    if batch is minibatch:
        return data
    data.x = x if isinstance(x, torch.Tensor) else x.to_dense()
    data.y = batch.y.new_empty(data.batch_size)
    data.y[batch.seed_index] = batch.y  # repeats of a seed all carry its label
    return data.to(batch.y.device)


def _edge_index(minibatch):
    rows = np.repeat(np.arange(len(minibatch.indptr) - 1), np.diff(minibatch.indptr))
    return np.stack([minibatch.indices.astype(np.int64), rows])
