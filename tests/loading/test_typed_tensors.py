"""TypedBatch, and the NeighborLoader that yields them: which batches, what is in them, and what is refused."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from helpers.nn_helpers import node_dataset
from helpers.typed_nn import BACK, IN, SEEDS, TO, dense_features, typed_dataset, typed_model

from graphsage.loading.node_loader import NeighborLoader
from graphsage.loading.parcel import Parcel
from graphsage.loading.typed_tensors import TypedBatch
from graphsage.sampling.items import SeedPlan
from graphsage.sampling.neighbor import NeighborSampler
from graphsage.tensors.csr_matrix import CSRMatrix
from graphsage.tensors.store import FeatureStore

DATA, TIMED = typed_dataset(), typed_dataset(timed=True)
X = dense_features(DATA)
#: The three meanings of an epoch: one pass (14 training nodes), random batches, full batch.
MODES = {"pass": (4, None), "random": (4, 5), "full": (None, None)}


def loader_of(dataset=DATA, mode="pass", fanouts=(3, 2), *, num_threads=1, sampler=None, **options):
    sampler = NeighborSampler(dataset.graph, fanouts, num_threads=num_threads, seed=4) if sampler is None else sampler
    return NeighborLoader(dataset, sampler, *MODES[mode], **options)


def arrays(minibatch):
    """Everything in a TypedMiniBatch, as lists."""
    found = {name: of for name, of in vars(minibatch).items() if isinstance(of, dict)}
    return {(name, key): array.tolist() for name, of in found.items() for key, array in of.items()}


def dense(x):
    return x.to_dense() if isinstance(x, CSRMatrix) else x


def contents(batch):
    own = [(name, getattr(batch, name).tolist()) for name in ("seeds", "places", "seed_index", "y")]
    x = {kind: dense(rows).tolist() for kind, rows in batch.x.items()}
    return [*own, batch.epoch, batch.step, batch.target, arrays(batch.minibatch), x]


# ---- which batches


@pytest.mark.parametrize("mode", MODES)
def test_batches_are_those_of_plan_and_sampler(mode):
    loader, plan = loader_of(mode=mode), SeedPlan(DATA.train, *MODES[mode], seed=4)
    batches = list(loader.epoch(6))
    assert len(batches) == len(loader) == {"pass": 4, "random": 5, "full": 1}[mode]
    for step, batch in enumerate(batches):
        seeds = plan.seeds(6, step)
        assert isinstance(batch, TypedBatch) and (batch.epoch, batch.step, batch.target) == (6, step, "b")
        assert batch.seeds.tolist() == seeds.tolist() == DATA.train[batch.places].tolist()
        assert batch.y.tolist() == DATA.labels[seeds].tolist() and batch.y.dtype == torch.int64
        drawn = loader.sampler.sample({"b": seeds}, epoch=6, step=step)  # the draws of this step, no other's
        assert arrays(batch.minibatch) == arrays(drawn)
        assert batch.minibatch.nodes["b"][batch.seed_index].tolist() == seeds.tolist()


def test_features_are_the_nodes_own_and_blocks_the_minibatchs():
    for batch in loader_of():
        assert list(batch.x) == list(DATA.graph.types) and not batch.pending
        for kind, rows in batch.x.items():
            assert np.array_equal(dense(rows).numpy(), X[kind][batch.minibatch.nodes[kind]])
        for ours, theirs in zip(batch.blocks, batch.minibatch.blocks, strict=True):
            assert list(ours) == list(DATA.graph.relations)
            for name, block in ours.items():
                assert block.shape == (theirs[name].num_dst, theirs[name].num_src) and block.values is None
                assert block.indptr.tolist() == theirs[name].indptr.tolist()
                assert block.nodes.tolist() == batch.minibatch.nodes[name[0]][: block.num_cols].tolist()
                assert block.transposed is not None  # made on the loader's threads, not in the training loop
    assert isinstance(batch.x["c.d"], CSRMatrix) and batch.x["c.d"].transposed is not None


@pytest.mark.parametrize("mode", MODES)
def test_any_number_of_threads_gives_the_same_batches(mode):
    first, *others = ([contents(b) for b in loader_of(mode=mode, num_threads=n)] for n in (0, 1, 3))
    assert all(first == other for other in others)


def test_iterations_are_successive_epochs_and_repeatable():
    loader, again = loader_of(), loader_of(repeat=True)
    first, second = ([contents(b) for b in loader] for _ in range(2))
    assert first != second and second == [contents(b) for b in loader.epoch(1)]
    assert first == [contents(b) for b in again] == [contents(b) for b in again]


def test_ranks_share_out_the_steps_of_one_process():
    whole = {b.step: b.seeds.tolist() for b in loader_of().epoch(0)}
    parts = [b for rank in (0, 1) for b in loader_of(rank=rank, num_ranks=2).epoch(0)]
    assert {b.step: b.seeds.tolist() for b in parts[:1]} == {0: whole[0]}
    assert sorted(seed for b in parts for seed in b.seeds.tolist()) == sorted(DATA.train.tolist())


def test_a_loader_goes_on_within_an_epoch():
    loader, other = loader_of(), loader_of()
    iterator = iter(loader)
    next(iterator), next(iterator)
    other.load_state_dict(loader.state_dict())
    assert [contents(b) for b in other] == [contents(b) for b in iterator]


@pytest.mark.parametrize("left_out", [None, BACK])
def test_a_full_batch_in_which_nothing_is_drawn_is_made_once(left_out):
    fanouts = {name: (-1, 0 if name == left_out else -1) for name in DATA.graph.relations}
    loader = loader_of(mode="full", fanouts=fanouts)
    (first,), (second,) = loader, loader
    assert second.x["keys"] is first.x["keys"] and (first.epoch, second.epoch) == (0, 1)
    (drawn,), (again,) = (loader_of(mode="full"),) * 2
    assert drawn.x["keys"] is not again.x["keys"]


def test_over_other_nodes_with_the_same_features():
    loader = loader_of()
    other = loader.over(DATA.val)
    assert other.store is loader.store and sorted(s for b in other for s in b.seeds.tolist()) == sorted(DATA.val.tolist())
    assert loader.over([3, 3]).plan.items.seeds.tolist() == [3, 3]


def test_seeds_of_a_dataset_with_times_are_asked_at_their_own():
    """Each seed has a tree, in which no edge is later than its time."""
    sampler = NeighborSampler(TIMED.graph, [-1, -1], edge_ids=True)
    times = {name: np.empty(len(TIMED.graph.edges(name)[0])) for name in TIMED.graph.relations}
    for name, of in times.items():
        place = TIMED.graph.span(name)
        of[TIMED.graph.edge_ids[place]] = TIMED.graph.rows.times[place]
    num_seen = 0
    for batch in loader_of(TIMED, sampler=sampler):
        of = batch.minibatch
        assert len(set(of.tree["b"][batch.seed_index].tolist())) == len(batch.seeds)
        asked = TIMED.times[batch.seeds.numpy()]
        for name, ids in of.edge_ids.items():
            trees = np.repeat(of.tree[name[2]][: len(of.indptr[name]) - 1], np.diff(of.indptr[name]))
            assert (times[name][ids] <= asked[trees]).all()
            num_seen += len(ids)
    assert num_seen > 50


# ---- what is done with a batch


def test_a_parcel_holds_the_batch():
    batch = loader_of().prepare(0, 0)
    assert contents(Parcel(batch, pin_memory=False).to("cpu")) == contents(batch)


def test_move_and_cast():
    batch = loader_of().prepare(0, 0)
    moved = batch.to("meta")
    assert {moved.seeds.device.type, moved.x["b"].indices.device.type, moved.blocks[0][IN].indptr.device.type} == {"meta"}
    rows = batch.cast(torch.float64)
    assert rows.x["keys"].dtype == torch.float64 and rows.seeds.dtype == torch.int64
    seen = []
    batch.map(lambda tensor: seen.append(tensor) or tensor)
    again = []
    batch.map(lambda tensor: again.append(tensor) or tensor)
    assert [t.data_ptr() for t in seen] == [t.data_ptr() for t in again] and len(seen) > 20


def test_features_that_are_read_on_the_device():
    """A store elsewhere is left to the loader's caller: threads read those that lie where the ids are."""
    loader = loader_of()
    draft = loader._draft(0, 0)
    there = {**loader.store, "keys": SimpleNamespace(device=torch.device("cuda"))}
    half = draft.filled(there)
    assert list(half.pending) == ["keys"] and "b" in half.x and "keys" not in half.x
    assert contents(half.filled(loader.store)) == contents(loader.prepare(0, 0))


