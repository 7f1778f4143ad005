"""What the sampler for PyG's loaders does otherwise for ``Data``, of one type of nodes, and for ``HeteroData``, of several."""

from collections.abc import Mapping
from dataclasses import replace as changed

import numpy as np
import torch
from torch_geometric.data import Data, HeteroData
from torch_geometric.sampler import HeteroSamplerOutput, SamplerOutput

from graphsage.base.checks import as_fanouts
from graphsage.graph.graph import Graph
from graphsage.interop.pyg import edge_index_of
from graphsage.interop.pyg_seeds import each_seed, each_seed_typed
from graphsage.interop.pyg_typed import listed, typed_graph


def kind_of(data, time_attr, weight_attr):
    """``OneType`` of a ``Data``, ``SeveralTypes`` of a ``HeteroData``; TypeError for other things."""
    if not isinstance(data, (Data, HeteroData)):
        raise TypeError(f"data must be a torch_geometric.data.Data or HeteroData, got {type(data).__name__}")
    return (OneType if isinstance(data, Data) else SeveralTypes)(data, time_attr, weight_attr)


class OneType:
    """Of a ``Data``: its graph, num_nodes, and node_time and edge_time, a tensor at most one of them."""

    def __init__(self, data, time_attr, weight_attr):
        if "adj_t" in data or data.edge_index is None:
            raise ValueError("data must have its edges in edge_index, a tensor [2, edges], and no adj_t")
        edges = numpy_of(data.edge_index)
        if edges.ndim != 2 or len(edges) != 2:
            raise ValueError(f"edge_index must have shape [2, edges], got {list(edges.shape)}")
        self.num_nodes = data.num_nodes
        self.node_time, self.edge_time = self._times(data, time_attr)
        weights = None if weight_attr is None else self._weights(data, weight_attr)
        self.graph = Graph.from_edges(*edges, self.num_nodes, weights=weights, times=numpy_of(self.edge_time))

    @staticmethod
    def _times(data, name):
        """(times of the nodes, times of the edges): which, PyG decides by the length."""
        if name is None:
            return None, None
        if name not in data or not (data.is_node_attr(name) or data.is_edge_attr(name)):
            raise ValueError(f"time_attr must name an attribute of nodes or edges, got {name!r}: data has {data.keys()}")
        times = torch.as_tensor(data[name], device="cpu")
        return (times, None) if data.is_node_attr(name) else (None, times)

    @staticmethod
    def _weights(data, name):
        if name not in data or not data.is_edge_attr(name):
            raise ValueError(f"weight_attr must name an attribute of the edges, got {name!r}: data has {data.edge_attrs()}")
        return numpy_of(data[name])

    def fanouts(self, num_neighbors):
        """Those of the ``NumNeighbors``, checked."""
        return as_fanouts("num_neighbors", num_neighbors.values, allow_all=True)

    def own_times(self, seed):
        """When the seeds came to be: the time they are asked at where nothing else is said."""
        return self.node_time[seed]

    @staticmethod
    def between(batch, whole):
        """``batch`` with all edges between its nodes: of ``whole``, all their neighbours, those that are nodes of the batch."""
        # as the nodes were asked for, in this order, they come first
        inside = whole.indices < len(batch.nodes)
        rows = {"indptr": _counted(whole.indptr, inside), "indices": whole.indices[inside]}
        return changed(batch, **rows, edge_ids=whole.edge_ids[inside])

    @staticmethod
    def output(batch):
        """PyG's record of a batch."""
        batch = each_seed(batch)
        edge_index = torch.from_numpy(edge_index_of(batch))
        return SamplerOutput(
            node=torch.from_numpy(batch.nodes.astype(np.int64)),
            row=edge_index[0],
            col=edge_index[1],
            edge=torch.from_numpy(batch.edge_ids),
            batch=None if batch.tree is None else torch.from_numpy(batch.tree.astype(np.int64)),
            num_sampled_nodes=np.diff(batch.hop_offsets).tolist(),
            num_sampled_edges=np.diff(batch.indptr[batch.hop_offsets[:-1]]).tolist(),
        )


