"""Labels of nodes: class numbers, several yes/no labels a node, or real targets. Their dtype and shape say which.

    task          given as                         stored as          no label
    multiclass    integers [N]                     int64[N]           -1
    multilabel    bools, or integers 0/1 [N, C]    int8[N, C]         a row of -1
    regression    floats [N] or [N, T]             float32[N, T]      a row of NaN
"""

import numpy as np

from graphsage.base.checks import MAX_NODES, as_array, as_integers, as_list, read_only
from graphsage.base.told import shown

TASKS = {"i8": "multiclass", "i1": "multilabel", "f4": "regression"}


def task_of(labels):
    """ "multiclass", "multilabel" or "regression" of stored labels."""
    return TASKS[f"{labels.dtype.kind}{labels.dtype.itemsize}"]


def is_labelled(labels):
    """bool[N] of stored labels: which nodes have one."""
    if task_of(labels) == "multiclass":
        return labels >= 0
    first = labels[:, 0]  # a row is labelled as a whole or not at all
    return first >= 0 if task_of(labels) == "multilabel" else ~np.isnan(first)


def checked_labels(labels, num_nodes):
    """Labels in their stored form: a read-only copy."""
    labels = as_array("labels", labels)
    labels = _checker_of(labels)(labels)
    if len(labels) != num_nodes:
        raise ValueError(f"labels must have one entry per node, {num_nodes}; got {len(labels)}")
    return read_only(labels)


def _checker_of(labels):
    """The check for the kind of labels that dtype and shape name; an empty list, which numpy makes floats, has no kind."""
    if labels.ndim > 2 or (labels.ndim == 2 and labels.shape[1] == 0):
        raise ValueError(f"labels must have shape [nodes] or [nodes, columns >= 1], got {labels.shape}")
    if labels.dtype.kind == "f" and labels.ndim and (labels.ndim == 2 or labels.size):
        return _checked_targets
    return _checked_multilabel if labels.ndim == 2 else _checked_classes


def _checked_classes(labels):
    labels = as_integers("labels", labels)
    if labels.min(initial=0) < -1 or labels.max(initial=0) > MAX_NODES:  # names of classes (hashes, say), not numbers
        at = int(np.argmax((labels < -1) | (labels > MAX_NODES)))
        raise ValueError(
            f"labels must be class numbers 0..C-1 below 2^31, or -1 for no label; got labels[{at}] = {labels[at]}"
        )
    return labels.copy()


def _checked_multilabel(labels):
    if labels.dtype.kind not in "biu":
        raise TypeError(f"labels of shape [nodes, columns] must be bools, integers 0/1 or floats, got {labels.dtype}")
    odd = (labels != 0) & (labels != 1) & (labels != -1)
    odd |= (labels == -1) & (labels != -1).any(axis=1, keepdims=True)
    if odd.any():
        row, column = np.argwhere(odd)[0]
        raise ValueError(
            "labels of several columns must be 0 or 1, or a whole row -1 for no label; "
            f"got labels[{row}, {column}] = {labels[row, column]}"
        )
    return labels.astype(np.int8)


def _checked_targets(labels):
    labels = labels[:, None] if labels.ndim == 1 else labels
    with np.errstate(over="ignore"):
        targets = labels.astype(np.float32)
    missing = np.isnan(targets)
    odd = np.isinf(targets) | (missing & ~missing.all(axis=1, keepdims=True))
    if odd.any():
        row, column = np.argwhere(odd)[0]
        raise ValueError(
            "labels that are floats must be finite in float32, or a whole row NaN for no label; "
            f"got labels[{row}, {column}] = {labels[row, column]}"
        )
    return targets


def checked_class_names(class_names, labels):
    """A tuple of texts, one a class (multiclass) or one a column (multilabel); or None."""
    if class_names is None:
        return None
    is_text = isinstance(class_names, (str, bytes))
    names = () if is_text else tuple(as_list("class_names", class_names, "texts, one a class"))  # once: it may be an iterator
    if is_text or not all(isinstance(name, str) for name in names):
        raise TypeError(f"class_names must be a list of texts, one a class; got {shown(class_names)}")
    _CHECK_COUNT[task_of(labels)](len(names), labels)
    return names


def _covers_classes(count, labels):
    largest = int(labels.max(initial=-1))
    if count <= largest:
        raise ValueError(f"class_names must name every class, but there are {count} names and label {largest}")


def _matches_columns(count, labels):
    if count != labels.shape[1]:
        raise ValueError(f"class_names must name every column of the labels, {labels.shape[1]}; got {count} names")


def _has_no_classes(count, labels):
    raise ValueError(f"class_names must be None where labels are floats, which have no classes; got {count} names")


_CHECK_COUNT = {"multiclass": _covers_classes, "multilabel": _matches_columns, "regression": _has_no_classes}
