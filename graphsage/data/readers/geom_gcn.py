"""Text files of Geom-GCN (Pei et al. 2020), and the ten splits that go with them.

    out1_graph_edges.txt              node_id <tab> node_id                        an edge a line, from the first to the second
    out1_node_feature_label.txt       node_id <tab> feature,feature,... <tab> label
    NAME_split_0.6_0.2_0.npz, ...     train_mask, val_mask, test_mask

Features are F numbers; where nodes list different numbers of them (film), the places of the ones.
"""

import re

import numpy as np

from graphsage.data.errors import DatasetError
from graphsage.data.readers.graph_tables import GraphTables
from graphsage.data.readers.look import text_of
from graphsage.data.readers.npz import read_npz
from graphsage.data.split import SPLITS

EDGES, NODES = "out1_graph_edges.txt", "out1_node_feature_label.txt"
SPLIT = re.compile(r".+_split_0\.6_0\.2_(\d+)\.npz")
MASKS = tuple(f"{part}_mask" for part in SPLITS)
MOST_COLUMNS = 1 << 20


def fits_geom_gcn(path):
    """Is it the file of edges, with that of nodes beside it?"""
    return path.name == EDGES and (path.parent / NODES).is_file()


def files_geom_gcn(path):
    """Both, and the splits in their order."""
    splits = sorted((int(found[1]), file) for file in path.parent.iterdir() if (found := SPLIT.fullmatch(file.name)))
    return [path, path.parent / NODES, *(file for _, file in splits)]


def tables_geom_gcn(path):
    """The ``GraphTables`` of these files."""
    import pyarrow as pa

    _, nodes, *splits = files_geom_gcn(path)
    rows = _rows(nodes, 3)
    edges = [[_integer(path, number, field) for field in row] for number, row in enumerate(_rows(path, 2), 2)]
    ids, labels = ([_integer(nodes, number, row[at]) for number, row in enumerate(rows, 2)] for at in (0, 2))
    columns = {"id": pa.array(ids, pa.int64()), "label": pa.array(labels, pa.int64())} | _masks(splits, ids)
    ends = pa.table({name: pa.array([edge[at] for edge in edges], pa.int64()) for at, name in enumerate(("source", "target"))})
    return GraphTables(edges=ends, nodes=pa.table(columns), array=_features(nodes, [row[1] for row in rows]))


def _rows(path, columns):
    rows = [line.split("\t") for line in text_of(path).splitlines()[1:] if line.strip()]
    if not rows:
        raise DatasetError(f"{path} has no line below the first")
    for number, row in enumerate(rows, 2):
        if len(row) != columns:
            raise DatasetError(f"{path} line {number} must have {columns} columns with tabs between, it has {len(row)}")
    return rows


def _integer(path, number, field):
    if not re.fullmatch(r"\s*-?\d{1,18}\s*", field):
        raise DatasetError(f"{path} line {number} must have integers, got {field!r:.40}")
    return int(field)


def _features(path, texts):
    """float32 [N, F], or a sparse matrix where they are the places of ones or mostly 0."""
    from scipy.sparse import csr_array

    rows = []
    for number, text in enumerate(texts, 2):
        try:
            rows.append(np.array([float(field) for field in text.split(",") if field.strip()]))
        except ValueError:
            raise DatasetError(f"{path} line {number} must have numbers with commas between, got {text!r:.40}") from None
    sizes = {len(row) for row in rows}
    if len(sizes) == 1 and sizes != {0}:
        return csr_array(np.array(rows, np.float32))
    listed = np.concatenate(rows)
    if (listed < 0).any() or (listed != np.floor(listed)).any() or listed.max(initial=0) >= MOST_COLUMNS:
        raise DatasetError(f"{path} must have as many features at each node, or the places of ones, below {MOST_COLUMNS:,}")
    indptr = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    shape = (len(rows), int(listed.max(initial=0)) + 1)
    found = csr_array((np.ones(len(listed), np.float32), listed.astype(np.int64), indptr), shape=shape)
    found.sum_duplicates()
    found.data[:] = 1
    return found


def _masks(paths, ids):
    """{column: a list of yes and no for each node, one a split}. Masks are in the order of the nodes' numbers."""
    import pyarrow as pa

    if not paths:
        return {}
    splits, order = [read_npz(path, MASKS) for path in paths], np.argsort(np.argsort(ids))
    for path, split in zip(paths, splits):
        if wrong := next((name for name in MASKS if split[name].shape != (len(ids),)), None):
            raise DatasetError(f"{path}: {wrong} must have {len(ids)} values, one a node; it has {list(split[wrong].shape)}")
    return {
        name: pa.array([list(row) for row in np.stack([split[name] != 0 for split in splits], axis=1)[order].astype(float)])
        for name in MASKS
    }
