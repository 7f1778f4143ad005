"""Trainings, searches, embeddings and predictions on a Ray cluster, by the extra ``graphsage[ray]``."""

from importlib import import_module
from importlib.util import find_spec

if find_spec("ray") is None:
    raise ImportError("graphsage.ray needs ray, which is not installed: pip install 'graphsage[ray]'")

_HOME = {
    "train": "graphsage.ray.cluster_training",
    "tune": "graphsage.ray.cluster_search",
    "embed": "graphsage.ray.cluster_outputs",
    "predict": "graphsage.ray.cluster_outputs",
}

__all__ = sorted(_HOME)


def __getattr__(name):
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__():
    return sorted({*globals(), *__all__})
