"""Datasets of PyTorch Geometric's data."""

import re
import warnings

import numpy as np
import pytest
import torch
from helpers.graphs import rows

import graphsage as gs
from graphsage.graph.features import SparseFeatures
from graphsage.interop import from_pyg

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # torch_geometric's own, about torch.jit, at import
    from torch_geometric.data import Batch, Data, HeteroData, InMemoryDataset
    from torch_geometric.nn import SAGEConv

pytestmark = pytest.mark.filterwarnings("ignore:(Sparse|Unable to accurately infer)")
EDGES = torch.tensor([[0, 0, 1, 3], [1, 2, 2, 2]])
X = torch.arange(8.0).view(4, 2)
MASK = torch.tensor([True, False, True, False])


def data(**changes):
    parts = {"x": X, "edge_index": EDGES, "y": torch.tensor([0, 1, 2, 1]), "train_mask": MASK, "test_mask": ~MASK}
    return Data(**{**parts, **changes})


def test_its_parts_are_taken():
    found = from_pyg(data(), name="mine")
    assert rows(found.graph) == {0: [], 1: [0], 2: [0, 1, 3], 3: []} and found.graph.edge_ids.tolist() == [0, 1, 2, 3]
    assert found.features.tolist() == X.tolist() and found.labels.tolist() == [0, 1, 2, 1] and found.name == "mine"
    assert (found.train.tolist(), found.val.tolist(), found.test.tolist()) == ([0, 2], [], [1, 3])


def test_messages_go_where_a_convolution_sends_them():
    """The mean over each row, as SAGEConv computes it from edge_index."""
    conv = SAGEConv(2, 2, bias=False, root_weight=False)
    torch.nn.init.eye_(conv.lin_l.weight)
    graph, wanted = from_pyg(data()).graph, conv(X, EDGES).tolist()
    assert [X[graph.neighbors(node).tolist()].mean(0).nan_to_num().tolist() for node in range(4)] == wanted


@pytest.mark.parametrize("layout", ["to_sparse_coo", "to_sparse_csr", "to_sparse_csc"])
def test_adj_t_has_the_neighbours_in_its_rows(layout):
    adjacency = torch.zeros(4, 4)
    adjacency[EDGES[1], EDGES[0]] = 1
    found = from_pyg(data(edge_index=None, adj_t=getattr(adjacency, layout)(), num_nodes=4))
    assert rows(found.graph) == rows(from_pyg(data()).graph)


def test_weights_and_names():
    found = from_pyg(data(edge_weight=torch.tensor([0.5, 1, 2, 4], requires_grad=True), node_ids=["a", "b", "c", "d"]))
    assert found.graph.weights.tolist() == [0.5, 1, 2, 4] and found.node_ids.tolist() == ["a", "b", "c", "d"]
    assert from_pyg(data(n_id=torch.tensor([9, 7, 5, 3]))).node_ids.tolist() == [9, 7, 5, 3]


def test_what_is_not_there():
    bare = from_pyg(Data(edge_index=EDGES, num_nodes=5))
    assert isinstance(bare.features, SparseFeatures) and bare.features.shape == (5, 5)
    assert bare.labels.tolist() == [-1] * 5 and len(bare.train) == len(bare.val) == len(bare.test) == 0
    split = from_pyg(data(train_mask=None, test_mask=None, y=torch.tensor([0, -1, 1, 1])))
    assert sorted([*split.train, *split.val, *split.test]) == [0, 2, 3]


@pytest.mark.parametrize("form", ["bfloat16", "half", "requires_grad_", "to_sparse", "to_sparse_csr"])
def test_features_of_any_kind(form):
    found = from_pyg(data(x=getattr(X.clone(), form)())).features
    assert (found if isinstance(found, np.ndarray) else found.to_scipy().toarray()).tolist() == X.tolist()


