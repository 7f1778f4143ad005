"""Every public door, given things of other libraries, classes, swapped arguments: taken, or refused by the argument's name."""

import re
import warnings

import networkx as nx
import numpy as np
import pytest
import torch
from helpers.nn_helpers import node_dataset
from scipy import sparse

import graphsage as gs
from graphsage.config.settings import TrainConfig
from graphsage.loading.node_loader import NeighborLoader
from graphsage.tensors.store import FeatureStore

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # torch_geometric's own, about torch.jit, at import
    from torch_geometric.data import Data, HeteroData

pytestmark = pytest.mark.filterwarnings(  # torch's own, about the forms that are made here
    "ignore:(Sparse|The PyTorch API of nested|torch.quantize|the matrix subclass)"
)


def of_library(root, name, **members):
    """An object of a class ``name`` that says that it comes from a library which is not installed here."""
    return type(name, (), {**members, "__module__": f"{root}.insides"})()


DATA = node_dataset(num_features=4)
GRAPH, X = DATA.graph, np.asarray(DATA.features)
SAMPLER = gs.NeighborSampler(GRAPH, [2, 2], num_threads=0)
TIMED = gs.NeighborSampler(gs.Graph.from_edges([0], [1], 2, times=[3]), [2])
MODEL = gs.GraphSAGE(4, 3, 3)
ROWS = [[0.0, 1.0], [1.0, 0.0]]
FEW = {"epochs": 1, "batch_size": 32, "fanouts": (2, 2), "device": "cpu", "num_threads": 0}


def pyg_data():
    return Data(x=torch.ones(3, 2), edge_index=torch.tensor([[0, 1], [1, 2]]), y=torch.tensor([0, 1, 0]))


#: Made anew for each call, as a generator is used up.
OBJECTS = {
    "None": lambda: None,
    "a text": lambda: "no such thing",
    "a function": lambda: len,
    "an object": object,
    "a dict": lambda: {"x": 1},
    "a set": lambda: {1, 2},
    "a generator": lambda: (value for value in "ab"),
    "NaN": lambda: float("nan"),
    "networkx graph": lambda: nx.path_graph(3),
    "networkx directed graph": lambda: nx.DiGraph([("a", "b")]),
    "class of networkx": lambda: nx.Graph,
    "PyG data": pyg_data,
    "PyG several types": HeteroData,
    "class of PyG": lambda: Data,
    "DGL graph": lambda: of_library("dgl", "DGLGraph", is_directed=None, adj=None, __getitem__=lambda self, at: self.insides),
    "scipy matrix": lambda: sparse.csr_array(ROWS),
    "dense tensor": lambda: torch.tensor(ROWS),
    "sparse tensor": lambda: torch.tensor(ROWS).to_sparse(),
    "CSR tensor": lambda: torch.tensor(ROWS).to_sparse_csr(),
    "tensor with a gradient": lambda: torch.tensor(ROWS, requires_grad=True),
    "bfloat16 tensor": lambda: torch.tensor(ROWS).bfloat16(),
    "quantised tensor": lambda: torch.quantize_per_tensor(torch.tensor(ROWS), 0.5, 0, torch.qint8),
    "tensor on meta": lambda: torch.tensor(ROWS, device="meta"),
    "nested tensor": lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]),
    "list of tensors with gradients": lambda: [torch.ones(2, requires_grad=True)] * 2,
    "complex tensor": lambda: torch.tensor(ROWS) * 1j,
    "class of torch": lambda: torch.Tensor,
    "array of objects": lambda: np.array([object(), object()]),
    "table of texts": lambda: np.array([["a", "b"]]),
    "module of torch": lambda: torch.nn.Linear(2, 2),
    "our Graph": lambda: GRAPH,
    "our dataset": lambda: DATA,
    "our sampler": lambda: SAMPLER,
    "our model": lambda: gs.GraphSAGE(2, 2, 2),
    "our config": TrainConfig,
    "our features": lambda: gs.SparseFeatures.identity(2),
    "our class": lambda: gs.GraphSAGE,
}


