"""GraphSAGE: the model, for batches, trees and (see ``inference``) whole graphs."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from torch import nn

from graphsage.base.checks import as_count
from graphsage.config.groups import ModelConfig
from graphsage.config.settings import DROPOUT
from graphsage.nn.aggregators import Aggregator
from graphsage.nn.configured import Configured
from graphsage.nn.dropout import activated
from graphsage.nn.first_inputs import first_inputs, input_dropout
from graphsage.nn.layer import SAGELayer
from graphsage.nn.linear import Linear
from graphsage.nn.plain_stack import is_plain_stack, plain_outputs
from graphsage.nn.pooling import make_aggregator
from graphsage.nn.tree_form import check_place, tree_form
from graphsage.tensors.ambient import plain_defaults
from graphsage.tensors.keyed_rng import keyed_rng

OF_RELATIONS = ("relation_sum", "num_bases")  # settings of models of typed graphs alone
LINEAR = ("mean", "sum", "gcn")  # reductions that a linear map without bias may follow as well as precede


class GraphSAGE(Configured):
    """GraphSAGE (Hamilton, Ying, Leskovec 2017): ``num_layers`` layers, activation and dropout between them.

    ``model(x)`` returns logits [B, out_features], one row a seed, in the caller's order. x is one of

    * a ``Batch`` (blocks and the features of its nodes; of a reduced one the loader did the first aggregation);
    * a tree: list of num_layers + 1 dense tensors [B, F], [B*k_1, F], [B*k_1*k_2, F], ... as ``multihop_sampling``
      orders its hops.

    ``inference`` computes all nodes of a graph exactly, layer by layer. The last layer has no activation, dropout, norm or
    residual, and adds node and neighbours whatever ``combine`` says, so that it is out_features wide.
    normalize=True scales the rows of each hidden layer to L2 norm 1 (Algorithm 1, line 7).

    A hidden layer is dropout(activation(norm(products + residual))) (Luo et al. 2024, section 3): activation "relu", "gelu" or
    "elu"; norm "none", "layer" or "batch" (in training by the rows of the batch that the layer computes, each node once; of
    a tree all ids that it computes; in evaluation by running statistics); residual=True: the layer's input x_v, or W_res x_v
    where the widths differ. With an input layer or jumping all ``num_layers`` layers are hidden ones, and a linear output
    layer follows. input_layer: "linear" puts W x_v in place of the features, "active" dropout(activation(W x_v + b)).
    jumping: the output layer reads the last hidden layer ("last"), or all, side by side ("cat") or their elementwise maximum
    ("max"; Xu et al. 2018, section 4.1).

    aggregator: a name (``ModelConfig``), or a subclass of ``Aggregator``, of which each layer makes its own.
    relation_sum, num_bases: of a ``TypedGraphSAGE``; here they must be left alone.
    seed: of the initialisation; torch's own generators are neither read nor moved.
    A new model is float32 on the CPU, whatever torch's default dtype and device are; ``double()`` and ``to(device)`` change it.

    task_head: the ``Head`` that reads the outputs, set by ``Trainer``. The bare model of a regression gives standardised
    numbers, (target - mean) / deviation: ``model.task_head.read(outputs)`` and ``Trained`` give them in the targets' units.
    """

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
        activation: str = ModelConfig.activation,
        norm: str = ModelConfig.norm,
        residual: bool = ModelConfig.residual,
        input_layer: str = ModelConfig.input_layer,
        jumping: str = ModelConfig.jumping,
        relation_sum: str = ModelConfig.relation_sum,
        num_bases: int | None = ModelConfig.num_bases,
        seed: int = 0,
    ) -> None:
        super().__init__()
        config = self._configure(
            out_features,
            seed,
            hidden_features=hidden_features,
            num_layers=num_layers,
            aggregator=aggregator,
            combine=combine,
            dropout=dropout,
            input_dropout=input_dropout,
            normalize=normalize,
            bias=bias,
            init=init,
            activation=activation,
            norm=norm,
            residual=residual,
            input_layer=input_layer,
            jumping=jumping,
            relation_sum=relation_sum,
            num_bases=num_bases,
        )
        for name in OF_RELATIONS:
            config.refuse_set(name, "by a GraphSAGE of one type of nodes: leave it out, or make a TypedGraphSAGE")
        if isinstance(in_features, Mapping):
            raise TypeError("in_features is of several types: TypedGraphSAGE.of(dataset) makes a model of them")
        self.in_features = as_count("in_features", in_features, least=1)
        with plain_defaults(), keyed_rng(0):  # the layers draw once on their own; ``reset_parameters`` has the last word
            self._make_layers(config)
        self.reset_parameters()

    def _make_layers(self, config):
        has_input, self.layers = config.input_layer != "none", nn.ModuleList()
        is_active, width, hidden = config.input_layer == "active", self.in_features, config.hidden_features
        self.input_layer = Linear(width, hidden, is_active and config.bias) if has_input else None
        self._input_is_active, has_output = is_active, has_input or self.jumping != "last"
        width = hidden if has_input else width
        for depth in range(config.num_layers):
            is_last = depth == config.num_layers - 1 and not has_output
            options = {"bias": config.bias, "init": config.init, "combine": "sum" if is_last else config.combine}
            options["aggregator"] = make_aggregator(config.aggregator, width, hidden)
            if not is_last:
                options.update(residual=config.residual, norm=config.norm)
            self.layers.append(SAGELayer(width, self.out_features if is_last else hidden, **options))
            width = self.layers[-1].out_features
        width *= config.num_layers if self.jumping == "cat" else 1
        self.output_layer = Linear(width, self.out_features, config.bias) if has_output else None

    @property
    def arguments(self) -> dict[str, Any]:
        """``GraphSAGE(**arguments)`` is the same model, but for weights that were trained since."""
        own = {name: value for name, value in asdict(self._config).items() if name not in OF_RELATIONS}
        return {**own, "in_features": self.in_features, **self._trained_since()}

    def prepare(self, degrees: np.ndarray) -> None:
        """Tell each aggregator the degrees int64 [N] of the graph to train on."""
        for layer in self.layers:
            layer.aggregator.prepare(degrees)

    @property
    def first_layer_reduction(self) -> str | None:
        """What a loader may reduce raw features by: its ``reduce`` argument. None if the first aggregator is none of those.

        With an input layer only where that may come after the reduction: W mean(x_u) = mean(W x_u), and so for sum and gcn.
        """
        reduction = self.layers[0].aggregator.reduction
        commutes = self.input_layer is None or (reduction in LINEAR and not self._input_is_active)
        return reduction if commutes else None

    def forward(self, x: Any) -> torch.Tensor:
        h = self._hidden(x)
        return h if self.output_layer is None else self.output_layer(h)

    def _hidden(self, x):
        if isinstance(x, (list, tuple)):
            return tree_form(self, x)
        if not (hasattr(x, "blocks") and hasattr(x, "reduce")):
            raise TypeError(f"x must be a Batch or a list of tensors (a tree), got {type(x).__name__}")
        hops, depth = len(x.blocks) + (x.reduce is not None), self.num_layers
        if hops != depth:
            raise ValueError(f"the batch has {hops} hops, but the model has {depth} layers: give one a layer")
        return self.represent(x)

    def represent(self, x: Any) -> torch.Tensor:
        """What the first layers make of a batch's seeds, one layer a hop: [B, width].

        With a hop a layer the logits, or, where there is an output layer, what goes into that.
        """
        rows = x.x if x.reduce is None else x.x_self
        if isinstance(rows, Mapping):
            raise TypeError("x must be a Batch of one type of nodes, and this one has several: give it to a TypedGraphSAGE")
        width = rows.shape[1]
        if width != self.in_features:
            raise ValueError(f"the batch has {width} features a node, but the model's in_features = {self.in_features}")
        check_place("the batch", x.seed_index.device, self)
        first, layers, blocks = self._first_inputs(x), [*self.layers], x.blocks if x.reduce else x.blocks[1:]
        if self._is_plain and len(blocks) + 1 == len(layers) and is_plain_stack(layers, *first, blocks):
            h = plain_outputs(layers, *first, blocks, self.dropout if self.training else 0)
        else:
            h = self._layer_by_layer(layers, first, blocks)
        # rows are the distinct seeds in order of first appearance: where none repeats, each is in its place already
        return h if len(h) == len(x.seed_index) else h[x.seed_index]

    @property
    def _is_plain(self):
        """Does a hidden layer end with ReLU and dropout, and is the last one the output?"""
        is_ours = type(self) is GraphSAGE and self.output_layer is None
        return is_ours and self.activation == "relu" and not self.normalize

    def _layer_by_layer(self, layers, first, blocks):
        h = self.finish(0, layers[0].update(*first))
        num_seeds, hidden = blocks[-1].num_rows if blocks else len(h), [h]
        for depth, (layer, block) in enumerate(zip(layers[1:], blocks), start=1):
            h = self.finish(depth, layer(h, block))
            hidden = [h] if self.jumping == "last" else [*hidden, h]
        return self.joined([h[:num_seeds] for h in hidden])

    def _first_inputs(self, batch):
        """(x_self, x_neigh) of the first layer, after input dropout and input layer; ready-made in a reduced batch."""
        needed = self.first_layer_reduction
        if batch.reduce not in (None, needed):
            raise ValueError(f"the batch was reduced by {batch.reduce!r}, but the model's first layer needs {needed!r}")
        if batch.reduce is not None:
            return self.enter(batch.x_self), self.enter(batch.x_neigh)
        if needed is None:
            return first_inputs(self.enter(batch.x), batch.blocks[0], self.layers[0].aggregator)
        x_self, x_neigh = first_inputs(batch.x, batch.blocks[0], self.layers[0].aggregator)
        return self.enter(x_self), self.enter(x_neigh)

    def enter(self, x: Any) -> Any:
        """Features, or what they were reduced to, as the first layer reads them: input dropout, then the input layer.

        After a reduction, the same whether the loader or the model did that; before what learns.
        """
        x = input_dropout(x, self.input_dropout, self.training)
        if self.input_layer is None:
            return x
        h = self.input_layer(x)
        return activated(h, self.activation, self.dropout, self.training) if self._input_is_active else h

    def finish(self, depth: int, h: torch.Tensor) -> torch.Tensor:
        """What follows products and norm of layer ``depth``: nothing after the last, unless an output layer comes then."""
        if depth == self.num_layers - 1 and self.output_layer is None:
            return h
        return activated(h, self.activation, self.dropout, self.training, normalize=self.normalize)
