"""model.json: what a trained model computes, in words and formulas, for those who have the weights and not this package."""

from dataclasses import fields

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
OUTPUTS = {
    "multiclass": "h_v of the last layer: one logit a class; softmax gives probabilities, and the largest is the prediction",
    "multilabel": "h_v of the last layer: one logit a class; sigmoid gives its probability, and above 0 means yes",
    "regression": "h_v of the last layer: the predicted numbers",
}
HEADS = {  # where a model's head says one of these, it stands in place of the above
    "one_logit": "h_v of the last layer: one logit; sigmoid gives the probability of class 1, and above 0 means class 1",
    "thresholds": "h_v of the last layer: one logit a class; sigmoid gives its probability, and above its threshold means yes",
    "means": "h_v of the last layer, times the deviation of its target plus its mean: the predicted numbers",
}
NEIGHBORS = {
    "empty": "S(v): the nodes u with an edge u -> v (of an undirected graph: all neighbours), repeats included; a_v is 0 where "
    "there are none (gcn: x_v)",
    "self": "S(v): the nodes u with an edge u -> v (of an undirected graph: all neighbours), repeats included; v alone where "
    "there are none",
}


def describe_model(trained, arguments):
    """The JSON-able description of a ``Trained``; arguments: those of its model, as JSON has them."""
    known = {field.name: getattr(trained, field.name) for field in fields(trained) if field.name != "model"}
    depths, head = range(trained.model.num_layers), trained.model.task_head.as_dict()
    output = next((text for name, text in HEADS.items() if name in head), OUTPUTS[trained.task])
    return {
        **known,
        "arguments": arguments,
        "input": FEATURES + (NORMALIZED if trained.normalized_features else ""),
        "neighbors": NEIGHBORS[trained.isolated],
        **_described_linear(trained.model, "input_layer", INPUT_LAYERS, arguments["input_layer"]),
        "layers": [_described_layer(trained.model, depth, arguments["aggregator"]) for depth in depths],
        **_described_linear(trained.model, "output_layer", JUMPINGS, arguments["jumping"]),
        "output": output.replace("h_v of the last layer", "o_v of the output layer") if trained.model.output_layer else output,
        **head,
    }


def _described_linear(model, name, formulas, kind):
    """{name: formula and tensors} of the input or output layer; {} where there is none."""
    linear = getattr(model, name)
    if linear is None:
        return {}
    formula = formulas[kind] if linear.bias is not None else formulas[kind].replace(" + b", "")
    activation = {"activation": ACTIVATIONS[model.activation]} if "then the activation" in formula else {}
    return {name: {"formula": formula, **activation, "tensors": _tensors(model, f"{name}.", {"weight": "W", "bias": "b"})}}


def _described_layer(model, depth, aggregator):
    """One layer: what it reads, its formula, what follows in this order, and its tensors by their symbols."""
    layer, is_last = model.layers[depth], depth == model.num_layers - 1 and model.output_layer is None
    formula = AGGREGATORS.get(aggregator, "of the author's own code, which this file does not hold")
    first = "the input" if model.input_layer is None else "i_v of the input layer"
    return {
        "x_v": "h_v of the layer before" if depth else first,
        "aggregator": {"name": aggregator, "formula": formula},
        "formula": _formula(layer),
        **({} if layer.norm is None else {"norm": NORMS[type(layer.norm).__name__]}),
        "activation": None if is_last else ACTIVATIONS[model.activation],
        "normalization": "h_v = h_v / |h_v|, the Euclidean length (zeros stay)" if model.normalize and not is_last else None,
        "tensors": _tensors(model, f"layers.{depth}.", SYMBOLS),
    }


def _formula(layer):
    terms = ["W_neigh a_v"] if layer.weight_self is None else ["W_self x_v", "W_neigh a_v"]
    joined = f"[{', '.join(terms)}] side by side" if layer.combine == "concat" else " + ".join(terms)
    residual = " + x_v" if layer.weight_residual is None else " + W_res x_v"
    return f"h_v = {joined}" + ("" if layer.bias is None else " + b") + (residual if layer.residual else "")


def _tensors(model, place, symbols):
    """The tensors whose names begin with ``place``, by their symbols."""
    names = {name.removeprefix(place): name for name in model.state_dict() if name.startswith(place)}
    found = {symbols.get(short, short): name for short, name in names.items() if short != UNUSED}
    return {symbol: _described_tensor(name, model.state_dict()[name]) for symbol, name in found.items()}


def _described_tensor(name, tensor):
    return {"name": name, "shape": list(tensor.shape), "dtype": str(tensor.dtype).removeprefix("torch.")}
