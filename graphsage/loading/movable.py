"""What all batches do with their tensors: move them, pin them, keep them in another format."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Self

import torch

from graphsage.tensors.csr_matrix import CSRMatrix, to_device


class Movable:
    """Base of the records with tensors among their fields, in lists and mappings too."""

    def having(self, **changes: Any) -> Self:
        """The same batch but for ``changes``."""
        return replace(self, **changes)

    def to(self, device: str | torch.device) -> Self:
        """The same batch with its tensors on ``device``."""
        return self.map(lambda tensor: to_device(tensor, device))

    def pin_memory(self) -> Self:
        """The same batch in page-locked memory, from which copies to a GPU run in the background."""
        return self.map(lambda tensor: tensor.pin_memory())

    def map(self, function: Callable[[torch.Tensor], torch.Tensor]) -> Self:
        """The batch of ``function(tensor)`` for each of its tensors, in a fixed order."""
        return self.having(**{name: mapped(value, function) for name, value in vars(self).items()})


def mapped(value, function):
    """``value`` with ``function`` applied to the tensors in it."""
    if isinstance(value, torch.Tensor):
        return function(value)
    if isinstance(value, CSRMatrix):
        return value.map(function)
    if isinstance(value, (list, tuple)):
        return type(value)(mapped(item, function) for item in value)
    if isinstance(value, Mapping):
        return {name: mapped(item, function) for name, item in value.items()}
    return value


def cast(tensor, dtype):
    """Floating numbers in ``dtype``; others as they are."""
    return tensor.to(dtype) if tensor.is_floating_point() else tensor
