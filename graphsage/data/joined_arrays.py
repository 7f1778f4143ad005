"""Arrays of several graphs, one after another."""

import numpy as np

from graphsage.graph.build import indptr_of
from graphsage.graph.features import SparseFeatures


def of_all(graphs, name, whose="graphs"):
    """One array of the edges (nodes) of all graphs (datasets); None where none has it."""
    arrays = [getattr(graph, name) for graph in graphs]
    has_it = [array is not None for array in arrays]
    if any(has_it) and not all(has_it):
        raise ValueError(f"{whose} must have {name} all of them or none, got some of each")
    if not all(has_it):
        return None
    if name != "weights" and len({array.dtype for array in arrays}) > 1:
        raise ValueError(f"{whose} must have {name} of one kind, got integers and floats")
    return np.concatenate(arrays)


def stacked(features):
    """The rows of features that are all sparse or all dense, and as wide as each other."""
    if not isinstance(features[0], SparseFeatures):
        return np.concatenate(features)
    values = None
    if any(rows.values is not None for rows in features):
        ones = [np.ones(len(rows.indices), np.float32) if rows.values is None else rows.values for rows in features]
        values = np.concatenate(ones)
    indptr, indices = joined_indptr([rows.indptr for rows in features]), np.concatenate([rows.indices for rows in features])
    return SparseFeatures(indptr, indices, values, features[0].num_columns)


def joined_indptr(indptrs):
    """The indptr of rows one after another."""
    return indptr_of(np.concatenate([np.diff(indptr) for indptr in indptrs]))
