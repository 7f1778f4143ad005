"""Stack: a user's own layers, one over the other, and what each makes of a whole graph, in chunks."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import torch
from torch import nn

from graphsage.base.told import told
from graphsage.nn.layered import has_layers
from graphsage.nn.whole_graph import CHUNK_EDGES, CHUNK_VALUES, Told, checked_out, chunks_of, home, inputs_of
from graphsage.nn.workspace import Workspace
from graphsage.tensors.csr_matrix import CSRMatrix
from graphsage.tensors.store import FeatureStore


class Stack(Protocol):
    """A ``torch.nn.Module`` of the caller's own that ``inference`` computes exactly, as it does a ``GraphSAGE``.

    layers: each is called as layer(x, block) and returns [num_dst, width], a row for each of the block's ``num_rows``
        destinations. x: [num_src, F], dense; destination i is source i. block: ``CSRMatrix`` [num_dst, num_src].
        The same module may stand there twice. ``graphsage.interop.pyg.PyGLayer`` makes a layer of a convolution of PyG.
    between: what is done to the outputs of each layer but the last (activation, norm, dropout), h -> h of as many rows. A
        module without it has nothing there.

    Its ``forward(batch)`` must go the same way, over ``batch.x`` and ``batch.blocks``, and end with the rows of the seeds:
    ``h[batch.seed_index]``. What a node gets must not depend on which other nodes are there, in evaluation mode.
    """

    layers: Sequence[Any]

    def between(self, depth: int, h: torch.Tensor) -> torch.Tensor: ...


class NotALayer(TypeError):
    """What stands in ``layers`` is not called as layer(x, block): the module has them for something else."""


def is_stack(model):
    """Has the module ``layers`` that may be those of a ``Stack``? Whether they are, ``check_stack`` says."""
    layers = getattr(model, "layers", None)
    is_list = isinstance(layers, (nn.ModuleList, list, tuple)) and len(layers) > 0
    return isinstance(model, nn.Module) and not has_layers(model) and is_list and all(map(callable, layers))


def layer_outputs(
    model, rows, h, num_layers, *, device, chunk_edges=CHUNK_EDGES, out=None, progress=None, names=None, space=None
):
    """Yield what goes into each next layer, [N, width], of features ``h``; the last is written to ``out`` if there is one.

    rows: (indptr, indices). names: int [N], the graph's node that each row is; None: the same. space: ``Workspace``.
    """
    num_rows, space = len(rows[0]) - 1, Workspace(device) if space is None else space
    told = Told(progress, num_layers * num_rows)
    for depth in range(num_layers):
        made, limit = _maker(model, depth, rows, h, device, names), min(chunk_edges, CHUNK_VALUES // _width(h))
        first = made(0, min(2, num_rows))  # a row or two, to know what the layer makes
        kept = _kept(first, num_rows, space, out if depth == num_layers - 1 else None)
        limit = max(1, min(limit, CHUNK_VALUES // max(first.shape[1], 1)))
        for start, stop in space.begin(list(chunks_of(rows[0], limit, limit)), told):
            kept[start:stop] = _of_width(made(start, stop), first.shape[1], depth).to(kept.device)
            space.done(start, stop)
        space.end(kept)
        h = kept
        yield h


def _width(h):
    return h.num_features if isinstance(h, FeatureStore) else max(h.shape[1], 1)


def _kept(first, num_rows, space, out):
    """Where the outputs of a layer go: ``out`` if it is an array, else a place of their own dtype."""
    shape = (num_rows, first.shape[1])
    if out is None and first.dtype != torch.float32:
        return torch.empty(*shape, dtype=first.dtype, device=home(space.device, num_rows * first.shape[1]))
    return space.rows("layer", *shape, out if out is None else checked_out(out, shape))


def _maker(model, depth, rows, h, device, names):
    """function(start, stop): what layer ``depth`` and what follows it make of the rows [start, stop)."""
    layer, dtype, between = model.layers[depth], dtype_of(model), getattr(model, "between", None)
    what = f"layers[{depth}], a {type(layer).__name__},"

    def made(start, stop):
        nodes, block = _block(*rows, start, stop, names)
        x = inputs_of(h, torch.from_numpy(nodes).to(h.device))
        x = (x.to_dense() if isinstance(x, CSRMatrix) else x).to(device, dtype)
        out = _checked(_called(f"{what} as layer(x, block),", layer, x, block.to(device)), stop - start, what)
        if between is None or depth == len(model.layers) - 1:
            return out
        return _checked(_called("between(depth, h)", between, depth, out), stop - start, "between(depth, h)")

    return made


def _block(indptr, indices, start, stop, names):
    """(rows of the sources, the destinations first; the block of the rows [start, stop))."""
    neighbors = indices[indptr[start] : indptr[stop]]
    is_own = (neighbors >= start) & (neighbors < stop)
    others = np.unique(neighbors[~is_own])
    columns = np.where(is_own, neighbors - start, stop - start + np.searchsorted(others, neighbors))
    nodes = np.concatenate([np.arange(start, stop), others])
    known = (nodes if names is None else names[nodes]).astype(np.int32)
    local = indptr[start : stop + 1] - indptr[start]
    return nodes, CSRMatrix.from_numpy(local, columns.astype(np.int32), None, len(nodes), nodes=known)


def dtype_of(model):
    """The dtype of the weights where all have one; else float32."""
    dtypes = {weight.dtype for weight in model.parameters() if weight.is_floating_point()}
    return dtypes.pop() if len(dtypes) == 1 else torch.float32


# ---- what layers return


def _called(name, function, *given):
    """What a function of the caller's own returns, if it can be called so."""
    try:
        return function(*given)
    except Exception as error:
        shapes = ", ".join(f"{list(value.shape)}" if hasattr(value, "shape") else f"{value}" for value in given)
        said = str(error).strip().partition("\n")[0]
        raise NotALayer(f"{name} cannot be called with {shapes}: {type(error).__name__}: {said}") from error


def _checked(out, num_rows, name):
    rule = f"{name} must return a dense tensor of floats, a row for each of {num_rows} destinations"
    if not isinstance(out, torch.Tensor):
        raise TypeError(f"{rule}; it returned {'None' if out is None else told(out)}")
    if out.layout != torch.strided or not out.is_floating_point():
        raise TypeError(f"{rule}; it returned {out.dtype}, {out.layout}".replace("torch.", ""))
    if out.ndim != 2 or len(out) != num_rows:
        raise ValueError(f"{rule}, [{num_rows}, width]; it returned {list(out.shape)}")
    return out


def _of_width(out, width, depth):
    if out.shape[1] != width:
        raise ValueError(f"layers[{depth}] must return rows of one width; they were {width} and then {out.shape[1]} wide")
    return out
