"""Aggregators: against slow twins, what order and repeats change, hubs, keyed order, and aggregators of one's own."""

import ast
import re
from dataclasses import replace
from functools import partial

import naive_nn
import numpy as np
import pytest
import torch
from conftest import CHECKOUT
from helpers.nn_helpers import LEARNED, SEEDS, batch_of, close, model_of, node_dataset, regular_graph

import graphsage as gs
from graphsage.config.groups import AGGREGATORS
from graphsage.nn.layer import SAGELayer
from graphsage.nn.pooling import BY_NAME, PNA, make_aggregator
from graphsage.runs.trainer import Trainer
from graphsage.tensors.csr_matrix import CSRMatrix
from graphsage.tensors.keyed_rng import keyed_rng
from graphsage.tensors.segments import packed, segment_softmax, segment_std

WIDTH, NUM_SRC = 5, 9
#: Nothing, one, a repeat, the node itself, everybody; rows of equal length for ties.
ROWS = [[], [3], [4, 4, 6], [3, 1], list(range(NUM_SRC)), [8, 2], []]
KINDS = (*(kind for kind in AGGREGATORS if kind != "gcn"), "gcn")


def block_of(rows, num_src=NUM_SRC):
    indptr, indices = naive_nn.csr_of(rows)
    return CSRMatrix.from_numpy(indptr, indices.astype(np.int32), None, num_src)


def made(kind, width=WIDTH, hidden=4):
    """In float64 and in evaluation, always the same weights."""
    with keyed_rng(np.uint64(5)):
        return make_aggregator(kind, width, hidden).double().eval()


def rows_of_x(num_src=NUM_SRC, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal((num_src, WIDTH)))


def test_the_names_are_those_of_the_config():
    assert tuple(BY_NAME) == AGGREGATORS
    assert set(LEARNED) | {"mean", "sum", "max", "gcn"} == set(AGGREGATORS)


