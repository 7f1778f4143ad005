"""Node-link JSON, as networkx (``node_link_data``) and D3 write it.

    {"nodes": [{"id": ..., attribute: value, ...}, ...], "links" or "edges": [{"source": ..., "target": ..., ...}, ...]}

Where no node has an id (D3 before version 4) the ends of links are places in the list of nodes, from 0.
"""

import json
import re

from graphsage.data.errors import DatasetError
from graphsage.data.readers.graph_tables import tables_of
from graphsage.data.readers.look import first_lines, is_called, text_of
from graphsage.data.readers.networkx_files import DIRECTED

KEYS = re.compile(r'"(nodes|links|edges|directed|multigraph)"\s*:')
LISTS = ("links", "edges")


def fits_node_link(path):
    """Is it a .json file that begins with an object that has nodes or links?"""
    if not is_called(path, ".json"):
        return False
    text = "\n".join(first_lines(path))
    return text.lstrip().startswith("{") and KEYS.search(text) is not None


def tables_node_link(path):
    """The ``GraphTables``: what a node or a link has beside its id or its ends are columns."""
    data = _parsed(path)
    names = [name for name in LISTS if isinstance(data.get(name), list)]
    if not isinstance(data.get("nodes"), list) or len(names) != 1:
        found = ", ".join(map(str, data))[:200]
        raise DatasetError(f"{path} must have a list nodes and a list links (or edges), it has {found or 'nothing'}")
    nodes, links = data["nodes"], data[names[0]]
    for name, rows in (("nodes", nodes), (names[0], links)):
        if wrong := next((row for row in rows if not isinstance(row, dict)), None):
            raise DatasetError(f"{path}: {name} must be objects, got {wrong!r:.60}")
    key = "id" if any("id" in node for node in nodes) else None
    ids = [_of(path, "nodes", node, key) for node in nodes] if key else [*range(len(nodes))]
    edges = [(_of(path, names[0], link, "source"), _of(path, names[0], link, "target"), _without(link, "source", "target"))
             for link in links]
    rows = [(name, _without(node, "id")) for name, node in zip(ids, nodes)]
    return tables_of(rows, edges, notes=[DIRECTED] if data.get("directed") is True else [])


def _parsed(path):
    text = text_of(path)
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DatasetError(f"{path} is no intact JSON: {error}") from None
    if not isinstance(data, dict):
        raise DatasetError(f"{path} must hold an object with nodes and links, it holds a {type(data).__name__}")
    return data


def _of(path, of, row, key):
    """The id under ``key``: a number or a text."""
    if type(found := row.get(key)) not in (int, str):
        raise DatasetError(f"{path}: each of {of} must have {key}, a number or a text; got {found!r:.60}")
    return found


def _without(row, *keys):
    return {name: value for name, value in row.items() if name not in keys}
