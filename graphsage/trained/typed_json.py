"""What model.json says of a ``TypedGraphSAGE``: formulas and weights of each type and relation."""

from graphsage.trained import model_json as words

NEIGHBORS = (
    "S_r(v): the nodes u with an edge u -> v of relation r, repeats included. a_rv: the aggregator's a_v with S_r(v) for S(v); "
    "0 where there are none (gcn: x_v)"
)
NORMALIZED = ", where they are sparse divided by the sum of their absolute values (zeros stay)"
EMBEDDED = "; for the types in arguments.embeddings 1 in column v, so that row v of W is learned for v alone"
INPUTS = {"linear": "i_v = x_v W", "active": "i_v = x_v W + b, then the activation"}
SUMS = {
    "sum": "n_v = sum of W_r a_rv over the relations r here",
    "mean": "n_v = (sum of W_r a_rv over the relations r here) / max(1, number of them in which v has neighbours)",
    "mean of all": "n_v = (sum of W_r a_rv over the relations r here) / number of them",
}
MIXED = "W_r = sum over b of c_rb V_b, c_r the row of coefficients at index"
STACKED = "W_r = the matrix of W_neigh at index"
SYMBOLS = {"coefficients": "c", **words.SYMBOLS}


def describe_typed(model, arguments, known, place):
    """The parts of model.json that say what is computed: {type: such} in each layer. place: of the model in the file."""
    is_active = arguments["input_layer"] == "active"
    activation = {"activation": words.ACTIVATIONS[model.activation]} if is_active else {}
    jumping = words.JUMPINGS[model.jumping]
    return {
        "input": words.FEATURES + (NORMALIZED if known["normalized_features"] else "") + EMBEDDED,
        "neighbors": NEIGHBORS,
        "input_layer": {
            kind: {**_linear(part, INPUTS[arguments["input_layer"]], f"{place}input_layer.{at}."), **activation}
            for at, (kind, part) in enumerate(model.input_layer.items())
        },
        "layers": [_layer(model, depth, arguments, place) for depth in range(model.num_layers)],
        "output_layer": {
            kind: _linear(part, jumping, f"{place}output_layer.{at}.")
            for at, (kind, part) in enumerate(model.output_layer.items())
        },
    }


def _linear(module, formula, place):
    formula = formula if module.bias is not None else formula.replace(" + b", "")
    return {"formula": formula, "tensors": words.described_tensors(module, "", place, {"weight": "W", "bias": "b"})}


def _layer(model, depth, arguments, place):
    layer, place = model.layers[depth], f"{place}layers.{depth}."
    parts = layer.types.items()
    found = {kind: _of_type(model, depth, part, arguments, f"{place}types.{at}.") for at, (kind, part) in enumerate(parts)}
    if layer.bases is None:
        return {"types": found}
    return {"types": found, "tensors": {"V": words.described_tensor(f"{place}bases", layer.bases)}}


def _of_type(model, depth, part, arguments, place):
    """What a layer makes of the nodes of one type."""
    name, own = arguments["aggregator"], {key for key in part.state_dict() if not key.startswith("aggregators.")}
    tensors = words.described_tensors(part, "", place, SYMBOLS, own)
    return {
        "x_v": "h_v of the layer before" if depth else "i_v of the input layer",
        "aggregator": {"name": name, "formula": words.AGGREGATORS.get(name, words.UNKNOWN)},
        "formula": words.formula_of(part, "n_v", has_neighbors=bool(part.relations)),
        **_of_relations(part, arguments, place),
        **({} if part.norm is None else {"norm": words.NORMS[type(part.norm).__name__]}),
        "activation": words.ACTIVATIONS[model.activation],
        "normalization": words.LENGTH if model.normalize else None,
        "tensors": tensors,
    }


def _of_relations(part, arguments, place):
    """How the relations into a type add up, and what each has of its own."""
    if not part.relations:
        return {}
    is_all = arguments["relation_sum"] == "mean" and part.weight_self is None
    relations = {}
    for at, (name, aggregator) in enumerate(zip(part.relations, part.aggregators)):
        tensors = words.described_tensors(aggregator, "", f"{place}aggregators.{at}.", OF_AGGREGATOR)
        relations[",".join(name)] = {"index": at, "tensors": tensors}
    matrix = STACKED if part.coefficients is None else MIXED
    return {"sum": SUMS["mean of all" if is_all else arguments["relation_sum"]], "matrix": matrix, "relations": relations}


OF_AGGREGATOR = {name.removeprefix("aggregator."): symbol for name, symbol in words.SYMBOLS.items()}