def dataset(**changes):
    parts = {"graph": GRAPH, "features": X, "labels": DATA.labels, "train": DATA.train, "val": DATA.val, "test": DATA.test}
    return gs.NodeDataset(**{**parts, **changes})


def trained():
    return gs.Trained(
        model=MODEL, task="multiclass", metric="accuracy", class_names=None, normalized_features=False, isolated="empty",
        fanouts=(2, 2), schema=None, name=None,
    )  # fmt: skip


#: (call, the argument's name as errors have it): the call is made with a thing of OBJECTS.
DOORS = {
    "Graph(indptr)": (lambda o: gs.Graph(indptr=o, indices=[0, 1]), "indptr"),
    "Graph(indices)": (lambda o: gs.Graph(indptr=[0, 1, 2], indices=o), "indices"),
    "from_csr(indptr)": (lambda o: gs.Graph.from_csr(o, [0]), "indptr"),
    "from_edges(src)": (lambda o: gs.Graph.from_edges(o, [0], 3), "src"),
    "from_edges(dst)": (lambda o: gs.Graph.from_edges([0], o, 3), "dst"),
    "from_edges(num_nodes)": (lambda o: gs.Graph.from_edges([0], [0], o), "num_nodes"),
    "from_edges(weights)": (lambda o: gs.Graph.from_edges([0], [0], 1, weights=o), "weights"),
    "from_edges(times)": (lambda o: gs.Graph.from_edges([0], [0], 1, times=o), "times"),
    "from_edges(edge_ids)": (lambda o: gs.Graph.from_edges([0], [0], 1, edge_ids=o), "edge_ids"),
    "from_edges(node_ids)": (lambda o: gs.Graph.from_edges([0], [0], 1, node_ids=o), "node_ids"),
    "from_edges(undirected)": (lambda o: gs.Graph.from_edges([0], [0], 1, undirected=o), "undirected"),
    "from_adjacency_dict": (gs.Graph.from_adjacency_dict, "adjacency"),
    "from_scipy": (gs.Graph.from_scipy, "matrix"),
    "from_networkx": (gs.Graph.from_networkx, "graph"),
    "neighbors": (GRAPH.neighbors, "row"),
    "rows_of": (GRAPH.rows_of, "node_ids|is not a node"),
    "subgraph": (GRAPH.subgraph, "nodes"),
    "SparseFeatures(indptr)": (lambda o: gs.SparseFeatures(o, [0], None, 1), "indptr"),
    "SparseFeatures(values)": (lambda o: gs.SparseFeatures([0, 1], [0], o, 1), "values"),
    "row_normalize": (gs.row_normalize, "features"),
    "multihop_sampling(src_nodes)": (lambda o: gs.multihop_sampling(o, [2], GRAPH), "src_nodes"),
    "multihop_sampling(sample_nums)": (lambda o: gs.multihop_sampling([0], o, GRAPH), "sample_nums"),
    "multihop_sampling(neighbor_table)": (lambda o: gs.multihop_sampling([0], [2], o), "neighbor_table|adjacency|src_nodes"),
    "NeighborSampler(graph)": (lambda o: gs.NeighborSampler(o, [2]), "graph"),
    "NeighborSampler(fanouts)": (lambda o: gs.NeighborSampler(GRAPH, o), "fanouts"),
    "NeighborSampler(seed)": (lambda o: gs.NeighborSampler(GRAPH, [2], seed=o), "seed"),
    "NeighborSampler(draw)": (lambda o: gs.NeighborSampler(GRAPH, [2], draw=o), "draw"),
    "sample(seeds)": (SAMPLER.sample, "seeds"),
    "sample(times)": (lambda o: TIMED.sample([0], times=o), "times"),
    "NeighborSampler(node_times)": (lambda o: gs.NeighborSampler(GRAPH, [2], node_times=o), "node_times"),
    "batches(plan)": (SAMPLER.batches, "plan"),
    "Items(seeds)": (gs.Items, "seeds"),
    "Items(label)": (lambda o: gs.Items([0], label=o), "label"),
    "SeedPlan(items)": (gs.SeedPlan, "nodes"),
    "SeedPlan(batch_size)": (lambda o: gs.SeedPlan([0, 1], o), "batch_size"),
    "NodeDataset(graph)": (lambda o: dataset(graph=o), "graph"),
    "NodeDataset(features)": (lambda o: dataset(features=o), "features"),
    "NodeDataset(labels)": (lambda o: dataset(labels=o), "labels"),
    "NodeDataset(train)": (lambda o: dataset(train=o), "train"),
    "NodeDataset(class_names)": (lambda o: dataset(class_names=o), "class_names"),
    "NodeDataset(node_ids)": (lambda o: dataset(node_ids=o), "node_ids"),
    "NodeDataset(schema)": (lambda o: dataset(schema=o), "schema"),
    "NodeDataset.from_networkx": (lambda o: gs.NodeDataset.from_networkx(o, label="y"), "graph|attribute 'y'"),
    "induced": (DATA.induced, "nodes"),
    "save": (DATA.save, "path|NAME.npz"),
    "load": (gs.NodeDataset.load, "path|no such thing"),
    "join_datasets": (lambda o: gs.join_datasets(o, train=[], test=[]), "datasets"),
    "join_datasets([])": (lambda o: gs.join_datasets([o], train=[], test=[]), r"datasets\[0\]"),
    "load_dataset": (gs.load_dataset, "a dataset is|no such thing"),
    "describe": (gs.describe, "dataset"),
    "NeighborLoader(dataset)": (lambda o: NeighborLoader(o, SAMPLER, 2), "dataset"),
    "NeighborLoader(sampler)": (lambda o: NeighborLoader(DATA, o, 2), "sampler"),
    "NeighborLoader(batch_size)": (lambda o: NeighborLoader(DATA, SAMPLER, o), "batch_size"),
    "NeighborLoader(nodes)": (lambda o: NeighborLoader(DATA, SAMPLER, 2, nodes=o), "nodes"),
    "NeighborLoader(store)": (lambda o: NeighborLoader(DATA, SAMPLER, 2, store=o), "store"),
    "NeighborLoader(device)": (lambda o: NeighborLoader(DATA, SAMPLER, 2, device=o), "device"),
    "over(nodes)": (NeighborLoader(DATA, SAMPLER, 2).over, "nodes"),
    "GraphSAGE(in_features)": (lambda o: gs.GraphSAGE(o, 2, 2), "in_features"),
    "GraphSAGE(hidden_features)": (lambda o: gs.GraphSAGE(2, o, 2), "hidden_features"),
    "GraphSAGE(aggregator)": (lambda o: gs.GraphSAGE(2, 2, 2, aggregator=o), "aggregator"),
    "GraphSAGE(init)": (lambda o: gs.GraphSAGE(2, 2, 2, init=o), "init"),
    "model(x)": (MODEL, "x must be|a tree|hop"),
    "inference(model)": (lambda o: gs.inference(o, GRAPH, X), "model|features"),
    "inference(graph)": (lambda o: gs.inference(MODEL, o, X), "graph"),
    "inference(features)": (lambda o: gs.inference(MODEL, GRAPH, o), "features"),
    "inference(device)": (lambda o: gs.inference(MODEL, GRAPH, X, device=o), "device"),
    "inference(out)": (lambda o: gs.inference(MODEL, GRAPH, X, out=o), "out"),
    "Trainer(model)": (lambda o: gs.Trainer(o, DATA, log=None), "model"),
    "Trainer(dataset)": (lambda o: gs.Trainer(MODEL, o, log=None), "dataset"),
    "Trainer(config)": (lambda o: gs.Trainer(MODEL, DATA, o, log=None), "config"),
    "Trainer(loss)": (lambda o: gs.Trainer(MODEL, DATA, loss=o, log=None), "loss"),
    "Trainer(store)": (lambda o: gs.Trainer(MODEL, DATA, store=o, log=None), "store"),
    "Trainer(folder)": (lambda o: gs.Trainer(MODEL, DATA, folder=o, log=None), "folder"),
    "Trainer(callbacks)": (lambda o: gs.Trainer(MODEL, DATA, callbacks=o, log=None), "callbacks"),
    "Trainer.evaluate(nodes)": (lambda o: gs.Trainer(MODEL, DATA, TrainConfig(**FEW), log=None).evaluate(o), "nodes"),
    "Trainer.resume": (lambda o: gs.Trainer(MODEL, DATA, log=None).resume(o), "path|folder|no such thing"),
    "TrainConfig(fanouts)": (lambda o: TrainConfig(fanouts=o), "fanouts"),
    "TrainConfig(device)": (lambda o: TrainConfig(device=o), "device"),
    "TrainConfig(epochs)": (lambda o: TrainConfig(epochs=o), "epochs"),
    "TrainConfig(optimizer)": (lambda o: TrainConfig(optimizer=o), "optimizer"),
    "TrainConfig(learning_rate)": (lambda o: TrainConfig(learning_rate=o), "learning_rate"),
    "RunConfig(train)": (lambda o: gs.RunConfig(train=o), "train"),
    "save_model(model)": (lambda o: gs.save_model(o, "model"), "model"),
    "save_model(path)": (lambda o: gs.save_model(MODEL, o), "path"),
    "load_model": (gs.load_model, "path|no such thing"),
    "load_trained": (gs.load_trained, "path|no such thing"),
    "save_trained(folder)": (lambda o: gs.save_trained(o, MODEL, DATA, TrainConfig()), "folder"),
    "save_trained(dataset)": (lambda o: gs.save_trained(".", MODEL, o, TrainConfig()), "dataset"),
    "save_trained(config)": (lambda o: gs.save_trained(".", MODEL, DATA, o), "config"),
    "predict(dataset)": (lambda o: trained().predict(o), "dataset"),
    "predict(nodes)": (lambda o: trained().predict(DATA, o), "nodes"),
    "evaluate(dataset)": (lambda o: trained().evaluate(o), "dataset"),
    "embed(dataset)": (lambda o: trained().embed(o), "dataset"),
    "outputs(device)": (lambda o: trained().outputs(DATA, device=o), "device"),
    "outputs(fanouts)": (lambda o: trained().outputs(DATA, fanouts=o), "fanouts"),
    "Predictions(outputs)": (
        lambda o: gs.Predictions(nodes=[0], outputs=o, task="multiclass", class_names=None), "outputs"
    ),
    "to_pyg": (gs.interop.to_pyg, "batch"),
    "from_pyg": (gs.interop.from_pyg, "data"),
    "to_scipy": (gs.interop.to_scipy, "batch"),
    "to_scipy(edge_weight)": (lambda o: gs.interop.to_scipy(SAMPLER.sample([0]), o), "edge_weight"),
    "to_networkx": (gs.interop.to_networkx, "batch"),
    "to_torch": (gs.interop.to_torch, "batch"),
    "to_dgl": (gs.interop.to_dgl, "batch"),
    "Batch.of": (lambda o: gs.Batch.of(o, X), "minibatch"),
    "Batch.of(features)": (lambda o: gs.Batch.of(SAMPLER.sample([0]), o), "features"),
    "Batch.of(labels)": (lambda o: gs.Batch.of(SAMPLER.sample([0]), X, o), "labels"),
    "FeatureStore": (FeatureStore, "features"),
}  # fmt: skip
#: Where a text names a file to be written or read, it is what is wanted.
PLACES = {"save_model(path)", "save_trained(folder)", "load_model", "load_trained", "load"}


