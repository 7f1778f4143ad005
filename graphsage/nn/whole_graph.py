"""What exact inference stands on, of whatever model: rows with all their neighbours, in chunks, and where outputs are kept."""

import numpy as np
import torch

from graphsage.base.told import told
from graphsage.nn.aggregators import aggregate
from graphsage.tensors.csr_matrix import CSRMatrix
from graphsage.tensors.device import as_device
from graphsage.tensors.store import FeatureStore, free_memory

CHUNK_EDGES = 1 << 18  # edges a chunk
CHUNK_VALUES = 1 << 24  # and at most so many inputs of its rows: 64 MB of float32 for x_self, as much for x_neigh


def place_of(model, device):
    """Where to compute: ``device``, which must be where ``model`` is, or None for that."""
    weight = next(model.parameters(), None)
    own = torch.device("cpu") if weight is None else weight.device
    given = own if device is None else as_device(device)
    if given.type != own.type or given.index not in (None, own.index):
        raise ValueError(f"device is {given}, but the model is on {own}: move it there first, as model.to({str(given)!r})")
    return own


def rows_with(graph, isolated):
    """(indptr, indices) of all rows; isolated="self": a row without neighbours has its node."""
    if isolated == "empty" or graph.degrees.all():
        return graph.indptr, graph.indices
    lonely = np.flatnonzero(graph.degrees == 0)
    indptr = np.concatenate([[0], np.cumsum(np.maximum(graph.degrees, 1))])
    return indptr, np.insert(graph.indices, graph.indptr[lonely], lonely)


def chunks_of(indptr, chunk_edges, most_rows):
    """Row ranges of at most ``chunk_edges`` edges and ``most_rows`` rows, each at least one row."""
    start, last = 0, len(indptr) - 1
    while start < last:
        stop = int(np.searchsorted(indptr, indptr[start] + chunk_edges, side="right")) - 1
        stop = min(max(stop, start + 1), start + most_rows, last)
        yield start, stop
        start = stop


def rows_of_a_chunk(chunk_edges, width):
    """The most rows of a chunk whose rows have ``width`` values."""
    return max(1, min(chunk_edges, CHUNK_VALUES // max(width, 1)))


def inputs_of(h, ids):
    """The rows ``ids`` of features or of a layer's outputs."""
    return h.rows(ids) if isinstance(h, FeatureStore) else h.index_select(0, ids)


def home(device, num_values):
    """Where the outputs of a layer are kept: on a GPU with room for two layers in half of its free memory, else on the CPU."""
    device = torch.device(device)
    if device.type == "cuda" and 2 * 4 * num_values <= free_memory(device) // 2:
        return device
    return torch.device("cpu")


def checked_out(out, shape):
    """``out``, if it is a float32 array of ``shape``."""
    if not isinstance(out, np.ndarray):
        raise TypeError(f"out must be a float32 array of shape {shape}, got {told(out)}")
    if out.shape != shape or out.dtype != np.float32 or not out.flags.writeable:
        kind = "" if out.flags.writeable else "read-only "
        raise ValueError(f"out must be a float32 array of shape {shape}, got {kind}{out.dtype} {out.shape}")
    return out


def new_rows(num_nodes, device, width):
    """Memory where the outputs of a layer go."""
    return torch.empty(num_nodes, width, dtype=torch.float32, device=home(device, num_nodes * width))


def entered(enter, width, store, device, told, space, name="entered"):
    """What ``enter``, a function of rows of features, makes of all features: [N, width]."""
    kept = space.rows(name, len(store), width)
    most = rows_of_a_chunk(CHUNK_EDGES, width if store.is_sparse else max(width, store.num_features))
    chunks = [(start, min(start + most, len(store))) for start in range(0, len(store), most)]
    for start, stop in space.begin(chunks, told):
        kept[start:stop] = enter(store.rows(torch.arange(start, stop, device=store.device)).to(device))
        space.done(start, stop)
    space.end(kept)
    return kept


def aggregated(aggregator, h, indptr, neighbors, x_self, device):
    """What any aggregator makes of rows of h, on ``device``. Row i has the ``neighbors`` [indptr[i], indptr[i + 1]).

    Each neighbour is taken once.
    """
    sources, columns = np.unique(neighbors, return_inverse=True)
    block = CSRMatrix.from_numpy(indptr, columns.astype(np.int32, copy=False), None, len(sources)).to(device)
    x = inputs_of(h, torch.from_numpy(sources).to(h.device)).to(device)
    return aggregate(aggregator, x, block, x_self)


class Told:
    """``progress``, told of each chunk. total: rows in all."""

    def __init__(self, progress, total):
        self.progress, self.done, self.total = progress, 0, total

    def rows(self, rows):
        """A chunk is done, a slice of rows."""
        self.done += rows.stop - rows.start
        if self.progress is not None:
            self.progress(self.done, self.total)

    def skip(self, count):
        """So many rows need not be made here."""
        self.done += count
