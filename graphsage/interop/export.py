"""A model as a module of plain tensors, which ``torch.export`` and ONNX take."""

import copy
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.export import Dim

from graphsage.base.told import told
from graphsage.nn.aggregators import Reduction
from graphsage.nn.layered import has_layers
from graphsage.nn.pooling import MaxPool, MeanPool
from graphsage.nn.typed_model import TypedGraphSAGE

PLAIN = (Reduction, MeanPool, MaxPool)  # aggregators that need no more of a block than ``EdgeBlock`` has


def exportable(model: Any) -> "Exportable":
    """``Exportable`` of a copy of ``model``, on the CPU and in evaluation mode; the model stays as it is.

    model: a ``GraphSAGE``, such as ``Trainer.model`` or ``load_trained(folder).model``, whose aggregator is mean, sum, max,
    gcn, mean_pool or max_pool. TypeError for another module, ValueError for another aggregator.
    """
    if isinstance(model, type) or not has_layers(model):
        raise TypeError(f"model must be a GraphSAGE, got {told(model)}: export other modules by torch.export itself")
    if isinstance(model, TypedGraphSAGE):
        raise TypeError("model must be a GraphSAGE, got TypedGraphSAGE: graphs of several types are not exported yet")
    for layer in model.layers:
        if not isinstance(layer.aggregator, PLAIN):
            names = "mean, sum, max, gcn, mean_pool or max_pool"
            raise ValueError(f"a model to export must aggregate by {names}, got {type(layer.aggregator).__name__}")
    return Exportable(copy.deepcopy(model).cpu().eval())


class Exportable(nn.Module):
    """``plain(x, edge_index, seeds)`` gives what the model gives: float32 [B, C] logits, or [B, T] in the targets' units.

    x: float32 [N, F] features of a graph, or of the nodes of a batch; as the training saw them, which divided each row by its
    sum where ``TrainResult.normalized_features`` says so.
    edge_index: int64 [2, E], sources above, below them the nodes that aggregate them (``Graph.to_edges``). Edges may come in
    any order; one that is listed twice counts twice. All layers read the same edges: those of all hops go in together.
    seeds: int64 [B], which rows of x are asked about, in any order, repeats included.

    Each size may be zero but for N, and differ from call to call: ``torch.export.export(plain, plain.inputs,
    dynamic_shapes=plain.sizes)``. A node without edges aggregates 0. Ids are not checked: torch's indexing does that.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    @property
    def inputs(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """(x, edge_index, seeds) of a small graph, for a tracer to look at."""
        edges = torch.tensor([[0, 1, 2, 3, 0], [1, 2, 3, 4, 4]])
        return torch.ones(5, self.model.in_features), edges, torch.tensor([4, 0, 1])

    @property
    def sizes(self) -> dict[str, dict[int, Any]]:
        """Which sizes are free: nodes, edges and seeds, as ``torch.export`` and ``torch.onnx`` name them."""
        return {"x": {0: Dim("nodes")}, "edge_index": {1: Dim("edges")}, "seeds": {0: Dim("seeds")}}

    def forward(self, x: torch.Tensor, edge_index: torch.Tensor, seeds: torch.Tensor) -> torch.Tensor:
        model, block = self.model, EdgeBlock.of(edge_index, x.shape[0])
        h, hidden = model.enter(x), []
        for depth, layer in enumerate(model.layers):
            h = model.finish(depth, layer(h, block))
            hidden.append(h)
        raw = model.joined(hidden)[seeds]
        raw = raw if model.output_layer is None else model.output_layer(raw)
        return model.task_head.read(raw).float()


@dataclass(frozen=True, eq=False)
class EdgeBlock:
    """A block [N, N] of a list of edges, for layers to reduce by; in operations that every runtime has.

    sources, rows: int64 [E], who is aggregated by whom. counts: int64 [N] edges of each row.
    """

    sources: torch.Tensor
    rows: torch.Tensor
    counts: torch.Tensor

    @classmethod
    def of(cls, edge_index, num_rows):
        """The block of ``edge_index`` [2, E]."""
        sources, rows = edge_index
        return cls(sources, rows, rows.new_zeros(num_rows).scatter_add(0, rows, torch.ones_like(rows)))

    @property
    def num_rows(self):
        """N; not by ``len``, which a tracer would take for a constant."""
        return self.counts.shape[0]

    def row_counts(self):
        """Edges of each row: [N]."""
        return self.counts

    def matmul(self, h):
        """The sum over neighbours: [N, F] -> [N, F]."""
        return h.new_zeros(self.num_rows, h.shape[1]).scatter_add(0, self._places(h), h[self.sources])

    def mean(self, h):
        """The mean over neighbours; without any 0."""
        return self.matmul(h) / self.counts.clamp(min=1).to(h.dtype)[:, None]

    def max(self, h):
        """The maximum over neighbours; without any 0."""
        least = h.new_full((self.num_rows, h.shape[1]), -torch.inf)
        highest = least.scatter_reduce(0, self._places(h), h[self.sources], "amax")
        return torch.where(self.counts[:, None] > 0, highest, 0)

    def _places(self, h):
        return self.rows[:, None].expand(-1, h.shape[1])