def test_bfloat16_features_of_dense_types_alone():
    batch, exact = loader_of(feature_dtype="bfloat16").prepare(0, 0), loader_of().prepare(0, 0)
    assert torch.equal(batch.x["keys"], exact.x["keys"].bfloat16().float())
    assert torch.equal(dense(batch.x["b"]), dense(exact.x["b"]))
    with pytest.raises(ValueError, match="feature_dtype = 'bfloat16' is for dense features"):
        loader_of(typed_dataset(features={}), feature_dtype="bfloat16")


def test_a_batch_is_made_of_a_minibatch():
    sampler = NeighborSampler(DATA.graph, [3, 2], seed=4)
    batch = TypedBatch.of(sampler.sample({"b": SEEDS}, 2, 1), DATA.features, DATA.labels, epoch=2, step=1)
    (loaded,) = loader_of(sampler=SimpleNamespace(sample=lambda *_, **how: sampler.sample({"b": SEEDS}, 2, 1)), mode="full",
                          nodes=SEEDS)  # fmt: skip
    assert contents(batch)[:4] == contents(loaded)[:4] and contents(batch)[6:] == contents(loaded)[6:]
    assert repr(batch).startswith("TypedBatch(seeds=7, edges=") and "target='b'" in repr(batch)
    of_two = TypedBatch.of(sampler.sample({"b": [3], "keys": [1, 1]}), DATA.features)
    assert of_two.target is None and of_two.y is None
    assert {kind: of.tolist() for kind, of in of_two.seeds.items()} == {"keys": [1, 1], "b": [3]}
    assert {kind: of.tolist() for kind, of in of_two.seed_index.items()} == {"keys": [0, 0], "b": [0]}


