"""NeighborLoader: which batches come, in which order, from which thread, and what is in them."""

import dataclasses
import threading
import traceback
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from helpers.nn_helpers import SEEDS, awkward_graph, batch_of, close, model_of, node_dataset

from graphsage.data.dataset import NodeDataset
from graphsage.loading import stores
from graphsage.loading.batch import Batch
from graphsage.loading.node_loader import NeighborLoader
from graphsage.loading.parcel import Parcel
from graphsage.sampling.items import SeedPlan
from graphsage.sampling.minibatch import MiniBatch
from graphsage.sampling.neighbor import STREAMS, NeighborSampler
from graphsage.tensors.csr_matrix import CSRMatrix, Transpose

DENSE, SPARSE = node_dataset(), node_dataset(is_sparse=True)
#: The three meanings of an epoch: one pass (30 training nodes), random batches, full batch.
MODES = {"pass": (8, None), "random": (8, 5), "full": (None, None)}


def loader_of(dataset=DENSE, mode="pass", fanouts=(3, 2), *, num_threads=1, reduce=None, nodes=None, **options):
    sampler = NeighborSampler(dataset.graph, fanouts, num_threads=num_threads, seed=4, **options)
    return NeighborLoader(dataset, sampler, *MODES[mode], reduce=reduce, nodes=nodes)


def contents(batch):
    """Everything in a batch, by name, as lists: what two equal batches share."""
    found = {"step": batch.step, "epoch": batch.epoch, "kind": type(batch).__name__}

    def look(name, value):
        if isinstance(value, (torch.Tensor, np.ndarray)):
            found[name] = (str(value.dtype), value.tolist())
        elif isinstance(value, (list, tuple)):
            for i, item in enumerate(value):
                look(f"{name}[{i}]", item)
        elif isinstance(value, (Batch, MiniBatch, CSRMatrix, Transpose)):
            for field, part in vars(value).items():
                look(f"{name}.{field}", part)

    look("batch", batch)
    return found


def contents_of_arrays(minibatch):
    return {name: array.tolist() for name, array in vars(minibatch).items() if isinstance(array, np.ndarray)}


def threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("graphsage")]


def seeds_of(batch):
    return batch.minibatch.nodes[batch.seed_index.numpy()]


def dense(x):
    return x.to_dense() if isinstance(x, CSRMatrix) else x


# ---- which batches


@pytest.mark.parametrize("reduce", [None, "mean", "max"])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dataset", [DENSE, SPARSE], ids=["dense", "sparse"])
class TestBatches:
    def test_steps_seeds_and_labels(self, dataset, mode, reduce):
        loader, plan = loader_of(dataset, mode, reduce=reduce), SeedPlan(dataset.train, *MODES[mode], seed=4)
        batches = list(loader.epoch(6))
        assert len(batches) == len(loader) == {"pass": 4, "random": 5, "full": 1}[mode]
        for step, batch in enumerate(batches):
            assert (batch.epoch, batch.step) == (6, step) and batch.reduce == reduce
            assert seeds_of(batch).tolist() == plan.seeds(6, step).tolist()
            assert batch.y.tolist() == dataset.labels[seeds_of(batch)].tolist() and batch.y.dtype == torch.int64
            assert batch.seed_index.tolist() == batch.minibatch.seed_index.tolist()
            sample = loader.sampler.sample if reduce is None else loader.sampler.sample_open
            drawn = sample(plan.seeds(6, step), epoch=6, step=step)  # the draws of this step, no other's
            assert contents_of_arrays(batch.minibatch) == contents_of_arrays(drawn)
        lengths = {"pass": [8, 8, 8, 6], "random": [8] * 5, "full": [30]}[mode]
        assert [len(batch.y) for batch in batches] == lengths

    def test_features_are_the_nodes_own(self, dataset, mode, reduce):
        x = torch.from_numpy(DENSE.features)
        for batch in loader_of(dataset, mode, reduce=reduce):
            nodes = torch.from_numpy(batch.minibatch.nodes).long()
            if reduce is None:
                assert isinstance(batch, Batch) and torch.equal(dense(batch.x), x[nodes])
            else:
                assert batch.reduce == reduce and torch.equal(dense(batch.x_self), x[nodes])
                kind = BY_HAND[reduce]
                for row, v in zip(dense(batch.x_neigh), range(len(nodes)), strict=True):
                    begin, end = batch.minibatch.indptr[v : v + 2]
                    found = x[torch.from_numpy(batch.minibatch.neighbors[begin:end]).long()]
                    close(row, kind(found) if len(found) else torch.zeros(7), 1e-6)

    def test_blocks_are_the_minibatchs(self, dataset, mode, reduce):
        for batch in loader_of(dataset, mode, reduce=reduce):
            for ours, theirs in zip(batch.blocks, batch.minibatch.blocks, strict=True):
                assert ours.shape == (theirs.num_dst, theirs.num_src) and ours.values is None
                assert ours.indptr.tolist() == theirs.indptr.tolist() and ours.indices.tolist() == theirs.indices.tolist()
            carried = [block.transposed is not None for block in batch.blocks]
            # the first layer's input needs no gradient; nor does a reduced one need that layer's block
            assert carried == ([False, True] if reduce is None else [True])


