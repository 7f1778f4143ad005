"""A user's own stack of layers, exact on whole graphs; what only looks like one is refused in a sentence."""

import numpy as np
import pytest
import torch
from helpers.nn_helpers import SEEDS, awkward_graph, close, features, node_dataset, sparse
from helpers.stacks import Mean, NormedLast, OtherLayers, OverAll, OwnStack, Scaled
from test_inference import NewTensors
from torch import nn

import graphsage as gs
from graphsage.nn.stack_inference import check_stack
from graphsage.nn.stacked import is_stack
from graphsage.tensors.store import FeatureStore

DATASET = node_dataset()
GRAPH, X = DATASET.graph, DATASET.features


def full_batch(model, x=X, **options):
    """Outputs of all nodes from a batch of all their neighbours."""
    sampler = gs.NeighborSampler(GRAPH, [-1] * len(model.layers), **options)
    with torch.no_grad():
        return model.eval()(gs.Batch.of(sampler.sample(np.arange(60)), x))


@pytest.mark.parametrize("isolated", ["empty", "self"])
@pytest.mark.parametrize("widths", [(7, 3), (7, 6, 3), (7, 6, 6, 6, 3)], ids=len)
def test_is_the_full_batch(widths, isolated):
    model = OwnStack(widths)
    out = gs.inference(model, GRAPH, X, isolated=isolated)
    assert out.dtype is torch.float32 and out.shape == (60, 3) and not out.requires_grad
    close(out, full_batch(model, isolated=isolated))


@pytest.mark.parametrize("given", [X, sparse(X), FeatureStore(X), torch.tensor(X)], ids=["dense", "sparse", "store", "tensor"])
def test_takes_features_of_every_kind(given):
    close(gs.inference(OwnStack(), GRAPH, given), gs.inference(OwnStack(), GRAPH, X))


@pytest.mark.parametrize("chunk_edges", [1, 7, 10**9])
def test_chunks_do_not_change_the_numbers(chunk_edges):
    close(gs.inference(OwnStack(), GRAPH, X, chunk_edges=chunk_edges), full_batch(OwnStack()))


def test_nothing_but_the_layers_outputs_is_larger_than_a_chunk():
    """2,000 nodes, about 17,000 edges of 16 features, chunks of 100 edges, or of one row of up to 400."""
    graph, model, x = awkward_graph(2000, 20_000), OwnStack((16, 6, 6, 3)), FeatureStore(features(2000, 16))

    def largest(chunk_edges):
        with NewTensors() as made:
            gs.inference(model, graph, x, chunk_edges=chunk_edges)
        return max(made.sizes - {2000 * 6, 2000 * 3})

    assert largest(100) <= 16 * (int(graph.degrees.max()) + 101) and largest(10**9) == 2000 * 16


