"""Metric: a score that picks the best epoch, and what makes one of a function of the caller's own."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch

from graphsage.base.told import shown

SEED = 0  # of the numbers that a metric of the caller's own is tried on


@dataclass(frozen=True)
class Metric:
    """A score, the higher the better, for ``TrainConfig(metric=)``: it picks the best epoch, and the test reports it.

    name: what results and files call it. score: function(outputs, labels) -> one finite number. On the CPU, of M nodes:
        outputs float [M, C], a logit a class or label (above 0 means yes, where a node may have several), or [M, T] numbers in
        the targets' units; labels int64 [M], float32 0/1 [M, C], or float32 [M, T]. Of links (and of walks) outputs are the
        logits [n, 1 + C] of a link and of its candidates, and labels None.
    label: what people read; default: the name. tasks: those that it judges; () for any. in_percent: 0.813 is shown as 81.3 %.
    A loss is made one by its negative. TypeError for a name that is no text, and a score that is no function.
    """

    name: str
    score: Callable[..., Any]
    label: str = ""
    tasks: tuple[str, ...] = ()
    in_percent: bool = True

    def __post_init__(self):
        if not isinstance(self.name, str) or not self.name.strip():
            raise TypeError(f"the name of a metric must be text, got {shown(self.name)}")
        if not callable(self.score):
            raise TypeError(f"the score of a metric must be a function(outputs, labels), got {shown(self.score)}")
        object.__setattr__(self, "label", self.label or self.name)

    def shown(self, mean: float, deviation: float | None = None) -> str:
        """Text for people: "81.3 +- 1.53 %" or "0.613 +- 0.0153"."""
        factor, digits, unit = (100, 1, " %") if self.in_percent else (1, 3, "")
        spread = "" if deviation is None else f" +- {factor * deviation:.{digits + 1}f}"
        return f"{factor * mean:{digits + 4}.{digits}f}{spread}{unit}"

    @property
    def is_own(self) -> bool:
        """Is it of ``own_metric``?"""
        return getattr(self.score, "func", None) is _checked

    def score_of_baseline(self, outputs: torch.Tensor, labels: torch.Tensor) -> float | None:
        """The score of outputs that no training came to; None where a metric of the caller's own has none for them."""
        try:
            return float(self.score(outputs, labels))
        except (TypeError, ValueError):
            if not self.is_own:
                raise
            return None


def own_metric(given, known):
    """The ``Metric`` of a function or ``Metric`` of the caller's own, whose numbers are checked.

    known: {name: ``Metric``} that there are; ValueError where it is another of one of these names.
    """
    metric = given if isinstance(given, Metric) else Metric(given.__name__, given, in_percent=False)
    if metric in known.values():
        return metric
    if metric.name in known:
        raise ValueError(f"metric: {metric.name!r} is the name of a built-in metric: give yours another name")
    return replace(metric, score=partial(_checked, metric.name, metric.score))


def _checked(name, function, outputs, labels=None):
    """What the caller's ``function`` says, if it is one finite number."""
    try:
        value = function(outputs, labels)
    except Exception as error:
        shape = list(outputs.shape)
        raise ValueError(f"metric {name} failed on outputs {shape}: {type(error).__name__}: {error}") from error
    rule = f"metric {name} must return one finite number, the higher the better, and it returned"
    try:
        number = float(value)
    except (TypeError, ValueError, RuntimeError):
        raise TypeError(f"{rule} {shown(value)}: take its mean, or a number of it") from None
    if not np.isfinite(number):
        raise ValueError(f"{rule} {number}: return a number where it is not defined, such as 0")
    return number


def try_out(metric, shape, labels):
    """Ask a metric of the caller's own about made-up outputs of ``shape``: what is wrong is told before the training."""
    if metric.is_own and shape[0]:
        made_up = np.random.default_rng(SEED).normal(size=shape).astype(np.float32)
        metric.score(torch.from_numpy(made_up), labels)
