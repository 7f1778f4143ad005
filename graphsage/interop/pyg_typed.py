"""``HeteroData`` of PyTorch Geometric: typed graphs, datasets and batches made of it, and it of them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from graphsage.base.foreign import is_sparse
from graphsage.base.told import names_of, shown
from graphsage.data.split import SPLITS
from graphsage.data.typed_dataset import TypedDataset
from graphsage.graph.features import SparseFeatures
from graphsage.graph.typed_graph import TypedGraph
from graphsage.interop.arrays import refuse_stand_ins
from graphsage.interop.pyg_parts import labels_of, names_of_nodes, split_of, tensor_of, values_at
from graphsage.sampling.typed_batch import TypedMiniBatch


def listed(relations: Any) -> str:
    """Relations for people."""
    return ", ".join(map(str, relations)) or "none"


# ---- from


def is_hetero_data(data: Any) -> bool:
    """Is it a ``torch_geometric.data.HeteroData``? It is not imported to know that."""
    return {"HeteroData", "torch_geometric"} <= set(names_of(data))


def dataset_of(data: Any, split: int | None, name: str | None, target: str | None) -> TypedDataset:
    """The ``TypedDataset`` of a ``HeteroData``: see ``from_pyg``."""
    graph = typed_graph(
        data,
        {name: _edges(data, name) for name in data.edge_types},
        weights=_attributes(data, data.edge_types, "edge_weight"),
        times=_attributes(data, data.edge_types, "time"),
    )
    target = _target(data, target)
    names = {of: names_of_nodes(data[of]) for of in data.node_types}
    return TypedDataset(
        graph=graph,
        features=_attributes(data, data.node_types, "x"),
        target=target,
        **({} if target is None else _of_target(data[target], graph.num_nodes[target], split)),
        node_ids={of: ids for of, ids in names.items() if ids is not None},
        node_times=_attributes(data, data.node_types, "time"),
        name=name,
    )


def typed_graph(data: Any, edges: Mapping, *, weights: Mapping | None = None, times: Mapping | None = None) -> TypedGraph:
    """The ``TypedGraph`` of a ``HeteroData``'s types and of these edges."""
    if not data.node_types:
        raise ValueError("data has no nodes of any type, and a dataset needs some: set x or num_nodes of a type")
    sizes = {name: data[name].num_nodes for name in data.node_types}
    named = {of for name in edges for of in (name[0], name[2])}
    for name in [of for of in (*sizes, *sorted(named)) if sizes.get(of) is None]:
        raise ValueError(f"data[{name!r}] has no num_nodes, and no x to tell it: set data[{name!r}].num_nodes")
    return TypedGraph(sizes, edges, weights=weights, times=times)


def _edges(data, name):
    """[2, E], or a sparse matrix whose rows hold the sources."""
    edges = data[name].get("edge_index")
    edges = data[name].get("adj_t") if edges is None else edges
    if edges is None or edges is data[name].get("adj_t") and not is_sparse(edges):
        rule = "set it to an int tensor [2, edges], or adj_t to a sparse tensor of torch"
        raise ValueError(f"data[{name}] has no edge_index: {rule}")
    return edges


def _attributes(data, stores, name):
    """{type or relation: its attribute} of those that have one."""
    return {of: data[of][name] for of in stores if data[of].get(name) is not None}


def _target(data, target):
    """The type that has labels; None if none has."""
    labelled = [name for name in data.node_types if data[name].get("y") is not None]
    if target is not None and target not in labelled:
        raise ValueError(f"target must be a type with labels y, got {shown(target)}: {labelled or 'none'} have some")
    if target is None and len(labelled) > 1:
        raise ValueError(f"several types have labels y, {', '.join(map(repr, labelled))}: choose by target=")
    return target or next(iter(labelled), None)


def _of_target(store, num_nodes, split):
    labels = labels_of(store, num_nodes)
    return {"labels": labels, **split_of(store, labels, num_nodes, split)}


# ---- to


def is_typed(thing: Any) -> bool:
    """Does ``hetero_of`` take it?"""
    return isinstance(getattr(thing, "minibatch", thing), (TypedGraph, TypedDataset, TypedMiniBatch))


def hetero_of(thing: Any, edge_attr: Mapping | None = None, edge_weight: Mapping | None = None) -> Any:
    """``HeteroData`` of a ``TypedGraph``, ``TypedDataset``, ``TypedMiniBatch`` or ``TypedBatch``: see ``to_pyg``."""
    if isinstance(thing, TypedGraph):
        return _of_graph(thing)
    return _of_dataset(thing) if isinstance(thing, TypedDataset) else _of_batch(thing, edge_attr, edge_weight)


