"""A typed dataset as one of a single type: what a model that knows no types is given."""

import numpy as np

from graphsage.graph.features import SparseFeatures, as_features
from graphsage.graph.time_axis import earliest

NO_LABEL = {"multiclass": -1, "multilabel": -1, "regression": np.nan}


def merged_parts(dataset):
    """The arguments of the ``NodeDataset``: nodes type after type. Who has no label and no time of its own is asked last."""
    graph, targets = dataset.graph, dataset.targets
    start, count = int(graph.starts[graph.types.index(dataset.target)]), int(graph.starts[-1])

    def placed(values, standard):
        found = np.full((count, *values.shape[1:]), standard, values.dtype)
        found[start : start + len(values)] = values
        return found

    times, node_times = dataset.times, None if dataset.node_times is None else _after_another(dataset.node_times, graph)
    last = [of.max(initial=earliest(of.dtype)) for of in (times, node_times) if of is not None]
    return {
        "graph": graph.to_homogeneous(),
        "features": _side_by_side([dataset.features[name] for name in graph.types]),
        "labels": placed(targets.labels, NO_LABEL[dataset.task]),
        **{split: getattr(targets, split) + start for split in ("train", "val", "test")},
        "class_names": targets.class_names,
        "task": targets.task,
        "name": targets.name and f"{targets.name} (types merged)",
        "times": None if times is None else placed(times, max(last)),
        "node_times": node_times,
    }


def _after_another(node_times, graph):
    dtype = next(iter(node_times.values())).dtype
    always = {name: np.full(size, earliest(dtype), dtype) for name, size in graph.num_nodes.items()}
    return np.concatenate([node_times.get(name, always[name]) for name in graph.types])


def _side_by_side(parts):
    """Rows of all types, each in columns of its own: ``SparseFeatures``."""
    from scipy.sparse import block_diag, csr_array

    blocks = [part.to_scipy() if isinstance(part, SparseFeatures) else csr_array(part) for part in parts]
    return as_features(block_diag(blocks, format="csr"))
