"""Convolutions of PyG as layers of a stack, which are called with the block of a batch: see ``graphsage.nn.stacked``."""

from typing import Any

import numpy as np
import torch
from torch import nn

from graphsage.base.told import names_of, of_kind, told
from graphsage.graph.graph import Graph
from graphsage.tensors.csr_matrix import CSRMatrix

REFUSED = (TypeError, AttributeError, ValueError, AssertionError)  # what convolutions raise that know one set of nodes


class PyGLayer(nn.Module):
    """``layer(x, block)`` of a convolution of PyG: ``conv((x, x_dst), edge_index)``, [num_dst, width].

    conv: a ``MessagePassing`` that takes two sets of nodes, as SAGEConv, GATConv, GATv2Conv, GINConv, GraphConv and
        TransformerConv do; or a GCNConv.
    graph: for GCNConv alone, the ``Graph`` that its degrees are of. PyG divides what u sends to v by sqrt(d_u d_v), d one more
        than the number of neighbours, and a block does not hold those of u. Where k of n neighbours were drawn their sum is
        taken n / k times, so that it is the whole graph's on average, and exactly where all were. Another graph takes another
        ``PyGLayer`` around the same convolution.

    x: [num_src, F], or a ``CSRMatrix``, which is made dense. Edges have no weights and no attributes here. A node without
    neighbours gets what the convolution gives it. TypeError or ValueError, one sentence, for what is no such convolution.
    """

    def __init__(self, conv: nn.Module, graph: Graph | None = None) -> None:
        super().__init__()
        if not isinstance(conv, nn.Module) or not hasattr(conv, "propagate"):
            raise TypeError(f"conv must be a convolution of torch_geometric.nn, got {told(conv)}")
        if getattr(conv, "flow", "source_to_target") != "source_to_target":
            raise ValueError(f"conv must have flow='source_to_target', got {conv.flow!r}: turn the graph round instead")
        self.conv, degrees = conv, None
        if "GCNConv" in names_of(conv):
            degrees = _degrees(conv, graph)
        elif graph is not None:
            raise ValueError(f"graph is for GCNConv, whose degrees it has; {type(conv).__name__} needs none: leave it out")
        self.register_buffer("degrees", degrees, persistent=False)  # of the graph, not of the weights

    def forward(self, x: Any, block: CSRMatrix) -> torch.Tensor:
        x = x.to_dense().to(_dtype(self.conv)) if isinstance(x, CSRMatrix) else x
        rows = torch.repeat_interleave(torch.arange(block.num_rows, device=x.device), block.row_counts())
        edges = torch.stack([block.indices.long(), rows])
        if self.degrees is not None:
            return self._gcn(x, edges, block)
        try:
            return self.conv((x, x[: block.num_rows]), edges)
        except REFUSED as error:
            said, kind = str(error).partition("\n")[0], type(self.conv).__name__
            raise TypeError(f"{kind} cannot be called with two sets of nodes, (x, x_dst), and edge_index: {said}") from error

    def _gcn(self, x, edges, block):
        """GCNConv, whose own normalisation would take the degrees of the batch."""
        conv, degrees = self.conv, self._degrees_of(block)
        own = torch.arange(block.num_rows, device=x.device)
        if conv.add_self_loops:  # one each, whether the graph has it or not
            edges = edges[:, edges[0] != edges[1]]
        counts = torch.bincount(edges[1], minlength=block.num_rows)
        share = (degrees[own] - int(conv.add_self_loops)) / counts.clamp(min=1)
        weights = share[edges[1]]
        if conv.add_self_loops:
            edges, weights = torch.cat([edges, torch.stack([own, own])], 1), torch.cat([weights, torch.ones_like(share)])
        if conv.normalize:
            scale = degrees.rsqrt().masked_fill(degrees == 0, 0)
            weights = weights * scale[edges[0]] * scale[edges[1]]
        out = conv.propagate(edges, x=conv.lin(x), edge_weight=weights.to(x.dtype))[: block.num_rows]
        return out if conv.bias is None else out + conv.bias

    def _degrees_of(self, block):
        """float32 [num_src]."""
        if block.nodes is None:
            raise ValueError("the block must say which nodes its columns are, for GCNConv's degrees: take one of a Batch")
        most = int(block.nodes.max(initial=-1))
        if most >= len(self.degrees):
            rule = "graph must be the one that batches are drawn from"
            raise ValueError(f"{rule}: it has {len(self.degrees)} nodes, and the batch has node {most}")
        return self.degrees[torch.from_numpy(block.nodes.astype(np.int64)).to(self.degrees.device)]


def _degrees(conv, graph):
    """float32 [N]: what GCNConv divides by the roots of."""
    if graph is None:
        raise ValueError("GCNConv divides by the degrees of the nodes it hears from: say of which graph, PyGLayer(conv, graph)")
    src, dst = of_kind("graph", graph, Graph).to_edges()
    counts = np.bincount(dst[src != dst] if conv.add_self_loops else dst, minlength=graph.num_nodes)
    return torch.from_numpy((counts + int(conv.add_self_loops)).astype(np.float32))


def _dtype(conv):
    return next((weight.dtype for weight in conv.parameters()), torch.float32)
