"""HeteroData in and out: typed graphs, datasets and batches."""

import re
import warnings

import numpy as np
import pytest
import torch
from helpers import typed_data
from helpers.hetero_data import CITES, IN, RELATIONS, SIZES, WRITES, random_hetero

import graphsage as gs
from graphsage.graph.features import SparseFeatures
from graphsage.interop import from_pyg, to_pyg
from graphsage.loading.typed_tensors import TypedBatch

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # torch_geometric's own, about torch.jit, at import
    from torch_geometric import transforms as T
    from torch_geometric.data import HeteroData
    from torch_geometric.nn import HeteroConv, SAGEConv

pytestmark = pytest.mark.filterwarnings("ignore:Sparse")
TURNED = ("paper", "rev_writes", "author")


def data(**of_papers):
    made = HeteroData()
    made["paper"].x, made["author"].num_nodes = torch.arange(8.0).view(4, 2), 3
    made["author", "writes", "paper"].edge_index = torch.tensor([[2, 0, 1, 1], [0, 0, 1, 3]])
    made["paper", "cites", "paper"].edge_index = torch.tensor([[3, 0], [1, 1]])
    for name, value in {"y": torch.tensor([0, 1, 2, 1]), "train_mask": torch.tensor([1, 0, 1, 0]).bool(), **of_papers}.items():
        made["paper"][name] = value
    return made


def test_its_parts_are_taken():
    found = from_pyg(data(test_mask=torch.tensor([0, 1, 0, 1]).bool()), name="mine")
    assert found.graph.num_nodes == {"paper": 4, "author": 3} and found.graph.relations == (WRITES, CITES)
    assert [ids.tolist() for ids in found.graph.edges(WRITES)] == [[0, 2, 1, 1], [0, 0, 1, 3]]
    assert found.graph.edge_ids[:4].tolist() == [1, 0, 2, 3]
    assert found.target == "paper" and found.labels.tolist() == [0, 1, 2, 1] and found.name == "mine"
    assert found.features["paper"].tolist() == [[0, 1], [2, 3], [4, 5], [6, 7]] and found.features["author"].is_identity
    assert (found.train.tolist(), found.val.tolist(), found.test.tolist()) == ([0, 2], [], [1, 3])


def test_weights_times_and_names():
    made = data(time=torch.tensor([3, 1, 4, 1]), node_ids=["a", "b", "c", "d"])
    made[WRITES].edge_weight, made[CITES].time = torch.tensor([0.5, 1, 2, 4]), torch.tensor([7, 8])
    made["author"].n_id = torch.tensor([9, 7, 5])
    found = from_pyg(made)
    assert found.graph.rows.weights.tolist() == [1, 0.5, 2, 4, 1, 1]
    assert found.graph.rows.times[4:].tolist() == [8, 7]
    assert found.node_times["paper"].tolist() == [3, 1, 4, 1] and "author" not in found.node_times
    assert found.node_ids["paper"].tolist() == ["a", "b", "c", "d"] and found.node_ids["author"].tolist() == [9, 7, 5]


def test_without_labels_there_is_no_target():
    found = from_pyg(random_hetero())
    assert found.target == "paper"
    made = data()
    del made["paper"].y, made["paper"].train_mask
    assert from_pyg(made).target is None


def test_of_several_types_with_labels_one_is_chosen():
    made = data()
    made["author"].y = torch.tensor([0, 1, 0])
    with pytest.raises(ValueError, match="^several types have labels y, 'paper', 'author': choose by target=$"):
        from_pyg(made)
    found = from_pyg(made, target="author")
    assert found.target == "author" and found.labels.tolist() == [0, 1, 0] and len(found.train) + len(found.test) > 0


def test_what_to_undirected_has_turned_round_is_known_as_the_reverse():
    graph = from_pyg(T.ToUndirected(merge=False)(data())).graph
    assert graph.reverse_of == {TURNED: WRITES, ("paper", "rev_cites", "paper"): CITES}
    made = gs.TypedGraph({"paper": 4, "author": 3}, {WRITES: data()[WRITES].edge_index}, reverse=True)
    at = graph.span(TURNED)
    assert graph.edge_ids[at].tolist() == made.edge_ids[made.span(TURNED)].tolist()
    batch = gs.NeighborSampler(graph, [-1]).sample({"author": [1]}, exclude={WRITES: [[1, 1]]})
    assert batch.nodes["paper"].tolist() == [3]  # without paper 1, by either name


def test_a_relation_of_such_a_name_with_other_edges_is_one_of_its_own():
    made = T.ToUndirected(merge=False)(data())
    made[TURNED].edge_index = made[TURNED].edge_index[:, [1, 0, 2, 3]]  # other ids
    assert TURNED not in from_pyg(made).graph.reverse_of