def test_a_store_may_be_shared():
    first = loader_of()
    assert loader_of(store=first.store).store == first.store
    assert [contents(b) for b in loader_of(store=first.store)] == [contents(b) for b in loader_of()]


def test_a_model_trains_on_the_batches():
    model, loader = typed_model(DATA).train(), loader_of()
    optimizer = torch.optim.Adam(model.parameters(), 0.05)

    def epoch():
        losses = []
        for batch in loader:
            loss = torch.nn.functional.cross_entropy(model(batch), batch.y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        return np.mean(losses)

    first = epoch()
    assert [epoch() for _ in range(15)][-1] < 0.7 * first


# ---- refused


@pytest.mark.parametrize("options, text", [
    ({"reduce": "mean"}, "reduce = 'mean' is for graphs with one type: leave it out"),
    ({"store": FeatureStore(np.ones((3, 2)))}, r"store must be a dict \{type: FeatureStore\}, as the dataset has types"),
    ({"store": {}}, "store has no 'keys': give it a FeatureStore a type"),
    ({"nodes": [30]}, r"seeds\[0\] = 30 is not a node: the graph has 30"),
    ({"nodes": [True] * 3}, "nodes"),
])  # fmt: skip
def test_refused(options, text):
    with pytest.raises((TypeError, ValueError), match=text):
        list(loader_of(**options))


def test_a_store_of_other_features():
    stores = {**loader_of().store, "keys": FeatureStore(np.ones((12, 4)))}
    with pytest.raises(ValueError, match=r"store\['keys'\] must hold the dataset's features, \[12, 5\]; it has \[12, 4\]"):
        loader_of(store=stores)


def test_samplers_and_datasets_that_do_not_fit():
    with pytest.raises(ValueError, match="the sampler must be on dataset.graph"):
        loader_of(sampler=NeighborSampler(TIMED.graph, [1]))
    with pytest.raises(ValueError, match=r"sampler must return a TypedMiniBatch of the seeds \{'b': 4\}, got None"):
        list(loader_of(sampler=SimpleNamespace(sample=lambda *_, **how: None)))
    other = NeighborSampler(DATA.graph, [1]).sample({"b": [1]})
    with pytest.raises(ValueError, match=r"TypedMiniBatch of the seeds \{'b': 4\}, got TypedMiniBatch\(seeds=\{'b': 1\}"):
        list(loader_of(sampler=SimpleNamespace(sample=lambda *_, **how: other)))
    links = typed_dataset(target=None, labels=None, train=(), val=(), test=())
    with pytest.raises(ValueError, match="no type has labels in this dataset"):
        loader_of(links)


def test_what_makes_no_batch():
    minibatch = NeighborSampler(DATA.graph, [2]).sample({"b": [1], "keys": [0]})
    with pytest.raises(TypeError, match="minibatch must be a TypedMiniBatch, got MiniBatch"):
        plain = node_dataset()
        TypedBatch.of(NeighborSampler(plain.graph, [2]).sample([1]), DATA.features)
    with pytest.raises(TypeError, match=r"features must be a dict \{type: features\}, as the batch has types of nodes; got"):
        TypedBatch.of(minibatch, np.ones((3, 3)))
    few = {kind: of for kind, of in DATA.features.items() if kind != "b"}
    with pytest.raises(ValueError, match=r"features has no 'b': give SparseFeatures.identity\(n\) where there are none"):
        TypedBatch.of(minibatch, few)
    with pytest.raises(ValueError, match=r"features\['b'\] has 1 rows, and the batch has node \d+ there"):
        TypedBatch.of(minibatch, {**few, "b": np.ones((1, 3))})
    with pytest.raises(ValueError, match="labels are of one type, and the batch has seeds of 'keys', 'b': leave them out"):
        TypedBatch.of(minibatch, DATA.features, DATA.labels)
    with pytest.raises(ValueError, match=r"labels must be numbers of shape \[30\]"):
        TypedBatch.of(NeighborSampler(DATA.graph, [2]).sample({"b": [1]}), DATA.features, [1, 2])
    assert TO in minibatch.indptr
