"""The values of settings that are a name, numbers, or something of the caller's own: what they may be, and the checks."""

import re
from collections.abc import Mapping
from operator import index

from graphsage.base.told import names_of, shown
from graphsage.config.options import POSITIVE

AGGREGATORS = ("mean", "sum", "max", "gcn", "mean_pool", "max_pool", "lstm", "attention", "std", "pna")
OPTIMIZERS = ("adam", "adamw", "sgd", "rprop")
METRICS = (
    "auto", "accuracy", "micro_f1", "macro_f1", "roc_auc", "r2", "mrr", "average_precision", "hits@1", "hits@3", "hits@10"
)  # fmt: skip
CLASS_WEIGHTS = ("none", "balanced")


def as_aggregator(value):
    """A name, or a class of the caller's own."""
    is_name = isinstance(value, str) and value in AGGREGATORS
    if not callable(value) and not is_name:  # a class of the caller's own: see graphsage.Aggregator
        raise ValueError(f"aggregator must be one of {', '.join(AGGREGATORS)}; got {shown(value)}")
    return value


def as_optimizer(value):
    """A name, or a function that makes one."""
    if not callable(value) and (not isinstance(value, str) or value not in OPTIMIZERS):
        own = "" if isinstance(value, str) else ", or a function(parameters) that makes a torch.optim.Optimizer"
        raise ValueError(f"optimizer must be one of {', '.join(OPTIMIZERS)}{own}; got {shown(value)}")
    return value


def as_metric(value):
    """A name, a function, or a ``Metric``."""
    if isinstance(value, str) and value in METRICS or names_of(value)[:2] == ["graphsage", "Metric"]:
        return value
    if not callable(value):
        own = "" if isinstance(value, str) else ", or a function(outputs, labels), or a Metric"
        raise ValueError(f"metric must be one of {', '.join(METRICS)}{own}; got {shown(value)}")
    if not getattr(value, "__name__", "<lambda>").isidentifier():
        raise ValueError("metric must be a function that has a name, by which it is shown: write def, or Metric(name, score)")
    return value


def as_class_weights(value):
    """A name, or a tuple of numbers > 0."""
    rule = f"class_weights must be {' or '.join(CLASS_WEIGHTS)}, or numbers > 0, one a class"
    if isinstance(value, str):
        if value in CLASS_WEIGHTS:
            return value
        raise ValueError(f"{rule}; got {shown(value)}")
    try:
        found = tuple(float(weight) for weight in value)
    except (TypeError, ValueError, RuntimeError):
        raise ValueError(f"{rule}; got {shown(value)}") from None
    wrong = next((weight for weight in found if not POSITIVE[1](weight)), None)
    if wrong is not None or not found:
        raise ValueError(f"{rule}; got {'none' if wrong is None else f'{wrong:g}'}")
    return found


def as_memory(value):
    """Bytes, an integer >= 1, of such a number or of a text: "4GiB", "500 MB", "2e9"."""
    try:
        size = _size(value) if isinstance(value, str) else index(value)
    except (TypeError, ValueError, RuntimeError, OverflowError):
        size = 0
    if isinstance(value, bool) or not 1 <= size < 2**63:
        raise ValueError(f"memory must be bytes, or a size such as 4GiB or 500MB; got {shown(value)}")
    return int(size)


def _size(text):
    """Bytes; 0 of what is no size."""
    found = re.fullmatch(r"([0-9.]+(?:e[0-9]+)?) *([kmgt]?)(i?)b?", text.strip().lower())
    return float(found[1]) * (1024 if found[3] else 1000) ** " kmgt".index(found[2] or " ") if found else 0


def as_device(value):
    """The name of a device; of a ``torch.device`` its own."""
    name = str(value) if names_of(value)[:2] == ["torch", "device"] else value
    if not isinstance(name, str):
        raise ValueError(f"device must be text, got {shown(value)}")
    return name


def as_hops(fanouts):
    """A tuple of fanouts, one a hop."""
    from graphsage.base.checks import as_fanouts  # here: numpy would slow `graphsage --help` down

    try:
        return as_fanouts("fanouts", fanouts, allow_all=True)
    except TypeError as error:  # a setting of the wrong type is a wrong value here, as in the other checks
        raise ValueError(str(error)) from None


def as_relation_fanouts(value):
    """{relation's name: tuple of fanouts, one a hop} of such a dict, or of a text "writes=10,5; cites=5,0"."""
    rule = "relation_fanouts must be {relation: numbers, one a hop}, or 'writes=10,5; cites=5,0'"
    found = value
    if isinstance(value, str):
        parts = [part.rpartition("=") for part in value.split(";") if part.strip()]
        if any("=" in name or not name.strip() for name, _, _ in parts):  # two relations without a ; between, or no =
            raise ValueError(f"{rule}; got {shown(value)}")
        found = {name.strip(): hops.split(",") for name, _, hops in parts}
    if not isinstance(found, Mapping) or not found:
        raise ValueError(f"{rule}; got {shown(value)}")
    found = {",".join(name) if _is_relation(name) else name: hops for name, hops in found.items()}
    wrong = [name for name in found if not isinstance(name, str) or not name.strip()]
    if wrong:
        raise ValueError(f"{rule}; got the name {shown(wrong[0])}")
    return {name.strip(): _relation_hops(name.strip(), hops) for name, hops in found.items()}


def _is_relation(name):
    """Is it (source, name, destination), as a graph has it?"""
    return isinstance(name, tuple) and all(isinstance(part, str) for part in name)


def _relation_hops(name, hops):
    """Integers >= 0, or -1 for all."""
    try:
        listed = [int(hop) if isinstance(hop, str) else index(hop) for hop in hops]
    except (TypeError, ValueError):
        listed = []
    if not listed or not all(-1 <= hop < 2**31 for hop in listed):
        raise ValueError(f"relation_fanouts: {name} must have integers, one a hop: 0 draws none, -1 all; got {shown(hops)}")
    return tuple(listed)


def as_feature_cache(value):
    """Bytes, an integer >= 1, or a share as "10%"."""
    is_share = isinstance(value, str) and value.strip().endswith("%")
    try:
        share = float(value.strip().removesuffix("%")) if is_share else 1
        if 0 < share <= 100:
            return f"{share:g}%" if is_share else as_memory(value)
    except ValueError:
        pass
    raise ValueError(f"feature_cache must be a size such as 2GB, or a share of the features such as 10%; got {shown(value)}")
