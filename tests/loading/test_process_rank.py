"""Which part of an epoch a loader gives: its rank among processes, its place after a break, the same epoch again."""

import copy
import multiprocessing
import pickle

import numpy as np
import pytest
import torch
from helpers.nn_helpers import node_dataset
from torch import distributed

from graphsage.config.settings import TrainConfig
from graphsage.loading.node_loader import NeighborLoader
from graphsage.loading.process_rank import process_rank
from graphsage.nn.model import GraphSAGE
from graphsage.runs.trainer import Trainer
from graphsage.sampling.neighbor import NeighborSampler
from graphsage.trained.save import load_trained

DATA = node_dataset()  # 30 training nodes
CONFIG = TrainConfig(epochs=2, batch_size=8, evaluate="sampled")


@pytest.fixture(autouse=True)
def no_launcher(monkeypatch):
    for name in ("RANK", "WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)


def loader_of(batch_size=4, fanouts=(3, 2), reduce=None, **options):
    return NeighborLoader(DATA, NeighborSampler(DATA.graph, fanouts, seed=4), batch_size, reduce=reduce, **options)


def drawn(batches):
    return [(batch.epoch, batch.step, batch.seeds.tolist(), batch.minibatch.indices.tolist()) for batch in batches]


# ---- ranks


@pytest.mark.parametrize("batch_size", [4, 6, 13, None])
def test_ranks_share_the_epoch_of_one_loader(batch_size):
    one = drawn(loader_of(batch_size).epoch(2))
    parts = [drawn(loader_of(batch_size, rank=rank, num_ranks=3).epoch(2)) for rank in range(3)]
    assert len({len(part) for part in parts}) == 1
    both = sorted((batch for part in parts for batch in part), key=lambda batch: batch[1])
    assert both[: len(both) - 3] == one[: len(both) - 3]  # the last ones may be divided
    assert sorted(seed for batch in both for seed in batch[2]) == sorted(DATA.train)


def test_a_full_batch_of_all_neighbours_is_divided_too():
    parts = [next(iter(loader_of(None, (-1, -1), rank=rank, num_ranks=2))) for rank in (0, 1)]
    assert [len(part.seeds) for part in parts] == [15, 15]
    assert sorted(torch.cat([part.seeds for part in parts]).tolist()) == sorted(DATA.train)


def test_a_loader_follows_the_processes_that_start_after_it(monkeypatch):
    loader = loader_of(3)
    assert len(loader) == 10
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    assert len(loader) == 5 and [batch.step for batch in loader] == [1, 3, 5, 7, 9]
    monkeypatch.setattr(distributed, "is_initialized", lambda: True)  # which knows better than the environment
    monkeypatch.setattr(distributed, "get_rank", lambda: 2)
    monkeypatch.setattr(distributed, "get_world_size", lambda: 5)
    assert process_rank() == (2, 5) and [batch.step for batch in loader] == [2, 7]
    assert [batch.step for batch in loader.over(DATA.test[:20])] == [2, 7][: len(loader.over(DATA.test[:20]))]
    assert len(loader_of(3, rank=0, num_ranks=1)) == 10


def test_who_was_told_of_others_but_not_its_own_rank(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "4")
    for rank in ("", "4", "first"):
        monkeypatch.setenv("RANK", rank)
        with pytest.raises(RuntimeError, match="^WORLD_SIZE = 4, but RANK = .* does not say which of the processes this "):
            next(iter(loader_of()))
    assert len(loader_of(rank=3, num_ranks=4)) == 2
    monkeypatch.setenv("WORLD_SIZE", "1")
    assert process_rank() == (0, 1)


def test_what_was_trained_does_all_of_the_work(monkeypatch, tmp_path):
    Trainer(GraphSAGE(DATA.num_features, 8, DATA.num_outputs), DATA, CONFIG, folder=tmp_path, log=None).fit()
    trained = load_trained(tmp_path)
    alone = trained.outputs(DATA, fanouts=[3, 3])
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    assert np.array_equal(trained.outputs(DATA, fanouts=[3, 3]), alone)


def test_a_trainer_beside_others_that_it_has_not_met(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "0")
    rule = "^WORLD_SIZE = 2 speaks of 2 processes, and each would train all of the batches: call torch.distributed.init_process_"
    with pytest.raises(RuntimeError, match=rule):
        Trainer(GraphSAGE(DATA.num_features, 8, DATA.num_outputs), DATA, CONFIG, log=None)


@pytest.mark.parametrize("options", [{"rank": 1}, {"num_ranks": 2}])
def test_a_rank_of_how_many(options):
    with pytest.raises(ValueError, match="^rank and num_ranks go together: got rank = .* and num_ranks = .*$"):
        loader_of(**options)


# ---- the place in an epoch


@pytest.mark.parametrize("done", [0, 1, 3, 8])
def test_another_loader_goes_on_where_one_was(done):
    loader, rest = loader_of(), loader_of()
    batches = iter(loader)
    before = [next(batches) for _ in range(done)]
    rest.load_state_dict(loader.state_dict())
    after = [*rest, *rest]
    assert drawn([*before, *after]) == drawn(batch for epoch in range(2 + (done == 8)) for batch in loader_of().epoch(epoch))


def test_a_place_counts_the_steps_of_all_ranks():
    state = {"epoch": 3, "step": 4, "num_steps": 8}
    two = [loader_of(rank=rank, num_ranks=2) for rank in (0, 1)]
    for loader in two:
        loader.load_state_dict(state)
        assert loader.state_dict() == state
    assert [[batch.step for batch in loader] for loader in two] == [[4, 6], [5, 7]]


def test_a_place_of_another_loader_is_refused():
    with pytest.raises(ValueError, match="^the state is at step 3 of 10, and this loader has 8 steps on 1 ranks: make it with"):
        loader_of().load_state_dict({"epoch": 0, "step": 3, "num_steps": 10})
    with pytest.raises(ValueError, match="^the state is at step 3 of 8, and this loader has 8 steps on 2 ranks: make it with"):
        loader_of(rank=0, num_ranks=2).load_state_dict({"epoch": 0, "step": 3, "num_steps": 8})
    loader_of(5).load_state_dict({"epoch": 2, "step": 0, "num_steps": 8})  # at the beginning of an epoch any will do


def test_an_epoch_may_be_set():
    loader = loader_of()
    loader.load_state_dict({"epoch": 1, "step": 5, "num_steps": 8})
    loader.set_epoch(4)
    assert drawn(loader) == drawn(loader_of().epoch(4)) and loader.next_epoch == 5
    with pytest.raises(ValueError, match="epoch must be an integer >= 0, got -1"):
        loader.set_epoch(-1)


def test_a_loader_that_repeats_its_epoch():
    loader = loader_of(repeat=True)
    next(iter(loader))  # left early
    assert drawn(loader) == drawn(loader) == drawn(loader_of().epoch(0))
    loader.set_epoch(2)
    assert drawn(loader) == drawn(loader) == drawn(loader_of().epoch(2))
    with pytest.raises(TypeError, match="repeat must be True or False, got 'yes'"):
        loader_of(repeat="yes")


# ---- copies


@pytest.mark.parametrize("reduce", [None, "mean"])
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda loader: pickle.loads(pickle.dumps(loader))])
def test_a_copy_goes_on_with_the_same_batches(copied, reduce):
    loader = loader_of(reduce=reduce)
    next(iter(loader))
    again = copied(loader)
    assert drawn(again) == drawn(loader) == drawn(loader_of(reduce=reduce).epoch(1))