BY_HAND = {"mean": lambda x: x.mean(0), "max": lambda x: x.amax(0)}


def test_what_the_backward_pass_needs_is_carried():
    """Made on the loader's threads, not in the training loop."""
    batch = batch_of(SPARSE, SEEDS, [3, 2], reduce="mean")
    assert batch.x_self.transposed is not None and batch.x_neigh.transposed is not None


def test_repeated_seeds_and_nodes_without_a_label():
    labels = DENSE.labels.copy()
    labels[5] = -1
    none = np.empty(0, np.int64)
    dataset = NodeDataset(graph=DENSE.graph, features=DENSE.features, labels=labels, train=none, val=none, test=none)
    batch = batch_of(dataset, [5, 3, 5], [2])
    assert batch.y.tolist() == [-1, labels[3], -1] and seeds_of(batch).tolist() == [5, 3, 5]


# ---- epochs


@pytest.mark.parametrize("mode", MODES)
def test_iterations_are_successive_epochs_and_repeatable(mode):
    loader = loader_of(mode=mode)
    first, second = [contents(batch) for batch in loader], [contents(batch) for batch in loader]
    assert {c["epoch"] for c in first} == {0} and {c["epoch"] for c in second} == {1}
    for epoch, seen in ((1, second), (0, first)):  # in any order, from this loader or another
        assert [contents(batch) for batch in loader.epoch(epoch)] == seen
        assert [contents(batch) for batch in loader_of(mode=mode).epoch(epoch)] == seen
    if mode != "full":  # where all training nodes are the seeds of one batch, only the draws of neighbours differ
        assert [c["batch.y"] for c in first] != [c["batch.y"] for c in second]
    assert [c["batch.minibatch.indices"] for c in first] != [c["batch.minibatch.indices"] for c in second]
    assert loader.next_epoch == 2


def test_an_iterator_that_is_not_used_up_counts_as_an_epoch():
    loader = loader_of()
    next(iter(loader))
    assert next(iter(loader)).epoch == 1


def test_an_iterator_without_a_batch_is_no_epoch():
    loader = loader_of()
    iter(loader)
    assert next(iter(loader)).epoch == 0


def test_a_pass_uses_each_node_once():
    seen = np.concatenate([seeds_of(batch) for batch in loader_of()])
    assert np.sort(seen).tolist() == np.sort(DENSE.train).tolist()


@pytest.mark.parametrize("reduce", [None, "mean"])
def test_a_full_batch_of_all_neighbours_is_made_once(monkeypatch, reduce):
    loader, made = loader_of(mode="full", fanouts=(-1, -1), reduce=reduce), []
    prepare = loader.prepare
    monkeypatch.setattr(loader, "prepare", lambda *position: made.append(position) or prepare(*position))
    batches = [batch for _ in range(3) for batch in loader]
    assert [(batch.epoch, batch.step) for batch in batches] == [(0, 0), (1, 0), (2, 0)] and made == [(0, 0)]
    assert all(batch.minibatch is batches[0].minibatch for batch in batches)
    drawn = loader_of(mode="full", fanouts=(-1, 2))
    assert len({str(contents(batch)["batch.minibatch.indices"]) for _ in range(3) for batch in drawn}) == 3


