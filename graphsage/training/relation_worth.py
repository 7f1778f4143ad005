"""How much of each type and relation a batch draws, and what each relation is worth to a trained model."""

from contextlib import closing
from itertools import islice

import numpy as np
import torch

from graphsage.graph.typed_graph import TypedGraph
from graphsage.nn.inference import inference

MOST_BATCHES = 5  # whose draws are counted
MOST_EDGES = 5e7  # times relations: exact passes over more take longer than a training


def drawn_in_a_batch(loader):
    """({type: nodes}, {relation: edges}), means over the first batches of the first epoch."""
    nodes, edges, count = {}, {}, 0
    with closing(loader.epoch(0)) as batches:
        for batch in islice(batches, MOST_BATCHES):
            count += 1
            for found, parts in ((nodes, batch.minibatch.nodes), (edges, batch.minibatch.indices)):
                for name, part in parts.items():
                    found[name] = found.get(name, 0) + len(part)
    return tuple({name: total / count for name, total in found.items()} for found in (nodes, edges))


def scores_without(task):
    """{relation: validation score of a ``TypedTask``'s model, exact, where it sees no edge of that relation}.

    None stands for it where a relation has no edge. {} where outputs are never exact, without validation nodes, and where that
    would take long.
    """
    graph, evaluator, val = task.dataset.graph, task.evaluator, task.dataset.val
    if not evaluator.widths or not len(val) or graph.rows.num_edges * len(graph.relations) > MOST_EDGES:
        return {}
    rows = torch.from_numpy(np.array(val))
    labels = task.loader.labels[rows]
    found = dict.fromkeys(graph.relations)
    for relation in (name for name, count in graph.num_edges.items() if count):
        raw = inference(task.model, _without(graph, relation), task.loader.store, device=task.device)
        found[relation] = task.objective.score(raw[rows], labels)
    return found


def _without(graph, relation):
    """The ``TypedGraph`` without an edge of ``relation``; weights and times are not read by exact outputs."""
    edges = {name: ((), ()) if name == relation else graph.edges(name) for name in graph.relations}
    return TypedGraph(graph.num_nodes, edges)
