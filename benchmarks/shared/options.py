"""The options of a program: a default for each size, and lists of words and numbers."""

import argparse
from pathlib import Path

from benchmarks.shared.records import RESULTS, cache_folder


def parser_of(name, doc):
    return argparse.ArgumentParser(
        prog=f"python -m benchmarks.{name}", description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )


def options_of(name, doc, sizes, options, argv=None, switches=()):
    """The program's options: ``options`` {flag: (type, help)}, each with a default for each of ``sizes`` {size: {flag: ...}}.

    switches: {flag: help} of those that are on or off.
    """
    parser = parser_of(name, doc)
    parser.add_argument("--size", choices=tuple(sizes), default="full", help="the defaults of what follows (default: full)")
    parser.add_argument(
        "--quick", action="store_const", dest="size", const="quick", help="--size quick: seconds; shows only that it runs"
    )
    for flag, (kind, text) in options.items():
        defaults = "; ".join(f"{size}: {_shown(values[flag])}" for size, values in sizes.items())
        parser.add_argument(f"--{flag}", type=kind, help=f"{text} ({defaults})".replace("%", "%%"))
    for flag in switches:
        parser.add_argument(f"--{flag}", action="store_true", help=switches[flag])
    parser.add_argument(
        "--out", type=Path, help=f"folder of the results (default: benchmarks/results/{name}; quick: the cache)"
    )
    parser.add_argument("--readme", action="store_true", help="put the tables into benchmarks/README.md")
    found = parser.parse_args(argv)
    for flag, value in sizes[found.size].items():
        if getattr(found, flag) is None:
            setattr(found, flag, value)
    found.name = name
    found.out = found.out or (cache_folder() if found.size == "quick" else RESULTS) / name
    return found


def numbers(text):
    """Integers from a list such as 2,5,all; all is -1."""
    return tuple(-1 if word == "all" else int(word) for word in words(text))


def words(text, known=None):
    """Words from a list such as cora,debian; ArgumentTypeError for one that is not among ``known``."""
    found = tuple(word for word in text.split(",") if word)
    if known is not None and (unknown := set(found) - set(known)):
        raise argparse.ArgumentTypeError(f"knows {', '.join(known)}; got {', '.join(sorted(unknown))}")
    return found


def rates(text):
    return tuple(float(word) for word in words(text))


def _shown(value):
    if isinstance(value, tuple):
        return ",".join(map(_shown, value))
    return "all" if value == -1 else str(value)
