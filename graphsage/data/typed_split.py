"""What ``split_links`` reads of a typed dataset, and the dataset of links that it makes there."""

from functools import partial

import numpy as np

from graphsage.base.told import shown
from graphsage.data.link_units import LinkEdges
from graphsage.data.typed_dataset import TypedDataset
from graphsage.data.typed_links import TypedLinkDataset, is_directed_within, reverses_of
from graphsage.graph.relation_names import relation_named

KEPT = ("features", "node_ids", "name", "schema", "node_times")  # of a dataset, in one that only links are asked of


def typed_parts(dataset, relation):
    """(the ``LinkEdges`` of the relation and of those that turn it round, function -> ``TypedLinkDataset``)."""
    graph = dataset.graph
    relation = _only_relation(graph) if relation is None else relation_named(graph, relation)
    reverses = reverses_of(graph, relation)
    own, turned = np.stack(graph.edges(relation), axis=1), [np.stack(graph.edges(name)[::-1], axis=1) for name in reverses]
    spans = [graph.span(name) for name in (relation, *reverses)]
    edges = LinkEdges(
        graph=graph,
        num_edges=graph.rows.num_edges,
        num_targets=graph.num_nodes[relation[2]],
        ends=np.concatenate([own, *turned]),
        at=np.concatenate([np.arange(span.start, span.stop) for span in spans]),
        times=graph.rows.times,
        directed=relation[0] != relation[2] or is_directed_within(graph, relation),
        is_apart=relation[0] != relation[2],
        left=lambda graph, at: graph._with_edges_at(at),
    )
    return edges, partial(_typed_link_dataset, dataset, relation, reverses)


def _only_relation(graph):
    """The relation of a graph that has no other, reverses aside."""
    own = [name for name in graph.relations if graph.reverse_of.get(name, name) == name]
    if len(own) != 1:
        listed = ", ".join(",".join(name) for name in own) or "none"
        raise ValueError(f"relation must say which links are asked about, as {shown('source,name,target')}; there are {listed}")
    return own[0]


def _typed_link_dataset(dataset, relation, reverses, messages, pairs, *, how_split, **parts):
    kept = TypedDataset(graph=messages, **{name: getattr(dataset, name) for name in KEPT})
    how = {**how_split, "relation": list(relation)}
    return TypedLinkDataset(dataset=kept, relation=relation, reverses=reverses, how_split=how, **parts)
