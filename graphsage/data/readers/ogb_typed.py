"""OGB's csv.gz files of a typed graph (ogbn-mag; Hu et al. 2020) -> TypedDataset.

    raw/num-node-dict.csv.gz                 a line of types, and one of how many nodes each has
    raw/relations/SOURCE___NAME___DESTINATION/
        edge.csv.gz, num-edge-list.csv.gz    lines "from,to", ids within the two types; how many there are
    raw/node-feat/TYPE/node-feat.csv.gz      numbers, a line a node; of some types or all
    raw/node-label/TYPE/node-label.csv.gz    of one type, the target: as in files of one type
    split/RULE/TYPE/train.csv.gz, valid.csv.gz, test.csv.gz

Whatever else there is (node_year, edge_reltype, mapping) is not read.
"""

import numpy as np

from graphsage.base.checks import refuse_giants
from graphsage.data.errors import DatasetError, told_of
from graphsage.data.readers.csv_gz import read_table
from graphsage.data.readers.look import text_of
from graphsage.data.readers.ogb_files import count_of, labels_of, split_of
from graphsage.data.typed_dataset import TypedDataset
from graphsage.graph.typed_graph import TypedGraph

NODES = "num-node-dict.csv.gz"


def read_typed(folder, name, *, class_names=None, directed=False):
    """The ``TypedDataset`` of the files in ``folder``, under ``name``.

    A line "a,b" lets node b of the destination aggregate from node a of the source, and (directed=False) the reverse relation
    a from b. Edges are kept as listed; an edge's id is its line, from 0. Features are float32; a type without has a column a
    node. Raises DatasetError, one sentence that starts with a path, for a missing or damaged file.
    """
    raw = folder / "raw"
    sizes = _sizes(raw / NODES)
    features = {kind: _features(raw / "node-feat" / kind / "node-feat.csv.gz", size) for kind, size in sizes.items()}
    target = _target(raw / "node-label", sizes)
    labels = labels_of(raw / "node-label" / target / "node-label.csv.gz", sizes[target])
    relations = {relation: _edges(place) for relation, place in _relations(raw / "relations").items()}
    with told_of(folder):
        return TypedDataset(
            graph=TypedGraph(sizes, relations, reverse=not directed),
            features=features,
            target=target,
            labels=labels,
            **split_of(folder, target),
            class_names=class_names,
            name=name,
        )


def _sizes(path):
    """{type: number of nodes}."""
    lines = [line.split(",") for line in text_of(path).splitlines() if line.strip()]
    rule = "a line of types and, as there must be one graph, one of their numbers of nodes"
    if len(lines) != 2 or len(lines[0]) != len(lines[1]) or len(set(lines[0])) < len(lines[0]):
        raise DatasetError(f"{path} must hold {rule}; got {len(lines)} lines")
    for count in lines[1]:
        if not (count.isascii() and count.isdigit() and len(count) <= 10):
            raise DatasetError(f"{path} must hold {rule}; got {count[:20]!r}")
    for kind in lines[0]:
        if not kind or "/" in kind or kind in (".", ".."):
            raise DatasetError(f"{path} must name types as folders can be called; got {kind[:80]!r}")
    sizes = dict(zip(lines[0], map(int, lines[1])))
    with told_of(path):
        refuse_giants("a graph of so many nodes", 64 * sum(sizes.values()))
    return sizes


def _features(path, size):
    return read_table(path, np.float32, rows=size) if path.is_file() else None


def _target(place, sizes):
    """The one type with labels."""
    found = [kind for kind in sizes if (place / kind / "node-label.csv.gz").is_file()]
    if len(found) != 1:
        raise DatasetError(f"{place} must have labels of one type, TYPE/node-label.csv.gz; got {', '.join(found) or 'none'}")
    return found[0]


def _relations(place):
    """{relation: its folder}."""
    folders = sorted(path for path in place.glob("*") if path.is_dir())
    wrong = next((path for path in folders if len(path.name.split("___")) != 3), None)
    if wrong is not None or not folders:
        rule = "folders SOURCE___NAME___DESTINATION, one a relation"
        raise DatasetError(f"{place} must hold {rule}; got {'none' if wrong is None else wrong.name[:80]}")
    return {tuple(path.name.split("___")): path for path in folders}


def _edges(place):
    count = count_of(place / "num-edge-list.csv.gz")
    return tuple(read_table(place / "edge.csv.gz", np.int64, rows=count, columns=2).T)