class SeveralTypes:
    """Of a ``HeteroData``: the same by type and relation."""

    def __init__(self, data, time_attr, weight_attr):
        for name in data.edge_types:
            if "adj_t" in data[name] or "edge_index" not in data[name]:
                raise ValueError(f"data[{name}] must have its edges in edge_index, a tensor [2, edges], and no adj_t")
        edges = {name: data[name].edge_index for name in data.edge_types}
        self.node_time, self.edge_time = self._times(data, time_attr)
        weights = None if weight_attr is None else self._weights(data, weight_attr)
        self.graph = typed_graph(data, edges, weights=weights, times=numpy_of(self.edge_time))
        self.num_nodes = self.graph.num_nodes

    @staticmethod
    def _times(data, name):
        """(times of nodes by type, times of edges by relation), one of them None."""
        if name is None:
            return None, None
        of_nodes, of_edges = _having(data, data.node_types, name), _having(data, data.edge_types, name)
        if bool(of_nodes) == bool(of_edges):
            found = "both have one" if of_nodes else "neither has one"
            raise ValueError(f"time_attr must name an attribute of nodes or of edges, got {name!r}, and {found}")
        times = {of: torch.as_tensor(values, device="cpu") for of, values in (of_nodes or of_edges).items()}
        return (times, None) if of_nodes else (None, times)

    @staticmethod
    def _weights(data, name):
        found = _having(data, data.edge_types, name)
        if not found:
            raise ValueError(f"weight_attr must name an attribute of the edges, got {name!r}, and no relation has one")
        return {of: numpy_of(values) for of, values in found.items()}

    def fanouts(self, num_neighbors):
        """Those of the ``NumNeighbors``: of all relations, or {relation: fanouts}, in which its default stands for others."""
        values, default = num_neighbors.values, num_neighbors.default
        if not isinstance(values, Mapping):
            return as_fanouts("num_neighbors", values, allow_all=True)
        values = {name.to_tuple(): of for name, of in values.items()}
        for name in values.keys() - set(self.graph.relations):
            there = listed(self.graph.relations)
            raise ValueError(f"num_neighbors has {name}, which is no edge type of data: there are {there}")
        missing = [name for name in self.graph.relations if name not in values]
        if missing and default is None:
            raise ValueError(f"num_neighbors has no {missing[0]}: give it one number a hop, 0 to leave it out")
        return dict.fromkeys(missing, default) | values

    def own_times(self, seed):
        """When the seeds came to be, by type."""
        for name in seed.keys() - self.node_time.keys():
            raise ValueError(f"nodes of type {name!r} have no times: input_time must say when each is asked about")
        return {name: self.node_time[name][ids] for name, ids in seed.items()}

    @staticmethod
    def between(batch, whole):
        """As ``OneType.between``, relation by relation."""
        inside = {name: ids < len(batch.nodes[name[0]]) for name, ids in whole.indices.items()}
        return changed(
            batch,
            indptr={name: _counted(indptr, inside[name]) for name, indptr in whole.indptr.items()},
            indices={name: ids[inside[name]] for name, ids in whole.indices.items()},
            edge_ids={name: ids[inside[name]] for name, ids in whole.edge_ids.items()},
        )

    @staticmethod
    def output(batch):
        """PyG's record of a batch, with all types and relations."""
        batch = each_seed_typed(batch)
        offsets, indptr = batch.hop_offsets, batch.indptr
        col = {name: np.repeat(np.arange(len(of) - 1), np.diff(of)) for name, of in indptr.items()}
        return HeteroSamplerOutput(
            node=_tensors(batch.nodes),
            row=_tensors(batch.indices),
            col=_tensors(col),
            edge=_tensors(batch.edge_ids),
            batch=None if batch.tree is None else _tensors(batch.tree),
            num_sampled_nodes={name: np.diff(of).tolist() for name, of in offsets.items()},
            num_sampled_edges={name: np.diff(of[offsets[name[2]][:-1]]).tolist() for name, of in indptr.items()},
        )


def numpy_of(values):
    """A tensor, wherever it is, as an array; a dict of them by key; anything else as it is."""
    if isinstance(values, dict):
        return {name: numpy_of(of) for name, of in values.items()}
    if not isinstance(values, torch.Tensor):
        return values
    values = values.detach().as_subclass(torch.Tensor).cpu()
    return (values.float() if values.dtype == torch.bfloat16 else values).numpy()


def _having(data, stores, name):
    """{type or relation: its attribute} of those that have one of this name."""
    return {of: data[of][name] for of in stores if name in data[of]}


def _tensors(arrays):
    return {name: torch.from_numpy(array.astype(np.int64)) for name, array in arrays.items()}


def _counted(indptr, inside):
    """``indptr`` of what is left of each row."""
    return np.concatenate([[0], np.cumsum(inside)])[indptr]
