"""Ranks that share the chunks of each layer end with the same bits as one process."""

import threading
from functools import partial

import numpy as np
import pytest
import torch
from helpers.nn_helpers import OPTIONS, awkward_graph, features, model_of
from helpers.stacks import OwnStack
from helpers.typed_nn import typed_dataset, typed_model

from graphsage.nn.inference import inference
from graphsage.nn.workspace import mapped, name_of

GRAPH, X = awkward_graph(), features(60, 7)


class Ranks:
    """Rank r of R, of which each is a thread."""

    def __init__(self, rank, size, board, barrier):
        self.rank, self.size, self.board, self.barrier = rank, size, board, barrier

    def gather(self, tensor, starts):
        assert len(starts) == self.size + 1 and starts[0] == 0 and starts[-1] == len(tensor) and starts == sorted(starts)
        self.board[self.rank] = tensor
        self.barrier.wait(20)
        for rank, (first, end) in enumerate(zip(starts, starts[1:])):
            if rank != self.rank:
                tensor[first:end] = self.board[rank][first:end]
        self.barrier.wait(20)


def on_ranks(size, function):
    """[what function(ranks) returns on each]."""
    board, barrier, found = [None] * size, threading.Barrier(size), [None] * size

    def work(rank):
        try:
            found[rank] = function(Ranks(rank, size, board, barrier))
        except BaseException as error:
            barrier.abort()
            found[rank] = error

    threads = [threading.Thread(target=work, args=(rank,)) for rank in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


@pytest.mark.parametrize("memory", [1, None])
@pytest.mark.parametrize("size", [2, 9])
@pytest.mark.parametrize("options", [{}, *(of for of in OPTIONS if "jumping" in of)], ids=str)
def test_the_chunks_are_shared_out(options, size, memory, tmp_path):
    """9 ranks are more than there are chunks."""
    model, how = model_of(num_layers=3, **options), {"chunk_edges": 50}
    wanted = inference(model, GRAPH, X, **how)
    found = on_ranks(size, lambda ranks: inference(model, GRAPH, X, **how, memory=memory, scratch=tmp_path, ranks=ranks))
    assert all(torch.equal(of, wanted) for of in found)


def test_each_chunk_is_made_once():
    counts = [[], []]
    progress = [lambda done, total: counts[0].append(done), lambda done, total: counts[1].append(done)]
    on_ranks(2, lambda ranks: inference(model_of(), GRAPH, X, chunk_edges=50, ranks=ranks, progress=progress[ranks.rank]))
    alone = []
    inference(model_of(), GRAPH, X, chunk_edges=50, progress=lambda *of: alone.append(of))
    assert len(counts[0]) + len(counts[1]) == len(alone) and min(map(len, counts)) >= len(alone) // 2 - 1


def test_so_are_those_of_typed_graphs_and_stacks(tmp_path):
    data = typed_dataset()
    for model, graph, x in [(typed_model(data, num_layers=3, jumping="cat"), data.graph, data.features),
                            (OwnStack().eval(), GRAPH, X)]:  # fmt: skip
        compute = partial(inference, model, graph, x, chunk_edges=15)
        wanted = compute()
        assert all(torch.equal(of, wanted) for of in on_ranks(3, lambda ranks: compute(ranks=ranks)))  # noqa: B023


def test_a_mapped_file_is_its_content(tmp_path):
    with open(tmp_path / "a.npy", "w+b") as file:
        rows = mapped(file, (3, 2), is_npy=True)
    rows[:] = 7
    assert np.array_equal(np.load(tmp_path / "a.npy"), np.full((3, 2), 7, np.float32))
    with open(tmp_path / "empty.npy", "w+b") as file:
        assert mapped(file, (0, 2), is_npy=True).shape == np.load(file.name).shape == (0, 2)
    assert name_of("layer0") == "layer0" and name_of("layer0", "a/b") == "layer0-a%2Fb"
