"""model.json: what a trained model computes, in words and formulas, for those who have the weights and not this package."""

from dataclasses import asdict, fields, is_dataclass

from graphsage.base import rng

AGGREGATORS = {
    "mean": "a_v = (1 / |S(v)|) sum of x_u over u in S(v)",
    "sum": "a_v = sum of x_u over u in S(v)",
    "max": "a_v = elementwise maximum of x_u over u in S(v)",
    "gcn": "a_v = (x_v + sum of x_u over u in S(v)) / (1 + |S(v)|)",
    "mean_pool": "a_v = mean of relu(L x_u + l) over u in S(v)",
    "max_pool": "a_v = elementwise maximum of relu(L x_u + l) over u in S(v)",
    "lstm": (
        "a_v = last state s of an LSTM over u in S(v) that begins with s = c = 0: (i, f, g, o) = L x_u + l + R s in four equal "
        "parts; c = sigmoid(f) * c + sigmoid(i) * tanh(g); s = sigmoid(o) * tanh(c). u are read by rising priority: the one at "
        "place j of S(v), in the order of the graph's row, has the upper 32 bits of output j of SplitMix64 from state "
        f"{rng.stream_key(0, rng.ORDER)}; places and outputs are counted from 0"
    ),
    "attention": (
        "a_v = sum of alpha_u L x_u over u in S(v); alpha = softmax over u in S(v) of LeakyReLU(n . (L x_u) + o . (L x_v)) "
        "with slope 0.2"
    ),
    "std": "a_v = elementwise sqrt(mean of (x_u - m)^2), m = mean of x_u, over u in S(v)",
    "pna": (
        "a_v = [q, s * q, q / s] side by side; q = [mean, maximum, minimum, standard deviation] of L x_u + l over u in S(v), "
        "side by side; s = log(|S(v)| + 1) / delta"
    ),
}
SYMBOLS = {
    "weight_neigh": "W_neigh",
    "weight_self": "W_self",
    "bias": "b",
    "weight_residual": "W_res",
    "norm.weight": "g",
    "norm.bias": "s",
    "norm.running_mean": "m",
    "norm.running_var": "w",
    "aggregator.linear.weight": "L",
    "aggregator.linear.bias": "l",
    "aggregator.recurrent.weight": "R",
    "aggregator.neighbor.weight": "n",
    "aggregator.own.weight": "o",
    "aggregator.delta": "delta",
}
UNUSED = "norm.num_batches_tracked"  # which counts, and computes nothing
ACTIVATIONS = {
    "relu": "relu: h_v = max(h_v, 0) elementwise",
    "gelu": "gelu: h_v = h_v * Phi(h_v) elementwise, Phi(x) = (1 + erf(x / sqrt(2))) / 2",
    "elu": "elu: h_v = h_v where h_v > 0, else exp(h_v) - 1, elementwise",
}
NORMS = {
    "LayerNorm": "h_v = g * (h_v - mean) / sqrt(variance + 1e-05) + s, mean and variance of the units of h_v",
    "BatchNorm": "h_v = g * (h_v - m) / sqrt(w + 1e-05) + s elementwise",
}
INPUT_LAYERS = {"linear": "i_v = W x_v", "active": "i_v = W x_v + b, then the activation"}
JUMPINGS = {
    "last": "o_v = W h_v + b, h_v of the last layer",
    "cat": "o_v = W j_v + b, j_v = h_v of all layers, the first one first, side by side",
    "max": "o_v = W j_v + b, j_v = elementwise maximum of h_v of all layers",
}
FEATURES = "the features of node v, float32"
NORMALIZED = ", divided by the sum of their absolute values (zeros stay)"
DEGREES = (
    "; where there are none 23 columns, with d_v the number of edges u -> v and l_v = log(1 + d_v): l_v - 2; the mean and the "
    "maximum of l_u over all edges u -> v, less 2 each (-2 where there are none); then 20 columns with 1 in one of them: the "
    "first for d_v = 0, the second for 1, then 2 and 3, 4 to 7 and so on by powers of two, the last for 2^18 and more"
)
LABELS = "; then a column a class: 1 in that of its label for a training node, 0 for every other node"
OUTPUTS = {
    "multiclass": "h_v of the last layer: one logit a class; softmax gives probabilities, and the largest is the prediction",
    "multilabel": "h_v of the last layer: one logit a class; sigmoid gives its probability, and above 0 means yes",
    "regression": "h_v of the last layer: the predicted numbers",
    "unsupervised": "h_v of the last layer: the embedding of node v; of nodes that meet on walks the dot product is large",
}
DECODERS = {
    "dot": "s = z_a . z_b",
    "mlp": "s = w . relu(W (z_a * z_b) + b) + c",
    "mlp directed": "s = w . relu(W [z_a * z_b, z_a, z_b] side by side + b) + c",
    "distmult": "s = sum over d of r_d z_ad z_bd",
}
DECODER_SYMBOLS = {"hidden.weight": "W", "hidden.bias": "b", "out.weight": "w", "out.bias": "c", "relation": "r"}
OF_LINKS = {  # what the score s of a pair means, by its loss
    "binary": "the score s of the pair (a, b), source and target, is a logit: sigmoid gives the share of links to be expected "
    "among pairs of that score, where there are as many links as pairs that are none",
    "ranking": "the score s of the pair (a, b), source and target: the higher, the rather a link; sigmoid of it orders pairs",
}
HEADS = {  # where a model's head says one of these, it stands in place of the above
    "one_logit": "h_v of the last layer: one logit; sigmoid gives the probability of class 1, and above 0 means class 1",
    "thresholds": "h_v of the last layer: one logit a class; sigmoid gives its probability, and above its threshold means yes",
    "means": "h_v of the last layer, times the deviation of its target plus its mean: the predicted numbers",
}
SMOOTHED = (
    ". The probabilities of all nodes then go through Correct and Smooth (Huang et al. 2021: autoscale, 50 steps, "
    "D^-1/2 A D^-1/2 of the undirected graph) with the labels of the training nodes; correct_and_smooth are its two strengths"
)
UNKNOWN = "of the author's own code, which this file does not hold"
LENGTH = "h_v = h_v / |h_v|, the Euclidean length (zeros stay)"
NEIGHBORS = {
    "empty": "S(v): the nodes u with an edge u -> v (of an undirected graph: all neighbours), repeats included; a_v is 0 where "
    "there are none (gcn: x_v)",
    "self": "S(v): the nodes u with an edge u -> v (of an undirected graph: all neighbours), repeats included; v alone where "
    "there are none",
}
UNTIL = {
    False: "; of edges and nodes, all layers know those until the time at which the node that is predicted is asked",
    True: "; of edges and nodes, all layers know those before the time at which the node that is predicted is asked",
}