def test_other_nodes_than_the_training_nodes():
    loader = loader_of(nodes=DENSE.val)
    assert np.sort(np.concatenate([seeds_of(batch) for batch in loader])).tolist() == np.sort(DENSE.val).tolist()


# ---- threads


@pytest.mark.parametrize("reduce", [None, "gcn"])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dataset", [DENSE, SPARSE], ids=["dense", "sparse"])
def test_any_number_of_threads_gives_the_same_batches(dataset, mode, reduce):
    runs = []
    for num_threads in (0, 1, 2, 4):
        loader = loader_of(dataset, mode, num_threads=num_threads, reduce=reduce)
        runs.append([contents(batch) for _ in range(2) for batch in loader])
    assert runs[0] and runs[1:] == runs[:1] * 3
    assert not threads()


@pytest.mark.parametrize("num_threads", [1, 3])
def test_leaving_the_loop_leaves_no_thread(num_threads):
    loader = loader_of(mode="random", num_threads=num_threads)
    for _ in loader:
        assert threads()  # the canary: there are some while the loop runs
        break
    assert not threads()
    batches = iter(loader)
    next(batches)
    batches.close()
    assert not threads()
    with pytest.raises(KeyError):
        for _ in loader:
            raise KeyError
    assert not threads()


@pytest.mark.parametrize("num_threads", [0, 2])
def test_an_exception_in_a_thread_is_raised_in_the_loop(monkeypatch, num_threads):
    """At its step, after the batches before it, as it is: with its type, its cause and the line that raised it."""
    loader = loader_of(mode="random", num_threads=num_threads)
    sample = NeighborSampler.sample

    def failing(sampler, seeds, *, epoch, step):
        if step == 2:
            raise OSError("the disk is gone") from ValueError("its cause")
        return sample(sampler, seeds, epoch=epoch, step=step)

    monkeypatch.setattr(NeighborSampler, "sample", failing)
    seen = []
    with pytest.raises(OSError, match="^the disk is gone$") as caught:
        for batch in loader:
            seen.append(batch.step)
    assert seen == [0, 1] and str(caught.value.__cause__) == "its cause"
    assert "failing" in [frame.name for frame in traceback.extract_tb(caught.tb)]
    del caught
    assert not threads()


def test_nodes_that_the_graph_does_not_have():
    with pytest.raises(ValueError, match=r"^seeds\[0\] = 60 is not a node: the graph has 60$"):
        next(iter(loader_of(mode="full", nodes=[60, 1])))


# ---- to and pin_memory


@pytest.mark.parametrize("reduce", [None, "mean"])
@pytest.mark.parametrize("dataset", [DENSE, SPARSE], ids=["dense", "sparse"])
class TestMoves:
    def test_to_the_cpu_keeps_everything(self, dataset, reduce):
        batch = batch_of(dataset, SEEDS, [3, 2], reduce=reduce, edge_ids=True)
        moved = batch.to("cpu")
        assert contents(moved) == contents(batch)
        assert moved.minibatch is batch.minibatch

    def test_to_another_device_reaches_every_tensor(self, dataset, reduce):
        batch = batch_of(dataset, SEEDS, [3, 2], reduce=reduce)
        tensors, moved = [], batch.to("meta")
        batch.map(lambda tensor: tensors.append(tensor) or tensor)
        found = []
        moved.map(lambda tensor: found.append((tensor.device.type, tensor.shape, tensor.dtype)) or tensor)
        assert found == [("meta", tensor.shape, tensor.dtype) for tensor in tensors]
        # seeds, places, seed_index, y; a block and its transpose, and where x is not reduced another block; x or two of
        # them, each a tensor or a CSR with its transpose
        sizes = {(None, False): 2 + 1, (None, True): 2 + 3, ("mean", False): 2, ("mean", True): 12}
        assert len(found) == 4 + 4 + sizes[reduce, dataset is SPARSE]

    @pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
    def test_pinned_and_on_the_gpu(self, dataset, reduce):
        batch = batch_of(dataset, SEEDS, [3, 2], reduce=reduce)
        pinned = batch.pin_memory()
        flags = []
        pinned.map(lambda tensor: flags.append(tensor.is_pinned()) or tensor)
        assert all(flags) and contents(pinned) == contents(batch)
        assert contents(pinned.to("cuda").to("cpu")) == contents(batch)
        model = model_of()
        on_cpu = model(batch)
        close(model.to("cuda")(batch.to("cuda")).cpu(), on_cpu)