def test_adj_t_has_the_sources_in_its_rows():
    made = data()
    adjacency = torch.zeros(4, 3)
    adjacency[made[WRITES].edge_index[1], made[WRITES].edge_index[0]] = 1
    del made[WRITES].edge_index
    made[WRITES].adj_t = adjacency.to_sparse_csr()
    ours, wanted = (from_pyg(of).graph.edges(WRITES) for of in (made, data()))
    assert sorted(zip(*ours)) == sorted(zip(*wanted))


def test_there_and_back():
    made = random_hetero()
    del made.name
    for name in made.edge_types:
        made[name].edge_weight, made[name].time = made[name].pop("heavy"), made[name].pop("at")
    for name in made.node_types:
        made[name].time = made[name].pop("since")
    made["paper"].val_mask, made["paper"].test_mask = ~made["paper"].train_mask, torch.zeros(40, dtype=torch.bool)
    back = to_pyg(from_pyg(made))
    assert back.metadata() == made.metadata()
    for store, other in zip(made.stores, back.stores, strict=True):
        assert set(store.keys()) - {"num_nodes"} == set(other.keys()) - {"num_nodes"}
        assert all(torch.equal(store[name], other[name]) for name in store if torch.is_tensor(store[name]))
    assert from_pyg(back).graph.reverse_of == from_pyg(made).graph.reverse_of
    whole = to_pyg(from_pyg(made).graph)
    assert all(torch.equal(whole[name].edge_index, made[name].edge_index) for name in made.edge_types)
    assert all(edges.is_contiguous() for edges in whole.edge_index_dict.values())  # PyG's EdgeIndex asks for it
    assert whole.num_nodes == sum(SIZES.values()) and "x" not in whole["paper"]


def test_sparse_features_come_out_dense():
    dataset = from_pyg(data())
    sparse = {"author": SparseFeatures(np.array([0, 1, 1, 2]), np.array([4, 0]), None, 5)}
    made = gs.TypedDataset(graph=dataset.graph, features=sparse)
    assert to_pyg(made)["author"].x.tolist() == [[0, 0, 0, 0, 1], [0] * 5, [1, 0, 0, 0, 0]] and "x" not in to_pyg(made)["paper"]


# ---- batches


@pytest.mark.parametrize("disjoint", [False, True])
def test_a_batchs_topology(disjoint):
    made = random_hetero()
    sampler = gs.NeighborSampler(from_pyg(made).graph, [3, 2], edge_ids=True, disjoint=disjoint, seed=3)
    batch = sampler.sample({"paper": [5, 1, 5]})
    found = to_pyg(batch, edge_weight={WRITES: made[WRITES].heavy})
    for name in RELATIONS:
        src, dst = found[name].edge_index
        ends = torch.stack([found[name[0]].n_id[src], found[name[2]].n_id[dst]])
        assert torch.equal(ends, made[name].edge_index[:, found[name].e_id])
        assert sum(found[name].num_sampled_edges) == len(src)
    assert torch.equal(found[WRITES].edge_weight, made[WRITES].heavy[found[WRITES].e_id]) and "edge_weight" not in found[IN]
    assert found["paper"].n_id[found["paper"].seed_index].tolist() == [5, 1, 5]
    assert found["paper"].batch_size == (3 if disjoint else 2) and ("batch" in found["venue"]) == disjoint
    assert all(sum(found[name].num_sampled_nodes) == found[name].num_nodes for name in SIZES)


def test_what_is_of_edges_needs_their_ids():
    batch = gs.NeighborSampler(from_pyg(data()).graph, [2]).sample({"paper": [0]})
    assert "e_id" not in to_pyg(batch)[WRITES]
    with pytest.raises(ValueError, match=r"^edge_weight needs edge ids: draw with NeighborSampler\(\.\.\., edge_ids=True\)$"):
        to_pyg(batch, edge_weight={WRITES: torch.ones(4)})
    batch = gs.NeighborSampler(from_pyg(data()).graph, [-1], edge_ids=True).sample({"paper": [0, 1, 3]})
    with pytest.raises(ValueError, match=r"^edge_weight\[\('author', 'writes', 'paper'\)\] must have a row an edge id"):
        to_pyg(batch, edge_weight={WRITES: torch.ones(3)})


def changed(store, **attributes):
    made = data()
    for name, value in attributes.items():
        made[store][name] = value
    return made