@pytest.mark.parametrize("fanouts, batch_size", [((3, 2), 4), ((-1, -1), None)])
def test_a_pickle_holds_no_scratch(fanouts, batch_size):
    sampler = NeighborSampler(DATA.graph, fanouts, replace=False)
    loader = NeighborLoader(DATA, sampler, batch_size)
    before = [len(pickle.dumps(part)) for part in (sampler, loader.store, loader)]
    list(loader)
    sampler.sample(np.arange(DATA.num_nodes))
    after = [len(pickle.dumps(part)) for part in (sampler, loader.store, loader)]
    assert max(np.subtract(after, before)) < 100
    graph, features = len(pickle.dumps(DATA.graph)), DATA.features.nbytes
    assert after[0] < graph + 1000 and after[1] < features + 1000 and after[2] < graph + features + DATA.labels.nbytes + 4000


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_store_comes_out_of_a_pickle_as_it_was(dtype):
    store = loader_of(feature_dtype=dtype).store
    again = pickle.loads(pickle.dumps(store))
    ids = torch.arange(DATA.num_nodes)
    assert torch.equal(again.rows(ids), store.rows(ids)) and again._dense.dtype == store._dense.dtype


def test_a_spawned_process_draws_the_same():
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(drawn_there, (loader_of(),)) == drawn(loader_of())


def drawn_there(loader):
    return drawn(loader)