def test_the_device_of_the_batches():
    sampler = NeighborSampler(DENSE.graph, [3, 2])
    loader = NeighborLoader(DENSE, sampler, 8, device="meta")
    assert {batch.x.device.type for batch in loader} == {"meta"}
    assert next(loader.epoch(0)).blocks[1].transposed.indices.device.type == "meta"


@pytest.mark.parametrize("reduce", [None, "mean", "max", "gcn"])
def test_bfloat16_features_are_those_of_rounded_ones(reduce):
    """Stored in half the memory; what comes out is float32, and close to what the rounded features give in float32."""
    sampler = NeighborSampler(DENSE.graph, [3, 2], seed=4)
    rounded = torch.from_numpy(DENSE.features).bfloat16().float().numpy()
    twin = NeighborLoader(dataclasses.replace(DENSE, features=rounded), sampler, 8, reduce=reduce)
    loader = NeighborLoader(DENSE, sampler, 8, reduce=reduce, feature_dtype="bfloat16")
    assert not np.array_equal(rounded, DENSE.features)
    for ours, theirs in zip(loader, twin, strict=True):
        names = ("x",) if reduce is None else ("x_self", "x_neigh")
        for name in names:
            a, b = getattr(ours, name), getattr(theirs, name)
            assert a.dtype == torch.float32
            exact = name != "x_neigh" or reduce == "max"
            torch.testing.assert_close(a, b, rtol=0 if exact else 2**-8, atol=0 if exact else 2**-8)


def storages(batch):
    """Where in memory its tensors are."""
    found = set()
    batch.map(lambda tensor: found.add(tensor.untyped_storage().data_ptr()) or tensor)
    return found


@pytest.mark.parametrize("reduce", [None, "mean"])
@pytest.mark.parametrize("dataset", [DENSE, SPARSE], ids=["dense", "sparse"])
def test_a_parcel_holds_the_batch(dataset, reduce):
    """All of it in one piece of memory, with tensors of no elements among them."""
    for seeds in (SEEDS, [int(np.flatnonzero(dataset.graph.degrees == 0)[0])]):
        batch = batch_of(dataset, seeds, [3, 2], reduce=reduce)
        parcel = Parcel(batch, pin_memory=False)
        opened = parcel.to("cpu")
        assert contents(opened) == contents(batch)
        assert storages(opened) == {parcel.buffer.untyped_storage().data_ptr()}


@pytest.mark.parametrize("reduce", [None, "mean", "max", "gcn"])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_features_that_are_read_on_the_device(reduce, dtype, monkeypatch):
    """The CPU in the part of a GPU: the threads leave the features out, the loop puts them in."""
    sampler = NeighborSampler(DENSE.graph, [3, 2], seed=4)
    options = {"reduce": reduce, "feature_dtype": dtype}
    usual = list(NeighborLoader(DENSE, sampler, 8, **options))
    loader = NeighborLoader(DENSE, sampler, 8, **options)
    loader.prepare = loader._draft
    assert loader.prepare(0, 0).pending is not None
    assert [contents(batch) for batch in loader] == [contents(batch) for batch in usual]


# ---- refusals


def test_a_reduced_batch_has_no_x():
    text = r"^this batch is reduced \(its loader has reduce='max'\).* no x: make the loader with reduce=None$"
    with pytest.raises(TypeError, match=text):
        batch_of(DENSE, SEEDS, [3, 2], reduce="max").x  # noqa: B018 - the property raises


