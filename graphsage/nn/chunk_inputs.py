"""What goes into a layer, chunk by chunk: own rows, and what neighbours come to, wherever these are read from."""

import numpy as np
import torch

from graphsage.base.jit import drop_frames_of_compiling
from graphsage.nn.whole_graph import aggregated, inputs_of
from graphsage.tensors.csr_matrix import CSRMatrix
from graphsage.tensors.passes import reduced_in_pass
from graphsage.tensors.reductions import with_own
from graphsage.tensors.store import FeatureStore


def chunk_inputs(aggregator, h, rows, chunks, device, space):
    """Yield (start, stop, x_self, x_neigh) of ``chunks``, on ``device``. rows: (indptr, indices) of all.

    h: features or what the last layer made. Where they lie in a file, ranges of chunks are made of passes over them.
    """
    table = None if space.memory is None else space.table(h)
    if table is None:
        inputs = _reduced if aggregator.reduction else _aggregated
        for start, stop in chunks:
            yield start, stop, *inputs(aggregator, h, *_local(rows, start, stop), _ids(h, start, stop), device)
    elif aggregator.reduction:
        yield from _in_passes(aggregator.reduction, h, table, rows, chunks, device, space.memory)
    else:
        yield from _gathered(aggregator, h, table, rows, chunks, device, space.memory)


def _local(rows, start, stop):
    """(indptr, neighbours) of a chunk."""
    indptr, indices = rows
    neighbors = np.array(indices[indptr[start] : indptr[stop]])  # the graph's own are read-only: not for torch
    return indptr[start : stop + 1] - indptr[start], neighbors


def _ids(h, start, stop):
    return torch.arange(start, stop, device=h.device)


def _reduced(aggregator, h, indptr, neighbors, ids, device):
    """(x_self, x_neigh) of the rows ``ids``, reduced where h lies."""
    block = CSRMatrix.from_numpy(indptr, neighbors, None, len(h)).to(h.device)
    if isinstance(h, FeatureStore):
        x_self, x_neigh = h.rows(ids), h.reduce(aggregator.reduction, block, ids)
    else:
        x_self = inputs_of(h, ids)
        x_neigh = aggregator(h, block, x_self)
    return x_self.to(device), x_neigh.to(device)


def _aggregated(aggregator, h, indptr, neighbors, ids, device):
    """(x_self, x_neigh) of the rows ``ids`` from the inputs of their neighbours."""
    x_self = inputs_of(h, ids).to(device)
    return x_self, aggregated(aggregator, h, indptr, neighbors, x_self, device)


# ---- from a file


def pass_sizes(width, memory):
    """(rows whose sums are made in one pass, rows of the table that are read at once) of this width, in so much memory."""
    return max(1, int(memory / 2) // (4 * width + 16)), max(1, int(memory / 8) // (4 * max(width, 1)))


def ranges_of(chunks, sizes, most):
    """Lists of ``chunks`` that follow each other, each as large as may be, or a single chunk. sizes: of the chunks."""
    found, total = [], 0
    for chunk, size in zip(chunks, sizes):
        if found and total + size > most:
            yield found
            found, total = [], 0
        found, total = [*found, chunk], total + size
    if found:
        yield found


class Sums:
    """Memory for the sums of one range after the other. The last ones are overwritten: who still holds some has used them.

    parts: the ranges, lists of chunks; the longest has room.
    """

    def __init__(self, parts):
        self._longest, self._arrays = max((part[-1][1] - part[0][0] for part in parts), default=0), {}

    def of(self, name, num_rows, width):
        """float32 array [num_rows, width] of any content, the only one of this name."""
        if name not in self._arrays:
            self._arrays[name] = np.empty((self._longest, width), np.float32)
        return self._arrays[name][:num_rows]


def _in_passes(kind, h, table, rows, chunks, device, memory):
    """A pass over the table for each range of chunks."""
    most, at_once = pass_sizes(table.shape[1], memory)
    parts = list(ranges_of(chunks, (stop - start for start, stop in chunks), most))
    memory_of = Sums(parts)
    for part in parts:
        begin, indptr = part[0][0], rows[0][part[0][0] : part[-1][1] + 1]
        out = memory_of.of(kind, len(indptr) - 1, table.shape[1])
        sums = torch.from_numpy(reduced_in_pass(kind, table, indptr, rows[1], at_once, out=out))
        drop_frames_of_compiling()  # they have the blocks of that pass
        for start, stop in part:
            x_self, x_neigh = inputs_of(h, _ids(h, start, stop)), sums[start - begin : stop - begin]
            if kind == "gcn":
                counts = np.diff(indptr[start - begin : stop - begin + 1]).astype(np.int32)
                x_neigh = with_own(x_self, x_neigh, torch.from_numpy(counts))
            yield start, stop, x_self.to(device), x_neigh.to(device)


def _gathered(aggregator, h, table, rows, chunks, device, memory):
    """The rows that a range of chunks reads, each once and in order, before its chunks are computed."""
    indptr, indices = rows
    most, _ = pass_sizes(table.shape[1], memory)
    for part in ranges_of(chunks, (indptr[stop] - indptr[start] for start, stop in chunks), most):
        sources = np.unique(indices[indptr[part[0][0]] : indptr[part[-1][1]]])
        own = inputs_of(h, torch.from_numpy(sources))
        for start, stop in part:
            local, neighbors = _local(rows, start, stop)
            x_self = inputs_of(h, _ids(h, start, stop)).to(device)
            neighbors = np.searchsorted(sources, neighbors)
            yield start, stop, x_self, aggregated(aggregator, own, local, neighbors, x_self, device)
