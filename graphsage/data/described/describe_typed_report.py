"""The report of a ``TypedDescription``: plain text, a table of types, one of relations, homophily, labels and split."""

from math import isnan

from graphsage.data.described.describe_report import label_lines, split_lines

MOST = 48  # characters of the name of a relation


def typed_report(found):
    """The text for a ``TypedDescription``: several lines, no newline at the end."""
    sections = [_types(found), _relations(found), _homophily(found)]
    if found.targets is not None:
        labels, split = label_lines(found.targets), split_lines(found.targets)
        sections += [[f"{found.target}: {labels[0]}", *labels[1:]], split]
    return "\n\n".join("\n".join(lines) for lines in sections if lines)


def _table(head, rows):
    """Lines of columns, the first to the left; the last column, a note, is as long as it is."""
    rows = [head, *((f"  {first}", *rest) for first, *rest in rows)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(head))]
    return ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:-1], widths[1:-1]), row[-1]]).rstrip() for row in rows]


def _clipped(name):
    return name if len(name) <= MOST else f"{name[: MOST - 3]}..."


def _types(found):
    rows = [
        (_clipped(name), f"{of.num_nodes:,}", f"{of.num_isolated:,}", _features(of)) for name, of in found.types.items()
    ]
    return _table(("types", "nodes", "in no edge", "features"), rows)


def _features(facts):
    if not facts.num_features:
        return "none: an embedding is learned of each"
    return f"{facts.num_features:,} {'sparse' if facts.is_sparse else 'dense'}"


def _relations(found):
    rows = [_relation(name, of) for name, of in found.relations.items()]
    if not rows:
        return ["no relation"]
    stored = f"({found.num_edges:,} edges with the reverse ones; a node at each end: on average, at most, nodes without)"
    head = ("relations", "edges", "source", "most", "without", "destination", "most", "without", "")
    return [*_table(head, rows), f"  {stored}"]


def _relation(name, facts):
    ends = [cell for mean, most, without in (facts.sources, facts.destinations)
            for cell in (f"{mean:.1f}", f"{most:,}", f"{without:,}")]  # fmt: skip
    return (_clipped(" ".join(name)), f"{facts.num_edges:,}", *ends, "")


def _homophily(found):
    """Nothing where no relation has classes at its ends."""
    told = {name: of for name, of in found.relations.items() if not isnan(of.homophily)}
    if not told:
        return []
    rows = [
        (_clipped(" ".join(name)), f"{of.homophily:.3f}", "" if isnan(of.adjusted) else f"{of.adjusted:z.3f}",
         _pairs(name, found.target)) for name, of in told.items()
    ]  # fmt: skip
    return _table(("homophily", "share", "adjusted", "of one class (adjusted: 0 as by chance, 1 all)"), rows)


def _pairs(name, target):
    if name[0] == name[2]:
        return "both ends of an edge"
    return f"two of type {target} with the same {name[2] if name[0] == target else name[0]}"
