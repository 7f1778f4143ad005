"""Head: what a model's raw outputs say about a task: numbers in the caller's units, one logit for two classes, thresholds."""

from dataclasses import asdict, dataclass
from typing import Any, Self

import torch


@dataclass(frozen=True, kw_only=True)
class Head:
    """How raw outputs, [M] or [M, K], are read. Without arguments: as they are.

    one_logit: a single column is the logit of the second of two classes.
    means, deviations: T floats each; raw outputs are (target - mean) / deviation. None: they are the targets.
    thresholds: C logits, one a label, above which a node has the label; None: 0, which is a probability of 1/2.
    correct_and_smooth: two strengths by which outputs of all nodes of a graph are yet to be changed
        (``training.correct_and_smooth``), logits or one logit; None: they are not.
    """

    one_logit: bool = False
    means: tuple[float, ...] | None = None
    deviations: tuple[float, ...] | None = None
    thresholds: tuple[float, ...] | None = None
    correct_and_smooth: tuple[float, ...] | None = None

    def read(self, raw: torch.Tensor) -> torch.Tensor:
        """[M, C] logits, one a class, or [M, T] numbers in the targets' units: float64 where they were standardised.

        One logit z of two classes becomes the two logits 0 and z: softmax gives sigmoid(z), and the larger is the class.
        """
        outputs = raw[:, None] if raw.ndim == 1 else raw
        if self.one_logit and outputs.shape[1] == 1:
            return torch.cat([torch.zeros_like(outputs), outputs], 1)
        if self.means is None:
            return outputs
        outputs = outputs.to(wide(raw.device))
        return outputs * _row(self.deviations, outputs) + _row(self.means, outputs)

    def standardized(self, targets: torch.Tensor) -> torch.Tensor:
        """What raw outputs of these targets [M, T] would be: float32."""
        targets = targets.to(wide(targets.device))
        return ((targets - _row(self.means, targets)) / _row(self.deviations, targets)).float()

    def decided(self, outputs: torch.Tensor) -> torch.Tensor:
        """``outputs`` of ``read``, in which above 0 means that a node has the label."""
        return outputs if self.thresholds is None else outputs - _row(self.thresholds, outputs)

    def as_dict(self) -> dict[str, Any]:
        """What differs from ``Head()``, as JSON can hold it."""
        return {name: value for name, value in asdict(self).items() if value}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The head that ``as_dict`` gave; JSON knows lists only."""
        return cls(**{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()})


def wide(device):
    """The widest floating dtype there: squares of large units do not fit float32."""
    return torch.float32 if device.type == "mps" else torch.float64


def _row(values, like):
    return torch.tensor(values, dtype=like.dtype, device=like.device)
