"""Batches for DGL. It is not installed with this package, and the arguments of its blocks are made without it."""

from typing import Any

import numpy as np

from graphsage.interop.arrays import closed, refuse_stand_ins


def dgl_arguments(batch: Any) -> list[dict[str, Any]]:
    """The keyword arguments of ``dgl.create_block`` for each block of a MiniBatch or Batch, input side first.

    Edges are in CSC: destination i hears from the local ids ``indices[indptr[i]:indptr[i + 1]]``, int64 arrays of numpy. The
    edges of a block are numbered from 0, in that order, so that an edge drawn twice is there twice. Source i and destination i
    are the same node. TypeError for an open MiniBatch.
    """
    consecutive = np.empty(0, np.int64)  # how DGL says it of edge ids
    return [
        {
            "data_dict": ("csc", (block.indptr.astype(np.int64), block.indices.astype(np.int64), consecutive)),
            "num_src_nodes": block.num_src,
            "num_dst_nodes": block.num_dst,
        }
        for block in closed(batch).blocks
    ]


def to_dgl(batch: Any) -> list[Any]:
    """DGL's message-flow graphs (``DGLBlock``) of a MiniBatch or Batch, input side first, as its own loaders give them.

    ``srcdata[dgl.NID]`` and ``dstdata[dgl.NID]`` are the nodes' ids in the graph, ``edata[dgl.EID]`` those of the edges, where
    the batch was drawn with edge_ids=True. On the device of a Batch. TypeError for an open MiniBatch; ValueError for a stand-in
    of isolated="self" with edge ids, as it has none. Needs DGL with torch behind it.
    """
    minibatch = closed(batch)
    try:
        import dgl
    except ImportError as error:
        raise ImportError("to_dgl needs dgl: pip install dgl; dgl_arguments does without") from error
    if minibatch.edge_ids is not None:
        refuse_stand_ins(minibatch.edge_ids)
    made = [_named(dgl, dgl.create_block(**given), minibatch) for given in dgl_arguments(minibatch)]
    return made if batch is minibatch else [block.to(batch.seeds.device) for block in made]


def _named(dgl, block, minibatch):
    """``block`` with the ids of its nodes and edges."""
    import torch

    nodes = torch.from_numpy(minibatch.nodes.astype(np.int64))
    block.srcdata[dgl.NID], block.dstdata[dgl.NID] = nodes[: block.num_src_nodes()], nodes[: block.num_dst_nodes()]
    if minibatch.edge_ids is not None:
        block.edata[dgl.EID] = torch.from_numpy(minibatch.edge_ids[: block.num_edges()])
    return block
