"""Pajek networks: NAME.net, and where it lies beside it NAME.clu, a class a vertex.

    *Vertices N        then a line a vertex that has a name: its number, "name", how it is drawn
    *Edges, *Arcs      then lines of two numbers, and optionally a weight; *Arcslist and *Matrix as well
"""

import re
import shlex

from graphsage.data.errors import DatasetError
from graphsage.data.readers.graph_tables import GraphTables, tables_of
from graphsage.data.readers.look import first_lines, is_called, read_as, text_of

VERTICES = re.compile(r"\*vertices\s+(\d+)", re.IGNORECASE)
MOST_BARE = 10_000_000  # vertices that a file may have; a line of it can claim any number


def fits_pajek(path):
    """Is it called a Pajek network, and does it begin as one?"""
    return is_called(path, ".net") and any(line.lstrip().startswith("*") for line in first_lines(path))


def files_pajek(path):
    """The network, and its classes."""
    classes = path.with_suffix(".clu")
    return [path, classes] if classes.is_file() else [path]


def tables_pajek(path) -> GraphTables:
    """The ``GraphTables``: ids are the vertices' names where each has one of its own, else their numbers, from 1."""
    import networkx as nx

    lines = [line for line in text_of(path).splitlines() if line.strip() and not line.startswith("%")]
    at = next((at for at, line in enumerate(lines) if VERTICES.match(line.strip())), None)
    if at is None:
        raise DatasetError(f"{path} has no line *Vertices N, with which a Pajek network begins")
    count = int(VERTICES.match(lines[at].strip())[1])
    if count > MOST_BARE:
        raise DatasetError(f"{path} claims {count:,} vertices: such a file may have {MOST_BARE:,}")
    end = next((row for row in range(at + 1, len(lines)) if lines[row].lstrip().startswith("*")), len(lines))
    names = _names(path, lines[at + 1 : end], count)
    numbers = [f'{number} "{number}"' for number in names]
    with read_as(path, "Pajek", nx.NetworkXException):
        graph = nx.parse_pajek([f"*vertices {count}", *numbers, *map(str.strip, lines[end:])])
    if len(graph) != count:
        raise DatasetError(f"{path} has edges to vertices beyond {count}, the number in its line *Vertices")
    return _tables(graph, names, _classes(path, count))


def _names(path, lines, count):
    """{number: name} of all vertices, the number itself where there is no name."""
    names, listed = {number: str(number) for number in range(1, count + 1)}, set()
    for line in lines:
        with read_as(path, "Pajek"):
            fields = shlex.split(line) if '"' in line else line.split()
            number = int(fields[0])
        if number not in names:
            raise DatasetError(f"{path} lists vertex {number}, and *Vertices says that they are 1 to {count}")
        if number in listed:
            raise DatasetError(f"{path} lists vertex {number} twice: each once")
        listed.add(number)
        names[number] = fields[1] if len(fields) > 1 else str(number)
    return names


def _tables(graph, names, classes):
    is_own = len(set(names.values())) == len(names)
    id_of = {str(number): name if is_own else number for number, name in names.items()}
    rows = [{} if is_own else {"name": name} for name in names.values()]
    if classes is not None:
        rows = [row | {"label": found} for row, found in zip(rows, classes)]
    edges = [(id_of[source], id_of[target], of) for source, target, of in graph.edges(data=True)]
    notes = ["edges are taken both ways (--directed: one way, of arcs)"] if graph.is_directed() else []
    return tables_of([(id_of[str(number)], row) for number, row in zip(names, rows)], edges, notes=notes)


def _classes(path, count):
    """The class of each vertex, from NAME.clu, or None."""
    beside = files_pajek(path)[1:]
    if not beside:
        return None
    found = [line.strip() for line in text_of(beside[0]).splitlines() if line.strip() and not line.startswith(("*", "%"))]
    if len(found) != count:
        raise DatasetError(f"{beside[0]} must have a line a vertex, {count}; it has {len(found)}")
    return [int(word) if re.fullmatch(r"-?\d{1,18}", word) else word for word in found]
