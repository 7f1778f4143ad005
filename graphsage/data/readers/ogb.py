"""OGB's csv.gz files of a node task (Hu et al. 2020) -> NodeDataset; of several types: ``ogb_typed``. N nodes, E edges.

    raw/num-node-list.csv.gz, num-edge-list.csv.gz    N and E: one line each, for the one graph
    raw/edge.csv.gz                                   E lines "from,to"
    raw/node-label.csv.gz                             N lines: a class, or a 0/1 for each of several labels, or targets; or nan
    raw/node-feat.csv.gz                              N lines of F numbers; may be missing
    raw/edge-feat.csv.gz                              E lines of numbers; read where node-feat is missing
    split/RULE/train.csv.gz, valid.csv.gz, test.csv.gz    node numbers, one a line

Whatever else there is (node_year, node_species, mapping) is not read.
"""

from pathlib import Path

import numpy as np

from graphsage.base.checks import refuse_giants
from graphsage.data.dataset import DatasetError, NodeDataset
from graphsage.data.errors import told_of
from graphsage.data.readers.csv_gz import read_table, table_chunks
from graphsage.data.readers.ogb_files import count_of, labels_of, split_of
from graphsage.data.readers.ogb_typed import NODES, read_typed
from graphsage.graph.features import SparseFeatures
from graphsage.graph.graph import Graph


def holds_ogb(folder):
    """The folder's name if it holds such files, else None."""
    folder = Path(folder).resolve()
    return folder.name if any((folder / "raw" / name).is_file() for name in ("edge.csv.gz", NODES)) else None


def read_ogb(folder, name, *, class_names=None, directed=False):
    """The dataset of the files in ``folder``, under ``name``.

    directed=False: row i holds both those that i points to and those that point to i. directed=True: line "a,b" lets b
    aggregate from a. Each pair counts once, and nobody is their own neighbour. The id of an edge is its line in
    the file, from 0.

    Features are float32 [N, F]. Without node-feat.csv.gz they are the means over a node's edges of edge-feat.csv.gz (as OGB's
    examples do for proteins), and without that too a column for each node: ``SparseFeatures``, the identity.
    Labels of one column are classes if all are integers, else targets; of several columns 0/1 labels if that is all there
    is, else targets. A line of nan is no label.

    Where nodes are of several types (raw/num-node-dict.csv.gz) it is a ``TypedDataset``, as ``read_typed`` has it.
    Raises DatasetError, one sentence that starts with a path, for a missing or damaged file.
    """
    folder = Path(folder)
    if (folder / "raw" / NODES).is_file():
        return read_typed(folder, name, class_names=class_names, directed=directed)
    raw = folder / "raw"
    num_nodes, num_edges = (count_of(raw / f"num-{what}-list.csv.gz") for what in ("node", "edge"))
    edges = read_table(raw / "edge.csv.gz", np.int64, rows=num_edges, columns=2)
    labels = labels_of(raw / "node-label.csv.gz", num_nodes)
    with told_of(folder):
        return NodeDataset(
            graph=Graph.from_edges(*edges.T, num_nodes, undirected=not directed, duplicates="drop", self_loops="drop"),
            features=_features(raw, edges, num_nodes),
            labels=labels,
            **split_of(folder),
            class_names=class_names,
            name=name,
        )


# ---- features


def _features(raw, edges, num_nodes):
    if (raw / "node-feat.csv.gz").is_file():
        return read_table(raw / "node-feat.csv.gz", np.float32, rows=num_nodes)
    if (raw / "edge-feat.csv.gz").is_file():
        return _edge_means(raw / "edge-feat.csv.gz", edges, num_nodes)
    return SparseFeatures.identity(num_nodes)


def _edge_means(path, edges, num_nodes):
    """float32 [N, F]: mean over the lines in which a node stands, at either end; 0 for a node in none."""
    sums, done = None, 0
    for part in table_chunks(path, np.float32):
        ends = edges[done : done + len(part)]
        done += len(part)
        if len(ends) < len(part):
            break
        if sums is None:
            refuse_giants("features", 12 * num_nodes * part.shape[1])
            sums = np.zeros((num_nodes, part.shape[1]))
        for column in range(part.shape[1]):
            for end in (0, 1):
                sums[:, column] += np.bincount(ends[:, end], part[:, column], num_nodes)
    if done != len(edges) or sums is None:
        raise DatasetError(f"{path} must have {len(edges)} lines as there are edges, it has {done} or more")
    counts = np.bincount(edges.reshape(-1), minlength=num_nodes)
    return (sums / np.maximum(counts, 1)[:, None]).astype(np.float32)