@pytest.mark.parametrize(
    "options, text",
    [
        ({"batch_size": 0}, "batch_size must be an integer >= 1, got 0"),
        ({"batch_size": None, "batches_per_epoch": 3}, "batches_per_epoch = 3 needs a batch_size: .*"),
        ({"batch_size": 8, "reduce": "median"}, "reduce must be one of 'mean', 'sum', 'max', 'gcn'; got 'median'"),
        ({"batch_size": 8, "features_on": "gpu"}, "features_on must be one of 'auto', 'cpu', 'device'; got 'gpu'"),
        ({"batch_size": 8, "feature_dtype": "float16"}, "feature_dtype must be one of 'float32', 'bfloat16'; got 'float16'"),
        ({"batch_size": 8, "nodes": []}, "nodes is empty: an epoch needs at least one training node"),
    ],
)
def test_refused(options, text):
    with pytest.raises(ValueError, match=f"^{text}$"):
        NeighborLoader(DENSE, NeighborSampler(DENSE.graph, [3, 2]), **options)


def test_sparse_features_in_bfloat16():
    text = "^feature_dtype = 'bfloat16' is for dense features: sparse ones are float32$"
    with pytest.raises(ValueError, match=text):
        NeighborLoader(SPARSE, NeighborSampler(SPARSE.graph, [3, 2]), 8, feature_dtype="bfloat16")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("reduce", [None, "mean", "max", "sum", "gcn"])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_features_on_a_gpu(reduce, dtype):
    """Read there or on the CPU, the batches agree; by default they are read there."""
    sampler = NeighborSampler(DENSE.graph, [3, 2], seed=4)
    options = {"reduce": reduce, "feature_dtype": dtype, "device": "cuda"}
    there = NeighborLoader(DENSE, sampler, 8, **options)
    here = NeighborLoader(DENSE, sampler, 8, features_on="cpu", **options)
    assert (there.store.device.type, here.store.device.type) == ("cuda", "cpu")
    for a, b in zip(there, here, strict=True):
        names = ("x",) if reduce is None else ("x_self", "x_neigh")
        for name in names:
            ours, theirs = getattr(a, name), getattr(b, name)
            assert ours.device.type == theirs.device.type == "cuda"
            tolerance = 1e-5 if dtype == "float32" else 2**-7
            torch.testing.assert_close(ours, theirs, rtol=tolerance, atol=tolerance)
        assert torch.equal(a.y, b.y) and torch.equal(a.seed_index, b.seed_index)


def test_a_sampler_on_another_graph():
    sampler = NeighborSampler(awkward_graph(50, 100), [3, 2])
    text = r"^the sampler must be on dataset.graph, Graph\(num_nodes=60, .*\); it is on another, Graph\(num_nodes=50, "
    with pytest.raises(ValueError, match=text):
        NeighborLoader(DENSE, sampler, 8)
    with pytest.raises(TypeError, match="^sampler must be a NeighborSampler or have sample.items, epoch, step., got NoneType$"):
        NeighborLoader(DENSE, None, 8)


# ---- where a batch comes from


@pytest.mark.parametrize("mode", MODES)
def test_a_batch_names_its_seeds_and_their_places(mode):
    nodes = DENSE.train[::-1].copy()
    for batch in loader_of(DENSE, mode, nodes=nodes):
        assert batch.seeds.tolist() == nodes[batch.places].tolist() == seeds_of(batch).tolist()
        assert batch.y.tolist() == DENSE.labels[batch.seeds].tolist()


def test_a_loader_in_order():
    sampler = NeighborSampler(DENSE.graph, [3, 2], num_threads=2)
    batches = list(NeighborLoader(DENSE, sampler, 7, nodes=np.arange(60), shuffle=False))
    assert torch.cat([batch.seeds for batch in batches]).tolist() == list(range(60))
    assert len(list(NeighborLoader(DENSE, sampler, 7, nodes=np.arange(60), drop_last=True))) == 8


class Own:
    """A sampler of somebody's own: it answers ``sample(items, epoch, step)``, and no more."""

    def __init__(self, graph):
        self.inner = NeighborSampler(graph, [3, 2], seed=4)

    def sample(self, items, epoch, step):
        return self.inner.sample(items.seeds, epoch=epoch, step=step)


def test_any_sampler_will_do():
    loader = NeighborLoader(DENSE, Own(DENSE.graph), 8)
    loader.plan = loader_of(DENSE).plan
    assert [contents(batch) for batch in loader] == [contents(batch) for batch in loader_of(DENSE)]
    with pytest.raises(TypeError, match="or have sample_open.items, epoch, step., got Own$"):
        NeighborLoader(DENSE, Own(DENSE.graph), 8, reduce="mean")


