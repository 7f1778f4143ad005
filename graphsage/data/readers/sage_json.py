"""GraphSAGE's own files (Hamilton et al. 2017, the program's README) -> NodeDataset. N nodes, F features.

    NAME-G.json            networkx node-link: nodes {"id", "val", "test"}, links {"source", "target"} ("edges" in newer ones)
    NAME-id_map.json       {id: row of NAME-feats.npy}, ids as text
    NAME-class_map.json    {id: class number}, or {id: [0, 1, 1]} for several labels a node
    NAME-feats.npy         [rows, F] numbers; may be missing

What is done otherwise than in the original program, or could be:

* The graph holds all links. The program trains on the links between training nodes (it marks the rest "train_removed") and
  tests on all, as ``inductive`` does (``--inductive``); else training sees the features of neighbours outside the training
  nodes, never their labels. Where the parts are graphs of their own, as in its protein data, that is the same.
* A node that lacks "val" or "test" is in no part; the program takes it out of the graph.
* Features are as stored; the program standardises them with the means and deviations of the training nodes.
* Without NAME-feats.npy, features are the identity: a column for each node.
"""

import json
from pathlib import Path

import numpy as np

from graphsage.base.id_rule import RowsByName, id_of
from graphsage.data.dataset import SPLITS, DatasetError, NodeDataset
from graphsage.data.errors import one_of_several
from graphsage.data.readers.npz import read_npy
from graphsage.data.readers.unpickle import read_bytes
from graphsage.graph.features import SparseFeatures
from graphsage.graph.graph import Graph

MAX_JSON = 1 << 30  # bytes of one of the .json files


def holds_graphsage_json(folder):
    """NAME of the file ``NAME-G.json`` in ``folder``; None if there is none, DatasetError if there are several."""
    names = sorted(path.name.removesuffix("-G.json") for path in Path(folder).glob("?*-G.json"))
    return one_of_several(folder, names)


def read_graphsage_json(folder, name, *, class_names=None):
    """The dataset of the files ``NAME-*`` in ``folder``; nodes are in the order of NAME-G.json.

    Links are undirected, or run from source to target where the file says "directed". Their ends are node ids, as networkx
    writes them since version 2, if all of them are ids; else places in the list of nodes, as version 1 wrote them. Ends that
    are both, and then other nodes (ids "1", "0", ends 0, 1), are refused. The id of an edge is its place in the file's list.
    ``node_ids`` are the ids where they are not 0..N-1 in order; ids are as ``graphsage.base.id_rule`` has them.
    Test nodes are those marked so, validation nodes those marked so and not for the test, the rest is for training.

    Raises DatasetError, one sentence that starts with the path, for a missing or damaged file.
    """
    folder = Path(folder)
    try:
        graph, id_map, class_map = (_json(folder / f"{name}-{part}.json") for part in ("G", "id_map", "class_map"))
        nodes, links = _listed(graph, "nodes"), _listed(graph, _name_of_links(graph))
        ids = [_id(place, node) for place, node in enumerate(nodes)]
        return NodeDataset(
            graph=Graph.from_edges(
                *_ends(links, ids),
                len(ids),
                node_ids=None if ids == list(range(len(ids))) else ids,
                undirected=graph.get("directed") is not True,
                duplicates="drop",
                self_loops="drop",
            ),
            features=_features(folder / f"{name}-feats.npy", ids, id_map),
            labels=(labels := _labels(ids, class_map)),
            task="multilabel" if labels.ndim == 2 else "multiclass",  # lists of one number too
            **_parts(nodes),
            class_names=class_names,
            name=name,
        )
    except (ValueError, TypeError) as error:
        text = str(error)
        raise DatasetError(text if text.startswith(str(folder)) else f"{folder / name}-*: {text}") from None


# ---- json


def _json(path):
    """The object of a file; links become pairs at once, which take a quarter of the memory."""
    if not path.is_file():
        raise DatasetError(f"{path} is missing")
    try:
        found = json.loads(read_bytes(path, MAX_JSON), object_hook=_pair_of_link)
    except (ValueError, RecursionError) as error:
        raise DatasetError(f"{path} must be JSON: {error}") from None
    if type(found) is not dict:
        raise DatasetError(f"{path} must hold an object, not {type(found).__name__}")
    return found


