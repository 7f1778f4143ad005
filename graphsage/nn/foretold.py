"""What an exact inference takes at its peak, told before it is made: outputs of layers, chunks, features on a disk."""

from dataclasses import dataclass

import numpy as np

from graphsage.base.memory import available_memory, is_mapped
from graphsage.graph.features import SparseFeatures
from graphsage.graph.typed_graph import TypedGraph
from graphsage.nn.jumping import joined_width
from graphsage.nn.whole_graph import CHUNK_EDGES, CHUNK_VALUES, rows_of_a_chunk
from graphsage.tensors.rows_on_disk import lie_elsewhere

GIB = 1 << 30


@dataclass(frozen=True)
class Foretold:
    """Bytes. outputs: of the layers and the result, at the moment when they are most. chunk: what is made on the way.
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
        sizes = f"{what} takes {self.total / GIB:.1f} GiB, {memory / GIB:.1f} are available"
        return f"{sizes}: layer outputs go through files in {place}"


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
    outputs = _most_outputs(model, counts, last, joined_width(model, num_layers), has_out, is_typed)
    chunk = max(_chunk(model.layers[depth], graph, chunk_edges) for depth in range(last + 1))
    chunk = max(chunk, _entered(model, stores)) + _lonely(graph, isolated)
    return Foretold(outputs, chunk, sum(map(mapped_bytes, stores.values())))


def foretold_of_stack(widths, graph, store, *, chunk_edges=CHUNK_EDGES, has_out=False, isolated="empty"):
    """The same of a ``Stack``, whose layers make rows of these widths."""
    kept = [4 * graph.num_nodes * of for of in widths]
    kept = [*kept[:-1], 0 if has_out else kept[-1]]
    outputs = max(a + b for a, b in zip([0, *kept], kept))
    pairs = zip([store.num_features, *widths], widths)
    chunk = max(4 * _rows(graph, chunk_edges, max(pair)) * 6 * sum(pair) for pair in pairs)
    return Foretold(outputs, chunk + _lonely(graph, isolated), mapped_bytes(store))


def mapped_bytes(store):
    """Bytes of the features of a store that lie in a mapped file."""
    rows = store.features
    if lie_elsewhere(rows):
        return 0
    arrays = [rows.indices, rows.values] if isinstance(rows, SparseFeatures) else [store.mapped_rows]
    return sum(array.nbytes for array in arrays if array is not None and is_mapped(array))


def _most_outputs(model, counts, last, width, has_out, is_typed):
    """Of what a layer reads, what it makes, and the result, as far as it is there."""
    widths = [layer.out_features for layer in model.layers[: last + 1]]
    entered = model.settings.hidden_features if is_typed else 0 if model.input_layer is None else len(model.input_layer.weight)
    joins = last == model.num_layers - 1 and model.output_layer is not None and last > 0
    highest = counts[last + 1] * widths[0] if joins and model.jumping == "max" else 0
    result, begins = 0 if has_out else counts[last + 1] * width, 0 if joins and model.jumping == "cat" else last
    held = [counts[0] * entered, *(count * of for count, of in zip(counts[1:], widths))]
    moments = []
    for depth in range(last + 1):
        made = held[depth + 1] if depth < last else 0
        moments.append(held[depth] + made + highest + (result if depth >= begins else 0))
    return 4 * max(moments)


def _rows(graph, chunk_edges, width):
    """Rows of a chunk: as many as the edges and the values allow."""
    num_nodes, num_edges = _sizes(graph)
    by_edges = max(1, int(chunk_edges / max(num_edges / max(num_nodes, 1), 1e-9)))
    return min(rows_of_a_chunk(chunk_edges, width), by_edges, max(num_nodes, 1))


def _sizes(graph):
    if isinstance(graph, TypedGraph):
        return int(graph.starts[-1]), graph.rows.num_edges
    return graph.num_nodes, graph.num_edges


def _chunk(layer, graph, chunk_edges):
    """Inputs of a chunk's rows, what their neighbours came to, and products; of its edges the neighbours.

    Of aggregators that look at all inputs also the rows of the neighbours, and what they make of them.
    """
    is_typed = isinstance(graph, TypedGraph)
    aggregators = [one for part in layer.types.children() for one in part.aggregators] if is_typed else [layer.aggregator]
    inputs = max((one.in_features for one in aggregators), default=1)
    reduced = sum(one.out_features for one in aggregators)
    rows = _rows(graph, chunk_edges, max(inputs, layer.out_features))
    values = rows * (inputs + reduced + 3 * layer.out_features)
    edges = min(chunk_edges, max(_sizes(graph)[1], 1))
    if not all(one.reduction for one in aggregators):
        edges = min(edges, CHUNK_VALUES // max(inputs, 1))
        values += edges * (inputs + 3 * max(one.out_features for one in aggregators))
    return 4 * values + 24 * edges


def _entered(model, stores):
    """Of the projection of features: their rows, and what becomes of them."""
    if getattr(model, "input_layer", None) is None and not hasattr(model, "enter_type"):
        return 0
    width = max(1 if store.is_sparse else store.num_features for store in stores.values())
    made = model.layers[0].out_features
    return 4 * min(CHUNK_EDGES, CHUNK_VALUES // max(width, made)) * (width + 2 * made)


def _lonely(graph, isolated):
    """A graph in which nodes without neighbours have themselves is a copy."""
    if isolated == "empty" or isinstance(graph, TypedGraph) or bool(np.all(graph.degrees)):
        return 0
    return graph.indptr.nbytes + graph.indices.nbytes