@pytest.mark.parametrize("y, task, labels", [
    (torch.tensor([[0], [1], [2], [1]]), "multiclass", [0, 1, 2, 1]),
    (torch.tensor([[0, 1], [1, 1], [0, 0], [1, 0]]), "multilabel", [[0, 1], [1, 1], [0, 0], [1, 0]]),
    (torch.tensor([0.5, 1.25, -3, 8]), "regression", [[0.5], [1.25], [-3], [8]]),
    (torch.tensor([[0.5], [1.25], [-3], [8]]), "regression", [[0.5], [1.25], [-3], [8]]),
])
def test_labels_of_each_task(y, task, labels):
    found = from_pyg(data(y=y))
    assert found.task == task and found.labels.tolist() == labels


def test_masks_of_several_splits():
    several = torch.stack([MASK, ~MASK], dim=1)
    given = data(train_mask=several, test_mask=torch.tensor([False, False, False, False]))
    assert from_pyg(given).train.tolist() == [0, 2] and from_pyg(given, split=1).train.tolist() == [1, 3]
    with pytest.raises(ValueError, match="^split must be an integer from 0 to 1, got 2$"):
        from_pyg(given, split=2)


def test_a_batch_of_graphs_is_one_graph():
    found = from_pyg(Batch.from_data_list([data(), data()]))
    assert found.num_nodes == 8 and rows(found.graph)[6] == [4, 5, 7]


@pytest.mark.parametrize("given, text", [
    (HeteroData(), "data has no nodes of any type, and a dataset needs some"),
    (InMemoryDataset(), "got torch_geometric.InMemoryDataset: give one of its graphs, as data[0]"),
    ([data()], "data must be a torch_geometric.data.Data or HeteroData, got list"),
    (Data(x=X), "data has no edge_index: set it to an int tensor [2, edges], or adj_t to a sparse tensor of torch"),
    (Data(), "data has no num_nodes, and neither x nor edge_index to tell it: set data.num_nodes"),
    (data(edge_index=EDGES.t()), "edge_index must have shape [2, edges], got [4, 2]"),
    (data(edge_index=EDGES + 0.5), "src must be integers that fit 64 bits, got float32"),
    (data(edge_index=EDGES + 2, num_nodes=4), "src[3] = 5 is not a node: the graph has 4"),
    (data(y=torch.tensor([0, 1])), "labels must have one entry per node, 4; got 2"),
    (data(train_mask=MASK[:3]), "train_mask must be a mask of 4 bools, or such masks side by side; got bool [3]"),
    (data(train_mask=torch.rand(4)), "train_mask must be a mask of 4 bools, or such masks side by side; got float32 [4]"),
    (data(test_mask=MASK), "node 0 is in train and in test: splits must not overlap"),
])
def test_what_does_not_fit_is_told(given, text):
    with pytest.raises((TypeError, ValueError), match=re.escape(text)):
        from_pyg(given)


def test_a_trainer_takes_data_as_it_is():
    blocks = gs.load_dataset("sbm:nodes=120,classes=3,homophily=0.9,degree=8")
    src, dst = blocks.graph.to_edges()
    x, y, edges = map(torch.tensor, (blocks.features, blocks.labels, np.stack([src, dst]).astype(np.int64)))
    given = data(x=x, edge_index=edges, y=y, train_mask=None, test_mask=None)
    config = gs.TrainConfig(fanouts=(5,), batch_size=16, epochs=2, num_threads=0)
    one, other = (
        gs.Trainer(gs.GraphSAGE(blocks.num_features, 8, 3, num_layers=1), dataset, config, log=None)
        for dataset in (given, from_pyg(given))
    )
    assert torch.equal(one.fit().outputs, other.fit().outputs) and len(one.predict()) == 120
    with pytest.raises(ValueError, match="^the model takes 9 features a node, but the dataset has 2$"):
        gs.Trainer(gs.GraphSAGE(9, 8, 3), data())
