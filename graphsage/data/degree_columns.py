"""Degrees in place of features that a dataset does not have."""

from dataclasses import replace

from graphsage.graph.degree_features import degree_features
from graphsage.graph.features import SparseFeatures


def lacks_features(dataset):
    """Whether ``SparseFeatures.identity`` stands for features: there are none, in a table neither."""
    if dataset.schema is not None and (dataset.schema["columns"] or dataset.schema["array"]):
        return False
    return isinstance(dataset.features, SparseFeatures) and dataset.features.is_identity


def with_degrees(dataset):
    """``dataset`` with ``degree_features`` of its graph."""
    return replace(dataset, features=degree_features(dataset.graph))


def refuse_degrees(dataset, *, inductive):
    """ValueError, one sentence, where the degrees of the whole graph would tell what must not be known."""
    if inductive:
        raise ValueError("featureless='degrees' counts the edges of all nodes, which inductive=True hides: leave one out")
    if dataset.times is not None:
        raise ValueError("featureless='degrees' counts edges of any time, and nodes are asked at theirs: leave it out")
