"""Features as they are in an opened dataset folder: arrays of memory-mapped files."""

import numpy as np

from graphsage.graph.features import SparseFeatures


def mapped(folder, name, array):
    """``array`` as a read-only map of a new file in ``folder``."""
    path = folder / f"{name}.npy"
    np.save(path, array)
    return np.asarray(np.load(path, mmap_mode="r"))


def features_on_disk(folder, features):
    """The same features, dense or sparse, in files."""
    if not isinstance(features, SparseFeatures):
        return mapped(folder, "features", features)
    names = ("indptr", "indices", "values")
    parts = {name: mapped(folder, name, part) for name in names if (part := getattr(features, name)) is not None}
    return SparseFeatures._trusted(**{"values": None, **parts}, num_columns=features.num_columns)
