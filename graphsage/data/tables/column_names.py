"""Names that others give to the columns source, target, weight and time of edges, and id of nodes: found, and told in a line.

What is called as it is here is that. Else a name counts whose letters are one of those below, in any case, whatever stands
between the letters: From, FROM_NODE, "Source ID", :START_ID. What Neo4j writes of types and groups is no part of a name:
weight:float, :START_ID(Person), name:ID. Where two columns could be meant it is an error; of two that could be times a line.
"""

import re
from dataclasses import replace

from graphsage.data.errors import DatasetError

PAIRS = (
    ("source", "target"), ("source", "destination"), ("src", "dst"), ("src", "dest"), ("src", "tgt"), ("from", "to"),
    ("start", "end"), ("node1", "node2"), ("id1", "id2"), ("u", "v"), ("i", "j"),
)  # fmt: skip
TIMES = ("time", "timestamp", "date", "datetime", "when")
NODE = ("id", "node", "nodeid", "vertex", "vertexid")
NEO4J_ID = re.compile(r".*:ID(\(.*\))?")
NEO4J_TYPE = re.compile(r"(?<=.):(float|double|int|long|date|datetime|localdatetime)$|(?<=_ID)\(.*\)$")
OF_A_NODE = r"(node|vertex|v)?(id|name|index|key)?"  # what may follow an end's name: FromNodeId


def edges_named(table):
    """The ``Table`` of edges with its columns called source, target, weight and time."""
    times = times_among(table.columns)
    if len(times) > 1:
        table.note(f"{table.path.name}: {' and '.join(times)} could be times, and none of them is read: call one of them time")
    return _told(table, _ends(table) | _alike(table, ("weight",)) | (dict.fromkeys(times, "time") if len(times) == 1 else {}))


def times_among(columns):
    """The names of ``columns`` that are called as times are: time itself, else those by that name, else by another."""
    if "time" in columns:
        return ["time"]
    named = [name for name in columns if _letters(name) in TIMES]
    return [name for name in named if _letters(name) == "time"] or named


def is_guessed(table):
    """Is the column time of a ``Table`` one of another name?"""
    return _letters(table.heading("time")) != "time"


def nodes_named(table):
    """The ``Table`` of nodes with its column of ids called id."""
    if "id" in table.columns:
        return table
    found = [name for name in table.columns if _letters(name) in NODE or NEO4J_ID.fullmatch(name)]
    if len(found) > 1:
        raise DatasetError(f"{table.path} has the columns {' and '.join(map(repr, found))}: call the one with the ids id")
    return _told(table, dict.fromkeys(found, "id"))


def _told(table, names):
    """``table`` with columns under other names {its own: here}; a line says so."""
    changed = {own: here for own, here in names.items() if own != here}
    if not changed:
        return table
    table.note(f"{table.path.name}: {', '.join(f'{own} is taken for {here}' for own, here in changed.items())}")
    return replace(table, columns=tuple(changed.get(name, name) for name in table.columns))


def _ends(table):
    """{own name: "source" or "target"}; nothing where no pair of columns is known."""
    if "source" in table.columns and "target" in table.columns:
        return {}
    found = {pair for words in PAIRS for pair in _pairs(table, words)}
    if len(found) > 1:
        pairs = " or ".join(sorted(f"{source}, {target}" for source, target in found))
        raise DatasetError(f"{table.path} has columns that could be the ends of edges ({pairs}): call them source, target")
    return {own: here for pair in found for own, here in zip(pair, ("source", "target"))}


def _pairs(table, words):
    """Each (source, target) among the columns that ``words`` name."""
    sources, targets = ([name for name in table.columns if re.fullmatch(f"(node|vertex|id)?{word}{OF_A_NODE}", _letters(name))]
                        for word in words)
    return [(source, target) for source in sources for target in targets]


def _alike(table, names):
    """{own name: the one of ``names`` that it is in another case}."""
    found = {}
    for here in names:
        own = [name for name in table.columns if _letters(name) == here]
        if here not in own and len(own) == 1:
            found[own[0]] = here
    return found


def _letters(name):
    return re.sub(r"[\W_]+", "", NEO4J_TYPE.sub("", name)).lower()
