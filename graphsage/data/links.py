"""What readers do with the pairs of nodes in their files."""

from graphsage.graph import Graph


def graph_of_links(src, dst, num_nodes, *, directed=False, self_loops="drop", node_ids=None):
    """The ``Graph`` in which ``dst[i]`` aggregates from ``src[i]``, and the other way round unless ``directed``.

    Every pair once, however often it is listed; rows sorted. It has no edge ids: those that count places in a file would mean
    nothing to a reader of the dataset.
    """
    built = Graph.from_edges(src, dst, num_nodes, undirected=not directed, duplicates="drop", self_loops=self_loops)
    return Graph(indptr=built.indptr, indices=built.indices, node_ids=node_ids)
