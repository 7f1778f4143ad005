"""A model in the bytes of a safetensors file: its weights, and as metadata the arguments that make it anew. No pickle."""

import json
from traceback import walk_tb

from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from graphsage.config.options import as_written
from graphsage.nn.decoders import MLP, DistMult, Dot
from graphsage.nn.head import Head
from graphsage.nn.layered import CODE
from graphsage.nn.link_predictor import LinkPredictor
from graphsage.nn.model import GraphSAGE
from graphsage.nn.typed_model import TypedGraphSAGE

KEY = "graphsage"  # of the metadata that makes a safetensors file one of ours
DECODERS = {Dot: "dot", MLP: "mlp", DistMult: "distmult"}


def can_save(model):
    """Can a file bring the model back, code and all? A ``GraphSAGE`` or ``TypedGraphSAGE``, or a ``LinkPredictor`` of one and a
    decoder of a name; but no subclass that computes another thing."""
    if type(model) is LinkPredictor:
        return can_save(model.encoder) and type(model.decoder) in DECODERS and "forward" not in vars(model)
    own = next((kind for kind in (GraphSAGE, TypedGraphSAGE) if isinstance(model, kind)), None)
    is_ours = own is not None and "forward" not in vars(model)
    return is_ours and all(getattr(type(model), name) is getattr(own, name) for name in CODE if hasattr(own, name))


def encoder_of(model):
    """The ``GraphSAGE`` or ``TypedGraphSAGE`` in a model that can be saved."""
    return model.encoder if isinstance(model, LinkPredictor) else model


def plain_arguments(model):
    """The ``arguments`` of its encoder as JSON can hold them, and of a ``LinkPredictor`` the decoder."""
    if not can_save(model):
        rule = "as a file cannot bring the code of another along (of links, a decoder of a name beside it): save its state_dict"
        raise TypeError(f"model must be a GraphSAGE, {rule}; got {type(model).__name__}")
    arguments = encoder_of(model).arguments
    arguments = {**arguments, "aggregator": as_written(arguments["aggregator"])}
    return arguments | (_of_decoder(model.decoder) if isinstance(model, LinkPredictor) else {})


def _of_decoder(decoder):
    return {"decoder": DECODERS[type(decoder)], "directed": getattr(decoder, "directed", False)}


def of_head(model):
    """{"head": ...} where the outputs mean another thing than what they are: files of other models stay as they were."""
    head = encoder_of(model).task_head.as_dict()
    return {"head": head} if head else {}


def packed(model, arguments):
    """The bytes of a safetensors file."""
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    return save(weights, {KEY: json.dumps(arguments)})  # one key: the order of several is not fixed


def unpacked(path, aggregator):
    """(model, what ``save_trained`` added or None)."""
    try:
        with safe_open(path, framework="pt") as file:
            arguments = (file.metadata() or {}).get(KEY)
            weights = {name: file.get_tensor(name) for name in file.keys()}
    except SafetensorError as error:
        raise ValueError(f"{path} is damaged, or no safetensors file: {error}") from None
    if arguments is None:
        raise ValueError(f"{path} is a safetensors file, but not one that graphsage wrote")
    try:
        arguments = json.loads(arguments)
        trained = arguments.pop("trained", None)
        model = _made(arguments, aggregator)
        model.load_state_dict(weights)
    except (AttributeError, TypeError, ValueError, RuntimeError) as error:
        if aggregator is not None and _passed_through(aggregator, error):
            raise
        raise ValueError(f"{path} does not hold the weights that it describes: {error}") from None
    return model.eval(), trained


def _made(arguments, aggregator):
    """The model of ``plain_arguments`` and ``of_head``, its weights as new."""
    head = Head.from_dict(arguments.pop("head", {}))
    decoder, directed = arguments.pop("decoder", None), arguments.pop("directed", False)
    if aggregator is not None:
        arguments["aggregator"] = aggregator
    model = _typed(arguments) if isinstance(arguments.get("in_features"), dict) else GraphSAGE(**arguments)
    model.task_head = head
    return model if decoder is None else LinkPredictor(model, decoder, directed=directed)


def _typed(arguments):
    """A ``TypedGraphSAGE``: JSON has lists for tuples."""
    target = arguments["target"]
    own = {"relations": [tuple(name) for name in arguments["relations"]]}
    return TypedGraphSAGE(**arguments | own | {"target": target if isinstance(target, str) else tuple(target)})


def _passed_through(aggregator, error):
    """Was the error raised in the module of the caller's ``aggregator``, or in what that called? Then it is the caller's."""
    frames = (frame for frame, _ in walk_tb(error.__traceback__))
    return any(frame.f_globals.get("__name__") == aggregator.__module__ for frame in frames)
