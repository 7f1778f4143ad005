"""Configured: what the models of the package have in common, whatever kinds of nodes they read."""

from typing import Any

import torch
from torch import nn

from graphsage.base import rng
from graphsage.base.checks import as_count
from graphsage.config.groups import ModelConfig
from graphsage.nn.aggregators import Aggregator
from graphsage.nn.head import Head
from graphsage.nn.jumping import joined
from graphsage.nn.linear import redraw
from graphsage.tensors.keyed_rng import keyed_rng


class Configured(nn.Module):
    """A model made by a ``ModelConfig``: ``layers``, before them perhaps an ``input_layer``, after them an ``output_layer``."""

    task_head: Head = Head()
    layers: nn.ModuleList
    input_layer: nn.Module | None
    output_layer: nn.Module | None

    def _configure(self, out_features, seed, aggregator, dropout, **options):
        """Keep the settings, checked: also those that a single layer does not use."""
        if dropout is None:
            raise ValueError("dropout must be in [0, 1), got None")
        config = self._config = ModelConfig(aggregator=aggregator, dropout=dropout, **options)
        self.dropout, self.input_dropout, self.normalize = config.dropout, config.input_dropout, config.normalize
        self.activation, self.jumping = config.activation, config.jumping
        self.out_features = as_count("out_features", out_features, least=1)
        self.seed = as_count("seed", seed, most=2**64 - 1)
        if isinstance(aggregator, Aggregator):
            raise TypeError(f"aggregator must be a name or a class, as each layer makes its own; got {aggregator}")
        return config

    @property
    def settings(self) -> ModelConfig:
        """The ``ModelConfig`` that it was made by."""
        return self._config

    @property
    def num_layers(self) -> int:
        """Layers, and hops that a batch needs."""
        return len(self.layers)

    def reset_parameters(self, seed: int | None = None) -> None:
        """Draw all weights anew: the same ones for the same seed (default: the model's own)."""
        with keyed_rng(rng.stream_key(self.seed if seed is None else seed, rng.INIT)):
            for layer in self.layers:
                layer.reset_parameters()
            for linear in filter(None, (self.input_layer, self.output_layer)):
                redraw(linear)

    def joined(self, hidden: list[torch.Tensor]) -> torch.Tensor:
        """What goes into the output layer, if there is one and all hidden layers are there; else the last one."""
        reads_all = self.output_layer is not None and len(hidden) == self.num_layers
        return joined(self.jumping if reads_all else "last", hidden)

    def _trained_since(self) -> dict[str, Any]:
        """The arguments that were attributes all along, and may have been set."""
        return {name: getattr(self, name) for name in ("out_features", "seed", "dropout", "input_dropout", "normalize")}
