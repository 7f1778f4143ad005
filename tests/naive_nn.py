"""Slow, obvious twins of ``graphsage.nn``: loops over nodes and entries, float64, written from the documentation.

``rows`` is a list: rows[i] holds the neighbours (or columns) of i, repeats included.
"""

import math
from functools import cache

import naive
import numpy as np

# ---- CSR matrices


def rows_of(indptr, indices):
    """The rows of CSR arrays, as lists."""
    ends, entries = np.asarray(indptr).tolist(), np.asarray(indices).tolist()
    return [entries[begin:end] for begin, end in zip(ends, ends[1:])]


def csr_of(rows):
    """(indptr, indices) of lists of columns."""
    indptr = np.cumsum([0, *map(len, rows)])
    return indptr, np.array([c for row in rows for c in row], np.int64)


def transpose(rows, num_cols):
    """Per column: [(row, place of the entry in the matrix), ...], in the matrix's order."""
    columns, place = [[] for _ in range(num_cols)], 0
    for r, row in enumerate(rows):
        for c in row:
            columns[c].append((r, place))
            place += 1
    return columns


def matmul(rows, values, h):
    """values: one a row's entry, or None for ones."""
    out, place = np.zeros((len(rows), h.shape[1])), 0
    for r, row in enumerate(rows):
        for c in row:
            out[r] += h[c] * (1 if values is None else values[place])
            place += 1
    return out


def max_source(rows, h):
    """Where the maximum of each row and feature is found first: [R, F] of column numbers, -1 in an empty row."""
    source = np.full((len(rows), h.shape[1]), -1)
    for r, row in enumerate(rows):
        for f in range(h.shape[1]):
            for c in row:
                if source[r, f] == -1 or h[c, f] > h[source[r, f], f]:
                    source[r, f] = c
    return source


# ---- aggregators


def reduce(kind, rows, x, own=None):
    """Row i: mean, sum or max of x[u] over u in rows[i]; gcn: mean over these and own[i] (default: node i's own x)."""
    own = x if own is None else own
    found = [_reduced(kind, [x[u] for u in row], own[i]) for i, row in enumerate(rows)]
    return np.array(found).reshape(len(rows), x.shape[1])


def _reduced(kind, found, own):
    if kind == "gcn":
        found = [own, *found]
    if not found:
        return np.zeros(len(own))
    if kind == "max":
        return np.max(found, axis=0)
    return np.sum(found, axis=0) / (1 if kind == "sum" else len(found))


def kind_of(aggregator):
    """The name of an ``Aggregator``."""
    names = {"MeanPool": "mean_pool", "MaxPool": "max_pool"}
    return aggregator.reduction or names.get(type(aggregator).__name__, type(aggregator).__name__.lower())


def aggregate(aggregator, rows, x, own=None):
    """Row i: what any ``Aggregator`` in evaluation makes of x[u], u in rows[i] and own[i] (default: node i's own x)."""
    own, weights = x if own is None else own, _numbers(aggregator)
    found = [_aggregated(aggregator, weights, [x[u] for u in row], own[i]) for i, row in enumerate(rows)]
    return np.array(found).reshape(len(rows), aggregator.out_features)


def _numbers(module):
    """Parameters and buffers by name, float64."""
    return {name: tensor.detach().double().numpy() for name, tensor in module.state_dict().items()}


def _aggregated(aggregator, weights, found, own):
    kind = kind_of(aggregator)
    if aggregator.reduction:
        return _reduced(kind, found, own)
    if not found:
        return np.zeros(aggregator.out_features)
    if kind == "std":
        return np.std(found, axis=0)
    h = [weights["linear.weight"] @ x + weights.get("linear.bias", 0) for x in found]
    return {"mean_pool": _mean_pool, "max_pool": _max_pool, "lstm": _lstm, "attention": _attention, "pna": _pna}[kind](
        weights, h, own
    )


def _mean_pool(weights, h, own):
    return np.mean(np.maximum(h, 0), axis=0)


def _max_pool(weights, h, own):
    return np.max(np.maximum(h, 0), axis=0)


