"""A trained model on a graph: outputs of nodes, exact or from drawn neighbours, in the order that was asked for."""

import os
from contextlib import ExitStack, closing
from pathlib import Path
from urllib.parse import quote

import numpy as np
import torch

from graphsage.base.told import of_kind
from graphsage.config.groups import SampleConfig
from graphsage.config.settings import check_depth
from graphsage.data.dataset import NodeDataset
from graphsage.loading.node_loader import NeighborLoader
from graphsage.nn.jumping import joined_width
from graphsage.nn.whole_graph import checked_out
from graphsage.sampling.neighbor import NeighborSampler
from graphsage.tensors.ambient import plain_modes
from graphsage.trained.predictions import Predictions, node_names, split_names
from graphsage.trained.resumable import all_outputs
from graphsage.trained.tables_out import mapped_rows, slices, write_table
from graphsage.training.label_task import targets_of
from graphsage.training.relation_hops import fanouts_of

BATCH_SIZE = 1024  # seeds of a drawn batch


def check_features(model, dataset, labels=0):
    """ValueError unless the dataset has the features that the model takes. labels: columns beside them."""
    if of_kind("dataset", dataset, NodeDataset).num_features != model.in_features - labels:
        found = f"{dataset.name or 'the dataset'} has {dataset.num_features}"
        raise ValueError(f"the model takes {model.in_features - labels} features a node, but {found}")


def checked_fanouts(model, fanouts):
    """The fanouts, if there is one for each layer of the model."""
    fanouts = SampleConfig(fanouts=fanouts).fanouts
    check_depth(model.num_layers, fanouts)
    return fanouts


def write_predictions(path, dataset, outputs, *, class_names=None, thresholds=None):
    """Write what is known and predicted of all nodes: node, split, label, predicted, probability. To .csv or .parquet.

    outputs: float32 [N, C] or [N, T] of all nodes of ``dataset``, array or tensor. class_names: the model's (default: the
    dataset's). thresholds: as in ``Predictions``.
    """
    names = dataset.class_names if class_names is None else class_names
    found = Predictions(
        nodes=np.arange(dataset.num_nodes),
        outputs=np.asarray(outputs),
        task=dataset.task,
        class_names=names,
        thresholds=thresholds,
    )
    splits = split_names(dataset)
    write_table(path, (found[rows].known_columns(dataset, splits) for rows in slices(len(found))))


def write_embedding(path, trained, dataset, **how):
    """Write ``trained.embed(dataset, **how)`` to a .npy file, not by way of memory, or with the nodes' ids to a .parquet file.

    room: that of ``resumable``, in which a large .npy file comes to be. Returns the rows [N, width]: of a .npy file a
    read-only memory map.
    """
    if Path(path).suffix == ".npy":
        _write_npy(path, trained, dataset, **how)
        return np.load(path, mmap_mode="r")
    rows, nodes = trained.embed(dataset, **how), np.arange(dataset.num_nodes)
    write_table(path, ({"node": node_names(dataset, nodes[s]), "embedding": rows[s]} for s in slices(len(rows))))
    return rows


def _write_npy(path, trained, dataset, **how):
    room = how.get("room")
    if room is None:
        with mapped_rows(path, (dataset.num_nodes, trained.embedding_width)) as rows:
            trained.embed(dataset, out=rows, **how)
        return
    rows, made = trained.embed(dataset, **how), Path(room.scratch) / "result.npy"
    if made.exists():
        os.replace(made, path)
        return
    with mapped_rows(path, rows.shape) as out:  # it was too small to be noted
        out[:] = rows


def write_typed_embedding(path, trained, dataset, **how):
    """The same of a ``TypedDataset``: a file a type, NAME.TYPE.npy (or .parquet) where ``path`` is NAME.npy.

    Returns {type: (path, rows [n_t, width])}, of the types that ``trained.embed`` gives. A type's name is quoted as in an URL.
    """
    kinds = trained.embedded(how.get("fanouts"))
    paths = {kind: Path(path).with_suffix(f".{quote(kind, safe='')}{Path(path).suffix}") for kind in kinds}
    if Path(path).suffix == ".npy":
        shapes = {kind: (dataset.num_nodes[kind], width) for kind, width in kinds.items()}
        with ExitStack() as files:
            out = {kind: files.enter_context(mapped_rows(paths[kind], shapes[kind])) for kind in kinds}
            trained.embed(dataset, out=out, **how)
        return {kind: (paths[kind], np.load(paths[kind], mmap_mode="r")) for kind in kinds}
    found = trained.embed(dataset, **how)
    for kind, rows in found.items():
        names = typed_names(dataset, kind)
        write_table(paths[kind], ({"node": names[s], "embedding": rows[s]} for s in slices(len(rows))))
    return {kind: (paths[kind], rows) for kind, rows in found.items()}


