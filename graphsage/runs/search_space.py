"""What a search tries: one table of settings, the values of each, and why they are worth trying."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from difflib import get_close_matches
from typing import Any

from graphsage.base.told import shown
from graphsage.config.groups import WEIGHT_DECAY
from graphsage.config.options import options_of
from graphsage.config.settings import RunConfig
from graphsage.config.settings_by_name import PARTS, with_settings

OF_TRIALS = {name: kind for name, kind in PARTS.items() if name != "tables"}  # records that hold what a trial may set
TRIALS = 30  # of a search, unless it is told how many
PLAIN = (bool, int, float, str)  # what Optuna's journal can hold
ALONE = {"seed": "which is the same in all trials", "num_layers": "as fanouts say how many layers there are: search fanouts"}


@dataclass(frozen=True)
class Searched:
    """A setting of the search. fits: function(config, data, value) -> bool: can this value be tried on these data?"""

    values: tuple
    reason: str
    fits: Callable[[RunConfig, Any, Any], bool] = lambda config, data, value: True


def _is_sampled(config, data, value):
    return config.train.batch_size is not None


def _is_met(config, data, value):
    return value <= len(data.train)


def _has_rate(config, data, value):
    return not callable(config.train.optimizer)


def _decays(config, data, value):
    return _has_rate(config, data, value) and config.train.optimizer != "rprop"


def _has_one_matrix(config, data, value):
    return value != "gcn" or config.model.combine == "sum"


def _is_weighted(config, data, value):
    from graphsage.training.until import rows_of  # numba, which `tune --help` does without

    return rows_of(data.graph).weights is not None and config.train.draw in ("uniform", "weighted")


#: The space: setting -> values to choose among (that of the start is one more), and why.
SPACE = {
    "learning_rate": Searched(
        (0.001, 0.002, 0.005, 0.01, 0.02, 0.05), "the best step differs by ten times between graphs", _has_rate
    ),
    "weight_decay": Searched(
        (0.0, 5e-5, 5e-4, 5e-3), "few training nodes want much of it, many want none: 1 to 2 points either way", _decays
    ),
    "dropout": Searched((0.0, 0.2, 0.3, 0.5, 0.7), "holds down a model that is large for its training nodes"),
    "hidden_features": Searched((32, 64, 128, 256), "the size of the model"),
    "fanouts": Searched(
        ("10", "10,10", "25,10", "10,10,5", "10,5,5,5"), "how far the model sees; a layer is a hop more", _is_sampled
    ),
    "aggregator": Searched(
        ("mean", "gcn", "max", "max_pool", "attention"), "a mean loses extremes, a maximum loses counts", _has_one_matrix
    ),
    "norm": Searched(("none", "layer", "batch"), "keeps hidden units in one range: deep models need it"),
    "residual": Searched((False, True), "keeps a node's own input, which neighbours of other classes would drown"),
    "input_layer": Searched(("none", "linear", "active"), "brings wide or raw features to one width first"),
    "jumping": Searched(("last", "cat", "max"), "lets the output see near neighbours apart from far ones"),
    "batch_size": Searched((32, 128, 512, 2048), "small batches are more updates an epoch", _is_met),
    "draw": Searched(("uniform", "weighted"), "edge weights may say which neighbours matter", _is_weighted),
}


def space_for(config, data, space=None):
    """{setting: list of values} of a search from ``config`` on ``data``; a setting without a choice is left out.

    space: names of ``SPACE``, or {setting: values} of any settings; None: all of ``SPACE`` that fits.
    ValueError, one sentence, for a name that is no setting and for a value that it cannot have.
    """
    asked = _asked(space)
    found = {name: _values(config, data, name, values) for name, values in asked.items()}
    found = {name: values for name, values in found.items() if len(values) > 1}
    if not found:
        raise ValueError("nothing is left to search, as no setting of the space has two values here: fix fewer settings")
    for name, values in found.items():
        for value in values:
            with_values(config, {name: value})  # refuses what cannot be
    return found


def _asked(space):
    if space is None:
        return dict.fromkeys(SPACE)
    if isinstance(space, str) or not isinstance(space, Iterable):
        raise TypeError(f"space must be names of settings, or a dict of their values; got {shown(space)}")
    asked = dict(space) if isinstance(space, Mapping) else dict.fromkeys(space)
    for name, values in asked.items():
        _check(name, values)
    return asked


def _check(name, values):
    known = [field.name for kind in OF_TRIALS.values() for field in options_of(kind)]
    if name not in known:
        near = get_close_matches(str(name), known, n=1)
        raise ValueError(f"space: {name} is no setting" + "".join(f", did you mean {n}?" for n in near))
    if name in ALONE:
        raise ValueError(f"space: {name} is not searched, {ALONE[name]}")
    if values is None and name not in SPACE:
        raise ValueError(f"space: {name} needs its values, as {{{name!r}: [...]}}; without are {', '.join(SPACE)}")
    if values is not None and (isinstance(values, str) or not isinstance(values, Sequence)):
        raise TypeError(f"space: the values of {name} must be a list, got {shown(values)}")


def _values(config, data, name, values):
    """The values to choose among, the start's first; [] where the start's is none that can be written down."""
    own = value_of(config, name, getattr(data, "task", None))
    if values is None:
        values = [value for value in SPACE[name].values if SPACE[name].fits(config, data, value)]
    if not isinstance(own, PLAIN) or not values:
        return []
    return list(dict.fromkeys([own, *(_plain(name, value) for value in values)]))


def _plain(name, value):
    if isinstance(value, tuple | list):
        value = ",".join(map(str, value))
    if not isinstance(value, PLAIN):
        raise ValueError(f"space: a value of {name} must be a number, a text, or True or False; got {shown(value)}")
    return value


def start_of(config, space, task):
    """{setting: value} of the first trial, which is ``config`` itself."""
    return {name: value_of(config, name, task) for name in space}


def value_of(config, name, task):
    """The setting as the search has it: with what a training makes of a default that is None, and fanouts as text."""
    if name == "dropout":
        return config.dropout
    value = getattr(getattr(config, _part_of(name)), name)
    if name == "weight_decay" and value is None:
        return 0.0 if config.task != "nodes" or task == "multilabel" else WEIGHT_DECAY
    return ",".join(map(str, value)) if isinstance(value, tuple) else value


def with_values(config, values):
    """``config`` (``RunConfig``) with these values: {setting: value} of a trial."""
    changes = dict(values)
    if "fanouts" in values:
        changes["fanouts"] = _fanouts(values["fanouts"])
        changes["num_layers"] = len(changes["fanouts"])
    if "," in str(values.get("class_weights")):  # numbers, as text
        changes["class_weights"] = values["class_weights"].split(",")
    if values.get("draw") == "uniform":
        changes["weights"] = "ignore"
    return with_settings(config, changes)


def _fanouts(text):
    try:
        return tuple(int(k) for k in text.split(","))
    except (AttributeError, ValueError):
        raise ValueError(f"space: fanouts must be integers with commas between, got {shown(text)}") from None


def _part_of(name):
    return next(part for part, kind in OF_TRIALS.items() if name in {field.name for field in fields(kind)})