@pytest.mark.parametrize("kind", KINDS)
class TestEach:
    """What holds for all of them, for the rows of ROWS."""

    def test_is_its_twin(self, kind):
        aggregator, x = made(kind), rows_of_x()
        out = aggregator(x, block_of(ROWS), x[: len(ROWS)])
        assert out.shape == (len(ROWS), aggregator.out_features) and out.dtype == torch.float64
        close(out, naive_nn.aggregate(aggregator, ROWS, x.numpy()), 1e-12)

    def test_gradients(self, kind):
        aggregator, x = made(kind), rows_of_x().requires_grad_()
        names, weights = zip(*aggregator.named_parameters()) if list(aggregator.parameters()) else ((), ())
        weights = [weight.detach().requires_grad_() for weight in weights]
        rows = [row for row in ROWS if kind != "std" or len(row) != 1]  # of one neighbour: 0 at the root's kink

        def call(x, *weights):
            return torch.func.functional_call(aggregator, dict(zip(names, weights)), (x, block_of(rows), x[: len(rows)]))

        assert torch.autograd.gradcheck(call, (x, *weights))

    def test_without_neighbours_is_zero(self, kind):
        aggregator, x = made(kind), rows_of_x().requires_grad_()
        out = aggregator(x, block_of([[], [], [1]]), x[:3])
        close(out[:2], x[:2] if kind == "gcn" else torch.zeros(2, aggregator.out_features))
        out.sum().backward()
        assert x.grad.isfinite().all()

    @pytest.mark.parametrize("num_dst", [0, 3])
    def test_no_edges_at_all(self, kind, num_dst):
        aggregator, x = made(kind), rows_of_x().requires_grad_()
        out = aggregator(x, block_of([[]] * num_dst), x[:num_dst])
        assert out.shape == (num_dst, aggregator.out_features)
        (out.sum() + 0 * x.sum()).backward()
        assert kind == "gcn" or not x.grad.any()

    def test_a_neighbour_listed_twice_is_one_more_node_like_it(self, kind):
        aggregator, x = made(kind), rows_of_x()
        x[7] = x[4]
        twice, twins = (aggregator(x, block_of([row]), x[:1]) for row in ([4, 4, 6], [4, 7, 6]))
        close(twice, twins, 1e-12)
        once = aggregator(x, block_of([[4, 6]]), x[:1])
        assert torch.allclose(twice, once) == (kind in ("max", "max_pool"))

    def test_order_within_a_row(self, kind):
        """Nothing but an LSTM can tell; that one reads its rows in the order of places, which is fixed in evaluation."""
        aggregator, x = made(kind), rows_of_x()
        shuffled = [list(reversed(row)) for row in ROWS]
        ours, theirs = (aggregator(x, block_of(rows), x[: len(rows)]) for rows in (ROWS, shuffled))
        short = [len(row) < 2 or len(set(row)) == 1 for row in ROWS]
        close(ours[short], theirs[short], 1e-12)
        assert torch.allclose(ours, theirs) == (kind != "lstm")

    def test_rows_do_not_mix(self, kind):
        """A row gives the same alone, and at another place among others."""
        aggregator, x = made(kind), rows_of_x()
        whole, order = aggregator(x, block_of(ROWS), x[: len(ROWS)]), [4, 0, 6, 2, 5, 1, 3]
        close(aggregator(x, block_of([ROWS[i] for i in order]), x[order]), whole[order], 1e-12)
        for i, row in enumerate(ROWS):
            close(aggregator(x, block_of([row]), x[i : i + 1])[0], whole[i], 1e-12)

    @pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
    def test_a_hub(self, kind, dtype):
        """22,000 neighbours (of an LSTM, which takes a step for each, 3,000) beside small rows: finite forward and backward,
        and in float32 what the twin gives."""
        size = 3_000 if kind == "lstm" else 22_000
        rows = [[1], list(range(size)), [], [2, 3]]
        x64 = torch.from_numpy(np.random.default_rng(0).standard_normal((size, WIDTH)))
        aggregator, x = made(kind).to(dtype), x64.to(dtype).requires_grad_()
        out = aggregator(x, block_of(rows, size), x[:4])
        assert out.dtype == dtype and out.isfinite().all()
        out.float().square().sum().backward()
        assert x.grad.isfinite().all() and all(p.grad.isfinite().all() for p in aggregator.parameters())
        if dtype == torch.float32:
            close(out, naive_nn.aggregate(aggregator, rows, x.detach().double().numpy()), 2e-3)


# ---- order under a key


def test_an_lstm_is_torchs():
    """With the same weights, over rows in the order that evaluation has."""
    aggregator, x, row = made("lstm"), rows_of_x(), [4, 1, 1, 7, 0]
    theirs = torch.nn.LSTM(WIDTH, 4, batch_first=True).double()
    for parameter, weight in zip(theirs.parameters(), [aggregator.linear.weight, aggregator.recurrent.weight]):
        parameter.data.copy_(weight.data)
    theirs.bias_ih_l0.data.copy_(aggregator.linear.bias.data)
    theirs.bias_hh_l0.data.zero_()
    entries, _, _ = packed(block_of([row]), aggregator._priorities(block_of([row])))
    expected = theirs(x[np.array(row)[entries]][None])[1][0][0]
    close(aggregator(x, block_of([row]), x[:1]), expected, 1e-12)


