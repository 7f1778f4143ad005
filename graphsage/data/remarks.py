"""What is said of a dataset's labels wherever it is shown: that there is none, or little to learn from them."""

import numpy as np

from graphsage.data.labels import is_labelled
from graphsage.data.tables.table_files import shown

NO_LABEL = "no node has a label"


def no_label(dataset):
    """The sentence about a dataset without labels, and what can be done."""
    where = "a column label in nodes.csv" if dataset.schema is not None else "labels="
    name = dataset.name or "the dataset"
    rule = f"before {where} gives nodes a class, or a number to predict "
    rule += "(which nodes are linked needs no label: --task links; nor do embeddings: --task unsupervised)" + _others(dataset)
    return f"{NO_LABEL}: nothing can be learnt from {name} {rule}"


def _others(dataset):
    """The columns of the table of nodes one of which may hold the labels."""
    columns = [] if dataset.schema is None else [column["name"] for column in dataset.schema["columns"]]
    return f"; --label COLUMN names another ({shown(', '.join(columns))})" if columns else ""


def label_remarks(dataset):
    """[sentence]: no label at all, one class only, nearly every node a class of its own, or one label each of several."""
    labelled = dataset.labels[is_labelled(dataset.labels)]
    if not len(labelled):
        return [no_label(dataset)] if dataset.num_nodes else []
    if dataset.task == "regression" and (labelled == labelled[0]).all():
        return [f"all {len(labelled):,} labelled nodes have the same number: there is nothing to tell apart"]
    if dataset.task == "multilabel":
        return _one_each(labelled, dataset)
    if dataset.task != "multiclass":
        return []
    classes, counts = np.unique(labelled, return_counts=True)
    if len(classes) == 1:
        only = f"all {len(labelled):,} labelled nodes are of one class, {_name(dataset, classes[0])}"
        return [f"{only}: there is nothing to tell apart"]
    alone = int(np.count_nonzero(counts == 1))
    return [_own_classes(dataset, len(classes), len(labelled))] if len(classes) > 2 and 2 * alone > len(labelled) else []


def _one_each(labels, dataset):
    if labels.shape[1] == 1 or (labels.sum(axis=1) != 1).any():
        return []
    way = "labels.argmax(axis=1)" if dataset.schema is None else "a column label in place of labels"
    return [f"each labelled node has exactly one of {labels.shape[1]:,} labels: if that must be so, {way} trains classes"]


def _own_classes(dataset, classes, labelled):
    what = f"nearly every node is a class of its own, {classes:,} for {labelled:,} labelled nodes: nothing can be learnt"
    if dataset.schema is None:
        return f"{what} (are they ids, or numbers to predict?)"
    return f"{what} (a name of nodes? --drop label; a number to predict? --task regression)"


def _name(dataset, number):
    return repr(dataset.class_names[number]) if dataset.class_names else str(number)
