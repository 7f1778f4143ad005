"""Tables of pairs of nodes that a model is asked about: source and target, by the ids of a dataset."""

import os
from pathlib import Path

import numpy as np

from graphsage.base.progress import silent
from graphsage.data.nodes_of_type import nodes_of_type
from graphsage.data.tables.column_names import edges_named
from graphsage.data.tables.edges import ENDS
from graphsage.data.tables.ids import NodeIndex, as_texts, ids_in
from graphsage.data.tables.table_files import quoted, table_at


def read_pairs(path: str | os.PathLike[str], dataset, progress=silent, ends=(None, None)):
    """int64[M, 2]: the rows of both ends of each pair in a table, in its order; repeats are kept.

    path: .csv, .tsv, .txt (also .gz, ...) or .parquet with the columns source and target, or others that the tables of edges
    know by name; further columns are not read. A file of two columns of integers needs no first line. dataset: whose
    ``node_ids`` the ids are; without any, they are rows of its graph, from 0. ends: of a typed dataset the types of both ends,
    whose names the columns may have: user_id, item.
    DatasetError, one sentence, for a file without pairs, and with its line for an id that is no node.
    """
    table = edges_named(table_at(Path(path), ENDS), types=None if None in ends else ends)
    table.require(*ENDS)
    sides, parts = [nodes_of_type(dataset, kind) for kind in ends], []
    indices = [_index(sides[0])] * 2 if ends[0] == ends[1] else [_index(side) for side in sides]
    for first, columns in table.batches(ENDS, progress):
        ids = [ids_in(table, first, name, column) for name, column in zip(ENDS, columns)]
        rows = np.stack([index.rows(column) for index, column in zip(indices, ids)], axis=1)
        _refuse_strangers(table, first, ids, rows, sides)
        parts.append(rows.astype(np.int64))
    if not parts:
        table.refuse_empty("pair")
    return np.concatenate(parts)


def _index(dataset):
    """The ``NodeIndex`` of the dataset's ids."""
    import pyarrow as pa

    if dataset.node_ids is None:
        return NodeIndex(pa.array(np.arange(dataset.num_nodes)))
    if dataset.node_ids.dtype.kind == "i":
        return NodeIndex(pa.array(dataset.node_ids))
    return NodeIndex(as_texts(pa.array(dataset.node_ids.tolist(), pa.large_string())))


def _refuse_strangers(table, first, ids, rows, sides):
    """DatasetError about the first id that is no node."""
    strange = rows < 0
    if strange.any():
        at, end = (int(place) for place in np.argwhere(strange)[0])
        rule = f"{ENDS[end]} is {quoted(ids[end][at].as_py())}, which is not a node of {sides[end].name or 'the dataset'}"
        many = f" ({strange.any(1).sum():,} of {len(rows):,} pairs name such an id)" if strange.any(1).sum() > 1 else ""
        table.refuse(first + at, f"{rule}{many}: leave the pair out, or add the node to the dataset")
