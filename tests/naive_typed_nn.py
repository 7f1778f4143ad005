"""Slow, obvious twin of ``TypedGraphSAGE``: loops over nodes, relations and entries, float64, from the documentation."""

from functools import cache

import numpy as np
from naive_nn import ACTIVATIONS, _aggregated, _normed, _numbers, rows_of


def rows_of_graph(graph):
    """{relation: the sources of each destination, as lists}, ids within the types."""
    found = {}
    for name in graph.relations:
        src, dst = graph.edges(name)
        rows = found[name] = [[] for _ in range(graph.num_nodes[name[2]])]
        for u, v in zip(src.tolist(), dst.tolist()):
            rows[v].append(u)
    return found


def rows_of_batch(minibatch):
    """The same of a batch, in its local ids."""
    return {name: rows_of(minibatch.indptr[name], minibatch.indices[name]) for name in minibatch.indptr}


def forward(model, rows, x, kind, nodes, num_rows=None):
    """Outputs [nodes, out] of a type: each node asks its neighbours of each relation, layer below layer.

    x: {type: [n, F]}. num_rows: in training without dropout: a dict a layer, how many rows of each type it computes, and batch
    norm is by these where there are two.
    """
    options, layers = model.arguments, [_of_layer(layer) for layer in model.layers]
    inputs, outputs = ({t: _numbers(module) for t, module in of.items()} for of in (model.input_layer, model.output_layer))

    @cache
    def hidden(t, v, depth):
        if depth == 0:
            return _entered(options, inputs[t], np.asarray(x[t][v], np.float64))
        weights = layers[depth - 1][t]["own"]
        h = ACTIVATIONS[options["activation"]](_normed(options["norm"], weights, products(t, v, depth), moments(t, depth)))
        length = np.sqrt(np.sum(h**2))
        return h / length if options["normalize"] and length > 0 else h

    @cache
    def products(t, v, depth):
        part, of = model.layers[depth - 1].types[t], layers[depth - 1][t]
        own, weights = hidden(t, v, depth - 1), of["own"]
        terms = []
        for name, aggregator, inner, matrix in zip(part.relations, part.aggregators, of["aggregators"], of["matrices"]):
            found = [hidden(name[0], u, depth - 1) for u in rows[name][v]]
            if found or aggregator.takes_self:
                terms.append(matrix @ _aggregated(aggregator, inner, found, own))
        neighbors = sum(terms, np.zeros(options["hidden_features"]))
        if options["relation_sum"] == "mean" and terms:
            neighbors /= len(terms)
        out = neighbors if "weight_self" not in weights else _with_self(part, options, weights["weight_self"] @ own, neighbors)
        out = out + weights.get("bias", 0)
        if not options["residual"]:
            return out
        return out + (own if len(own) == len(out) else weights["weight_residual"] @ own)

    @cache
    def moments(t, depth):
        weights = layers[depth - 1][t]["own"]
        if num_rows is None or num_rows[depth - 1][t] < 2:
            return weights.get("norm.running_mean"), weights.get("norm.running_var")
        of_all = np.array([products(t, v, depth) for v in range(num_rows[depth - 1][t])])
        return of_all.mean(0), of_all.var(0)

    def answer(v):
        found = [hidden(kind, v, depth) for depth in range(1, len(layers) + 1)]
        read = {"last": found[-1], "cat": np.concatenate(found), "max": np.max(found, axis=0)}[options["jumping"]]
        return outputs[kind]["weight"] @ read + outputs[kind].get("bias", 0)

    return np.array([answer(v) for v in nodes])


def _of_layer(layer):
    """{type: its weights, those of its aggregators, a matrix a relation}."""
    found = {}
    for t, part in layer.types.items():
        own = _numbers(part)
        if part.coefficients is None:
            matrices = own.get("weight_neigh", [])
        else:
            bases = layer.bases.detach().double().numpy()
            matrices = [sum(share * basis for share, basis in zip(row, bases)) for row in own["coefficients"]]
        found[t] = {"own": own, "aggregators": [_numbers(one) for one in part.aggregators], "matrices": matrices}
    return found


def _with_self(part, options, first, neighbors):
    if options["combine"] == "sum":
        return first + neighbors
    return np.concatenate([first, neighbors]) if part.relations else first


def _entered(options, numbers, x):
    h = x @ numbers["weight"]
    return h if options["input_layer"] == "linear" else ACTIVATIONS[options["activation"]](h + numbers.get("bias", 0))
