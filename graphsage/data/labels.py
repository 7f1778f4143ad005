"""Labels of nodes: class numbers, several yes/no labels a node, or real targets.

    task          given as                                       stored as          no label
    multiclass    integers [N]; bools [N]; texts [N]; whole      int64[N]           -1 (texts: None, NaN, a word of
                  floats [N] or [N, 1] that are few                                 ``missing.MISSING``; floats: NaN)
    multilabel    bools, integers 0/1 or floats 0/1 [N, C]       int8[N, C]         a row of -1 (or of NaN)
    regression    other floats [N] or [N, T]                     float32[N, T]      a row of NaN

Where the task is given, not read from the labels, they are read as that.
"""

import numpy as np

from graphsage.base.checks import MAX_NODES, as_array, as_integers, as_list, one_of, read_only
from graphsage.base.told import shown
from graphsage.base.trusted import is_trusted, trusted
from graphsage.data.missing import NO_CLASS, is_missing, missing_words

TASKS = {"i8": "multiclass", "i1": "multilabel", "f4": "regression"}
MAX_CLASS = 100  # the largest class number that floats may be, unless the task is said
LOST = 0.01  # of the deviation of targets: rounding by more is told
A_CLASS = 2  # nodes, on average: at least so many have each of the numbers, else they are targets


class ReadTask(str):
    """A task that the labels told, not the caller: other labels may tell another."""


def task_of(labels):
    """ "multiclass", "multilabel" or "regression" of stored labels."""
    return TASKS[f"{labels.dtype.kind}{labels.dtype.itemsize}"]


def stored_task(labels):
    """The task of labels that come from a file or from a dataset, as they were stored; "auto" for others."""
    kind = f"{labels.dtype.kind}{labels.dtype.itemsize}"
    return ReadTask(TASKS[kind]) if labels.ndim == (1 if kind == "i8" else 2) and kind in TASKS else "auto"


def is_labelled(labels):
    """bool[N] of stored labels: which nodes have one."""
    if task_of(labels) == "multiclass":
        return labels >= 0
    first = labels[:, 0]  # a row is labelled as a whole or not at all
    return first >= 0 if task_of(labels) == "multilabel" else ~np.isnan(first)


def read_labels(labels, num_nodes, task="auto", class_names=None):
    """(labels in their stored form, read-only and nobody else's; class names or None; a sentence on how they were read, or "").

    task: "auto", or what they are to be read as. A sentence is said where they could have been meant otherwise.
    """
    labels, task = as_array("labels", labels), one_of("task", task, ("auto", *TASKS.values()))
    if is_trusted("labels", labels) and task == task_of(labels) and len(labels) == num_nodes:
        return labels, class_names, ""
    if isinstance(task, ReadTask) and (labels.dtype.kind not in "biuf" or stored_task(labels) != task):
        task = "auto"
    if labels.dtype.kind in "OUST" and labels.ndim in (1, 2):
        labels, class_names = _of_objects(_one_column(labels, task), class_names, task)
    _check_shape(labels)
    task, labels, note = (task, labels, "") if task != "auto" else _told(labels)
    given, labels = labels, _CHECKERS[task](labels)
    note = note or (lost_digits(given) if task == "regression" else "")
    if len(labels) != num_nodes:
        raise ValueError(f"labels must have one entry per node, {num_nodes}; got {len(labels)}")
    return trusted("labels", read_only(labels)), class_names, note


def checked_labels(labels, num_nodes):
    """Labels in their stored form: a read-only copy."""
    return read_labels(labels, num_nodes)[0]


def _check_shape(labels):
    if labels.ndim > 2 or (labels.ndim == 2 and labels.shape[1] == 0):
        raise ValueError(f"labels must have shape [nodes] or [nodes, columns >= 1], got {labels.shape}")


def _one_column(labels, task):
    """[N] of [N, 1], where that is what the task needs."""
    is_column = labels.ndim == 2 and labels.shape[1] == 1 and task in ("auto", "multiclass")
    return labels[:, 0] if is_column else labels


# ---- what they are


def _told(labels):
    """(task, labels, sentence) where nobody said the task; an empty list, which numpy makes floats, has no kind."""
    if labels.dtype.kind == "f" and labels.ndim and (labels.ndim == 2 or labels.size):
        return _told_by_floats(labels)
    if labels.ndim == 2 and labels.shape[1] == 1 and len(labels):
        raise ValueError(
            f"labels have the shape {labels.shape}, one column: give labels[:, 0] where each node has one class, "
            "or name the task, which may also be one yes or no a node"
        )
    return ("multilabel" if labels.ndim == 2 else "multiclass"), labels, ""


def _told_by_floats(labels):
    known = labels[~np.isnan(labels)]
    if labels.ndim == 1 or labels.shape[1] == 1:
        if are_few_classes(known) and known.max() <= MAX_CLASS:
            count = len(np.unique(known[known >= 0]))
            said = f"labels are {count:,} whole numbers, though floats: read as classes"
            return "multiclass", labels, f"{said} (task='regression' predicts the numbers)"
    elif set(np.unique(known)) == {0, 1}:
        said = "labels are floats, all 0 or 1, in several columns: any number of classes a node (task='regression': numbers)"
        return "multilabel", labels, said
    return "regression", labels, ""


