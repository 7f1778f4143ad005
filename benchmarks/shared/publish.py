"""What the benchmark programs make of their results: files, tables, figures."""

import numpy as np

from benchmarks.shared.measuring import say
from benchmarks.shared.records import FOLDER, write_json, write_text
from graphsage.base.files import written_aside


def publish(result, options, text, draw, brief=None):
    """Writes NAME.json, NAME.md (``text``) and NAME.png (``draw(result, file)``); --readme pastes ``brief`` or the text."""
    name = result["benchmark"]
    write_json(options.out / f"{name}.json", result)
    write_text(options.out / f"{name}.md", text)
    if options.readme:
        paste(name, brief or text)
    print(text)
    try:
        with written_aside(options.out / f"{name}.png") as file:
            draw(result, file)
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