@pytest.mark.parametrize("given, options, text", [
    (data(), {"target": "author"}, "target must be a type with labels y, got 'author': ['paper'] have some"),
    (data(), {"target": 3}, "target must be a type with labels y, got 3: ['paper'] have some"),
    (changed("paper", y=torch.tensor([0, 1])), {}, "labels must have one entry per node, 4; got 2"),
    (changed("paper", train_mask=torch.ones(3).bool()), {}, "train_mask must be a mask of 4 bools, or such masks side by"),
    (changed("author", x=torch.ones(2, 2)), {}, "features['author'] must have one row per node, 3; got 2 rows"),
    (changed(("author", "on", "desk"), edge_index=torch.zeros(2, 0).long()), {}, "data['desk'] has no num_nodes, and no x to"),
    (changed(IN, at=torch.ones(2)), {}, "data[('paper', 'in', 'venue')] has no edge_index: set it to an int tensor"),
    (changed(CITES, edge_index=torch.ones(3, 2).long()), {}, "edges[('paper', 'cites', 'paper')] must be (src, dst)"),
    (changed(CITES, edge_weight=torch.ones(3)), {}, "('paper', 'cites', 'paper'): "),
])  # fmt: skip
def test_what_does_not_fit_is_told(given, options, text):
    with pytest.raises((TypeError, ValueError), match=re.escape(text)):
        from_pyg(given, **options)


def test_a_target_is_of_several_types():
    with pytest.raises(ValueError, match="^target names a type of HeteroData, and data has one type of nodes: got 'paper'$"):
        from_pyg(data().to_homogeneous(), target="paper")


# ---- batches of the loader


class OnPyG(torch.nn.Module):
    """Two layers of PyG on what ``to_pyg`` makes of a batch; venues are embedded by who they are."""

    def __init__(self, relations):
        super().__init__()
        self.enter = torch.nn.ModuleDict({"paper": torch.nn.Linear(6, 8), "author": torch.nn.Linear(3, 8)})
        self.venue = torch.nn.Embedding(5, 8)
        self.first, self.second = (HeteroConv({name: SAGEConv((8, 8), 8) for name in relations}) for _ in range(2))
        self.out = torch.nn.Linear(8, typed_data.NUM_CLASSES)

    def forward(self, found):
        h = {name: enter(found[name].x) for name, enter in self.enter.items()} | {"venue": self.venue(found["venue"].n_id)}
        h = {name: of.relu() for name, of in self.first(h, found.edge_index_dict).items()}
        return self.out(self.second(h, found.edge_index_dict)["paper"])


def loader_of(dataset, fanouts, **options):
    return gs.NeighborLoader(dataset, gs.NeighborSampler(dataset.graph, fanouts, seed=0), 16, **options)


def test_a_model_of_pyg_trains_on_our_batches_and_knows_the_whole_graph():
    dataset = typed_data.papers()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = OnPyG(dataset.graph.relations)
    optimizer, losses = torch.optim.Adam(model.parameters(), lr=0.01), []
    for _ in range(10):
        for batch in loader_of(dataset, [5, 5]):
            found = to_pyg(batch)
            assert "x" not in found["venue"] and found["paper"].y.shape == (found["paper"].batch_size,)
            out = model(found)[found["paper"].seed_index]
            loss = torch.nn.functional.cross_entropy(out, batch.y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    assert np.mean(losses[-3:]) < 0.7 * np.mean(losses[:3])
    whole = to_pyg(dataset)
    whole["venue"].n_id = torch.arange(5)
    with torch.no_grad():
        wanted = model(whole)
        for batch in loader_of(dataset, [-1, -1], nodes=dataset.test):
            found = to_pyg(batch)
            ours = model(found)[found["paper"].seed_index]
            torch.testing.assert_close(ours, wanted[batch.seeds], rtol=1e-5, atol=1e-5)


def test_a_seed_asked_for_twice_has_one_label_there():
    dataset = typed_data.papers()
    one, other = (int(np.flatnonzero(dataset.labels == label)[0]) for label in (1, 2))
    minibatch = gs.NeighborSampler(dataset.graph, [2], seed=0).sample({"paper": [one, one, other]})
    found = to_pyg(TypedBatch.of(minibatch, dataset.features, dataset.labels))
    assert found["paper"].y.tolist() == [1, 2] and found["paper"].seed_index.tolist() == [0, 0, 1]
    assert torch.equal(found["paper"].x, torch.from_numpy(dataset.features["paper"][found["paper"].n_id.numpy()]))


def test_a_trainer_takes_hetero_data_as_it_is():
    dataset = typed_data.papers()
    data, config = to_pyg(dataset), gs.TrainConfig(epochs=2, fanouts=(3, 3), batch_size=20, num_threads=0)
    found, wanted = (
        gs.Trainer(gs.TypedGraphSAGE.of(dataset, seed=1), given, config, log=None).fit().outputs
        for given in (data, from_pyg(data))
    )
    assert torch.equal(found, wanted)
