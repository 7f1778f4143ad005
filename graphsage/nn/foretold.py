"""What an exact inference takes at its peak, told before it is made: outputs of layers, chunks, features on a disk."""

from dataclasses import dataclass

import numpy as np

from graphsage.base.memory import available_memory, is_mapped
from graphsage.graph.features import SparseFeatures
from graphsage.graph.typed_graph import TypedGraph
from graphsage.nn.jumping import joined_width
from graphsage.nn.whole_graph import CHUNK_EDGES, rows_of_a_chunk
from graphsage.tensors.rows_on_disk import lie_elsewhere

GIB = 1 << 30
PRODUCTS, PER_EDGE, EDGE = 4, 3, 24  # outputs of a row and of an edge that are there at once, and bytes of an edge's ends


@dataclass(frozen=True)
class Foretold:
    """Bytes at the moment when they are most. outputs: of the layers and the result. chunk: what is made on the way.
    features: those in mapped files, which must be in memory where their rows are read far apart."""

    outputs: int
    chunk: int
    features: int

    @property
    def total(self) -> int:
        """What it takes so that nothing is read from a disk twice."""
        return self.outputs + self.chunk + self.features

    def line(self, memory: float, place: object, what: str = "exact evaluation") -> str:
        """A sentence where that is more than ``memory``; "" where it is not."""
        if self.total <= memory:
            return ""
        return f"{what} takes {sizes(self.total, memory)} are available: layer outputs go through files in {place}"


def sizes(total, other):
    """ "12.3 GiB, 4.0": two numbers of bytes, in the unit that suits the first."""
    unit, name = (GIB, "GiB") if total >= GIB / 10 else (1 << 20, "MiB") if total >= 1 << 17 else (1, "bytes")
    return f"{total / unit:.1f} {name}, {other / unit:.1f}" if unit > 1 else f"{total:,.0f} {name}, {other:,.0f}"


def known_memory(memory):
    """``memory`` in bytes; None: what is available, without a limit where the system does not say."""
    return (available_memory() or float("inf")) if memory is None else memory


def foretold(model, graph, stores, *, num_layers=None, chunk_edges=CHUNK_EDGES, has_out=False, isolated="empty"):
    """``Foretold`` of ``inference`` with these arguments, of a model with layers on the CPU.

    stores: ``FeatureStore``, of a typed graph {type: such}. has_out: the result has a place of the caller's.
    """
    is_typed = isinstance(graph, TypedGraph)
    kinds = model.reads if is_typed else [[None]] * (model.num_layers + 1)
    sizes = graph.num_nodes if is_typed else {None: graph.num_nodes}
    stores = stores if is_typed else {None: stores}
    last = (num_layers or model.num_layers) - 1
    counts = [sum(sizes[kind] for kind in of) for of in kinds]
    moments = [(4 * counts[0] * _entered_width(model, is_typed), _entered(model, stores, is_typed))]
    outputs = _outputs(model, counts, last, joined_width(model, num_layers), has_out, is_typed)
    moments += [(4 * held, _chunk(layer, graph, chunk_edges)) for held, layer in zip(outputs, model.layers)]
    if not is_typed and not moments[0][0]:  # the first layer reads features
        moments[1] = moments[1][0], moments[1][1] + _taken(stores[None], chunk_edges)
    outputs, chunk = max(moments, key=sum)
    return Foretold(outputs, chunk + _lonely(graph, isolated), sum(map(mapped_bytes, stores.values())))


def foretold_of_stack(widths, graph, store, *, chunk_edges=CHUNK_EDGES, has_out=False, isolated="empty"):
    """The same of a ``Stack``, whose layers make rows of these widths."""
    kept = [4 * graph.num_nodes * of for of in widths]  # empty of a graph without nodes
    kept[-1:] = [0] if has_out else kept[-1:]
    outputs = max((a + b for a, b in zip([0, *kept], kept)), default=0)
    pairs = zip([store.num_features, *widths], widths)
    chunk = max((4 * rows_of_a_chunk(chunk_edges, max(pair)) * (1 + PER_EDGE) * sum(pair) for pair in pairs), default=0)
    return Foretold(outputs, chunk + _lonely(graph, isolated), mapped_bytes(store))


def mapped_bytes(store):
    """Bytes of the features of a store that lie in a mapped file."""
    rows = store.features
    if lie_elsewhere(rows):
        return 0
    arrays = [rows.indices, rows.values] if isinstance(rows, SparseFeatures) else [store.mapped_rows]
    return sum(array.nbytes for array in arrays if array is not None and is_mapped(array))


