"""The report of a ``Description``: plain text, tables with bars, at most about 100 characters wide."""

from math import isnan

import numpy as np

NAME, BAR = 24, 40  # characters of a name, of the longest bar
MOST_CLASSES = 12
NORMS = {1: "each adds up to 1", 2: "each has length 1", None: "not normalised"}
TASKS = {"multiclass": "classes: {:,}", "multilabel": "classes: {:,}, any number a node", "regression": "targets: {:,}"}


def report(found):
    """The text for a ``Description``: several lines, no newline at the end."""
    sections = (_graph(found), _neighbours(found), label_lines(found), _homophily(found), split_lines(found), _features(found))
    return "\n\n".join("\n".join(lines) for lines in sections if lines)


def largest_classes(found):
    """(classes to show, largest first; the rest): int64 arrays. One class more is shown rather than called the rest."""
    order = np.argsort(-found.class_counts, kind="stable")
    shown = len(order) if len(order) <= MOST_CLASSES + 1 else MOST_CLASSES
    return order[:shown], order[shown:]


def split_sizes(found):
    """{"train", "val", "test", "in none": nodes}."""
    return {**found.split_sizes, "in none": found.num_nodes - sum(found.split_sizes.values())}


def clipped(name):
    """A class name short enough for its column."""
    return name if len(name) <= NAME else name[: NAME - 3] + "..."


# ---- lines


def line(name, value, note=""):
    return f"  {name:{NAME}} {value:>11}   {note}".rstrip()


def counted(name, count, whole, note=""):
    share = f"{100 * count / whole:.1f} %" if whole else ""
    return line(name, f"{count:,}", f"{share:>7}   {note}")


def bar(count, most):
    """Long in proportion to ``count``; a dot for what is there but too little to show."""
    return "#" * round(BAR * count / max(most, 1)) or ("." if count else "")


# ---- sections


def _graph(found):
    return [
        "graph",
        line("nodes", f"{found.num_nodes:,}"),
        line("edges", f"{found.num_edges:,}", "symmetric" if found.is_symmetric else "not symmetric"),
        counted("self loops", found.num_self_loops, found.num_edges),
        counted("repeated edges", found.num_repeated, found.num_edges),
        counted("isolated nodes", found.num_isolated, found.num_nodes),
        line("connected components", f"{found.num_components:,}"),
        counted("nodes of the largest", found.largest_component, found.num_nodes),
    ]


def _neighbours(found):
    mean = found.num_edges / max(found.num_nodes, 1)
    bins = found.degree_histogram()
    most = max((nodes for _, _, nodes in bins), default=0)
    names = [f"{low:,}" if low == high else f"{low:,} to {high:,}" for low, high, _ in bins]
    return [
        f"neighbours of a node: {mean:.1f} on average",
        f"  {'percentile':{NAME}} " + "".join(f" {f'{percent} %':>9}" for percent in found.degree_percentiles),
        f"  {'neighbours':{NAME}} " + "".join(f" {degree:>9,}" for degree in found.degree_percentiles.values()),
        "",
        f"  {'neighbours':{NAME}} {'nodes':>11}",
        *(counted(name, nodes, found.num_nodes, bar(nodes, most)) for name, (_, _, nodes) in zip(names, bins)),
    ]


def label_lines(found):
    """The largest classes, the rest in one line."""
    labelled = found.num_nodes - found.num_unlabelled
    most = found.class_counts.max(initial=0)
    shown, rest = largest_classes(found)
    lines = [TASKS[found.task].format(found.num_outputs)]
    if found.task == "multiclass" and len(found.class_counts) < found.num_outputs:
        lines[0] += f" ({len(found.class_counts):,} of them with nodes)"
    lines += [
        counted(clipped(found.class_names[k]), found.class_counts[k], labelled, bar(found.class_counts[k], most))
        for k in shown
    ]
    if len(rest):
        lines.append(counted(f"{len(rest):,} more classes", found.class_counts[rest].sum(), labelled))
    return [*lines, counted("nodes without a label", found.num_unlabelled, found.num_nodes)]


def _homophily(found):
    """Nothing where no edge joins nodes of known classes."""
    if isnan(found.edge_homophily):
        return []
    adjusted = "" if isnan(found.adjusted_homophily) else f"{found.adjusted_homophily:z.3f}"
    return [
        "homophily",
        line("edge", f"{found.edge_homophily:.3f}", "share of the edges that join nodes of one class"),
        line("adjusted", adjusted, "0: no more than by chance, 1: all edges do"),
        "",
        "  share of a class's edges that stay in it",
        *(line(clipped(found.class_names[k]), *_within(found.class_homophily[k])) for k in largest_classes(found)[0]),
    ]


def _within(share):
    """Value and bar of one class's homophily."""
    return ("", "no edges") if isnan(share) else (f"{share:.3f}", bar(share, 1))


def split_lines(found):
    """How many nodes each part of the split has."""
    n = found.num_nodes
    return ["split", *(counted(split, size, n, bar(size, n)) for split, size in split_sizes(found).items())]


def _features(found):
    return [
        "features",
        line("columns", f"{found.num_features:,}", "sparse" if found.is_sparse else "dense"),
        line("values that are not 0", "" if isnan(found.density) else f"{100 * found.density:.2f} %"),
        counted("rows of zeros", found.num_zero_rows, found.num_nodes),
        f"  {'other rows':{NAME}} {NORMS[found.row_norm]}",
    ]
