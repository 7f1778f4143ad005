"""What readers do with the pairs of nodes in their files."""

import numpy as np

from graphsage.base.checks import as_count, as_ids
from graphsage.graph.build import of_length
from graphsage.graph.graph import Graph

CHUNK = 1 << 17  # arcs looked at together: their temporary arrays stay in the processor's cache


def graph_of_links(src, dst, num_nodes, *, directed=False, self_loops="drop", node_ids=None):
    """The ``Graph`` in which ``dst[i]`` aggregates from ``src[i]``, and the other way round unless ``directed``.

    Every pair once, however often it is listed; rows sorted. It has no edge ids: those that count places in a file would mean
    nothing to a reader of the dataset. Takes 12 bytes of memory an arc beside the pairs.
    """
    num_nodes = as_count("num_nodes", num_nodes, most=2**31 - 1)
    src, dst = as_ids("src", src, num_nodes), as_ids("dst", dst, num_nodes)
    of_length("dst", dst, len(src), "edge (src)")
    arcs = np.empty(len(src) * (1 if directed else 2), np.int64)
    arcs[: len(src)] = dst * num_nodes + src
    arcs[len(src) :] = 0 if directed else src * num_nodes + dst
    return graph_of_arcs(arcs, num_nodes, self_loops=self_loops, node_ids=node_ids)


def graph_of_arcs(arcs, num_nodes, *, self_loops="drop", node_ids=None):
    """The ``Graph`` of arcs row * num_nodes + source (int64, overwritten), each once."""
    arcs.sort()
    kept, last = 0, -1
    for start in range(0, len(arcs), CHUNK):  # in place: the kept arcs move to the front
        part = arcs[start : start + CHUNK].copy()
        keep = np.diff(part, prepend=last) != 0
        if self_loops == "drop":
            keep &= part // num_nodes != part % num_nodes
        last, part = part[-1], part[keep]
        arcs[kept : kept + len(part)] = part
        kept += len(part)
    arcs = arcs[:kept]
    indices = np.empty(kept, np.int32)
    for start in range(0, kept, CHUNK):
        indices[start : start + CHUNK] = arcs[start : start + CHUNK] % num_nodes
    indptr = np.searchsorted(arcs, np.arange(num_nodes + 1, dtype=np.int64) * num_nodes)
    return Graph(indptr=indptr, indices=indices, node_ids=node_ids)
