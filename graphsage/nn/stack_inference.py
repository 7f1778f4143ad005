"""Exact inference of a ``Stack``, and whether a module computes what its layers compute one by one."""

from contextlib import contextmanager
from copy import deepcopy
from types import SimpleNamespace

import numpy as np
import torch

from graphsage.base import rng
from graphsage.base.checks import as_count, one_of
from graphsage.base.told import of_kind, told
from graphsage.config.groups import ISOLATED
from graphsage.graph.features import SparseFeatures
from graphsage.graph.graph import Graph
from graphsage.graph.subgraph import induced_subgraph
from graphsage.nn.foretold import foretold_of_stack
from graphsage.nn.room import Room
from graphsage.nn.stacked import NotALayer, dtype_of, layer_outputs
from graphsage.nn.whole_graph import CHUNK_EDGES, place_of, rows_with
from graphsage.tensors.ambient import plain_modes
from graphsage.tensors.csr_matrix import CSRMatrix
from graphsage.tensors.keyed_rng import keyed_rng
from graphsage.tensors.store import FeatureStore

FEW = 12  # nodes that are looked at, with three neighbours each
CHUNK = 3  # edges: so few that the nodes are parted
TOLERANCE = 1e-4  # of the largest output


@plain_modes()
@torch.no_grad()
def stack_inference(
    model, graph, features, *, isolated="empty", device=None, chunk_edges=CHUNK_EDGES, num_layers=None, out=None,
    progress=None, widths=None, room=None,
):  # fmt: skip
    """``inference`` of a ``Stack``: the same arguments, result and bounds. widths: of ``check_stack``, if it was asked before.

    room: ``Room``. What its layers look at is read as it lies, not in passes.
    """
    device, graph, depth = place_of(model, device), of_kind("graph", graph, Graph), len(model.layers)
    num_layers = as_count("num_layers", depth if num_layers is None else num_layers, least=1, most=depth)
    store = features if isinstance(features, FeatureStore) else FeatureStore(features)
    if len(store) != graph.num_nodes:
        raise ValueError(f"features must have shape [{graph.num_nodes}, features], got {list(store.features.shape)}")
    as_count("chunk_edges", chunk_edges, least=1)
    rows = rows_with(graph, one_of("isolated", isolated, ISOLATED))
    widths = check_stack(model, graph, store, isolated=isolated) if widths is None else widths
    room, how = Room() if room is None else room, {"chunk_edges": chunk_edges}
    if room.resume:
        raise ValueError(f"resume=True is of a GraphSAGE, got {told(model)}: leave it out")
    need = foretold_of_stack(widths[:num_layers], graph, store, **how, isolated=isolated, has_out=out is not None)
    with _evaluated(model), room.space(need, device, None) as space:
        *_, h = layer_outputs(model, rows, store, num_layers, **how, device=device, out=out, progress=progress, space=space)
    return h.float().cpu()


@contextmanager
def _evaluated(model):
    was_training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(was_training)


@plain_modes()
@torch.no_grad()
def check_stack(model, graph, store, *, isolated="empty"):
    """The widths of the outputs, one a layer, if ``forward`` goes through the layers: compared on a few nodes of ``graph``.

    On a copy whose weights were moved: a scale of 1 or a bias of 0 behind the layers would not be seen before it is trained.
    ``NotALayer`` where the layers are not called so at all; ValueError or TypeError, one sentence, where they return something
    else than rows of the destinations, and where the module computes something else than its layers.
    """
    nodes, device = _nodes(graph), place_of(model, None)
    if not len(nodes):
        return []
    rows, few = rows_with(induced_subgraph(graph, nodes), isolated), _features_of(store, nodes)
    with keyed_rng(rng.stream_key(0, rng.INIT), device):
        other = _copy(model)

        def computed(**how):
            return list(layer_outputs(other, rows, few, len(model.layers), device=device, names=nodes, **how))

        computed()  # lazy weights come to be
        _move_weights(other)
        whole = computed()
        if not _is_same_in_parts(computed, whole):
            raise _refused(
                model,
                "what its layers make of a node depends on which other nodes are there, as under norms over all of them "
                "(GraphNorm, BatchNorm without running statistics), or is drawn at random in evaluation mode",
            )
        batch = _batch(other, rows, few, nodes, device)
        if not _same(_forward(other, batch), whole[-1][batch.seed_index.cpu()]):
            what = "its layers one by one, with between(depth, h) after each but the last"
            raise _refused(model, f"its forward gives other outputs than {what}")
    return [h.shape[1] for h in whole]


def _refused(model, why):
    return ValueError(f"{type(model).__name__} cannot be computed layer by layer: {why}")


def _nodes(graph):
    """int64, rising: a few nodes from all over the graph, and neighbours of theirs."""
    linked = np.flatnonzero(graph.degrees)
    linked = linked[np.linspace(0, len(linked) - 1, min(FEW, len(linked))).astype(np.int64)]
    near = [graph.indices[graph.indptr[v] : graph.indptr[v + 1]][:3] for v in linked]
    return np.unique(np.concatenate([np.arange(min(graph.num_nodes, 2)), linked, *near])).astype(np.int64)


def _features_of(store, nodes):
    rows = store.features
    return FeatureStore(rows.take(nodes) if isinstance(rows, SparseFeatures) else rows[nodes])


def _copy(model):
    try:
        return deepcopy(model).eval()
    except Exception as error:
        raise _refused(model, f"it cannot be copied, to be looked at ({error})") from error


def _move_weights(model):
    """Running statistics too, upwards, as variances stay positive."""
    for values in model.buffers():
        if values.is_floating_point():
            values.add_(torch.rand_like(values) * (0.05 + 0.1 * values.abs()))
    for weight in model.parameters():
        if weight.is_floating_point():
            weight.add_(torch.randn_like(weight) * (0.05 + 0.1 * weight.abs()))


def _is_same_in_parts(computed, whole):
    try:
        return _same(computed(chunk_edges=CHUNK)[-1], whole[-1])
    except NotALayer:  # norms over all nodes want more than one
        return False


def _batch(model, rows, few, nodes, device):
    """What of a ``Batch`` the outputs of a ``Stack`` may depend on: some nodes, one of them twice, all neighbours."""
    every = np.arange(len(nodes))
    x = few.rows(torch.from_numpy(every)).to_dense()  # as the layers get it
    block = CSRMatrix.from_numpy(rows[0], np.array(rows[1]), None, len(nodes), nodes=nodes.astype(np.int32)).to(device)
    asked = np.append(every[::-2], every[-1])
    return SimpleNamespace(
        x=x.to(device, dtype_of(model)),
        blocks=[block] * len(model.layers),
        seeds=torch.from_numpy(nodes[asked]).to(device),
        seed_index=torch.from_numpy(asked).to(device),
        reduce=None,
    )


def _forward(model, batch):
    try:
        return model(batch)
    except Exception as error:
        said = str(error).strip().partition("\n")[0]
        raise _refused(model, f"its forward asks for more than x, blocks and seed_index of a batch ({said})") from error


def _same(outputs, wanted):
    """Are they the same numbers, up to rounding? [B] is as good as [B, 1]."""
    if not isinstance(outputs, torch.Tensor) or outputs.shape[:1] != wanted.shape[:1] or outputs.numel() != wanted.numel():
        return False
    outputs, wanted = outputs.float().cpu().reshape(wanted.shape), wanted.float().cpu()
    scale = wanted.nan_to_num(0, 0, 0).abs().max().item() if wanted.numel() else 0
    return torch.allclose(outputs, wanted, rtol=TOLERANCE, atol=TOLERANCE * scale, equal_nan=True)
