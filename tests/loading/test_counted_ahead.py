"""Features on a disk: the same batches, with and without rows that are kept; and those that are kept are the most asked."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers.nn_helpers import features, node_dataset
from helpers.on_disk import features_on_disk
from helpers.typed_data import papers
from test_node_loader import contents

from graphsage import Graph, LinkLoader, NeighborLoader, NeighborSampler, split_links
from graphsage.loading import counted_ahead
from graphsage.loading.label_loader import LabelLoader
from graphsage.tensors.kept_rows import most_asked

N = 300
RNG = np.random.default_rng(3)
GRAPH = Graph.from_edges(*(N * RNG.random((2, 1_500)) ** 3).astype(int), N, undirected=True)
DATA = node_dataset(GRAPH, num_features=20)
LINKS = split_links(GRAPH, features=features(N, 20), seed=1)
KINDS = {
    "reduced": (NeighborLoader, DATA, {"reduce": "mean"}),
    "gcn": (NeighborLoader, DATA, {"reduce": "gcn"}),
    "whole": (NeighborLoader, DATA, {}),
    "sparse": (NeighborLoader, node_dataset(GRAPH, num_features=20, is_sparse=True), {"reduce": "max"}),
    "labels": (LabelLoader, DATA, {}),
    "links": (LinkLoader, LINKS, {"reduce": "sum"}),
    "typed": (NeighborLoader, papers(), {}),
}


def on_disk(dataset, folder):
    """The same dataset with its features in mapped files."""
    given = dataset.features
    if not isinstance(given, Mapping):
        return replace(dataset, features=features_on_disk(folder, given))
    for kind in given:
        (folder / kind).mkdir()
    return replace(dataset, features={kind: features_on_disk(folder / kind, of) for kind, of in given.items()})


def loader_of(kind, dataset, *, num_threads=1, batch_size=16, **options):
    made, _, own = KINDS[kind]
    sampler = NeighborSampler(dataset.graph, [3, 2], num_threads=num_threads, seed=4)
    return made(dataset, sampler, batch_size, **{**own, **options})


def asked_by_hand(loader, places):
    """How often each row is asked for in the batches at ``places``, by what is in them."""
    counts = np.zeros(N, int)
    for epoch, step in places:
        minibatch = loader.prepare(epoch, step).minibatch
        counts[np.unique(np.concatenate([minibatch.nodes, minibatch.neighbors]))] += 1
    return counts


def kept(loader):
    return np.flatnonzero(loader.store.disk.kept.slots(np.arange(N)) >= 0)


@pytest.mark.parametrize("num_threads", [0, 1, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_batches_are_those_of_features_in_memory(tmp_path, kind, num_threads):
    dataset = KINDS[kind][1]
    cache = {} if kind == "sparse" else {"feature_cache": "20%"}
    loader = loader_of(kind, on_disk(dataset, tmp_path), num_threads=num_threads, **cache)
    plain = loader_of(kind, dataset)
    for epoch in (0, 3):
        found, wanted = ([contents(batch) for batch in of.epoch(epoch)] for of in (loader, plain))
        assert found == wanted and len(found) > 1
    for store in loader.store.values() if kind == "typed" else [loader.store]:
        assert store.reads.asked > 0 and (store.reads.hits > 0) == (not store.is_sparse)


def test_the_rows_kept_are_those_that_the_coming_steps_ask_for_most(tmp_path):
    loader, plain = loader_of("reduced", on_disk(DATA, tmp_path), feature_cache=80 * 30 + 79), loader_of("reduced", DATA)
    loader.last_epoch = 5
    next(loader.epoch(3, 4))
    places = [(3, step) for step in range(4, len(plain))] + [(4, step) for step in range(len(plain))]
    assert kept(loader).tolist() == most_asked(asked_by_hand(plain, places), 30).tolist()


@pytest.mark.parametrize(("last_epoch", "counted"), [(None, 25), (2, 20), (1, 10), (0, 10)])
def test_so_many_steps_are_counted_and_no_more(tmp_path, monkeypatch, last_epoch, counted):
    loader = loader_of("reduced", on_disk(DATA, tmp_path), feature_cache="100%")
    places, rows_asked, loader.last_epoch = [], loader.rows_asked, last_epoch
    monkeypatch.setattr(counted_ahead, "COUNTED", 25)
    monkeypatch.setattr(loader, "rows_asked", lambda *at: places.append(at) or rows_asked(*at))
    for _ in range(2):
        list(loader.epoch(0))
    assert len(loader) == 10 and sorted(places) == [(at // 10, at % 10) for at in range(counted)]  # once, and not again


def test_with_room_for_all_that_was_counted_nothing_is_read(tmp_path):
    loader = loader_of("reduced", on_disk(DATA, tmp_path), feature_cache="100%")
    loader.last_epoch = 1
    list(loader.epoch(0))
    assert loader.store.reads.hits == loader.store.reads.asked > 0 == loader.store.reads.bytes_read


def test_whoever_goes_through_nodes_once_counts_nothing_ahead(tmp_path):
    loader = loader_of("reduced", on_disk(DATA, tmp_path), feature_cache="10%")
    list(loader.over(np.arange(40)).epoch(0))
    assert not len(kept(loader))
    list(loader.epoch(0))
    assert len(kept(loader)) == 30


def test_features_in_memory_count_nothing(monkeypatch):
    monkeypatch.setattr(counted_ahead, "_coming", None)
    list(loader_of("reduced", DATA, feature_cache="10%").epoch(0))


def test_bytes_are_shared_out_over_types(tmp_path):
    dataset = on_disk(papers(), tmp_path)
    whole = sum(of.nbytes for of in dataset.features.values() if isinstance(of, np.ndarray))
    loader = loader_of("typed", dataset, feature_cache=whole // 2)
    dense = [store for store in loader.store.values() if not store.is_sparse]
    assert len(dense) == 2 and all(store.room() == len(store) // 2 for store in dense)


def test_a_cache_for_sparse_features_is_refused():
    dataset = KINDS["sparse"][1]
    with pytest.raises(ValueError, match="^feature_cache = '5%' is for dense features: sparse ones have none$"):
        loader_of("sparse", dataset, feature_cache="5%")
    with pytest.raises(ValueError, match="^feature_cache must be a size such as 2GB, or a share .*; got '5 kilos'$"):
        loader_of("sparse", dataset, feature_cache="5 kilos")


def test_random_numbers_of_others_are_left_alone(tmp_path):
    torch.manual_seed(1)
    np.random.seed(1)  # noqa: NPY002
    before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    list(loader_of("reduced", on_disk(DATA, tmp_path), feature_cache="10%").epoch(0))
    assert torch.equal(torch.get_rng_state(), before[0]) and np.array_equal(np.random.get_state()[1], before[1])  # noqa: NPY002