class TestOrderOfAnLSTM:
    def test_is_drawn_from_torchs_generator_in_training(self):
        aggregator, x = made("lstm").train(), rows_of_x()

        def out(key):
            with keyed_rng(np.uint64(key)):
                return aggregator(x, block_of(ROWS), x[: len(ROWS)])

        assert torch.equal(out(1), out(1)) and not torch.allclose(out(1)[4], out(2)[4])

    def test_every_order_is_as_likely(self):
        """2,000 rows [0, 1, 2] under one key: 6 orders of a row, told apart by their results.

        Chi-square over the orders has 5 degrees of freedom; beyond 25.7 with probability 1e-4, and the key is fixed. One
        order shared by all rows would give 10,000.
        """
        aggregator, x = made("lstm").train(), rows_of_x(3)
        with keyed_rng(np.uint64(3)), torch.no_grad():
            out = aggregator(x, block_of([[0, 1, 2]] * 2000, 3), x[:1].expand(2000, -1))
        _, counts = out.round(decimals=9).unique(dim=0, return_counts=True)
        assert len(counts) == 6
        assert ((counts - 2000 / 6) ** 2 / (2000 / 6)).sum() < 25.7

    def test_moves_no_generator_in_evaluation(self):
        state = torch.get_rng_state()
        made("lstm")(rows_of_x(), block_of(ROWS), rows_of_x()[: len(ROWS)])
        assert torch.equal(torch.get_rng_state(), state)


# ---- segments


def test_softmax_is_stable():
    """exp(1000) is infinite, and exp(-1000) is 0."""
    rows, scores = block_of([[0, 1], [2], [], [3, 4, 5]]), torch.tensor([1000.0, 1000.0, -1000.0, 0.0, 1000.0, -1000.0])
    close(segment_softmax(scores, rows), [0.5, 0.5, 1, 0, 1, 0], 1e-6)


def test_std_keeps_its_digits_around_a_large_mean():
    """E[x^2] - E[x]^2 in float32 gives 0 or noise here: the squares are 10^8, with steps of 8."""
    x = torch.tensor([[10_000.0], [10_001.0], [10_002.0]], requires_grad=True)
    out = segment_std(x, block_of([[0, 1, 2], [0, 0, 0]], 3))
    close(out, [[np.sqrt(2 / 3)], [0]], 1e-6)
    out.sum().backward()
    close(x.grad, np.array([[-1], [0], [1]]) / 3 / np.sqrt(2 / 3), 1e-2)


def test_std_of_equal_values_is_zero_and_has_no_gradient():
    """Also where their mean is rounded to something else: by then a quotient of rounding errors, of any size."""
    x = torch.full((20, 2), 0.1, requires_grad=True)
    block = block_of([list(range(count)) for count in range(1, 20)], 20)
    assert (block.mean(x) != x[0]).any()
    out = segment_std(x, block)
    out.sum().backward()
    assert not out.any() and not x.grad.any()


# ---- PNA's delta


class TestDelta:
    def test_is_the_mean_log_degree_of_the_training_graph(self):
        dataset = node_dataset()
        model = gs.GraphSAGE(7, 4, 3, aggregator="pna")
        config = gs.TrainConfig(epochs=1, device="cpu", fanouts=(2, 2))
        Trainer(model, dataset, config, log=None).fit()
        expected = np.log(dataset.graph.degrees + 1).mean()
        assert [layer.aggregator.delta.item() for layer in model.layers] == pytest.approx([expected] * 2)

    def test_that_is_given_stays(self):
        model = gs.GraphSAGE(7, 4, 3, aggregator=partial(PNA, delta=2.5))
        for layer in model.layers:
            layer.aggregator.prepare(np.array([9, 9]))
            assert layer.aggregator.delta == 2.5

    def test_without_edges_divides_nothing_by_zero(self):
        aggregator = made("pna")
        aggregator.prepare(np.zeros(4, int))
        assert aggregator.delta == 1


# ---- in a model


@pytest.mark.parametrize("kind", LEARNED)
def test_what_learns_takes_plain_batches(kind):
    model = model_of(kind)
    assert model.first_layer_reduction is None
    with pytest.raises(ValueError, match="^the batch was reduced by 'mean', but the model's first layer needs None$"):
        model(batch_of(node_dataset(), SEEDS, [2, 2], reduce="mean"))