def _lstm(weights, h, own):
    """The equations of ``torch.nn.LSTM`` (here with one bias, and gates in ``h``), over a row in the order of the fixed key."""
    priorities = naive.splitmix64(naive.stream_key(0, naive.ORDER), len(h))
    state, cell = np.zeros(len(h[0]) // 4), np.zeros(len(h[0]) // 4)
    for place in sorted(range(len(h)), key=lambda place: priorities[place] >> 32):
        i, f, g, o = np.split(h[place] + weights["recurrent.weight"] @ state, 4)
        cell = _sigmoid(f) * cell + _sigmoid(i) * np.tanh(g)
        state = _sigmoid(o) * np.tanh(cell)
    return state


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def _attention(weights, h, own):
    query = weights["own.weight"][0] @ (weights["linear.weight"] @ own)
    scores = np.array([weights["neighbor.weight"][0] @ one + query for one in h])
    scores = np.exp(np.where(scores > 0, scores, 0.2 * scores))
    return sum(score * one for score, one in zip(scores, h)) / scores.sum()


def _pna(weights, h, own):
    statistics = np.concatenate([f(h, axis=0) for f in (np.mean, np.max, np.min, np.std)])
    scale = np.log(len(h) + 1) / weights["delta"]
    return np.concatenate([statistics, statistics * scale, statistics / scale])


def reduce_sparse_rows(rows, features, shares, *, maximum):
    """features: a dict {column: value} a row. Returns such dicts, with every column that any of the rows has."""
    out = []
    for row, share in zip(rows, shares):
        merged = {}
        for column in dict.fromkeys(c for u in row for c in features[u]):
            values = [features[u].get(column, 0) for u in row]
            merged[column] = (max(values) if maximum else sum(values)) * share
        out.append(merged)
    return out


# ---- the model


def forward(model, rows, x, nodes, num_rows=None):
    """Logits [nodes, out] of a ``GraphSAGE`` model in evaluation: each node asks its neighbours, layer below layer.

    rows[v] is only read where a layer needs it, so it may be the rows of a batch or of the whole graph.
    num_rows: in training without dropout: layer l computes the rows 0, ..., num_rows[l] - 1, and batch norm is by these.
    """
    x, numbers, options = np.asarray(x, np.float64), _numbers(model), model.arguments
    layers, num_layers = [_numbers(layer) for layer in model.layers], len(model.layers)
    has_output = options["input_layer"] != "none" or options["jumping"] != "last"

    @cache
    def hidden(v, depth):
        if depth == 0:
            return _entered(options, numbers, x[v])
        if depth == num_layers and not has_output:
            return products(v, depth)
        h = ACTIVATIONS[options["activation"]](_normed(options["norm"], layers[depth - 1], products(v, depth), moments(depth)))
        length = np.sqrt(np.sum(h**2))
        return h / length if options["normalize"] and length > 0 else h

    @cache
    def products(v, depth):
        is_hidden, below = depth < num_layers or has_output, [hidden(u, depth - 1) for u in rows[v]]
        out = _products(model.layers[depth - 1], layers[depth - 1], hidden(v, depth - 1), below, is_hidden)
        if not (is_hidden and options["residual"]):
            return out
        own = hidden(v, depth - 1)
        return out + (own if len(own) == len(out) else layers[depth - 1]["weight_residual"] @ own)

    @cache
    def moments(depth):
        if num_rows is None:
            return layers[depth - 1].get("norm.running_mean"), layers[depth - 1].get("norm.running_var")
        of_all = np.array([products(v, depth) for v in range(num_rows[depth - 1])])
        return of_all.mean(0), of_all.var(0)

    def answer(v):
        if not has_output:
            return hidden(v, num_layers)
        found = [hidden(v, depth) for depth in range(1, num_layers + 1)]
        read = {"last": found[-1], "cat": np.concatenate(found), "max": np.max(found, axis=0)}[options["jumping"]]
        return numbers["output_layer.weight"] @ read + numbers.get("output_layer.bias", 0)

    return np.array([answer(v) for v in nodes])


ACTIVATIONS = {
    "relu": lambda h: np.maximum(h, 0),
    "gelu": lambda h: np.array([one * (1 + math.erf(one / math.sqrt(2))) / 2 for one in h]),
    "elu": lambda h: np.array([one if one > 0 else math.exp(one) - 1 for one in h]),
}


def _entered(options, numbers, x):
    if options["input_layer"] == "none":
        return x
    h = numbers["input_layer.weight"] @ x
    if options["input_layer"] == "linear":
        return h
    return ACTIVATIONS[options["activation"]](h + numbers.get("input_layer.bias", 0))


def _normed(norm, weights, h, moments):
    if norm == "none":
        return h
    mean, variance = (h.mean(), h.var()) if norm == "layer" else moments
    return weights["norm.weight"] * (h - mean) / np.sqrt(variance + 1e-5) + weights["norm.bias"]


def _products(layer, weights, own, below, is_hidden):
    inner = {name.removeprefix("aggregator."): value for name, value in weights.items()}
    out = weights["weight_neigh"] @ _aggregated(layer.aggregator, inner, below, own)
    if "weight_self" in weights:
        first = weights["weight_self"] @ own
        out = np.concatenate([first, out]) if is_hidden and layer.combine == "concat" else first + out
    return out + weights.get("bias", 0)


# ---- dropout


def dropout(values, words, dropped, scale):
    """As ``relu_dropout``, of negative values too."""
    halves = [half for word in words for half in (word % 2**32, word // 2**32)]
    return [value * scale if half >= dropped else 0.0 for value, half in zip(values, halves)]


def relu_dropout(values, words, dropped, scale):
    """words: the generator's first uint64s; value i is judged by the low (even i) or high half of word i // 2."""
    halves = [half for word in words for half in (word % 2**32, word // 2**32)]
    return [value * scale if not value <= 0 and half >= dropped else 0.0 for value, half in zip(values, halves)]
