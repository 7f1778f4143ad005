"""What every record of settings is made of: fields that say what they mean and what they may be, checked and shown by that."""

from dataclasses import MISSING, dataclass, field, fields
from numbers import Real
from operator import index

from graphsage.base.told import shown

SHARE = ("in [0, 1)", lambda value: 0 <= value < 1)
POSITIVE = ("> 0 and finite", lambda value: 0 < value < float("inf"))
NOT_NEGATIVE = (">= 0 and finite", lambda value: 0 <= value < float("inf"))
OWN = " (user-defined)"  # how a file marks what is the caller's own
FACTOR = ("in (0, 1)", lambda value: 0 < value < 1)


def option(default, text, **rule):
    """A field with its meaning ``text``. Its rule is one of choices=(text, ...), least=integer, real=(words, test), or
    check=function(value) -> value; bools and texts need none. None is allowed where it is the default, and with or_none.
    """
    return field(default=default, metadata={"help": text, **rule})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Base of the records: each field is checked by its rule; ValueError, one sentence, where it does not hold."""

    def __post_init__(self):
        for f in options_of(type(self)):
            value = getattr(self, f.name)
            if not (value is None and (f.default is None or f.metadata.get("or_none"))):
                object.__setattr__(self, f.name, _checked(f, value))

    def refuse_set(self, name, where):
        """ValueError if ``name`` has another value than its default: it is not used ``where``."""
        default = next(f.default for f in fields(self) if f.name == name)
        if getattr(self, name) != default:
            raise ValueError(f"{name} = {getattr(self, name)!r} is not used {where}")


def options_of(kind):
    """The fields of a record that are settings, not records of settings."""
    return [f for f in fields(kind) if f.default is not MISSING]


def as_written(value):
    """What a file says of a setting: of a function or class of the caller's own the name, as no file can bring code along."""
    if value is None or isinstance(value, (str, int, float, list, tuple, dict)):
        return value
    name = getattr(value, "name", None) or getattr(value, "__name__", None) or type(value).__name__
    return f"{name}{OWN}"


def plain(settings):
    """{name: value} of a record of settings, as files have them."""
    return {f.name: as_written(getattr(settings, f.name)) for f in options_of(type(settings))}


def _checked(f, value):
    rule = f.metadata
    if "check" in rule:
        return rule["check"](value)
    if "choices" in rule:
        return _one_of(f.name, value, rule["choices"])
    if "least" in rule:
        return _integer(f.name, value, rule["least"])
    if "real" in rule:
        return _real(f.name, value, *rule["real"])
    kind, words = (str, "text") if isinstance(f.default, str) else (bool, "True or False")
    if not isinstance(value, kind):
        raise ValueError(f"{f.name} must be {words}, got {shown(value)}")
    return value


def _one_of(name, value, choices):
    if not isinstance(value, str) or value not in choices:  # an array would be compared entry by entry
        raise ValueError(f"{name} must be one of {', '.join(choices)}; got {shown(value)}")
    return value


def _integer(name, value, least):
    try:
        number = index(value)
    except (TypeError, ValueError, RuntimeError):  # torch and scipy have errors of their own for it
        number = None
    if number is None or isinstance(value, bool) or number < least:
        raise ValueError(f"{name} must be an integer >= {least}, got {shown(value)}")
    return number  # a Python int: numpy's overflow, and JSON does not know them


def _real(name, value, words, holds):
    if not isinstance(value, Real) or isinstance(value, bool) or not holds(value):
        raise ValueError(f"{name} must be {words}, got {shown(value)}")
    return float(value)


def documented(kind):
    """The record with a line for each of its settings in its docstring: default, meaning, what it may be."""
    lines = [f"    {f.name} (default: {f.default!r}): {f.metadata['help']}{_allowed(f.metadata)}" for f in options_of(kind)]
    kind.__doc__ = "\n".join([kind.__doc__.rstrip(), "", *lines, ""])
    return kind


def _allowed(rule):
    if "choices" in rule:
        return f" [{', '.join(rule['choices'])}]"
    if "least" in rule:
        return f" [integer >= {rule['least']}]"
    return f" [{rule['real'][0]}]" if "real" in rule else ""
