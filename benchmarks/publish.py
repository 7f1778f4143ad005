"""What the benchmark programs share around their measurements: options, tables, figures, and where results go."""

import argparse
import os
import shlex
import sys
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from common import FOLDER, RESULTS, cache_folder, record, say, write_aside, write_json, write_text

from graphsage.base.jit import is_interrupt

# ---- options


def options_of(name, doc, sizes, options, argv=None, switches=()):
    """The program's options: ``options`` {flag: (type, help)}, each with a default for each of ``sizes`` {size: {flag: ...}}.

    switches: {flag: help} of those that are on or off.
    """
    parser = argparse.ArgumentParser(prog=f"{name}.py", description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=tuple(sizes), default="full", help="the defaults of what follows (default: full)")
    parser.add_argument(
        "--quick", action="store_const", dest="size", const="quick", help="--size quick: seconds; shows only that it runs"
    )
    for flag, (kind, text) in options.items():
        defaults = "; ".join(f"{size}: {_shown(values[flag])}" for size, values in sizes.items())
        parser.add_argument(f"--{flag}", type=kind, help=f"{text} ({defaults})")
    for flag in switches:
        parser.add_argument(f"--{flag}", action="store_true", help=switches[flag])
    parser.add_argument(
        "--out", type=Path, help=f"folder of the results (default: results/{name} beside this file; quick: the cache)"
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


def words(text):
    return tuple(word for word in text.split(",") if word)


def rates(text):
    return tuple(float(word) for word in words(text))


def _shown(value):
    if isinstance(value, tuple):
        return ",".join(map(_shown, value))
    return "all" if value == -1 else str(value)


# ---- results


def new_result(options, argv=None):
    """The record of a run that begins, with an empty list of ``rows``."""
    config = {name: value for name, value in vars(options).items() if name not in ("out", "readme", "name")}
    given = _without_out(sys.argv[1:] if argv is None else argv)
    config["command"] = shlex.join(["python", f"benchmarks/{options.name}.py", *given])
    return record(options.name, config) | {"left_out": {}, "rows": []}


def _without_out(arguments):
    """The command's arguments but for --out: a folder of one machine."""
    kept = [word for at, word in enumerate(arguments) if "--out" not in (word, *arguments[at - 1 : at])]
    return [word for word in kept if not word.startswith("--out=")]


@contextmanager
def until_interrupted(result):
    """Ctrl-C ends the measuring, not the program, once there is something to publish. Rows that nothing was measured for go."""
    interrupted = False
    try:
        yield
    except (KeyboardInterrupt, SystemError) as error:
        if not is_interrupt(error):
            raise
        interrupted = result["interrupted"] = True
    result["rows"] = [row for row in result["rows"] if row.get("rounds", True) and row.get("test", True)]
    result["load_average_at_end"] = [round(load, 2) for load in os.getloadavg()]
    if not result["rows"]:
        raise SystemExit(
            "interrupted before anything was measured" if interrupted else "nothing to measure: see what was left out"
        )
    if interrupted:
        say("interrupted: what was measured by now is published")


def publish(result, options, text, draw, brief=None):
    """Writes NAME.json, NAME.md (``text``) and NAME.png (``draw(result, path)``); --readme pastes ``brief`` or the text."""
    name = result["benchmark"]
    write_json(options.out / f"{name}.json", result)
    write_text(options.out / f"{name}.md", text)
    if options.readme:
        paste(name, brief or text)
    print(text)
    try:
        write_aside(options.out / f"{name}.png", lambda path: draw(result, path))
    except ModuleNotFoundError as error:
        say(f"no figure: {error}")
    say(f"results: {options.out}/{name}.*")


def paste(name, text):
    """Put ``text`` between the marks of ``name`` in benchmarks/README.md."""
    begin, end, path = f"<!-- {name}: begin -->", f"<!-- {name}: end -->", FOLDER / "README.md"
    before, _, rest = path.read_text(encoding="utf-8").partition(begin)
    write_text(path, f"{before}{begin}\n\n{text}\n{end}{rest.partition(end)[2]}")


# ---- tables


def measured(result):
    """The sentence about when, with what and where."""
    machine = result["machine"]
    text = (
        f"Measured {result['date']}, commit {str(result['commit'])[:12]}: `{result['config']['command']}`. "
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB; "
        f"load average {machine['load_average'][0]} at the start, {result['load_average_at_end'][0]} at the end."
    )
    return text + (" **Interrupted: not everything was measured.**" if result.get("interrupted") else "")


def heading(result):
    """``measured``, the versions, and what was left out."""
    lines = [measured(result), "", version_list(result["versions"])]
    return "\n".join([*lines, *(f"\nLeft out, {name}: {why}" for name, why in result["left_out"].items())])


def version_list(versions):
    return ", ".join(f"{name} {number}" for name, number in versions.items() if number)


def table(header, rows):
    """A Markdown table; None is an empty cell."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join("" if cell is None else str(cell) for cell in line) + " |" for line in lines)


def percent(values):
    """Mean and standard deviation over the runs, in %."""
    if not values:
        return ""
    spread = f" +- {100 * np.std(values, ddof=1):.1f}" if len(values) > 1 else ""
    return f"{100 * np.mean(values):.1f}{spread}"


def short(number):
    """About three digits: 12,345 -> "12,300", 1.234 -> "1.23"; None -> ""."""
    if number is None:
        return ""
    return f"{float(f'{number:.3g}'):,.0f}" if abs(number) >= 100 else f"{number:.3g}"


# ---- figures


def pyplot():
    """matplotlib's pyplot, drawing into files."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    return plt


def log_scale(axis, ticks=None):
    """A log axis of what is drawn by now: plain numbers at 1, 10, 100, between them where few, or at ``ticks`` alone."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator

    axis.axes.set(**{f"{axis.axis_name}scale": "log"})
    low, high = axis.get_view_interval()
    subs = (1,) if high > 1_000 * low else (1, 3) if high > 100 * low else (1, 2, 5) if high > 3 * low else range(1, 10)
    axis.set_major_locator(LogLocator(subs=subs) if ticks is None else FixedLocator(ticks))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    axis.set_minor_locator(NullLocator())