def describe_model(trained, arguments, describe=None):
    """The JSON-able description of what ``load_trained`` reads; arguments: those of its model, as JSON has them.

    describe: as ``described_layers``, which is the default.
    """
    known = {field.name: _plain(getattr(trained, field.name)) for field in fields(trained) if field.name != "model"}
    of_links = trained.task == "links"
    model, place = (trained.model.encoder, "encoder.") if of_links else (trained.model, "")
    described = {**known, "arguments": arguments, **(describe or described_layers)(model, arguments, known, place)}
    described["neighbors"] += UNTIL[trained.strictly_before] if trained.timed else ""
    found = _of_links(trained, arguments) if of_links else _of_nodes(trained.task, model.task_head.as_dict())
    return described | (found if model.output_layer is None else _of_output_layer(found))


def described_layers(model, arguments, known, place):
    """What a ``GraphSAGE`` reads and computes. known: the fields of its ``Trained``. place: of the model in the file."""
    return {
        "input": _input(known),
        "neighbors": NEIGHBORS[known["isolated"]],
        **_described_linear(model, "input_layer", INPUT_LAYERS, arguments["input_layer"], place),
        "layers": [_described_layer(model, depth, arguments["aggregator"], place) for depth in range(model.num_layers)],
        **_described_linear(model, "output_layer", JUMPINGS, arguments["jumping"], place),
    }


