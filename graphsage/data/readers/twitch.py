"""Twitch streamers of one country (Rozemberczki et al. 2021, MUSAE) -> NodeDataset.

    NAME_edges.csv     from,to                                     two friends a line, mutual
    NAME.json          {"node": [feature, ...], ...}               features 0..3169, the same in all seven countries
    NAME_target.csv    id,days,mature,views,partner,new_id         the node is new_id; lines are in another order

Every node is a key of the json file, 0..N-1. The French file repeats the lines of two nodes.
"""

import json
from itertools import chain
from pathlib import Path

import numpy as np

from graphsage.data.dataset import DatasetError, NodeDataset
from graphsage.data.errors import one_of_several
from graphsage.data.readers.text import read_integers, read_lines
from graphsage.data.readers.unpickle import read_bytes
from graphsage.data.split import random_split
from graphsage.graph.build import indptr_of
from graphsage.graph.features import SparseFeatures
from graphsage.graph.graph import Graph

NUM_FEATURES = 3170
CLASS_NAMES = ("not mature", "mature")
EDGES, TARGETS = "from,to", "id,days,mature,views,partner,new_id"
MAX_JSON = 1 << 24  # bytes; the largest country has 1.2 MB, and a hostile list takes thirty times its text


def holds_twitch(folder):
    """NAME of the three files in ``folder``; None if there are none, DatasetError if there are several."""
    names = sorted(path.name.removesuffix("_target.csv") for path in Path(folder).glob("?*_target.csv"))
    names = [name for name in names if all(path.is_file() for path in _paths(folder, name))]
    return one_of_several(folder, names)


def read_twitch(folder, name, *, class_names=CLASS_NAMES, split=None):
    """The dataset of the three files called NAME ("DE", say) in ``folder``, with a random split.

    N streamers, 3,170 features in every country, so that a model trained on one can be applied to another. Features are
    ``SparseFeatures`` of ones (a feature that a list repeats counts once), not row-normalised. Label 1 is a channel with
    mature content. Friends are neighbours of each other; the id of an edge is its line below the header, from 0.

    split: number of the ``random_split`` (half / a quarter / a quarter); the files hold none.
    Raises DatasetError, one sentence with the file's path.
    """
    edges, features, targets = _paths(folder, name)
    features = _features(features)
    num_nodes = features.num_rows
    pairs = read_integers(edges, 2, header=EDGES)
    if pairs.max(initial=0) >= num_nodes:
        raise DatasetError(f"{edges} lists node {pairs.max()}, the features are those of nodes 0 to {num_nodes - 1}")
    return NodeDataset(
        graph=Graph.from_edges(*pairs.T, num_nodes, undirected=True, duplicates="drop", self_loops="drop"),
        features=features,
        labels=_labels(targets, num_nodes),
        **random_split(np.arange(num_nodes), split),
        class_names=class_names,
        name=name,
    )


def _paths(folder, name):
    return [Path(folder) / f"{name}{end}" for end in ("_edges.csv", ".json", "_target.csv")]


def _features(path):
    try:
        lists = json.loads(read_bytes(path, MAX_JSON), object_pairs_hook=_dict_of_distinct)
    except (ValueError, RecursionError) as error:  # a UnicodeDecodeError is a ValueError
        raise DatasetError(f"{path} must be JSON, UTF-8: {error}") from None
    if type(lists) is not dict or lists.keys() != {str(node) for node in range(len(lists))}:
        raise DatasetError(f"{path} must hold an object with the keys 0..N-1, each once")
    rows = [lists[str(node)] for node in range(len(lists))]
    for node, row in enumerate(rows):
        if type(row) is not list or not all(type(number) is int and 0 <= number < NUM_FEATURES for number in row):
            raise DatasetError(f"{path}: node {node} must have a list of features from 0 to {NUM_FEATURES - 1}")
    sizes = np.fromiter(map(len, rows), np.int64, len(rows))
    listed = np.fromiter(chain.from_iterable(rows), np.int64, int(sizes.sum()))
    node, feature = np.divmod(np.unique(np.repeat(np.arange(len(rows)), sizes) * NUM_FEATURES + listed), NUM_FEATURES)
    return SparseFeatures(indptr_of(np.bincount(node, minlength=len(rows))), feature, None, NUM_FEATURES)


def _dict_of_distinct(pairs):
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError(f"an object of {len(pairs)} entries has {len(made)} keys")
    return made


def _labels(path, num_nodes):
    """int64[N]: 1 where ``mature`` of the node's line is True. Lines that repeat a node must agree."""
    lines = read_lines(path)
    if lines[:1] != [TARGETS.encode()]:
        raise DatasetError(f"{path}: line 1 must be {TARGETS!r}, got {[line[:60] for line in lines[:1]]}")
    labels = np.full(num_nodes, -1)
    for number, line in enumerate(lines[1:], 2):
        fields = line.split(b",")
        node = int(fields[5]) if len(fields) == 6 and fields[5].isdigit() and len(fields[5]) < 10 else num_nodes
        if node >= num_nodes or fields[2] not in (b"True", b"False"):
            rule = f"6 fields, mature True or False and new_id below {num_nodes}"
            raise DatasetError(f"{path}: line {number} must have {rule}, got {ascii(line[:60])[1:]}")
        mature = int(fields[2] == b"True")
        if labels[node] == 1 - mature:
            raise DatasetError(f"{path}: line {number} contradicts an earlier line on node {node}")
        labels[node] = mature
    if (labels < 0).any():
        raise DatasetError(f"{path} has no line with new_id {np.argmin(labels)}")
    return labels
