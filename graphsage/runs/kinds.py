"""The kinds of run, by what a run learns and of which graph."""

from graphsage.data.typed_dataset import TypedDataset
from graphsage.runs import link_run, node_run, typed_run, walk_run

KINDS = {"nodes": node_run, "links": link_run, "unsupervised": walk_run}
TYPED = {"nodes": typed_run, "links": link_run}  # of graphs with several types of nodes


def kind_of(task, dataset):
    """The functions of a run on ``dataset`` (None: of one type of nodes); ValueError where ``task`` is not of its graph."""
    if not isinstance(dataset, TypedDataset):
        return KINDS[task]
    if task not in TYPED:
        rule = f"and {dataset.name or 'the dataset'} has {len(dataset.graph.types)}: dataset.merged() has one"
        raise ValueError(f"task = {task!r} is of graphs with one type of nodes, {rule}")
    return TYPED[task]