@pytest.mark.parametrize("kind", LEARNED)
def test_input_dropout_is_of_the_features(kind):
    """With nearly all features dropped, it learns from zeros: what its biases make of them is not dropped."""
    dataset = node_dataset(regular_graph(40, 3))
    model, batch = model_of(kind, num_layers=1, input_dropout=1 - 1e-12), batch_of(dataset, [5], [3])
    for name, parameter in model.named_parameters():
        if name.endswith("linear.bias"):
            torch.nn.init.constant_(parameter, 0.5)
    for form in (lambda x: replace(batch, x=x), lambda x: [x[:1], x[1:]]):
        expected = model.eval()(form(torch.zeros_like(batch.x)))
        close(model.train()(form(batch.x)), expected, 1e-6)
        assert not torch.allclose(model.eval()(form(batch.x)), expected)


def test_each_layer_has_an_aggregator_of_its_own():
    first, second = (layer.aggregator for layer in gs.GraphSAGE(6, 6, 3, aggregator="mean_pool").layers)
    assert first.linear.weight.shape == second.linear.weight.shape == (6, 6)
    assert not torch.equal(first.linear.weight, second.linear.weight)


@pytest.mark.parametrize("kind", LEARNED)
def test_weights_follow_the_seed(kind):
    states = [torch.cat([p.flatten() for p in gs.GraphSAGE(7, 4, 3, aggregator=kind, seed=s).parameters()]) for s in (1, 1, 2)]
    assert torch.equal(states[0], states[1]) and not torch.equal(states[0], states[2])


# ---- aggregators of one's own


class Gated(gs.Aggregator):
    """Keeps the width, and learns."""

    def __init__(self, in_features, hidden_features):
        super().__init__(in_features, hidden_features)
        self.gate = torch.nn.Linear(in_features, in_features)

    def forward(self, x, block, x_self):
        return block.mean(torch.sigmoid(self.gate(x)) * x)


@pytest.mark.parametrize("is_sparse", [False, True])
def test_one_of_ones_own_works_in_all_forms(is_sparse):
    dataset = node_dataset(is_sparse=is_sparse)
    model = gs.GraphSAGE(7, 6, 3, aggregator=Gated).eval()
    with torch.no_grad():
        whole = gs.inference(model, dataset.graph, dataset.features, chunk_edges=11)
        close(model(batch_of(dataset, SEEDS, [-1, -1])), whole[SEEDS])
    result = Trainer(model, dataset, gs.TrainConfig(epochs=2, device="cpu", fanouts=(3, 3)), log=None).fit()
    assert result.history[1].loss != result.history[0].loss


def test_an_instance_makes_a_layer():
    aggregator = Gated(7, 4)
    assert SAGELayer(7, 3, aggregator=aggregator).aggregator is aggregator


@pytest.mark.parametrize(
    "aggregator, error, text",
    [
        (lambda width, hidden: torch.nn.Linear(width, hidden), TypeError, "aggregator must make an Aggregator, got Linear"),
        (Gated(6, 4), ValueError, "the aggregator takes 6 features, but the layer has 7"),
    ],
)
def test_what_is_no_aggregator_for_a_layer(aggregator, error, text):
    with pytest.raises(error, match=f"^{text}$"):
        SAGELayer(7, 3, aggregator=aggregator)


def test_a_model_takes_no_instance():
    with pytest.raises(TypeError, match=r"^aggregator must be a name or a class, as each layer makes its own; got Gated\("):
        gs.GraphSAGE(7, 4, 3, aggregator=Gated(7, 4))


def test_the_documented_example_runs():
    text = (CHECKOUT / "docs" / "aggregators.md").read_text(encoding="utf-8")
    [code] = re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert len(code.splitlines()) <= 20 and ast.parse(code)
    names = {}
    exec(code, names)
    assert 0 <= names["result"].test_accuracy <= 1
    for kind in AGGREGATORS:
        assert f'`"{kind}"`' in text