def _input(known):
    kinds = {"degree_features": DEGREES, "normalized_features": NORMALIZED, "label_reuse": LABELS}
    return FEATURES + "".join(text for name, text in kinds.items() if known.get(name))


def _of_output_layer(found):
    """What is said of the outputs, where these are not the last layer's."""
    last, output = "h_v of the last layer", "o_v of the output layer"
    found = {**found, "output": found["output"].replace(last, output)}
    return {**found, "decoder": {**found["decoder"], "z_v": output}} if "decoder" in found else found


def _described_linear(model, name, formulas, kind, place):
    """{name: formula and tensors} of the input or output layer; {} where there is none."""
    linear = getattr(model, name)
    if linear is None:
        return {}
    formula = formulas[kind] if linear.bias is not None else formulas[kind].replace(" + b", "")
    activation = {"activation": ACTIVATIONS[model.activation]} if "then the activation" in formula else {}
    tensors = described_tensors(linear, "", f"{place}{name}.", {"weight": "W", "bias": "b"})
    return {name: {"formula": formula, **activation, "tensors": tensors}}


def _plain(value):
    return asdict(value) if is_dataclass(value) else value


def _of_nodes(task, head):
    output = next((text for name, text in HEADS.items() if name in head), OUTPUTS[task])
    return {"output": output + (SMOOTHED if "correct_and_smooth" in head else ""), **head}


def _of_links(trained, arguments):
    """The decoder, what it reads and makes."""
    name = arguments["decoder"] + (" directed" if arguments["directed"] else "")
    decoder = {"z_v": "h_v of the last layer", "name": arguments["decoder"], "formula": DECODERS[name]}
    tensors = described_tensors(trained.model.decoder, "", "decoder.", DECODER_SYMBOLS)
    return {"decoder": {**decoder, "tensors": tensors}, "output": OF_LINKS[trained.links.link_loss]}


def described_tensors(module, begin, place, symbols, among=None):
    """{symbol: name in the file, shape, dtype} of the weights of ``module`` that begin so, or are ``among`` these names.

    place: of the module in the file.
    """
    return {
        symbols.get(name.removeprefix(begin), name.removeprefix(begin)): described_tensor(place + name, tensor)
        for name, tensor in module.state_dict().items()
        if name.startswith(begin) and name.removeprefix(begin) != UNUSED and (among is None or name in among)
    }


def _described_layer(model, depth, aggregator, place):
    """One layer: what it reads, its formula, what follows in this order, and its tensors by their symbols."""
    layer, is_last = model.layers[depth], depth == model.num_layers - 1 and model.output_layer is None
    tensors = described_tensors(model, f"layers.{depth}.", place, SYMBOLS)
    formula = AGGREGATORS.get(aggregator, UNKNOWN)
    first = "the input" if model.input_layer is None else "i_v of the input layer"
    return {
        "x_v": "h_v of the layer before" if depth else first,
        "aggregator": {"name": aggregator, "formula": formula},
        "formula": formula_of(layer, "W_neigh a_v"),
        **({} if layer.norm is None else {"norm": NORMS[type(layer.norm).__name__]}),
        "activation": None if is_last else ACTIVATIONS[model.activation],
        "normalization": LENGTH if model.normalize and not is_last else None,
        "tensors": tensors,
    }


def formula_of(layer, neighbors, has_neighbors=True):
    """What a layer does before its norm. neighbors: the term of what they came to."""
    terms = [*([] if layer.weight_self is None else ["W_self x_v"]), *([neighbors] if has_neighbors else [])]
    joined = f"[{', '.join(terms)}] side by side" if layer.combine == "concat" else " + ".join(terms)
    residual = " + x_v" if layer.weight_residual is None else " + W_res x_v"
    return f"h_v = {joined}" + ("" if layer.bias is None else " + b") + (residual if layer.residual else "")


def described_tensor(name, tensor):
    """Where a tensor is in the file, its shape and dtype."""
    return {"name": name, "shape": list(tensor.shape), "dtype": str(tensor.dtype).removeprefix("torch.")}