def are_few_classes(values):
    """Are these floats (none missing) class numbers? Whole, >= 0 (or -1, for none), two at least, and few: each stands at two
    nodes or more on average, or they are all of 0..C-1 or 1..C and not all different."""
    if not len(values) or not np.isfinite(values).all() or (values != np.round(values)).any() or values.min() < -1:
        return False
    found, size = np.unique(values[values >= 0]), np.count_nonzero(values >= 0)
    if not 1 < len(found) <= MAX_CLASS + 1:
        return False
    in_a_row = found[0] <= 1 and found[-1] - found[0] == len(found) - 1 and len(found) < size
    return A_CLASS * len(found) <= size or bool(in_a_row)


def _of_objects(labels, class_names, task):
    """(labels, class names) of texts, or of Python objects: numbers with None among them, or texts."""
    if labels.ndim == 2:
        raise TypeError(f"labels of shape [nodes, columns] must be bools, integers 0/1 or floats, got {labels.dtype}")
    values = (labels.astype(str) if labels.dtype.kind == "S" else labels).tolist()
    words = missing_words(added=[NO_CLASS], taken=class_names or ())
    missing = np.array([is_missing(value, words) for value in values], bool)
    known = [value for value, none in zip(values, missing) if not none]
    if known and all(isinstance(value, (int, float, np.number, np.bool_)) for value in known):
        return _of_numbers(np.array(known), missing), class_names
    odd = next((value for value in known if not isinstance(value, str)), None)
    if odd is not None:
        raise TypeError(f"labels must be all texts or all numbers, and among the texts there is {odd!r:.60}")
    if known and task in ("multilabel", "regression"):
        raise TypeError(f"labels must be numbers where the task is {task}, and there is {known[0]!r:.60}")
    return _of_texts(known, missing, class_names)


def _of_numbers(known, missing):
    none = np.nan if known.dtype.kind == "f" else -1
    labels = np.full(len(missing), none, float if known.dtype.kind == "f" else np.int64)
    labels[~missing] = known
    return labels


def _of_texts(known, missing, class_names):
    """Class numbers by ``class_names``, else in the order of the alphabet; of numbers if all are integers."""
    known = [text.strip() for text in known]
    whole = all(text.lstrip("-").isdecimal() for text in known)
    names = sorted(set(known), key=int if whole else None) if class_names is None else list(class_names)
    number = {text: place for place, text in enumerate(names)}
    odd = next((text for text in known if text not in number), None)
    if odd is not None:
        raise ValueError(f"labels hold {odd!r}, which class_names do not: {', '.join(map(str, names))[:80]}")
    labels = np.full(len(missing), -1, np.int64)
    labels[~missing] = [number[text] for text in known]
    return labels, names or None


# ---- the stored forms


def _checked_classes(labels):
    labels = _one_column(labels, "multiclass")
    if labels.dtype.kind == "b":
        labels = labels.astype(np.int64)
    if labels.dtype.kind == "f" and labels.ndim == 1:
        labels = _whole(labels)
    labels = as_integers("labels", labels)
    if labels.min(initial=0) < -1 or labels.max(initial=0) > MAX_NODES:  # names of classes (hashes, say), not numbers
        at = int(np.argmax((labels < -1) | (labels > MAX_NODES)))
        raise ValueError(
            f"labels must be class numbers 0..C-1 below 2^31, or -1 for no label; got labels[{at}] = {labels[at]}"
        )
    return labels.copy()


def _whole(labels):
    """Floats as integers, NaN as -1."""
    labels = np.where(np.isnan(labels), -1, labels)
    odd = (labels != np.round(labels)) | (np.abs(labels.astype(np.float64)) > MAX_NODES)
    if odd.any():
        place = tuple(map(int, np.argwhere(odd)[0]))
        raise ValueError(f"labels of classes must be whole numbers; got labels[{place[0]}] = {labels[place]}")
    return labels.astype(np.int64)


def _checked_multilabel(labels):
    labels = labels[:, None] if labels.ndim == 1 else labels
    if labels.dtype.kind == "f":
        labels = np.where(np.isnan(labels), -1, labels)
    if labels.dtype.kind not in "biuf":
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
    if labels.dtype.kind not in "biuf":
        raise TypeError(f"labels that are targets must be numbers, got {labels.dtype}")
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


def lost_digits(targets):
    """A sentence where float32, which targets are kept in, rounds them by a good part of how much they differ; else "".

    targets: numbers [N] or [N, T], NaN where there is none.
    """
    targets = targets.astype(np.float64)
    targets = targets[:, None] if targets.ndim == 1 else targets
    known = targets[~np.isnan(targets).any(1)]
    with np.errstate(all="ignore"):  # what float32 cannot hold at all is refused elsewhere
        kept = known.astype(np.float32).astype(np.float64)
        error = np.abs(kept - known)
        is_lost = error.max(0, initial=0) > LOST * known.std(0) if len(known) > 1 else np.zeros(1, bool)
    spoilt = np.flatnonzero(is_lost & (known != known[:1]).any(0))
    if not len(spoilt):
        return ""
    at = int(error[:, spoilt[0]].argmax())
    became = f"{known[at, spoilt[0]]:.17g} becomes {kept[at, spoilt[0]]:.17g}"
    return f"targets differ in digits that float32 does not keep, {became}: subtract a number that all have, such as their mean"


_CHECKERS = {"multiclass": _checked_classes, "multilabel": _checked_multilabel, "regression": _checked_targets}


def checked_class_names(class_names, labels):
    """A tuple of texts, one a class (multiclass) or one a column (multilabel); or None."""
    if class_names is None:
        return None
    if isinstance(class_names, (set, frozenset, dict)):
        raise TypeError(f"class_names must be a list, whose order says which class is which; got {shown(class_names)}")
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
