"""GraphSAGE: the model, for batches, trees and (see ``inference``) whole graphs."""

from dataclasses import asdict
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from graphsage.base import rng
from graphsage.base.checks import as_count
from graphsage.config.groups import ModelConfig
from graphsage.config.settings import DROPOUT
from graphsage.nn.aggregators import Aggregator
from graphsage.nn.dropout import relu_and_dropout
from graphsage.nn.first_inputs import first_inputs, input_dropout
from graphsage.nn.head import Head
from graphsage.nn.layer import SAGELayer
from graphsage.nn.pooling import make_aggregator
from graphsage.tensors.ambient import plain_defaults
from graphsage.tensors.keyed_rng import keyed_rng
from graphsage.tensors.segments import regular_block


class GraphSAGE(nn.Module):
    """GraphSAGE (Hamilton, Ying, Leskovec 2017): ``num_layers`` layers, ReLU and dropout between them.

    ``model(x)`` returns logits [B, out_features], one row a seed, in the caller's order. x is one of

    * a ``Batch`` (blocks and the features of its nodes; of a reduced one the loader did the first aggregation);
    * a tree: list of num_layers + 1 dense tensors [B, F], [B*k_1, F], [B*k_1*k_2, F], ... as ``multihop_sampling``
      orders its hops.

    ``inference`` computes all nodes of a graph exactly, layer by layer. The last layer has no ReLU, dropout or
    normalisation, and adds node and neighbours whatever ``combine`` says, so that it is out_features wide.
    normalize=True scales the rows of each hidden layer to L2 norm 1 (Algorithm 1, line 7).
    aggregator: a name (``ModelConfig``), or a subclass of ``Aggregator``, of which each layer makes its own.
    seed: of the initialisation; torch's own generators are neither read nor moved.
    A new model is float32 on the CPU, whatever torch's default dtype and device are; ``double()`` and ``to(device)`` change it.

    task_head: the ``Head`` that reads the outputs, set by ``Trainer``. The bare model of a regression gives standardised
    numbers, (target - mean) / deviation: ``model.task_head.read(outputs)`` and ``Trained`` give them in the targets' units.
    """

    task_head: Head = Head()

    def __init__(
        self,
        in_features: int,
        hidden_features: int,
        out_features: int,
        num_layers: int = ModelConfig.num_layers,
        aggregator: str | type[Aggregator] = ModelConfig.aggregator,
        dropout: float = DROPOUT,
        *,
        combine: str = ModelConfig.combine,
        input_dropout: float = ModelConfig.input_dropout,
        normalize: bool = ModelConfig.normalize,
        bias: bool = ModelConfig.bias,
        init: str = ModelConfig.init,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if dropout is None:
            raise ValueError("dropout must be in [0, 1), got None")
        config = ModelConfig(  # checks every option, also those that a single layer does not use
            hidden_features=hidden_features,
            num_layers=num_layers,
            aggregator=aggregator,
            combine=combine,
            dropout=dropout,
            input_dropout=input_dropout,
            normalize=normalize,
            bias=bias,
            init=init,
        )
        self.dropout, self.input_dropout, self.normalize = config.dropout, config.input_dropout, config.normalize
        self.in_features = width = as_count("in_features", in_features, least=1)
        self.out_features = as_count("out_features", out_features, least=1)
        self.seed = as_count("seed", seed, most=2**64 - 1)
        self._config = config
        if isinstance(aggregator, Aggregator):
            raise TypeError(f"aggregator must be a name or a class, as each layer makes its own; got {aggregator}")
        options = {"bias": bias, "init": init}
        self.layers = nn.ModuleList()
        with plain_defaults(), keyed_rng(0):  # the layers draw once on their own; ``reset_parameters`` has the last word
            for depth in range(config.num_layers):
                is_last = depth == config.num_layers - 1
                options["aggregator"] = make_aggregator(aggregator, width, config.hidden_features)
                options["combine"] = "sum" if is_last else combine
                self.layers.append(SAGELayer(width, out_features if is_last else config.hidden_features, **options))
                width = self.layers[-1].out_features
        self.reset_parameters()

    @property
    def arguments(self) -> dict[str, Any]:
        """``GraphSAGE(**arguments)`` is the same model, but for weights that were trained since."""
        own = ("in_features", "out_features", "seed", "dropout", "input_dropout", "normalize")
        return {**asdict(self._config), **{name: getattr(self, name) for name in own}}

    def reset_parameters(self, seed: int | None = None) -> None:
        """Draw all weights anew: the same ones for the same seed (default: the model's own)."""
        with keyed_rng(rng.stream_key(self.seed if seed is None else seed, rng.INIT)):
            for layer in self.layers:
                layer.reset_parameters()

    def prepare(self, degrees: np.ndarray) -> None:
        """Tell each aggregator the degrees int64 [N] of the graph to train on."""
        for layer in self.layers:
            layer.aggregator.prepare(degrees)

    @property
    def num_layers(self) -> int:
        """Layers, and hops that a batch needs."""
        return len(self.layers)

    @property
    def first_layer_reduction(self) -> str | None:
        """What a loader may reduce raw features by: its ``reduce`` argument. None if the first aggregator is none of those."""
        return self.layers[0].aggregator.reduction

    def forward(self, x: Any) -> torch.Tensor:
        if isinstance(x, (list, tuple)):
            return self._forward_tree(x)
        if not (hasattr(x, "blocks") and hasattr(x, "reduce")):
            raise TypeError(f"x must be a Batch or a list of tensors (a tree), got {type(x).__name__}")
        hops, depth = len(x.blocks) + (x.reduce is not None), self.num_layers
        if hops != depth:
            raise ValueError(f"the batch has {hops} hops, but the model has {depth} layers: give one a layer")
        return self.represent(x)

    def represent(self, x: Any) -> torch.Tensor:
        """What the first layers make of a batch's seeds, one layer a hop: [B, width]. With a hop a layer, the logits."""
        width = (x.x if x.reduce is None else x.x_self).shape[1]
        if width != self.in_features:
            raise ValueError(f"the batch has {width} features a node, but the model's in_features = {self.in_features}")
        _check_place("the batch", x.seed_index.device, self)
        h = self.finish(0, self.layers[0].update(*self._first_inputs(x)))
        rest = zip(self.layers[1:], x.blocks if x.reduce else x.blocks[1:])
        for depth, (layer, block) in enumerate(rest, start=1):
            h = self.finish(depth, layer(h, block))
        # rows are the distinct seeds in order of first appearance: where none repeats, each is in its place already
        return h if len(h) == len(x.seed_index) else h[x.seed_index]

    def _first_inputs(self, batch):
        """(x_self, x_neigh) of the first layer, after input dropout; ready-made in a reduced batch."""
        needed = self.first_layer_reduction
        if batch.reduce not in (None, needed):
            raise ValueError(f"the batch was reduced by {batch.reduce!r}, but the model's first layer needs {needed!r}")
        if batch.reduce is not None:
            return self._drop(batch.x_self, batch.x_neigh)
        if needed is None:
            return first_inputs(*self._drop(batch.x), batch.blocks[0], self.layers[0].aggregator)
        return self._drop(*first_inputs(batch.x, batch.blocks[0], self.layers[0].aggregator))

    def _forward_tree(self, hops):
        _check_tree(hops, self.num_layers, self.in_features)
        _check_place("the tree", hops[0].device, self)
        for depth, layer in enumerate(self.layers):
            hops = [self._tree_step(depth, layer, own, below) for own, below in zip(hops, hops[1:])]
        return hops[0]

    def _tree_step(self, depth, layer, x_self, x_below):
        block = regular_block(len(x_self), len(x_below) // len(x_self), x_self.device)
        drops_first = depth == 0 and self.first_layer_reduction is None
        if drops_first:
            x_self, x_below = self._drop(x_self, x_below)
        x_neigh = layer.aggregator(x_below, block, x_self)
        if depth == 0 and not drops_first:
            x_self, x_neigh = self._drop(x_self, x_neigh)
        return self.finish(depth, layer.update(x_self, x_neigh))

    def _drop(self, *inputs):
        """Input dropout. After a reduction, the same whether the loader or the model did that; before what learns."""
        return tuple(input_dropout(x, self.input_dropout, self.training) for x in inputs)

    def finish(self, depth: int, h: torch.Tensor) -> torch.Tensor:
        """What follows the products of layer ``depth``: nothing after the last."""
        if depth == self.num_layers - 1:
            return h
        if self.normalize:
            h = F.normalize(torch.relu(h))
        return relu_and_dropout(h, self.dropout, self.training)


def _check_place(name, device, model):
    own = model.layers[0].weight_neigh.device
    if device != own:
        raise ValueError(f"{name} is on {device}, but the model on {own}: move one of them, as model.to({str(device)!r})")


def _check_tree(hops, num_layers, in_features):
    if len(hops) != num_layers + 1:
        count = f"{num_layers + 1} hops, the seeds' included"
        raise ValueError(f"a tree for {num_layers} layers has {count}; got {len(hops)}")
    for depth, x in enumerate(hops):
        if not isinstance(x, torch.Tensor):
            raise TypeError(f"hop {depth} must be a dense tensor, got {type(x).__name__}")
        if x.ndim != 2 or x.shape[1] != in_features:
            raise ValueError(f"hop {depth} must have shape [ids, {in_features}], got {list(x.shape)}")
        above = len(hops[depth - 1]) if depth else 1
        if not len(x) or len(x) % above:
            rule = f"k >= 1 rows for each of the {above} above it" if depth else "a row a seed, and at least one"
            raise ValueError(f"hop {depth} must hold {rule}; got {len(x)}")
