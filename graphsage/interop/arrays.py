"""Batches for scipy and networkx. No torch: these are for whoever brings another framework."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from graphsage.base.checks import as_array
from graphsage.base.told import told
from graphsage.graph.convert import DIRECTED
from graphsage.sampling.minibatch import MiniBatch


def to_scipy(batch: Any, edge_weight: ArrayLike | None = None) -> list[Any]:
    """One ``scipy.sparse.csr_array`` [num_dst, num_src] a block of a MiniBatch or Batch, input side first.

    ``A @ x`` is the sum over each destination's neighbours; column i is the node ``minibatch.nodes[i]``, and row i the same
    node. Entries are float32: 1, or the edge's weight; an edge that was drawn twice counts twice. A row without neighbours is
    empty; the stand-in of isolated="self" is an entry on the diagonal.

    edge_weight: real numbers [E], a weight for each edge id, for a batch that was drawn with edge_ids=True. TypeError for an
    open MiniBatch; ValueError where weights and ids do not fit, and for a stand-in, which has no id.
    """
    from scipy.sparse import csr_array

    minibatch, made = closed(batch), []
    data = np.ones(len(minibatch.indices), np.float32) if edge_weight is None else _weights(minibatch, edge_weight)
    for block in minibatch.blocks:
        parts = data[: len(block.indices)].copy(), block.indices.copy(), block.indptr.copy()
        made.append(csr_array(parts, shape=(block.num_dst, block.num_src)))
        made[-1].sum_duplicates()
    return made


def to_networkx(batch: Any) -> Any:
    """``networkx.MultiDiGraph`` of a MiniBatch or Batch: an edge from each drawn neighbour to the node that aggregates it.

    A node is named by its id in the graph; in the disjoint form, where it is there once a tree, by (tree, id). Its attribute
    ``hop`` is where it first appeared: 0 are the seeds. Edges have ``edge_id`` where the batch was drawn with edge_ids=True
    (None: a stand-in for a missing neighbour, which is no edge), and ``edge_reversed`` where the graph has such flags.
    TypeError for an open MiniBatch.
    """
    import networkx as nx

    minibatch = closed(batch)
    graph, names = nx.MultiDiGraph(**{DIRECTED: True}), minibatch.nodes.tolist()
    names = names if minibatch.tree is None else list(zip(minibatch.tree.tolist(), names))
    hops = np.repeat(np.arange(minibatch.num_hops + 1), np.diff(minibatch.hop_offsets))
    graph.add_nodes_from((name, {"hop": hop}) for name, hop in zip(names, hops.tolist()))
    rows = np.repeat(np.arange(len(minibatch.indptr) - 1), np.diff(minibatch.indptr))
    ends = zip(minibatch.indices.tolist(), rows.tolist(), _attributes(minibatch))
    graph.add_edges_from((names[source], names[target], known) for source, target, known in ends)
    return graph


def closed(batch):
    """The MiniBatch of a MiniBatch or Batch, if all its hops have local ids."""
    minibatch = getattr(batch, "minibatch", batch)
    if not isinstance(minibatch, MiniBatch):
        raise TypeError(f"batch must be a Batch or a MiniBatch, got {told(batch)}")
    if minibatch.is_open:
        raise TypeError("an open MiniBatch has no local ids for its last hop: draw it with sample, not with sample_open")
    return minibatch


def refuse_stand_ins(edge_ids):
    """ValueError where an edge has no id: -1 would name the last one."""
    if edge_ids.min(initial=0) < 0:
        rule = "draw with isolated='empty', or with edge_ids=False"
        raise ValueError(f"an isolated node that stands in for its own neighbour has no edge id: {rule}")


def _weights(minibatch, edge_weight):
    """float32 [S], those of the batch's edges."""
    weights = as_array("edge_weight", edge_weight)
    if weights.ndim != 1 or weights.dtype.kind not in "biuf":
        raise ValueError(f"edge_weight must be real numbers of shape [edges], got {weights.dtype} {list(weights.shape)}")
    if minibatch.edge_ids is None:
        raise ValueError("edge_weight needs edge ids: draw with NeighborSampler(..., edge_ids=True)")
    refuse_stand_ins(minibatch.edge_ids)
    last = minibatch.edge_ids.max(initial=-1)
    if last >= len(weights):
        raise ValueError(f"edge_weight must have an entry an edge id: it has {len(weights)}, and the batch has edge {last}")
    return weights[minibatch.edge_ids].astype(np.float32)


def _attributes(minibatch):
    """A dict an edge."""
    edges, columns = len(minibatch.indices), {}
    if minibatch.edge_ids is not None:
        columns["edge_id"] = [None if edge < 0 else edge for edge in minibatch.edge_ids.tolist()]
    if minibatch.edge_reversed is not None:
        columns["edge_reversed"] = minibatch.edge_reversed.tolist()
    return [dict(zip(columns, row)) for row in zip(*columns.values())] if columns else [{}] * edges