def test_wide_layers_make_small_chunks(monkeypatch):
    """Of 40 values a source or a row, 4,000 values are 100 edges, whatever chunk_edges says."""
    asked = []

    class Watched(Mean):
        def forward(self, x, block):
            asked.append(len(block.indices))
            return super().forward(x, block)

    monkeypatch.setattr("graphsage.nn.stacked.CHUNK_VALUES", 4000)
    graph = gs.Graph.from_edges(np.arange(1000) % 50, np.arange(1000) // 10, 100)
    for widths in [(40, 2), (2, 40)]:
        asked.clear()
        gs.inference(OwnStack(widths, Watched), graph, features(100, widths[0]))
        assert asked[-10:] == [100] * 10


def test_stops_after_so_many_layers_and_writes_where_it_is_told():
    model, calls, out = OwnStack(), [], np.empty((60, 6), np.float32)
    found = gs.inference(model, GRAPH, X, num_layers=2, out=out, progress=lambda *done: calls.append(done))
    assert calls[-1] == (120, 120) and found.data_ptr() == out.ctypes.data
    rest = OwnStack((6, 3))
    rest.layers[0] = model.layers[2]
    close(gs.inference(rest, GRAPH, out), gs.inference(model, GRAPH, X))


def test_what_it_leaves_as_it_was():
    """Modes, generators, weights, running statistics; and nothing is drawn from a generator of the caller's."""
    model = OwnStack().train()
    before, state = {key: value.clone() for key, value in model.state_dict().items()}, torch.get_rng_state()
    gs.inference(model, GRAPH, X)
    assert model.training and model.norm.training and torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    wanted = full_batch(model)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        close(gs.inference(model, GRAPH, X), wanted)


def test_another_dtype_is_kept_between_the_layers():
    model = OwnStack().double()
    out = gs.inference(model, GRAPH, X)
    assert out.dtype is torch.float32
    batch = gs.Batch.of(gs.NeighborSampler(GRAPH, [-1] * 3).sample(SEEDS), X).cast(torch.float64)
    close(out[SEEDS], model.eval()(batch), 1e-6)


def test_layers_that_share_a_module_and_a_stack_without_weights():
    model = OwnStack((6, 6, 6, 6))
    model.layers = nn.ModuleList([model.layers[0]] * 3)
    close(gs.inference(model, GRAPH, X[:, :6]), full_batch(model, X[:, :6]))

    class Plain(nn.Module):
        layers = [lambda x, block: block.mean(x)] * 2

        def forward(self, batch):
            return self.layers[1](self.layers[0](batch.x, batch.blocks[0]), batch.blocks[1])[batch.seed_index]

    close(gs.inference(Plain(), GRAPH, X), full_batch(Plain()))


def test_one_number_a_seed_may_be_squeezed():
    class Squeezed(OwnStack):
        def forward(self, batch):
            return super().forward(batch).squeeze(1)

    assert gs.inference(Squeezed((7, 6, 1)), GRAPH, X).shape == (60, 1)


def test_layers_that_know_the_nodes():
    class Named(Mean):
        def forward(self, x, block):
            return super().forward(x, block) + torch.from_numpy(block.nodes[: block.num_rows])[:, None].float()

    model = OwnStack(layer=Named)
    close(gs.inference(model, GRAPH, X, chunk_edges=9), full_batch(model), 1e-4)


def test_graphs_without_edges_and_without_nodes():
    model = OwnStack()
    close(gs.inference(model, gs.Graph.from_edges([], [], 60), X), gs.inference(model, gs.Graph.from_edges([0], [0], 60), X))
    assert gs.inference(model, gs.Graph.from_edges([], [], 0), X[:0]).shape == (0, 3)


def test_lazy_weights_come_to_be_in_the_copy_alone():
    class Lazy(Mean):
        def __init__(self, width, out):
            super().__init__(width, out)
            self.own = nn.LazyLinear(out)

    model = OwnStack(layer=Lazy)
    assert check_stack(model, GRAPH, FeatureStore(X)) == [6, 6, 3] and model.layers[0].own.has_uninitialized_params()


# ---- what is none


def test_what_may_be_one():
    assert is_stack(OwnStack()) and is_stack(OtherLayers())
    assert not any(map(is_stack, [gs.GraphSAGE(7, 6, 3), nn.Linear(2, 2), GRAPH, nn.Sequential(nn.Linear(2, 2))]))
    empty = OwnStack()
    empty.layers = nn.ModuleList()
    assert not is_stack(empty)


class Noisy(OwnStack):
    def between(self, depth, h):
        return nn.functional.dropout(h)  # in evaluation mode too


class Flipped(OwnStack):
    def forward(self, batch):
        return super().forward(batch).flip(1)


class Late(OwnStack):
    def forward(self, batch):
        return super().forward(batch) + self.bias

    bias = 0.5


class ReadsMore(OwnStack):
    def forward(self, batch):
        return super().forward(batch) + batch.y[:, None]


class NoSeeds(OwnStack):
    def forward(self, batch):
        return self.layers[0](batch.x, batch.blocks[0])


class Sources(Mean):
    def forward(self, x, block):
        return self.own(x)


class Varied(Mean):
    def forward(self, x, block):
        return super().forward(x, block)[:, : 1 + block.num_rows]


class Whole(Mean):
    def forward(self, x, block):
        return super().forward(x, block).long()


class Nothing(Mean):
    def forward(self, x, block):
        super().forward(x, block)


class Tampered(OwnStack):
    def between(self, depth, h):
        return h[1:]


class Broken(OwnStack):
    def between(self, h):
        return h


ANOTHER = "cannot be computed layer by layer: its forward gives other outputs than its layers one by one, with between"
OVER_ALL = "cannot be computed layer by layer: what its layers make of a node depends on which other nodes are there"
NO_STACK = {
    "trained scale": (Scaled, f"^Scaled {ANOTHER}"),
    "running statistics": (NormedLast, f"^NormedLast {ANOTHER}"),
    "order of classes": (Flipped, f"^Flipped {ANOTHER}"),
    "a constant": (Late, f"^Late {ANOTHER}"),
    "other rows": (NoSeeds, f"^NoSeeds {ANOTHER}"),
    "norm over all": (OverAll, f"^OverAll {OVER_ALL}"),
    "dropout in evaluation": (Noisy, f"^Noisy {OVER_ALL}"),
    "more of the batch": (ReadsMore, "^ReadsMore cannot be .*: its forward asks for more than x, blocks and seed_index .*'y'"),
    "an MLP": (OtherLayers, r"^layers\[0\], a Linear, as layer\(x, block\), cannot be called with .*: TypeError: "),
    "rows of sources": (lambda: OwnStack(layer=Sources), r"^layers\[0\], a Sources, must return .* 2 destinations, \[2"),
    "width": (lambda: OwnStack((7, 6), Varied), r"^layers\[0\] must return rows of one width; they were 3 and then"),
    "integers": (lambda: OwnStack(layer=Whole), r"^layers\[0\], a Whole, must return .* floats.* int64, strided"),
    "nothing": (lambda: OwnStack(layer=Nothing), r"^layers\[0\], a Nothing, must return .*; it returned None$"),
    "between loses rows": (Tampered, r"^between\(depth, h\) must return .* 2 destinations, \[2, width\]; it returned \[1, 6\]"),
    "between of one argument": (Broken, r"^between\(depth, h\) cannot be called with 0, \[2, 6\]: TypeError: "),
    "uncopied": (lambda: uncopied(), "^OwnStack cannot be computed layer by layer: it cannot be copied, to be looked at"),
}


def uncopied():
    model = OwnStack()
    model.kept = torch.ones(1, requires_grad=True) * 2
    return model


@pytest.mark.parametrize("make, text", NO_STACK.values(), ids=NO_STACK)
def test_what_only_looks_like_a_stack_is_told(make, text):
    with pytest.raises((TypeError, ValueError), match=text):
        gs.inference(make(), GRAPH, X)


WRONG = {
    "graph": (lambda: gs.inference(OwnStack(), X, GRAPH), "graph must be a Graph, got ndarray"),
    "rows": (lambda: gs.inference(OwnStack(), GRAPH, X[:9]), r"features must have shape \[60, features\], got \[9, 7\]"),
    "width": (lambda: gs.inference(OwnStack(), GRAPH, X[:, :5]), r"layers\[0\], a Mean, .* cannot be called with .*: Run"),
    "device": (lambda: gs.inference(OwnStack(), GRAPH, X, device="meta"), "device"),
    "depth": (lambda: gs.inference(OwnStack(), GRAPH, X, num_layers=4), "num_layers must be an integer from 1 to 3, got 4"),
    "isolated": (lambda: gs.inference(OwnStack(), GRAPH, X, isolated="loop"), "isolated must be one of"),
    "out": (lambda: gs.inference(OwnStack(), GRAPH, X, out=np.empty((60, 2), np.float32)), "out must be a float32 array"),
    "a module": (lambda: gs.inference(nn.Linear(2, 2), GRAPH, X), "model must be a GraphSAGE, got torch.Linear: other"),
}


@pytest.mark.parametrize("call, text", WRONG.values(), ids=WRONG)
def test_hostile_input_is_told(call, text):
    with pytest.raises((TypeError, ValueError), match=f"^{text}"):
        call()
