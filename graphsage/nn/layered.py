"""Layered: what a model offers whose layers can be computed one by one, as GraphSAGE's."""

from typing import Protocol

import numpy as np
import torch
from torch import nn


class Layered(Protocol):
    """A model that is computed exactly by ``inference``, a layer at a time; any other module is asked in batches alone.

    in_features, out_features: widths. num_layers: hops that a batch needs. layers: modules with an ``aggregator``, ``update``,
    ``weight_neigh`` and ``out_features``, as ``SAGELayer``. first_layer_reduction: a loader's ``reduce``, or None.
    input_layer: what ``enter`` puts before the layers, or None. output_layer: a linear one after them, which reads what
    ``jumping`` names, or None: the last of the layers gives the outputs.
    """

    in_features: int
    out_features: int
    layers: nn.ModuleList
    input_layer: nn.Module | None
    output_layer: nn.Module | None
    jumping: str

    @property
    def num_layers(self) -> int: ...

    @property
    def first_layer_reduction(self) -> str | None: ...

    def prepare(self, degrees: np.ndarray) -> None:
        """Before a training on a graph of these degrees, int64 [N]."""

    def represent(self, x) -> torch.Tensor:
        """What the first layers make of a batch, one a hop."""

    def enter(self, x) -> torch.Tensor:
        """What the first layer reads of features [M, in_features]."""

    def finish(self, depth: int, h: torch.Tensor) -> torch.Tensor:
        """What follows the products of layer ``depth``."""


MEMBERS = [*Layered.__annotations__, *(name for name in vars(Layered) if name[0] != "_")]
CODE = {"forward", "represent", "enter", "joined", "finish"}  # what makes outputs; the last is called layer by layer


def has_layers(model) -> bool:
    """Does the model offer what ``Layered`` names, and is that what it computes?

    Not by isinstance: from Python 3.12 on it looks past ``__getattr__``, which is where a module keeps its ``layers``.
    """
    return all(hasattr(model, name) for name in MEMBERS) and not _goes_another_way(model)


def _goes_another_way(model):
    """A ``forward`` or another of ``CODE`` of a subclass, or of the object, is more than the layers that it inherits."""
    code = [CODE & vars(kind).keys() for kind in type(model).__mro__]
    is_its_own = any("finish" in names for names in code)  # what wraps a model has all by ``__getattr__``
    return is_its_own and ("forward" in vars(model) or "finish" not in next(filter(None, code)))