@pytest.mark.parametrize("door", DOORS)
def test_a_door_takes_it_or_names_the_argument(door, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    call, name = DOORS[door]
    for what, make in OBJECTS.items():
        try:
            call(make())
        except OSError:
            assert what == "a text" and door in PLACES
        except (ValueError, TypeError) as error:
            assert re.search(name, str(error)), f"{what}: {error}"
            assert "insides" not in str(error) and len(str(error).splitlines()) == 1, f"{what}: {error}"
        except Exception as error:
            pytest.fail(f"{what}: {type(error).__name__}: {error}")


SWAPPED = {
    "NeighborSampler(fanouts, graph)": (lambda: gs.NeighborSampler([2, 2], GRAPH), "graph must be a Graph, got list"),
    "Trainer(data, model)": (lambda: gs.Trainer(DATA, MODEL), "model must be a GraphSAGE or .* got NodeDataset"),
    "NeighborLoader(sampler, data)": (lambda: NeighborLoader(SAMPLER, DATA, 2), "dataset must be a NodeDataset, got NeighborS"),
    "inference(model, features, graph)": (lambda: gs.inference(MODEL, X, GRAPH), "graph must be a Graph, got ndarray"),
    "inference(graph, model, features)": (lambda: gs.inference(GRAPH, MODEL, X), "model must be a GraphSAGE, got Graph"),
    "NodeDataset(graph=features)": (lambda: dataset(graph=X, features=GRAPH), "graph must be a Graph, got ndarray"),
    "multihop_sampling(table, ...)": (lambda: gs.multihop_sampling(GRAPH, [2], [0]), "neighbor_table must be .*, got list"),
    "sample(epoch, seeds)": (lambda: SAMPLER.sample(0, [1]), "seeds must be a list or a one-dimensional array, got 0"),
    "save_model(path, model)": (lambda: gs.save_model("model", MODEL), "path must be a path, got GraphSAGE"),
    "save_trained(model, ...)": (lambda: gs.save_trained(MODEL, ".", DATA, TrainConfig()), "model must be a GraphSAGE, .*"),
    "to_pyg(data)": (lambda: gs.interop.to_pyg(DATA), "batch must be a Batch or a MiniBatch, got NodeDataset"),
}


@pytest.mark.parametrize("case", SWAPPED)
def test_swapped_arguments_are_named(case):
    call, text = SWAPPED[case]
    with pytest.raises((TypeError, ValueError), match=f"^{text}"):
        call()


DGL = of_library("dgl", "DGLGraph")
MAKERS = [
    ("networkx", lambda: gs.NeighborSampler(nx.Graph(), [2]), "got networkx.Graph: Graph.from_networkx(graph) makes one"),
    ("scipy", lambda: gs.NeighborSampler(GRAPH.to_scipy(), [2]), "got scipy.csr_array: Graph.from_scipy(graph) makes one"),
    ("dict", lambda: gs.inference(MODEL, {0: []}, X), "got dict: Graph.from_adjacency_dict(graph) makes one"),
    ("PyG", lambda: dataset(graph=pyg_data()), "torch_geometric.Data: graphsage.interop.from_pyg(graph).graph is one"),
    ("DGL", lambda: dataset(graph=DGL), "dgl.DGLGraph: Graph.from_edges(*graph.edges(), graph.num_nodes()) makes one"),
    ("edge_index", lambda: dataset(graph=torch.zeros(2, 3)), "torch.Tensor: Graph.from_scipy(graph) makes one of a sparse"),
    ("a dataset", lambda: gs.NeighborSampler(DATA), "graph must be a Graph, got NodeDataset: graph.graph is one"),
    ("a name", lambda: gs.Trainer(MODEL, "cora"), "dataset must be a NodeDataset, got str: load_dataset(dataset) reads one"),
    ("PyG data", lambda: gs.NeighborLoader(pyg_data(), SAMPLER, 1), "Data: graphsage.interop.from_pyg(dataset) makes one"),
    ("several types, PyG", lambda: gs.Trainer(MODEL, HeteroData()), "data has no nodes of any type, and a dataset needs some"),
    ("networkx data", lambda: gs.Trainer(MODEL, nx.Graph()), "NodeDataset.from_networkx(dataset, label=...) makes one"),
    ("a graph", lambda: gs.Trainer(MODEL, GRAPH), "got Graph: NodeDataset(graph=dataset, features=..., labels=..., train="),
    ("a class", lambda: gs.Trainer(gs.GraphSAGE, DATA), "got the class GraphSAGE, not an object of it"),
    ("a dense adjacency", lambda: gs.Graph.from_scipy(np.eye(2)), "got ndarray: scipy.sparse.csr_array(matrix) makes one"),
    ("no features", lambda: dataset(features=None), "None: SparseFeatures.identity(num_nodes) stands in where there are none"),
    ("several types", lambda: gs.interop.from_pyg(HeteroData()), "data has no nodes of any type, and a dataset needs some"),
    ("a module", lambda: gs.inference(torch.nn.Linear(2, 2), GRAPH, X), "got torch.Linear: other modules are asked in batches"),
]


@pytest.mark.parametrize("call, text", [row[1:] for row in MAKERS], ids=[row[0] for row in MAKERS])
def test_the_function_that_makes_it_is_named(call, text):
    with pytest.raises((TypeError, ValueError), match=re.escape(text)):
        call()


# ---- what is taken

VALUES = np.array([[0.5, 0.0], [0.0, 0.0], [-1.5, 2.0]])  # halves: no form rounds them
DENSE = torch.tensor(VALUES, dtype=torch.float32)
FORMS = {
    "float64": lambda: DENSE.double(),
    "half": lambda: DENSE.half(),
    "bfloat16": lambda: DENSE.bfloat16(),
    "float8": lambda: DENSE.to(torch.float8_e4m3fn),
    "with a gradient": lambda: DENSE.clone().requires_grad_(),
    "a parameter": lambda: torch.nn.Parameter(DENSE),
    "a result with a gradient": lambda: DENSE.clone().requires_grad_() * 1,
    "transposed": lambda: DENSE.t().contiguous().t(),
    "strided": lambda: DENSE.repeat(2, 2)[::2][:, ::2][[0, 1, 2]] * 0 + DENSE,
    "expanded": lambda: DENSE[None].expand(2, 3, 2)[1],
    "negated view": lambda: torch._neg_view(-DENSE),
    "quantised": lambda: torch.quantize_per_tensor(DENSE, 0.5, 0, torch.qint8),
    "sparse": lambda: DENSE.to_sparse(),
    "sparse with repeats": lambda: torch.sparse_coo_tensor([[0, 2, 2, 2], [0, 0, 1, 1]], [0.5, -1.5, 1.0, 1.0], (3, 2)),
    "sparse with a gradient": lambda: DENSE.to_sparse().requires_grad_(),
    "sparse bfloat16": lambda: DENSE.bfloat16().to_sparse(),
    "sparse half": lambda: DENSE.half().to_sparse(),
    "CSR": lambda: DENSE.to_sparse_csr(),
    "CSC": lambda: DENSE.to_sparse_csc(),
    "BSR": lambda: DENSE.to_sparse_bsr((1, 2)),
    "BSC": lambda: DENSE.to_sparse_bsc((1, 2)),
    "list of tensors": lambda: list(DENSE.clone().requires_grad_()),
    "lists": VALUES.tolist,
    "generator": lambda: (row for row in VALUES),
    "scipy": lambda: sparse.coo_array(VALUES),
    "scipy matrix": lambda: sparse.lil_matrix(VALUES),
    "numpy matrix": lambda: np.asmatrix(VALUES),
}


@pytest.mark.parametrize("form", FORMS)
def test_features_in_any_form(form):
    graph = gs.Graph.from_edges([0], [1], 3)
    data = gs.NodeDataset(graph=graph, features=FORMS[form](), labels=[0, 1, 0], train=[0], val=[], test=[])
    is_sparse = isinstance(data.features, gs.SparseFeatures)
    assert is_sparse == (form.startswith(("sparse", "scipy")) or form in ("CSR", "CSC", "BSR", "BSC"))
    found = data.features.to_scipy().toarray() if is_sparse else data.features
    assert found.dtype == np.float32 and np.array_equal(found, VALUES)


@pytest.mark.parametrize("form", ["with a gradient", "bfloat16", "sparse", "CSR", "CSC", "quantised", "scipy"])
def test_features_of_any_form_give_the_outputs_of_an_array(form):
    graph, model = gs.Graph.from_edges([0, 2], [1, 1], 3), gs.GraphSAGE(2, 4, 3)
    assert torch.allclose(gs.inference(model, graph, FORMS[form]()), gs.inference(model, graph, VALUES), atol=1e-6)


IDS = np.array([2, 0, 1])
ID_FORMS = {
    "tensor": lambda: torch.tensor(IDS),
    "int32 tensor": lambda: torch.tensor(IDS, dtype=torch.int32),
    "strided tensor": lambda: torch.tensor([2, 9, 0, 9, 1])[::2],
    "list of tensors": lambda: list(torch.tensor(IDS)),
    "generator": lambda: (int(value) for value in IDS),
    "map": lambda: map(int, IDS),
    "keys": lambda: iter({2: 0, 0: 0, 1: 0}),
    "sparse tensor": lambda: torch.tensor(IDS).to_sparse(),
}


@pytest.mark.parametrize("form", ID_FORMS)
def test_ids_in_any_form(form):
    make, data = ID_FORMS[form], node_dataset(num_features=4)
    assert gs.Graph.from_edges(make(), [0, 0, 0], 3).neighbors(0).tolist() == [0, 1, 2]
    assert SAMPLER.sample(make()).nodes[:3].tolist() == IDS.tolist()
    assert gs.SeedPlan(make()).nodes.tolist() == gs.Items(make()).seeds.tolist() == IDS.tolist()
    assert NeighborLoader(data, gs.NeighborSampler(data.graph, [2]), None, nodes=make()).plan.nodes.tolist() == IDS.tolist()
    assert trained().predict(DATA, make()).nodes.tolist() == IDS.tolist()
    assert GRAPH.subgraph(make()).node_ids.tolist() == GRAPH.rows_of(make()).tolist() == IDS.tolist()
    assert gs.multihop_sampling(make(), [1], GRAPH)[0].tolist() == IDS.tolist()


@pytest.mark.parametrize("of", [np.asarray, list, torch.tensor], ids=["array", "list", "tensor"])
def test_a_mask_stands_for_its_nodes(of):
    mask = np.zeros(GRAPH.num_nodes, bool)
    mask[[4, 7]] = True
    assert SAMPLER.sample(of(mask)).nodes[:2].tolist() == [4, 7]
    assert NeighborLoader(DATA, SAMPLER, None, nodes=of(mask)).plan.nodes.tolist() == [4, 7]
    assert GRAPH.subgraph(of(mask)).node_ids.tolist() == trained().predict(DATA, of(mask)).nodes.tolist() == [4, 7]
    with pytest.raises(TypeError, match="np.flatnonzero turns a mask into ids"):
        SAMPLER.sample(of(mask[1:]))


@pytest.mark.parametrize("layout", ["to_sparse", "to_sparse_csr", "to_sparse_csc"])
def test_a_sparse_tensor_is_an_adjacency_matrix(layout):
    matrix = torch.tensor([[0.0, 2.0, 0.0], [0.0, 0.0, 3.0], [1.0, 4.0, 0.0]], requires_grad=True)
    found = gs.Graph.from_scipy(getattr(matrix, layout)())
    wanted = gs.Graph.from_scipy(sparse.csr_array(matrix.detach().numpy()))
    assert found.to_adjacency_dict() == wanted.to_adjacency_dict()
    assert found.weights.tolist() == wanted.weights.tolist()


# ---- places


def test_what_lies_elsewhere_is_told():
    elsewhere = gs.GraphSAGE(4, 3, 3).to("meta")
    batch = next(iter(NeighborLoader(DATA, SAMPLER, 2)))
    for call in (
        lambda: elsewhere(batch),
        lambda: elsewhere([torch.ones(2, 4), torch.ones(4, 4), torch.ones(8, 4)]),
        lambda: gs.inference(elsewhere, GRAPH, X, device="cpu"),
    ):
        with pytest.raises(ValueError, match=r"is (on )?cpu, but the model (is )?on meta: move (one of them|it there)"):
            call()


@pytest.mark.parametrize("call", [
    lambda device: NeighborLoader(DATA, SAMPLER, 2, device=device),
    lambda device: gs.inference(MODEL, GRAPH, X, device=device),
    lambda device: trained().outputs(DATA, device=device),
])
@pytest.mark.parametrize("device", ["cuda:77", torch.device("cuda", 77), "gpu", "tpu:0", 77])
def test_a_device_that_is_not_here_is_told(call, device):
    with pytest.raises(ValueError, match=r"^device ('cuda:77' cannot be used here, as torch|must be auto, cpu, cuda)"):
        call(device)


def test_a_device_may_be_a_name_or_a_device():
    assert TrainConfig(device=torch.device("cuda", 1)) == TrainConfig(device="cuda:1")
    for device in ("cpu", torch.device("cpu")):
        assert NeighborLoader(DATA, SAMPLER, 2, device=device).device == torch.device("cpu")
        assert gs.inference(MODEL, GRAPH, X, device=device).shape == trained().outputs(DATA, device=device).shape == (60, 3)


def test_results_are_plain_arrays_and_tensors():
    assert type(gs.inference(MODEL, GRAPH, X)) is torch.Tensor and not gs.inference(MODEL, GRAPH, X).requires_grad
    found = trained().predict(DATA, torch.tensor([1, 2]))
    assert type(found.nodes) is type(found.outputs) is type(found.labels) is type(found.probabilities) is np.ndarray
    outputs = torch.ones(1, 2, requires_grad=True)
    own = gs.Predictions(nodes=torch.tensor([3]), outputs=outputs, task="multiclass", class_names=None)
    assert type(own.labels) is type(own.nodes) is np.ndarray and own.probabilities.tolist() == [[0.5, 0.5]]
    assert type(SAMPLER.sample(torch.tensor([1])).nodes) is np.ndarray


# ---- data frames


def test_data_frames_and_series():
    pd = pytest.importorskip("pandas")
    graph = gs.Graph.from_edges(pd.Series([0, 2], index=[7, 8]), pd.Series([1, 1], dtype="Int64"), 3)
    assert graph.neighbors(1).tolist() == [0, 2]
    frame = pd.DataFrame({"a": pd.array([1, 2, 3], dtype="Int64"), "b": [True, False, True], "c": [0.5, 1.5, 2.5]})
    labels = pd.Series([0, 1, 0], dtype="Int64")
    data = gs.NodeDataset(graph=graph, features=frame, labels=labels, train=pd.Index([0]), val=pd.Series([1]), test=[])
    assert data.features.tolist() == [[1, 1, 0.5], [2, 0, 1.5], [3, 1, 2.5]] and data.labels.tolist() == [0, 1, 0]
    with pytest.raises(TypeError, match="^features must be numbers, got a column 'd' of .*: leave it out$"):
        gs.row_normalize(frame.assign(d=["x", "y", "z"]))
    with pytest.raises(ValueError, match=r"^features must be finite, got features\[1, 0\] = nan$"):
        gs.row_normalize(pd.DataFrame({"a": pd.array([1, None], dtype="Int64")}))
