"""Batch.of: what a loader yields, made of a MiniBatch by hand."""

import warnings
from dataclasses import fields

import numpy as np
import pytest
import torch
from helpers.nn_helpers import REDUCTIONS, SEEDS, model_of, node_dataset, sparse

import graphsage as gs
from graphsage.interop import to_pyg
from graphsage.tensors.store import FeatureStore

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # torch_geometric's own, about torch.jit, at import
    import torch_geometric.data  # noqa: F401

DENSE, SPARSE = node_dataset(), node_dataset(is_sparse=True)
GRAPH, X, LABELS = DENSE.graph, DENSE.features, DENSE.labels


def leaves(batch):
    """Every tensor of a batch, in order, as lists."""
    found = []
    batch.map(lambda tensor: found.append(tensor.tolist()) or tensor)
    return found


def drawn(*, is_open=False, seeds=SEEDS, **options):
    sampler = gs.NeighborSampler(GRAPH, [3, 2], **options)
    return (sampler.sample_open if is_open else sampler.sample)(seeds)


@pytest.mark.parametrize("reduce", [None, *REDUCTIONS])
@pytest.mark.parametrize("dataset", [DENSE, SPARSE], ids=["dense", "sparse"])
@pytest.mark.parametrize("options", [{}, {"isolated": "self"}, {"disjoint": True}], ids=str)
def test_is_the_batch_of_a_loader(dataset, reduce, options):
    sampler = gs.NeighborSampler(dataset.graph, [3, 2], **options)
    loader = gs.NeighborLoader(dataset, sampler, 7, nodes=np.array(SEEDS), shuffle=False, reduce=reduce)
    [wanted] = loader
    batch = gs.Batch.of(wanted.minibatch, dataset.features, dataset.labels, reduce=reduce)
    assert leaves(batch) == leaves(wanted)
    assert [field.name for field in fields(batch)] == [field.name for field in fields(wanted)]
    assert repr(batch) == repr(wanted) and batch.pending is None
    for one, other in zip(batch.blocks, wanted.blocks, strict=True):
        assert one.nodes.tolist() == other.nodes.tolist() == batch.minibatch.nodes[: one.num_cols].tolist()
        assert one.head(1).nodes is one.nodes and one.to("meta").nodes is one.nodes


KINDS = {"float64": X.astype(np.float64), "tensor": torch.tensor(X), "lists": X.tolist(), "store": FeatureStore(X)}


@pytest.mark.parametrize("features", KINDS.values(), ids=KINDS)
def test_features_of_every_kind(features):
    assert leaves(gs.Batch.of(drawn(), features)) == leaves(gs.Batch.of(drawn(), X))


def test_labels_of_every_kind():
    one = gs.Batch.of(drawn(), X, LABELS.astype(np.int16)).y
    assert one.dtype is torch.int64 and one.tolist() == LABELS[SEEDS].tolist()
    for labels in (LABELS / 2, np.stack([LABELS, LABELS], 1), torch.tensor(LABELS) > 0):
        y = gs.Batch.of(drawn(), X, labels).y
        assert y.dtype is torch.float32 and y.tolist() == np.asarray(labels)[SEEDS].tolist()


def test_without_labels_it_has_no_y():
    batch = gs.Batch.of(drawn(), X, epoch=3, step=4)
    assert batch.y is None and batch.to("meta").y is None and (batch.epoch, batch.step) == (3, 4)
    assert repr(batch).endswith("epoch=3, step=4, device='cpu')") and batch.places.tolist() == list(range(7))
    torch.testing.assert_close(model_of()(batch), model_of()(gs.Batch.of(drawn(), X, LABELS)))
    assert "y" not in to_pyg(batch)


def test_goes_to_the_device():
    batch = gs.Batch.of(drawn(), X, LABELS, device="meta")
    assert {batch.map(lambda t: t).x.device.type, batch.y.device.type, batch.blocks[0].indptr.device.type} == {"meta"}


def test_no_seeds_and_no_neighbours():
    empty = gs.Graph.from_edges([], [], 3)
    batch = gs.Batch.of(gs.NeighborSampler(empty, [2, 2]).sample([1, 1]), np.eye(3))
    assert batch.seed_index.tolist() == [0, 0] and batch.x.tolist() == [[0, 1, 0]]
    assert model_of(in_features=3)(batch).shape == (2, 3)
    with torch.inference_mode():
        assert not gs.Batch.of(drawn(), X).x.is_inference()


def test_several_columns_of_labels_come_to_pyg():
    columns = np.stack([LABELS, LABELS + 1], 1)
    data = to_pyg(gs.Batch.of(drawn(), X, columns))
    assert data.y.tolist() == columns[data.n_id[: data.batch_size]].tolist()


OPEN = drawn(is_open=True)
WRONG = {
    "no MiniBatch": ((GRAPH, X), {}, "minibatch must be a MiniBatch, got Graph"),
    "a Batch": ((gs.Batch.of(drawn(), X), X), {}, "minibatch must be a MiniBatch, got Batch"),
    "open": ((OPEN, X), {}, "an open MiniBatch has no local ids for its last hop: name .* reduce='mean'"),
    "closed": ((drawn(), X), {"reduce": "mean"}, "reduce='mean' is for an open MiniBatch, and this one is closed: "),
    "unknown": ((OPEN, X), {"reduce": "lstm"}, "reduce must be one of .* got 'lstm'"),
    "few features": ((drawn(), X[:9]), {}, "features must have a row for each node .*: they have 9, and the batch has node"),
    "few, open": ((OPEN, X[:9]), {"reduce": "sum"}, "features must have a row for each node of the graph: they have 9"),
    "few labels": ((drawn(), X, LABELS[:9]), {}, r"labels must be numbers of shape \[60\] or .*; got int64 \[9\]"),
    "texts": ((drawn(), X, ["a"] * 60), {}, r"labels must be numbers of shape \[60\] or .*; got <U1 \[60\]"),
    "nan": ((drawn(), X * np.nan), {}, "features must be finite"),
    "device": ((drawn(), X), {"device": "gpu"}, "device must be"),
    "epoch": ((drawn(), X), {"epoch": -1}, "epoch must be an integer >= 0, got -1"),
}


@pytest.mark.parametrize("given, options, text", WRONG.values(), ids=WRONG)
def test_hostile_input_is_told(given, options, text):
    with pytest.raises((TypeError, ValueError), match=f"^{text}"):
        gs.Batch.of(*given, **options)


def test_sparse_features_stay_sparse():
    assert leaves(gs.Batch.of(drawn(), sparse(X))) == leaves(gs.Batch.of(drawn(), SPARSE.features))
