"""Graph: a checked, read-only CSR adjacency. Row i holds the neighbours that node i aggregates **from**.

Directions: ``from_edges(src, dst)`` puts src in row dst (messages flow along the edge); ``from_csr``, ``from_scipy`` and
``from_adjacency_dict`` take row i literally (so a dict of successors aggregates from successors); ``from_networkx`` takes
both ends of edges, or predecessors where it is told so. Each ``from_*`` reads what its ``to_*`` wrote as the same edges,
numbered anew. Of the rest, scipy keeps weights (but weights that are all 1 come back as None), networkx node ids and, told
weight="weight" and time="time", weights and times; a dict keeps node ids alone, and edge arrays neither.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from graphsage.base.checks import MAX_NODES, ReadOnlyRecord, as_count, as_flag, as_ids, integer_array, one_of, read_only
from graphsage.base.id_rule import RowsByName, id_of
from graphsage.graph.build import (
    adjacency_lists,
    checked_ends,
    checked_indptr,
    checked_names,
    copied,
    edge_arrays,
    indptr_of,
    kept_edges,
    names_in,
    of_length,
    rows_from_edges,
    rows_of_labels,
    rows_of_neighbors,
    square_matrix,
)
from graphsage.graph.convert import edges_of_networkx, networkx_of
from graphsage.graph.named_edges import checked_edges, named_ends
from graphsage.graph.subgraph import cleaned, induced_subgraph

EDGE_ARRAYS = ("edge_ids", "edge_reversed", "weights", "times")


@dataclass(frozen=True, eq=False, kw_only=True)
class Graph(ReadOnlyRecord):
    """CSR adjacency of N nodes and E edges; all arrays are checked at construction and read-only.

    indptr: int64[N + 1], rises from 0 to E; row i is ``indices[indptr[i]:indptr[i + 1]]``.
    indices: int32[E], row numbers in [0, N); duplicates and self loops are legal edges. Edges are what is
        sampled: a neighbour that a row lists twice can be drawn twice, also without replacement.
    edge_ids: int64[E], where each edge stood in the caller's arrays; None means that position p is edge p.
    edge_reversed: bool[E], True where an undirected edge is walked from its dst to its src; None means nowhere.
    weights: float32[E] or float64[E], finite and >= 0; None means an unweighted graph.
    times: int64[E] or float64[E], when each edge came to be; dates become nanoseconds. None means that nobody knows.
    node_ids: the caller's name of each row (int64[N] or object[N]); None means that row i is node i.

    The constructor keeps the arrays it is given (through read-only views): a caller who writes to them afterwards breaks
    what was checked here. The ``from_*`` constructors copy.
    """

    indptr: np.ndarray
    indices: np.ndarray
    edge_ids: np.ndarray | None = None
    edge_reversed: np.ndarray | None = None
    weights: np.ndarray | None = None
    times: np.ndarray | None = None
    node_ids: np.ndarray | None = None

    def __post_init__(self):
        indices = integer_array("indices", self.indices)
        indptr = checked_indptr(self.indptr, indices.shape)
        self._set(indptr=indptr, indices=as_ids("indices", indices, len(indptr) - 1, np.int32))
        own = {name: getattr(self, name) for name in EDGE_ARRAYS}
        self._set(**edge_arrays(self.num_edges, **own))
        if self.node_ids is not None:
            self._set(node_ids=of_length("node_ids", checked_names(self.node_ids), self.num_nodes, "node"))

    def _set(self, **arrays):
        for name, array in arrays.items():
            object.__setattr__(self, name, read_only(array))

    @classmethod
    def _trusted(cls, **arrays):
        """From arrays that were checked when they were written: no edge is read, as there may be more than fit the memory."""
        checked_ends(arrays)
        made = cls.__new__(cls)
        made.__setstate__(arrays)
        return made

    # ---- sizes

    @property
    def num_nodes(self) -> int:
        """N, the number of rows."""
        return len(self.indptr) - 1

    @property
    def num_edges(self) -> int:
        """E, the number of stored (directed) edges: an undirected edge between two nodes counts twice."""
        return len(self.indices)

    @cached_property
    def degrees(self) -> np.ndarray:
        """int64[N]: how many edges each row holds."""
        return read_only(np.diff(self.indptr))

    def __repr__(self) -> str:
        extras = "".join(f", {name}" for name in ("weights", "times", "node_ids") if getattr(self, name) is not None)
        return f"Graph(num_nodes={self.num_nodes}, num_edges={self.num_edges}{extras})"

    # ---- from

    @classmethod
    def from_csr(
        cls, indptr: ArrayLike, indices: ArrayLike, *, weights: ArrayLike | None = None, times: ArrayLike | None = None,
        duplicates: str = "keep", self_loops: str = "keep", copy: bool = True,
    ) -> Self:  # fmt: skip
        """Row i is ``indices[indptr[i]:indptr[i + 1]]``, in that order. Edge ids are positions in ``indices``.

        duplicates, self_loops: "keep" or "drop" (of equal edges in a row the first stays).
        copy=False shares the caller's arrays where their dtypes allow; writing to them later breaks the graph.
        """
        arrays = {"indptr": indptr, "indices": indices, "weights": weights, "times": times}
        if as_flag("copy", copy):
            arrays = {name: copied(name, array) for name, array in arrays.items()}
        return cleaned(cls(**arrays), duplicates, self_loops)

    @classmethod
    def from_edges(
        cls, src: ArrayLike, dst: ArrayLike, num_nodes: int | None = None, *, weights: ArrayLike | None = None,
        times: ArrayLike | None = None, edge_ids: ArrayLike | None = None, node_ids: Any = None, undirected: bool = False,
        duplicates: str = "keep", self_loops: str = "keep",
    ) -> Self:  # fmt: skip
        """Edge i lets ``dst[i]`` aggregate from ``src[i]``. Rows are sorted by source, so edge order does not matter.

        src, dst: integers [E] in [0, num_nodes). Without num_nodes they are ids of nodes, integers or texts: those in
        ``node_ids``, or (None) all that are there, in rising order, which the graph then keeps unless they are 0..N-1.
        undirected=True adds the reverse of every edge but self loops; it
        keeps its origin's id and is marked in ``edge_reversed``. duplicates="drop" keeps the first of equal edges.
        times: [E], when edge i came to be, as in the record.
        edge_ids: integers [E], what the caller calls edge i; None: i. node_ids: the names of the nodes, as in the record.
        """
        if num_nodes is None:
            src, dst, num_nodes, node_ids = named_ends(src, dst, node_ids)
        num_nodes, undirected = as_count("num_nodes", num_nodes, most=MAX_NODES), as_flag("undirected", undirected)
        src, dst = checked_edges(src, dst, num_nodes)
        own = edge_arrays(len(src), edge_ids=edge_ids, weights=weights, times=times)
        kept = kept_edges(duplicates, self_loops)
        indptr, indices, ids, flags = rows_from_edges(src, dst, num_nodes, undirected=undirected, **kept)
        arrays = {"edge_ids": ids} | {name: values[ids] for name, values in own.items()}
        return cls(indptr=indptr, indices=indices, edge_reversed=flags, node_ids=node_ids, **arrays)

    @classmethod
    def from_adjacency_dict(
        cls, adjacency: Mapping[Any, Iterable[Any]], *, duplicates: str = "keep", self_loops: str = "keep"
    ) -> Self:
        """``{node: neighbours}``: row of a node is its list of neighbours, in that order.

        Keys 0..n-1 (in any order) are the row numbers. Other keys - sparse integers, text, any hashable - become rows in
        the dict's order and are kept in ``node_ids``. Every neighbour must be a key. An edge's id is its place when all
        lists are read in the dict's order. Give lists, not sets of text: those have another order in every process.
        """
        lists = adjacency_lists(adjacency)
        row_of, node_ids = rows_of_labels(list(adjacency))
        counts = np.fromiter(map(len, lists), np.int64, len(lists))
        sources = rows_of_neighbors(row_of, adjacency, lists, int(counts.sum()))
        rows = np.repeat(np.fromiter((row_of[key] for key in adjacency), np.int64, len(lists)), counts)
        order = np.argsort(rows, kind="stable")  # dict order -> row order; the order within a list stays
        graph = cls(
            indptr=indptr_of(np.bincount(rows, minlength=len(lists))),
            indices=sources[order],
            edge_ids=order,
            node_ids=node_ids,
        )
        return cleaned(graph, duplicates, self_loops)

    @classmethod
    def from_scipy(cls, matrix: Any, *, duplicates: str = "keep", self_loops: str = "keep") -> Self:
        """Row i of a square sparse matrix holds the neighbours of node i; every stored entry, zeros too, is an edge.

        matrix: one of scipy, or a sparse tensor of torch.
        Stored values become ``weights`` unless all of them are 1. Edge ids are positions in the matrix's own arrays (for
        COO and CSR; other formats are converted to CSR first).
        """
        matrix = square_matrix(matrix)
        weights = None if np.all(matrix.data == 1) else matrix.data
        options = {"weights": weights, "duplicates": duplicates, "self_loops": self_loops}
        if matrix.format == "coo":
            return cls.from_edges(matrix.col, matrix.row, matrix.shape[0], **options)
        return cls.from_csr(matrix.indptr, matrix.indices, **options)

    @classmethod
    def from_networkx(
        cls, graph: Any, *, directed: bool | None = None, weight: str | None = None, time: str | None = None,
        duplicates: str = "keep", self_loops: str = "keep",
    ) -> Self:  # fmt: skip
        """Nodes aggregate from both ends of their edges; with directed=True from their predecessors only.

        directed: to be said for a ``DiGraph`` (ValueError), as both readings are common; what ``to_networkx`` made says it
        itself. In a graph without directions there is nothing to say.
        weight: name of the edge attribute to keep as weights (missing: 1.0, but some edge must have it). time: of the one to
        keep as times; every edge must have it. Nodes 0..n-1 are
        the row numbers; others are kept in ``node_ids``, in the graph's order. 1 and "1" would be two nodes of one id:
        ValueError. Edge ids count ``graph.edges``; parallel edges are duplicates.
        """
        edges = edges_of_networkx(graph, directed, weight, time)
        return cls.from_edges(**edges, duplicates=duplicates, self_loops=self_loops)

    # ---- to

    def to_edges(self) -> tuple[np.ndarray, np.ndarray]:
        """(src, dst), int64[E] each, row by row, as ``from_edges`` takes them."""
        return self.indices.astype(np.int64), np.repeat(np.arange(self.num_nodes), self.degrees)

    def to_adjacency_dict(self) -> dict[Any, list[Any]]:
        """``{node: [neighbours]}`` in row order, under the caller's own node ids."""
        names = self._names()
        return {name: [names[j] for j in self.neighbors(i).tolist()] for i, name in enumerate(names)}

    def to_scipy(self) -> Any:
        """``scipy.sparse.csr_array`` [N, N] whose values are the weights, or float32 ones."""
        from scipy.sparse import csr_array

        data = np.ones(self.num_edges, np.float32) if self.weights is None else self.weights
        return csr_array((data, self.indices, self.indptr), shape=(self.num_nodes, self.num_nodes), copy=True)

    def to_networkx(self) -> Any:
        """``DiGraph`` (``MultiDiGraph`` if an edge repeats) with an edge u -> v for each u in row v.

        Edges carry ``weight`` and ``time`` where the graph has them; the graph's attribute ``directed`` is True, for
        ``from_networkx``.
        """
        own = {"weight": self.weights, "time": self.times}
        of_edges = {name: values for name, values in own.items() if values is not None}
        return networkx_of(self._names(), *self.to_edges(), **of_edges)

    # ---- use

    def neighbors(self, row: int) -> np.ndarray:
        """int32 view of one row, duplicates and all; rows count from 0 (a negative one is refused)."""
        row = as_count("row", row, most=self.num_nodes - 1)
        return self.indices[self.indptr[row] : self.indptr[row + 1]]

    def refuse_weights(self, weights: str) -> None:
        """Raise if the graph has weights and ``weights`` does not say "ignore": for draws that do not read them."""
        if one_of("weights", weights, ("refuse", "ignore")) == "refuse" and self.weights is not None:
            rule = 'draw="weighted" samples by them, weights="ignore" regardless of them (--draw weighted, --weights ignore)'
            raise ValueError(f"the graph has weights, and this draw does not read them: {rule}")

    def reverse(self) -> Self:
        """The graph with every edge turned round; ids, flags, weights and times travel with their edges."""
        src, dst = self.to_edges()
        indptr, indices, at, _ = rows_from_edges(dst, src, self.num_nodes)
        return self._with_edges(at, indptr, indices)

    def subgraph(self, nodes: ArrayLike) -> Self:
        """The graph of ``nodes`` (rows int [M], or a mask [N]; none twice): row i is nodes[i]'s, with the edges among them.

        Edge ids, flags, weights and times stay the caller's, as do the names of the nodes; without names those are ``nodes``.
        """
        return induced_subgraph(self, nodes)

    def _with_edges(self, at, indptr, indices):
        """The graph with the edges at positions ``at`` in these rows."""
        own = {name: getattr(self, name) for name in EDGE_ARRAYS}
        return replace(
            self,
            indptr=indptr,
            indices=indices,
            **{"edge_ids": at} | {name: values[at] for name, values in own.items() if values is not None},
        )

    def rows_of(self, node_ids: Any) -> np.ndarray:
        """int64 rows of the caller's own node ids, in any spelling of ``graphsage.base.id_rule``: 7, 7.0 and "7" are one id.

        An unknown id is refused by name.
        """
        if self.node_ids is None and isinstance(node_ids, np.ndarray) and node_ids.dtype.kind in "iuf":
            return as_ids("node_ids", node_ids, self.num_nodes)
        names = names_in("node_ids", node_ids)
        if self.node_ids is None:
            return as_ids("node_ids", [id_of(name) for name in names], self.num_nodes)
        rows = [self._rows_by_name.row(name) for name in names]
        if None in rows:
            raise ValueError(f"{names[rows.index(None)]!r} is not a node of the graph ({self.num_nodes} nodes)")
        return np.array(rows, np.int64)

    @cached_property
    def _rows_by_name(self):
        return RowsByName(self._names())

    def _names(self):
        return list(range(self.num_nodes)) if self.node_ids is None else self.node_ids.tolist()
