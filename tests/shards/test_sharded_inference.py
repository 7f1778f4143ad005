"""Exact inference on shards: the outputs of the whole graph, on every rank."""

from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy

import numpy as np
import pytest
import torch
from helpers.shards import whole_and_parts

import graphsage as gs

MODELS = [
    {},
    {"aggregator": "gcn", "num_layers": 3, "jumping": "cat"},
    {"aggregator": "max_pool", "num_layers": 3, "jumping": "max", "input_layer": "linear"},
]


@pytest.fixture(scope="module", params=[False, True], ids=["dense", "sparse"])
def pair(request, tmp_path_factory):
    return whole_and_parts(tmp_path_factory.mktemp("shards"), sparse=request.param)


def on_all(shards, function):
    """[function(dataset) of each rank], all at once."""
    with ThreadPoolExecutor(len(shards)) as executor:
        return [rank.result(60) for rank in [executor.submit(function, dataset) for dataset in shards]]


def outputs(model, shards, **how):
    """Of each rank, whose model is its own: inference sets its mode."""
    return on_all(shards, lambda of: gs.inference(deepcopy(model), of.graph, of.features, **how))


@pytest.mark.parametrize("isolated", ["empty", "self"])
@pytest.mark.parametrize("settings", MODELS, ids=["plain", "cat", "max"])
def test_outputs_are_those_of_the_whole(pair, settings, isolated):
    whole, shards = pair
    torch.manual_seed(0)
    model = gs.GraphSAGE(whole.num_features, 8, 3, **settings)
    for how in ({}, {"num_layers": 1}, {"num_layers": model.num_layers, "chunk_edges": 20}):
        expected = gs.inference(model, whole.graph, whole.features, isolated=isolated, **how)
        for found in outputs(model, shards, isolated=isolated, **how):
            assert found.shape == expected.shape
            torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)


def test_out_and_progress(pair):
    whole, shards = pair
    model, told = gs.GraphSAGE(whole.num_features, 8, 3), {}

    def written(dataset):
        out = np.empty((60, 3), np.float32)
        rank = told.setdefault(dataset.graph.owners.shard, [])
        gs.inference(deepcopy(model), dataset.graph, dataset.features, out=out, progress=lambda *done: rank.append(done))
        return out

    expected = gs.inference(model, whole.graph, whole.features).numpy()
    for found in on_all(shards, written):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    sizes = [end - first for first, end in (of.graph.owners.range for of in shards)]
    assert [told[rank][-1] for rank in range(3)] == [(2 * size, 2 * size) for size in sizes]


def test_nothing_is_kept(pair):
    whole, shards = pair
    model = gs.GraphSAGE(whole.num_features, 8, 3)
    answers = shards[0].graph.owners.exchange.together.answers
    before = [set(of) for of in answers]
    outputs(model, shards)
    assert [set(of) for of in answers] == before and "features" in before[0]