def _pair_of_link(found):
    return (found["source"], found["target"]) if "source" in found and "target" in found else found


def _name_of_links(graph):
    """What the file calls them: networkx wrote "links" before version 3.4, and writes "edges" since."""
    both = [name for name in ("links", "edges") if name in graph]
    if len(both) > 1 and graph["links"] != graph["edges"]:
        raise DatasetError("-G.json has a list of links and another one of edges: leave one of them out")
    return both[0] if both else "links"


def _listed(graph, kind):
    if type(graph.get(kind)) is not list:
        raise DatasetError(f"-G.json must have a list of {kind}")
    wanted = dict if kind == "nodes" else tuple
    for place, item in enumerate(graph[kind]):
        if type(item) is not wanted:
            rule = "an id" if kind == "nodes" else "source and target"
            raise DatasetError(f"{kind}[{place}] in -G.json must be an object with {rule}, got {item!r:.60}")
    return graph[kind]


def _id(place, node):
    name = id_of(node.get("id"))
    if type(name) not in (int, str):
        raise DatasetError(f"nodes[{place}] in -G.json must have an id, a text or an integer; got {node.get('id')!r:.60}")
    return name if type(node["id"]) is float else node["id"]


# ---- what becomes of it


def _ends(links, ids):
    """(src, dst) as places in the list of nodes."""
    flat = [end for link in links for end in link]
    odd = [end for end in flat if type(end) not in (int, str, float)]
    if odd:
        raise DatasetError(f"links in -G.json must join ids or places of nodes, got {odd[0]!r:.60}")
    rows = RowsByName(ids)
    named, are_places = [rows.row(end) for end in flat], all(type(end) is int and 0 <= end < len(ids) for end in flat)
    if None in named and not are_places:
        odd = flat[named.index(None)]
        raise DatasetError(f"links in -G.json must join ids of nodes, or places of all {len(ids)}; got {odd!r:.60}")
    if None not in named and are_places and named != flat and not all(end in rows.exact for end in flat):
        raise DatasetError("links in -G.json join numbers, which are ids of nodes (as texts) and places of others: write texts")
    return np.array(flat if None in named else named, np.int64).reshape(-1, 2).T


def _features(path, ids, id_map):
    if not path.is_file():
        return SparseFeatures.identity(len(ids))
    table = read_npy(path)
    rows = [id_map.get(str(name)) for name in ids]
    limit = len(table) if table.ndim == 2 else 0
    for name, row in zip(ids, rows):
        if type(row) is not int or not 0 <= row < limit:
            raise DatasetError(f"-id_map.json must give node {name!r:.60} one of {limit} rows of -feats.npy, got {row!r:.60}")
    return table if rows == list(range(limit)) else table[np.array(rows, np.int64)]


def _labels(ids, class_map):
    """int64 [N], or int64 [N, C] where the classes of a node are listed; -1 for a node that is not in the map."""
    listed = [class_map.get(str(name)) for name in ids]
    known = [labels for labels in listed if labels is not None]
    width = len(known[0]) if known and type(known[0]) is list else None
    for name, labels in zip(ids, listed):
        row = labels if width is not None and type(labels) is list else [labels]
        fits = len(row) == (1 if width is None else width) and all(type(label) is int and 0 <= label < 2**31 for label in row)
        if labels is not None and (not fits or (width is not None) != (type(labels) is list)):
            rule = "a class number" if width is None else f"a list of {width} numbers 0 or 1, as the first node has"
            raise DatasetError(f"-class_map.json must give node {name!r:.60} {rule}; got {labels!r:.60}")
    missing = -1 if width is None else [-1] * width
    return np.array([missing if labels is None else labels for labels in listed], np.int64)


def _parts(nodes):
    marks = [(node.get("val"), node.get("test")) for node in nodes]
    for place, mark in enumerate(marks):
        if not all(flag is None or type(flag) is bool for flag in mark):
            raise DatasetError(f"nodes[{place}] in -G.json must have val and test true or false, got {mark!r:.60}")
    part_of = [None if None in mark else "test" if mark[1] else "val" if mark[0] else "train" for mark in marks]
    return {part: np.array([place for place, own in enumerate(part_of) if own == part], np.int64) for part in SPLITS}
