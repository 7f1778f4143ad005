"""TypedGraph: nodes of several types, edges of several relations, kept as one CSR whose rows are (relation, node) slots.

Node v of type t is number ``starts[t] + v`` of all nodes. Relation r owns the rows ``firsts[r]`` to ``firsts[r + 1]``, one a
node of its destination type, which list the numbers of their sources. A sampler walks them as it walks those of any graph.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from graphsage.base.checks import MAX_NODES, ReadOnlyRecord, as_array, as_count, as_flag, as_ids, integer_array, read_only
from graphsage.base.foreign import as_scipy, is_sparse
from graphsage.base.told import of_kind, shown, told
from graphsage.graph.build import adjacency_lists, edge_arrays, indptr_of, kept_edges, of_length, rows_from_edges
from graphsage.graph.graph import Graph
from graphsage.graph.relation_names import relation_named
from graphsage.graph.reverses import reverses
from graphsage.graph.subgraph import with_edges_at
from graphsage.graph.time_axis import earliest

Relation = tuple[str, str, str]


class TypedGraph(ReadOnlyRecord):
    """A heterogeneous graph: node types with their sizes, relations (source type, name, destination type) with their edges.

    num_nodes: {type: number of nodes}, ids 0, 1, ... in each type. edges: {(source, name, destination): what}, ``what`` being
        (src, dst), integers [E] each (or one array [2, E]): ``dst[i]`` aggregates from ``src[i]``; a sparse matrix
        [destinations, sources] of scipy or torch, each stored entry an edge, its values the weights unless all are 1; or
        a dict {destination: its sources}. Repeats are edges of their own unless duplicates="drop".
    weights, times: {relation: [E]}, of some relations or all, in the order of their edges. Where only some have weights, an
        edge of the others weighs 1; where only some have times, the edges of the others were always there.
    edge_ids: {relation: integers [E]}, what the caller calls its edges; default: their places.
    undirected: relations within one type whose edges run both ways, under one id: both ends are neighbours.
    reverse: True adds (b, "rev_NAME", a) for each other relation (a, NAME, b) that has no such relation yet. A turned edge
        keeps its id, weight and time. A relation that is given under that name, with the same edges in the same order turned
        round, is known as the reverse, too.
    self_loops: "drop" leaves out edges of a node to itself, in relations within one type.

    types, relations: names in the order given, reverses last. starts: int64[T + 1], the first number of each type, by
    ``types``. rows: the ``Graph`` of slots. firsts: int64[R + 1], the first slot of each relation. edge_ids: int64[E], the
    place of each edge among those of its relation as they were given, or its id. reverse_of: {relation: the one it turns
    round}; of an undirected one that is itself.
    All is read-only. ValueError or TypeError for what does not fit, with the relation named.
    """

    types: tuple[str, ...]
    relations: tuple[Relation, ...]
    starts: np.ndarray
    firsts: np.ndarray
    rows: Graph
    edge_ids: np.ndarray
    reverse_of: Mapping[Relation, Relation]

    def __init__(
        self,
        num_nodes: Mapping[str, int],
        edges: Mapping[Relation, Any],
        *,
        weights: Mapping[Relation, ArrayLike] | None = None,
        times: Mapping[Relation, ArrayLike] | None = None,
        edge_ids: Mapping[Relation, ArrayLike] | None = None,
        undirected: Collection[Relation] = (),
        reverse: bool = False,
        duplicates: str = "keep",
        self_loops: str = "keep",
    ) -> None:
        sizes = _sizes(num_nodes)
        _mapping("edges", edges, "(source, name, destination): edges")
        given = {_relation(name, sizes): _ends(_relation(name, sizes), what, sizes) for name, what in edges.items()}
        kinds = {"weights": weights, "times": times, "edge_ids": edge_ids}
        own = {name: _of_relations(name, values, given) for name, values in kinds.items()}
        for name, (_, _, values) in given.items():
            if values is not None:
                own["weights"].setdefault(name, values)
        checked = {kind: {name: _checked(kind, name, values, given) for name, values in of.items()} for kind, of in own.items()}
        both = _undirected(undirected, given)
        known, missing = reverses(given, both, checked["edge_ids"])
        turned = (missing if as_flag("reverse", reverse) else {}) | both
        kept = kept_edges(duplicates, self_loops)
        starts = np.concatenate([[0], np.cumsum(list(sizes.values()), dtype=np.int64)])
        parts = {name: _part(name, given[turned.get(name, name)], turned, sizes, kept) for name in {**given, **turned}}
        ids = _ids(checked.pop("edge_ids"), parts, turned)
        self._set(
            types=tuple(sizes),
            relations=tuple(parts),
            starts=read_only(starts),
            firsts=read_only(np.concatenate([[0], np.cumsum([sizes[name[2]] for name in parts], dtype=np.int64)])),
            edge_ids=read_only(np.concatenate([np.empty(0, np.int64), *ids])),
            reverse_of=MappingProxyType(known | turned),
        )
        arrays = {kind: _joined(kind, of, parts, turned) for kind, of in checked.items()}
        self._set(rows=self._rows(parts, arrays))

    def _rows(self, parts, arrays):
        of_type = dict(zip(self.types, self.starts))
        shifted = [indices + np.int32(of_type[name[0]]) for name, (_, indices, _) in parts.items()]
        counts = np.concatenate([np.empty(0, np.int64), *(np.diff(indptr) for indptr, _, _ in parts.values())])
        spare = max(int(self.starts[-1]) - len(counts), 0)  # a Graph has as many rows as its ids need
        indices = np.concatenate([np.empty(0, np.int32), *shifted])
        return Graph(indptr=indptr_of(np.pad(counts, (0, spare))), indices=indices, **arrays)

    def __setattr__(self, name, value):
        raise AttributeError(f"{name} cannot be set: a TypedGraph is read-only; make another one")

    def __reduce__(self):
        return remade, (dict(self.__dict__, reverse_of=dict(self.reverse_of)),)

    # ---- sizes

    @property
    def num_nodes(self) -> dict[str, int]:
        """{type: number of nodes}."""
        return dict(zip(self.types, np.diff(self.starts).tolist()))

    @property
    def num_edges(self) -> dict[Relation, int]:
        """{relation: number of stored edges}, reverse ones counted again."""
        return {name: int(last - first) for name, (first, last) in zip(self.relations, self._spans())}

    def _spans(self):
        ends = self.rows.indptr[self.firsts].tolist()
        return list(zip(ends, ends[1:]))

    def __repr__(self) -> str:
        nodes = ", ".join(f"{name}: {count:,}" for name, count in self.num_nodes.items())
        edges = ", ".join(f"{'-'.join(name)}: {count:,}" for name, count in self.num_edges.items())
        return f"TypedGraph(nodes {nodes}; edges {edges})"

    # ---- use

    def edges(self, relation: Relation | str) -> tuple[np.ndarray, np.ndarray]:
        """(src, dst), int64 [E] each, of one relation, or the one of that name: ids within the two types, sorted by
        destination."""
        at = self.index_of(relation)
        first, last = self._spans()[at]
        indptr = self.rows.indptr[self.firsts[at] : self.firsts[at + 1] + 1]
        src = self.rows.indices[first:last].astype(np.int64) - self.starts[self.types.index(self.relations[at][0])]
        return src, np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))

    def span(self, relation: Relation | str) -> slice:
        """Where its edges are among those of ``rows``: of its weights, times and edge ids."""
        return slice(*self._spans()[self.index_of(relation)])

    def index_of(self, relation: Relation | str) -> int:
        """The place of a relation in ``relations``, by itself or by its name; ValueError where it is none or several."""
        return self.relations.index(relation_named(self, relation))

    def to_homogeneous(self) -> Graph:
        """All nodes and edges without their types: a ``Graph`` of ``starts[-1]`` nodes, type after type.

        An edge's id is its place when the edges of all relations are written one after the other, as ``edges`` has them.
        Weights and times stay.
        """
        parts = [self.edges(name) for name in self.relations]
        of_type = dict(zip(self.types, self.starts))
        src = [src + of_type[name[0]] for name, (src, _) in zip(self.relations, parts)]
        dst = [dst + of_type[name[2]] for name, (_, dst) in zip(self.relations, parts)]
        empty = np.empty(0, np.int64)
        own = {"weights": self.rows.weights, "times": self.rows.times}
        return Graph.from_edges(np.concatenate([empty, *src]), np.concatenate([empty, *dst]), int(self.starts[-1]), **own)

    def _with_edges_at(self, at):
        """The graph with the edges at the rising positions ``at`` of its ``rows`` alone; they keep ids, weights and times."""
        rows = replace(with_edges_at(self.rows, at), edge_ids=None)
        return remade(dict(self.__dict__, rows=rows, edge_ids=read_only(self.edge_ids[at])))

    @classmethod
    def of_graph(cls, graph: Graph, node: str = "node", name: str = "to") -> Self:
        """The ``Graph`` as one of a single type and a single relation (node, name, node); edge ids are positions in it."""
        of_kind("graph", graph, Graph)
        relation = (node, name, node)
        own = {kind: {relation: values} for kind in ("weights", "times") if (values := getattr(graph, kind)) is not None}
        return cls({node: graph.num_nodes}, {relation: graph.to_edges()}, **own)


def remade(state):
    """The ``TypedGraph`` of such a ``__dict__``, trusted."""
    graph = object.__new__(TypedGraph)
    graph.__setstate__(dict(state, reverse_of=MappingProxyType(state["reverse_of"])))
    return graph


def _mapping(name, value, form):
    if not isinstance(value, Mapping):
        raise TypeError(f"{name} must be a dict {{{form}}}, got {told(value)}")
    return value


def _sizes(num_nodes):
    _mapping("num_nodes", num_nodes, "type: number of nodes")
    for name in num_nodes:
        if not isinstance(name, str) or not name:
            raise ValueError(f"num_nodes must be {{type: number of nodes}} with texts as types, got {shown(name)}")
    sizes = {name: as_count(f"num_nodes[{name!r}]", count, most=MAX_NODES) for name, count in num_nodes.items()}
    if not sizes:
        raise ValueError("num_nodes is empty: a graph needs at least one type of nodes")
    if sum(sizes.values()) > MAX_NODES:
        raise ValueError(f"a graph has at most {MAX_NODES} nodes of all types together, got {sum(sizes.values())}")
    return sizes


def _relation(name, sizes):
    """``name`` as a tuple of three texts, of which the first and the last are types."""
    if not isinstance(name, tuple) or len(name) != 3 or not all(isinstance(part, str) and part for part in name):
        raise ValueError(f"a relation must be (source type, name, destination type), three texts; got {shown(name)}")
    for of in (name[0], name[2]):
        if of not in sizes:
            raise ValueError(f"{of!r} in the relation {name} is no type of nodes: there are {', '.join(map(repr, sizes))}")
    return name


def _ends(name, what, sizes):
    """(src, dst, weights or None) of the edges of a relation, checked."""
    weights = None
    if is_sparse(what):
        matrix, shape = as_scipy(f"edges[{name}]", what).tocoo(), (sizes[name[2]], sizes[name[0]])
        if matrix.shape != shape:
            raise ValueError(f"edges[{name}] must have a row a {name[2]} and a column a {name[0]}, {shape}; got {matrix.shape}")
        src, dst, weights = matrix.col, matrix.row, None if np.all(matrix.data == 1) else matrix.data
    elif isinstance(what, Mapping):
        lists = adjacency_lists(what)
        dst, src = np.repeat(list(what), list(map(len, lists))), [source for sources in lists for source in sources]
        dst = dst if len(dst) else []
    else:
        if hasattr(what, "columns"):  # of a table with two rows, each would be taken for an end
            raise TypeError(f"edges[{name}] must be (src, dst), not a table: give two of its columns, or from_tables the table")
        pair = what if isinstance(what, (tuple, list)) else as_array(f"edges[{name}]", what)
        if not isinstance(pair, (tuple, list)) and pair.ndim == 0 or len(pair) != 2:
            raise ValueError(f"edges[{name}] must be (src, dst), a sparse matrix, or a dict of sources; got {shown(what)}")
        src, dst = pair
    src, dst = (
        as_ids(f"edges[{name}] {end}", integer_array(f"edges[{name}] {end}", ids), sizes[of], kind=of)
        for end, ids, of in (("src", src, name[0]), ("dst", dst, name[2]))
    )
    return src, of_length(f"edges[{name}] dst", dst, len(src), "edge (src)"), weights


def _of_relations(kind, values, given):
    """{relation: [E]} of what is given by relation."""
    values = {} if values is None else _mapping(kind, values, "relation: values of its edges")
    for name in values:
        if name not in given:
            raise ValueError(f"{kind} has {shown(name)}, which is no relation in edges")
    return dict(values)


def _checked(kind, name, values, given):
    try:
        return edge_arrays(len(given[name][0]), **{kind: values})[kind]
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name}: {error}") from None


def _undirected(names, given):
    """{relation: itself} of those whose edges run both ways."""
    if not isinstance(names, Collection):
        raise TypeError(f"undirected must be a list of relations (source, name, destination), got {shown(names)}")
    for name in names:
        if not isinstance(name, tuple) or name not in given or name[0] != name[2]:
            raise ValueError(f"undirected has {shown(name)}, which is no relation in edges from a type to itself")
    return {name: name for name in names}


def _part(name, ends, turned, sizes, kept):
    """(indptr, indices, places among the edges given) of a relation, ids within its types."""
    is_both = turned.get(name) == name
    src, dst = ends[1::-1] if name in turned and not is_both else ends[:2]
    num_rows, loops = sizes[name[2]], kept["loops"] or name[0] != name[2]
    how = {"undirected": is_both, "once": kept["once"], "loops": loops}
    indptr, indices, places, _ = rows_from_edges(src, dst, max(num_rows, sizes[name[0]]), **how)
    return indptr[: num_rows + 1], indices, places


def _ids(own, parts, turned):
    """[int64[E] of each relation]: what its edges are called."""
    origins = {name: turned.get(name, name) for name in parts}
    return [own[origins[name]][places] if origins[name] in own else places for name, (_, _, places) in parts.items()]


def _joined(kind, own, parts, turned):
    """One array for the edges of all relations; None where no relation has any."""
    if not own:
        return None
    dtype = np.result_type(*own.values())
    if kind == "times" and len({values.dtype for values in own.values()}) > 1:
        raise ValueError("times must be of one kind in all relations: numbers, whole numbers or dates")
    standard = 1 if kind == "weights" else earliest(dtype)
    found = [
        own[turned.get(name, name)][ids] if turned.get(name, name) in own else np.full(len(ids), standard, dtype)
        for name, (_, _, ids) in parts.items()
    ]
    return np.concatenate(found).astype(dtype, copy=False)