def _of_graph(graph):
    """Edges in the order of their ids."""
    data = _hetero_data()
    for name, count in graph.num_nodes.items():
        data[name].num_nodes = count
    for name in graph.relations:
        span = graph.span(name)
        order = np.argsort(graph.edge_ids[span], kind="stable")
        data[name].edge_index = torch.from_numpy(np.stack([ids[order] for ids in graph.edges(name)]))
        for attribute, values in (("edge_weight", graph.rows.weights), ("time", graph.rows.times)):
            if values is not None:
                data[name][attribute] = tensor_of(attribute, values[span][order])
    return data


def _of_dataset(dataset):
    data = _of_graph(dataset.graph)
    for name, features in dataset.features.items():
        if not (isinstance(features, SparseFeatures) and features.is_identity):
            dense = features.to_scipy().toarray() if isinstance(features, SparseFeatures) else features
            data[name].x = torch.from_numpy(np.array(dense, np.float32))
    for name, ids in dataset.node_ids.items():
        data[name].node_ids = ids.tolist()
    for name, times in (dataset.node_times or {}).items():
        data[name].time = tensor_of("time", times)
    if dataset.target is not None:
        store, targets = data[dataset.target], dataset.targets
        store.y = tensor_of("labels", targets.labels)
        for part in SPLITS:
            store[f"{part}_mask"] = torch.from_numpy(np.isin(np.arange(len(targets.labels)), getattr(targets, part)))
    return data


def _of_batch(batch, edge_attr, edge_weight):
    minibatch, data = getattr(batch, "minibatch", batch), _hetero_data()
    offsets = minibatch.hop_offsets
    for name, nodes in minibatch.nodes.items():
        data[name].n_id = torch.from_numpy(nodes.astype(np.int64))
        data[name].num_nodes, data[name].num_sampled_nodes = len(nodes), np.diff(offsets[name]).tolist()
        if minibatch.tree is not None:
            data[name].batch = torch.from_numpy(minibatch.tree[name].astype(np.int64))
    for name, index in minibatch.seed_index.items():
        data[name].seed_index, data[name].batch_size = torch.from_numpy(index), int(offsets[name][1])
    for name, indptr in minibatch.indptr.items():
        rows = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))
        data[name].edge_index = torch.from_numpy(np.stack([minibatch.indices[name].astype(np.int64), rows]))
        data[name].num_sampled_edges = np.diff(indptr[offsets[name[2]][:-1]]).tolist()
        _add_edges(data[name], name, minibatch, {"edge_attr": edge_attr, "edge_weight": edge_weight})
    return data if batch is minibatch else _with_tensors(data, batch)


def _add_edges(store, relation, minibatch, of_edges):
    """What is known of single edges, by their ids."""
    of_edges = {name: values[relation] for name, values in of_edges.items() if values is not None and relation in values}
    if minibatch.edge_ids is None:
        for name in of_edges:
            raise ValueError(f"{name} needs edge ids: draw with NeighborSampler(..., edge_ids=True)")
        return
    store.e_id = torch.from_numpy(minibatch.edge_ids[relation])
    refuse_stand_ins(minibatch.edge_ids[relation])
    for name, values in of_edges.items():
        store[name] = values_at(f"{name}[{relation}]", values, store.e_id)


def _with_tensors(data, batch):
    """With what a ``TypedBatch`` has beside its topology."""
    for name, x in batch.x.items():
        if not _is_identity(x, batch.minibatch.nodes[name]):
            data[name].x = x if isinstance(x, torch.Tensor) else x.to_dense()
    if batch.pairs is not None:
        of_type = [batch.seed_index[batch.relation[end]] for end in (0, 2)]
        store = data[batch.relation]
        store.edge_label_index = torch.stack([index[rows] for index, rows in zip(of_type, batch.pairs)])
        store.edge_label = batch.y
    elif batch.y is not None:
        store = data[batch.target]
        store.y = batch.y.new_empty(store.batch_size, *batch.y.shape[1:])
        store.y[batch.seed_index] = batch.y  # repeats of a seed all carry its label
    return data.to(batch.places.device)


def _is_identity(x, nodes):
    """Are they rows of ``SparseFeatures.identity``? n_id says as much, in a column fewer a node of the graph."""
    if isinstance(x, torch.Tensor) or x.values is not None or len(x.indices) != len(nodes):
        return False
    return np.array_equal(x.indices.cpu().numpy(), nodes)


def _hetero_data():
    try:
        from torch_geometric.data import HeteroData
    except ImportError as error:
        raise ImportError("to_pyg needs torch-geometric: pip install torch-geometric") from error
    return HeteroData()