def typed_names(dataset, kind):
    """The names of the nodes of a type of a ``TypedDataset``, their numbers where they have none."""
    names = dataset.node_ids.get(kind, np.arange(dataset.num_nodes[kind]))
    return names if names.dtype.kind == "i" else list(map(str, names))


def exact(model, dataset, nodes, num_layers, *, isolated, device, progress, out, room=None):
    """float32 array [M, width]: what the first ``num_layers`` layers (None: the whole model) make of ``nodes``, exactly."""
    options = {"isolated": isolated, "device": device, "num_layers": num_layers, "out": out, "progress": progress}
    found = all_outputs(model, dataset.graph, dataset.features, **options, room=room)
    return found if nodes is None else found[nodes]


def read_outputs(head, raw, out=None):
    """float32 array [M, C] of raw outputs, as ``Head.read`` gives them; those that are read as they are may lie in a file.

    out: an array to write to.
    """
    raw = torch.from_numpy(raw)
    if out is None and not head.one_logit and head.means is None:
        return head.read(raw).float().numpy()
    shape = (len(raw), head.read(raw[:0]).shape[1])
    found = np.empty(shape, np.float32) if out is None else checked_out(out, shape)
    for rows in slices(len(raw)):
        found[rows] = head.read(raw[rows]).float().numpy()
    return found


@plain_modes()
@torch.no_grad()
def sampled(model, dataset, nodes, num_layers, *, fanouts, draw, isolated, device, progress, out, store=None):
    """The same from drawn neighbours, those until then of a node with a time.

    fanouts: one a layer of the model, of which the last few are not needed. draw: draw, seed and strictly_before of a
    ``NeighborSampler``, and perhaps relation_fanouts of a ``TrainConfig``. store: the ``FeatureStore`` of the dataset, if there
    is one.
    """
    fanouts = checked_fanouts(model, fanouts)
    wanted, place = (None, None) if nodes is None else np.unique(nodes, return_inverse=True)
    count = targets_of(dataset).num_nodes if nodes is None else len(wanted)
    shape = (count, joined_width(model, num_layers))
    out = np.empty(shape, np.float32) if out is None else checked_out(out, shape)
    done = 0
    whole = num_layers is None
    draw = dict(draw)
    fanouts = fanouts_of(dataset.graph, fanouts, draw.pop("relation_fanouts", None))
    fanouts = {r: k[:num_layers] for r, k in fanouts.items()} if isinstance(fanouts, dict) else fanouts[:num_layers]
    for seeds, h in _drawn(model, dataset, wanted, fanouts, draw, isolated, device, whole, store) if count else ():
        out[seeds if wanted is None else np.searchsorted(wanted, seeds)] = h
        done += len(seeds)
        if progress is not None:
            progress(done, count)
    return out if nodes is None else out[place]


def _drawn(model, dataset, nodes, fanouts, draw, isolated, device, whole, store):
    """(seeds, what as many layers as ``fanouts`` make of them, or the whole model) a batch."""
    # a weighted graph: exact outputs do not read its weights either
    options = {"isolated": isolated, "weights": "ignore", "stream": "predict", "node_times": dataset.node_times}
    sampler = NeighborSampler(dataset.graph, fanouts, **draw, **options)
    nodes = np.arange(targets_of(dataset).num_nodes) if nodes is None else nodes
    options = {"rank": 0, "num_ranks": 1, "store": store}  # whoever asks gets all of them
    options |= {"nodes": nodes, "reduce": model.first_layer_reduction, "device": device}
    loader = NeighborLoader(dataset, sampler, BATCH_SIZE, **options)
    with closing(loader.epoch(0)) as batches:
        for batch in batches:
            yield batch.seeds.cpu().numpy(), (model if whole else model.represent)(batch).cpu().numpy()