def _taken(store, chunk_edges):
    """Rows of features on a disk that a chunk reads, which are copied first."""
    return 0 if store.mapped_rows is None else 4 * min(len(store), chunk_edges) * store.num_features


def _outputs(model, counts, last, width, has_out, is_typed):
    """Values while each layer is computed: of what it reads, what it makes, and the result, as far as it is there."""
    widths = [layer.out_features for layer in model.layers[: last + 1]]
    joins = last == model.num_layers - 1 and model.output_layer is not None and last > 0
    highest = counts[last + 1] * widths[0] if joins and model.jumping == "max" else 0
    result, begins = 0 if has_out else counts[last + 1] * width, 0 if joins and model.jumping == "cat" else last
    held = [counts[0] * _entered_width(model, is_typed), *(count * of for count, of in zip(counts[1:], widths))]
    made = [*held[1 : last + 1], 0]  # the last makes the result
    return [held[n] + made[n] + highest + (result if n >= begins else 0) for n in range(last + 1)]


def _rows(graph, chunk_edges, most_rows):
    """Rows of a chunk: as many as its edges and values allow."""
    num_nodes, num_edges = _sizes(graph)
    by_edges = max(1, int(chunk_edges / max(num_edges / max(num_nodes, 1), 1e-9)))
    return min(most_rows, by_edges, max(num_nodes, 1))


def _sizes(graph):
    if isinstance(graph, TypedGraph):
        return int(graph.starts[-1]), graph.rows.num_edges
    return graph.num_nodes, graph.num_edges


def looks_at_all(model):
    """Has the model a layer whose aggregator looks at the inputs of all neighbours, and does not only reduce them?"""
    return any(not one.reduction for layer in model.layers for one in _aggregators(layer))


def _aggregators(layer):
    own = getattr(layer, "aggregator", None)
    return [one for part in layer.types.children() for one in part.aggregators] if own is None else [own]


def _chunk(layer, graph, chunk_edges):
    """Inputs of a chunk's rows, what their neighbours came to, and products; of its edges the neighbours.

    Of aggregators that look at all inputs also the rows of the neighbours, and what they make of them.
    """
    is_typed = isinstance(graph, TypedGraph)
    parts = [part.aggregators for part in layer.types.children()] if is_typed else [[layer.aggregator]]
    return max((_chunk_of(part, layer.out_features, graph, chunk_edges) for part in parts), default=0)


def _chunk_of(aggregators, out_features, graph, chunk_edges):
    inputs = max((one.in_features for one in aggregators), default=1)
    reduced, width = (sum(f(one.in_features, one.out_features) for one in aggregators) for f in (lambda i, o: o, max))
    most_rows, reduces = rows_of_a_chunk(chunk_edges, max(width, out_features)), all(one.reduction for one in aggregators)
    chunk_edges = min(chunk_edges if reduces else most_rows, max(_sizes(graph)[1], 1))
    rows = _rows(graph, chunk_edges, most_rows)
    looked_at = 0 if reduces else chunk_edges * (inputs + PER_EDGE * width)
    copies = 4 if any(one.reduction in ("gcn", "max") for one in aggregators) else 2
    return 4 * (rows * (copies * (inputs + reduced) + PRODUCTS * out_features) + looked_at) + EDGE * chunk_edges


def _entered_width(model, is_typed):
    """Values of a row that goes into the first layer; 0 where these are features, which lie elsewhere."""
    if is_typed:
        return model.settings.hidden_features
    return 0 if model.input_layer is None else len(model.input_layer.weight)


def _entered(model, stores, is_typed):
    """Of the projection of features: rows of a chunk, and what becomes of them."""
    made, width = _entered_width(model, is_typed), max(1 if of.is_sparse else of.num_features for of in stores.values())
    rows = min(rows_of_a_chunk(CHUNK_EDGES, max(width, made)), max(map(len, stores.values())))
    return 4 * rows * (width + 2 * made) if made else 0


def _lonely(graph, isolated):
    """A graph in which nodes without neighbours have themselves is a copy."""
    if isolated == "empty" or isinstance(graph, TypedGraph) or bool(np.all(graph.degrees)):
        return 0
    return graph.indptr.nbytes + graph.indices.nbytes
