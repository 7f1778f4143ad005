"""A graph that PyTorch Geometric's users save: ``torch.save(data, "graph.pt")``, or of ``data.to_dict()``.

torch reads it with ``weights_only=True``: tensors, numbers and texts, and the records of PyG where that is installed. Nothing
that a file names is run.
"""

import re
import warnings
from contextlib import nullcontext
from importlib.util import find_spec
from pickle import UnpicklingError

import numpy as np
import torch

from graphsage.data.errors import DatasetError
from graphsage.data.readers.graph_tables import GraphTables, edge_table
from graphsage.data.readers.look import is_called
from graphsage.data.split import SPLITS

MASKS = tuple(f"{part}_mask" for part in SPLITS)
CONVERT = "where it is from, data = torch.load(FILE, weights_only=False) and torch.save(data.to_dict(), FILE) make it readable"


def fits_pyg(path):
    """Is it called a file of torch?"""
    return is_called(path, ".pt", ".pth")


def tables_pyg(path):
    """The ``GraphTables``: edge_index [2, E], edge_weight [E], x [N, F], y, masks [N] or [N, S]; a node is its row."""
    import pyarrow as pa

    data = _data(path)
    source, target = _edges(path, data)
    num_nodes = _num_nodes(path, data, max(source.max(initial=-1), target.max(initial=-1)) + 1)
    edges, notes = edge_table(source, target, _array(path, data, "edge_weight", len(source)))
    columns = {"id": pa.array(np.arange(num_nodes))} | _labels(path, data, num_nodes)
    for name in MASKS:
        mask = _array(path, data, name, num_nodes)
        columns |= {} if mask is None else {name: pa.array(list(mask.astype(float)) if mask.ndim == 2 else mask.astype(bool))}
    unused = [str(name) for name in data if name not in ("edge_index", "edge_weight", "x", "y", "num_nodes", *MASKS)]
    notes += [f"not used: {', '.join(unused)[:200]}"] if unused else []
    return GraphTables(edges=edges, nodes=pa.table(columns), array=data.get("x"), notes=notes)


def _data(path):
    """{name: tensor or plain value} of the one graph in the file."""
    try:
        found = _loaded(path)
    except Exception as error:  # torch's reader raises of every kind on damage
        asked = re.search(r"GLOBAL ([\w.]+)", str(error))
        why = f"asks for {asked[1]}, which is not run" if asked else "is no intact file of torch"
        raise DatasetError(f"{path} {why}: {CONVERT}") from None
    if isinstance(found, tuple | list) and found:  # as InMemoryDataset keeps it: data, slices, class
        if len(found) > 1 and isinstance(found[1], dict) and any(len(ends) > 2 for ends in found[1].values()):
            raise DatasetError(f"{path} holds many graphs, and one is read: torch.save(dataset[0].to_dict(), ...) saves one")
        found = found[0]
    if hasattr(found, "to_dict"):
        found = found.to_dict()
    if not isinstance(found, dict):
        raise DatasetError(f"{path} must hold a dict or a Data with edge_index, it holds a {type(found).__name__}")
    return found


def _loaded(path):
    """What is in the file; PyG, where it is installed, is imported only for a file that asks for it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of other versions of pickles, and of PyG's import
        try:
            return torch.load(path, map_location="cpu", weights_only=True)
        except UnpicklingError as error:
            if "GLOBAL torch_geometric." not in str(error) or find_spec("torch_geometric") is None:
                raise
        with _records_of_pyg():
            return torch.load(path, map_location="cpu", weights_only=True)


def _records_of_pyg():
    """Within, torch reads PyG's records too: they hold attributes, and do nothing."""
    from torch_geometric.data import data, storage

    if not hasattr(torch.serialization, "safe_globals"):  # torch 2.4
        return nullcontext()
    return torch.serialization.safe_globals([data.Data, data.DataEdgeAttr, data.DataTensorAttr, storage.GlobalStorage])


def _edges(path, data):
    """int64 [E] twice."""
    edges = data.get("edge_index")
    if not isinstance(edges, torch.Tensor):
        held = ", ".join(map(str, data))[:200]
        several = "; of several types of nodes or edges data.to_homogeneous() makes one" if "_global_store" in data else ""
        raise DatasetError(f"{path} has no tensor edge_index [2, edges], only {held}{several}")
    if edges.layout != torch.strided or edges.ndim != 2 or len(edges) != 2 or edges.is_floating_point():
        raise DatasetError(f"{path}: edge_index must be integers [2, edges], got {edges.dtype} {list(edges.shape)}")
    edges = edges.numpy(force=True).astype(np.int64)
    if edges.size and edges.min() < 0:
        raise DatasetError(f"{path}: edge_index must be nodes from 0, got {edges.min()}")
    return edges


def _num_nodes(path, data, least):
    """N: as stated, or as the rows of x, y or a mask tell; at ``least`` those that edges name."""
    stated = data.get("num_nodes")
    sized = [len(of) for name in ("x", "y", *MASKS) if isinstance(of := data.get(name), torch.Tensor) and of.ndim]
    count = stated if isinstance(stated, int) else next(iter(sized), int(least))
    if count < least or count > max([least, *sized]) + (1 << 24):
        raise DatasetError(f"{path} has {count} nodes by num_nodes or x, and edge_index names node {int(least) - 1}")
    return count


def _array(path, data, name, length):
    """The tensor of this name as a numpy array of so many rows, or None."""
    values = data.get(name)
    if values is None:
        return None
    if not isinstance(values, torch.Tensor) or values.layout != torch.strided or not values.ndim or len(values) != length:
        found = list(values.shape) if isinstance(values, torch.Tensor) else type(values).__name__
        raise DatasetError(f"{path}: {name} must be a tensor of {length} rows, got {found}")
    values = values.detach().float() if values.dtype in (torch.half, torch.bfloat16) else values
    return values.numpy(force=True)


def _labels(path, data, num_nodes):
    """{column: values} of y: classes [N] or [N, 1], numbers, or [N, C] of 0 and 1."""
    import pyarrow as pa

    y = _array(path, data, "y", num_nodes)
    if y is None:
        return {}
    if y.ndim == 2 and y.shape[1] > 1:
        return {"labels": pa.array(list(y.astype(float)))}
    return {"label": pa.array(y.reshape(num_nodes).astype(np.int64 if y.dtype.kind in "biu" else np.float64))}