def test_over_other_nodes_does_not_keep_the_full_batch():
    sampler = NeighborSampler(DENSE.graph, [-1, -1])
    loader = NeighborLoader(DENSE, sampler, None)
    assert len(next(iter(loader)).seeds) == len(DENSE.train)
    assert next(iter(loader.over(DENSE.test[:5]))).seeds.tolist() == DENSE.test[:5].tolist()


def test_over_other_nodes_keeps_the_order_and_leaves_out_none():
    sampler = NeighborSampler(DENSE.graph, [3, 2])
    loader = NeighborLoader(DENSE, sampler, 7, shuffle=False, drop_last=True).over(np.arange(20))
    assert [batch.seeds.tolist() for batch in loader] == [list(range(7)), list(range(7, 14)), list(range(14, 20))]
    drawn = NeighborLoader(DENSE, sampler, 7, batches_per_epoch=9)
    assert sorted(torch.cat([batch.seeds for batch in drawn.over(np.arange(20))]).tolist()) == list(range(20))


def test_places_that_are_written_to_leave_the_epoch_as_it_was():
    loader = loader_of(DENSE)
    expected = [batch.seeds.tolist() for batch in loader.epoch(0)]
    next(loader.epoch(0)).places.zero_()
    assert [batch.seeds.tolist() for batch in loader.epoch(0)] == expected


@pytest.mark.parametrize("reduce", [None, "mean"])
def test_a_sampler_that_answers_something_else(reduce):
    """Fewer seeds, the other kind of batch, nothing: told before it becomes wrong numbers."""
    inner = NeighborSampler(DENSE.graph, [3, 2])
    ways = {None: (inner.sample, inner.sample_open), "mean": (inner.sample_open, inner.sample)}
    right, wrong = ways[reduce]
    answers = {
        "fewer": lambda items, epoch, step: right(items.seeds[:-1], epoch, step),
        "other": lambda items, epoch, step: wrong(items, epoch, step),
        "nothing": lambda items, epoch, step: None,
    }
    for answer in answers.values():
        own = SimpleNamespace(sample=answer, sample_open=answer)
        with pytest.raises(ValueError, match="^sample.* of the sampler must return an? .* MiniBatch of 8 seeds, got "):
            next(iter(NeighborLoader(DENSE, own, 8, reduce=reduce)))


def test_a_store_may_be_shared():
    first = loader_of(DENSE)
    second = NeighborLoader(DENSE, first.sampler, 8, store=first.store)
    assert second.store is first.store
    assert [contents(batch) for batch in second] == [contents(batch) for batch in loader_of(DENSE)]


@pytest.mark.parametrize("dtype, free, where", [
    ("float32", 2 * 60 * 9 * 4, "cuda"), ("float32", 2 * 60 * 9 * 4 - 2, "cpu"),
    ("bfloat16", 2 * 60 * 9 * 2, "cuda"), ("bfloat16", 2 * 60 * 9 * 2 - 2, "cpu"),
])
def test_features_lie_on_a_gpu_with_twice_the_room_free(dtype, free, where, monkeypatch):
    """A made-up GPU: only where the features would go is asked."""
    monkeypatch.setattr(stores, "free_memory", lambda device: free)
    features = np.zeros((60, 9), np.float32)
    assert torch.device(stores._device_of([features], torch.device("cuda"), "auto", dtype)).type == where
    assert torch.device(stores._device_of([features], torch.device("cpu"), "auto", dtype)).type == "cpu"
    assert torch.device(stores._device_of([features], torch.device("cuda"), "cpu", dtype)).type == "cpu"


def test_streams_share_no_batch():
    train, evaluate, predict = (NeighborSampler(DENSE.graph, [3, 2], seed=4, stream=name) for name in STREAMS)
    samplers, nodes = (train, evaluate, predict), np.arange(60)
    drawn = [[sampler.sample(nodes, 0, step).indices.tolist() for step in range(5)] for sampler in samplers]
    assert len({str(batch) for batches in drawn for batch in batches}) == 15
